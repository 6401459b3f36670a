"""bfl task and bfl tasks: what was paid for can be resumed, whatever happened."""

from __future__ import annotations

import json
import stat

import pytest
from bfl_client import policy
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


@pytest.mark.parametrize("form", ["file", "text", "standard input"])
def test_a_handle_is_enough_on_another_machine(shell: Shell, form: str) -> None:
    """A handle in a file, as JSON on the command line or on standard input is resumed where its id is not known."""
    submitted = shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json
    (handle,) = shell.handles
    text = handle.read_text()
    handle.unlink()
    (shell.here / "handle.json").write_text(text)
    reference = {"file": "handle.json", "text": text, "standard input": "-"}[form]
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
    name = slow_shell.run("task", task_id, "--json").json["file"]
    again = slow_shell.run("task", task_id)
    assert (again.code, f"{name} exists; --force replaces it" in again.err) == (11, True), again.err


@pytest.mark.parametrize(("length", "repeated"), [(199, True), (200, False)])
@linux
def test_a_long_handle_is_not_repeated(slow_shell: Shell, length: int, repeated: bool) -> None:
    """Where no handle can be kept, the command that resumes has the handle given, unless that is too long to read."""
    assert slow_shell.emulator is not None
    task_id = slow_shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"]
    (kept,) = slow_shell.handles
    url = json.loads(kept.read_text())["polling_url"]
    reference = json.dumps({"id": task_id, "polling_url": url}).ljust(length)
    assert len(reference) == length
    done = slow_shell.run("task", reference, "--timeout", "0.3", "--json", HOME="/dev/null")
    assert (done.code, "resume" in done.json["error"]) == (9, repeated), done.err


def test_the_command_that_resumes_replaces_a_file_if_that_was_asked_for(slow_shell: Shell) -> None:
    """With --force the command that resumes has it, too, or it would refuse the file that may be replaced."""
    (slow_shell.here / "fox.jpg").write_bytes(b"old")
    wanted = ["-o", "fox.jpg", "--force", "--timeout", "0.3"]
    done = slow_shell.run("generate", PICTURE, "a fox", *wanted, "--json")
    (task_id,) = slow_shell.kept
    assert done.json["error"]["resume"] == f"bfl task {task_id} -o fox.jpg --force"


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
