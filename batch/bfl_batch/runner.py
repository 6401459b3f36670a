"""Runs a batch: adds its jobs to the record, has them carried out, and writes the results."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple, cast

from bfl_client import Client, specification
from bfl_client.errors import ConfigurationError, Remedy
from bfl_client.policy import check_callback, check_concurrency, finite, require
from sqlalchemy.exc import SQLAlchemyError

from .collecting import Collecting
from .database import FILE, Database, cause, url_of
from .folder import Folder
from .jobs import Jobs, Plan, Source
from .ledger import PUBLIC, Counts, Ledger, Unsaved
from .names import slugs
from .reports import RESULTS, STATES, OnProgress, Progress, Record, Report, State, Status, record_of, write_results
from .sheet import SHEET, write_sheet
from .stopping import Presses, Stop
from .store import LeaseLost, Store, Turn, jobs, metadata, turn_of
from .submitting import Submitting
from .worker import LEASE, TAKEN_OVER, Crew, Lease, Work

TOLD = 20  # the most troubles that a report lists
LOOK = 0.2  # seconds between two looks at the figures
GRACE = 4.0  # seconds for threads to leave their jobs when a run stops at once
_KEPT = "the budget of {:g} credits, given to an earlier run, applied to this one, too"
_UNPRICED = Remedy("pass unpriced=True to send their jobs without counting their price", "unpriced")


class Options(NamedTuple):
    """How a batch is run; see `bfl_batch.run`."""

    out: Path
    endpoint: str | None = None
    concurrency: int = 24
    database_url: str | None = None
    budget: float | None = None
    unpriced: bool = False
    on_uncertain: Literal["report", "resubmit"] = "report"
    retry_failed: bool = False
    lease: float = LEASE
    params: Mapping[str, Any] | None = None
    validate: bool = True

    def checked(self) -> Options:
        """Return these options; raises ConfigurationError if one makes no sense."""
        resubmits = isinstance(self.on_uncertain, str) and self.on_uncertain in ("report", "resubmit")
        told = {type(self.unpriced), type(self.retry_failed)} == {bool}
        require(
            {
                'on_uncertain must be "report" or "resubmit"': resubmits,
                "unpriced and retry_failed must be True or False": told,
                "out cannot be the name of a folder": _is_name(self.out),
            }
        )
        check_concurrency(self.concurrency)
        finite("lease", self.lease, 0.1)
        if self.budget is not None:
            finite("budget", self.budget, 0)
        return self


def _is_name(path: Path) -> bool:
    try:
        return b"\0" not in os.fsencode(path)
    except ValueError:  # no file system takes it
        return False


class Run:
    """One run of a batch; its `stop` ends it, from any thread. The caller closes the `client`."""

    def __init__(self, source: Source, options: Options, client: Client) -> None:
        self._options, self.client = options.checked(), client
        self._url = url_of(options.out, options.database_url)
        self._jobs = Jobs(source, options.endpoint, options.params, validate=options.validate)
        self._folder = Folder(options.out, shared=options.database_url is not None)
        self.stop = Stop()
        self.worker = secrets.token_hex(8)
        self._asleep = min(max(options.lease, 1.0), 10.0)

    def __call__(self, on_progress: OnProgress | None = None) -> Report:
        """Run the batch until it ends or stops; the record, the results and the sheet are written in any case."""
        check_callback("on_progress", on_progress)
        with ExitStack() as stack:
            stack.enter_context(self._jobs)
            self._jobs.check()
            self._refuse_unpriced(self._options.budget, self._options.unpriced)
            presses = stack.enter_context(Presses())
            note = self._folder.make()
            base = stack.enter_context(self._taken())
            budget = self._agreed(base)
            counts = self._carry_out(base, budget, presses, on_progress)
            kept = _KEPT.format(budget) if budget != self._options.budget else None
            return self._report(Ledger(base), counts, tuple(filter(None, [note, kept])))

    def _agreed(self, base: Database) -> float | None:
        """The budget of this run, or that of an earlier one, which holds until another is given."""
        with base.reachable():
            budget, unpriced = Ledger(base).agree(self._options.budget, self._options.unpriced)
        self._refuse_unpriced(budget, unpriced)
        return budget

    def _refuse_unpriced(self, budget: float | None, unpriced: bool) -> None:
        if budget is None or unpriced:
            return
        names = [name for name in sorted(self._jobs.plan.endpoints) if specification.highest_price(name, {}) is None]
        if names:
            raise ConfigurationError(f"a budget needs a price for {', '.join(names)}", _UNPRICED)

    @contextmanager
    def _taken(self) -> Iterator[Database]:
        """The database with the jobs added, after checking that no file in the folder is in the way."""
        folder = self._folder
        with ExitStack() as stack:
            if not folder.shared:
                if not folder.has(FILE):  # so that we leave nothing in a folder that is refused
                    every = list(self._jobs)
                    stems = slugs(job.name for job in every)
                    unsaved = (Unsaved(job.number, stem) for job, stem in zip(every, stems, strict=True))
                    folder.refuse_taken(unsaved, known=False)
                stack.enter_context(folder.sole())
            base = stack.enter_context(closing(Database(self._url, asleep=self._asleep)))
            with base.reachable():
                base.repeat(lambda: base.create(metadata))
                Ledger(base).take(self._jobs, folder.place, folder.refuse_taken)
                folder.sweep(row.stem for row in Ledger(base).rows())
            folder.reserve()
            yield base

    def _carry_out(
        self, base: Database, budget: float | None, presses: Presses, on_progress: OnProgress | None
    ) -> Counts:
        options, folder, ledger = self._options, self._folder, Ledger(base)
        store = Store(base, self.worker, budget)
        work = Work(self.client, store, folder, self._jobs.folder, self.stop)
        with base.reachable():
            ledger.enlist(self.worker, alone=not base.shared)
            folder.kept(lambda kept: store.answer(Turn(kept["job"], kept["submission"]), kept["handle"]))
            ledger.reopen(retry_failed=options.retry_failed)
            watch = Watch(work, ledger, options, self._jobs.plan)
        try:
            with self._lease() if base.shared else nullcontext():
                watch.until_over(presses, on_progress)
        except BaseException:
            self.stop.now("interrupted", "interrupted")
            raise
        finally:
            watch.crew.wait_for_all(GRACE)
            with suppress(SQLAlchemyError):  # its lease will end
                ledger.strike(self.worker)
        return watch.counts

    @contextmanager
    def _lease(self) -> Iterator[None]:
        with (
            closing(Database(self._url, connections=1, asleep=self._asleep)) as own,
            Lease(Ledger(own), self.worker, self.stop, self._options.lease),
        ):
            yield

    def _report(self, ledger: Ledger, counts: Counts, notes: tuple[str, ...]) -> Report:
        folder, troubles, missing = self._folder.path, list[Record](), 0
        try:
            counts = ledger.counts()
            write_results(folder, records(ledger, self._folder))
            write_sheet(folder, records(ledger, self._folder), title=folder.resolve().name)
            with_errors = (record for record in records(ledger, self._folder) if record.error is not None)
            troubles = list(islice(with_errors, TOLD))
            missing = sum(gone(row, self._folder) for row in ledger.rows())
        except OSError as error:  # if a full disk has stopped the batch, say that
            self.stop.no_more("output", f"cannot write {error.filename or folder}: {error.strerror or error}")
        except SQLAlchemyError as error:
            self.stop.no_more("database", f"{ledger.database.label} is unavailable: {cause(error)}")
        return Report(
            jobs=counts.states.total(),
            **{state: counts.states[state] for state in STATES},
            missing=missing,
            credits=counts.credits,
            stopped=self.stop.reason,
            results=folder / RESULTS,
            sheet=folder / SHEET,
            troubles=tuple(troubles),
            notes=notes,
        )


class Watch:
    """What the main thread does while others work: it gives jobs to the crew, and reports progress."""

    def __init__(self, work: Work, ledger: Ledger, options: Options, plan: Plan) -> None:
        self._work, self._ledger, self._options, self._plan = work, ledger, options, plan
        self._submitting, self._collecting = Submitting(work), Collecting(work)
        self.crew = Crew(work, self._step)
        self.counts = ledger.counts()
        self._missing = [turn_of(row) for row in ledger.rows() if gone(row, work.folder)]
        self._resubmitted: set[str] = set()
        self._began, self._over_before = time.monotonic(), self._over

    def until_over(self, presses: Presses, on_progress: OnProgress | None) -> None:
        """Continue until everything has ended, or until the work under way has and nothing more may be started.

        Interrupted twice, it raises KeyboardInterrupt.
        """
        stop, going = self._work.stop, True
        while going:
            if presses.heard():
                if stop.wanted:
                    stop.now("interrupted", "interrupted")
                    raise KeyboardInterrupt
                stop.no_more("interrupted", "interrupted")
            going = self._look()
            if on_progress is not None:
                on_progress(self._progress())

    def _look(self) -> bool:
        """Hand out jobs until it is time to look at the figures; false once there is nothing to wait for."""
        stop, until = self._work.stop, time.monotonic() + LOOK
        try:
            self._give_out()
            while self.crew.busy and not stop.at_once and (left := until - time.monotonic()) > 0:
                self.crew.wait(left)
                self._give_out()
            self.counts = self._ledger.counts()
            if not stop.wanted and not self.crew.busy:
                if not self.counts.left:  # resubmit last of all: the longer ago, the surer that an answer is lost
                    return self._options.on_uncertain == "resubmit" and self._ledger.resubmit(self._resubmitted)
                self.crew.wait(LOOK)  # other processes have them
                return True
        except LeaseLost:
            stop.now("lease", TAKEN_OVER)
        except SQLAlchemyError as error:
            self._work.leave_unrecorded(error)
        return bool(self.crew.busy) and not stop.at_once

    def _give_out(self) -> None:
        busy = self.crew.busy
        room = 0 if self._work.stop.wanted else self._options.concurrency - len(busy)
        for turn in self._missing[:room]:
            self.crew.start(turn)
        del self._missing[:room]
        if room > 0:
            for turn in self._ledger.claim(self._work.store.worker, self._options.concurrency, busy):
                self.crew.start(turn)

    def _step(self, turn: Turn) -> Turn | None:
        if turn.state == "done":
            self._collecting.recover(turn)
        if turn.state in ("done", "submitting"):  # the latter: a claim whose answer was lost with the database
            return None
        return self._submitting.submit(turn) if turn.task is None else self._collecting.collect(turn)

    @property
    def _over(self) -> int:
        return sum(self.counts.states[state] for state in STATES[:3])

    def _progress(self) -> Progress:
        states = self.counts.states
        return Progress(
            jobs=states.total(),
            **{state: states[state] for state in STATES[:3]},
            active=len(self.crew.busy),
            left=self.counts.left,
            credits=self.counts.credits,
            seconds=time.monotonic() - self._began,
            ended=self._over - self._over_before,
            stopping=self._work.stop.reason,
            plan=self._plan,
        )


def gone(row: Any, folder: Folder) -> bool:
    """True if a job is done, and its file is no longer in the folder that it was saved in."""
    return row.state == "done" and row.place == folder.place and not folder.has(row.path)


def records(ledger: Ledger, folder: Folder) -> Iterator[Record]:
    """Every job as a record for the results."""
    for row in ledger.rows():
        yield record_of(row, cast(State, PUBLIC.get(row.state, row.state)), gone(row, folder))


def look(folder: Path, database_url: str | None = None) -> Status | None:
    """See `bfl_batch.look`."""
    shared = database_url is not None
    if not shared and not (folder / FILE).is_file():
        return None
    with closing(Database(url_of(folder, database_url))) as base, base.reachable():
        if not base.has(jobs):
            return None
        ledger = Ledger(base)
        counts, alive = ledger.counts(), ledger.alive()
        missing = tuple(row.path for row in ledger.rows() if gone(row, Folder(folder, shared=shared)))
    return Status(
        jobs=counts.states.total(),
        states={str(state): counts.states[state] for state in STATES if counts.states[state]},
        credits=counts.credits,
        processes=len(alive),
        missing=missing,
    )
