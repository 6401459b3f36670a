"""What is known of every job, kept so that a process can die at any moment."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import sqlalchemy as sa

from .tables import intents, jobs, metadata, workers

PAGE = 500  # rows read at a time
_SETUP = 7_251_963_001  # numbers of advisory locks in PostgreSQL: ours alone, whatever they are
_BUDGET = 7_251_963_002


_JOB = sa.select(jobs).where(jobs.c.name == sa.bindparam("of"), jobs.c.attempt == sa.bindparam("nth"), jobs.c.open)
_JOB_HELD = _JOB.with_for_update()
_INTENT = sa.select(intents.c.worker).where(
    intents.c.name == sa.bindparam("of"), intents.c.attempt == sa.bindparam("nth")
)
_ALIVE = sa.select(workers.c.id).where(workers.c.id == sa.bindparam("of")).with_for_update(read=True)
Claimed = Literal["send", "uncertain", "gone", "budget", "wait"]


class LeaseLost(Exception):
    """Another process took this one for dead, and has its work."""


class Store:
    """Reads and writes our tables; each method is one transaction.

    Args:
        engine: a database, whose commits are on the disk when they return.
        schema: where the tables are, or None.
    """

    def __init__(self, engine: sa.Engine, schema: str | None) -> None:
        self._engine = engine.execution_options(schema_translate_map={None: schema}) if schema else engine
        self._schema = schema

    @property
    def shared(self) -> bool:
        """True for a database that several processes may use."""
        return self._schema is not None

    def create(self) -> None:
        """Make the tables that are not there."""
        with self._engine.begin() as connection:
            self._lock(connection, _SETUP)
            if self._schema:
                connection.execute(sa.schema.CreateSchema(self._schema, if_not_exists=True))
            metadata.create_all(connection)

    @contextmanager
    def writing(self, lock: int | None = None) -> Iterator[sa.Connection]:
        """A transaction, committed unless the block raises."""
        with self._engine.begin() as connection:
            if not self.shared:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # the driver itself begins at the first write only
            elif lock is not None:
                self._lock(connection, lock)
            yield connection

    def reading(self) -> sa.Connection:
        """A connection to read with, closed by its ``with``."""
        return self._engine.connect()

    def _lock(self, connection: sa.Connection, number: int) -> None:
        if self.shared:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(number)))

    def rows(self) -> Iterator[Any]:
        """Every job, in the order of the lines, a page at a time."""
        after = (-1, "")
        key = sa.tuple_(jobs.c.number, jobs.c.name)
        while True:
            query = sa.select(jobs).where(key > after).order_by(jobs.c.number, jobs.c.name).limit(PAGE)
            with self._engine.connect() as connection:
                page = connection.execute(query).all()
            yield from page
            if len(page) < PAGE:
                return
            after = (page[-1].number, page[-1].name)

    def job(self, name: str, attempt: int) -> Any | None:
        """A job that this workflow still has to do; else None."""
        with self._engine.connect() as connection:
            return connection.execute(_JOB, {"of": name, "nth": attempt}).one_or_none()

    def claim(self, name: str, attempt: int, worker: str, price: float | None, budget: float | None) -> Claimed:
        """Commit the intent to submit (``send``), unless there is a reason not to.

        ``uncertain``: it was meant before, and got no answer; ``gone``: it is not this workflow's any more; ``budget``:
        it could be passed; ``wait``: what it costs is known once another request is answered.

        Args:
            price: credits that it may cost, as far as that is known beforehand.
            budget: credits that the whole batch may cost, or None.

        Raises:
            LeaseLost: this process may not submit any more.
        """
        with self.writing(_BUDGET if budget is not None else None) as connection:
            self._hold(connection, worker)
            job = connection.execute(_JOB_HELD, {"of": name, "nth": attempt}).one_or_none()
            if job is None:
                return "gone"
            if connection.execute(_INTENT, {"of": name, "nth": attempt}).one_or_none() is not None:
                return "uncertain"
            if not job.listed:
                _end(connection, job, "waiting", None, again=True)
                return "gone"
            held, refusal = _affordable(connection, job.endpoint, price, budget)
            if refusal:
                return refusal
            values = {"name": name, "attempt": attempt, "endpoint": job.endpoint, "worker": worker, "made_at": now()}
            connection.execute(sa.insert(intents).values(price=held, **values))
            return "send"

    def _hold(self, connection: sa.Connection, worker: str) -> None:
        """See that nobody has taken this process for dead, and keep it so until the transaction ends."""
        if connection.execute(_ALIVE, {"of": worker}).first() is None:
            raise LeaseLost

    def withdraw(self, name: str, attempt: int) -> None:
        """Take back an intent: the request was certainly not carried out."""
        with self.writing() as connection:
            connection.execute(
                sa.delete(intents).where(
                    intents.c.name == name, intents.c.attempt == attempt, intents.c.answer.is_(None)
                )
            )

    def answer(self, name: str, attempt: int, handle: dict[str, Any]) -> None:
        """Answer an intent with the handle of its task, which the job then has."""
        text = json.dumps(handle)
        with self.writing() as connection:
            mine = (intents.c.name == name) & (intents.c.attempt == attempt)
            cost = {} if handle["cost"] is None else {"price": handle["cost"]}
            connection.execute(sa.update(intents).where(mine).values(answer=text, **cost))
            values = {
                "task": text,
                "task_id": handle["id"],
                "cost": handle["cost"],
                "submitted_at": handle["submitted_at"],
            }
            values |= {"state": "submitted", "error": None}
            # taken for uncertain in the meantime, by a process that took this one for dead: it can be followed now
            again = sa.case((jobs.c.state == "uncertain", jobs.c.attempt + 1), else_=jobs.c.attempt)
            same = (jobs.c.name == name) & (jobs.c.attempt == attempt)
            connection.execute(sa.update(jobs).where(same).values(attempt=again, **values))

    def end(
        self, name: str, attempt: int, state: str, error: str | None = None, *, again: bool = False, **facts: Any
    ) -> None:
        """Note how a workflow ended.

        Args:
            state: of the job from now on.
            again: another workflow may take it up.
            facts: other columns of the job.
        """
        with self.writing() as connection:
            job = connection.execute(_JOB_HELD, {"of": name, "nth": attempt}).one_or_none()
            if job is not None:
                _end(connection, job, state, error, again=again, **facts)


def _end(connection: sa.Connection, job: Any, state: str, error: str | None, *, again: bool, **facts: Any) -> None:
    values = {"state": state, "error": error, "open": False, "attempt": job.attempt + again, **facts}
    if facts.get("cost") is not None:
        mine = (intents.c.name == job.name) & (intents.c.answer.is_not(None))
        last = sa.select(sa.func.max(intents.c.attempt)).where(mine).scalar_subquery()
        connection.execute(sa.update(intents).where(mine, intents.c.attempt == last).values(price=facts["cost"]))
    connection.execute(sa.update(jobs).where(jobs.c.name == job.name).values(**values))


def _affordable(
    connection: sa.Connection, endpoint: str, price: float | None, budget: float | None
) -> tuple[float, Literal["budget", "wait"] | None]:
    """The credits to hold back for a request, and why it may not be sent now, or None.

    Held back is the dearest of what it may cost by its size and what its endpoint has cost so far. If nothing of that
    is known, it is sent alone, so that its answer tells the price.
    """
    if budget is None:
        return price or 0.0, None
    here = intents.c.endpoint == endpoint
    told = sa.select(sa.func.max(intents.c.price), sa.func.count()).where(here, intents.c.answer.is_not(None))
    dearest, answered = connection.execute(told).one()
    if price is None and not answered:
        pending = sa.select(sa.func.count()).where(here, intents.c.answer.is_(None))
        if connection.execute(pending).scalar_one():
            return 0.0, "wait"
    held = max(price or 0.0, dearest or 0.0)
    spent = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(intents.c.price), 0.0))).scalar_one()
    return held, "budget" if spent >= budget or spent + held > budget + 1e-9 else None


def now() -> str:
    """The time in UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
