"""Batches against the emulator: what they make, what stops them, and that they go on."""

from __future__ import annotations

import asyncio
import errno
import itertools
import json
import os
import sqlite3
import stat
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.from_thread
import numpy
import pytest
from bfl_api.table import ENDPOINTS
from bfl_batch import run_async
from bfl_batch.jobs import JobsError
from bfl_batch.reports import Progress
from bfl_client import ConfigurationError
from bfl_emulator import Emulator
from PIL import Image

from tests.needs import EDITING, PICTURE

from .running import Batch, job


def submits(emulator: Emulator) -> int:
    """How many submits the emulator has received."""
    return sum(request.method == "POST" for request in list(emulator.requests))


def test_a_batch_makes_every_picture_once(batch: Batch, emulator: Emulator) -> None:
    """Every job becomes one task and one whole picture under its name; the same call again asks for nothing."""
    Image.new("RGB", (64, 64), "teal").save(batch.here / "cat.png")
    edit = {"endpoint": EDITING, "prompt": "make it snow", "input_image": "@cat.png", "name": "a/b: ü"}
    batch.write([*map(job, range(10)), edit])
    report = batch.run()
    assert (report.done, report.jobs, report.stopped, report.ok) == (11, 11, None, True)
    assert batch.whole() == 11
    assert set(batch.created.values()) == {1}
    assert stat.S_IMODE(batch.out.stat().st_mode) == 0o700
    *_, row = batch.rows
    assert row["inputs"] == {"prompt": "make it snow"}
    assert (row["name"], row["number"], row["state"], row["error"]) == ("a/b: ü", 11, "done", None)
    assert (batch.out / row["path"]).is_file()
    assert row["cost"] > 0
    assert row["seconds"] > 0
    assert report.credits == row["cost"]
    assert report.sheet.read_text("utf-8").startswith("<!DOCTYPE html>")
    requests = len(emulator.requests)
    assert batch.run().ok
    assert len(emulator.requests) == requests


def test_nothing_is_sent_before_all_is_checked(batch: Batch, emulator: Emulator) -> None:
    """One broken line among good ones: nothing is submitted, and no folder is made."""
    batch.write([job(1), job(2, width=1)])
    with pytest.raises(JobsError):
        batch.run()
    assert not emulator.requests
    assert not batch.out.exists()


def test_too_few_credits_pause_the_batch(batch: Batch, emulator: Emulator) -> None:
    """A 402 in the middle ends the run with its reason and loses nothing; with credits the same call resumes it."""
    batch.write(job(number, EDITING) for number in range(12))
    emulator.script({"fault": "answer", "operation": "submit", "status": 402, "nth": list(range(5, 100))})
    report = batch.run(concurrency=2)
    assert report.stopped is not None
    assert report.stopped.kind == "credits"
    assert (report.done, report.failed, report.waiting) == (4, 0, 8)
    emulator.clear_script()
    assert batch.run().ok
    assert set(batch.created.values()) == {1}
    assert batch.whole() == 12


def test_a_moderated_prompt_fails_alone(batch: Batch, emulator: Emulator) -> None:
    """A refused prompt is reported with its reason; only retry_failed or a changed line sends it again."""
    jobs = [job(1), job(2, prompt="a fox #request-moderated"), job(3)]
    batch.write(jobs)
    report = batch.run()
    assert (report.done, report.failed) == (2, 1)
    (trouble,) = report.troubles
    assert trouble.error is not None
    assert (trouble.number, "Moderated" in trouble.error) == (2, True)
    sent = submits(emulator)
    assert batch.run().failed == 1
    assert submits(emulator) == sent
    assert batch.run(retry_failed=True).failed == 1
    assert submits(emulator) == sent + 1
    batch.write([jobs[0], job(2), jobs[2]])
    assert batch.run().ok
    assert submits(emulator) == sent + 2


def test_a_lost_answer_is_uncertain_and_not_paid_twice(batch: Batch, emulator: Emulator) -> None:
    """A submit whose answer is lost is reported, and is sent again only when that is asked for."""
    batch.write(job(number) for number in range(4))
    emulator.script({"fault": "reset", "operation": "submit", "when": "after-answering", "nth": 2})
    report = batch.run(concurrency=1)
    assert (report.done, report.uncertain) == (3, 1)
    assert batch.run().uncertain == 1
    assert submits(emulator) == 4
    assert batch.run(on_uncertain="resubmit").ok
    assert submits(emulator) == 5
    assert sorted(batch.created.values()) == [1, 1, 1, 2]


def test_an_overloaded_service_slows_the_batch(batch: Batch, emulator: Emulator) -> None:
    """429 are waited out: every job is done, and none is uncertain or sent again after it was taken."""
    batch.write(job(number) for number in range(10))
    emulator.script({"fault": "answer", "operation": "submit", "status": 429, "probability": 0.5}, seed=1)
    assert batch.run().ok
    assert set(batch.created.values()) == {1}
    assert len(emulator.faults) > 2


@pytest.mark.about("flux-2-pro")  # for its price
@pytest.mark.parametrize(("budget", "afforded"), [(2.9, 0), (12, 4)])
def test_a_budget_is_not_passed(batch: Batch, emulator: Emulator, budget: float, afforded: int) -> None:
    """The batch stops before its cost would pass the budget, and not earlier."""
    batch.write(job(number, EDITING) for number in range(8))  # 3 credits each
    report = batch.run(budget=budget)
    assert report.stopped is not None
    assert report.stopped.kind == "budget"
    assert (report.done, report.credits) == (afforded, 3 * afforded)
    assert submits(emulator) == afforded


@pytest.mark.about("flux-2-pro")  # for its price
def test_a_budget_holds_over_all_runs_and_sizes(batch: Batch, emulator: Emulator) -> None:
    """What earlier runs have cost counts, and a larger picture is counted as such before it is sent."""
    jobs = [job(1, EDITING), job(2, EDITING, width=2048, height=2048)]
    batch.write(jobs[:1])
    assert batch.run(budget=9).ok
    batch.write(jobs)
    assert batch.run(budget=9).credits == 3
    report = batch.run()
    assert (report.credits, report.waiting) == (3, 1)
    assert report.notes == ("the budget of 9 credits, given to an earlier run, applied to this one, too",)
    assert batch.run(budget=11).credits == 3 + 7.5
    assert submits(emulator) == 2


def test_a_changed_line_is_refused_once_it_is_paid_for(batch: Batch, emulator: Emulator) -> None:
    """New lines are added; a line that was done cannot become another; one that is taken out is not submitted."""
    batch.write([job(1, name="fox")])
    assert batch.run().ok
    batch.write([job(1, name="fox", width=512), job(2)])
    with pytest.raises(JobsError, match="line 1: differs from what was submitted as 'fox'"):
        batch.run()
    assert submits(emulator) == 1
    batch.write([job(2, name="owl"), job(1, name="fox")])
    assert batch.run(budget=0, unpriced=True).done == 1
    batch.write([job(1, name="fox")])
    report = batch.run(budget=100, unpriced=True)
    assert (report.done, report.waiting) == (1, 1)
    assert submits(emulator) == 1


def test_a_place_that_cannot_be_written_loses_nothing(
    batch: Batch, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A result that cannot be saved ends the run with the reason; once it can, it is fetched without another submit."""
    batch.write(job(number) for number in range(3))
    fsync, calls = os.fsync, itertools.count(1)

    def full(file: int) -> None:
        if next(calls) == 3:  # after the reserve and the first picture
            raise OSError(errno.ENOSPC, "No space left on device")
        fsync(file)

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        report = batch.run(concurrency=1)
    assert report.stopped is not None
    assert report.stopped.kind == "output"
    assert "No space left on device" in report.stopped.message
    assert batch.run().ok
    assert batch.whole() == 3
    assert set(batch.created.values()) == {1}


def test_a_refused_key_stops_the_batch(batch: Batch, emulator: Emulator) -> None:
    """A wrong key ends the run at once, with every job still waiting; so does a service that is not there."""
    batch.write(job(number) for number in range(3))
    report = batch.run(api_key="bfl_wrong_key_of_nobody_at_all")
    assert (report.stopped and report.stopped.kind, report.waiting) == ("auth", 3)
    report = batch.run(base_url="http://127.0.0.1:9")
    assert (report.stopped and report.stopped.kind, report.waiting) == ("network", 3)
    assert batch.run().ok


def test_an_expired_result_is_told(batch: Batch, emulator: Emulator) -> None:
    """A result that is gone for good is a failure with its reason, and retry_failed submits it anew."""
    batch.write([job(1)])
    emulator.script({"fault": "expired"})
    report = batch.run()
    assert report.failed == 1
    assert "expired" in (report.troubles[0].error or "")
    emulator.clear_script()
    assert batch.run(retry_failed=True).ok


def test_limits_hold_by_endpoint_and_over_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a mix, no endpoint has more active tasks than its limit, and all together no more than the concurrency."""
    limited = EDITING
    monkeypatch.setitem(ENDPOINTS, limited, ENDPOINTS[limited]._replace(active_limit=3))
    ticks = itertools.count(step=0.1)  # seconds, one tick for each look at the clock: no batch is too slow for it
    with Emulator(clock=ticks.__next__, limits=False) as emulator:
        batch = Batch(tmp_path, emulator)
        batch.write(job(number, endpoint) for number in range(16) for endpoint in (PICTURE, limited))
        assert batch.run(concurrency=8).ok
        tasks = list(emulator.tasks.values())
    moments = [task.submitted_at for task in tasks]
    active = [[task.endpoint for task in tasks if task.submitted_at <= at < task.ready_at] for at in moments]
    assert 3 < max(map(len, active)) <= 8
    assert max(names.count(limited) for names in active) <= 3


def test_the_record_is_json_only(batch: Batch) -> None:
    """No cell of the record is binary: there is nothing that reading it could execute."""
    batch.write([job(1), job(2, prompt="#error")])
    batch.run()
    with closing(sqlite3.connect(batch.out / "batch.sqlite")) as connection:
        tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        assert set(tables) == {"jobs", "submissions", "workers", "folders", "budgets"}
        for name in tables:
            for row in connection.execute(f'SELECT * FROM "{name}"'):
                assert not [cell for cell in row if isinstance(cell, bytes)]
        for body, task in connection.execute("SELECT body, task FROM jobs"):
            assert json.loads(body) and json.loads(task)


@pytest.mark.parametrize(
    ("nonsense", "said"),
    [
        ({"concurrency": 0}, "concurrency must be an integer from 1 to 10000"),
        ({"concurrency": True}, "concurrency must be an integer from 1 to 10000"),
        ({"budget": -1}, "budget must be a number from 0 to"),
        ({"budget": 1.1e9}, "budget must be a number from 0 to 1,000,000,000"),
        ({"lease": 0.0}, "lease must be a number from 0.1 to"),
        ({"on_uncertain": "pay"}, 'on_uncertain must be "report" or "resubmit"'),
        ({"database_url": "mysql://x/y"}, "the database URL must begin with postgresql://"),
        ({"database_url": 5}, "database_url must be text"),
        ({"budget": "5"}, "budget must be a number"),
        ({"lease": None}, "lease must be a number from"),
        ({"validate": "yes"}, "validate must be True or False"),
        ({"retry_failed": numpy.zeros(2)}, "unpriced and retry_failed must be True or False"),
        ({"on_uncertain": numpy.zeros(2)}, 'on_uncertain must be "report" or "resubmit"'),
        ({"concurrency": 10**9}, "concurrency must be an integer from 1 to 10000"),
        ({"endpoint": 5}, "endpoint must be text"),
        ({"params": [1]}, "params must be a mapping"),
        ({"on_progress": "print"}, "on_progress must be a function"),
        ({"on_progress": anyio.sleep}, "on_progress is asynchronous"),
        ({"out": None}, "out must be the path of a folder"),
        ({"out": "\0"}, "out cannot be the name of a folder"),
        ({"out": "\ud800"}, "out cannot be the name of a folder"),
    ],
)
def test_nonsense_is_refused(batch: Batch, nonsense: dict[str, Any], said: str) -> None:
    """Options that cannot be meant are refused before anything is made."""
    batch.write([job(1)])
    with pytest.raises(ConfigurationError, match=said):
        batch.run(**nonsense)
    assert not batch.out.exists()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_it_runs_beside_an_event_loop(batch: Batch, emulator: Emulator, backend: str) -> None:
    """`run_async` makes the same pictures, on asyncio and on trio, and reports its progress."""
    seen: list[Progress] = []

    async def main() -> Any:
        keyed: dict[str, Any] = {"api_key": emulator.api_key, "base_url": emulator.base_url}
        return await run_async([job(1), job(2)], out=batch.out, on_progress=seen.append, **keyed)

    began = time.monotonic()
    assert anyio.run(main, backend=backend).ok
    assert batch.whole() == 2
    assert seen[-1].done == 2
    assert 0 < seen[-1].seconds <= time.monotonic() - began


def test_a_cancelled_batch_ends_what_is_under_way(tmp_path: Path) -> None:
    """Cancelled, `run_async` begins nothing new, and keeps what is paid for; the next call does the rest."""
    with Emulator(speed=20) as emulator:
        batch = Batch(tmp_path, emulator)
        batch.write(job(number) for number in range(12))
        keyed: dict[str, Any] = {"api_key": emulator.api_key, "base_url": emulator.base_url}

        async def main() -> None:
            with pytest.raises(JobsError):
                await run_async([], out=batch.out, **keyed)
            with anyio.move_on_after(60) as scope:

                def seen(progress: Progress) -> None:
                    if progress.done and not scope.cancel_called:
                        anyio.from_thread.run_sync(scope.cancel)

                await run_async(batch.file, out=batch.out, concurrency=3, on_progress=seen, **keyed)
            assert scope.cancelled_caught

        anyio.run(main)
        assert 1 <= batch.states["done"] < 12
        assert batch.states["waiting"] + batch.states["done"] == 12
        assert len(emulator.tasks) == batch.states["done"]
        assert batch.run().ok
        assert set(batch.created.values()) == {1}


def test_a_cancelled_task_of_asyncio_ends_cancelled(batch: Batch, emulator: Emulator) -> None:
    """A task of asyncio that is cancelled in `run_async` is cancelled, and does not return a report."""

    async def main() -> None:
        def seen(progress: Progress) -> None:
            if not task.cancelling():
                loop.call_soon_threadsafe(task.cancel)

        loop = asyncio.get_running_loop()
        keyed: dict[str, Any] = {"api_key": emulator.api_key, "base_url": emulator.base_url}
        task = asyncio.create_task(run_async([job(1)], out=batch.out, on_progress=seen, **keyed))
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_a_task_that_may_not_be_polled_is_kept(batch: Batch, emulator: Emulator) -> None:
    """A polling URL elsewhere is a failure that names its task, and retrying it does not pay for another."""
    batch.write([job(1)])
    emulator.script({"fault": "polling-url", "nth": 1})
    report = batch.run()
    assert report.failed == 1
    assert report.troubles[0].task_id in emulator.tasks
    assert batch.run(retry_failed=True).failed == 1
    assert submits(emulator) == 1
