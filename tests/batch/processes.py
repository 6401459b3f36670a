"""Processes of a batch within one, so that a test can stop one wherever it touches the database or the network."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from bfl_batch import Report, runner
from bfl_batch.database import Database
from sqlalchemy import event

from .service import Service, line

LARGE = os.environ.get("BFL_BATCH_LARGE") == "1"
PATIENCE = 60.0  # seconds after which a test gives up
POINTS = 130  # more than a process has
JOBS = 2
_here = threading.local()


def points(every: int) -> range:
    """The touch points to try: all of them if there is time, else some."""
    return range(0, POINTS, 1 if LARGE else every)


def settled(report: Any) -> Report:
    """A report in which each job is done or uncertain."""
    assert isinstance(report, Report), report
    assert report.done + report.uncertain == report.jobs == JOBS, report
    return report


class Killed(BaseException):
    """What a process that was killed gets wherever it goes next."""


class Process:
    """One process: its own connections, its own worker, its own threads.

    Args:
        at: the touch point at which it stops, by its number or the beginning of its name: a statement, a commit, a
            request or its answer.
        dies: it is killed there, and not only stopped until `go_on`.
    """

    def __init__(
        self, service: Service, out: Path, *, at: int | str | None = None, dies: bool = False, **options: Any
    ) -> None:
        self._service, self._out, self._options = service, out, options
        self._at, self._dies = at, dies
        self.points: list[str] = []
        self._lock, self.stopped, self._going_on = threading.Lock(), threading.Event(), threading.Event()
        self.outcome: Any = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def touch(self, what: str) -> None:
        """A touch point: every thread of a stopped process stops at its next one."""
        counted = threading.current_thread().name != "bfl-lease"  # whose signs of life come whenever they come
        with self._lock:
            here = what.startswith(self._at) if isinstance(self._at, str) else self._at == len(self.points)
            if counted and here:
                self.stopped.set()
            if counted:
                self.points.append(what)
        if self.stopped.is_set() and self._dies:
            raise Killed
        if self.stopped.is_set() and not self._going_on.wait(PATIENCE):
            raise Killed

    def start(self) -> Process:
        self._thread.start()
        return self

    def go_on(self) -> None:
        """Let a stopped process go on."""
        self._going_on.set()

    def end(self) -> Any:
        """Wait for its end; returns its report, or what it raised."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.outcome

    def wait_until_stopped(self) -> None:
        """Wait until it has stopped, or has ended before it came so far."""
        while not self.stopped.wait(0.01) and self._thread.is_alive():
            pass

    def _run(self) -> None:
        _here.process = self
        try:
            self.outcome = self._service.run(
                [line("fox"), line("owl")], self._out, transport=self._answer, **self._options
            )
        except BaseException as error:
            self.outcome = error

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.touch(f"before {request.method}")
        answer = self._service(request)
        self.touch(f"after {request.method}")
        return answer


@contextmanager
def watched() -> Iterator[None]:
    """While this lasts, the databases of a `Process` are touched by its leave only."""

    class Watched(Database):
        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            process: Process = _here.process
            event.listen(self._engine, "before_cursor_execute", lambda *found: process.touch(found[2]))
            event.listen(self._engine, "commit", lambda _: process.touch("COMMIT"))

    usual = threading.excepthook

    def unless_killed(found: threading.ExceptHookArgs) -> None:
        if not isinstance(found.exc_value, Killed):
            usual(found)

    with mock.patch.object(runner, "Database", Watched), mock.patch.object(threading, "excepthook", unless_killed):
        yield
