"""Input pictures: which cannot be used, and where they may come from."""

import base64
import io
import struct
import tracemalloc
import zlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from bfl_emulator.addresses import is_loopback
from bfl_emulator.drawing.pictures import Input
from bfl_emulator.drawing.sizes import MAX_PIXELS, MAX_SIDE, SizeError, check_size
from bfl_emulator.inputs import FileCache, InputError, Inputs, Medium, fetch, media_in
from bfl_emulator.requests import Refusal
from bfl_emulator.specification import Specification
from PIL import Image

from .conftest import connected


def _png(width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (200, 60, 60)).save(file, "PNG")
    return file.getvalue()


def _bomb(side: int) -> bytes:
    """Return a PNG of so many pixels a side in a few kilobytes: the header, and rows of zeros that compress well."""
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)), (b"IDAT", zlib.compress(b"\0" * 10**6))]
    content = b"\x89PNG\r\n\x1a\n"
    for name, data in (*chunks, (b"IEND", b"")):
        content += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return content


def _take(content: bytes | str, rules: dict[str, Any] | None = None, own: Any = None) -> Any:
    text = content if isinstance(content, str) else base64.b64encode(content).decode()
    inputs = Inputs(own or (lambda url: None), allow_outbound=False)
    return inputs.take(Medium("image", text), rules or {}, "picture", fetched=True)


@pytest.mark.parametrize(
    ("content", "rules", "words"),
    [
        (b"no picture", {}, "not a picture that can be decoded"),
        (_png(80, 80)[:-40], {}, "not a picture that can be decoded"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", {}, "not a picture that can be decoded"),
        (_png(63, 200), {"min-side": 64}, "at least 64"),
        (_png(1100, 1000), {"max-mp": 1}, "more than 1 megapixels"),
        (_png(80, 80), {"max-bytes": 50}, "larger than 50 bytes"),
        ("https://example.com/cat.png", {}, "from this machine only"),
    ],
    ids=["text", "cut short", "postscript", "small", "many pixels", "many bytes", "elsewhere"],
)
def test_unfit(content: bytes | str, rules: dict[str, Any], words: str) -> None:
    """A picture that breaks a rule is refused with a message that names the parameter and the rule."""
    with pytest.raises(InputError, match=f"image: .*{words}"):
        _take(content, rules)


@pytest.mark.parametrize("side", [6_000, 12_000, 60_000])
def test_bomb(side: int) -> None:
    """A small file with very many pixels is refused by its header, before it takes any memory."""
    bomb = _bomb(side)
    tracemalloc.start()
    with pytest.raises(InputError, match="more than 24 megapixels"):
        _take(bomb)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5_000_000


def test_a_bound_is_allowed() -> None:
    """A picture of exactly the most pixels, the least side and the most bytes is taken; so is the largest drawing."""
    content = _png(1024, 1024)
    rules = {"max-mp": 1, "min-side": 1024, "max-bytes": len(content)}
    assert _take(content, rules).size == (1024, 1024)
    assert _take("data:image/png;base64," + base64.b64encode(content).decode(), rules).size == (1024, 1024)
    check_size((MAX_SIDE, MAX_PIXELS // MAX_SIDE), {})
    with pytest.raises(SizeError):
        check_size((MAX_SIDE, MAX_PIXELS // MAX_SIDE + 1), {})


@pytest.mark.parametrize("size", [(90, 160), (160, 90), (161, 90), (90, 161), (91, 91)])
def test_largest_size(size: tuple[int, int]) -> None:
    """A largest size holds for pictures that lie and for those that stand: neither side may exceed it."""
    rules = {"max-size": [160, 90]}
    if sorted(size) == [90, 160]:
        assert _take(_png(*size), rules).size == size
    else:
        with pytest.raises(InputError, match=f"{size[0]}x{size[1]} pixels are more than 160x90"):
            _take(_png(*size), rules)


@pytest.mark.parametrize("url", ["http://127.0.0.1:99999/a.png", "http://localhost:x/a.png", "http://localhost/\x00"])
def test_impossible_url(url: str) -> None:
    """A URL on this machine that cannot be requested at all is a fault of the input."""
    with pytest.raises(InputError, match="could not be fetched"):
        fetch(url, 1000, allow_outbound=False)


def test_status() -> None:
    """If the marks name a status, a picture with too many pixels is refused at once with that status."""
    with pytest.raises(Refusal) as refused:
        _take(_png(1100, 1000), {"max-mp": 1, "status": 400})
    assert refused.value.reply.status == 400


def test_own_file() -> None:
    """A URL of this emulator is read without a request."""
    taken = _take(
        "http://127.0.0.1/delivery/1/sample.png", own={"http://127.0.0.1/delivery/1/sample.png": _png(9, 8)}.get
    )
    assert taken.size == (9, 8)


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://localhost:5/x", True),
        ("http://127.0.0.1/", True),
        ("https://127.9.9.9/", True),
        ("http://[::1]:80/", True),
        ("http://localhost.example.com/", False),
        ("http://127.0.0.1.example.com/", False),
        ("http://user@example.com:80/", False),
        ("http://localhost@example.com/", False),
        ("http://10.0.0.1/", False),
        ("http://0.0.0.0/", False),
        ("http://2130706433/", False),
        ("http://[::1", False),
        ("http:///", False),
    ],
)
def test_loopback(url: str, local: bool) -> None:
    """Only hosts written as loopback names or addresses count as this machine."""
    assert is_loopback(url) is local
    if not local:
        with pytest.raises(InputError, match="this machine only"):
            fetch(url, 1000, allow_outbound=False)


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (httpx.Response(404), "status 404"),
        (httpx.Response(302, headers={"location": "http://example.com/"}), "status 302"),
        (httpx.Response(200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"x")), "compressed"),
        (httpx.Response(200, stream=httpx.ByteStream(b"x" * 2000)), "larger than 1000"),
    ],
    ids=["missing", "redirect", "compressed", "large"],
)
def test_fetch_refused(monkeypatch: pytest.MonkeyPatch, answer: httpx.Response, words: str) -> None:
    """Redirects, compressed files and large files are refused even from this machine."""
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda self, request: answer)
    with pytest.raises(InputError, match=words):
        fetch("http://localhost/cat.png", 1000, allow_outbound=False)


def test_fetch(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file on this machine is fetched, without a key, a cookie or compression."""
    seen: list[httpx.Request] = []

    def answer(self: Any, request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, stream=httpx.ByteStream(b"cat"))

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    assert fetch("http://localhost/cat.png", 1000, allow_outbound=False) == b"cat"
    assert seen[0].headers["accept-encoding"] == "identity"
    assert not {"x-key", "cookie", "authorization"} & seen[0].headers.keys()


def test_fetch_up_to_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of exactly the largest size is fetched, and a proxy that the environment names is not used."""
    headers = {"content-encoding": "identity"}
    answer = httpx.Response(200, headers=headers, stream=httpx.ByteStream(b"x" * 1000))
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda self, request: answer)
    monkeypatch.setenv("HTTP_PROXY", "nothing://of.the.kind")
    assert len(fetch("http://localhost/cat.png", 1000, allow_outbound=False)) == 1000


def test_fetch_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where other machines are allowed, files are fetched from them, and redirects lead to them."""
    answers = {
        "/moved": httpx.Response(302, headers={"location": "https://example.com/cat.png"}),
        "/cat.png": httpx.Response(200, stream=httpx.ByteStream(b"cat")),
    }
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda self, request: answers[request.url.path])
    assert fetch("https://example.com/moved", 1000, allow_outbound=True) == b"cat"


def test_fetch_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that never pauses for long, and never ends either, is given up after ten seconds in all."""
    moment = 0.0

    def drip() -> Iterator[bytes]:
        nonlocal moment
        for _ in range(100):
            moment += 1
            yield b"x"

    class Dripping(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            return drip()

    monkeypatch.setattr("bfl_emulator.inputs.now", lambda: moment)
    answer = httpx.Response(200, stream=Dripping())
    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", lambda self, request: answer)
    with pytest.raises(InputError, match="more than 10 seconds"):
        fetch("http://localhost/cat.png", 1000, allow_outbound=False)
    assert moment == 11


def test_full_cache() -> None:
    """A cache may be filled to the last byte, with one file or several; a file can be forgotten before its turn."""
    cache = FileCache(10)
    for name in "ab":
        cache.put(name, b"12345")
    assert (cache.get("a"), cache.get("b"), cache.size) == (b"12345", b"12345", 10)
    cache.drop("a")
    cache.drop("unknown")
    assert (cache.get("a"), len(cache), cache.size) == (None, 1, 5)
    cache.put("c", b"0123456789")
    assert (cache.get("b"), cache.get("c"), cache.size) == (None, b"0123456789", 10)


def test_pictures_with_the_same_beginning() -> None:
    """Two files that differ only at their end are two inputs; the same file twice is kept once."""
    inputs = Inputs(lambda url: None, allow_outbound=False)
    files = [_png(9, 8) + end for end in (b"a", b"b", b"a")]
    taken = [
        inputs.take(Medium("image", base64.b64encode(file).decode()), {}, "picture", fetched=False) for file in files
    ]
    assert [inputs.content(item) for item in taken] == files
    assert len(inputs._cache) == 2


def test_dropped_input() -> None:
    """What needs an input that was dropped for newer ones is refused with 410: it was there, and is no longer."""
    inputs = Inputs(lambda url: None, allow_outbound=False)
    with pytest.raises(Refusal) as refused:
        inputs.picture(Input("image", "digest", (9, 9)))
    assert refused.value.reply.status == 410


_PICTURE = {"type": "string", "format": "bfl-media"}


@pytest.mark.parametrize(
    "node",
    [
        _PICTURE,
        {"$ref": "#/components/schemas/Picture"},
        {"anyOf": [_PICTURE, {"type": "null"}]},
        {"oneOf": [{"type": "null"}, _PICTURE]},
        {"type": "array", "items": _PICTURE},
        {"prefixItems": [{"type": "number"}, _PICTURE]},
        {"type": "array", "items": {"anyOf": [{"prefixItems": [{}, {"$ref": "#/components/schemas/Picture"}]}]}},
    ],
    ids=str,
)
def test_where_media_are(small: dict[str, Any], node: dict[str, Any]) -> None:
    """A parameter takes media if its schema says so anywhere; they come in the schema's order, with their times."""
    small["components"]["schemas"]["Picture"] = _PICTURE
    schema = {"properties": {"first": node, "prompt": {"type": "string"}, "last": node}}
    body = {"last": [[2, "b"], "c"], "prompt": "x", "unknown": "d", "first": "a"}
    assert list(media_in(Specification(small), body, schema)) == [
        Medium("first", "a"),
        Medium("last", "b", 2.0),
        Medium("last", "c"),
    ]


def test_cache() -> None:
    """A cache keeps so many bytes, drops the oldest files first, and keeps nothing larger than itself."""
    cache = FileCache(10)
    for name, content in (("a", b"1234"), ("b", b"1234"), ("a", b"12345"), ("c", b"123"), ("d", b"x" * 11)):
        cache.put(name, content)
    assert [cache.get(name) for name in "abcd"] == [b"12345", None, b"123", None]
    assert (len(cache), cache.size) == (2, 8)


def _marked(small: dict[str, Any]) -> dict[str, Any]:
    small["paths"]["/v1/paint"]["post"] |= {
        "x-bfl-emulate": "edit",
        "x-bfl-input": {"min-side": 32, "max-mp": 1, "status": 400, "max-count": 2, "max-total-mp": 1.5},
        "x-bfl-output": {"max-mp": 2, "max-ratio": 8, "step": 16},
    }
    return small


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"images": "aGVsbG8="}, "images: the file is not a picture"),
        ({"images": base64.b64encode(_png(31, 90)).decode()}, "at least 32"),
        ({"images": [base64.b64encode(_png(32, 32)).decode()] * 3}, "at most 2 pictures"),
        ({"images": base64.b64encode(_png(999, 999)).decode(), "height": 1024}, "together"),
        ({"width": 1440, "height": 1600}, "more than 2 megapixels"),
        ({"width": 64, "height": 20_000}, "at most 16777216 pixels"),
        ({"width": 64, "height": 10**400}, "at most 16777216 pixels"),
        ({"width": 128, "height": 1040}, "longer than 8 to 1"),
        ({"width": 1440, "height": 1440}, None),
        ({"width": 128, "height": 1024}, None),
        ({"images": [base64.b64encode(_png(32, 32)).decode()] * 2}, None),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_failure(small: dict[str, Any], clock: Any, body: dict[str, Any], words: str | None) -> None:
    """A fault found during the work ends the task in Error, when it is due; being just at a bound is none."""
    emulator = Emulator(specification=_marked(small), clock=clock, check=True)
    async with connected(emulator) as client:
        receipt = await client.post("/v1/paint", json={"prompt": "x", **body})
        assert (await client.get(receipt.json()["polling_url"])).json()["status"] == "Pending"
        clock.now += 10
        poll = await client.get(receipt.json()["polling_url"])
        answer = poll.json()
    assert poll.status_code == 200
    assert answer["status"] == ("Ready" if words is None else "Error")
    assert (answer["result"] is None) is (words is not None)
    assert words is None or words in answer["details"]["error"]


@pytest.mark.anyio
async def test_refused(small: dict[str, Any]) -> None:
    """A picture that is refused at once, with the status in the marks, makes no task."""
    emulator = Emulator(specification=_marked(small), check=True)
    async with connected(emulator) as client:
        body = {"prompt": "x", "images": base64.b64encode(_png(1100, 1000)).decode()}
        assert (await client.post("/v1/paint", json=body)).status_code == 400
    assert not emulator.tasks


@pytest.mark.anyio
async def test_chain(small: dict[str, Any]) -> None:
    """The sample of one task can be the input of the next, by its URL."""
    emulator = Emulator(specification=_marked(small), speed=float("inf"), check=True)
    async with connected(emulator) as client:
        url, sizes = None, []
        for size in ({"width": 320, "height": 192}, {}):
            body = {"prompt": "x", **({"images": url} if url else {}), **size}
            receipt = (await client.post("/v1/paint", json=body)).json()
            url = (await client.get(receipt["polling_url"])).json()["result"]["sample"]
            sizes.append(emulator.tasks[receipt["id"]].picture)
    assert (sizes[1].width, sizes[1].height) == (320, 192)
