"""The worker of one process: a thread for each job that it has, and what an error means for the job or for the run."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn

from bfl_client import Client
from bfl_client.errors import BFLError, RateLimitError, ServerError, TaskError, TransportError, shorten
from sqlalchemy.exc import SQLAlchemyError

from .database import cause
from .folder import Folder
from .stopping import Stop, Stopped
from .store import LeaseLost, Store, Turn, now

PASSING = (TransportError, RateLimitError, ServerError)
"""Errors that may not occur when the request is repeated."""
TAKEN_OVER = "another process took this one for dead, and continues its work"


class Work(NamedTuple):
    """What all jobs of one process share."""

    client: Client
    store: Store
    folder: Folder
    base: Path
    """Where relative paths of media start."""
    stop: Stop

    def leave(self, kind: str, message: str) -> NoReturn:
        """Start no new work, and leave this job to a later run."""
        self.stop.no_more(kind, message)
        raise Stopped

    def leave_unrecorded(self, error: SQLAlchemyError) -> None:
        """End the run because its record cannot be used."""
        if self.store.database.shared:
            self.stop.now("database", f"{self.store.database.label} is away: {cause(error)}")
        else:
            self.stop.no_more("output", f"the batch's record cannot be written: {cause(error)}")


class Crew:
    """The threads of one process, one for each job that it has now.

    Args:
        step: does the next step of a job; returns the updated job, or None when it has ended or is left.

    Daemon threads, so that a process can end at once without waiting for answers: what they wait for is in the record.
    """

    def __init__(self, work: Work, step: Callable[[Turn], Turn | None]) -> None:
        self._work, self._step = work, step
        self._changed = threading.Condition()
        self._busy = Counter[str]()  # a job that was left may be taken again before its first thread has ended

    @property
    def busy(self) -> set[str]:
        """Names of the jobs under way."""
        with self._changed:
            return set(+self._busy)

    def start(self, turn: Turn) -> None:
        """Continue a job in its own thread."""
        with self._changed:
            self._busy[turn.name] += 1
        threading.Thread(target=self._run, args=(turn,), name="bfl-job", daemon=True).start()

    def wait(self, seconds: float) -> None:
        """Wait until a job is no longer under way, but not longer than that."""
        with self._changed:
            self._changed.wait(seconds)

    def wait_for_all(self, seconds: float) -> None:
        """Wait until no job is under way, but not longer than that."""
        end = time.monotonic() + seconds
        while self.busy and (left := end - time.monotonic()) > 0:
            self.wait(left)

    def _run(self, turn: Turn) -> None:
        work = self._work
        try:
            self._carry_on(turn)
            work.store.release(turn)
        except LeaseLost:
            work.stop.now("lease", TAKEN_OVER)
        except SQLAlchemyError as error:
            work.leave_unrecorded(error)
        except Exception as error:  # a bug of ours, before the job could be marked as failed
            work.stop.now("internal", said(error))
        finally:
            with self._changed:
                self._busy[turn.name] -= 1
                self._changed.notify_all()

    def _carry_on(self, turn: Turn) -> None:
        """Take one step after another; an error becomes the state of the job, or ends the run."""
        current: Turn | None = turn
        store = self._work.store
        try:
            while current is not None:
                turn = current
                current = self._step(turn)
        except Stopped:
            pass
        except (LeaseLost, SQLAlchemyError):
            raise
        except Exception as error:  # a bug of ours must not stop the other jobs, either
            cost = error.cost if isinstance(error, TaskError) else None
            store.end(turn, "failed", said(error), cost, finished_at=now())


def said(error: Exception) -> str:
    """An error's message in one line, with its class."""
    kind, text = type(error).__name__, error.message if isinstance(error, BFLError) else shorten(str(error))
    return text if kind.lower() in text.lower() else f"{kind}: {text}"
