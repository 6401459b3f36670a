"""How a batch hears that it is to end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from bfl_batch import worker
from bfl_batch.stopping import Presses, Stop, Stopped
from bfl_batch.store import Store, Turn
from bfl_batch.worker import Crew, Lease, said
from bfl_client import ConfigurationError
from sqlalchemy.exc import OperationalError

from .service import Answer, Service, line

pressed = pytest.mark.skipif(sys.platform == "win32", reason="there is no sending of Ctrl-C to oneself there")


@pressed
def test_ctrl_c_does_not_break_what_the_main_thread_waits_for() -> None:
    """Ctrl-C while a lock is waited for leaves the waiting whole, and is heard once afterwards."""
    lock = threading.Lock()
    lock.acquire()
    press = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT))
    release = threading.Timer(0.15, lock.release)
    before = signal.getsignal(signal.SIGINT)
    with Presses() as presses:
        press.start()
        release.start()
        assert lock.acquire(timeout=30)
        press.join()
        assert [presses.heard(), presses.heard()] == [True, False]
    assert signal.getsignal(signal.SIGINT) is before


@pressed
def test_the_third_press_is_raised() -> None:
    """Two presses are counted; the third is a KeyboardInterrupt at once."""
    with Presses() as presses:
        for _ in range(2):
            signal.raise_signal(signal.SIGINT)
        assert [presses.heard(), presses.heard(), presses.heard()] == [True, True, False]
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]


@pytest.fixture
def handled() -> Iterator[None]:
    """A program with a handler for each signal."""

    def handler(number: int, frame: object) -> None:
        raise AssertionError(number)

    before = {number: signal.signal(number, handler) for number in SIGNALS}
    yield
    for number, usual in before.items():
        signal.signal(number, usual)


@pressed
@pytest.mark.parametrize("number", SIGNALS)
def test_every_way_of_ending_a_program_is_counted(number: signal.Signals, handled: None) -> None:
    """Ctrl-C, SIGTERM and the SIGHUP of a terminal that is closed are heard alike, and not raised."""
    before = signal.getsignal(number)
    with Presses() as presses:
        signal.raise_signal(number)
        assert presses.heard()
    assert signal.getsignal(number) is before


@pressed
@pytest.mark.parametrize("number", SIGNALS[1:])
@pytest.mark.parametrize("usual", [signal.SIG_DFL, signal.SIG_IGN])
def test_without_a_handler_a_signal_does_what_it_did(number: signal.Signals, usual: signal.Handlers) -> None:
    """A signal without a handler ends the process as before, and one that is ignored, as under nohup, stays ignored."""
    before = signal.signal(number, usual)
    try:
        with Presses():
            assert signal.getsignal(number) is usual
    finally:
        signal.signal(number, before)


def test_work_under_way_is_left_only_at_the_second_request() -> None:
    """The first request ends what is not begun yet; only the second ends what waits for its task."""
    stop = Stop()
    stop.before_submit(0.0)
    stop.no_more("credits", "they are too few")
    with pytest.raises(Stopped):
        stop.before_submit(0.0)
    stop.under_way(0.0)
    stop.now("interrupted", "interrupted")
    with pytest.raises(Stopped):
        stop.under_way(60.0)
    assert stop.reason == ("credits", "they are too few")


def test_leaving_at_once_begins_nothing_either() -> None:
    """What leaves the work under way also starts no new work, and gives the reason if there was none before."""
    stop = Stop()
    assert not (stop.wanted or stop.at_once)
    stop.now("database", "it is away")
    assert (stop.wanted, stop.at_once, stop.reason) == (True, True, ("database", "it is away"))
    with pytest.raises(Stopped):
        stop.before_submit(60.0)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("it is 7"), "ValueError: it is 7"),
        (ValueError("a valueerror: 7"), "a valueerror: 7"),
        (ConfigurationError("the folder is gone"), "ConfigurationError: the folder is gone"),
    ],
)
def test_a_failure_is_named_once(error: Exception, text: str) -> None:
    """The reason for which a batch ends has the class of its error, unless the message has it."""
    assert said(error) == text


class Released:
    """What a crew needs of its batch: a place to release jobs."""

    def __init__(self) -> None:
        self.store, self.stop, self.released = self, Stop(), list[Turn]()

    def release(self, turn: Turn) -> None:
        self.released.append(turn)


def test_the_end_waits_for_work_under_way_but_not_for_ever() -> None:
    """`wait_for_all` returns once every job has ended, or when its time is over."""
    gate, work = threading.Event(), Released()

    def step(turn: Turn) -> None:
        gate.wait(60.0)

    given: Any = work
    crew = Crew(given, step)
    crew.start(Turn("fox", 1))
    began = time.monotonic()
    crew.wait_for_all(0.05)
    assert time.monotonic() - began >= 0.05
    assert crew.busy == {"fox"}
    threading.Timer(0.05, gate.set).start()
    crew.wait_for_all(60.0)
    assert not crew.busy
    assert [turn.name for turn in work.released] == ["fox"]


def test_a_job_that_is_begun_again_is_busy_until_both_have_ended() -> None:
    """A job may be taken again before its first thread has ended; then one that ends leaves the other."""
    first, second, work = threading.Event(), threading.Event(), Released()
    left, before = [first, second], threading.enumerate()

    def step(turn: Turn) -> None:
        left.pop(0).wait(60.0)

    given: Any = work
    crew = Crew(given, step)
    for _ in range(2):
        crew.start(Turn("fox", 1))
    threads = [thread for thread in threading.enumerate() if thread not in before]
    assert len(threads) == 2
    first.set()
    while all(thread.is_alive() for thread in threads):
        threads[0].join(0.01)
    assert crew.busy == {"fox"}
    second.set()
    crew.wait_for_all(60.0)
    assert not crew.busy


def test_what_ends_last_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job that ends while its run leaves all work at once is in the report as done."""
    service, fetching, leaving = Service(), threading.Event(), threading.Event()
    release, wait = Store.release, Crew.wait_for_all

    def broken(store: Store, turn: Turn) -> None:
        if turn.name == "owl":
            raise RuntimeError("a bug")
        release(store, turn)

    def left(crew: Crew, seconds: float) -> None:
        leaving.set()
        wait(crew, seconds)

    def polled(made: str, number: int) -> Answer:
        assert made == "fox-1" or fetching.wait(60)
        return None

    def transport(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/fox-1.png":
            fetching.set()
            assert leaving.wait(60)
        return service(request)

    service.on_poll = polled
    monkeypatch.setattr(Store, "release", broken)
    monkeypatch.setattr(Crew, "wait_for_all", left)
    report = service.run([line("fox"), line("owl")], tmp_path / "out", transport=transport)
    assert report.stopped is not None
    assert report.stopped.message == "RuntimeError: a bug"
    assert report.done == 2


# Signs of life


class Alive:
    """A ledger with workers, of which "one" asks; it answers with what the test says.

    Attributes:
        beats: the signs of life of each worker.
        known: whether the worker that asks is not taken for dead.
        struck: who was declared dead, at which sign of life.
    """

    def __init__(self, **beats: int) -> None:
        self.beats, self.known, self.struck = beats, True, list[tuple[str, int]]()

    def beat(self, worker: str) -> bool:
        self.beats[worker] += 1
        return self.known

    def alive(self) -> dict[str, int]:
        return dict(self.beats)

    def strike(self, worker: str, beats: int) -> None:
        self.struck.append((worker, beats))


def steps(monkeypatch: pytest.MonkeyPatch, ledger: Any, stop: Stop, *seconds: float) -> list[float]:
    """Let a lease of 30 seconds look once after each of these times; returns how long it meant to wait."""
    meant, moment, left = list[float](), [0.0], list(seconds)

    def wait(planned: float) -> bool:
        meant.append(planned)
        if not left:
            return True
        moment[0] += left.pop(0)
        return False

    monkeypatch.setattr(worker, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    lease = Lease(ledger, "one", stop, 30.0)
    monkeypatch.setattr(lease, "_over", SimpleNamespace(wait=wait))
    lease._watch()
    return meant


def test_a_silent_process_is_taken_for_dead_after_a_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that gives no sign of life for a whole lease is struck then, with the last sign, and not before."""
    for looks, struck in ((6, []), (8, [("two", 7)])):
        ledger, stop = Alive(one=0, two=7), Stop()
        meant = steps(monkeypatch, ledger, stop, *[5.0] * looks)
        assert ledger.struck == struck
        assert not stop.wanted
        assert max(meant) <= 10.0  # it gives several signs of life in each lease
        assert ledger.beats["one"] == looks


def test_a_process_that_lives_is_not_taken_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that gives a sign of life now and then is not struck, however long the others watch."""

    class Living(Alive):
        def alive(self) -> dict[str, int]:
            self.beats["two"] += self.beats["one"] % 5 == 0
            return super().alive()

    ledger = Living(one=0, two=7)
    steps(monkeypatch, ledger, Stop(), *[5.0] * 60)
    assert ledger.beats["two"] > 15
    assert ledger.struck == []


def test_one_that_has_slept_takes_nobody_for_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that slept for an hour could hear no one: it listens for a whole lease before it strikes anybody."""
    ledger = Alive(one=0, two=7)
    steps(monkeypatch, ledger, Stop(), 5.0, 5.0, 3600.0, *[5.0] * 5)
    assert ledger.struck == []


def test_one_that_was_taken_for_dead_stops_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose work was taken over leaves it at once, says so, and strikes nobody any more."""
    ledger, stop = Alive(one=0, two=7), Stop()
    ledger.known = False
    steps(monkeypatch, ledger, stop, *[5.0] * 20)
    assert stop.at_once
    assert stop.reason is not None
    assert stop.reason.kind == "lease"
    assert ledger.struck == []


def test_a_lease_outlasts_an_outage_of_its_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sign of life that does not reach the database stops nothing: the next one may."""

    class Away(Alive):
        def beat(self, worker: str) -> bool:
            super().beat(worker)
            if self.beats["one"] < 5:
                raise OperationalError("", {}, Exception("server closed the connection"))
            return True

    ledger, stop = Away(one=0), Stop()
    steps(monkeypatch, ledger, stop, *[5.0] * 8)
    assert ledger.beats["one"] == 8
    assert not stop.wanted
