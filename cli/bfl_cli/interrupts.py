"""Signals: each ends a command the same way, and none of them drops a paid request whose answer may still arrive."""

from __future__ import annotations

import _thread
import contextlib
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Self

from .screen import Screen

GRACE = 5.0  # seconds to wait for the answer to a submit after the first signal
SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


def end_alike() -> None:
    """Let SIGTERM, and SIGHUP from a closed terminal, end a command as Ctrl-C does: it says how to resume."""
    _handle(_interrupt)


def _handle(handler: Callable[[int, FrameType | None], Any]) -> dict[int, Any]:
    """Install a handler, and return the previous ones. A signal that the parent ignored (nohup) stays ignored."""
    free = [number for number in SIGNALS if signal.getsignal(number) not in (signal.SIG_IGN, None)]
    return {number: signal.signal(number, handler) for number in free}


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


class PaidRequest:
    """A paid request under way. The first signal lets its answer arrive, for `GRACE` seconds; the second does not.

    Between two attempts (`pausing`) nothing is under way: there the first signal ends the command.
    """

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._before: dict[int, Any] = {}
        self._timer: threading.Timer | None = None
        self._answered = self.pressed = self.pausing = False

    def pause(self, seconds: float) -> None:
        """The pause between two attempts."""
        self.pausing = True
        if self.pressed:
            raise KeyboardInterrupt
        time.sleep(seconds)
        self.pausing = False

    def answered(self) -> None:
        """The answer has arrived: until its handle is kept, nothing interrupts."""
        self._answered = True
        if self._timer is not None:
            self._timer.cancel()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._answered:
            self.pressed = True
            return
        if self.pressed or self.pausing:
            raise KeyboardInterrupt
        self.pressed = True
        with contextlib.suppress(OSError):  # after a hangup there is no terminal
            self._screen.note("interrupted: waiting for the answer, so the task is not lost (Ctrl-C again stops now)")
        self._timer = threading.Timer(GRACE, _repeat, [number])
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            self._before = _handle(self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        self.answered()
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _repeat(number: int) -> None:
    """Send the same signal again; where possible this also ends a blocking system call."""
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill(threading.main_thread().ident or 0, number)
    else:
        _thread.interrupt_main(signal.Signals(number))
