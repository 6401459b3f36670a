"""Several processes share one batch on PostgreSQL, and one that dies for good is not missed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path

import pytest
from bfl_emulator import Emulator
from PIL import Image

from .postgres import Server
from .running import LIMIT, Batch, job, kill, wait_for

JOBS = 300 if os.environ.get("BFL_BATCH_LARGE") == "1" else 60
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
