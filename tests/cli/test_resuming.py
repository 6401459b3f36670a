"""bfl task and bfl tasks: what was paid for can be resumed, whatever happened."""

from __future__ import annotations

import json
import shlex
import stat
from typing import Any

import httpx
import pytest
from bfl_cli import state
from bfl_cli.output import Destination
from bfl_client import policy
from bfl_client.errors import Remedy, TransportError
from bfl_client.tasks import Task
from PIL import Image

from tests.needs import PICTURE

from .shell import Shell, linux, unix


@unix
def test_an_interrupted_task_is_resumed(slow_shell: Shell, clock: list[float]) -> None:
    """Ctrl-C prints the id and the command to resume; that command fetches the picture; the task is then listed."""
    assert slow_shell.emulator is not None
    with slow_shell.start("generate", PICTURE, "a fox", "-o", "fox.jpg") as process:
        process.await_line("Pending")
        process.interrupt()
        done = process.end()
    assert done.code == 130
    (task_id,) = slow_shell.emulator.tasks
    assert f"bfl task {task_id} -o fox.jpg" in done.err
    assert "Traceback" not in done.err
    assert slow_shell.files == []
    (handle,) = slow_shell.handles
    assert stat.S_IMODE(handle.stat().st_mode) == 0o600
    assert stat.S_IMODE(handle.parent.stat().st_mode) == stat.S_IMODE(handle.parent.parent.stat().st_mode) == 0o700
    secrets = (slow_shell.emulator.api_key, json.loads(handle.read_text())["polling_url"])
    assert secrets[0] not in handle.read_text()
    listed = slow_shell.run("tasks", "--json")
    assert [(each["id"], each["status"]) for each in listed.json] == [(task_id, "submitted")]
    looked = slow_shell.run("task", task_id, "--status", "--json")
    assert (looked.json["status"], looked.json["ended"]) == ("Pending", False)
    clock[0] += 100
    done = slow_shell.run("task", task_id, "-o", "fox.jpg", "--debug")
    assert done.code == 0, done.err
    with Image.open(slow_shell.here / "fox.jpg") as picture:
        assert picture.format == "JPEG"
    assert not slow_shell.handles
    again = slow_shell.run("tasks")
    assert f"{task_id}  {PICTURE}  saved" in again.out
    shown = "".join(each.out + each.err for each in (listed, looked, done, again))
    assert not any(secret in shown for secret in secrets)
    assert slow_shell.run("task", task_id, "-o", "fox.jpg").code == 11  # still known, and overwrites nothing
    assert slow_shell.run("task", task_id, "--no-download").out.startswith("ready  task")


@unix
def test_a_killed_bfl_leaves_its_handle(slow_shell: Shell) -> None:
    """After kill -9 while waiting, the handle is there, with what resuming needs."""
    assert slow_shell.emulator is not None
    with slow_shell.start("generate", PICTURE, "a fox") as process:
        process.await_line("Pending")
        process.process.kill()
        process.end()
    (handle,) = slow_shell.handles
    assert json.loads(handle.read_text())["id"] in slow_shell.emulator.tasks


def test_a_timeout_says_how_to_resume(slow_shell: Shell) -> None:
    """A task that is not ready in time is exit code 9, with the command that resumes it."""
    done = slow_shell.run("generate", PICTURE, "a fox", "--timeout", "0.7", "--json")
    assert done.code == 9
    error = done.json["error"]
    assert (error["kind"], error["resume"]) == ("timeout", f"bfl task {error['task_id']}")
    assert len(slow_shell.handles) == 1


@pytest.mark.parametrize("form", ["file", "text", "indented text", "standard input"])
def test_a_handle_is_enough_on_another_machine(shell: Shell, form: str) -> None:
    """A handle in a file, as JSON on the command line or on standard input is resumed where its id is not known."""
    submitted = shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json
    (handle,) = shell.handles
    text = handle.read_text()
    handle.unlink()
    (shell.here / "handle.json").write_text(text)
    reference = {"file": "handle.json", "text": text, "indented text": f"\n {text}", "standard input": "-"}[form]
    done = shell.run("task", reference, "-o", "fox.jpg", "--json", stdin=text.encode())
    assert (done.code, done.json["id"]) == (0, submitted["id"]), done.err


def test_a_task_that_the_service_does_not_find_is_kept(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that was paid for, and is answered with 404 until that is believed, can be fetched once it is found."""
    assert shell.emulator is not None
    monkeypatch.setattr(policy, "DOUBTED_POLLS", 1)
    monkeypatch.setattr(policy, "DOUBTED_SECONDS", 0.0)
    shell.emulator.script({"fault": "answer", "operation": "poll", "status": 404, "body": {"detail": "Not Found"}})
    done = shell.run("generate", PICTURE, "a fox", "-o", "fox.png")
    assert done.code != 0
    (task_id,) = shell.kept
    assert f"bfl task {task_id} -o fox.png" in done.err
    shell.emulator.clear_script()
    assert shell.run("task", task_id, "-o", "fox.png").code == 0
    assert (shell.files, shell.kept) == (["fox.png"], [])


def test_an_unknown_task_is_an_error(shell: Shell) -> None:
    """A task that was never kept is one line, not a traceback; a hostile id stays in its folder."""
    (shell.here / "empty.json").write_text("{}")
    for name in ("../../../etc/passwd", "x" * 5000, "empty.json"):
        done = shell.run("task", name)
        assert done.code == 4
        assert done.err.startswith("bfl: ")
        assert done.err.count("\n") == 1


def test_an_unknown_task_is_named_unless_it_may_be_a_key(shell: Shell) -> None:
    """An id of the usual length is repeated in the message; what is longer or shorter may be a key, and is not."""
    usual = "0f9d2c4e-5f1e-4c7b-9a55-0123456789ab"
    assert usual in shell.run("task", usual).err
    for odd in (f"{usual}c", usual[:-1]):
        assert usual[:-1] not in shell.run("task", odd).err


def test_nothing_is_overwritten_by_resuming(slow_shell: Shell, clock: list[float]) -> None:
    """A file in the way is named before the task is asked for, or once its name is known; --status minds none."""
    assert slow_shell.emulator is not None
    task_id = slow_shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"]
    clock[0] += 100
    (slow_shell.here / "taken.jpg").touch()
    before = len(slow_shell.emulator.requests)
    assert slow_shell.run("task", task_id, "-o", "taken.jpg").code == 11
    assert len(slow_shell.emulator.requests) == before
    assert slow_shell.run("task", task_id, "-o", "taken.jpg", "--status").code == 0
    assert slow_shell.run("task", task_id, "-o", "missing/", "--no-download").code == 0
    assert slow_shell.kept == [task_id], "what was not saved can still be"
    name = slow_shell.run("task", task_id, "--json").json["file"]
    again = slow_shell.run("task", task_id)
    assert (again.code, f"{name} exists; --force replaces it" in again.err) == (11, True), again.err


@pytest.mark.parametrize(
    ("name", "repeated"),
    [("my handle.json", True), ("x" * 194 + ".json", True), ("x" * 195 + ".json", False), ("", False)],
)
@linux
def test_what_resumes_a_task_without_a_record_can_be_typed(
    slow_shell: Shell, monkeypatch: pytest.MonkeyPatch, name: str, repeated: bool
) -> None:
    """Without a record, a file given is named to resume a task that continues, unless it is long; JSON is not."""
    task_id = slow_shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"]
    (kept,) = slow_shell.handles
    handle = json.loads(kept.read_text())
    text = json.dumps({each: handle[each] for each in ("id", "polling_url")})
    (slow_shell.here / (name or "unused")).write_text(text)
    command = ["task", name or text, "--timeout", "0.3", "--json"]
    done = slow_shell.run(*command, HOME="/dev/null")
    resume = f"bfl task {shlex.quote(name)}" if repeated else None
    assert (done.code, done.json["error"].get("resume")) == (9, resume), done.err

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Task, "wait", interrupted)
    error = slow_shell.run(*command, HOME="/dev/null").json["error"]
    assert (error["task_id"], error.get("resume")) == (task_id, resume)
    assert ("continues" in error["message"], "emulator" in error["message"]) == (True, False)


def test_the_command_that_resumes_replaces_a_file_if_that_was_asked_for(slow_shell: Shell) -> None:
    """With --force the command that resumes has it, too, or it would refuse the file that may be replaced."""
    (slow_shell.here / "fox.jpg").write_bytes(b"old")
    wanted = ["-o", "fox.jpg", "--force", "--timeout", "0.3"]
    done = slow_shell.run("generate", PICTURE, "a fox", *wanted, "--json")
    (task_id,) = slow_shell.kept
    assert done.json["error"]["resume"] == f"bfl task {task_id} -o fox.jpg --force"
    done = slow_shell.run("task", task_id, "-o", "my fox.jpg", "--timeout", "0.3", "--json")
    assert done.json["error"]["resume"] == f"bfl task {task_id} -o 'my fox.jpg'"


def test_the_beginning_of_an_id_is_enough(shell: Shell) -> None:
    """`bfl task` takes a unique beginning of an id, and `last` for the newest; an ambiguous one names the tasks."""
    first, second = (shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"] for _ in range(2))
    length = next(number for number in range(1, 40) if first[:number] != second[:number])
    assert shell.run("task", first[:length], "--status", "--json").json["id"] == first
    assert shell.run("task", "last", "--status", "--json").json["id"] == second
    listed = sorted(shell.handles)
    (record,) = [path for path in listed if json.loads(path.read_text())["id"] == first]
    twin = {**json.loads(record.read_text()), "id": f"{first}-2"}
    record.with_name("twin.json").write_text(json.dumps(twin))
    done = shell.run("task", first[:-1], "--status")
    assert done.code == 4
    assert f"2 tasks begin with '{first[:-1]}': " in done.err
    assert first in done.err and f"{first}-2" in done.err
    assert shell.run("task", first, "--status", "--json").json["id"] == first, "a whole id is never ambiguous"


def test_last_without_tasks_is_an_unknown_task(shell: Shell) -> None:
    """`bfl task last` with no task, and a beginning that no id has, say where the handles would be."""
    for reference in ("last", "0"):
        done = shell.run("task", reference)
        assert done.code == 4
        assert "see bfl tasks" in done.err


def test_no_remedy_repeats_the_command(slow_shell: Shell) -> None:
    """Whatever stops `bfl task ID`, the remedy is not that very command; --json still names it."""
    task_id = slow_shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"]
    done = slow_shell.run("task", task_id, "--timeout", "0.7", "--json")
    assert (done.code, done.json["error"]["remedy"]) == (9, "--timeout SECONDS waits longer")
    assert done.json["error"]["resume"] == f"bfl task {task_id}"
    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "answer", "operation": "poll", "status": 403})
    done = slow_shell.run("task", task_id)
    assert done.code == 5, done.err
    assert "try: bfl auth status" in done.err
    assert f"bfl task {task_id}" not in done.err


def test_a_look_says_how_far_a_task_is(slow_shell: Shell) -> None:
    """`bfl task ID --status` prints status and progress, in words and as JSON, waits for nothing and saves nothing."""
    assert slow_shell.emulator is not None
    task_id = slow_shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"]
    body = {"id": task_id, "status": "Pending", "progress": 0.0, "cost": 3, "details": {"queue": "long"}}
    slow_shell.emulator.script({"fault": "answer", "operation": "poll", "status": 200, "body": body})
    before = len(slow_shell.emulator.requests)
    done = slow_shell.run("task", task_id, "--status")
    assert (done.code, done.out) == (0, f"Pending  0%  task {task_id}\n"), done.err
    assert len(slow_shell.emulator.requests) == before + 1
    looked = slow_shell.run("task", task_id, "--status", "--json").json
    expected = {"id": task_id, "endpoint": PICTURE, "status": "Pending", "ended": False, "progress": 0.0}
    assert looked == {**expected, "cost": 3.0, "details": {"queue": "long"}}
    assert (slow_shell.files, slow_shell.kept) == ([], [task_id])


@pytest.mark.parametrize(("submitted", "polled", "cost"), [(3, None, 3), (0, None, 0), (3, 5, 5), (3, 0, 0)])
def test_a_saved_task_is_listed_with_file_and_cost(shell: Shell, submitted: int, polled: int | None, cost: int) -> None:
    """`bfl tasks` lists a saved task with the whole path of its file and its cost, even 0, as it was stated last."""
    task_id = shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"]
    assert shell.emulator is not None
    (path,) = shell.handles
    record = json.loads(path.read_text())
    path.write_text(json.dumps({**record, "cost": submitted}))
    ready = httpx.get(record["polling_url"], headers={"x-key": shell.emulator.api_key}, trust_env=False).json()
    body = {**ready, "cost": polled}
    shell.emulator.script({"fault": "answer", "operation": "poll", "status": 200, "body": body})
    done = shell.run("task", task_id, "-o", "fox.jpg", "--json")
    assert (done.code, done.json["endpoint"], done.json["draft"], done.json["cost"]) == (0, PICTURE, None, cost)
    (listed,) = shell.run("tasks", "--json").json
    assert (listed["status"], listed["endpoint"], listed["cost"]) == ("saved", PICTURE, cost)
    assert listed["file"] == str(shell.here / "fox.jpg")
    line = shell.run("tasks").out
    assert f"{cost} credits" in line
    assert line.endswith(f"  {shell.here / 'fox.jpg'}\n")


def test_an_id_that_cannot_be_typed_has_another_name(shell: Shell) -> None:
    """`bfl tasks` lists a task with an odd id by a name that `bfl task` takes, and so does the shell's completion."""
    assert shell.emulator is not None
    shell.tasks.mkdir(parents=True)
    url = f"{shell.emulator.base_url}/v1/get_result?id=x"
    record = {"id": "two words", "endpoint": PICTURE, "polling_url": url, "status": "submitted"}
    (shell.tasks / "a.json").write_text(json.dumps(record))
    name = shell.run("tasks").out.split()[0]
    assert name == state.name_of("two words") != "two words"
    env = {"_BFL_COMPLETE": "complete_bash", "COMP_WORDS": f"bfl task {name[:3]}", "COMP_CWORD": "2"}
    assert shell.run(env=env).out.split() == [name]
    assert shell.run(env={**env, "COMP_WORDS": "bfl task zzz"}).out.split() == []


def test_a_refused_task_is_listed_with_its_cost(shell: Shell) -> None:
    """A task that moderation refused after it was paid is listed with what it cost, and cannot be resumed."""
    assert shell.emulator is not None
    body = {"status": "Content Moderated", "cost": 4, "details": {"Moderation Reasons": ["violence"]}}
    shell.emulator.script({"fault": "answer", "operation": "poll", "status": 200, "body": body})
    error = shell.run("generate", PICTURE, "a fox", "--json").json["error"]
    assert (error["kind"], error["status"], "resume" in error) == ("moderated", "Content Moderated", False)
    (listed,) = shell.run("tasks", "--json").json
    assert (listed["id"], listed["status"], listed["cost"]) == (error["task_id"], "Content Moderated", 4.0)


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ({"operation": "poll", "body": {"status": "Ready", "result": {"sample": "ftp://x.example/a"}}}, "network"),
        ({"operation": "submit", "body": {"id": "task-1"}}, "configuration"),
    ],
)
def test_what_stays_wrong_is_not_answered_with_once_more(shell: Shell, rule: dict[str, Any], kind: str) -> None:
    """Where the same would fail again, as with a URL that is not trusted, the remedy is not to resume the task."""
    assert shell.emulator is not None
    shell.emulator.script({"fault": "answer", "status": 200, **rule})
    error = shell.run("generate", PICTURE, "a fox", "--json").json["error"]
    assert (error["kind"], error["resume"]) == (kind, f"bfl task {error['task_id']}")
    assert "bfl task" not in error["remedy"]


def test_an_interrupt_names_the_task_and_what_it_came_into(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a result is saved, and while it is awaited, is told apart; an emulated task cannot be resumed."""

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for owner, name, doing in (
        (Destination, "save", "while its result was being saved"),
        (Task, "wait", "while waiting for it"),
    ):
        with monkeypatch.context() as patch:
            patch.setattr(owner, name, interrupted)
            error = shell.run("generate", PICTURE, "a fox", "--json").json["error"]
            emulated = shell.run("generate", PICTURE, "a fox", "--json", "--emulator").json["error"]
        assert doing in error["message"]
        assert (error["kind"], error["resume"]) == ("interrupted", f"bfl task {error['task_id']}")
        assert (error["remedy"], "continues" in error["message"]) == (error["resume"], True)
        assert ("resume" in emulated, "ended with its emulator" in emulated["message"]) == (False, True)


def test_a_bug_after_the_payment_says_how_to_resume(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever fails once a task is paid for, the task is kept, and the command that resumes it is named."""

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.setattr(Destination, "save", broken)
    error = shell.run("generate", PICTURE, "a fox", "--json").json["error"]
    assert (error["kind"], error["resume"]) == ("internal", f"bfl task {error['task_id']}")
    assert shell.kept == [error["task_id"]]


@pytest.mark.parametrize(("lasting", "first"), [(True, "correct HTTPS_PROXY"), (False, "bfl task ")])
def test_a_setting_is_corrected_before_a_task_is_resumed(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, lasting: bool, first: str
) -> None:
    """A broken connection is answered with the command that resumes; a wrong proxy first with its correction."""

    def wait(*_: object, **__: object) -> None:
        raise TransportError("gone", Remedy("mend it", "proxy", variable="HTTPS_PROXY"), lasting=lasting)

    monkeypatch.setattr(Task, "wait", wait)
    error = shell.run("generate", PICTURE, "a fox", "--json").json["error"]
    assert (error["kind"], error["remedy"].startswith(first)) == ("network", True), error
    assert error["remedy"].endswith(f"bfl task {error['task_id']}")
