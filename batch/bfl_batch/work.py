"""What the steps of one process share: its settings, its count of work under way, and what an error means."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from bfl_client import Client
from bfl_client.errors import BFLError, DownloadError, TaskError, shorten
from sqlalchemy.exc import SQLAlchemyError

from .stopping import Stop, Stopped
from .store import LeaseLost, Store, now


class Settings(NamedTuple):
    """What the steps of a run need to know."""

    folder: Path
    base: Path
    """Where relative paths of media start."""
    budget: float | None


class Work:
    """What the steps of one process share, in many threads.

    Attributes:
        driver: carries out what needs no guard against paying twice, and waits only as long as the run lasts.
    """

    def __init__(self, client: Client, store: Store, settings: Settings, worker: str, stop: Stop) -> None:
        self.client, self.store, self.settings = client, store, settings
        self.worker, self.stop = worker, stop
        self._lock = threading.Lock()
        self._active = 0
        self.driver = client._driver(stop.under_way)

    @property
    def active(self) -> int:
        """Workflows under way in this process."""
        return self._active

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Count a workflow as under way."""
        with self._lock:
            if self.stop.wanted:
                raise Stopped
            self._active += 1
        try:
            yield
        finally:
            with self._lock:
                self._active -= 1

    @contextmanager
    def guarded(self, name: str, attempt: int) -> Iterator[None]:
        """Turn what goes wrong in a step into the state of its job, or into the end of the run."""
        try:
            try:
                yield
            except (LeaseLost, SQLAlchemyError):
                raise
            except BFLError as error:
                self._fail(name, attempt, error)
            except Exception as error:  # a mistake of ours shall not stop the other jobs
                told = f"{type(error).__name__}: {shorten(str(error))}"
                self.store.end(name, attempt, "failed", told, finished_at=now())
        except LeaseLost:
            self.leave("lease", "another process took this one for dead and goes on with its work")
        except SQLAlchemyError as error:
            self.leave("output", f"the batch's record cannot be written: {cause(error)}")

    def leave(self, kind: str, message: str) -> NoReturn:
        """Begin no new work, and leave this workflow for a later run."""
        self.stop.no_more(kind, message)
        raise Stopped

    def _fail(self, name: str, attempt: int, error: BFLError) -> None:
        over = isinstance(error, TaskError) or (isinstance(error, DownloadError) and error.expired)
        facts: dict[str, Any] = {"task": None} if over else {}  # there is nothing left to follow
        if isinstance(error, TaskError) and error.cost is not None:
            facts["cost"] = error.cost
        kind = type(error).__name__
        told = str(error) if kind.lower() in str(error).lower() else f"{kind}: {error}"
        self.store.end(name, attempt, "failed", told, finished_at=now(), **facts)


def cause(error: Exception) -> str:
    """What the database says, in one line."""
    return shorten(" ".join(str(getattr(error, "orig", None) or error).split()), 160)
