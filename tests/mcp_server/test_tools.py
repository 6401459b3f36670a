"""Every tool, called by the SDK's own client from a server process."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import anyio
import pytest
from bfl_client import specification
from bfl_mcp import desk, previews
from mcp.shared.exceptions import MCPError
from PIL import Image

from .conftest import FOX, MODES, PAINT, PRICE, Bench, Mode, error, facts, film


def _edits() -> tuple[str, str]:
    """An endpoint with a price that changes one picture as a prompt says, and the parameter for the picture."""
    for each in specification.ENDPOINTS.values():
        known = specification.parameters(each.name)
        needed = {name for name, parameter in known.items() if parameter.required} - {"prompt"}
        marked = [name for name in specification.marked_media(each.name) if "array" not in known[name].types]
        cost = specification.highest_price(each.name, {"prompt": "a fox"})
        if each.kind == "image" and "prompt" in known and cost and marked and needed <= {min(marked)}:
            return each.name, min(marked)
    pytest.skip("the specification has no endpoint that edits a picture")


@pytest.mark.parametrize("mode", MODES)
def test_a_model_finds_out_makes_and_looks(bench: Bench, mode: Mode) -> None:
    """With either protocol: list, describe, price, generate with growing progress; the picture and its file arrive."""
    seen: list[float] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        seen.append(progress)

    async def run() -> None:
        async with bench.connected("--budget", "100", mode=mode) as client:
            listed = facts(await client.call_tool("list_endpoints"))
            assert [each["name"] for each in listed["endpoints"]] == list(specification.ENDPOINTS)
            described = facts(await client.call_tool("describe_endpoint", {"endpoint": PAINT}))
            names = {each["name"] for form in described["forms"] for each in form["parameters"]}
            assert names == set(specification.parameters(PAINT))
            assert facts(await client.call_tool("price", FOX))["credits"] == PRICE
            assert bench.submits == 0
            made = await client.call_tool("generate", FOX, progress_callback=tell)
            _is_a_picture(bench, made)
            budget = facts(await client.call_tool("credits"))["budget"]
            assert budget == {"limit": 100.0, "settled": PRICE, "reserved": 0.0, "left": 100.0 - PRICE}

    anyio.run(run)
    assert len(seen) >= 2
    assert seen == sorted(set(seen))
    assert bench.emulator is not None
    assert bench.emulator.api_key not in bench.said


def _is_a_picture(bench: Bench, made: Any) -> None:
    path = Path(facts(made)["file"])
    assert path.parent == bench.output
    (shown,) = [each for each in made.content if each.type == "image"]
    data = base64.b64decode(shown.data)
    assert len(data) <= previews.LARGEST
    with Image.open(io.BytesIO(data)) as small, Image.open(path) as large:
        assert max(small.size) <= previews.LONGEST_SIDE < max(large.size)
        assert small.format == "JPEG"


def test_a_picture_full_of_detail_is_small_enough_to_look_at(tmp_path: Path) -> None:
    """However hard a picture is to compress, what a model looks at stays within the limit."""
    noise = Image.merge("RGB", [Image.effect_noise((800, 800), 200) for _ in "RGB"])
    noise.save(tmp_path / "noise.png")
    small = previews.thumbnail(tmp_path / "noise.png")
    assert small is None or len(base64.b64decode(small)) <= previews.LARGEST
    assert small


@pytest.mark.parametrize("endpoint", [None, "flux-9-pro", PAINT])
def test_a_picture_of_an_unknown_endpoint_is_shown(tmp_path: Path, endpoint: str | None) -> None:
    """A model sees the picture that a task made, also where this version does not know what its endpoint makes."""
    Image.new("RGB", (64, 64)).save(tmp_path / "fox.png")
    answer = anyio.run(desk._finished, {"endpoint": endpoint}, tmp_path / "fox.png")
    assert [each.type for each in answer.content] == ["text", "image", "resource_link"]


def test_a_picture_is_edited_and_a_film_is_fetched(bench: Bench) -> None:
    """A path in an allowed folder is edited; a video is submitted, waited for and fetched; resources are the files."""
    editing, parameter = _edits()
    video = film()

    async def run() -> None:
        async with bench.connected("--no-budget") as client:
            bench.picture()
            body = {"prompt": "in winter", parameter: "cat.png"}
            edited = await client.call_tool("generate", {"endpoint": editing, "parameters": body})
            assert Path(facts(edited)["file"]).is_file()
            task = facts(await client.call_tool("submit", video))["id"]
            looked = facts(await client.call_tool("task", {"id": task}))
            assert (looked["status"], looked["ended"]) == ("Ready", True)
            assert facts(await client.call_tool("task", {"id": task, "action": "wait"}))["status"] == "Ready"
            fetched = await client.call_tool("task", {"id": task, "action": "fetch"})
            assert Path(facts(fetched)["file"]).suffix == ".mp4"
            asked = bench.emulator and len(bench.emulator.requests)
            assert facts(await client.call_tool("task", {"id": task}))["file"] == facts(fetched)["file"]
            assert bench.emulator and len(bench.emulator.requests) == asked  # it is there already: nothing is asked
            listed = facts(await client.call_tool("tasks"))["tasks"]
            assert [each["status"] for each in listed] == ["saved", "saved"]
            await _resources_are_the_files(bench, client)

    anyio.run(run)


async def _resources_are_the_files(bench: Bench, client: Any) -> None:
    resources = (await client.list_resources()).resources
    files = {each.name: each.uri for each in resources if each.uri.startswith("bfl://files/")}
    assert set(files) == {path.name for path in bench.output.iterdir()}
    for name, uri in files.items():
        (content,) = (await client.read_resource(uri)).contents
        assert base64.b64decode(content.blob) == (bench.output / name).read_bytes()
    (handle,) = (await client.read_resource(next(each.uri for each in resources if "tasks" in each.uri))).contents
    assert "polling_url" not in handle.text
    (bench.output / "secret.txt").write_text("secret")
    for uri in ("bfl://files/secret.txt", "bfl://files/..%2Fin%2Fcat.png", bench.inputs.as_uri(), "bfl://tasks/..%2F"):
        with pytest.raises(MCPError):
            await client.read_resource(uri)


def test_mistakes_are_errors_of_the_tool_with_a_remedy(bench: Bench) -> None:
    """Unknown tools, endpoints, arguments and parameters, and moderation: each has a cause, a remedy, and its task."""
    calls: list[tuple[str, dict[str, Any], str]] = [
        ("generat", {}, "generate"),
        ("generate", {"endpoint": PAINT}, "parameters"),
        ("describe_endpoint", {"endpoint": f"{PAINT}x"}, "list_endpoints"),
        ("price", {"endpoint": PAINT, "parameters": {"prompt": "a fox", "promt": 1}}, "describe_endpoint"),
        ("task", {"id": "../../key"}, "tasks"),
    ]

    async def run() -> None:
        async with bench.connected("--budget", "100") as client:
            for name, arguments, hint in calls:
                found = error(await client.call_tool(name, arguments))
                assert hint in found["remedy"], found
            assert bench.submits == 0
            body = {"prompt": "a fox #content-moderated"}
            found = error(await client.call_tool("generate", {"endpoint": PAINT, "parameters": body}))
            assert bench.emulator is not None
            assert found["task_id"] in bench.emulator.tasks
            assert found["kind"] == "ContentModerated"

    anyio.run(run)


def test_the_emulator_needs_no_key(tmp_path: Path) -> None:
    """With --emulator a picture is made without a key, and a URL, which the emulator would fetch, is refused."""
    bench = Bench(tmp_path, None)
    editing, parameter = _edits()

    async def run() -> None:
        async with bench.connected("--emulator") as client:
            assert Path(facts(await client.call_tool("generate", FOX))["file"]).is_file()
            body = {"prompt": "a fox", parameter: "http://127.0.0.1:1/cat.png"}
            found = error(await client.call_tool("generate", {"endpoint": editing, "parameters": body}))
            assert "URL" in found["violations"][0]
            assert len(facts(await client.call_tool("tasks"))["tasks"]) == 1

    anyio.run(run)
