"""The batch's database: a SQLite file in its folder, or PostgreSQL; transactions, and waiting while it is down."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial, wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy as sa
from bfl_client.errors import ConfigurationError, Remedy, shorten
from bfl_client.policy import require
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError, SQLAlchemyError, TimeoutError

P = ParamSpec("P")
T = TypeVar("T")
SCHEMA = "bfl_batch"
"""The schema in PostgreSQL: other applications in the database are left alone."""
FILE = "batch.sqlite"
PATIENCE = 8.0
"""Seconds to wait for PostgreSQL while it is down; a restart takes two or three."""
_LOCK = 7_251_963_001  # an advisory lock in PostgreSQL, ours alone
_ENCODE = Remedy("write special characters in its user or password percent-encoded, @ as %40", "configure")


def url_of(folder: Path, database_url: str | None) -> sa.URL:
    """The URL of the database; raises ConfigurationError, quoting none of it, because it contains a password."""
    if database_url is None:
        return sa.URL.create("sqlite", database=str(folder / FILE))
    require({"database_url must be text": isinstance(database_url, str)})
    if database_url.count("@") > 1:
        raise ConfigurationError("the database URL contains more than one @", _ENCODE)
    try:
        url = sa.make_url(database_url)
    except (ArgumentError, ValueError):  # the latter for a port that is not a number
        raise ConfigurationError("the database URL must look like postgresql://user:password@host:port/name") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigurationError("the database URL must begin with postgresql://")
    return url.set(drivername="postgresql+psycopg")


class Database:
    """Transactions on one database, for many threads.

    Args:
        url: from `url_of`.
        connections: the most at one time. SQLite has one: its writers would only wait for each other.
        asleep: seconds after which PostgreSQL ends the transaction of a process that sleeps in the middle of one.

    Attributes:
        shared: True for PostgreSQL, which several processes may use.
    """

    def __init__(self, url: sa.URL, *, connections: int = 15, asleep: float = 10.0) -> None:
        self.url, self.shared = url, url.get_backend_name() != "sqlite"
        self._engine = _postgresql(url, connections, asleep) if self.shared else _sqlite(url)
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._reached = False

    def close(self) -> None:
        """Close the connections."""
        self._engine.dispose()

    @contextmanager
    def writing(self, *, alone: bool = False) -> Iterator[sa.Connection]:
        """A transaction, committed unless the block raises; two that are to be `alone` never run at the same time."""
        with self._engine.begin() as connection:
            if not self.shared:
                connection.exec_driver_sql("BEGIN IMMEDIATE")  # SQLite has one writer at a time anyway
            elif alone:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
            yield connection

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection to read with."""
        with self._engine.connect() as connection:
            yield connection

    def repeat(self, work: Callable[[], T]) -> T:
        """Do something that is safe to do twice; repeat it while PostgreSQL is down, up to `PATIENCE` seconds."""
        while True:
            try:
                found = work()
            except SQLAlchemyError as error:
                if not (self.shared and self._passing(error) and self._patient()):
                    raise
                time.sleep(0.2)
            else:
                self._away_since, self._reached = None, True
                return found

    def _passing(self, error: SQLAlchemyError) -> bool:
        """True for a lost connection, a deadlock and the like, once the database has been reached."""
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        return lost or (self._reached and isinstance(error, OperationalError | TimeoutError))

    def _patient(self) -> bool:
        """True until the database has been down for too long, counted over all threads."""
        with self._lock:
            now = time.monotonic()
            self._away_since = self._away_since or now
            return now - self._away_since < PATIENCE

    def create(self, metadata: sa.MetaData) -> None:
        """Create the tables, unless they exist; raises ConfigurationError if there are others."""
        schema = SCHEMA if self.shared else None
        with self.writing(alone=True) as connection:
            if schema:
                connection.execute(sa.schema.CreateSchema(schema, if_not_exists=True))
            found = sa.inspect(connection)
            for name in (names := found.get_table_names(schema=schema)):
                columns = {column["name"] for column in found.get_columns(name, schema=schema)}
                if name not in metadata.tables or columns != set(metadata.tables[name].columns.keys()):
                    raise ConfigurationError(f"{self.label} is not a batch's record, or that of another version")
            if not names:
                metadata.create_all(connection)

    def has(self, table: sa.Table) -> bool:
        """True if the table exists."""
        with self.reading() as connection:
            return sa.inspect(connection).has_table(table.name, schema=SCHEMA if self.shared else None)

    @property
    def label(self) -> str:
        """What to call the database in a message."""
        if not self.shared:
            return str(self.url.database)
        return f"the database {shorten(str(self.url.host or ''), 60)}/{shorten(str(self.url.database or ''), 60)}"

    @contextmanager
    def reachable(self) -> Iterator[None]:
        """Say in one line, without a password, why the database cannot be used: ConfigurationError, or OSError."""
        try:
            yield
        except SQLAlchemyError as error:
            if not self.shared:
                raise OSError(None, f"the batch's record cannot be used: {cause(error)}", self.label) from error
            raise ConfigurationError(f"{self.label} cannot be used: {cause(error)}") from error


def repeated(method: Callable[Concatenate[Any, P], T]) -> Callable[Concatenate[Any, P], T]:
    """A method whose transaction is safe to run twice: it is, if its `database` goes down before it confirms."""

    @wraps(method)
    def until_done(self: Any, /, *args: P.args, **kwargs: P.kwargs) -> T:
        found: T = self.database.repeat(partial(method, self, *args, **kwargs))
        return found

    return until_done


def cause(error: Exception) -> str:
    """What the database says, in one line."""
    return shorten(" ".join(str(getattr(error, "orig", None) or error).split()), 160)


def _postgresql(url: sa.URL, connections: int, asleep: float) -> sa.Engine:
    # A server that vanishes silently is noticed within seconds, and so is a process of ours that hangs while it holds a
    # lock: the server ends its transaction.
    given: dict[str, Any] = {
        "connect_timeout": 5,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 2,
        "tcp_user_timeout": 8000,
        "options": f"-c idle_in_transaction_session_timeout={int(asleep * 1000)}",
    }
    chosen = {name: value for name, value in given.items() if name not in url.query}
    engine = sa.create_engine(
        url, pool_size=connections, max_overflow=0, pool_timeout=5, pool_pre_ping=True, connect_args=chosen
    )
    return engine.execution_options(schema_translate_map={None: SCHEMA})


def _sqlite(url: sa.URL) -> sa.Engine:
    path = Path(str(url.database))
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # prompts and polling URLs are private
    options: dict[str, Any] = {"check_same_thread": False, "timeout": 30.0}  # for `bfl batch status`
    engine = sa.create_engine(
        url, poolclass=sa.QueuePool, pool_size=1, max_overflow=0, pool_timeout=3600.0, connect_args=options
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver begins no transaction of its own; `writing` does
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")  # a commit is on the disk when it returns

    return engine
