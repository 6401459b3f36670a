"""How a batch stops: at the first request it starts no new work, at the second it stops at once."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any, NamedTuple, Self

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Stopped(BaseException):
    """The job is left as is, for a later run. Not an `Exception`: it is not a failure of the job."""


class Reason(NamedTuple):
    """Why a batch is stopping."""

    kind: str
    """``interrupted``, ``credits``, ``budget``, ``auth``, ``configuration``, ``network``, ``output``, ``database``,
    ``lease`` or ``internal``."""
    message: str


class Stop:
    """Whether to continue; all threads of a run share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._no_more, self._now = threading.Event(), threading.Event()
        self.reason: Reason | None = None

    @property
    def wanted(self) -> bool:
        """True once no new work may be started."""
        return self._no_more.is_set()

    @property
    def at_once(self) -> bool:
        """True once work under way must be left, too."""
        return self._now.is_set()

    def no_more(self, kind: str, message: str) -> None:
        """Start no new work; the first reason is kept."""
        with self._lock:
            self.reason = self.reason or Reason(kind, message)
        self._no_more.set()

    def now(self, kind: str, message: str) -> None:
        """Leave the work under way as well."""
        self.no_more(kind, message)
        self._now.set()

    def before_submit(self, seconds: float) -> None:
        """Wait; raises Stopped as soon as no new work may be started."""
        if self._no_more.wait(seconds):
            raise Stopped

    def under_way(self, seconds: float) -> None:
        """Wait; raises Stopped only when everything must be left."""
        if self._now.wait(seconds):
            raise Stopped


class Presses:
    """Ctrl-C, SIGTERM and SIGHUP, each where the program has a handler for it: counted, not raised.

    An exception raised at an arbitrary point of the main thread could break a transaction or a lock. The third press
    is raised nevertheless: the user insists. A signal that is ignored, as under nohup, stays ignored.
    """

    def __init__(self) -> None:
        self._count = self._told = 0
        self._before: dict[int, Any] = {}

    def heard(self) -> bool:
        """True once for each press."""
        new = self._count > self._told
        self._told += new
        return new

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 2:
            raise KeyboardInterrupt

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                if callable(signal.getsignal(number)):
                    self._before[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
