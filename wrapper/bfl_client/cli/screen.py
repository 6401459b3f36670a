"""What a person sees: a progress line on stderr while a task runs, and errors."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bfl_client.answers import Update
    from bfl_client.tasks import Task


class Screen:
    """Writes to stderr; stdout is for results."""

    def error(self, message: str) -> None:
        """Say what went wrong."""
        print(f"bfl: {message}", file=sys.stderr)  # noqa: T201

    @contextmanager
    def progress(self, task: Task) -> Iterator[Callable[[Update], None]]:
        """A progress line: moving on a terminal, else a plain line for each new status."""
        started = time.monotonic()
        if sys.stderr.isatty():
            with self._moving(task, started) as on_update:
                yield on_update
            return
        seen: list[str] = []

        def plain(update: Update) -> None:
            if update.status not in seen:
                seen.append(update.status)
                print(f"{task.endpoint or task.id}: {update.status}", file=sys.stderr, flush=True)  # noqa: T201

        yield plain

    @contextmanager
    def _moving(self, task: Task, started: float) -> Iterator[Callable[[Update], None]]:
        from rich.console import Console
        from rich.markup import escape

        console = Console(stderr=True)
        name = escape(task.endpoint or task.id)
        with console.status(f"{name}: submitted") as line:

            def moving(update: Update) -> None:
                share = "" if update.progress is None else f" {update.progress:.0%}"
                line.update(f"{name}: {escape(update.status)}{share}, {time.monotonic() - started:.0f} s")

            yield moving
