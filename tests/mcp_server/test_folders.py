"""What a model may send: which paths are opened, as what, and what the refusal of another one says."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
from bfl_client import specification
from bfl_client.errors import ConstraintError
from bfl_mcp import folders
from bfl_mcp.folders import Folders
from bfl_mcp.settings import Settings

from tests.cli.shell import unix
from tests.needs import EDITING

from .conftest import Bench

MEDIA, OTHER = sorted(specification.marked_media(EDITING))[:2]


def _refusal(allowed: Folders, parameters: dict[str, Any], endpoint: str = EDITING) -> list[str]:
    with pytest.raises(ConstraintError) as caught, allowed.opened(endpoint, parameters):
        raise AssertionError
    return [str(each) for each in caught.value.violations]


@pytest.fixture
def allowed(bench: Bench) -> Folders:
    """One folder that may be read."""
    return Folders(Settings(bench.output, (bench.inputs,)))


def test_a_file_is_sent_whole_and_closed(bench: Bench, allowed: Folders) -> None:
    """The body has an open file from its first byte on; it is closed afterwards, also if what follows fails."""
    path = bench.picture()
    with pytest.raises(RuntimeError), allowed.opened(EDITING, {"prompt": "a fox", MEDIA: "cat.png"}) as body:
        assert body[MEDIA].read() == path.read_bytes()
        assert body["prompt"] == "a fox"
        raise RuntimeError
    assert body[MEDIA].closed


def test_a_refused_request_leaves_no_file_open(bench: Bench, allowed: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """If one of two files is refused, the other one is closed, and so is the refused one."""
    opened: list[Any] = []
    really = os.fdopen

    def watch(descriptor: int, *rest: Any) -> Any:
        opened.append(really(descriptor, *rest))
        return opened[-1]

    bench.picture()
    (bench.inputs / "words.png").write_text("words")
    monkeypatch.setattr(os, "fdopen", watch)
    _refusal(allowed, {MEDIA: "cat.png", OTHER: "words.png"})
    assert [each.closed for each in opened] == [True, True]


def test_a_video_is_sent(bench: Bench, allowed: Folders) -> None:
    """A video in an allowed folder is opened where an endpoint takes one."""
    taking = [
        (name, parameter)
        for name, each in specification.ENDPOINTS.items()
        for parameter in specification.media_parameters(name)
        if specification.media_kinds(specification.body_schema(each.path), (parameter,)) == {"video"}
    ]
    if not taking:
        pytest.skip("no endpoint takes a video")
    film = b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(2000)
    (bench.inputs / "film.mp4").write_bytes(film)
    name, parameter = taking[0]
    with allowed.opened(name, {parameter: "film.mp4"}) as body:
        assert body[parameter].read() == film


def test_pictures_in_a_list_are_opened(bench: Bench, allowed: Folders) -> None:
    """Each path in a list is opened, and a wrong one is named by its place in it."""
    lists = [
        (name, parameter)
        for name in specification.ENDPOINTS
        for parameter in specification.marked_media(name)
        if "array" in specification.parameters(name)[parameter].types
        and specification.takes_media(specification.parameters(name)[parameter].schema, (0,))
    ]
    if not lists:
        pytest.skip("no endpoint takes a list of pictures")
    name, parameter = lists[0]
    path = bench.picture()
    with allowed.opened(name, {parameter: ["cat.png", str(path)]}) as body:
        assert [each.read() for each in body[parameter]] == [path.read_bytes()] * 2
    refused = _refusal(allowed, {parameter: ["cat.png", "dog.png"]}, name)
    assert [each.partition(":")[0] for each in refused] == [f"{parameter}[1]"]


@unix
def test_an_allowed_folder_may_be_a_link(bench: Bench) -> None:
    """With a link to a folder as --allow-read, the files in that folder may be sent."""
    bench.picture()
    (bench.root / "link").symlink_to(bench.inputs)
    allowed = Folders(Settings(bench.output, (bench.root / "link",)))
    assert allowed.find("cat.png") == (bench.inputs / "cat.png").resolve()
    assert allowed.find(str(bench.root / "link" / "cat.png")) == (bench.inputs / "cat.png").resolve()


def test_a_neighbour_of_an_allowed_folder_is_not_read(bench: Bench, allowed: Folders) -> None:
    """A folder whose name begins like that of an allowed one is another folder."""
    (bench.root / "in-private").mkdir()
    assert allowed.find(str(bench.picture(bench.root / "in-private" / "cat.png"))) is None


def test_each_allowed_folder_is_searched(bench: Bench) -> None:
    """With two folders a relative path is found in either, and both are named in a refusal."""
    (bench.root / "more").mkdir()
    path = bench.picture(bench.root / "more" / "dog.png")
    both = Folders(Settings(bench.output, (bench.inputs, bench.root / "more")))
    assert both.find("dog.png") == path.resolve()
    (said,) = _refusal(both, {MEDIA: "none.png"})
    assert str(bench.inputs.resolve()) in said
    assert str((bench.root / "more").resolve()) in said


def test_a_long_path_is_found(bench: Bench, allowed: Folders) -> None:
    """Paths may be as long as the system allows, folders within folders included."""
    folder = bench.inputs.joinpath(*["folder" * 5] * 4)
    folder.mkdir(parents=True)
    assert allowed.find(str(bench.picture(folder / "cat.png"))) is not None


def test_the_refusal_of_a_path_says_what_to_do(bench: Bench, allowed: Folders) -> None:
    """A refused path is told with the parameter, the path and what may be read, or how that is allowed."""
    (said,) = _refusal(allowed, {"prompt": "a fox", MEDIA: "none.png"})
    assert said.startswith(f"{MEDIA}: ")
    assert "none.png" in said
    assert str(bench.inputs.resolve()) in said
    (said,) = _refusal(Folders(Settings(bench.output)), {MEDIA: "none.png"})
    assert "--allow-read" in said


def test_every_mistake_is_told(bench: Bench, allowed: Folders) -> None:
    """A request with a wrong path, a text in place of a picture and a webhook is refused for each of them."""
    (bench.inputs / "words.png").write_text("words")
    said = _refusal(allowed, {MEDIA: "none.png", OTHER: "words.png", "webhook_url": "https://elsewhere.example/"})
    assert len(said) == 3
    assert "neither a picture nor a video" in said[1]
    assert "not available" in said[2]


def test_what_the_system_says_is_the_reason(bench: Bench, allowed: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be opened is refused with the system's reason, and without its place on the disk."""
    bench.picture()

    def refuse(path: Any, flags: int) -> int:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "open", refuse)
    (said,) = _refusal(allowed, {MEDIA: "cat.png"})
    assert "Permission denied" in said
    assert str(bench.inputs) not in said


@pytest.mark.parametrize("url", ["https://host.example/a.png", "HTTPS://host.example/a.png", "http://host.example/a"])
def test_a_url_is_for_the_service(bench: Bench, allowed: Folders, url: str) -> None:
    """A URL, in any case, is sent as it is; an emulator would fetch it from this machine, so there it is refused."""
    with allowed.opened(EDITING, {MEDIA: url}) as body:
        assert body == {MEDIA: url}
    (said,) = _refusal(Folders(Settings(bench.output, (bench.inputs,), emulated=True)), {MEDIA: url})
    assert "emulator does not fetch URLs" in said


def test_base64_of_a_picture_is_sent(bench: Bench, allowed: Folders) -> None:
    """Base64 of a picture is sent as it is; a mistyped path that could be base64 is a path."""
    encoded = base64.b64encode(bench.picture().read_bytes()).decode()
    with allowed.opened(EDITING, {MEDIA: encoded}) as body:
        assert body == {MEDIA: encoded}
    (said,) = _refusal(allowed, {MEDIA: "cats/cat"})
    assert "files may be read from" in said


def test_the_data_of_a_draft_may_be_base64(bench: Bench, allowed: Folders) -> None:
    """Where any file is taken, base64 of unknown bytes is sent; where a picture is taken, it is refused."""
    takes = [
        (name, parameter)
        for name, each in specification.ENDPOINTS.items()
        for parameter in specification.media_parameters(name)
        if specification.media_kinds(specification.body_schema(each.path), (parameter,)) == {"file"}
    ]
    if not takes:
        pytest.skip("the specification has no parameter for the data of a draft")
    unknown = base64.b64encode(bytes(range(128, 256))).decode()
    name, parameter = takes[0]
    with allowed.opened(name, {parameter: unknown}) as body:
        assert body == {parameter: unknown}
    assert len(_refusal(allowed, {MEDIA: unknown})) == 1


def test_large_base64_is_counted_wherever_it_is(allowed: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    """The limit of a request holds for all its texts together, in lists and objects, and says what to do instead."""
    assert folders.LARGEST > 30 * 1024**2  # a picture of 20 MB in base64 is no mistake
    monkeypatch.setattr(folders, "LARGEST", 1000)
    for body in (
        {"prompt": "a" * 600, "more": "a" * 600},
        {"more": ["a" * 600] * 2},
        {"more": {"a": {"b": "a" * 1001}}},
    ):
        (said,) = _refusal(allowed, body)
        assert "paths" in said
    with allowed.opened(EDITING, {"prompt": "a" * 900}) as body:
        assert body == {"prompt": "a" * 900}


def test_a_word_that_is_no_medium_is_not_looked_up(bench: Bench, allowed: Folders) -> None:
    """A prompt that is the name of a file is a prompt, and a webhook in the middle of an object is none."""
    bench.picture()
    given = {"prompt": "cat.png", "more": {"webhook": [1, None, True, "cat.png"]}}
    with allowed.opened(EDITING, given) as body:
        assert body == given


def test_a_path_is_a_file(bench: Bench, allowed: Folders) -> None:
    """A folder is not found, nor is a path from the middle of another file."""
    path: Path = bench.picture()
    (bench.inputs / "cats").mkdir()
    assert allowed.find("cats") is None
    assert allowed.find(f"{path}/more") is None
    assert allowed.find("cat.png") == path.resolve()
