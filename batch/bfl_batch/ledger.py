"""The batch as a whole: taking jobs in, handing them out, counting them, and knowing which processes live."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any, NamedTuple

import sqlalchemy as sa

from .jobs import LISTED, Job, Jobs, JobsError, Mistake
from .names import slugs
from .records import Record
from .store import PAGE, Store
from .tables import intents, jobs, workers

_TAKING = 7_251_963_003
_SWEEPING = 7_251_963_004


class Ticket(NamedTuple):
    """A job to be made a workflow of."""

    name: str
    attempt: int
    endpoint: str
    stem: str
    paid: bool
    """Its task exists already, and is only to be followed."""

    @property
    def workflow(self) -> str:
        """The id of the workflow."""
        return f"{self.stem}.{self.attempt}"


class Counts(NamedTuple):
    """A batch in figures."""

    states: Counter[str]
    open: int
    """Jobs with a workflow that has not ended."""
    ready: int
    """Jobs that a workflow is to be made of."""
    credits: float
    """What the answers so far have told."""


class Ledger:
    """The batch as a whole; each method is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, batch: Jobs) -> None:
        """Add the jobs that are new, and note which are listed. A job may change until it is paid for, and once failed.

        Raises:
            JobsError: a line is not what was submitted under its name; nothing is taken.
        """
        with self._store.writing(_TAKING) as connection:
            stems = self._stems(connection, batch)
            connection.execute(sa.update(jobs).values(listed=False))
            mistakes = list[Mistake]()
            entries = iter(batch)
            while page := list(islice(entries, PAGE)):
                mistakes += self._take_page(connection, page, stems)
            if mistakes:
                raise JobsError(batch.label, mistakes[:LISTED], len(mistakes))

    def _stems(self, connection: sa.Connection, batch: Jobs) -> dict[str, str]:
        """The file stem of every new job; those of earlier jobs stay what they are."""
        known: dict[str, str] = _pairs(connection, sa.select(jobs.c.name, jobs.c.stem))
        new = [job.name for job in batch if job.name not in known]
        return dict(zip(new, slugs([*known.values(), *new])[len(known) :], strict=True))

    def _take_page(self, connection: sa.Connection, page: list[Job], stems: dict[str, str]) -> Iterator[Mistake]:
        sent = sa.exists().where(intents.c.name == jobs.c.name, intents.c.attempt == jobs.c.attempt)
        query = sa.select(jobs, sent.label("sent")).where(jobs.c.name.in_([job.name for job in page]))
        known = {row.name: row for row in connection.execute(query)}
        new, same = list[dict[str, Any]](), list[dict[str, Any]]()
        for job in page:
            told = {"endpoint": job.endpoint, "body": json.dumps(job.body, sort_keys=True)}
            row = known.get(job.name)
            if row is None:
                fresh = {"state": "waiting", "attempt": 1, "open": False, "listed": True}
                new.append({"name": job.name, "number": job.number, "stem": stems[job.name], **told, **fresh})
                continue
            same.append({"is": job.name, "line": job.number})
            if (row.endpoint, row.body) == (told["endpoint"], told["body"]):
                continue
            if not (row.state == "failed" or (row.state == "waiting" and not row.sent)):
                yield Mistake(job.number, f"is not what was submitted as {job.name!r}: give it a name of its own")
                continue
            _anew(connection, row, told)
        if new:
            connection.execute(sa.insert(jobs), new)
        if same:
            listed = sa.update(jobs).where(jobs.c.name == sa.bindparam("is")).values(listed=True)
            connection.execute(listed.values(number=sa.bindparam("line")), same)

    def reopen(self, *, resubmit: bool, retry_failed: bool) -> None:
        """Let the jobs that an earlier run left be taken up: what was submitted always, the rest if it is asked for."""
        closed = jobs.c.open.is_(False)
        with self._store.writing() as connection:
            left = sa.update(jobs).where(jobs.c.state == "submitted", closed)
            connection.execute(left.values(error=None))
            anew = {"attempt": jobs.c.attempt + 1, "error": None, "finished_at": None}
            if resubmit:
                connection.execute(
                    sa.update(jobs).where(jobs.c.state == "uncertain", closed).values(state="waiting", **anew)
                )
            if retry_failed:
                state = sa.case((jobs.c.task.is_(None), "waiting"), else_="submitted")
                connection.execute(sa.update(jobs).where(jobs.c.state == "failed", closed).values(state=state, **anew))

    def hand_out(self, limit: int) -> list[Ticket]:
        """Some jobs to make workflows of, in the order of their lines; what is paid for first."""
        with self._store.writing(_TAKING) as connection:
            query = sa.select(*_TICKET).where(_ready())
            rows = connection.execute(query.order_by(jobs.c.state, jobs.c.number).limit(limit)).all()
            names = [row.name for row in rows]
            connection.execute(sa.update(jobs).where(jobs.c.name.in_(names)).values(open=True))
        return [Ticket(*row) for row in rows]

    def backlog(self) -> int:
        """How many workflows wait for their turn."""
        waiting = sa.select(sa.func.count()).where(jobs.c.open, jobs.c.state == "waiting")
        with self._store.reading() as connection:
            return connection.execute(waiting).scalar_one()

    def repair(self, alive: Collection[str]) -> None:
        """Reopen jobs whose workflow is not alive: its process died before it was made, or after it ended."""
        query = sa.select(*_TICKET).where(jobs.c.open)
        with self._store.writing(_TAKING) as connection:
            lost = [row.name for row in connection.execute(query) if Ticket(*row).workflow not in alive]
            for name in lost:
                again = sa.update(jobs).where(jobs.c.name == name).values(open=False, attempt=jobs.c.attempt + 1)
                connection.execute(again)

    def counts(self) -> Counts:
        """The batch in figures."""
        states = sa.select(jobs.c.state, sa.func.count()).group_by(jobs.c.state)
        told = sa.select(sa.func.coalesce(sa.func.sum(intents.c.price), 0.0)).where(intents.c.answer.is_not(None))
        with self._store.reading() as connection:
            found = Counter[str](_pairs(connection, states))
            count = sa.select(sa.func.count())
            opened = connection.execute(count.where(jobs.c.open)).scalar_one()
            ready = connection.execute(count.select_from(jobs).where(_ready())).scalar_one()
            return Counts(found, opened, ready, connection.execute(told).scalar_one())

    def endpoints(self) -> list[str]:
        """The endpoints of all jobs."""
        with self._store.reading() as connection:
            return list(connection.execute(sa.select(jobs.c.endpoint).distinct()).scalars())

    def enlist(self, worker: str, *, alone: bool) -> None:
        """Note that a process lives; if it is alone, that no other does."""
        with self._store.writing() as connection:
            if alone:
                connection.execute(sa.delete(workers))
            connection.execute(sa.insert(workers).values(id=worker, beats=0))

    def beat(self, worker: str) -> bool:
        """Give a sign of life; False if this process was taken for dead."""
        with self._store.writing() as connection:
            mine = sa.update(workers).where(workers.c.id == worker)
            return connection.execute(mine.values(beats=workers.c.beats + 1)).rowcount == 1

    def alive(self) -> dict[str, int]:
        """The processes taken for alive, and how many signs of life they have given."""
        with self._store.reading() as connection:
            return _pairs(connection, sa.select(workers.c.id, workers.c.beats))

    def strike(self, worker: str, beats: int | None = None) -> bool:
        """Take a process for dead, unless it has given another sign of life since; True if that was done."""
        with self._store.writing() as connection:
            gone = sa.delete(workers).where(workers.c.id == worker)
            return connection.execute(gone if beats is None else gone.where(workers.c.beats == beats)).rowcount == 1

    @contextmanager
    def sweeping(self) -> Iterator[None]:
        """Keep other processes from handing on work at the same time."""
        if not self._store.shared:
            yield
            return
        with self._store.writing(_SWEEPING):
            yield


def _pairs(connection: sa.Connection, query: Any) -> dict[str, Any]:
    rows: Iterable[Any] = connection.execute(query)
    return {row[0]: row[1] for row in rows}


_TICKET = (jobs.c.name, jobs.c.attempt, jobs.c.endpoint, jobs.c.stem, jobs.c.task.is_not(None))


def _ready() -> sa.ColumnElement[bool]:
    paid = (jobs.c.state == "submitted") & jobs.c.error.is_(None)  # with an error it was left for another run
    return jobs.c.open.is_(False) & (paid | ((jobs.c.state == "waiting") & jobs.c.listed))


def _anew(connection: sa.Connection, row: Any, told: dict[str, Any]) -> None:
    """Put another request in the place of one that is not paid for, or has failed."""
    nothing = dict.fromkeys(("error", "task", "task_id", "cost", "seed", "path", "submitted_at", "finished_at"))
    values = {**told, **nothing, "state": "waiting", "open": False, "attempt": row.attempt + 1}
    connection.execute(sa.update(jobs).where(jobs.c.name == row.name).values(**values))


def records(store: Store) -> Iterator[Record]:
    """Every job as its results tell it."""
    from .inputs import without_media

    for row in store.rows():
        body = without_media(row.endpoint, json.loads(row.body))
        facts = (row.state, row.task_id, row.cost, row.seed, row.path, row.error, row.submitted_at, row.finished_at)
        yield Record(row.number, row.name, row.endpoint, body, *facts, _seconds(row))


def _seconds(row: Any) -> float | None:
    from datetime import datetime

    if row.submitted_at is None or row.finished_at is None:
        return None
    return round(
        (datetime.fromisoformat(row.finished_at) - datetime.fromisoformat(row.submitted_at)).total_seconds(), 3
    )
