"""What others chose, printed: control characters do nothing, and a new line forges no line of ours."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.needs import PICTURE

from .shell import Shell, linux

FORGED = ("bfl: forged", "  try: forged", "warning: forged", "Ready  task forged")
WORDS = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\x9b1m",
    "\r",
    "\t",
    "\u202e",
    "\u2066",
    "\u2028",
    "\x85",
    "fox",
    "{",
    "%s",
    "'",
)
texts = st.lists(st.sampled_from([*WORDS, *(f"\n{line}\n" for line in FORGED)]), min_size=1, max_size=6).map("".join)
names = texts.filter(lambda text: "/" not in text)
whole = "\x1b[2J\n" + "\n".join(FORGED) + "\n\u202e"


def check(done: Any, *, lists: bool = False) -> None:
    """Fail if an output moves the cursor, or has a line that the text forged."""
    shown = done.out + done.err
    odd = {each for each in shown if unicodedata.category(each) in ("Cc", "Cf", "Zl", "Zp")} - {"\n"}
    assert not odd, (odd, shown)
    assert not {line.rstrip() for line in shown.split("\n")} & set(FORGED), shown
    assert "Traceback" not in shown
    assert "internal" not in shown


COMMANDS: dict[str, Callable[[str], list[str]]] = {
    "endpoint": lambda text: ["generate", text, "a fox"],
    "described": lambda text: ["describe", text],
    "key": lambda text: ["validate", PICTURE, "a fox", "-p", f"{text}=1"],
    "value": lambda text: ["validate", PICTURE, "a fox", "-p", f"width={text}", "-p", f"output_format={text}"],
    "file": lambda text: ["validate", PICTURE, "a fox", "-p", f"image_prompt=@{text}"],
    "body": lambda text: ["validate", PICTURE, "--json", text],
    "dry run": lambda text: ["generate", PICTURE, text, "--dry-run", "-o", f"{text}.jpg"],
    "saved": lambda text: ["generate", PICTURE, text, "--force", "-o", f"{text}.jpg"],
    "nowhere": lambda text: ["generate", PICTURE, "a fox", "-o", f"{text}/fox.jpg"],
    "task": lambda text: ["task", text],
    "option": lambda text: [f"--{text}"],
    "command": lambda text: [text],
    "jobs": lambda text: ["batch", f"{text}.jsonl", "-o", "out"],
    "folder": lambda text: ["batch", "jobs.jsonl", "-o", text, "--dry-run"],
    "batch endpoint": lambda text: ["batch", "jobs.jsonl", "-o", "out", "--endpoint", text],
}


@linux
@pytest.mark.parametrize("command", COMMANDS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5)
@example(whole)
@given(text=names)
def test_arguments(shell: Shell, command: str, text: str) -> None:
    """Whatever stands in an argument, outputs have no control character and no forged line."""
    (shell.here / "jobs.jsonl").write_text(json.dumps({"name": text, "prompt": text, text: text, "endpoint": text}))
    check(shell.run(*COMMANDS[command](text)))


FAULTS: dict[str, Callable[[str], dict[str, Any]]] = {
    "refused": lambda text: {"operation": "submit", "status": 422, "body": {"detail": [{"loc": [text], "msg": text}]}},
    "key refused": lambda text: {"operation": "submit", "status": 403, "body": {"detail": text}},
    "no task": lambda text: {"operation": "submit", "body": {"id": text, "polling_url": text, text: text}},
    "status": lambda text: {"operation": "poll", "body": {"status": text, "details": {text: text}}},
    "moderated": lambda text: {
        "operation": "poll",
        "body": {"status": "Request Moderated", "details": {"Moderation Reasons": [text]}},
    },
    "sample": lambda text: {"operation": "poll", "body": {"status": "Ready", "result": {"sample": text, text: text}}},
    "credits": lambda text: {"operation": "utility", "body": {"credits": text, text: text}},
}


@pytest.mark.parametrize("fault", FAULTS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=6)
@example(whole)
@given(text=texts)
def test_answers(shell: Shell, fault: str, text: str) -> None:
    """Whatever the service answers, the outputs have no control character and no forged line, also with --debug."""
    check(answered(shell, fault, text))
    check(shell.run("tasks"))


def answered(shell: Shell, fault: str, text: str) -> Any:
    """Run the command that gets this answer."""
    emulator: Emulator | None = shell.emulator
    assert emulator is not None
    emulator.clear_script()
    emulator.script({"fault": "answer", "status": 200, **FAULTS[fault](text)})
    command = ["credits"] if fault == "credits" else ["generate", PICTURE, "a fox", "--timeout", "0.5", "--force"]
    return shell.run(*command)


@pytest.mark.parametrize("fault", ["refused", "key refused", "status", "moderated"])
def test_answers_are_shown(shell: Shell, fault: str) -> None:
    """What the service says is in the outputs, or the test above would try nothing."""
    assert "forged" in answered(shell, fault, whole).err


@linux
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@example(whole)
@given(text=names)
def test_files_of_others(shell: Shell, text: str) -> None:
    """Whatever stands in a jobs file, a table, a handle or a kept record, the outputs are as harmless."""
    jobs = [{"name": text, "prompt": text}, {"prompt": text, text: text}, {"endpoint": text}, {"width": text}, text]
    (shell.here / "jobs.jsonl").write_text("".join(f"{json.dumps(job)}\n" for job in jobs))
    (shell.here / "jobs.csv").write_text(f'prompt,"{text}"\na fox,"{text}"\n')
    (shell.here / "task.json").write_text(json.dumps({"id": text, "polling_url": text, "endpoint": text}))
    shell.tasks.mkdir(parents=True, exist_ok=True)
    record = {"id": text, "endpoint": text, "status": text, "file": text, "submitted_at": text, "cost": text}
    (shell.tasks / "a.json").write_text(json.dumps(record))
    check(shell.run("tasks"))
    check(shell.run("task", "task.json"))
    check(shell.run("task", "last"))
    for file in ("jobs.jsonl", "jobs.csv"):
        check(shell.run("batch", file, "--endpoint", PICTURE, "-o", "out"))
    (shell.here / "jobs.jsonl").write_text(json.dumps({"name": text, "prompt": text}))
    out = Path(shell.here) / "out"
    check(shell.run("batch", "jobs.jsonl", "--endpoint", PICTURE, "-o", str(out)))


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_secret_in_a_delivery_is_not_printed(shell: Shell, form: list[str]) -> None:
    """`bfl webhook listen` prints neither its secret nor the key, though a delivery repeats both; URLs stay whole."""
    assert shell.emulator is not None
    key, secret, url = shell.emulator.api_key, "a webhook's secret", "https://delivery.bfl.ai/x?sig=1"
    with shell.start("webhook", "listen", "--count", "1", *form, BFL_WEBHOOK_SECRET=secret) as running:
        address = running.await_line("listening on").split()[-1]
        body = {"id": f"{secret} {key}", "status": f"Odd {key}", "details": {key: [secret]}, "at": url}
        assert httpx.post(address, json=body, headers={"x-webhook-secret": secret}).status_code == 200
        done = running.end()
    assert done.code == 0, done.err
    assert "Odd" in done.out
    for each in (key, secret):
        assert each not in done.out + done.err
    assert (url in done.out) == bool(form)
