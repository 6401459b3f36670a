"""Who is alive: each process gives signs of life (a heartbeat), and one that stops loses its work to the others.

No clocks are compared: a process is taken for dead when another one has seen its count of signs unchanged for the
length of a lease. No payment depends on that being right: see `store`.
"""

from __future__ import annotations

import threading
import time
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from .ledger import Ledger
from .stopping import Stop
from .worker import TAKEN_OVER

LEASE = 30.0
"""Seconds without a sign of life after which a process is taken for dead."""


class Lease:
    """A thread that gives this process's signs of life, and takes jobs from processes that give none.

    Args:
        ledger: on connections of its own, so that it never waits for those of the jobs.
        length: seconds.
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
