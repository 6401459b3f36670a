"""The worker of one process: a thread for each job that it has, and what an error means for the job or for the run."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, NoReturn, Self

from bfl_client import Client
from bfl_client.errors import BFLError, ConstraintError, RateLimitError, ServerError, TaskError, TransportError, shorten
from sqlalchemy.exc import SQLAlchemyError

from .database import cause
from .folder import Folder
from .ledger import Ledger
from .stopping import Stop, Stopped
from .store import LeaseLost, Store, Turn, now

PASSING = (TransportError, RateLimitError, ServerError)
"""Errors that may not occur when the request is repeated."""
LEASE = 30.0
"""Seconds without a sign of life after which a process is taken for dead."""
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
            self.stop.now("database", f"{self.store.database.label} is unavailable: {cause(error)}")
        else:
            self.stop.no_more("output", f"the batch's record cannot be written: {cause(error)}")


class Crew:
    """The threads of one process, one for each job that it has now. `step` does the next step of a job and returns the
    updated job, or None when it has ended or is left.

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
    if isinstance(error, ConstraintError):
        text += "".join(f"; {each.text('')}" for each in error.violations)
    return text if kind.lower() in text.lower() else f"{kind}: {text}"


class Lease:
    """A thread that gives this process's signs of life, and takes jobs from processes that give none for so long.

    Its ledger has a connection of its own, so that it never waits for those of the jobs. No clocks are compared: a
    process is taken for dead when another one has seen its count of signs unchanged for the length of a lease. No
    payment depends on that being right: see `store`.
    """

    def __init__(self, ledger: Ledger, worker: str, stop: Stop, length: float) -> None:
        self._ledger, self._worker, self._stop, self._length = ledger, worker, stop, length
        self._seen: dict[str, tuple[int, float]] = {}
        self._looked = time.monotonic()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="bfl-lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(2.0)  # or it is left: the database does not answer

    def _watch(self) -> None:
        while not self._over.wait(self._length / 6):
            try:
                if not self._ledger.beat(self._worker):
                    self._stop.now("lease", TAKEN_OVER)
                    return
                for worker, beats in self._silent():
                    self._ledger.strike(worker, beats)
            except SQLAlchemyError:
                continue  # the next sign of life may reach the database; if not, the jobs will say so

    def _silent(self) -> list[tuple[str, int]]:
        """The workers that were silent for a whole lease while this process was awake."""
        alive, moment, silent = self._ledger.alive(), time.monotonic(), list[tuple[str, int]]()
        if moment - self._looked > self._length / 2:  # it slept, or the database was away: it could hear no one
            self._seen.clear()
        self._looked = moment
        for worker, beats in alive.items():
            known, since = self._seen.get(worker, (None, moment))
            if known != beats:
                self._seen[worker] = beats, moment
            elif worker != self._worker and moment - since > self._length:
                silent.append((worker, beats))
        return silent
