"""What the tests of batches run against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_emulator import Emulator

from .running import Batch


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator whose tasks are ready at once."""
    with Emulator(speed=float("inf")) as emulator:
        yield emulator


@pytest.fixture
def batch(tmp_path: Path, emulator: Emulator) -> Batch:
    """A batch in an empty folder."""
    return Batch(tmp_path / "here", emulator)
