"""bfl task and bfl tasks: what was paid for can be taken up again, whatever happened."""

from __future__ import annotations

import json
import os
import signal
import stat
import time

import pytest
from PIL import Image

from .program import Shell, await_true


def test_an_interrupted_task_is_taken_up_again(slow_shell: Shell, clock: list[float]) -> None:
    """Ctrl-C prints the id and the command to resume; that command fetches the picture; the task is then listed."""
    assert slow_shell.emulator is not None
    with slow_shell.start("generate", "flux-dev", "a fox", "-o", "fox.jpg") as process:
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
    assert f"{task_id}  flux-dev  saved" in again.out
    told = "".join(each.out + each.err for each in (listed, looked, done, again))
    assert not any(secret in told for secret in secrets)
    assert slow_shell.run("task", task_id, "-o", "fox.jpg").code == 11  # still known, and overwrites nothing
    assert slow_shell.run("task", task_id, "--no-download").out.startswith("ready  task")


def test_ctrl_c_during_the_submit_waits_for_its_answer(slow_shell: Shell, clock: list[float]) -> None:
    """Ctrl-C while the paid request is under way: its answer arrives, the task is kept, the way on is told."""
    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "slow", "operation": "submit", "seconds": 1.0})
    with slow_shell.start("generate", "flux-dev", "a fox") as process:
        await_true(lambda: slow_shell.emulator and slow_shell.emulator.requests, "the submit")
        process.interrupt()
        process.await_line("interrupted: waiting for the answer")
        clock[0] += 2
        done = process.end()
    (task_id,) = slow_shell.emulator.tasks
    assert done.code == 130
    assert f"bfl task {task_id}" in done.err
    assert [handle.stem for handle in slow_shell.handles] == [task_id]


def test_ctrl_c_twice_during_the_submit_is_told_as_uncertain(slow_shell: Shell) -> None:
    """A second Ctrl-C ends at once, and says that the request may have been paid."""
    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "slow", "operation": "submit", "seconds": 30.0})
    with slow_shell.start("generate", "flux-dev", "a fox", "--json") as process:
        await_true(lambda: slow_shell.emulator and slow_shell.emulator.requests, "the submit")
        process.interrupt()
        process.await_line("interrupted: waiting for the answer")
        process.interrupt()
        done = process.end()
    assert done.code == 130
    assert "bfl credits" in done.err
    assert json.loads(done.out)["error"]["maybe_submitted"] is True


def test_ctrl_c_before_the_submit_spends_nothing(lonely_shell: Shell) -> None:
    """While the connection is tried again, and while a body is read, Ctrl-C ends at once, and nothing was submitted."""
    away = {"BFL_BASE_URL": "http://127.0.0.1:9", "BFL_API_KEY": "bfl_some_key_of_an_emulator"}
    with lonely_shell.start("generate", "flux-dev", "x", "--debug", env=away) as process:
        process.await_line("request failed")
        process.interrupt()
        done = process.end()
    assert (done.code, "nothing was submitted" in done.err) == (130, True), done.err
    assert not lonely_shell.handles


def test_ctrl_c_during_the_download_leaves_no_half_file(slow_shell: Shell, clock: list[float]) -> None:
    """Ctrl-C, or SIGTERM, while the picture arrives leaves nothing in the folder, and tells the way on."""
    assert slow_shell.emulator is not None
    clock[0] = 1.0
    slow_shell.emulator.script({"fault": "drip", "operation": "download", "bytes": 64, "seconds": 0.2})
    for number in (signal.SIGINT, signal.SIGTERM):
        with slow_shell.start("generate", "flux-dev", "a fox") as process:
            process.await_line("Pending")
            clock[0] += 100
            process.await_line("Ready")
            await_true(lambda: any(slow_shell.here.rglob("*.part")), "the download")
            process.interrupt(number)
            done = process.end()
        assert (done.code, "while its result was being saved" in done.err, "bfl task" in done.err) == (130, True, True)
        assert slow_shell.files == []
    assert len(slow_shell.handles) == 2


def test_a_killed_bfl_leaves_its_handle(slow_shell: Shell) -> None:
    """After kill -9 while waiting, the handle is there and holds what resuming needs."""
    assert slow_shell.emulator is not None
    with slow_shell.start("generate", "flux-dev", "a fox") as process:
        process.await_line("Pending")
        process.process.kill()
        process.end()
    (handle,) = slow_shell.handles
    assert json.loads(handle.read_text())["id"] in slow_shell.emulator.tasks


def test_a_timeout_leaves_the_way_on(slow_shell: Shell) -> None:
    """A task that is not ready in time is exit code 9, with the command that takes it up again."""
    done = slow_shell.run("generate", "flux-dev", "a fox", "--timeout", "0.7", "--json")
    assert done.code == 9
    error = done.json["error"]
    assert (error["kind"], error["resume"]) == ("timeout", f"bfl task {error['task_id']}")
    assert len(slow_shell.handles) == 1


@pytest.mark.parametrize("form", ["file", "text", "standard input"])
def test_a_handle_is_enough_on_another_machine(shell: Shell, form: str) -> None:
    """A handle in a file, as JSON on the command line or on standard input is taken up where its id is not known."""
    submitted = shell.run("generate", "flux-dev", "a fox", "--no-wait", "--json").json
    (handle,) = shell.handles
    text = handle.read_text()
    handle.unlink()
    (shell.here / "handle.json").write_text(text)
    reference = {"file": "handle.json", "text": text, "standard input": "-"}[form]
    done = shell.run("task", reference, "-o", "fox.jpg", "--json", stdin=text.encode())
    assert (done.code, done.json["id"]) == (0, submitted["id"]), done.err


def test_an_unknown_task_is_an_error(shell: Shell) -> None:
    """A task that was never kept is one line, not a traceback; a hostile id stays in its folder."""
    (shell.here / "empty.json").write_text("{}")
    for name in ("../../../etc/passwd", "x" * 5000, "empty.json"):
        done = shell.run("task", name)
        assert done.code == 4
        assert done.err.startswith("bfl: ")
        assert done.err.count("\n") == 1


def test_old_handles_are_removed(shell: Shell) -> None:
    """When a task is kept, unfinished ones of more than 30 days and ended ones of more than 7 are removed."""
    shell.tasks.mkdir(parents=True)
    for name, days in (("a.json", 31), ("b.json", 29), ("c.ended", 8), ("d.ended", 6)):
        path = shell.tasks / name
        path.write_text(json.dumps({"id": path.stem, "submitted_at": "2026-01-01T00:00:00+00:00"}))
        os.utime(path, (then := time.time() - days * 86400, then))
    (shell.tasks / "broken.json").write_text("{")
    assert shell.run("generate", "flux-dev", "x", "--no-wait").code == 0
    kept = {path.name for path in shell.tasks.iterdir()}
    assert {"b.json", "d.ended"} <= kept
    assert not {"a.json", "c.ended"} & kept
    assert shell.run("tasks", "--json").code == 0
