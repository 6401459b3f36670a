"""Downloads from signed URLs: who may, for how long, and in which pieces."""

from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator

from .conftest import connected

pytestmark = pytest.mark.anyio

_BODY = {"prompt": "a fox", "seed": 1, "width": 64, "height": 64}


@pytest.fixture
async def sample(client: httpx.AsyncClient, clock: Any) -> str:
    """The sample URL of a task that is just ready."""
    receipt = await client.post("/v1/paint", json=_BODY)
    clock.now += 10
    url: str = (await client.get(receipt.json()["polling_url"])).json()["result"]["sample"]
    return url


async def test_download(anonymous: httpx.AsyncClient, sample: str) -> None:
    """A sample is served without a key, with its type and length."""
    answer = await anonymous.get(sample)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert int(answer.headers["content-length"]) == len(answer.content)


async def test_lifetime(anonymous: httpx.AsyncClient, clock: Any, sample: str) -> None:
    """A sample URL works for the lifetime in its mark, and no longer than a second beyond."""
    clock.now += 599.9
    assert (await anonymous.get(sample)).status_code == 200
    clock.now += 1.1
    answer = await anonymous.get(sample)
    assert answer.status_code == 403
    assert "expired" in answer.json()["detail"]


async def test_lifetime_of_one_operation(client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: Any) -> None:
    """An operation's own lifetime overrides the default, and begins with the poll that gives the URL."""
    receipt = await client.post("/v1/strict", json={"prompt": "x"})
    clock.now += 10 + 62
    sample = (await client.get(receipt.json()["polling_url"])).json()["result"]["sample"]
    assert (await anonymous.get(sample)).status_code == 200
    clock.now += 62
    assert (await anonymous.get(sample)).status_code == 403


@pytest.mark.parametrize(
    "change",
    [
        lambda url: url.replace("sample.jpeg", "sample.png"),
        lambda url: url.replace("se=2", "se=3"),
        lambda url: url[:-1],
        lambda url: url.partition("?")[0],
        lambda url: url.partition("sig=")[0] + "sig=%C3%A9",
        lambda url: url.replace("/delivery/", "/delivery/0"),
    ],
    ids=["path", "expiry", "signature", "none", "letters", "task"],
)
async def test_tampering(anonymous: httpx.AsyncClient, sample: str, change: Any) -> None:
    """A URL that was changed in any part is refused with 403."""
    assert (await anonymous.get(change(sample))).status_code == 403


async def test_another_process(anonymous: httpx.AsyncClient, small: dict[str, Any], clock: Any, sample: str) -> None:
    """The signature of one emulator is not valid for another."""
    other = Emulator(specification=small, clock=clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(other.app)) as client:
        assert (await client.get(sample)).status_code == 403


@pytest.mark.parametrize("place", ["header", "another header", "query"])
async def test_key(
    anonymous: httpx.AsyncClient, emulator: Emulator, sample: str, place: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A download that carries the key is served, as by the service; it is recorded as a leak, and a warning says so."""
    emulator.assert_no_leaks()
    key = emulator.api_key
    headers = {"header": {"X-Key": "any"}, "another header": {"Authorization": f"Bearer {key}"}}.get(place, {})
    answer = await anonymous.get(f"{sample}&key={key}" if place == "query" else sample, headers=headers)
    assert answer.status_code == 200
    assert [(leak.method, leak.path) for leak in emulator.leaks] == [("GET", httpx.URL(sample).path)]
    assert "API key" in caplog.text
    assert key not in caplog.text
    with pytest.raises(AssertionError, match="API key"):
        emulator.assert_no_leaks()
    emulator.leaks.clear()


async def test_key_on_the_api_hosts(client: httpx.AsyncClient, emulator: Emulator, clock: Any) -> None:
    """Requests with the key to the hosts that need it are no leaks."""
    receipt = await client.post("/v1/paint", json=_BODY)
    await client.get(receipt.json()["polling_url"])
    assert not emulator.leaks


@pytest.mark.parametrize("one_host", [True, False])
async def test_strict(small: dict[str, Any], one_host: bool) -> None:
    """A strict file host refuses a download that carries the key with 400, records it, and serves one without."""
    emulator = Emulator(specification=small, speed=float("inf"), strict=True, one_host=one_host)
    async with connected(emulator) as client:
        receipt = (await client.post("/v1/paint", json=_BODY)).json()
        sample = (await client.get(receipt["polling_url"])).json()["result"]["sample"]
        assert (await client.get(sample)).status_code == 400
        del client.headers["x-key"]
        assert (await client.get(sample)).status_code == 200
    assert len(emulator.leaks) == 1


async def test_same_bytes(anonymous: httpx.AsyncClient, sample: str) -> None:
    """Two downloads of a sample are equal."""
    assert (await anonymous.get(sample)).content == (await anonymous.get(sample)).content


async def test_ranges(anonymous: httpx.AsyncClient, sample: str) -> None:
    """A download can be resumed at any byte, and its pieces make up the whole."""
    whole = (await anonymous.get(sample)).content
    head = await anonymous.get(sample, headers={"range": "bytes=0-99"})
    rest = await anonymous.get(sample, headers={"range": "bytes=100-"})
    tail = await anonymous.get(sample, headers={"range": "bytes=-10"})
    assert {answer.status_code for answer in (head, rest, tail)} == {206}
    assert head.content + rest.content == whole
    assert tail.content == whole[-10:]
    assert rest.headers["content-range"] == f"bytes 100-{len(whole) - 1}/{len(whole)}"
    longer = await anonymous.get(sample, headers={"range": f"bytes=-{len(whole) + 1}"})
    assert (longer.content, longer.headers["content-range"]) == (whole, f"bytes 0-{len(whole) - 1}/{len(whole)}")
    beyond = await anonymous.get(sample, headers={"range": f"bytes=5-{len(whole)}"})
    assert (beyond.content, beyond.headers["content-range"]) == (whole[5:], f"bytes 5-{len(whole) - 1}/{len(whole)}")


@pytest.mark.parametrize("asked", ["bytes=-", "bytes=a-b", "pages=1-2", "bytes=0-1,5-6"])
async def test_other_ranges(anonymous: httpx.AsyncClient, sample: str, asked: str) -> None:
    """A range of an unknown form is ignored."""
    assert (await anonymous.get(sample, headers={"range": asked})).status_code == 200


async def test_range_beyond_the_end(anonymous: httpx.AsyncClient, sample: str) -> None:
    """A range after the last byte is answered with 416 and the length."""
    answer = await anonymous.get(sample, headers={"range": "bytes=99999999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"].startswith("bytes */")


async def test_conditional_range(anonymous: httpx.AsyncClient, sample: str) -> None:
    """A conditional range is honoured for the entity tag of this file only."""
    tag = (await anonymous.get(sample)).headers["etag"]
    answers = [
        await anonymous.get(sample, headers={"range": "bytes=5-", "if-range": condition})
        for condition in (tag, '"another"')
    ]
    assert [answer.status_code for answer in answers] == [206, 200]


async def test_head(anonymous: httpx.AsyncClient, sample: str) -> None:
    """HEAD on a sample returns its length."""
    length = (await anonymous.get(sample)).headers["content-length"]
    assert (await anonymous.head(sample)).headers["content-length"] == length
