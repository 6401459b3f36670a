"""The batch's database: a file of SQLite in its folder, or PostgreSQL; and the lock on the folder."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from bfl_client.errors import ConfigurationError, shorten
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, DBAPIError

SCHEMA = "bfl_batch"
"""The schema in PostgreSQL, for our tables and those of DBOS: other applications in the database are left alone."""
FILE = "batch.sqlite"
RESERVE = ".reserve"
_ASLEEP = 10_000  # milliseconds after which PostgreSQL ends a transaction whose process does not go on with it
_BUSY = 30_000  # milliseconds that a writer waits for another


def private(folder: Path) -> None:
    """Make the folder, for its owner only: it holds prompts and polling URLs.

    Raises:
        OSError: it cannot be made, or is no folder.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.chmod(folder, 0o700)


def reserve(folder: Path) -> None:
    """Keep some space of the disk, so that tasks that are paid for can be noted when it is full.

    Raises:
        OSError: there is no such space now.
    """
    path = folder / RESERVE
    if not path.exists():
        path.write_bytes(b"\0" * (1 << 20))


def sweep(folder: Path) -> None:
    """Remove what a killed process has left half written; only for the one that holds the folder."""
    for path in [*folder.glob(".*.part"), *folder.glob(".*.whole")]:
        if path.is_file():
            path.unlink()


def url_of(folder: Path, database_url: str | None) -> sa.URL:
    """The URL of the database, with the driver that is installed with the engine.

    Raises:
        ConfigurationError: it is no URL of PostgreSQL.
    """
    if database_url is None:
        return sa.URL.create("sqlite", database=str(folder / FILE))
    try:
        url = sa.make_url(database_url)
    except ArgumentError:
        raise ConfigurationError("the database URL looks like postgresql://user:password@host/name") from None
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise ConfigurationError(f"the database is postgresql://…, not {shorten(url.drivername, 20)}://…")
    return url.set(drivername="postgresql+psycopg")


def engine_of(url: sa.URL, *, synced: bool, turn: threading.RLock | None = None) -> sa.Engine:
    """An engine for many threads.

    Args:
        synced: with SQLite, a commit is on the disk when it returns; else it outlives the process, but not a power cut.
        turn: with SQLite, held by a thread as long as it has a connection. SQLite lets a writer that has to wait sleep
            and try again, which leaves the file idle most of the time when many threads write.
    """
    if url.get_backend_name() != "sqlite":
        options = {"options": f"-c idle_in_transaction_session_timeout={_ASLEEP}"}
        return sa.create_engine(url, pool_size=10, max_overflow=30, pool_pre_ping=True, connect_args=options)
    engine = sa.create_engine(url, pool_size=10, max_overflow=30)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _: Any) -> None:
        connection.isolation_level = "IMMEDIATE"  # one writer at a time, from its first statement
        connection.execute(f"PRAGMA busy_timeout={_BUSY}")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute(f"PRAGMA synchronous={'FULL' if synced else 'NORMAL'}")

    if turn is not None:
        _taking_turns(engine, turn)
    return engine


def _taking_turns(engine: sa.Engine, turn: threading.RLock) -> None:
    @event.listens_for(engine, "checkout")
    def begin(*_: Any) -> None:
        turn.acquire()

    @event.listens_for(engine, "checkin")
    def end(*_: Any) -> None:
        turn.release()


@contextmanager
def reachable(url: sa.URL) -> Iterator[None]:
    """Tell a database that cannot be used without its password.

    Raises:
        ConfigurationError: in place of what SQLAlchemy raises. OSError: the disk is full, or read-only.
    """
    try:
        yield
    except DBAPIError as error:
        raise trouble(error, url) from error


def trouble(error: DBAPIError, url: sa.URL) -> Exception:
    """What went wrong with the database, in one line."""
    reason = shorten(" ".join(str(error.orig).split()), 160)
    if url.get_backend_name() == "sqlite":
        return OSError(None, f"the batch's record cannot be written: {reason}", url.database)
    return ConfigurationError(f"the database {shorten(str(url.host or ''), 60)}/{url.database}: {reason}")


@contextmanager
def sole(folder: Path) -> Iterator[None]:
    """Hold the folder for this process; the lock ends with the process, however it ends.

    Raises:
        ConfigurationError: another process holds it. OSError: the lock cannot be made.
    """
    path = folder / ".lock"
    lock = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)
    try:
        lock.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        lock.close()
        if "locked" in str(error):
            message = f"another bfl batch works in {folder}; several share one batch with --database-url postgresql://…"
            raise ConfigurationError(message) from None
        raise OSError(None, f"cannot be written: {error}", str(folder)) from error
    try:
        yield
    finally:
        lock.close()
