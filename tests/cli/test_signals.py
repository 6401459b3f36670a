"""Ctrl-C, SIGTERM and SIGHUP: each ends a command the same way, and none of them loses a task that may be paid."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from bfl_cli import interrupts, state
from bfl_cli.screen import Screen
from bfl_client import Client
from bfl_client.tasks import Handle

from tests.needs import PICTURE

from .shell import BFL, LIMIT, SIGNALS, Shell, await_true, unix

pytestmark = unix
each_signal = pytest.mark.parametrize("name", SIGNALS)
AWAY = {"BFL_BASE_URL": "http://127.0.0.1:9", "BFL_API_KEY": "bfl_some_key_of_an_emulator"}


@each_signal
def test_a_signal_while_waiting_says_how_to_resume(slow_shell: Shell, name: str) -> None:
    """A signal while a task is waited for is exit code 130, with the command that resumes the task."""
    with slow_shell.start("generate", PICTURE, "a fox", "-o", "fox.jpg") as process:
        process.await_line("Pending")
        process.interrupt(name)
        done = process.end()
    (task_id,) = slow_shell.kept
    assert (done.code, "Traceback" in done.err) == (130, False)
    assert f"  try: bfl task {task_id} -o fox.jpg\n" in done.err


@each_signal
def test_a_signal_during_the_submit_waits_for_its_answer(slow_shell: Shell, clock: list[float], name: str) -> None:
    """A signal while the paid request is under way: its answer arrives, and the task is kept."""
    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "slow", "operation": "submit", "seconds": 1.0})
    with slow_shell.start("generate", PICTURE, "a fox") as process:
        await_true(lambda: slow_shell.emulator and slow_shell.emulator.requests, "the submit")
        process.interrupt(name)
        process.await_line("interrupted: waiting for the answer")
        clock[0] += 2
        done = process.end()
    (task_id,) = slow_shell.emulator.tasks
    assert done.code == 130
    assert f"bfl task {task_id}" in done.err
    assert slow_shell.kept == [task_id]


@each_signal
def test_a_second_signal_during_the_submit_is_reported_as_uncertain(slow_shell: Shell, name: str) -> None:
    """A second signal ends at once, and says that the request may have been paid."""
    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "slow", "operation": "submit", "seconds": 30.0})
    with slow_shell.start("generate", PICTURE, "a fox", "--json") as process:
        await_true(lambda: slow_shell.emulator and slow_shell.emulator.requests, "the submit")
        process.interrupt("SIGINT")
        process.await_line("interrupted: waiting for the answer")
        process.interrupt(name)
        done = process.end()
    assert done.code == 130
    assert "bfl credits" in done.err
    assert json.loads(done.out)["error"]["maybe_submitted"] is True


def test_an_answer_that_does_not_come_is_not_awaited_for_ever(slow_shell: Shell) -> None:
    """One SIGTERM where SIGINT is ignored, as in the background of a script: after the grace bfl ends as uncertain."""
    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "slow", "operation": "submit", "seconds": 2.0 * LIMIT})
    code = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); from bfl_cli import interrupts, main; "
    hasty = [BFL[0], "-c", f"{code}interrupts.GRACE = 0.3; main()"]
    with slow_shell.start("generate", PICTURE, "a fox", program=hasty) as process:
        await_true(lambda: slow_shell.emulator and slow_shell.emulator.requests, "the submit")
        process.interrupt("SIGTERM")
        done = process.end()
    assert (done.code, "bfl credits" in done.err) == (130, True), done.err


@each_signal
def test_a_signal_before_the_submit_spends_nothing(lonely_shell: Shell, name: str) -> None:
    """While the connection is tried again a signal ends the command at once, and nothing was submitted."""
    with lonely_shell.start("generate", PICTURE, "x", "--debug", env=AWAY) as process:
        process.await_line("request failed")
        process.interrupt(name)
        done = process.end()
    assert (done.code, "nothing was submitted" in done.err) == (130, True), done.err
    assert not lonely_shell.handles


@each_signal
def test_a_signal_during_the_download_leaves_no_half_file(slow_shell: Shell, clock: list[float], name: str) -> None:
    """A signal while the picture arrives leaves nothing in the folder, and says how to resume."""
    assert slow_shell.emulator is not None
    clock[0] = 1.0
    slow_shell.emulator.script({"fault": "drip", "operation": "download", "bytes": 64, "seconds": 0.2})
    with slow_shell.start("generate", PICTURE, "a fox") as process:
        process.await_line("Pending")
        clock[0] += 100
        process.await_line("Ready")
        await_true(lambda: downloads(slow_shell) and any(slow_shell.here.rglob("*.part")), "the download")
        process.interrupt(name)
        done = process.end()
    assert (done.code, "while its result was being saved" in done.err, "bfl task" in done.err) == (130, True, True)
    assert slow_shell.files == []
    assert len(slow_shell.handles) == 1


@each_signal
def test_a_signal_that_was_ignored_stays_ignored(slow_shell: Shell, clock: list[float], name: str) -> None:
    """What the program that starts bfl ignores, as nohup does SIGHUP, ends neither the submit nor the waiting."""
    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "slow", "operation": "submit", "seconds": 1.0})
    with slow_shell.start("generate", PICTURE, "a fox", "-o", "fox.jpg", program=ignoring(name)) as process:
        await_true(lambda: slow_shell.emulator and slow_shell.emulator.requests, "the submit")
        process.interrupt(name)
        clock[0] += 2
        process.await_line("Pending")
        process.interrupt(name)
        clock[0] += 100
        done = process.end()
    assert (done.code, slow_shell.files) == (0, ["fox.jpg"]), done.err


def test_a_handle_that_comes_with_an_interrupt_is_kept(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """An interrupt that carries a task's handle, raised after the task was created, ends with the command to resume."""

    def submit(*_: object, **__: object) -> None:
        error = KeyboardInterrupt()
        error.handle = Handle.from_dict({"id": "paid", "polling_url": "https://api.bfl.ai/x"})  # type: ignore[attr-defined]
        raise error

    monkeypatch.setattr(Client, "submit", property(lambda _: submit))
    done = shell.run("generate", PICTURE, "a fox", "--json")
    assert (done.code, done.json["error"]["resume"]) == (130, "bfl task paid")
    assert "maybe_submitted" not in done.json["error"]
    assert shell.kept == ["paid"]


@pytest.mark.parametrize("fault", [[], [{"fault": "polling-url", "url": "https://elsewhere.example/v1/x?id=1"}]])
def test_nothing_interrupts_between_the_answer_and_the_handle(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, fault: list[dict[str, str]]
) -> None:
    """Two signals after the answer, also one whose URL is not trusted, and before the handle is kept lose no task."""
    assert shell.emulator is not None
    shell.emulator.script(*fault)
    keep = state.Keeper.keep

    def slowly(self: state.Keeper, handle: Handle | None) -> state.Kept | None:
        for _ in range(2):
            signal.raise_signal(signal.SIGTERM)
        return keep(self, handle)

    monkeypatch.setattr(state.Keeper, "keep", slowly)
    done = shell.run("generate", PICTURE, "a fox", "--json")
    assert (shell.kept, done.json["error"]["resume"]) == ([task_id := shell.kept[0]], f"bfl task {task_id}")
    assert "waiting for the answer" not in done.err


def test_a_pause_between_two_attempts_can_be_interrupted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pause lasts its time; a signal after it is for the attempt under way, and ends the next pause at once."""
    paused = list[float]()
    monkeypatch.setattr(time, "sleep", paused.append)
    with interrupts.PaidRequest(Screen(quiet=True)) as paid:
        paid.pause(0.05)
        assert not paid.pausing
        signal.raise_signal(signal.SIGTERM)
        with pytest.raises(KeyboardInterrupt):
            paid.pause(LIMIT)
    assert paused == [0.05]


def test_a_signal_in_a_pause_ends_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first signal during a pause is a KeyboardInterrupt at once: no request is under way."""
    monkeypatch.setattr(time, "sleep", lambda seconds: signal.raise_signal(signal.SIGTERM))
    with interrupts.PaidRequest(Screen(quiet=True)) as paid, pytest.raises(KeyboardInterrupt):
        paid.pause(0.05)


def ended(timer: threading.Timer | None) -> None:
    """Fail unless a timer has ended before its time."""
    assert timer is not None
    timer.join(LIMIT)
    assert not timer.is_alive()


def test_an_answered_request_leaves_no_timer_and_no_handler(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the answer, or an error in its place, no timer ends the command, and signals do what they did before."""
    monkeypatch.setattr(interrupts, "GRACE", 3600.0)
    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    for answered in (True, False):
        with pytest.raises(ValueError, match="no task"), interrupts.PaidRequest(Screen(quiet=True)) as paid:
            signal.raise_signal(signal.SIGTERM)
            assert paid._timer is not None
            assert paid._timer.is_alive()
            if answered:
                paid.answered()
                ended(paid._timer)
            raise ValueError("no task")
        ended(paid._timer)
        assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before


def test_a_second_signal_is_not_waited_for() -> None:
    """The first signal during a request is only noted, and the second ends it."""
    with interrupts.PaidRequest(Screen(quiet=True)) as paid, pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
        assert paid.pressed
        signal.raise_signal(signal.SIGINT)


def test_a_request_in_another_thread_is_made_as_well() -> None:
    """In a thread, where Python allows no handlers, a request is made without them."""
    before = [signal.getsignal(number) for number in interrupts.SIGNALS]
    made = list[bool]()

    def work() -> None:
        with interrupts.PaidRequest(Screen(quiet=True)):
            made.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(LIMIT)
    assert made == [True]
    assert [signal.getsignal(number) for number in interrupts.SIGNALS] == before


def test_a_terminal_that_is_closed_loses_no_task(slow_shell: Shell, clock: list[float]) -> None:
    """When the terminal goes away while the paid request is under way, its answer arrives, and the task is kept."""
    if sys.platform == "win32":
        raise NotImplementedError
    import fcntl
    import termios

    assert slow_shell.emulator is not None
    slow_shell.emulator.script({"fault": "slow", "operation": "submit", "seconds": 1.0})
    main, side = os.openpty()
    process = subprocess.Popen(
        [*BFL, "generate", PICTURE, "a fox"],
        cwd=slow_shell.here,
        env=slow_shell.environment(),
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(side)
    await_true(lambda: slow_shell.emulator and slow_shell.emulator.requests, "the submit")
    os.close(main)
    clock[0] += 2
    process.wait(timeout=LIMIT)
    assert slow_shell.kept == list(slow_shell.emulator.tasks)


def downloads(shell: Shell) -> bool:
    """True once a file was asked for."""
    assert shell.emulator is not None
    asked = [request.path for request in list(shell.emulator.requests) if request.method == "GET"]
    return any("get_result" not in path for path in asked)


def ignoring(name: str) -> list[str]:
    """A program that ignores a signal and then becomes bfl."""
    code = f"import os, signal, sys; signal.signal(signal.{name}, signal.SIG_IGN); os.execv(sys.argv[1], sys.argv[1:])"
    return [BFL[0], "-c", code, *BFL]
