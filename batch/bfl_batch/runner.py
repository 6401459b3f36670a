"""Runs a batch: takes its jobs in, gives them their turn, and writes down what became of them."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from bfl_client import Client
from bfl_client.errors import ConfigurationError

from . import database
from .jobs import Jobs
from .leases import LEASE, Lease
from .ledger import Counts, Ledger, records
from .records import Record
from .reports import Progress, Report
from .results import write_results
from .sheet import write_sheet
from .stopping import Presses, Stop
from .store import Store
from .work import Settings, Work

if TYPE_CHECKING:
    import sqlalchemy as sa

    from .workflows import Engine

RESULTS, SHEET = "results.jsonl", "index.html"
BACKLOG = 200
"""Workflows that wait in the queue: enough to keep it full, few enough to change one's mind."""
TOLD = 20  # troubles in a report
STALL = 20.0  # seconds in which something has to begin
LOOK = 0.2  # seconds between two looks at the batch
Source = str | PathLike[str] | Iterable[Mapping[str, Any]]


class Options(NamedTuple):
    """How a batch is run; see `bfl_batch.run`."""

    out: Path
    endpoint: str | None = None
    concurrency: int = 24
    database_url: str | None = None
    budget: float | None = None
    on_uncertain: Literal["report", "resubmit"] = "report"
    retry_failed: bool = False
    lease: float = LEASE

    def checked(self) -> Options:
        """The same options; raises ConfigurationError for nonsense."""
        if isinstance(self.concurrency, bool) or not isinstance(self.concurrency, int) or self.concurrency < 1:
            raise ConfigurationError("concurrency must be an integer of at least 1")
        if self.on_uncertain not in ("report", "resubmit"):
            raise ConfigurationError('on_uncertain must be "report" or "resubmit"')
        if self.budget is not None and not 0 <= self.budget < 1e12:
            raise ConfigurationError("budget must be a number of credits")
        if not 0.1 <= self.lease < 1e6:
            raise ConfigurationError("lease must be a number of seconds")
        return self


class Run:
    """One run of a batch; its `stop` ends it, also from another thread. The `client` is closed by the caller."""

    def __init__(self, source: Source, options: Options, client: Client) -> None:
        self._options, self.client = options.checked(), client
        self._jobs = Jobs(source, options.endpoint)
        self._turn = threading.RLock()
        self.stop = Stop()
        self.worker = secrets.token_hex(8)

    def __call__(self, on_progress: Callable[[Progress], object] | None = None) -> Report:
        """Carry the batch out, as far as it goes; the record, the results and the sheet are written in any case.

        Raises:
            JobsError, ConfigurationError, OSError: it was not begun.
        """
        self._jobs.check()
        folder = self._options.out
        database.private(folder)
        with ExitStack() as stack:
            presses = stack.enter_context(Presses())
            if self._options.database_url is None:
                stack.enter_context(database.sole(folder))
                database.sweep(folder)
            database.reserve(folder)
            store = stack.enter_context(opened(folder, self._options.database_url, self._turn))
            ledger = Ledger(store)
            ledger.take(self._jobs)
            ledger.reopen(resubmit=self._options.on_uncertain == "resubmit", retry_failed=self._options.retry_failed)
            if ledger.counts().ready or ledger.counts().open:
                self._carry_out(store, ledger, presses, on_progress)
            return self._report(store, ledger)

    def _carry_out(
        self, store: Store, ledger: Ledger, presses: Presses, on_progress: Callable[[Progress], object] | None
    ) -> None:
        from .workflows import launched  # imports DBOS

        options = self._options
        settings = Settings(options.out, self._jobs.folder, options.budget)
        work = Work(self.client, store, settings, self.worker, self.stop)
        url = database.url_of(options.out, options.database_url)
        ledger.enlist(self.worker, alone=options.database_url is None)
        engine = database.engine_of(url, synced=False, turn=self._turn)
        try:
            schema = database.SCHEMA if store.shared else None
            with (
                Lease(ledger, self.worker, self.stop, options.lease) as lease,
                launched(work, engine, schema, options.concurrency, ledger.endpoints()) as queue,
            ):
                lease.serve(queue)
                self._watch(_Watched(ledger, queue, work), presses, on_progress)
        finally:
            ledger.strike(self.worker)
            engine.dispose()

    def _watch(self, watched: _Watched, presses: Presses, on_progress: Callable[[Progress], object] | None) -> None:
        """Feed the queue and tell how far it is, until everything has ended or nothing is to be begun any more."""
        while True:
            if presses.heard():
                if self.stop.wanted:
                    self.stop.now("interrupted", "interrupted")
                    raise KeyboardInterrupt
                self.stop.no_more("interrupted", "interrupted")
            going = watched.look(self.stop)
            if on_progress is not None:
                on_progress(watched.progress)
            if not going:
                return
            time.sleep(LOOK)

    def _report(self, store: Store, ledger: Ledger) -> Report:
        folder = self._options.out
        counts = ledger.counts()
        troubles: list[Record] = []
        try:
            write_results(folder, _noting(records(store), troubles))
            write_sheet(folder, records(store), title=folder.resolve().name)
        except OSError as error:  # where a full disk has stopped the batch, that is what to tell
            self.stop.no_more("output", f"cannot write {error.filename or folder}: {error.strerror or error}")
        states = [counts.states[state] for state in ("done", "failed", "uncertain", "submitted", "waiting")]
        done, failed, uncertain, submitted, waiting = states
        figures = (sum(states), done, failed, uncertain, submitted, waiting, counts.credits)
        return Report(*figures, self.stop.reason, folder / RESULTS, folder / SHEET, tuple(troubles))


def _noting(every: Iterator[Record], troubles: list[Record]) -> Iterator[Record]:
    for record in every:
        if record.error is not None and len(troubles) < TOLD:
            troubles.append(record)
        yield record


class _Watched:
    """What the main thread looks at while the others work."""

    def __init__(self, ledger: Ledger, queue: Engine, work: Work) -> None:
        self._ledger, self._queue, self._work = ledger, queue, work
        self._began = self._moved = time.monotonic()
        self._ended = self._over(ledger.counts())

    def look(self, stop: Stop) -> bool:
        """Feed the queue; False once there is nothing left to wait for."""
        if not stop.wanted and (room := BACKLOG - self._ledger.backlog()) >= BACKLOG // 2:
            for ticket in self._ledger.hand_out(room):
                self._queue.enqueue(ticket)
        self.counts = self._ledger.counts()
        if stop.wanted:
            return self._work.active > 0 and not stop.at_once
        if self.counts.open and not self._work.active and not self._queue.busy():
            if time.monotonic() - self._moved > STALL:
                stop.no_more("internal", f"{self.counts.open:,} jobs were given their turn, but do not begin")
        else:
            self._moved = time.monotonic()
        return self.counts.open + self.counts.ready > 0

    @staticmethod
    def _over(counts: Counts) -> int:
        return sum(counts.states[state] for state in ("done", "failed", "uncertain"))

    @property
    def progress(self) -> Progress:
        """How far the batch is."""
        states, over = self.counts.states, self._over(self.counts)
        figures = (states["done"], states["failed"], states["uncertain"], self._work.active)
        left, stop = self.counts.open + self.counts.ready, self._work.stop.reason
        return Progress(
            states.total(),
            *figures,
            left,
            self.counts.credits,
            time.monotonic() - self._began,
            over - self._ended,
            stop,
        )


@contextmanager
def opened(folder: Path, database_url: str | None, turn: threading.RLock) -> Iterator[Store]:
    """The record of a batch.

    Raises:
        ConfigurationError, OSError: the database cannot be used.
    """
    url: sa.URL = database.url_of(folder, database_url)
    engine = database.engine_of(url, synced=True, turn=turn)
    try:
        with database.reachable(url):
            store = Store(engine, database.SCHEMA if database_url is not None else None)
            store.create()
            yield store
    finally:
        engine.dispose()
