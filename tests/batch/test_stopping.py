"""How a batch hears that it is to end."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
from bfl_batch.stopping import Presses

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no sending of Ctrl-C to oneself there")


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


@pytest.mark.parametrize("number", SIGNALS)
def test_every_way_of_ending_a_program_is_counted(number: signal.Signals, handled: None) -> None:
    """Ctrl-C, SIGTERM and the SIGHUP of a terminal that is closed are heard alike, and not raised."""
    before = signal.getsignal(number)
    with Presses() as presses:
        signal.raise_signal(number)
        assert presses.heard()
    assert signal.getsignal(number) is before


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
