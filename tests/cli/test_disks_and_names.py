"""Disks that are full, folders that cannot be written, homes that are missing, file names that are not UTF-8."""

from __future__ import annotations

import errno
import os
import shlex
import sys

import pytest
from bfl_cli import state

from tests.needs import EDITING, PICTURE

from .shell import Shell, linux, unix


@unix
def test_a_full_disk_before_the_submit_costs_nothing(shell: Shell) -> None:
    """Where not even a handle can be written, nothing is submitted."""
    assert shell.emulator is not None
    before = len(shell.emulator.tasks)
    done = shell.process("generate", PICTURE, "a fox", size=100)
    assert (done.code, "nothing was submitted" in done.err) == (11, True), done.err
    assert len(shell.emulator.tasks) == before
    assert shell.files == []


@unix
def test_a_full_disk_after_the_submit_says_how_to_resume(shell: Shell) -> None:
    """Where the picture does not fit, no part of it is left, and the task can be resumed."""
    done = shell.process("generate", PICTURE, "a fox", "-o", "fox.jpg", "--json", size=4096)
    assert (done.code, shell.files) == (11, [])
    error = done.json["error"]
    assert "File too large" in error["message"]
    assert error["resume"] == f"bfl task {error['task_id']} -o fox.jpg"
    done = shell.run(*error["resume"].split()[1:])
    assert (done.code, shell.files) == (0, ["fox.jpg"])


def test_a_handle_that_fits_nowhere_is_printed(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A handle that fits on no disk once its task is paid is printed, and as a file it resumes the task."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(state, "_write", full)
        paid = shell.run("generate", PICTURE, "a fox", "--no-wait", "--json", "--quiet")
    warning, handle = paid.err.splitlines()
    assert (paid.json["id"] in warning, "bfl task FILE" in warning, shell.kept) == (True, True, [])
    (shell.here / "handle.json").write_text(handle)
    assert shell.run("task", "handle.json", "--json", "-o", "fox.jpg").json["id"] == paid.json["id"]


@unix
def test_without_a_state_folder_the_handle_goes_beside_the_result(slow_shell: Shell, clock: list[float]) -> None:
    """A state folder that cannot be made is a warning; the handle is then beside the result until that is saved."""
    blocked = slow_shell.tasks.parent.parent.parent
    blocked.parent.mkdir(parents=True, exist_ok=True)
    blocked.write_text("not a folder")
    with slow_shell.start("generate", PICTURE, "a fox") as process:
        assert "warning" in process.await_line("no handle can be kept in")
        process.await_line("Pending")
        process.interrupt()
        done = process.end()
    (handle,) = slow_shell.here.iterdir()
    assert (done.code, f"bfl task {shlex.quote(str(handle))}" in done.err) == (130, True), done.err
    assert handle.stat().st_mode & 0o777 == 0o600
    clock[0] += 100
    done = slow_shell.run("task", str(handle), "-o", "fox.jpg")
    assert done.code == 0, done.err
    done = slow_shell.run("tasks")
    assert (done.code, done.out) == (0, "no tasks\n")


@linux
def test_without_a_home_a_picture_is_made(shell: Shell) -> None:
    """A home that is missing, or not a folder, hinders nothing, and leaves only the picture."""
    for home in ("/dev/null", "/dev/null/nobody"):
        done = shell.run("generate", PICTURE, "a fox", "-o", "fox.jpg", "--force", "--quiet", HOME=home)
        assert (done.code, done.err) == (0, ""), done.err
        assert shell.files == ["fox.jpg"]
    assert shell.run("auth", "status", HOME="/dev/null").code == 0


@linux
def test_a_place_that_cannot_be_written_is_named_before_the_submit(shell: Shell) -> None:
    """A file where a folder should be, and a folder where nobody may write, are reported before anything is paid."""
    assert shell.emulator is not None
    before = len(shell.emulator.tasks)
    (shell.here / "file").write_text("x")
    for place in ("file/fox.jpg", "/proc/fox.jpg", "/proc"):
        assert shell.run("generate", PICTURE, "a fox", "-o", place).code == 11
    assert len(shell.emulator.tasks) == before


@linux
def test_a_name_that_is_not_utf_8(shell: Shell) -> None:
    """Files whose names are not UTF-8 are sent, written and printed as they are, on an ASCII terminal too."""
    from PIL import Image

    name = b"f\xfcchs.png"
    Image.new("RGB", (300, 300)).save(os.fsdecode(os.fsencode(shell.here) + b"/" + name), format="PNG")
    sent = b"input_image=@" + name
    done = shell.process("generate", EDITING, "a fox", "-p", sent, "-o", b"r\xe4sult.jpg", LC_ALL="C.UTF-8")
    assert done.code == 0, done.err
    assert done.out.startswith("r\udce4sult.jpg  task")
    assert os.path.exists(os.fsencode(shell.here) + b"/r\xe4sult.jpg")
    done = shell.process("task", done.out.split()[2], "-o", b"r\xe4sult.jpg", "--json", PYTHONIOENCODING="ascii")
    assert done.code == 11
    assert "exists" in done.json["error"]["message"]
    assert shell.process("tasks", PYTHONIOENCODING="ascii").code == 0
    assert shell.process("describe", EDITING, PYTHONIOENCODING="ascii").code == 0


@unix
def test_a_pipe_is_no_place_for_a_result(shell: Shell) -> None:
    """-o with the name of a pipe or a device is refused before anything is paid, also with --force."""
    if sys.platform != "win32":
        os.mkfifo(shell.here / "pipe")
    assert shell.emulator is not None
    before = len(shell.emulator.tasks)
    for place in ("pipe", "/dev/null"):
        done = shell.run("generate", PICTURE, "a fox", "-o", place, "--force", "--no-validate")
        assert (done.code, f"{place} is neither a file nor a folder" in done.err) == (11, True), done.err
    assert len(shell.emulator.tasks) == before


def test_nothing_is_submitted_without_a_place_for_its_handle(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where neither the state folder nor the result's takes a handle, nothing is paid, and both are named."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert shell.emulator is not None
    before = len(shell.emulator.tasks)
    monkeypatch.setattr(state, "ready", full)
    done = shell.run("generate", PICTURE, "a fox", "--no-wait")
    assert (done.code, str(shell.tasks) in done.err, "nothing was submitted" in done.err) == (11, True, True), done.err
    assert len(shell.emulator.tasks) == before
    assert shell.run("generate", PICTURE, "a fox", "--emulator", "-o", "fox.jpg").code == 0, "it keeps none"
