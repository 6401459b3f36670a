"""What the emulator's address shows: a page for people, and the specification for tools."""

import base64
import hashlib
import re
from typing import Any

import httpx
import pytest
from bfl_api import specification as packaged
from bfl_emulator import Emulator
from bfl_emulator.inputs import is_media
from bfl_emulator.portable import served
from bfl_emulator.validation import is_ratio
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import connected

_DOCUMENT = served(packaged.load(), "http://127.0.0.1:1")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.mark.anyio
async def test_the_specification_names_this_server(
    anonymous: httpx.AsyncClient, emulator: Emulator, small: Any
) -> None:
    """Without a key, /openapi.json is the emulator's specification, whose only server is the emulator."""
    document = (await anonymous.get("/openapi.json")).json()
    assert document["servers"] == [{"url": emulator.base_url}]
    assert document["paths"].keys() == small["paths"].keys()


def test_the_one_server_is_everybodys() -> None:
    """No path and no operation of the served specification names a server of its own, whatever the document says."""
    other = [{"url": "https://elsewhere.example"}]
    document = {"paths": {"/a": {"servers": other, "get": {"servers": other, "responses": {}}}}}
    assert served(document, "http://x") == {
        "servers": [{"url": "http://x"}],
        "paths": {"/a": {"get": {"responses": {}}}},
    }


@pytest.mark.anyio
async def test_the_page_tells_what_happened(client: httpx.AsyncClient) -> None:
    """The page names each endpoint, and shows the last requests with their answers, the newest first."""
    await client.post("/v1/paint", json={"prompt": "a secret wish"})
    await client.get("/v1/nowhere")
    page = (await client.get("/")).text
    assert page.index("<td class=refused>404</td><td><code>GET /v1/nowhere") < page.index(
        "200</td><td><code>POST /v1/paint"
    )
    assert "<td>POST</td><td><code>/v1/strict</code>" in page
    assert 'http-equiv="refresh"' in page


@pytest.mark.anyio
async def test_the_page_gives_nothing_away(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """The page contains neither the key nor a prompt nor the id of a task, and it is not a request of the record."""
    receipt = (await client.post("/v1/paint", json={"prompt": "a secret wish"})).json()
    await client.get(receipt["polling_url"])
    page = (await client.get("/")).text
    assert not [each for each in (emulator.api_key, "secret wish", receipt["id"]) if each in page]
    await client.get("/openapi.json")
    assert len(emulator.requests) == 2


@pytest.mark.anyio
async def test_the_page_is_inert(small: dict[str, Any]) -> None:
    """What a request or the specification says cannot become markup, and the policy permits this style only."""
    small["paths"]["/v1/paint"]["post"]["summary"] = "<img src=x>"
    async with connected(Emulator(specification=small)) as client:
        await client.get("/<script>alert(1)</script>")
        answer = await client.get("/")
    assert "<script" not in answer.text and "<img" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text and "&lt;img" in answer.text
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; ")
    assert "script-src" not in policy and "unsafe" not in policy


@pytest.mark.anyio
async def test_the_other_hosts_have_no_page(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """The page is on the host that submissions go to; the other two answer 404."""
    del client.headers["x-key"]
    for url in (emulator.cluster_url, emulator.delivery_url):
        assert (await client.get(url + "/")).status_code == 404
        assert (await client.get(url + "/openapi.json")).status_code == 404


def _patterns(node: Any, kind: str) -> set[str]:
    if isinstance(node, list):
        return {found for item in node for found in _patterns(item, kind)}
    if not isinstance(node, dict):
        return set()
    own = {node["pattern"]} if node.get("format") == kind else set[str]()
    return own | {found for item in node.values() for found in _patterns(item, kind)}


(_MEDIA,) = _patterns(_DOCUMENT, "bfl-media")
_RATIOS = _patterns(_DOCUMENT, "bfl-ratio")


def _edited(text: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts with something inserted."""
    return st.builds(lambda a, b, at: a[:at] + b + a[at:], text, st.text(max_size=2), st.integers(0, 30))


@settings(max_examples=300)
@given(st.from_regex(_MEDIA[1:-1], fullmatch=True), st.data())
def test_the_pattern_of_media_is_what_is_accepted(text: str, data: st.DataObject) -> None:
    """The emulator accepts as a picture what matches the pattern in its specification, and nothing that nearly does."""
    assert is_media(text)
    near = data.draw(_edited(st.just(text)))
    assert is_media(near) == (re.fullmatch(_MEDIA[1:-1], near) is not None)


@pytest.mark.skipif(not _RATIOS, reason="the specification has no ratios")
@given(st.integers(1, 49), st.integers(1, 49))
def test_the_pattern_of_ratios_is_what_is_accepted(width: int, height: int) -> None:
    """Of ratios of small numbers, the emulator accepts those that match the pattern in its specification."""
    (pattern,) = _RATIOS
    assert is_ratio(f"{width}:{height}") == (re.fullmatch(pattern, f"{width}:{height}") is not None)
