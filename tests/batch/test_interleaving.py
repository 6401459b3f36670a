"""One process is stopped, or killed, at each point where it touches the record or the network; another does the rest.

The judge is the service, which counts every POST. A process that is only stopped goes on when the other has ended, as
one does that was asleep. BFL_BATCH_LARGE=1 takes every point instead of some.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bfl_batch import Report, ledger
from bfl_batch.store import jobs, workers
from bfl_client import ConfigurationError

from .processes import Process, watched
from .service import Service

LARGE = os.environ.get("BFL_BATCH_LARGE") == "1"
LEASE = 0.3  # seconds
POINTS = 130  # more than a process of two jobs has
JOBS = 2


@pytest.fixture(autouse=True)
def _watched() -> Iterator[None]:
    with watched():
        yield


def some(every: int) -> list[int]:
    return list(range(0, POINTS, 1 if LARGE else every))


def settled(report: Any) -> Report:
    """A report in which each job is done or uncertain."""
    assert isinstance(report, Report), report
    assert report.done + report.uncertain == report.jobs == JOBS, report
    return report


@pytest.mark.parametrize("at", some(9))
def test_a_process_killed_anywhere_loses_and_doubles_nothing(at: int, tmp_path: Path) -> None:
    """Killed at any point, its successor ends every job or reports it as uncertain, and submits none twice."""
    service = Service()
    Process(service, tmp_path / "out", at=at, dies=True).start().end()
    report = settled(Process(service, tmp_path / "out").start().end())
    assert set(service.posts.values()) <= {1}
    assert report.done == sum(path.suffix == ".png" for path in (tmp_path / "out").iterdir())
    unanswered = report.uncertain
    report = settled(Process(service, tmp_path / "out", on_uncertain="resubmit").start().end())
    assert report.ok
    assert service.posts.total() <= JOBS + unanswered


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


@pytest.mark.parametrize("at", some(9))
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
