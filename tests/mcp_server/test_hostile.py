"""Hostile arguments: no file outside the allowed folders is opened, nothing is sent, and nothing breaks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import pytest
from bfl_client import specification
from bfl_client.errors import ConstraintError
from bfl_client.tasks import Handle
from bfl_mcp import folders, resources, tools
from bfl_mcp.folders import Folders
from bfl_mcp.refusals import Refused
from bfl_mcp.settings import Settings
from bfl_mcp.shelf import SAVED, Memory
from bfl_mcp.studio import Studio
from mcp.shared.exceptions import MCPError

from .conftest import FOX, Bench, error

EDIT, PICTURE = next(
    (name, min(specification.marked_media(name)))
    for name in specification.ENDPOINTS
    if specification.marked_media(name) and "prompt" in specification.parameters(name)
)


def _traps(bench: Bench) -> list[str]:
    """Names of files that must not be read: outside by several ways, and inside but no picture."""
    outside = bench.picture(bench.root / "outside.png")
    (bench.inputs / "key").write_text("bfl_a_key_that_is_kept_here")
    (bench.inputs / "key.draft").write_text("bfl_a_key_that_is_kept_here")
    (bench.inputs / "data.draft").write_bytes(bytes(range(128, 256)))
    traps = ["key.draft", "data.draft"]
    traps += [str(outside), "../outside.png", f"{bench.inputs}/../outside.png", "key", str(bench.inputs), "", "\x00"]
    traps += ["~/outside.png", outside.as_uri(), "/etc/passwd", "/dev/zero", "cat.png/../../outside.png", "a" * 5000]
    if hasattr(os, "symlink"):
        (bench.inputs / "link.png").symlink_to(outside)
        (bench.inputs / "folder").symlink_to(bench.root)
        traps += ["link.png", "folder/outside.png"]
    return traps


def test_no_path_leads_out_of_the_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute paths, `..`, links, URIs and devices are refused unopened, as are files that are no pictures."""
    opened: list[str] = []
    really = os.open

    def watch(path: Any, *rest: Any, **options: Any) -> int:
        opened.append(str(path))
        return really(path, *rest, **options)

    allowed = Folders(Settings(bench.output, (bench.inputs,)))
    traps = _traps(bench)
    monkeypatch.setattr(os, "open", watch)
    for trap in traps:
        with pytest.raises(ConstraintError), allowed.opened(EDIT, {"prompt": "a fox", PICTURE: trap}):
            raise AssertionError(trap[:60])
    inside = {str(bench.inputs.resolve() / name) for name in ("key", "key.draft", "data.draft")}
    assert set(opened) <= inside  # opened to see that they are no pictures
    with allowed.opened(EDIT, {PICTURE: str(bench.picture())}) as body:
        assert body[PICTURE].read(4) == b"\x89PNG"
    assert body[PICTURE].closed


def test_the_data_of_a_draft_is_sent_where_it_is_taken(bench: Bench) -> None:
    """A file of unknown content is sent only if it is named as a draft's data, for the parameter that takes those."""
    takes = [
        (name, parameter)
        for name, each in specification.ENDPOINTS.items()
        for parameter in specification.media_parameters(name)
        if specification.media_kinds(specification.body_schema(each.path), (parameter,)) == {"file"}
    ]
    if not takes:
        pytest.skip("the specification has no parameter for the data of a draft")
    allowed = Folders(Settings(bench.output, (bench.inputs,)))
    for name in ("data.draft", "data.bin", "words.draft"):
        (bench.inputs / name).write_bytes(bytes(range(128, 256)) if "data" in name else b"bfl_a_key_that_is_kept_here")
    endpoint, parameter = takes[0]
    with allowed.opened(endpoint, {parameter: "data.draft"}) as body:
        assert body[parameter].read() == bytes(range(128, 256))
    for name in ("data.bin", "words.draft"):
        with pytest.raises(ConstraintError), allowed.opened(endpoint, {parameter: name}):
            raise AssertionError(name)


def test_a_path_may_be_relative_to_the_working_folder(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path relative to where the server was started is found if it leads into an allowed folder, and only then."""
    allowed, picture = Folders(Settings(bench.output, (bench.inputs,))), bench.picture()
    bench.picture(bench.root / "outside.png")
    monkeypatch.chdir(bench.root)
    assert allowed.find(str(picture.relative_to(bench.root))) == picture.resolve()
    assert allowed.find("outside.png") is None


def test_without_permission_no_file_is_read(bench: Bench) -> None:
    """Without --allow-read even a picture in the output folder is refused."""
    path = bench.picture(bench.output / "made.png")
    with pytest.raises(ConstraintError), Folders(Settings(bench.output)).opened(EDIT, {PICTURE: str(path)}):
        raise AssertionError


def test_a_file_that_is_exchanged_is_not_sent(bench: Bench) -> None:
    """A file that becomes a link between the check and its opening is refused."""
    allowed = Folders(Settings(bench.output, (bench.inputs,)))
    found = allowed.find("cat.png") or allowed.find(str(bench.picture()))
    assert found is not None
    found.unlink()
    found.symlink_to(bench.picture(bench.root / "outside.png"))
    with pytest.raises((OSError, ValueError)):
        allowed.open(found)


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="this system has no links to folders for everybody")
def test_a_folder_that_is_exchanged_is_not_read(bench: Bench) -> None:
    """A file is refused whose folder becomes a link to another one between the check and its opening."""
    (bench.inputs / "cats").mkdir()
    allowed = Folders(Settings(bench.output, (bench.inputs,)))
    found = allowed.find(str(bench.picture(bench.inputs / "cats" / "cat.png")))
    assert found is not None
    (bench.inputs / "cats").rename(bench.inputs / "moved")
    bench.picture(bench.root / "cat.png")
    (bench.inputs / "cats").symlink_to(bench.root)
    with pytest.raises((OSError, ValueError)):
        allowed.open(found)


def test_only_files_in_the_output_folder_are_resources(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """What bfl saved elsewhere is in the list of tasks, and neither handed over nor shown; nor is a link."""
    shelf = Memory()
    studio = Studio(mock.Mock(), Settings(bench.output), mock.Mock(), shelf)
    (bench.output / "link.png").symlink_to(bench.picture(bench.root / "outside.png"))
    (bench.output / "twin.png").symlink_to("made.png")
    links = [bench.root / "outside.png", bench.output / "link.png", bench.output / "twin.png"]
    paths = [*links, bench.picture(bench.output / "made.png")]
    for number, path in enumerate(paths):
        handle = Handle.of({"id": str(number), "polling_url": "https://api.bfl.ai/"}, None)
        shelf.ended(handle, SAVED, path, None)
    found = [each.name for each in resources.listed(studio) if each.uri.startswith(resources.FILES)]
    assert found == ["made.png"]
    uri = f"{resources.FILES}made.png"
    assert resources.read(studio, uri).contents
    monkeypatch.setattr(resources, "LARGEST", 10)
    with pytest.raises(MCPError, match=r"the file is .*made\.png"):
        resources.read(studio, uri)


def test_arguments_nested_too_deeply_are_refused() -> None:
    """Whatever a client sends as arguments is refused with an error of the tool, not one of the server."""
    deep: Any = "x"
    for _ in range(3000):
        deep = [deep]
    with pytest.raises(Refused):
        tools.checked("tasks", {"deep": deep})


@pytest.mark.parametrize(
    "parameters",
    [
        {"prompt": "a" * (folders.LARGEST + 1)},
        {"prompt": "a fox", "mood": [{"calm": "a" * (folders.LARGEST + 1)}]},
        {"prompt": "a fox", PICTURE: "A" * (folders.LARGEST + 4)},
        {"prompt": "a fox", "webhook_url": "https://elsewhere.example/"},
        {"prompt": "a fox", "webhook_secret": "s3cret"},
    ],
    ids=["prompt", "nested", "base64", "webhook", "secret"],
)
def test_huge_bodies_and_webhooks_are_refused(bench: Bench, parameters: dict[str, Any]) -> None:
    """A body beyond the limit is refused, and so is a webhook, which would take the result elsewhere."""
    allowed = Folders(Settings(bench.output, (bench.inputs,)))
    with pytest.raises(ConstraintError), allowed.opened(EDIT, parameters):
        raise AssertionError


def test_a_server_survives_hostile_calls(bench: Bench) -> None:
    """A process answers each hostile call with an error, sends nothing, tells no secret, and goes on working."""

    async def run() -> None:
        traps = [*_traps(bench), "A" * 3_000_000]
        nested: Any = "cat.png"
        for _ in range(100):
            nested = [nested]
        async with bench.connected("--budget", "100") as client:
            for trap in [*traps, nested, {"a": nested}, 1e308]:
                body = {"prompt": "a fox", PICTURE: trap}
                found = error(await client.call_tool("generate", {"endpoint": EDIT, "parameters": body}))
                assert "bfl_a_key" not in str(found)
                assert len(str(found)) < 3000
            for name in ("../key", "x" * 100_000, "\x00"):
                error(await client.call_tool("task", {"id": name, "action": "fetch"}))
            assert bench.submits == 0
            assert not (await client.call_tool("submit", FOX)).is_error

    anyio.run(run)
    assert not list(Path(bench.output).iterdir())
