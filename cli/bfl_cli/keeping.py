"""Where a new task's handle is kept: the state folder, or beside the result where that cannot be written."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import state
from .exits import Problem
from .screen import Screen, write

if TYPE_CHECKING:
    from bfl_client.tasks import Task


class Keeper:
    """Finds a place before anything is paid: a task without a handle could be lost.

    Raises:
        Problem: no handle can be written anywhere; nothing was submitted.
    """

    def __init__(self, screen: Screen, beside: Path) -> None:
        self._screen = screen
        self._places = [state.folder(), beside.absolute()]
        while self._places:
            try:
                state.ready(self._places[0])
                return
            except OSError as error:
                place = self._places.pop(0)
                if place == state.folder():
                    screen.note(f"warning: no handle can be kept in {place} ({error.strerror}); it goes to {beside}")
        raise Problem(
            "output", f"no handle can be written, neither in {state.folder()} nor in {beside}; nothing was submitted"
        )

    def keep(self, task: Task) -> state.Kept | None:
        """Write the handle of a task that was just paid for, wherever that can still be done."""
        for place in self._places:
            try:
                return state.Kept(task, place)
            except OSError:  # the disk filled up meanwhile
                continue
        self._screen.error(
            f"warning: the handle of task {task.id} can be written nowhere; keep the next line, secret, as a file: "
            "bfl task FILE takes the task up again"
        )
        write(sys.stderr, f"{json.dumps(task.to_dict())}\n")
        return None
