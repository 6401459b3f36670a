"""Finished files as a model sees them: small pictures, links, and the record of tasks."""

from __future__ import annotations

import base64
import io
import json
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from bfl_client.tasks import Handle
from bfl_mcp import previews, resources
from bfl_mcp.settings import Settings
from bfl_mcp.shelf import SAVED, Memory, shown
from bfl_mcp.studio import Studio
from mcp.shared.exceptions import MCPError
from mcp.types import BlobResourceContents, TextResourceContents
from PIL import Image

POLLED = "https://api.bfl.ai/v1/get_result?id=1"


def _handle(name: str, cost: float | None = None) -> Handle:
    return Handle.of({"id": name, "polling_url": POLLED, "cost": cost}, "flux-dev")


def _studio(output: Path, *names: str) -> Studio:
    """A studio with a finished task for each file, the last one the newest."""
    studio = Studio(mock.Mock(), Settings(output), mock.Mock(), Memory())
    for name in names:
        (output / name).write_bytes(name.encode())
        studio.shelf.keep(_handle(f"task of {name}"))
        studio.shelf.ended(_handle(f"task of {name}"), SAVED, output / name, 3.0)
    return studio


def _small(path: Path) -> Image.Image:
    data = previews.thumbnail(path)
    assert data is not None
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_a_small_version_has_the_shape_of_the_picture(tmp_path: Path) -> None:
    """A wide picture stays wide, and one that is small already stays as it is."""
    Image.new("RGB", (1600, 400), (200, 80, 40)).save(tmp_path / "wide.png")
    assert _small(tmp_path / "wide.png").size == (768, 192)
    Image.new("RGB", (64, 32), (200, 80, 40)).save(tmp_path / "small.png")
    small = _small(tmp_path / "small.png")
    assert small.size == (64, 32)
    shade = small.getpixel((10, 10))
    assert isinstance(shade, tuple)
    assert all(abs(a - b) < 8 for a, b in zip(shade, (200, 80, 40), strict=True))


@pytest.mark.parametrize("mode", ["RGBA", "P", "L", "LA", "CMYK"])
def test_every_kind_of_picture_has_a_small_version(tmp_path: Path, mode: str) -> None:
    """Pictures with transparency, palettes or without colour are shown, too."""
    path = tmp_path / f"picture.{'jpg' if mode == 'CMYK' else 'png'}"
    Image.new(mode, (32, 32)).save(path)
    assert _small(path).mode == "RGB"


@pytest.mark.parametrize("damage", ["truncated", "corrupted", "text", "huge", "missing"])
def test_what_cannot_be_read_is_not_shown(tmp_path: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that Pillow refuses, for whatever reason, has no small version; the file itself is saved all the same."""
    path = tmp_path / "picture.png"
    Image.effect_noise((64, 64), 100).save(path)
    data = path.read_bytes()
    if damage == "huge":
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    else:
        kept = {"truncated": data[:200], "corrupted": data[:60] + b"\0" * 900 + data[960:], "text": b"a fox"}
        path.unlink() if damage == "missing" else path.write_bytes(kept[damage])
    assert previews.thumbnail(path) is None


def test_a_link_can_be_read(tmp_path: Path) -> None:
    """The link to a file whose name has blanks and signs is a URI by which the file is read, with its type and size."""
    name = "a fox #1 50%.png"
    studio = _studio(tmp_path, name)
    link = resources.link(tmp_path / name)
    assert (link.name, link.mime_type, link.size) == (name, "image/png", len(name))
    assert not set(" #") & set(link.uri)
    (content,) = resources.read(studio, link.uri).contents
    assert isinstance(content, BlobResourceContents)
    assert (base64.b64decode(content.blob), content.mime_type) == (name.encode(), "image/png")


def test_the_type_of_an_unknown_file(tmp_path: Path) -> None:
    """A file whose name tells nothing is bytes, and a video is a video."""
    _studio(tmp_path, "fox.draft", "fox.mp4")
    types = [resources.link(tmp_path / name).mime_type for name in ("fox.draft", "fox.mp4")]
    assert types == ["application/octet-stream", "video/mp4"]


def test_resources_begin_with_the_newest(tmp_path: Path) -> None:
    """The list has the newest task first, with its status, and its file right behind it."""
    studio = _studio(tmp_path, "old.png", "new.png")
    studio.shelf.keep(_handle("under way"))
    listed = resources.listed(studio)
    assert [each.name for each in listed] == [
        *("task under way", "task task of new.png", "new.png"),
        *("task task of old.png", "old.png"),
    ]
    assert [each.description for each in listed if each.name.startswith("task")] == ["submitted", "saved", "saved"]
    assert [(each.mime_type, each.size) for each in listed if each.name == "new.png"] == [("image/png", 7)]


def test_the_list_of_resources_ends(tmp_path: Path) -> None:
    """Of very many tasks the newest are listed; an older one can still be read by its name."""
    studio = Studio(mock.Mock(), Settings(tmp_path), mock.Mock(), Memory())
    for number in range(500):
        studio.shelf.keep(_handle(str(number)))
    names = [each.name for each in resources.listed(studio)]
    assert 100 <= len(names) <= 300
    assert names[:2] == ["task 499", "task 498"]
    assert resources.read(studio, "bfl://tasks/0").contents


def test_a_task_is_read_by_the_name_in_the_list(tmp_path: Path) -> None:
    """The handle of a task is read as JSON by the URI that the list has, whatever its id; its polling URL is not."""
    studio = Studio(mock.Mock(), Settings(tmp_path), mock.Mock(), Memory())
    studio.shelf.keep(_handle("a/b #1?", 3.0))
    studio.shelf.keep(_handle("another"))
    uri = resources.listed(studio)[1].uri
    assert not set(" #?") & set(uri)
    (content,) = resources.read(studio, uri).contents
    assert isinstance(content, TextResourceContents)
    found = json.loads(content.text)
    assert (found["id"], found["endpoint"], found["status"], found["cost"]) == ("a/b #1?", "flux-dev", "submitted", 3.0)
    assert POLLED not in content.text


@pytest.mark.parametrize("uri", ["bfl://tasks/none", "bfl://files/none.png", "bfl://files/", "file:///etc/passwd"])
def test_nothing_else_is_a_resource(tmp_path: Path, uri: str) -> None:
    """Whatever is not in the record is refused as a mistake of the client (-32602, by JSON-RPC)."""
    studio = _studio(tmp_path, "fox.png")
    (tmp_path / "none.png").write_bytes(b"not ours")
    with pytest.raises(MCPError, match="resources/list") as caught:
        resources.read(studio, uri)
    assert caught.value.error.code == -32602


def test_a_file_may_be_too_large_to_hand_over(tmp_path: Path) -> None:
    """A file of many megabytes is not read into a conversation: its path is told instead."""
    studio = _studio(tmp_path, "film.mp4")
    with (tmp_path / "film.mp4").open("wb") as file:
        file.truncate(100 * 1024**2)
    with pytest.raises(MCPError, match=r"MiB.*film\.mp4"):
        resources.read(studio, resources.link(tmp_path / "film.mp4").uri)


def test_the_record_of_a_task_grows() -> None:
    """A task is recorded as submitted and then as it ended; an end without a cost leaves the cost that was known."""
    shelf = Memory()
    shelf.keep(_handle("1", 3.0))
    expected: dict[str, Any] = {"id": "1", "endpoint": "flux-dev", "status": "submitted", "cost": 3.0, "file": None}
    assert {name: value for name, value in shown(shelf.listed()[0]).items() if name != "submitted_at"} == expected
    shelf.ended(_handle("1"), SAVED, Path("fox.png"), None)
    found = shelf.find("1")
    assert found is not None
    assert (found["status"], found["cost"], found["file"], found["polling_url"]) == (SAVED, 3.0, "fox.png", POLLED)
    shelf.ended(_handle("1"), SAVED, Path("fox.png"), 2.0)
    assert shelf.listed()[0]["cost"] == 2.0
    shelf.ended(_handle("2"), "Error", None, None)  # of a task that was resumed
    assert [each["id"] for each in shelf.listed()] == ["2", "1"]
    assert shelf.find("3") is None


def test_a_file_counts_once_it_is_saved(tmp_path: Path) -> None:
    """A file belongs to a task only if it was saved for it, into the output folder itself, and is still there."""
    studio = _studio(tmp_path, "fox.png")
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "fox.png").write_bytes(b"fox")
    record = studio.shelf.listed()[0]
    assert studio.file_of(record) == tmp_path / "fox.png"
    for change in ({"status": "Error"}, {"file": None}, {"file": str(tmp_path / "deeper" / "fox.png")}):
        assert studio.file_of({**record, **change}) is None
    for wrong in ("none.png", "deeper", "fox.png/more"):
        assert studio.file_of({**record, "file": str(tmp_path / wrong)}) is None
