"""bfl batch: what it prints at its end, and when that end is a failure."""

from __future__ import annotations

import json

import pytest
from bfl_batch import Progress
from bfl_batch.stopping import Reason
from bfl_cli.progress import batch_line
from bfl_client import specification

from tests.needs import PICTURE

from .shell import Done, Shell


def batch(shell: Shell, *options: str) -> Done:
    """A batch of one job."""
    (shell.here / "jobs.jsonl").write_text(json.dumps({"name": "fox", "endpoint": PICTURE, "prompt": "a fox"}))
    return shell.run("batch", "jobs.jsonl", "-o", "out", *options)


def test_a_batch_prints_price_progress_and_result(shell: Shell) -> None:
    """A batch that succeeds says its price and the last of its progress, then what is done, as JSON too."""
    done = batch(shell)
    assert done.code == 0, done.err
    assert "1 job, " in done.err
    assert "\n1 of 1 done, " in done.err
    assert done.out.startswith("1 done; ")
    assert (shell.here / "out" / "fox.jpg").exists()
    again = batch(shell, "--json")
    assert (again.code, again.json["done"], again.json["stopped"]) == (0, 1, None)


def test_a_parameter_of_all_jobs_is_given_once(shell: Shell) -> None:
    """A second value for all jobs is refused: which of the two was meant is not known."""
    done = batch(shell, "-p", "width=512", "-p", "width=1024")
    assert (done.code, "width is given twice" in done.err) == (2, True)
    assert not (shell.here / "out").exists()


@pytest.mark.parametrize(("status", "kind"), [(402, "credits"), (403, "auth")])
def test_a_batch_that_was_stopped_says_why(shell: Shell, status: int, kind: str) -> None:
    """A service that takes no more requests stops a batch with that exit code, and the facts say what is left."""
    assert shell.emulator is not None
    shell.emulator.script({"fault": "answer", "operation": "submit", "status": status})
    assert "no new work is started; nothing is under way" in batch(shell).err
    error = batch(shell, "--json").json["error"]
    assert (error["kind"], error["stopped"], error["waiting"]) == (kind, kind, 1)


def test_a_batch_without_its_results_is_a_failure(shell: Shell) -> None:
    """A batch whose pictures are all there, but whose results.jsonl cannot be written, is no success."""
    assert batch(shell).code == 0
    results = shell.here / "out" / "results.jsonl"
    results.unlink()
    results.mkdir()
    error = batch(shell, "--json").json["error"]
    assert (error["kind"], error["stopped"], error["done"]) == ("output", "output", 1)


@pytest.mark.about("flux-2-pro")  # for its price
@pytest.mark.parametrize(("budget", "said"), [("12", "the budget of 12 credits covers about 4 of them"), ("30", "")])
def test_a_dry_run_says_how_far_the_budget_goes(budget: str, said: str, shell: Shell) -> None:
    """--dry-run says for how many jobs a budget is enough, if it is not enough for all."""
    fox = {"endpoint": "flux-2-pro", "prompt": "a fox", "width": 1024, "height": 1024}
    foxes = [json.dumps({**fox, "name": f"fox {number}"}) for number in range(10)]
    (shell.here / "jobs.jsonl").write_text("\n".join(foxes), encoding="utf-8")
    done = shell.run("batch", "jobs.jsonl", "--dry-run", "--budget", budget)
    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if "budget" in line] == ([said] if said else [])
    assert f"\n10 jobs, 30 credits by the list of {specification.price_list()}\n" in done.out


@pytest.mark.parametrize(
    ("progress", "shown"),
    [
        (Progress(10, 3, 0, 0, 4, 7, 9.0, 30.0, 3), "3 of 10 done, 4 active, 9 credits, about 70 s left"),
        (
            Progress(1000, 3, 2, 1, 4, 994, 7.5, 60.0, 6),
            "3 of 1,000 done, 2 failed, 1 uncertain, 4 active, 7.5 credits, about 2.8 h left",
        ),
        (Progress(10, 3, 0, 0, 4, 7, 9.0, 40.0, 3), "3 of 10 done, 4 active, 9 credits, about 2 min left"),
        (Progress(10, 0, 0, 0, 4, 10, 0.0, 5.0, 0), "0 of 10 done, 4 active, 0 credits"),
        (Progress(2, 2, 0, 0, 0, 0, 6.0, 5.0, 2), "2 of 2 done, 0 active, 6 credits"),
        (Progress(9, 2, 0, 0, 1, 7, 6.0, 5.0, 2, Reason("credits", "")), "2 of 9 done, 1 active, 6 credits"),
    ],
)
def test_the_progress_of_a_batch_in_one_line(progress: Progress, shown: str) -> None:
    """Each figure stands beside its name; troubles only if there are any; the time left only while work goes on."""
    assert batch_line(progress) == shown
