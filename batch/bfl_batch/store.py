"""The record of a batch, job by job: what is paid for, how far each job is, and which process works on it.

    waiting --begin--> submitting --answer--> submitted --finish--> done
       ^                   |  \\--lose--> uncertain       \\--fail--> failed
       +-----withdraw------+

`submissions` has one row for each paid POST, with the key (job, number of its submission), committed before the POST.
Whoever inserts the row sends the POST; nobody else can, whatever leases and processes do. The number goes up only when
a person orders it: a resubmission, a retry, a changed line. Who works on a job (`owner`), and how often it was begun,
are columns of their own and decide nothing about money. Each change names the state and the owner that it expects.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from .database import Database, repeated

metadata = sa.MetaData()

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, nullable=False, index=True),  # of its line
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),  # JSON; files as @path
    sa.Column("stem", sa.Text, nullable=False, unique=True),  # of its file
    sa.Column("listed", sa.Boolean, nullable=False),  # in the jobs file as it was last given
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("submission", sa.Integer, nullable=False),  # number of the one that may be sent now, or was sent last
    sa.Column("owner", sa.Text, index=True),  # the worker that has it now
    sa.Column("begun", sa.Integer, nullable=False),  # how often a worker took it: for people who look, not for us
    sa.Column("retry", sa.Boolean, nullable=False),  # ordered: submit anew if its task has ended without a result
    sa.Column("cost", sa.Float),
    sa.Column("seed", sa.BigInteger),
    # the handle of its task as JSON; its file, and the folder that has it
    *(sa.Column(name, sa.Text) for name in ("task", "task_id", "path", "place")),
    *(sa.Column(name, sa.Text) for name in ("error", "submitted_at", "finished_at")),
    sa.Index("jobs_by_turn", "state", "endpoint", "owner", "listed", "number"),
)

submissions = sa.Table(
    "submissions",
    metadata,
    sa.Column("job", sa.Text, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True),
    sa.Column("endpoint", sa.Text, nullable=False),
    sa.Column("worker", sa.Text, nullable=False),
    sa.Column("made_at", sa.Text, nullable=False),
    sa.Column("held", sa.Float, nullable=False),  # credits held back from a budget while the cost is not known
    sa.Column("cost", sa.Float),
    sa.Column("answer", sa.Text),  # JSON: the handle of the task
    sa.Index("submissions_by_endpoint", "endpoint"),
)

workers = sa.Table(
    "workers",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("beats", sa.Integer, nullable=False),  # goes up while the process lives
)

folders = sa.Table("folders", metadata, sa.Column("place", sa.Text, primary_key=True))  # that the batch saved files in

budgets = sa.Table(  # one row: the last one that was given, and whether what has no price may pass it
    "budgets",
    metadata,
    sa.Column("credits", sa.Float, nullable=False),
    sa.Column("unpriced", sa.Boolean, nullable=False),
)

LOST = "it was being submitted when its answer was lost: it may have been paid for, and was not sent again"
_BEFORE = {"failed": ("submitted", "waiting"), "uncertain": ("submitting",)}
"""The states from which a job may end in another; else from ``submitted``."""
Begun = Literal["send", "gone", "budget", "pending"]


class LeaseLost(Exception):
    """Another process took this one for dead, and has taken over its work."""


class Turn(NamedTuple):
    """A job as a worker has taken it."""

    name: str
    submission: int
    state: str = ""
    endpoint: str = ""
    body: str = ""
    stem: str = ""
    retry: bool = False
    task: str | None = None  # JSON: the handle


TURN = [jobs.c[name] for name in Turn._fields]


def turn_of(row: Any) -> Turn:
    """A job from its row."""
    return Turn(*(getattr(row, name) for name in Turn._fields))


class Store:
    """The jobs of one worker, whose name is unique to this process and this run; each method is one transaction."""

    def __init__(self, database: Database, worker: str, budget: float | None = None) -> None:
        self.database, self.worker, self.budget = database, worker, budget

    def begin(self, turn: Turn, price: float | None) -> Begun:
        """Commit that a job is being submitted; ``send`` means that this worker, and nobody else, sends it now.

        ``gone``: it is not this worker's, or was changed; ``budget``: it could exceed the budget; ``pending``: it could
        now, but perhaps not once the cost of others is known. `price` is the most that it can cost, in credits. Not
        repeated by itself: if this fails, `withdraw`. Raises LeaseLost if this process may no longer submit.
        """
        try:
            with self.database.writing(alone=self.budget is not None) as connection:
                hold(connection, self.worker)
                held = price or 0.0
                if self.budget is not None:
                    held, refusal = _affordable(connection, turn.endpoint, held, self.budget)
                    if refusal:
                        return refusal
                if not self._move(connection, turn, "waiting", jobs.c.listed, state="submitting", error=None):
                    return "gone"
                row = {"job": turn.name, "number": turn.submission, "endpoint": turn.endpoint, "worker": self.worker}
                connection.execute(sa.insert(submissions).values(**row, made_at=now(), held=held))
                return "send"
        except IntegrityError:  # this very submission was made already
            self._follow_or_lose(turn)
            return "gone"

    def _follow_or_lose(self, turn: Turn) -> None:
        with self.database.writing() as connection:
            for (answer,) in connection.execute(sa.select(submissions.c.answer).where(_of(turn))).all():
                known = _submitted(json.loads(answer)) if answer else {"state": "uncertain", "error": LOST}
                self._move(connection, turn, "waiting", owner=None, **known)

    @repeated
    def withdraw(self, turn: Turn) -> None:
        """Take a submission back: it was certainly not carried out."""
        with self.database.writing() as connection:
            mine = _of(turn) & (submissions.c.worker == self.worker) & submissions.c.answer.is_(None)
            if connection.execute(sa.delete(submissions).where(mine)).rowcount == 0:
                return
            if not self._move(connection, turn, "submitting", state="waiting"):  # taken over, and thought to be lost
                lost = _job(turn) & (jobs.c.state == "uncertain")
                connection.execute(sa.update(jobs).where(lost).values(state="waiting", error=None))

    @repeated
    def answer(self, turn: Turn, handle: dict[str, Any]) -> bool:
        """Note the task that a submission created, whatever became of its job meanwhile; False if others follow it."""
        with self.database.writing() as connection:
            text, cost = json.dumps(handle), handle["cost"]
            if not connection.execute(sa.update(submissions).where(_of(turn)).values(answer=text, cost=cost)).rowcount:
                return False
            if self._move(connection, turn, "submitting", **_submitted(handle)):
                return True
            # Taken over meanwhile: the task is for anybody to follow, if the job was not sent once more on an order.
            lost = (jobs.c.submission == turn.submission) & jobs.c.state.in_(("submitting", "uncertain"))
            ordered = (jobs.c.submission > turn.submission) & (jobs.c.state == "waiting")
            late = sa.update(jobs).where(jobs.c.name == turn.name, lost | ordered)
            connection.execute(late.values(owner=None, **_submitted(handle)))
            return False

    @repeated
    def release(self, turn: Turn) -> None:
        """Give a job up, in whatever state it is; whoever takes it next does the rest."""
        with self.database.writing() as connection:
            self._move(connection, turn, "submitting", state="uncertain", owner=None, error=LOST)
            mine = (jobs.c.name == turn.name) & (jobs.c.owner == self.worker)
            connection.execute(sa.update(jobs).where(mine, jobs.c.state != "submitting").values(owner=None))

    @repeated
    def end(self, /, turn: Turn, state: str, error: str | None = None, cost: float | None = None, **facts: Any) -> None:
        """End a job as ``done``, ``failed`` (its task's handle is kept) or ``uncertain``; or leave it ``submitted`` for
        a later run. `cost` is in credits, if it is known now; `facts` are other columns of the job.
        """
        known = {} if cost is None else {"cost": cost}
        values = {"state": state, "owner": None, "error": error, "retry": False, **known, **facts}
        with self.database.writing() as connection:
            if (
                any(self._move(connection, turn, before, **values) for before in _BEFORE.get(state, ("submitted",)))
                and known
            ):
                connection.execute(sa.update(submissions).where(_of(turn)).values(**known))

    @repeated
    def renew(self, turn: Turn) -> Turn | None:
        """Let a job be submitted again, as its retry was ordered; None if it is no longer this worker's."""
        anew = fresh(submission=turn.submission + 1)
        with self.database.writing() as connection:
            if not self._move(connection, turn, "submitted", jobs.c.retry, **anew):
                return None
        return turn._replace(state="waiting", submission=turn.submission + 1, retry=False, task=None)

    def _move(
        self, connection: sa.Connection, turn: Turn, expected: str, /, *more: sa.ColumnElement[bool], **values: Any
    ) -> bool:
        """Change a job that is in the expected state and this worker's; False if it is not."""
        mine = _job(turn) & (jobs.c.state == expected) & (jobs.c.owner == self.worker)
        return connection.execute(sa.update(jobs).where(mine, *more).values(**values)).rowcount == 1


def hold(connection: sa.Connection, worker: str) -> None:
    """Keep a worker from being taken for dead until the transaction ends; raises LeaseLost if it has been."""
    mine = sa.select(workers.c.id).where(workers.c.id == worker).with_for_update(read=True, key_share=True)
    if connection.execute(mine).first() is None:
        raise LeaseLost


def fresh(**values: Any) -> dict[str, Any]:
    """The columns of a job that is still to be submitted, with `values`."""
    nothing = ("error", "task", "task_id", "cost", "seed", "path", "place", "submitted_at", "finished_at")
    return {**dict.fromkeys(nothing), "state": "waiting", "retry": False, **values}


def _submitted(handle: dict[str, Any]) -> dict[str, Any]:
    known = {"task_id": handle["id"], "cost": handle["cost"], "submitted_at": handle["submitted_at"]}
    return {"state": "submitted", "error": None, "task": json.dumps(handle), **known}


def _job(turn: Turn) -> sa.ColumnElement[bool]:
    return (jobs.c.name == turn.name) & (jobs.c.submission == turn.submission)


def _of(turn: Turn) -> sa.ColumnElement[bool]:
    return (submissions.c.job == turn.name) & (submissions.c.number == turn.submission)


def _affordable(
    connection: sa.Connection, endpoint: str, price: float, budget: float
) -> tuple[float, Literal["budget", "pending"] | None]:
    """The credits to hold back for a request, and why it may not be sent now, or None.

    If an endpoint has cost more than was held back for it, the same is expected of its next request.
    """
    counted = sa.func.coalesce(submissions.c.cost, submissions.c.held)
    spent = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(counted), 0.0))).scalar_one()
    ratio = sa.func.max(submissions.c.cost / sa.func.nullif(submissions.c.held, 0.0))
    dearer = connection.execute(sa.select(ratio).where(submissions.c.endpoint == endpoint)).scalar_one()
    held = price * max(float(dearer or 1.0), 1.0)
    if spent < budget and spent + held <= budget + 1e-9:
        return held, None
    open_ = submissions.c.cost.is_(None) & jobs.c.owner.is_not(None) & jobs.c.state.in_(("submitting", "submitted"))
    same = (jobs.c.name == submissions.c.job) & (jobs.c.submission == submissions.c.number)
    waits = connection.execute(sa.select(sa.exists().where(same, open_))).scalar_one()
    return held, "pending" if waits else "budget"


def now() -> str:
    """The time in UTC, ISO 8601 to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")
