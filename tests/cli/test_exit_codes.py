"""Every exit code, with one line, one remedy, and the same as JSON."""

from __future__ import annotations

import os
import subprocess
from typing import Any

import pytest
from bfl_cli import state
from bfl_cli.exits import EXITS, problem_of

from tests.needs import PICTURE

from .shell import BFL, Shell, linux, unix

FAILURES: list[tuple[str, str, list[dict[str, Any]]]] = [
    ("auth", "a fox", [{"fault": "answer", "operation": "submit", "status": 403}]),
    ("credits", "a fox", [{"fault": "answer", "operation": "submit", "status": 402}]),
    ("constraint", "a fox", [{"fault": "answer", "operation": "submit", "status": 422}]),
    ("moderated", "#content-moderated=violence", []),
    ("moderated", "#request-moderated", []),
    ("failed", "#error", []),
    ("failed", "a fox", [{"fault": "answer", "operation": "submit", "status": 500}]),
    ("network", "a fox", [{"fault": "reset", "operation": "submit", "when": "after-reading"}]),
    ("network", "a fox", [{"fault": "polling-url", "url": "https://elsewhere.example/v1/get_result?id=1"}]),
    ("network", "a fox", [{"fault": "answer", "operation": "download", "status": 404}]),
]


@pytest.mark.parametrize(("kind", "prompt", "rules"), FAILURES)
def test_a_failure_has_its_exit_code(shell: Shell, kind: str, prompt: str, rules: list[dict[str, Any]]) -> None:
    """What the service does leads to the documented code, one line, one remedy, as JSON too, and no URL."""
    assert shell.emulator is not None
    shell.emulator.script(*rules)
    done = shell.run("generate", PICTURE, prompt, "--json", "--quiet")
    assert done.code == EXITS[kind].code, done.err
    error = done.json["error"]
    assert (error["kind"], error["exit_code"]) == (kind, done.code)
    assert done.err == f"bfl: {error['message']}\n  try: {error['remedy']}\n"
    assert "get_result" not in done.err + done.out
    assert shell.files == []
    submitted = "polling" in str(rules) or "download" in str(rules)
    assert bool(error.get("task_id")) == (submitted or not rules)
    assert ("resume" in error) == submitted
    answered = [rule["status"] for rule in rules if rule.get("operation") == "submit" and "status" in rule]
    assert error.get("status_code") == (answered[0] if answered else None)
    assert error.get("maybe_submitted") == (True if answered == [500] or "reset" in str(rules) else None)


def test_an_ended_task_is_listed_with_its_end(shell: Shell) -> None:
    """A task that moderation refused is not waited for any more, and is listed with the service's status."""
    assert shell.run("generate", PICTURE, "#content-moderated").code == 7
    assert not shell.handles
    assert "Content Moderated" in shell.run("tasks").out


def test_no_network_and_no_key(lonely_shell: Shell) -> None:
    """Without a service it is a network problem, without a key one line that names BFL_API_KEY; no file is left."""
    done = lonely_shell.run("generate", PICTURE, "a fox")
    assert (done.code, done.out) == (4, "")
    assert "BFL_API_KEY" in done.err
    assert done.err.count("\n") == 1
    away = {"BFL_BASE_URL": "http://127.0.0.1:9", "BFL_API_KEY": "bfl_some_key_of_an_emulator"}
    done = lonely_shell.run("credits", env=away)
    assert (done.code, done.err.count("\n")) == (10, 2), done.err
    for wrong in ("ftp://x", "http://api.bfl.ai", "api.bfl.ai"):
        done = lonely_shell.run("credits", BFL_BASE_URL=wrong, BFL_API_KEY="bfl_some_key_of_an_emulator")
        assert (done.code, done.err.count("\n")) == (4, 2), done.err
        assert "correct BFL_BASE_URL" in done.err
        assert "insecure=" not in done.err


def test_a_missing_module_of_our_own_is_a_bug() -> None:
    """A package that is not installed is named with its extra; a module of ours that is missing is a bug."""
    missing, ours, nameless = (ModuleNotFoundError(name=name) for name in ("rich", "bfl_batch.nothing", None))
    assert [problem_of(each).kind for each in (missing, ours, nameless)] == ["configuration", "internal", "internal"]
    assert problem_of(missing).message == 'this needs rich, which is not installed: pip install "bfl-client[all]"'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["generat"], "no such command 'generat'. Did you mean 'generate'?"),
        (["describe"], "missing argument 'ENDPOINT'"),
        (["credits", "--no-such-option"], "no such option: --no-such-option"),
        (["finetunes", "delete", "x"], "deleting a finetune cannot be undone"),
    ],
)
def test_a_misunderstanding_is_code_2(lonely_shell: Shell, arguments: list[str], message: str) -> None:
    """A command line that cannot be understood is one line and one remedy, as JSON too."""
    done = lonely_shell.run(*arguments, "--json")
    assert (done.code, done.err.count("\n")) == (2, 2), done.err
    assert done.json["error"]["kind"] == "usage"
    assert done.json["error"]["message"] == message


def test_a_bug_shows_no_traceback_unless_asked(lonely_shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody foresaw is one line; with --debug the traceback is there, too."""

    def listed() -> None:
        raise RuntimeError("boom https://api.bfl.ai/v1/get_result?id=1")

    monkeypatch.setattr(state, "listed", listed)
    plain, full = lonely_shell.run("tasks"), lonely_shell.run("tasks", "--debug")
    assert (plain.code, full.code) == (1, 1)
    assert plain.err.startswith("bfl: RuntimeError: boom")
    assert "Traceback" not in plain.err
    assert "Traceback" in full.err
    assert "get_result" not in plain.err + full.err
    printed = lonely_shell.run("tasks", "--json")
    assert (printed.code, printed.json["error"]["kind"], "get_result" in printed.out) == (1, "internal", False)


@unix
@pytest.mark.parametrize("command", [["endpoints"], ["generate", PICTURE, "a fox", "-o", "-", "--quiet"]])
def test_the_reader_may_go_away(shell: Shell, command: list[str]) -> None:
    """A reader of standard output that has gone is code 141 and no word, also where it was to get a picture."""
    reading, writing = os.pipe()
    os.close(reading)
    gone = subprocess.run(
        [*BFL, *command], env=shell.environment(), stdout=writing, stderr=subprocess.PIPE, text=True, timeout=60
    )
    os.close(writing)
    assert (gone.returncode, gone.stderr) == (141, "")


@linux
@pytest.mark.parametrize("command", ["endpoints", "--version"])
def test_a_full_device_behind_standard_output_is_reported(shell: Shell, command: str) -> None:
    """Standard output that cannot be written is exit code 11 with the reason, and no traceback."""
    with open("/dev/full", "w") as full:
        said = subprocess.run(
            [*BFL, command], env=shell.environment(), stdout=full, stderr=subprocess.PIPE, text=True, timeout=60
        )
    assert (said.returncode, said.stderr) == (11, "bfl: standard output: No space left on device\n")


@linux
def test_a_full_device_behind_standard_error_ends_nothing(shell: Shell) -> None:
    """A task that was paid for is awaited and saved, although nothing can be said on standard error."""
    command = [*BFL, "generate", PICTURE, "a fox", "-o", "fox.png"]
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            command, cwd=shell.here, env=shell.environment(), stdout=subprocess.PIPE, stderr=full, text=True, timeout=60
        )
    assert (done.returncode, shell.files, shell.kept) == (0, ["fox.png"], [])
    assert "fox.png" in done.stdout


@pytest.mark.parametrize(
    "line", [["x" * 100_000], ["generate", PICTURE, "--" + "x" * 100_000], ["skill", "x" * 100_000]]
)
def test_what_was_mistyped_is_shown_in_short(lonely_shell: Shell, line: list[str]) -> None:
    """An argument of any length is repeated in one line that a terminal can show."""
    done = lonely_shell.run(*line)
    assert done.code == 2
    assert "xxx" in done.err
    assert len(done.err) < 600
