"""Progress of a task or a batch: a moving line on a terminal, plain lines elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import functools
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from bfl_client import specification
from bfl_client.errors import shorten
from bfl_client.specification import credits_in_words

from .screen import Screen, moves

if TYPE_CHECKING:
    from bfl_batch import Plan, Progress
    from bfl_client.answers import Update
    from bfl_client.tasks import Task

EVERY = 5.0  # seconds between two plain lines about a batch
_SPINNER = "|/-\\"


class TaskLine:
    """The state of a task in one line: status, progress, elapsed time, cost."""

    def __init__(self, task: Task) -> None:
        self.name = shorten(task.endpoint or task.id, 60)
        self.started = time.monotonic()
        self.status, self.progress = "submitted", ""
        self.cost = "" if task.cost is None else f", {credits_in_words(task.cost)} credits"

    def take(self, update: Update) -> bool:
        """Note what a poll returned; True if the status is new."""
        before, self.status = self.status, shorten(update.status, 40)
        self.progress = "" if update.progress is None else f" {update.progress:.0%}"
        if update.cost is not None:
            self.cost = f", {credits_in_words(update.cost)} credits"
        return self.status != before

    def __str__(self) -> str:
        elapsed = time.monotonic() - self.started
        return f"{self.name}: {self.status}{self.progress}, {elapsed:.0f} s{self.cost}"

    def __rich__(self) -> Any:
        from rich.text import Text

        turn = _SPINNER[int(time.monotonic() * 8) % len(_SPINNER)]
        return Text(f"{turn} {self}", no_wrap=True, overflow="ellipsis")


@contextmanager
def of_task(task: Task, screen: Screen) -> Iterator[Callable[[Update], object]]:
    """Show the progress of a task for as long as the context lasts; yields what to call with each update."""
    line = TaskLine(task)
    if screen.quiet:
        yield lambda _: None
    elif moves(sys.stderr):
        from rich.console import Console
        from rich.live import Live

        with Live(line, console=Console(stderr=True), transient=True, refresh_per_second=8):
            yield line.take
    else:
        yield lambda update: screen.note(str(line)) if line.take(update) else None


@contextmanager
def of_batch(screen: Screen) -> Iterator[Callable[[Progress], object]]:
    """Show the progress of a batch for as long as the context lasts; yields what to call with each `Progress`."""
    if screen.quiet or not moves(sys.stderr):
        yield _Batch(screen).take
        return
    from rich.console import Console
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = BarColumn(20), TaskProgressColumn(), TextColumn("{task.description}")
    with Bar(*columns, console=Console(stderr=True)) as bar:
        yield _Batch(screen, functools.partial(bar.update, bar.add_task("", total=None))).take


class _Batch:
    """Shows a batch: with a bar on a terminal, otherwise with a line every few seconds."""

    def __init__(self, screen: Screen, bar: Callable[..., object] | None = None) -> None:
        self._screen, self._bar = screen, bar
        self._last, self._spoken, self._stopping, self._planned = -EVERY, "", False, False

    def take(self, progress: Progress) -> None:
        if progress.stopping is not None and not self._stopping:
            self._stopping = True
            self._screen.error(_stopping(progress, progress.stopping.message))
        if progress.plan is not None and not self._planned:
            self._planned = True
            self._screen.note(price_line(progress.plan))
        text = batch_line(progress)
        if self._bar is not None:
            over = progress.done + progress.failed + progress.uncertain
            self._bar(total=progress.jobs, completed=over, description=text)
        elif text != self._spoken and (time.monotonic() - self._last >= EVERY or not progress.left):
            self._last, self._spoken = time.monotonic(), text
            self._screen.note(text)


def _stopping(progress: Progress, reason: str) -> str:
    """Why no new work is started, and what is still under way."""
    active = progress.active
    under_way = f"{active} under way finish first; Ctrl-C leaves them" if active else "nothing is under way"
    return f"{reason}: no new work is started; {under_way}"


def price_in_words(price: float | None, most: float | None) -> str:
    """A price by the list in the specification, or the most that it can be."""
    amount, month = most if price is None else price, specification.price_list()
    if amount is None:
        return "no listed price"
    return f"{'' if price is not None else 'at most '}{credits_in_words(amount)} credits by the list of {month}"


def price_line(plan: Plan) -> str:
    """What a batch costs by the list of prices, in one line."""
    jobs, priced = sum(plan.endpoints.values()), sum(plan.endpoints.values()) - plan.unpriced
    parts = [f"{jobs:,} job{'s' if jobs != 1 else ''}"]
    if priced:
        parts.append(price_in_words(plan.credits if plan.exact else None, plan.credits))
    if plan.unpriced:
        parts.append(f"{plan.unpriced:,} without a listed price")
    return ", ".join(parts)


def batch_line(progress: Progress) -> str:
    """The batch in one line."""
    parts = [f"{progress.done:,} of {progress.jobs:,} done"]
    troubles = (("failed", progress.failed), ("uncertain", progress.uncertain))
    parts += [f"{count:,} {name}" for name, count in troubles if count]
    parts += [f"{progress.active} active", f"{credits_in_words(progress.credits)} credits"]
    if progress.eta is not None and progress.left and progress.stopping is None:
        parts.append(f"about {_duration(progress.eta)} left")
    return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
