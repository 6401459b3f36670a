"""How a batch hears that it is to end."""

from __future__ import annotations

import os
import signal
import sys
import threading

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


def test_sigterm_without_a_handler_ends_the_process_as_before() -> None:
    """SIGTERM is heard only where the program has a handler for it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        with Presses():
            assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    finally:
        signal.signal(signal.SIGTERM, before)
