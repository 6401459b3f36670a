"""What an error in a step of a job means: for the job, for its cost, and for the run."""

from __future__ import annotations

import json
import signal
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_batch import Progress, look
from bfl_client.policy import Retry
from PIL import Image

from tests.needs import EDITING

from .service import Answer, Service, line


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def _rows(out: Path) -> dict[str, dict[str, Any]]:
    rows = map(json.loads, (out / "results.jsonl").read_text("utf-8").splitlines())
    return {row["name"]: row for row in rows}


@pytest.mark.about("flux-2-pro:input_image")
def test_a_picture_that_has_gone_is_not_sent(service: Service, out: Path, tmp_path: Path) -> None:
    """A job whose picture is deleted after it was checked fails with that reason, unsent; the others are done."""
    picture = tmp_path / "cat.png"
    Image.new("RGB", (64, 64)).save(picture)

    def gone(prompt: str) -> Answer:
        picture.unlink()
        return None

    service.on_post = gone
    report = service.run([line("fox"), line("cat", endpoint=EDITING, input_image=picture)], out, concurrency=1)
    assert (report.done, report.failed) == (1, 1)
    assert "there is no file" in (report.troubles[0].error or "")
    assert service.posts == {"fox": 1}


def test_a_lost_answer_is_told_with_what_happened(service: Service, out: Path) -> None:
    """A job whose submit was cut off is uncertain, with a reason that says that it may be paid for, and what failed."""

    def cut(prompt: str) -> Answer:
        raise httpx.ReadError("the connection was reset")

    service.on_post = cut
    (trouble,) = service.run([line("fox")], out).troubles
    assert trouble.state == "uncertain"
    assert "may have been paid for" in (trouble.error or "")
    assert "connection" in (trouble.error or "").partition("(")[2]


def test_what_a_failed_task_has_cost_is_counted(service: Service, out: Path) -> None:
    """The cost that the last poll of a refused task states replaces what its submit stated, and its end has a time."""
    refused = {"status": "Content Moderated", "result": None, "cost": 1.25}
    service.on_poll = lambda made, number: httpx.Response(200, json={"id": made, **refused})
    report = service.run([line("fox")], out)
    assert (report.failed, report.credits) == (1, 1.25)
    row = _rows(out)["fox"]
    assert row["cost"] == 1.25
    assert row["finished_at"] >= row["submitted_at"]
    assert row["seconds"] >= 0


def test_a_retry_that_is_refused_has_failed(service: Service, out: Path) -> None:
    """A job that is submitted anew as ordered, and is refused then, has failed with that reason; the run ends."""
    service.on_poll = lambda made, number: service.status(made, "Error")
    assert service.run([line("fox")], out).failed == 1
    service.on_post = lambda prompt: httpx.Response(422, json={"detail": "no more foxes"})
    report = service.run([line("fox")], out, retry_failed=True)
    assert (report.failed, report.waiting) == (1, 0)
    assert "no more foxes" in (report.troubles[0].error or "")
    assert service.posts == {"fox": 2}


def test_a_busy_file_host_costs_no_job(service: Service, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result whose download is answered with 503 again and again is left to the next run, which fetches it."""
    monkeypatch.setattr("bfl_batch.collecting.PAUSES", (0.0, 0.0))

    def busy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(503) if request.url.path.endswith(".png") else service(request)

    report = service.run([line("fox")], out, transport=busy, retry=Retry(attempts=1))
    assert (report.submitted, report.failed) == (1, 0)
    assert service.run([line("fox")], out).ok
    assert service.posts == {"fox": 1}


def test_a_poll_that_is_refused_costs_no_job(service: Service, out: Path) -> None:
    """A task whose polls are answered with 400 is left with the reason, and followed by the next run."""
    service.on_poll = lambda made, number: httpx.Response(400, json={"detail": "no such region"})
    report = service.run([line("fox")], out)
    assert (report.submitted, report.failed) == (1, 0)
    assert "no such region" in (report.troubles[0].error or "")
    service.on_poll = lambda made, number: None
    assert service.run([line("fox")], out).ok
    assert service.posts == {"fox": 1}


def test_a_batch_can_be_looked_at_while_it_runs(service: Service, out: Path) -> None:
    """While a process submits a job, `look` says that one is at work, and that the job is not done."""
    seen: list[object] = []

    def look_around(prompt: str) -> Answer:
        found = look(out)
        assert found is not None
        seen.append((found.jobs, found.processes, found.states, found.credits))
        return None

    service.on_post = look_around
    assert service.run([line("fox"), line("owl")], out, concurrency=1).ok
    assert seen[0] == (2, 1, {"waiting": 2}, 0.0)
    found = look(out)
    assert found is not None
    assert (found.states, found.processes, found.credits) == ({"done": 2}, 0, 6.0)


def test_of_very_many_troubles_the_first_are_told(service: Service, out: Path) -> None:
    """The report counts every job that failed, and lists the first of them in the order of the lines."""
    service.on_post = lambda prompt: httpx.Response(422, json={"detail": "no foxes"})
    report = service.run([line(f"fox {number:02}") for number in range(40)], out)
    assert report.failed == 40
    names = [trouble.name for trouble in report.troubles]
    assert names == [f"fox {number:02}" for number in range(len(names))]
    assert 10 <= len(names) < 40


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sending of Ctrl-C to oneself there")
@pytest.mark.parametrize("presses", [1, 2])
def test_ctrl_c_ends_a_batch_softly_and_then_at_once(service: Service, out: Path, presses: int) -> None:
    """The first Ctrl-C lets a task that is under way end, and starts no other; the second leaves it to the next run."""
    pressed: list[Progress] = []

    def press(progress: Progress) -> None:
        if service.polls and len(pressed) < presses:
            pressed.append(progress)
            signal.raise_signal(signal.SIGINT)

    jobs = [line("fox"), line("owl")]
    if presses == 1:
        service.on_poll = lambda made, number: None if pressed else service.status(made, "Pending")
        report = service.run(jobs, out, concurrency=1, on_progress=press)
        assert (report.done, report.waiting) == (1, 1)
        assert report.stopped is not None
        assert report.stopped.kind == "interrupted"
    else:
        service.on_poll = lambda made, number: service.status(made, "Pending")
        with pytest.raises(KeyboardInterrupt):
            service.run(jobs, out, concurrency=1, on_progress=press)
        assert pressed[1].stopping is not None
    service.on_poll = lambda made, number: None
    assert service.run(jobs, out).ok
    assert service.posts == {"fox": 1, "owl": 1}
