"""The workflow of a job in DBOS, and the engine that runs it: our settings, no port, no telemetry, no pickles.

Importing this module imports DBOS, which costs seconds; `bfl batch` alone does it.
"""

from __future__ import annotations

import logging
import math
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, NoReturn, cast

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

_dbos_log = logging.getLogger("dbos")
_quiet = logging.NullHandler()
_dbos_log.addHandler(_quiet)  # before DBOS looks: without a handler it would take standard error for its own
_dbos_log.propagate = False

from bfl_api.table import ENDPOINTS  # noqa: E402
from bfl_client.errors import ConfigurationError  # noqa: E402
from dbos import (  # noqa: E402
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    Queue,
    SetEnqueueOptions,
    SetWorkflowID,
    _serialization,
)
from dbos import error as dbos_error  # noqa: E402

from .collecting import Collecting  # noqa: E402
from .ledger import Ticket  # noqa: E402
from .stopping import Stopped  # noqa: E402
from .submitting import Submitting  # noqa: E402
from .work import Work, cause  # noqa: E402

NAME = "bfl-batch"
QUEUE = "bfl-tasks"
VERSION = "bfl-batch-1"
"""Fixed: work of another version would silently never be recovered. To be changed with the meaning of the steps."""
POLLING = 0.1  # seconds between two looks into the queue


class Steps(NamedTuple):
    """What the steps of this process's workflows do."""

    work: Work
    submitting: Submitting
    collecting: Collecting


_current: list[Steps] = []


@DBOS.step()
def submit(name: str, attempt: int) -> Any:
    """Submit; see `Submitting`."""
    steps = _current[0]
    with steps.work.guarded(name, attempt):
        return steps.submitting.submit(name, attempt)


@DBOS.step()
def poll(name: str, attempt: int) -> Any:
    """Follow the task to its end; see `Collecting`."""
    steps = _current[0]
    with steps.work.guarded(name, attempt):
        return steps.collecting.poll(name, attempt)


@DBOS.step()
def download(name: str, attempt: int, raw: dict[str, Any]) -> Any:
    """Save the result; see `Collecting`."""
    steps = _current[0]
    with steps.work.guarded(name, attempt):
        return steps.collecting.download(name, attempt, raw)


@DBOS.workflow()
def generate(name: str, attempt: int) -> None:
    """One job from its submit to its file. Its state is in our tables; the engine's own outcome says nothing of it."""
    if not _current:
        raise Stopped
    work = _current[0].work
    with work.entered():
        try:
            if submit(name, attempt) is not None and (raw := poll(name, attempt)) is not None:
                download(name, attempt, raw)
        except SQLAlchemyError as error:
            work.stop.no_more("output", f"the batch's record cannot be written: {cause(error)}")
            raise Stopped from error
        except dbos_error.DBOSException as error:
            work.stop.no_more("lease", "another process took this one for dead and goes on with its work")
            raise Stopped from error


def share(limits: Collection[int]) -> int:
    """The size of a partition: every endpoint's limit is a whole number of them.

    A queue of DBOS has one limit for all its partitions, and one over all; endpoints differ. So an endpoint with a
    limit of 24 beside one with 6 gets four partitions of 6.
    """
    return math.gcd(*limits)


class Parts:
    """How the limits of the endpoints become partitions of one queue.

    Attributes:
        size: workflows that may run at one time in each partition.
    """

    def __init__(self, endpoints: Collection[str]) -> None:
        limits = {name: ENDPOINTS[name].active_limit for name in endpoints if name in ENDPOINTS}
        self.size = share(limits.values())
        self._parts = {name: limit // self.size for name, limit in limits.items()}
        self._turn: Counter[str] = Counter()

    def next(self, endpoint: str) -> str:
        """The partition for one more job of an endpoint."""
        self._turn[endpoint] += 1
        part = self._turn[endpoint] % self._parts.get(endpoint, 1)  # another process may have added one
        return f"{endpoint}#{part}"


class Engine:
    """DBOS, as a batch uses it."""

    def __init__(self, queue: Queue, parts: Parts, worker: str) -> None:
        self._queue, self._parts, self._worker = queue, parts, worker

    def enqueue(self, ticket: Ticket) -> None:
        """Give a job its turn; twice the same is once."""
        part = self._parts.next(ticket.endpoint)
        options = SetEnqueueOptions(queue_partition_key=part, priority=1 if ticket.paid else 2)
        with SetWorkflowID(ticket.workflow), options:
            self._queue.enqueue(generate, ticket.name, ticket.attempt)

    def unfinished(self) -> dict[str, str | None]:
        """The workflows that have not ended, and for each one that has begun the process that has it."""
        states = ["ENQUEUED", "PENDING", "DELAYED"]
        found = DBOS.list_workflows(status=states, name=generate.__qualname__, load_input=False, load_output=False)
        return {each.workflow_id: each.executor_id if each.status == "PENDING" else None for each in found}

    def busy(self) -> bool:
        """True if another process is at work."""
        return bool(set(self.unfinished().values()) - {None, self._worker})

    def resume(self, workflow: str) -> None:
        """Hand on the work of a process that has died."""
        DBOS.resume_workflow(workflow, queue_name=QUEUE)


@contextmanager
def launched(
    work: Work, engine: sa.Engine, schema: str | None, concurrency: int, endpoints: Collection[str]
) -> Iterator[Engine]:
    """Launch DBOS on a database.

    Raises:
        ConfigurationError: this process runs DBOS already; it runs once in a process.
    """
    from dbos import _dbos

    if _dbos._dbos_global_instance is not None or _current:
        raise ConfigurationError("DBOS runs in this process already: run the batch in a process of its own")
    url, parts = engine.url.render_as_string(hide_password=False), Parts(endpoints)
    config: DBOSConfig = {
        "name": NAME,
        "system_database_url": url,
        "system_database_engine": engine,
        "dbos_system_schema": schema,
        "application_version": VERSION,
        "executor_id": work.worker,
        "serializer": DBOSPortableJSONSerializer(),
        "enable_otlp": False,
        "log_level": "CRITICAL",
    }
    with unpickled():
        _current.append(Steps(work, Submitting(work), Collecting(work)))
        try:
            DBOS.migrate(url, schema=schema or "dbos")
            _register(engine, schema, concurrency, parts)
            DBOS(config=config)
            DBOS.launch()
            yield Engine(cast(Queue, DBOS.retrieve_queue(QUEUE)), parts, work.worker)
        finally:
            DBOS.destroy()
            _current.clear()


def _register(engine: sa.Engine, schema: str | None, concurrency: int, parts: Parts) -> None:
    """Register the queue before the launch: one that comes later is found a second later."""
    client = DBOSClient(
        system_database_engine=engine,
        dbos_system_schema=schema,
        serializer=DBOSPortableJSONSerializer(),
        application_name=NAME,
    )
    try:
        client.register_queue(
            QUEUE,
            global_concurrency=concurrency,
            partition_concurrency=min(parts.size, concurrency),
            polling_interval_sec=POLLING,
        )
    finally:
        client.destroy()


@contextmanager
def unpickled() -> Iterator[None]:
    """Refuse to pickle or unpickle: DBOS would do it for a row that asks for it, whatever serializer it was given."""

    def refuse(*_: Any) -> NoReturn:
        raise ValueError("a batch's record holds JSON only; this is something else")

    kind = _serialization.DefaultSerializer
    kept = kind.serialize, kind.deserialize
    setattr(kind, "serialize", refuse)  # noqa: B010  # a type checker would not let it
    setattr(kind, "deserialize", refuse)  # noqa: B010
    try:
        yield
    finally:
        setattr(kind, "serialize", kept[0])  # noqa: B010
        setattr(kind, "deserialize", kept[1])  # noqa: B010
