"""bfl batch: what it prints at its end, and when that end is a failure."""

from __future__ import annotations

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bfl_batch import Plan, Progress, Report
from bfl_batch.stopping import Reason
from bfl_cli import progress as progresses
from bfl_cli.batch import _print, _problem
from bfl_cli.exits import EXITS
from bfl_cli.progress import batch_line
from bfl_cli.screen import Screen
from bfl_client import specification
from bfl_client.answers import Update
from PIL import Image

from tests.needs import EDITING, PICTURE

from .shell import Done, Shell

SMALL = {"width": 256, "height": 256}


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
    assert (error["kind"], error["stopped"], error["waiting"], error["done"]) == (kind, kind, 1, 0)


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


def ended(**figures: Any) -> Report:
    """How a batch of ten jobs ended: all done, but for these figures."""
    over = sum(figures.get(name, 0) for name in ("failed", "uncertain", "submitted", "waiting"))
    usual = dict.fromkeys(("failed", "uncertain", "submitted", "waiting", "missing"), 0)
    paths = {"results": Path("results.jsonl"), "sheet": Path("index.html")}
    return Report(**{"jobs": 10, "done": 10 - over, **usual, "credits": 30.0, "stopped": None, **paths, **figures})


WAYS = ("--retry-failed", "--on-uncertain resubmit", "change the lines", "check bfl credits", "rename their lines")


@pytest.mark.parametrize(
    ("figures", "retried", "resubmitted", "ways"),
    [
        ({"failed": 1}, False, False, ["--retry-failed"]),
        ({"failed": 1}, True, False, ["change the lines"]),
        ({"failed": 1}, False, True, ["--retry-failed"]),
        ({"uncertain": 1}, False, False, ["--on-uncertain resubmit"]),
        ({"uncertain": 1}, True, False, ["--on-uncertain resubmit"]),
        ({"uncertain": 1}, False, True, ["check bfl credits"]),
        ({"failed": 1, "uncertain": 1}, False, False, ["--retry-failed", "--on-uncertain resubmit"]),
        ({"failed": 1, "uncertain": 1}, True, False, ["--on-uncertain resubmit", "change the lines"]),
        ({"failed": 1, "uncertain": 1}, True, True, ["change the lines", "check bfl credits"]),
        ({"missing": 1}, True, True, ["rename their lines"]),
        ({"missing": 1, "failed": 1}, False, False, ["--retry-failed"]),
    ],
)
def test_the_remedy_of_a_batch_is_not_the_command_just_given(
    figures: dict[str, int], retried: bool, resubmitted: bool, ways: list[str]
) -> None:
    """What is proposed after a batch fits what is left of it, and is nothing that was tried in this very run."""
    problem = _problem(ended(**figures), retried=retried, resubmitted=resubmitted)
    assert problem is not None
    assert problem.kind == "failed"
    assert [way for way in WAYS if way in problem.remedy] == ways
    assert all(f"1 {name}" in problem.message for name in figures)


@pytest.mark.parametrize(
    ("reason", "kind", "though_done"),
    [
        ("interrupted", "interrupted", False),
        ("credits", "credits", False),
        ("budget", "credits", False),
        ("auth", "auth", False),
        ("configuration", "configuration", False),
        ("network", "network", False),
        ("output", "output", True),
        ("database", "network", True),
        ("lease", "failed", False),
        ("internal", "failed", False),
    ],
)
def test_what_stopped_a_batch_decides_its_exit_code(reason: str, kind: str, though_done: bool) -> None:
    """Each reason for an early end has a documented code, and is a failure though all is done where a record broke."""
    stopped = Reason(reason, "because")
    for left in ({"waiting": 1}, {"failed": 1}):
        problem = _problem(ended(stopped=stopped, **left), retried=False, resubmitted=False)
        assert problem is not None
        assert (problem.kind, problem.message, problem.kind in EXITS) == (kind, "because", True)
        assert problem.remedy
    assert (_problem(ended(stopped=stopped), retried=False, resubmitted=False) is not None) == though_done


def test_tasks_that_are_not_ready_are_no_success() -> None:
    """A batch with tasks that continue ends with the code of a timeout, and one with all files with success."""
    problem = _problem(ended(submitted=1), retried=False, resubmitted=False)
    assert problem is not None
    assert (problem.kind, "again" in problem.remedy) == ("timeout", True)
    assert _problem(ended(), retried=False, resubmitted=False) is None


def test_what_went_wrong_in_a_batch_is_named(shell: Shell) -> None:
    """Each failed job of a batch is named on standard error, also with --quiet, and of others the number."""
    jobs = [{"name": f"fox{number}", "endpoint": PICTURE, "prompt": "#error"} for number in range(22)]
    (shell.here / "jobs.jsonl").write_text("\n".join(json.dumps(each) for each in jobs))
    done = shell.run("batch", "jobs.jsonl", "-o", "out", "--quiet")
    assert (done.code, "0 done, 22 failed" in done.out) == (8, True), done
    named = [line for line in done.err.splitlines() if "fox" in line]
    (more,) = (line for line in done.err.splitlines() if line.startswith("… and "))
    assert len(named) > 1
    assert more == f"… and {22 - len(named)} more in {Path('out', 'results.jsonl')}"
    shown = shell.run("batch", "status", "out")
    assert (shown.code, shown.out.split()[:2]) == (0, ["22", "failed"]), shown


def test_notes_of_a_batch_are_printed_and_no_more_than_all_troubles(capsys: pytest.CaptureFixture[str]) -> None:
    """What else a batch has to say is printed, unless --quiet; nothing claims troubles beyond those that there are."""
    _print(Screen(), ended(notes=("index.html is old",)), Path("out"), None)
    said = capsys.readouterr()
    assert (said.err, said.out.startswith("10 done; 30 credits\n")) == ("index.html is old\n", True)
    _print(Screen(quiet=True), ended(notes=("index.html is old",)), Path("out"), None)
    assert capsys.readouterr().err == ""


def test_missing_files_are_listed_up_to_twenty(shell: Shell) -> None:
    """`bfl batch status` names twenty files that are gone, and the number of the others; --json names all."""
    jobs = [{"name": f"fox{number:02}", "endpoint": PICTURE, "prompt": "a fox", **SMALL} for number in range(22)]
    (shell.here / "jobs.jsonl").write_text("\n".join(json.dumps(each) for each in jobs))
    assert shell.run("batch", "jobs.jsonl", "-o", "out", "-q").code == 0
    pictures = sorted((shell.here / "out").glob("fox*.jpg"))
    assert len(pictures) == 22
    for picture in pictures[:20]:
        picture.unlink()
    shown = shell.run("batch", "status", "out").out.splitlines()
    assert [line.partition(": ")[2] for line in shown if line.startswith("missing")] == [p.name for p in pictures[:20]]
    assert not [line for line in shown if line.startswith("…")]
    for picture in pictures[20:]:
        picture.unlink()
    shown = shell.run("batch", "status", "out").out.splitlines()
    assert (len([line for line in shown if line.startswith("missing")]), "… and 2 more missing" in shown) == (20, True)
    assert sorted(shell.run("batch", "status", "out", "--json").json["missing"]) == [each.name for each in pictures]


def test_a_file_for_all_jobs_is_one_of_the_current_folder(shell: Shell) -> None:
    """`-p NAME=@FILE` names a file as every command does: by the current folder, wherever the jobs are."""
    (shell.here / "far").mkdir()
    (shell.here / "far" / "jobs.jsonl").write_text(json.dumps({"endpoint": EDITING, "prompt": "a fox", "name": "fox"}))
    Image.new("RGB", (300, 300)).save(shell.here / "cat.png")
    done = shell.run("batch", "far/jobs.jsonl", "-p", "input_image=@cat.png", "-o", "out", "-q")
    assert (done.code, (shell.here / "out" / "fox.jpg").is_file()) == (0, True), done.err
    assert shell.run("batch", "far/jobs.jsonl", "-p", "input_image=@gone.png", "--dry-run").code == 3


def test_a_dry_run_of_a_batch_checks_unless_told_not_to(lonely_shell: Shell) -> None:
    """--dry-run names the mistakes of all lines with their numbers, sends nothing, and needs neither folder nor key."""
    lines = [{"prompt": "a fox"}, {"prompt": "a fox", "width": 1}, {"prompt": "a fox", "widht": 2}]
    (lonely_shell.here / "jobs.jsonl").write_text("\n".join(json.dumps(each) for each in lines))
    command = ["batch", "jobs.jsonl", "--endpoint", PICTURE, "--dry-run"]
    done = lonely_shell.run(*command, "--json")
    assert (done.code, [each["line"] for each in done.json["error"]["mistakes"]]) == (3, [2, 3]), done.err
    done = lonely_shell.run(*command, "--no-validate", "--json", "--budget", "0.5")
    assert (done.code, done.json["jobs"], done.json["budget"]) == (0, 3, 0.5), done.err
    assert lonely_shell.files == ["jobs.jsonl"]
    lines = [{"prompt": "a fox", "name": f"fox{number:02}", "output_format": "png"} for number in range(22)]
    (lonely_shell.here / "jobs.jsonl").write_text("\n".join(json.dumps(each) for each in [{"prompt": "x"}, *lines]))
    shown = lonely_shell.run(*command, "-o", "out").out.splitlines()
    assert shown[0].split() == ["23", PICTURE]
    assert shown[2:4] == [str(Path("out", "00001.jpg")), str(Path("out", "fox00.png"))]
    assert shown[-2:] == [str(Path("out", "fox18.png")), "… and 3 more files"]


OPEN = [name for name in specification.ENDPOINTS if not specification.formats(name)]


@pytest.mark.parametrize("endpoint", OPEN)
def test_a_dry_run_knows_no_suffix_before_the_result(lonely_shell: Shell, endpoint: str) -> None:
    """Where the format is known only with the result, --dry-run of a batch shows that the name is not whole."""
    (lonely_shell.here / "jobs.jsonl").write_text(json.dumps({"prompt": "a fox", "name": "fox"}))
    command = ["batch", "jobs.jsonl", "--endpoint", endpoint, "-o", "out", "--dry-run", "--no-validate"]
    assert lonely_shell.run(*command).out.endswith(f"\n{Path('out', 'fox')}.…\n")


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (Plan({"a": 1}, 3.0, True, 0), "1 job, 3 credits by the list of MONTH"),
        (Plan({"a": 1000, "b": 1}, 3003.0, True, 0), "1,001 jobs, 3,003 credits by the list of MONTH"),
        (Plan({"a": 2}, 6.0, False, 0), "2 jobs, at most 6 credits by the list of MONTH"),
        (Plan({"a": 2, "b": 1}, 6.0, True, 1), "3 jobs, 6 credits by the list of MONTH, 1 without a listed price"),
        (Plan({"b": 2}, 0.0, True, 2), "2 jobs, 2 without a listed price"),
    ],
)
def test_the_price_of_a_batch_in_one_line(plan: Plan, line: str) -> None:
    """An upper bound is called one, and jobs without a price are counted apart, not as free."""
    assert progresses.price_line(plan) == line.replace("MONTH", specification.price_list())


@pytest.mark.parametrize(
    ("price", "most", "said"),
    [(3.0, 3.0, "3 credits"), (3.0, 9.0, "3 credits"), (None, 9.0, "at most 9 credits"), (0.0, 0.0, "0 credits")],
)
def test_a_price_in_words(price: float | None, most: float, said: str) -> None:
    """A price that is known is stated as such, else its bound; what is free has a price, too."""
    assert progresses.price_in_words(price, most) == f"{said} by the list of {specification.price_list()}"
    assert progresses.price_in_words(None, None) == "no listed price"


def test_a_batch_says_each_thing_once(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Price and reason of the end are printed once, a line of progress every few seconds, and the last in any case."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    plan, reason = Plan({PICTURE: 3}, 9.0, True, 0), Reason("credits", "too few credits")
    with progresses.of_batch(Screen()) as take:
        for seconds, done in ((0, 0), (1, 1), (5, 2), (0, 2), (6, 2)):
            now[0] += seconds
            take(Progress(3, done, 0, 0, 1, 3 - done, 3.0 * done, 5.0, 0, None, plan))
        take(Progress(3, 2, 1, 0, 0, 0, 6.0, 5.0, 0, reason, plan))
        take(Progress(3, 2, 1, 0, 0, 0, 6.0, 5.0, 0, reason, plan))
    assert capsys.readouterr().err.splitlines() == [
        progresses.price_line(plan),
        "0 of 3 done, 1 active, 0 credits",
        "2 of 3 done, 1 active, 6 credits",
        "too few credits: no new work is started; nothing is under way",
        "2 of 3 done, 1 failed, 0 active, 6 credits",
    ]
    with progresses.of_batch(Screen(quiet=True)) as take:
        take(Progress(3, 2, 0, 0, 1, 0, 6.0, 5.0, 0, reason, plan))
    said = capsys.readouterr().err
    assert said == "too few credits: no new work is started; 1 under way finish first; Ctrl-C leaves them\n"


def test_the_bar_of_a_batch_counts_every_end() -> None:
    """On a terminal the bar is full once every job has ended, the failed and the uncertain ones too."""
    drawn = list[dict[str, Any]]()
    batch = progresses._Batch(Screen(), lambda **facts: drawn.append(facts))
    batch.take(Progress(10, 3, 2, 1, 4, 4, 9.0, 30.0, 6))
    assert [(each["total"], each["completed"]) for each in drawn] == [(10, 6)]
    assert drawn[0]["description"].startswith("3 of 10 done, 2 failed, 1 uncertain, ")


def test_quiet_moves_nothing_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """With --quiet no progress is drawn on a terminal, of a task or of a batch."""
    monkeypatch.setattr(progresses, "moves", lambda _: True)
    with progresses.of_task(SimpleNamespace(endpoint="a", id="x", cost=None), Screen(quiet=True)) as on_update:  # type: ignore[arg-type]
        on_update(Update("Pending", 0.5, None, None, {}))
    with progresses.of_batch(Screen(quiet=True)) as on_progress:
        on_progress(Progress(10, 3, 2, 1, 4, 4, 9.0, 30.0, 6))
    assert capsys.readouterr() == ("", "")
