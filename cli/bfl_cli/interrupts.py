"""Ctrl-C while money is being spent: a request under way is not dropped at once, so that its task is not lost."""

from __future__ import annotations

import os
import signal
import threading
import time
from types import FrameType, TracebackType
from typing import Any, Self

from .screen import Screen

GRACE = 5.0
"""Seconds that the answer to a submit is awaited after the first Ctrl-C."""


class Submitting:
    """A paid request under way. The first Ctrl-C lets its answer arrive, for `GRACE` seconds; the second does not.

    Between two attempts nothing is under way: there Ctrl-C ends the command at once, and no further attempt is made.

    Attributes:
        pressed: Ctrl-C was pressed.
        waiting: nothing is under way.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._before: Any = None
        self._timer: threading.Timer | None = None
        self.pressed = self.waiting = False

    def sleep(self, seconds: float) -> None:
        """The pause between two attempts."""
        self.waiting = True
        if self.pressed:
            raise KeyboardInterrupt
        time.sleep(seconds)
        self.waiting = False

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self.pressed or self.waiting:
            raise KeyboardInterrupt
        self.pressed = True
        self._screen.note("interrupted: waiting for the answer, so that the task is not lost (again: end at once)")
        self._timer = threading.Timer(GRACE, _interrupt)
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)


def _interrupt() -> None:
    """Ctrl-C, as if it were pressed again; also breaks off a system call that waits."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGINT)
    else:
        os.kill(os.getpid(), signal.SIGINT)


def terminate_as_interrupt() -> None:
    """Let SIGTERM end a command as Ctrl-C does: with the way on, and without half a file."""

    def on_signal(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, on_signal)
