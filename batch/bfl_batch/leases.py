"""Who is alive: each process gives a sign of life, and one that gives none any more loses its work to the others.

No clocks are compared: a process is taken for dead when its count of signs has not changed for the length of a lease,
as another process measures it. The engine itself notices no process that dies for good.
"""

from __future__ import annotations

import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from sqlalchemy.exc import SQLAlchemyError

from .ledger import Ledger
from .stopping import Stop

if TYPE_CHECKING:
    from .workflows import Engine

LEASE = 30.0
"""Seconds without a sign of life after which a process is taken for dead."""


class Lease:
    """Gives signs of life of this process, and hands on the work of those that give none; a thread of its own.

    Args:
        length: seconds.
    """

    def __init__(self, ledger: Ledger, worker: str, stop: Stop, length: float) -> None:
        self._ledger, self._worker, self._stop = ledger, worker, stop
        self._engine: Engine | None = None
        self._length = length
        self._seen: dict[str, tuple[int, float]] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="bfl-lease", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def serve(self, engine: Engine) -> None:
        """Begin to hand on the work of the dead, with an engine that has been launched."""
        self._sweep(engine)
        self._ledger.repair(engine.unfinished().keys())
        self._engine = engine

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _sweep(self, engine: Engine) -> None:
        struck = [worker for worker in self._silent() if self._ledger.strike(*worker)]
        with self._ledger.sweeping():  # one process at a time, so that none resumes what another has just begun
            held = engine.unfinished()
            alive = self._ledger.alive()  # after it, so that whoever has begun something is known
            orphans = [workflow for workflow, owner in held.items() if owner is not None and owner not in alive]
            for workflow in orphans:
                engine.resume(workflow)
        if struck:
            self._ledger.repair(held.keys())

    def _silent(self) -> list[tuple[str, int]]:
        moment, silent = time.monotonic(), []
        for worker, beats in self._ledger.alive().items():
            known, since = self._seen.get(worker, (None, moment))
            if known != beats:
                self._seen[worker] = beats, moment
            elif worker != self._worker and moment - since > self._length:
                silent.append((worker, beats))
        return silent

    def _watch(self) -> None:
        while not self._over.wait(self._length / 6):
            try:
                if not self._ledger.beat(self._worker):
                    self._stop.now("lease", "another process took this one for dead and goes on with its work")
                    return
                if self._engine is not None:
                    self._sweep(self._engine)
            except SQLAlchemyError:
                continue  # the next sign of life may reach the database; if not, the steps will say so
