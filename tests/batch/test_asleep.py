"""A process is put to sleep at each point where it touches the record or the network, until another has ended.

Both share a batch on PostgreSQL. The judge is the service, which counts every POST. BFL_BATCH_LARGE=1 takes every point
instead of some.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bfl_batch import Report, ledger
from bfl_batch.store import jobs, workers
from bfl_client import ConfigurationError

from .processes import Process, points, settled, watched
from .service import Service

pytestmark = pytest.mark.large

LEASE = 0.3  # seconds


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    with watched():
        yield


def paused(at: int, database: str, tmp_path: Path) -> Service:
    """Two processes on one database: the first is stopped at a point until the second has ended."""
    service = Service()
    shared: dict[str, Any] = {"database_url": database, "lease": LEASE}
    first = Process(service, tmp_path / "first", at=at, **shared).start()
    first.wait_until_stopped()
    second = Process(service, tmp_path / "second", **shared).start().end()
    first.go_on()
    outcome = first.end()
    assert isinstance(outcome, Report | ConfigurationError), outcome  # the latter where it had not even begun
    settled(second)
    settled(Process(service, tmp_path / "second", **shared).start().end())
    return service


@pytest.mark.parametrize("at", points(every=9))
def test_a_process_asleep_anywhere_pays_for_nothing_twice(at: int, database: str, tmp_path: Path) -> None:
    """Stopped anywhere for longer than its lease, and going on when another has done its work, it doubles no job."""
    assert set(paused(at, database, tmp_path).posts.values()) == {1}


def test_the_harness_finds_what_it_is_for(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the rule of old, that taking over a job makes a submission of a new number, some point doubles a job."""

    def old_rule(connection: sa.Connection, worker: str) -> None:
        connection.execute(sa.delete(workers).where(workers.c.id == worker))
        theirs = sa.update(jobs).where(jobs.c.owner == worker)
        again = theirs.where(jobs.c.state == "submitting")
        connection.execute(again.values(state="waiting", submission=jobs.c.submission + 1))
        connection.execute(theirs.values(owner=None))

    import psycopg

    monkeypatch.setattr(ledger, "_strike", old_rule)
    for at in range(60, 90):
        folder = tmp_path / str(at)
        folder.mkdir()
        with psycopg.connect(database) as connection:
            connection.execute("DROP SCHEMA IF EXISTS bfl_batch CASCADE")
        if 2 in paused(at, database, folder).posts.values():
            return
    pytest.fail("no point was found at which the rule of old doubles a job")
