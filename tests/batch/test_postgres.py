"""Several processes share one batch on PostgreSQL, and one that dies for good is not missed."""

from __future__ import annotations

import json
import signal
import sys
import threading
import time
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from bfl_batch import Report
from bfl_client import ConfigurationError
from bfl_emulator import Emulator
from PIL import Image

from .postgres import Server, postgres
from .processes import LARGE
from .running import LIMIT, Batch, job, kill, wait_for
from .service import Service, line

pytestmark = pytest.mark.large

if sys.platform == "win32":
    pytest.skip("the server is reached by a socket in a folder, which Windows has not", allow_module_level=True)

JOBS = 300 if LARGE else 60
SPEED, LEASE = 10.0, 4.0  # tasks of 0.8 seconds; a process is dead after 4


def most_active(emulator: Emulator) -> int:
    """The largest number of tasks that were active at one time."""
    tasks = list(emulator.tasks.values())
    return max(sum(other.submitted_at <= task.submitted_at < other.ready_at for other in tasks) for task in tasks)


@pytest.mark.timeout(600)
def test_one_of_two_is_killed_for_good_and_the_other_finishes(tmp_path: Path, database: str) -> None:
    """Two processes share a batch, never more than 24 active; after kill -9 of one the other ends it all, and no job
    has more than one task, by the emulator's own log."""
    with Emulator(speed=SPEED, limits=False) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(JOBS))
        shared = ("--database-url", database, "--lease", str(LEASE))
        with batch.start(*shared, out="first") as first, batch.start(*shared, out="second") as second:
            saved = {name: batch.here / name for name in ("first", "second")}
            wait_for(lambda: all(list(folder.glob("*.jpg")) for folder in saved.values()), first)
            kill(first)
            _, err = second.communicate(timeout=LIMIT * 4)
        assert second.returncode in (0, 8), err
        assert most_active(emulator) <= 24
        assert max(batch.created.values()) == 1
        rows = [json.loads(line) for line in (saved["second"] / "results.jsonl").read_text("utf-8").splitlines()]
        uncertain = {row["inputs"]["prompt"] for row in rows if row["state"] == "uncertain"}
        assert len(uncertain) <= 24
        assert all(row["state"] == "done" or row["inputs"]["prompt"] in uncertain for row in rows)
        assert len(rows) == JOBS
        assert len(set(batch.created) - uncertain) == JOBS - len(uncertain)
        pictures = {path.name: path for folder in saved.values() for path in folder.glob("*.jpg")}
        assert len(pictures) >= JOBS - len(uncertain)
        for path in pictures.values():
            with Image.open(path) as picture:
                picture.load()
        done = batch.bfl(batch.file.name, "-o", "second", *shared, "--on-uncertain", "resubmit", "-q")
        assert done.returncode == 0, done.stderr
        status = batch.bfl("status", "second", "--json", "--database-url", database)
        assert json.loads(status.stdout)["states"] == {"done": JOBS}


def test_a_database_that_is_not_there_is_one_line(tmp_path: Path, server: Server) -> None:
    """A database that cannot be reached gives one line without its password, and nothing is submitted."""
    with Emulator(speed=SPEED) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write([job(1)])
        url = server.url.replace("bfl@/postgres", "bfl:s3cret@/nowhere")
        done = batch.bfl(batch.file.name, "-o", "out", "--database-url", url)
        assert done.returncode == 4
        assert "nowhere" in done.stderr
        assert "s3cret" not in done.stderr + done.stdout
        assert done.stderr.count("\n") == 1
        assert not emulator.requests


@pytest.mark.timeout(300)
def test_one_that_was_only_asleep_does_not_pay_again(tmp_path: Path, database: str) -> None:
    """A process that sleeps longer than its lease loses its work to the other; awake again, it submits nothing more."""
    with Emulator(speed=SPEED, limits=False) as emulator:
        batch = Batch(tmp_path / "here", emulator)
        batch.write(job(number) for number in range(30))
        shared = ("--database-url", database, "--lease", str(LEASE), "--concurrency", "6")
        with batch.start(*shared) as first:
            wait_for(lambda: len(emulator.tasks) > 6, first)
            first.send_signal(signal.SIGSTOP)
            try:
                with batch.start(*shared) as second:  # in the same folder, as a shared one would be
                    try:
                        _, err = second.communicate(timeout=60)
                    finally:
                        kill(second)
            finally:
                first.send_signal(signal.SIGCONT)
            first.communicate(timeout=LIMIT)
        assert second.returncode in (0, 8), err
        assert max(batch.created.values()) == 1
        done = batch.bfl(batch.file.name, "-o", "out", *shared, "-q")
        assert done.returncode in (0, 8), done.stderr
        assert max(batch.created.values()) == 1
        assert batch.states["done"] + batch.states["uncertain"] == 30
        assert batch.whole() == batch.states["done"]


def slow(service: Service) -> None:
    """Let a service take its time, so that many jobs are under way at any moment."""

    def late(prompt: str) -> None:
        threading.Event().wait(0.1)

    service.on_post = late
    service.on_poll = lambda made, number: service.status(made, "Pending") if number < 10 else None


def running(service: Service, out: Path, **options: Any) -> Future[Report]:
    """A batch in a thread of its own."""
    outcome: Future[Report] = Future()

    def run() -> None:
        try:
            outcome.set_result(service.run([line(f"fox {number}") for number in range(40)], out, **options))
        except BaseException as error:
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return outcome


@pytest.mark.timeout(300)
def test_a_database_that_is_away_for_a_moment_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL stopped in the middle, and started two seconds later: the batch goes on by itself and doubles
    nothing."""
    monkeypatch.setattr("bfl_batch.database.PATIENCE", LIMIT)  # a busy machine may take seconds to start it
    service = Service()
    slow(service)
    with postgres() as server:
        outcome = running(service, tmp_path / "out", database_url=server.url, concurrency=6)
        wait_for(lambda: len(service.posts) > 8)
        server.stop()
        threading.Event().wait(2)
        server.start()
        report = outcome.result(LIMIT)
        assert report.stopped is None
        assert (report.done + report.uncertain, report.jobs) == (40, 40)
        assert report.uncertain == 0
        assert set(service.posts.values()) == {1}


@pytest.mark.timeout(300)
def test_a_database_that_is_gone_ends_the_run_within_seconds(tmp_path: Path) -> None:
    """PostgreSQL stopped for good: the run ends within 15 seconds with what it has, and says why; with PostgreSQL back
    the next run loses nothing and doubles nothing."""
    service = Service()
    slow(service)
    with postgres() as server:
        shared: dict[str, Any] = {"database_url": server.url, "concurrency": 6, "lease": 2}
        outcome = running(service, tmp_path / "out", **shared)
        wait_for(lambda: len(service.posts) > 8)
        server.stop()
        begun = time.monotonic()
        report = outcome.result(LIMIT)
        assert time.monotonic() - begun < 15
        assert report.stopped is not None
        assert report.stopped.kind == "database"
        assert report.jobs == 40
        server.start()
        report = running(service, tmp_path / "out", **shared).result(LIMIT)
        assert report.ok
        assert set(service.posts.values()) == {1}


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://bfl:s3@cret@db.example/name", "more than one @"),
        ("postgresql://bfl:s3cret@db.example:abc/name", "must look like"),
        ("postgresql://bfl:s3cret@db.example:99999999/name", ""),
        ("postgresql://bfl:s3@cret:1@db.example/name", "more than one @"),
        ("postgresql://bfl:s3cret@[db.example/name", ""),
        ("mysql://bfl:s3cret@db.example/name", "postgresql://"),
        ("bfl:s3cret@db.example/name", "postgresql://"),
        ("postgresql://bfl:s3cret@localhost:1/name", "localhost/name"),
    ],
)
def test_a_wrong_url_is_a_configuration_error_without_its_password(tmp_path: Path, url: str, said: str) -> None:
    """Whatever is wrong with the URL of the database, the message says so and quotes no part of the password."""
    service = Service()
    with pytest.raises(ConfigurationError) as caught:
        service.run([line("fox")], tmp_path / "out", database_url=url)
    assert said in caught.value.message
    assert "cret" not in str(caught.value)
    assert not service.posts
