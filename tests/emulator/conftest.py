"""An emulator used in-process, whose clock stands still until a test moves it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from copy import deepcopy
from typing import Any

import httpx
import pytest
from bfl_api import specification as packaged
from bfl_emulator import Emulator

Generate = Callable[..., Awaitable[httpx.Response]]

_ERROR = {
    "description": "Refused.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


class Clock:
    """Monotonic seconds under a test's control."""

    def __init__(self) -> None:
        self.now = 5000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def specification() -> dict[str, Any]:
    """The packaged effective specification."""
    return packaged.load()


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _answer(schema: Any) -> dict[str, Any]:
    return {"200": {"description": "Done.", "content": {"application/json": {"schema": schema}}}, "4XX": _ERROR}


def _operation(answer: Any, **rest: Any) -> dict[str, Any]:
    return {"responses": _answer(answer), "security": [{"Key": []}], **rest}


def _body(name: str) -> dict[str, Any]:
    return {"required": True, "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}}


_QUERY = {"in": "query", "required": True, "schema": {"type": "string"}}
_RECEIPT = {"anyOf": [{"$ref": "#/components/schemas/Receipt"}, {"$ref": "#/components/schemas/WebhookReceipt"}]}
_SMALL: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "A small API of the same kind", "version": "1"},
    "x-bfl-defaults": {"kind": "image", "duration": 10, "url-lifetime": 600},
    "paths": {
        "/v1/paint": {"post": _operation(_RECEIPT, requestBody=_body("Paint"))},
        "/v1/strict": {"post": _operation(_RECEIPT, requestBody=_body("Strict"), **{"x-bfl-url-lifetime": 60})},
        "/v1/either": {"post": _operation(_RECEIPT, requestBody=_body("Either"))},
        "/v1/film": {"post": _operation(_RECEIPT, requestBody=_body("Strict"), **{"x-bfl-kind": "video"})},
        "/v1/poll": {
            "get": {
                **_operation({"type": "object", "required": ["id", "status"]}, parameters=[{**_QUERY, "name": "id"}]),
                "security": [{}, {"Key": []}],
                "x-bfl-emulate": "get-result",
            }
        },
        "/v1/note": {
            "post": _operation(
                {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
                requestBody=_body("Strict"),
            )
        },
        "/v1/credits": {"get": _operation({"type": "object"}, **{"x-bfl-emulate": "credits"})},
        "/v1/plain/{number}": {
            "get": _operation(
                {"type": "object", "required": ["when"], "properties": {"when": {"type": "string", "format": "date"}}},
                parameters=[{"in": "path", "name": "number", "required": True, "schema": {"type": "integer"}}],
            )
        },
    },
    "components": {
        "securitySchemes": {"Key": {"type": "apiKey", "in": "header", "name": "x-key"}},
        "schemas": {
            "Error": {"type": "object", "required": ["detail"]},
            "Receipt": {
                "type": "object",
                "required": ["id", "polling_url"],
                "properties": {"id": {}, "polling_url": {}},
            },
            "WebhookReceipt": {
                "type": "object",
                "required": ["id", "status", "webhook_url"],
                "properties": {"id": {}, "status": {}, "webhook_url": {}},
            },
            "Format": {"type": "string", "enum": ["jpeg", "png", "webp"]},
            "Paint": {
                "type": "object",
                "required": ["prompt"],
                "properties": {
                    "prompt": {"type": "string"},
                    "user": {"anyOf": [{"type": "string", "minLength": 1, "maxLength": 5}, {"type": "null"}]},
                    "width": {"type": "integer", "minimum": 64.0, "maximum": 1440.0, "multipleOf": 32.0},
                    "height": {"type": "integer", "minimum": 64},
                    "guidance": {"anyOf": [{"type": "number", "minimum": 1.5}, {"type": "null"}]},
                    "raw": {"type": "boolean"},
                    "seed": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    "images": {
                        "anyOf": [
                            {"type": "string", "format": "bfl-media"},
                            {"type": "array", "items": {"type": "string", "format": "bfl-media"}, "maxItems": 3},
                            {"type": "null"},
                        ]
                    },
                    "aspect_ratio": {"type": "string"},
                    "resolution": {"type": "string", "enum": ["1k", "2k"]},
                    "output_format": {
                        "anyOf": [{"$ref": "#/components/schemas/Format"}, {"type": "null"}],
                        "default": "jpeg",
                    },
                    "webhook_url": {"type": "string", "format": "uri"},
                },
            },
            "Strict": {
                "type": "object",
                "required": ["prompt"],
                "additionalProperties": False,
                "properties": {"prompt": {"type": "string"}, "version": {"type": "string", "const": "latest"}},
            },
            "Left": {
                "type": "object",
                "required": ["mode"],
                "properties": {"mode": {"const": "l"}, "width": {"type": "integer"}},
            },
            "Right": {"type": "object", "required": ["mode"], "properties": {"mode": {"const": "r"}}},
            "Either": {
                "oneOf": [{"$ref": "#/components/schemas/Left"}, {"$ref": "#/components/schemas/Right"}],
                "discriminator": {
                    "propertyName": "mode",
                    "mapping": {"l": "#/components/schemas/Left", "r": "#/components/schemas/Right"},
                },
            },
        },
    },
}


@pytest.fixture
def small() -> dict[str, Any]:
    """A specification of our own, so that tests stay true when the vendor changes theirs."""
    return deepcopy(_SMALL)


@pytest.fixture
def emulator(small: dict[str, Any], clock: Clock) -> Iterator[Emulator]:
    """An emulator of the small specification; the key must not have leaked by the end of the test."""
    emulator = Emulator(specification=small, clock=clock, check=True)
    yield emulator
    emulator.assert_no_leaks()


def connected(emulator: Emulator, **headers: str) -> httpx.AsyncClient:
    """Return a client that talks to an emulator in-process, with the key unless other headers are given."""
    transport, headers = httpx.ASGITransport(emulator.app), headers or {"x-key": emulator.api_key}
    return httpx.AsyncClient(transport=transport, base_url=emulator.base_url, headers=headers)


@pytest.fixture
async def client(emulator: Emulator, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client with the key."""
    async with connected(emulator) as client:
        yield client


@pytest.fixture
async def anonymous(emulator: Emulator, anyio_backend: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client without a key."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator.app), base_url=emulator.base_url) as client:
        yield client


@pytest.fixture
def generate(client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: Clock) -> Generate:
    """Submit a body to a path, let the task finish, poll, and return the download."""

    async def run(body: dict[str, Any], path: str = "/v1/paint") -> httpx.Response:
        receipt = await client.post(path, json=body)
        assert receipt.status_code == 200, receipt.text
        clock.now += 10
        result = await client.get(receipt.json()["polling_url"])
        return await anonymous.get(result.json()["result"]["sample"])

    return run
