"""The record of a batch as a whole: adding jobs, handing them out, counting them, and which workers are alive."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa
from bfl_client.specification import ENDPOINTS

from .database import Database, repeated
from .jobs import Job, Jobs, JobsError
from .names import slugs
from .sources import Mistake
from .store import LOST, TURN, Turn, budgets, folders, fresh, hold, jobs, submissions, workers

PAGE = 500  # rows read or written at a time
USUAL_LIMIT = 24  # active tasks of an endpoint that this version does not know


class Counts(NamedTuple):
    """A batch in figures."""

    states: Counter[str]
    left: int
    """Jobs that a worker has or may take."""
    credits: float
    """Credits, as the answers so far have stated them."""


class Unsaved(NamedTuple):
    """A job whose file is not saved yet."""

    number: int
    stem: str


class Ledger:
    """The batch as a whole; each method is one transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._open = set[str]()  # endpoints with jobs that have not ended, when they were last counted

    @repeated
    def take(self, batch: Jobs, place: str, see: Callable[[list[Unsaved], bool], object]) -> None:
        """Add the jobs that are new, and note which are listed. A job may change until it is paid for, and once failed;
        JobsError if one has changed later. What `see` raises, called with the jobs whose files are not saved yet and
        whether the record knows the folder `place`, undoes everything, too.
        """
        with self.database.writing(alone=True) as connection:
            known = {row.name: row for row in connection.execute(sa.select(jobs.c.name, jobs.c.number, jobs.c.listed))}
            stems = self._stems(connection, batch, known)
            mistakes, names = list[Mistake](), set[str]()
            entries = iter(batch)
            while page := list(islice(entries, PAGE)):
                names.update(job.name for job in page)
                mistakes += _take_page(connection, page, stems)
            if mistakes:
                raise JobsError(batch.label, mistakes)
            _list(connection, [name for name, row in known.items() if row.listed and name not in names], False)
            _list(connection, [name for name, row in known.items() if not row.listed and name in names], True)
            own = connection.execute(sa.select(folders).where(folders.c.place == place)).first() is not None
            see(_unsaved(connection), own)
            if not own:
                connection.execute(sa.insert(folders).values(place=place))

    def _stems(self, connection: sa.Connection, batch: Jobs, known: Collection[str]) -> dict[str, str]:
        """The file stem of every new job; those of earlier jobs stay the same."""
        taken = list(connection.execute(sa.select(jobs.c.stem).order_by(jobs.c.number)).scalars())
        new = [job.name for job in batch if job.name not in known]
        return dict(zip(new, slugs([*taken, *new])[len(taken) :], strict=True))

    @repeated
    def agree(self, budget: float | None, unpriced: bool) -> tuple[float | None, bool]:
        """Keep the budget of this run, and whether endpoints without a price may be used; return what holds.

        Without a new budget that is what an earlier run kept.
        """
        with self.database.writing(alone=True) as connection:
            if budget is not None:
                connection.execute(sa.delete(budgets))
                connection.execute(sa.insert(budgets).values(credits=budget, unpriced=unpriced))
            kept = connection.execute(sa.select(budgets.c.credits, budgets.c.unpriced)).first()
            return (kept.credits, kept.unpriced or unpriced) if kept else (None, unpriced)

    @repeated
    def reopen(self, *, retry_failed: bool) -> None:
        """Let this run resume the tasks that an earlier one left and, with `retry_failed`, the jobs that have failed.

        A failed job that has a task is followed first: it is submitted again only if that has ended without a result.
        """
        with self.database.writing(alone=True) as connection:
            left = (jobs.c.state == "submitted") & jobs.c.owner.is_(None)
            connection.execute(sa.update(jobs).where(left, jobs.c.error.is_not(None)).values(error=None))
            if retry_failed:
                failed = (jobs.c.state == "failed") & jobs.c.listed
                again = {"error": None, "finished_at": None}
                followed = sa.update(jobs).where(failed, jobs.c.task.is_not(None))
                connection.execute(followed.values(state="submitted", retry=True, **again))
                sent = sa.update(jobs).where(failed, jobs.c.task.is_(None))
                connection.execute(sent.values(state="waiting", submission=jobs.c.submission + 1, **again))

    @repeated
    def resubmit(self, ordered: set[str]) -> bool:
        """Let uncertain jobs be submitted once more, as ordered; true if there were any. Each is submitted
        again once in a run, or the run might never end: `ordered` has those of before, and gets the new ones.
        """
        uncertain = (jobs.c.state == "uncertain") & jobs.c.listed & jobs.c.owner.is_(None)
        again = {"state": "waiting", "submission": jobs.c.submission + 1, "error": None}
        with self.database.writing(alone=True) as connection:
            found = connection.execute(sa.select(jobs.c.name).where(uncertain)).scalars()
            names = [name for name in found if name not in ordered]
            ordered.update(names)  # before the commit: better not at all than twice
            for name in names:
                connection.execute(sa.update(jobs).where(uncertain, jobs.c.name == name).values(**again))
        return bool(names)

    @repeated
    def claim(self, worker: str, concurrency: int, busy: Collection[str]) -> list[Turn]:
        """Take jobs for a worker: those paid for first, then in the order of the lines, within the limit of each
        endpoint, and as many as all workers together may have. Jobs of its own that are not `busy` are returned, too.
        """
        if not self._open:
            self.counts()
        with self.database.writing(alone=True) as connection:
            hold(connection, worker)
            held = sa.select(jobs.c.name, jobs.c.endpoint, jobs.c.owner).where(jobs.c.owner > "")  # uses an index
            owned = connection.execute(held).all()
            active = Counter[str](row.endpoint for row in owned)
            names = _next(connection, self._open, active, concurrency - len(owned))
            free = sa.update(jobs).where(jobs.c.name.in_(names), jobs.c.owner.is_(None))
            connection.execute(free.values(owner=worker, begun=jobs.c.begun + 1))
            stray = [row.name for row in owned if row.owner == worker and row.name not in busy]
            taken = sa.select(*TURN).where(jobs.c.name.in_([*stray, *names]), jobs.c.owner == worker)
            return [Turn(*row) for row in connection.execute(taken.order_by(jobs.c.state, jobs.c.number))]

    @repeated
    def counts(self) -> Counts:
        """The batch in figures."""
        kinds, nothing = (jobs.c.state, jobs.c.endpoint, jobs.c.owner, jobs.c.listed), sa.literal("")
        groups = sa.select(*kinds, sa.func.count()).group_by(*kinds)
        ready = sa.select(nothing, nothing, sa.literal("?"), sa.literal(True), sa.func.count()).where(_paid())
        stated = sa.select(sa.func.coalesce(sa.func.sum(submissions.c.cost), 0.0))
        states, left, self._open = Counter[str](), 0, set()
        with self.database.reading() as connection:
            for state, endpoint, owner, listed, count in connection.execute(groups.union_all(ready)):  # at one moment
                left += count if owner or (state == "waiting" and listed) else 0
                if state in ("waiting", "submitted"):
                    self._open.add(str(endpoint))
                if state:
                    states[PUBLIC.get(str(state), str(state))] += count
            return Counts(states, left, connection.execute(stated).scalar_one())

    @repeated
    def enlist(self, worker: str, *, alone: bool) -> None:
        """Note that a worker is alive; if it is alone, that no other is."""
        with self.database.writing() as connection:
            known = set(connection.execute(sa.select(workers.c.id)).scalars())
            for other in known - {worker} if alone else ():
                _strike(connection, other)
            if worker not in known:
                connection.execute(sa.insert(workers).values(id=worker, beats=0))

    def beat(self, worker: str) -> bool:
        """Give a sign of life; false if this worker was taken for dead."""
        with self.database.writing() as connection:
            mine = sa.update(workers).where(workers.c.id == worker)
            return connection.execute(mine.values(beats=workers.c.beats + 1)).rowcount == 1

    def alive(self) -> dict[str, int]:
        """The workers taken for alive, and how many signs of life they have given."""
        with self.database.reading() as connection:
            return {row.id: row.beats for row in connection.execute(sa.select(workers))}

    def strike(self, worker: str, beats: int | None = None) -> None:
        """Declare a worker dead and take its jobs, unless it has given another sign of life or is just giving one."""
        with self.database.writing() as connection:
            silent = sa.select(workers.c.id).where(workers.c.id == worker)
            if beats is not None:
                silent = silent.where(workers.c.beats == beats).with_for_update(skip_locked=True)
            if connection.execute(silent).first() is not None:
                _strike(connection, worker)

    def rows(self) -> Iterator[Any]:
        """Every job, in the order of the lines, a page at a time."""
        after = (-1, "")
        key = sa.tuple_(jobs.c.number, jobs.c.name)
        while True:
            query = sa.select(jobs).where(key > after).order_by(jobs.c.number, jobs.c.name).limit(PAGE)
            with self.database.reading() as connection:
                page = connection.execute(query).all()
            yield from page
            if len(page) < PAGE:
                return
            after = (page[-1].number, page[-1].name)


PUBLIC = {"submitting": "waiting"}
"""The public name of a state: only its worker cares whether a job is being submitted just now."""


def _paid() -> sa.ColumnElement[bool]:
    """Jobs with a task that nobody follows; one with an error was left for another run."""
    return (jobs.c.state == "submitted") & jobs.c.owner.is_(None) & jobs.c.error.is_(None)


def _next(connection: sa.Connection, endpoints: Iterable[str], active: Counter[str], room: int) -> list[str]:
    """The names of the jobs to take next: those that have a task already, then those to be submitted."""
    found = list[Any]()
    waiting = (jobs.c.state == "waiting") & jobs.c.owner.is_(None) & (jobs.c.listed == sa.true())
    for endpoint in endpoints if room > 0 else ():
        known = ENDPOINTS.get(endpoint)
        free = min(room, (known.active_limit if known else USUAL_LIMIT) - active[endpoint])
        for ready in (_paid(), waiting):
            query = sa.select(jobs.c.name, jobs.c.number, jobs.c.state).where(jobs.c.endpoint == endpoint, ready)
            page = connection.execute(query.order_by(jobs.c.number).limit(max(free, 0))).all()
            found += page
            free -= len(page)
    found.sort(key=lambda row: (row.state, row.number))  # "submitted" stands before "waiting"
    return [row.name for row in found[: max(room, 0)]]


def _strike(connection: sa.Connection, worker: str) -> None:
    """Take a worker's jobs, in the transaction that declares it dead."""
    connection.execute(sa.delete(workers).where(workers.c.id == worker))
    theirs = sa.update(jobs).where(jobs.c.owner == worker)
    connection.execute(theirs.where(jobs.c.state == "submitting").values(state="uncertain", owner=None, error=LOST))
    connection.execute(theirs.values(owner=None))


def _list(connection: sa.Connection, names: list[str], listed: bool) -> None:
    for start in range(0, len(names), PAGE):
        page = jobs.c.name.in_(names[start : start + PAGE])
        connection.execute(sa.update(jobs).where(page).values(listed=listed))


def _take_page(connection: sa.Connection, page: list[Job], stems: dict[str, str]) -> Iterator[Mistake]:
    columns = [jobs.c[name] for name in ("name", "number", "endpoint", "body", "state")]
    query = sa.select(*columns).where(jobs.c.name.in_([job.name for job in page]))
    known = {row.name: row for row in connection.execute(query)}
    new, moved = list[dict[str, Any]](), list[tuple[str, int]]()
    for job in page:
        told = {"endpoint": job.endpoint, "body": json.dumps(job.body, sort_keys=True)}
        row = known.get(job.name)
        if row is None:
            own = {"name": job.name, "number": job.number, "stem": stems[job.name], "listed": True}
            new.append(fresh(**own, **told, submission=1, begun=0, owner=None))
            continue
        if row.number != job.number:
            moved.append((job.name, job.number))
        if (row.endpoint, row.body) != (told["endpoint"], told["body"]) and not _change(connection, row, told):
            yield Mistake(job.number, f"differs from what was submitted as {job.name!r}: give it a different name")
    if new:
        added = sa.insert(jobs)
        # psycopg sends many rows without RETURNING in a way that keeps PostgreSQL from ending an idle transaction
        connection.execute(added.returning(jobs.c.number) if connection.dialect.name == "postgresql" else added, new)
    for name, number in moved:
        connection.execute(sa.update(jobs).where(jobs.c.name == name).values(number=number))


def _change(connection: sa.Connection, row: Any, told: dict[str, Any]) -> bool:
    """Replace a request that is not paid for, or has failed; false if it is too late."""
    same = (jobs.c.name == row.name) & jobs.c.state.in_(("waiting", "failed"))
    anew = fresh(**told, submission=jobs.c.submission + 1)
    return connection.execute(sa.update(jobs).where(same).values(**anew)).rowcount == 1


def _unsaved(connection: sa.Connection) -> list[Unsaved]:
    """Jobs whose file cannot have been saved. (One that has a task may have been cut off just after saving it.)"""
    without = jobs.c.path.is_(None) & jobs.c.state.not_in(("submitted", "done")) & jobs.c.listed
    query = sa.select(jobs.c.number, jobs.c.stem).where(without).order_by(jobs.c.number)
    return [Unsaved(*row) for row in connection.execute(query)]
