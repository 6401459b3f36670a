"""Emulators for the program bfl, and shells to run it from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_emulator import Emulator

from .shell import Shell


@pytest.fixture(scope="module")
def quick_emulator() -> Iterator[Emulator]:
    """An emulator whose tasks are ready at once, shared by the tests of a module."""
    with Emulator(speed=float("inf"), finetunes=["my-finetune"]) as emulator:
        yield emulator
    emulator.assert_no_leaks()


@pytest.fixture
def shell(tmp_path: Path, quick_emulator: Emulator) -> Iterator[Shell]:
    """A shell that uses the shared emulator; what a test scripts is undone."""
    yield Shell(tmp_path, quick_emulator)
    quick_emulator.clear_script()


@pytest.fixture
def clock() -> list[float]:
    """The time of `slow_shell`'s emulator, seconds; add to it to let time pass."""
    return [0.0]


@pytest.fixture
def slow_shell(tmp_path: Path, clock: list[float]) -> Iterator[Shell]:
    """A shell that uses an emulator of its own, whose time stands still until the test moves `clock`."""
    with Emulator(clock=lambda: clock[0]) as emulator:
        yield Shell(tmp_path, emulator)
    emulator.assert_no_leaks()


@pytest.fixture
def lonely_shell(tmp_path: Path) -> Shell:
    """A shell without a key and without a service."""
    return Shell(tmp_path)
