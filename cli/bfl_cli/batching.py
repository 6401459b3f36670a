"""How a batch comes on: a bar on a terminal, a line now and then elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from .commands import told
from .screen import Screen

if TYPE_CHECKING:
    from bfl_batch.reports import Progress

EVERY = 5.0  # seconds between two plain lines
OnProgress = Callable[["Progress"], object]


def line(progress: Progress) -> str:
    """The batch in one line."""
    parts = [f"{progress.done:,} of {progress.jobs:,} done"]
    parts += [
        f"{count:,} {name}" for name, count in (("failed", progress.failed), ("uncertain", progress.uncertain)) if count
    ]
    parts += [f"{progress.active} active", f"{told(progress.credits)} credits"]
    if progress.eta is not None and progress.left and progress.stopping is None:
        parts.append(f"about {_duration(progress.eta)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


@contextmanager
def shown(screen: Screen) -> Iterator[OnProgress]:
    """Show how the batch comes on, for as long as the context lasts; yields what to call with each `Progress`."""
    if screen.quiet:
        yield _stopping(screen, lambda _: None)
    elif (
        sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
    ):
        with _bar() as on_progress:
            yield _stopping(screen, on_progress)
    else:
        yield _stopping(screen, _lines(screen))


def _stopping(screen: Screen, inner: OnProgress) -> OnProgress:
    """Say once why no new work is begun, and what is still under way."""
    said = False

    def on_progress(progress: Progress) -> None:
        nonlocal said
        if progress.stopping is not None and not said:
            said = True
            under_way = (
                f"{progress.active} under way end first; Ctrl-C leaves them"
                if progress.active
                else "nothing is under way"
            )
            screen.error(f"{progress.stopping.message}: no new work is begun; {under_way}. The same command goes on.")
        inner(progress)

    return on_progress


def _lines(screen: Screen) -> OnProgress:
    last, spoken = -EVERY, ""

    def on_progress(progress: Progress) -> None:
        nonlocal last, spoken
        over = not progress.left
        if (time.monotonic() - last >= EVERY or over) and (text := line(progress)) != spoken:
            last, spoken = time.monotonic(), text
            screen.note(text)

    return on_progress


@contextmanager
def _bar() -> Iterator[OnProgress]:
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    with Bar(
        BarColumn(20), TaskProgressColumn(), TextColumn("{task.description}"), console=Console(stderr=True)
    ) as bar:
        shown = bar.add_task("", total=None)

        def on_progress(progress: Progress) -> None:
            over = progress.done + progress.failed + progress.uncertain
            bar.update(shown, total=progress.jobs, completed=over, description=line(progress))

        yield on_progress
