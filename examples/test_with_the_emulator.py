"""An application's function, and its tests: the emulator stands in for the service, at no cost. ``pytest`` runs them.

The fixture `bfl_emulator` comes with ``pip install "bfl-client[emulator]"``.
"""

from pathlib import Path

import pytest
from bfl_client import Client, ContentModerated
from bfl_emulator import Emulator


def portrait(client: Client, name: str, folder: Path) -> Path:
    """The function to test: makes a portrait, or raises ContentModerated."""
    return client.generate.flux_2_pro(prompt=f"portrait of {name}", width=512, height=512).save(folder / "portrait.jpg")


@pytest.mark.bfl_emulator(env=True)
def test_a_portrait_is_saved(bfl_emulator: Emulator, tmp_path: Path) -> None:
    """A portrait is on disk, although one poll was answered by a broken proxy, and three credits were spent."""
    before = bfl_emulator.credits
    bfl_emulator.script({"fault": "html", "operation": "poll", "nth": 1})
    with Client() as client:
        assert portrait(client, "Ada", tmp_path).stat().st_size > 1000
    assert before - bfl_emulator.credits == 3


@pytest.mark.bfl_emulator(env=True)
def test_a_refusal_leaves_no_file(bfl_emulator: Emulator, tmp_path: Path) -> None:
    """A portrait that moderation refuses raises its own error, and leaves no file."""
    with Client() as client, pytest.raises(ContentModerated):
        portrait(client, "#content-moderated", tmp_path)
    assert not list(tmp_path.iterdir())
