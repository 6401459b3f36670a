"""Which requests the emulator refuses, and how it words that."""

import sys
import tracemalloc
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator

from .conftest import connected

pytestmark = pytest.mark.anyio


_JSON = {"content-type": "application/json"}


async def _refused(client: httpx.AsyncClient, body: Any, path: str = "/v1/paint") -> list[dict[str, Any]]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 422
    faults: list[dict[str, Any]] = answer.json()["detail"]
    return faults


@pytest.mark.parametrize("key", [None, "", "bfl_0123456789abcdef"], ids=["missing", "empty", "wrong"])
async def test_wrong_key(anonymous: httpx.AsyncClient, key: str | None) -> None:
    """A missing or wrong key is answered with 403 and the service's words."""
    answer = await anonymous.get("/v1/credits", headers={} if key is None else {"x-key": key})
    assert (answer.status_code, answer.json()) == (403, {"detail": "Not authenticated - Invalid Authentication"})


@pytest.mark.parametrize(
    "key", [b"short", b"bfl_ 0123456789", "bfl_é123456789".encode()], ids=["short", "space", "letter"]
)
async def test_malformed_key(anonymous: httpx.AsyncClient, key: bytes) -> None:
    """A malformed key is answered with 422 and a string."""
    answer = await anonymous.get("/v1/credits", headers={b"x-key": key})
    assert (answer.status_code, answer.json()) == (422, {"detail": "Invalid API key format"})


async def test_key_before_body(anonymous: httpx.AsyncClient) -> None:
    """Without the key, nothing about the body is said."""
    assert (await anonymous.post("/v1/paint", content=b"{")).status_code == 403


async def test_key_where_none_is_required(anonymous: httpx.AsyncClient) -> None:
    """An operation that needs no key does not refuse a wrong one."""
    assert (await anonymous.get("/v1/poll?id=x", headers={"x-key": "nonsense, really"})).status_code == 404


@pytest.mark.parametrize(
    ("body", "kind", "place", "context"),
    [
        ({}, "missing", ["prompt"], None),
        ({"prompt": 1}, "string_type", ["prompt"], None),
        ({"prompt": None}, "string_type", ["prompt"], None),
        ({"prompt": "x", "user": ""}, "string_too_short", ["user"], {"min_length": 1}),
        ({"prompt": "x", "user": "123456"}, "string_too_long", ["user"], {"max_length": 5}),
        ({"prompt": "x", "width": 32}, "greater_than_equal", ["width"], {"ge": 64}),
        ({"prompt": "x", "width": 1472}, "less_than_equal", ["width"], {"le": 1440}),
        ({"prompt": "x", "width": 65}, "multiple_of", ["width"], {"multiple_of": 32}),
        ({"prompt": "x", "width": "64"}, "int_type", ["width"], None),
        ({"prompt": "x", "width": 64.5}, "int_from_float", ["width"], None),
        ({"prompt": "x", "guidance": "2"}, "float_type", ["guidance"], None),
        ({"prompt": "x", "raw": "yes"}, "bool_type", ["raw"], None),
        ({"prompt": "x", "resolution": "9k"}, "literal_error", ["resolution"], {"expected": "'1k' or '2k'"}),
        ({"prompt": "x", "output_format": "gif"}, "enum", ["output_format"], {"expected": "'jpeg', 'png' or 'webp'"}),
        ({"prompt": "x", "images": "cat.png"}, "value_error", ["images", "str"], {"error": {}}),
        ({"prompt": "x", "images": ["cat.png"]}, "value_error", ["images", "list[str]", 0], {"error": {}}),
    ],
)
async def test_fault(client: httpx.AsyncClient, body: Any, kind: str, place: list[Any], context: Any) -> None:
    """Each violation has the type, location and context that FastAPI gives it."""
    found = [fault for fault in await _refused(client, body) if fault["loc"] == ["body", *place]]
    assert [(fault["type"], fault.get("ctx")) for fault in found] == [(kind, context)]


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("https://example.com/cat.png", 200),
        ("HTTP://EXAMPLE.COM", 200),
        ("aGVsbG8=", 200),
        ("data:image/png;base64,aGVsbG8=", 200),
        ("DATA:;BASE64,aGVsbG8=", 200),
        ("", 422),
        ("cat.png", 422),
        ("aGVsbG8", 422),
        ("aGVs bG8=", 422),
        ("aGVs====", 422),
        ("aGVsbA==", 200),
        ("ftp://example.com/cat.png", 422),
        ("https://", 422),
        ("https://[::1", 422),
        ("https://example.com/a cat", 422),
        ("https://example.com/a\tcat", 422),
        ("https://example.com/cat\n", 422),
        ("data:image/png,aGVsbG8=", 422),
        ("data:image/png;base64,", 422),
    ],
)
async def test_media(client: httpx.AsyncClient, value: str, status: int) -> None:
    """A medium is an http(s) URL with a host, a base64 data URI or base64, and nothing else."""
    assert (await client.post("/v1/paint", json={"prompt": "x", "images": value})).status_code == status


async def test_every_fault_at_once(client: httpx.AsyncClient) -> None:
    """One answer lists every violation of a body."""
    faults = await _refused(client, {"width": 65, "raw": 1, "user": ""})
    assert {fault["loc"][1] for fault in faults} == {"prompt", "width", "raw", "user"}


async def test_echo(client: httpx.AsyncClient) -> None:
    """A violation repeats the refused value in full, however long it is."""
    value = "not base64 " * 20_000
    assert (await _refused(client, {"prompt": "x", "images": value}))[0]["input"] == value


async def test_unknown_key_in_strict_body(client: httpx.AsyncClient) -> None:
    """A closed schema refuses every unknown key."""
    faults = await _refused(client, {"prompt": "x", "a": 1, "b": 2}, "/v1/strict")
    assert [(fault["type"], fault["loc"], fault["input"]) for fault in faults] == [
        ("extra_forbidden", ["body", "a"], 1),
        ("extra_forbidden", ["body", "b"], 2),
    ]


async def test_unknown_key_in_open_body(client: httpx.AsyncClient) -> None:
    """An open schema ignores unknown keys."""
    assert (await client.post("/v1/paint", json={"prompt": "x", "nonsense": 1})).status_code == 200


@pytest.mark.parametrize(
    ("body", "kind", "place"),
    [
        ({}, "union_tag_not_found", []),
        ({"mode": "x"}, "union_tag_invalid", []),
        ({"mode": ["l"]}, "union_tag_invalid", []),
        ({"mode": "l", "width": "x"}, "int_type", ["l", "width"]),
    ],
)
async def test_discriminator(client: httpx.AsyncClient, body: Any, kind: str, place: list[Any]) -> None:
    """Only violations of the branch that the discriminator names are reported, with that branch in the location."""
    faults = await _refused(client, body, "/v1/either")
    assert [(fault["type"], fault["loc"]) for fault in faults] == [(kind, ["body", *place])]


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "missing"),
        (b"null", "missing"),
        (b"{", "json_invalid"),
        (b"\xff\xfe{}", "json_invalid"),
        (b'{"prompt": NaN}', "json_invalid"),
        (b'{"prompt": ' + b"9" * 5000 + b"}", "json_invalid"),
        (b"[" * 100_000, "json_invalid"),
        (b'{"prompt": "x", "deep": ' + b"[" * 80 + b"]" * 80 + b"}", "json_invalid"),
        (b'{"prompt": "x", "seed": 1e999}', "finite_number"),
        (b'{"prompt": "\\ud800"}', "string_unicode"),
        (b'{"prompt": "x", "\\udfff": 1}', "string_unicode"),
        (b"[1]", "model_attributes_type"),
        (b'"text"', "model_attributes_type"),
    ],
)
async def test_unreadable_body(client: httpx.AsyncClient, content: bytes, kind: str) -> None:
    """A body that is not a JSON object is refused with 422 and one violation, never with 500."""
    answer = await client.post("/v1/paint", content=content, headers=_JSON)
    assert answer.status_code == 422
    assert [fault["type"] for fault in answer.json()["detail"]] == [kind]


@pytest.mark.parametrize(
    ("content", "position"), [(b'{"prompt" "x"}', 10), (b'{"\xff', 2), (b"[" * 100_000, 0), (b'{"prompt": NaN}', 0)]
)
async def test_place_in_an_unreadable_body(client: httpx.AsyncClient, content: bytes, position: int) -> None:
    """JSON that cannot be read is refused with the position of the mistake, or 0 for one of the whole."""
    answer = await client.post("/v1/paint", content=content, headers=_JSON)
    assert answer.json()["detail"][0]["loc"] == ["body", position]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "json", ""])
async def test_content_type(client: httpx.AsyncClient, kind: str) -> None:
    """A body that is not declared as JSON is not read as JSON."""
    answer = await client.post("/v1/paint", content=b'{"prompt": "x"}', headers={"content-type": kind})
    assert [fault["type"] for fault in answer.json()["detail"]] == ["model_attributes_type"]


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "application/vnd.api+json", "APPLICATION/JSON"])
async def test_json_content_types(client: httpx.AsyncClient, kind: str) -> None:
    """Parameters, suffixes and letter case of a JSON content type do not matter."""
    answer = await client.post("/v1/paint", content=b'{"prompt": "x"}', headers={"content-type": kind})
    assert answer.status_code == 200


async def test_query_parameter(client: httpx.AsyncClient) -> None:
    """A missing query parameter is named with its place."""
    answer = await client.get("/v1/poll")
    assert [(fault["type"], fault["loc"]) for fault in answer.json()["detail"]] == [("missing", ["query", "id"])]


async def test_path_parameter(client: httpx.AsyncClient) -> None:
    """Path parameters are read by their type, and an operation without a mark gives the smallest answer."""
    assert (await client.get("/v1/plain/12")).json() == {"when": "2026-01-01"}
    assert (await client.get("/v1/plain/x")).json()["detail"][0]["loc"] == ["path", "number"]


@pytest.mark.parametrize("megabytes", [80, sys.maxsize])
async def test_large_body(client: httpx.AsyncClient, megabytes: int) -> None:
    """A body above 72 MiB is refused with 413, even if it never ends."""

    async def pieces() -> AsyncIterator[bytes]:
        piece = b" " * 1_000_000
        for _ in range(megabytes):
            yield piece

    answer = await client.post("/v1/paint", content=pieces(), headers=_JSON)
    assert answer.status_code == 413
    assert "larger than" in answer.json()["detail"]
    answer = await client.post("/v1/paint", content=pieces(), headers={**_JSON, "x-key": "the-key-of-somebody-else"})
    assert answer.status_code == 403  # who may not send at all is not told how much


async def test_upload_without_a_key(anonymous: httpx.AsyncClient) -> None:
    """A request without the key gets 403 after its body was received; of sixty megabytes, less than two are kept."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(600):
            yield b" " * 100_000

    tracemalloc.start()
    try:
        answer = await anonymous.post("/v1/paint", content=pieces(), headers=_JSON)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer.status_code == 403
    assert peak < 2_000_000


@pytest.mark.parametrize("path", ["/v1", "/v1/nothing", "/v1/credits/", "/openapi.yml"])
async def test_unknown_path(client: httpx.AsyncClient, path: str) -> None:
    """A path that is not in the specification is answered with 404, in the service's words."""
    answer = await client.get(path)
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD", "OPTIONS"])
async def test_undeclared_method(client: httpx.AsyncClient, method: str) -> None:
    """An undeclared method is answered with 405 and the declared one."""
    answer = await client.request(method, "/v1/paint")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_head(client: httpx.AsyncClient) -> None:
    """HEAD is refused where the specification declares only GET."""
    answer = await client.head("/v1/credits")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")


async def test_refused_kind(small: dict[str, Any]) -> None:
    """A valid request for an unknown kind of file is answered with 501, an invalid one with 422."""
    small["paths"]["/v1/film"]["post"]["x-bfl-kind"] = "hologram"
    emulator = Emulator(specification=small)
    async with connected(emulator) as client:
        assert (await client.post("/v1/film", json={"prompt": "x"})).status_code == 501
        assert (await client.post("/v1/film", json={})).status_code == 422


@pytest.mark.parametrize("text", ["nan", "inf", "1e999", "9" * 5000, "x", ""])
async def test_numbers_in_a_query(client: httpx.AsyncClient, small: dict[str, Any], text: str) -> None:
    """A numeric parameter must be a finite number; what was sent instead is repeated."""
    parameters = small["paths"]["/v1/poll"]["get"]["parameters"]
    parameters[0]["schema"]["type"] = "integer" if text.isdecimal() else "number"
    answer = await client.get("/v1/poll", params={"id": text})
    assert (answer.status_code, answer.json()["detail"][0]["input"]) == (422, text)
