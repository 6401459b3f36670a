"""How a task comes on: a moving line on a terminal, a line for each new status elsewhere, nothing with ``--quiet``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from .commands import told
from .screen import Screen

if TYPE_CHECKING:
    from bfl_client.answers import Update
    from bfl_client.tasks import Task

_SPINNER = "|/-\\"


class Line:
    """The state of a task in one line: state, progress, elapsed, cost."""

    def __init__(self, task: Task) -> None:
        from bfl_client.errors import shorten

        self._shorten = shorten
        self.name = shorten(task.endpoint or task.id, 60)
        self.started = time.monotonic()
        self.status, self.progress = "submitted", ""
        self.cost = "" if task.cost is None else f", {told(task.cost)} credits"

    def take(self, update: Update) -> bool:
        """Note what a poll told; True if the status is another one now."""
        before, self.status = self.status, self._shorten(update.status, 40)
        self.progress = "" if update.progress is None else f" {update.progress:.0%}"
        if update.cost is not None:
            self.cost = f", {told(update.cost)} credits"
        return self.status != before

    def __str__(self) -> str:
        elapsed = time.monotonic() - self.started
        return f"{self.name}: {self.status}{self.progress}, {elapsed:.0f} s{self.cost}"

    def __rich__(self) -> Any:
        from rich.text import Text

        turn = _SPINNER[int(time.monotonic() * 8) % len(_SPINNER)]
        return Text(f"{turn} {self}", no_wrap=True, overflow="ellipsis")


@contextmanager
def shown(task: Task, screen: Screen) -> Iterator[Callable[[Update], object]]:
    """Show how the task comes on, for as long as the context lasts; yields what to call with each update."""
    line = Line(task)
    if screen.quiet:
        yield lambda _: None
    elif (
        sys.stderr is not None and sys.stderr.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
    ):
        from rich.console import Console
        from rich.live import Live

        with Live(line, console=Console(stderr=True), transient=True, refresh_per_second=8):
            yield line.take
    else:

        def plain(update: Update) -> None:
            if line.take(update):
                screen.note(str(line))

        yield plain
