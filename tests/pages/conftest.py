"""What a page is played with: an emulator, and a folder with the files that its programs send."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import certifi
import pytest
from bfl_emulator import Emulator

from docs.pictures import write_inputs


@pytest.fixture(scope="session")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that pages read: `photo.jpg`, `mask.png`, `clip.mp4`, and so on."""
    folder = tmp_path_factory.mktemp("samples")
    write_inputs(folder)
    shutil.copy(certifi.where(), folder / "company.pem")
    return folder


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator whose tasks are ready at once."""
    with Emulator(speed=float("inf"), credits=1000, finetunes=["my-finetune"]) as emulator:
        yield emulator
    emulator.assert_no_leaks()
