"""A world for the client to live in: scripted answers, a virtual clock, and both clients behind one call."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

import anyio.lowlevel
import httpx
import pytest
from bfl_api import specification
from bfl_api.table import ENDPOINTS, Endpoint
from bfl_client import AsyncClient, BFLError, Client, ConstraintError, Violation, constraints
from bfl_client import client as clients
from bfl_client.transport import AsyncDriver, Driver

from .loopback import Loopback

_WANTED = {"prompt", "width", "height", "seed", "guidance", "image_prompt", "output_format", "webhook_url"}
"""Properties that tests use. None is missed: what a test is about in particular, it says by `about`."""


def _properties(endpoint: Endpoint) -> set[str]:
    schema = specification.load()["components"]["schemas"].get(endpoint.schema, {})
    names = set(schema.get("properties", ()))
    return names if set(schema.get("required", ())) <= {"prompt"} else set()


ANY = max(ENDPOINTS.values(), key=lambda endpoint: len(_WANTED & _properties(endpoint)))
"""An endpoint for tests that need one, whichever: one that needs nothing but a prompt."""
NAME, METHOD = ANY.name, ANY.method_names[0]


def model() -> Any:
    """The generated model of that endpoint's body."""
    return getattr(importlib.import_module("bfl_api.models"), ANY.schema)


def function() -> Any:
    """The generated module of that endpoint, by its path: the name of its folder comes from a tag."""
    packages = importlib.import_module("bfl_api.api")
    for module in pkgutil.walk_packages(packages.__path__, "bfl_api.api."):
        if not module.ispkg and module.name.rpartition(".")[2].rstrip("_") == METHOD.lower():
            return importlib.import_module(module.name)
    raise LookupError(METHOD)


KEY = "bfl_test_key_never_to_be_seen"
OURS = os.path.dirname(clients.__file__)
"""Where our code is, wherever that is: a checkout may be called bfl_client, too."""
POLLING_URL = "https://api.eu4.bfl.ai/v1/get_result?id=task-1"
SAMPLE = "https://delivery-eu4.bfl.ai/results/sample.png?se=1&sig=signed-and-secret"

left_early = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""For answers that are left before their end: on trio, httpx leaves generators of its own to the garbage collector."""

Reply = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


def submitted(**more: Any) -> httpx.Response:
    """The answer to a submit."""
    return httpx.Response(200, json={"id": "task-1", "polling_url": POLLING_URL, "cost": 3.0, **more})


def state(status: str, code: int = 200, **more: Any) -> httpx.Response:
    """The answer to a poll."""
    return httpx.Response(code, json={"id": "task-1", "status": status, "result": None, **more})


def ready(**result: Any) -> httpx.Response:
    """The answer to the poll of a finished task."""
    return state("Ready", result={"sample": SAMPLE, "prompt": "a fox", "seed": 42, **result})


def html(status: int) -> httpx.Response:
    """An answer of somebody else's: a proxy, say."""
    return httpx.Response(status, content=b"<html>oh</html>", headers={"content-type": "text/html"})


def picture(content: bytes = b"\x89PNG picture", **headers: str) -> httpx.Response:
    """The answer to a download."""
    return httpx.Response(200, content=content, headers={"content-type": "image/png", **headers})


class Played(httpx.SyncByteStream, httpx.AsyncByteStream):
    """An answer's body in pieces, which may break off after the last."""

    def __init__(self, *pieces: bytes, error: Exception | None = None) -> None:
        self.pieces = list(pieces)
        self.error = error

    def __iter__(self) -> Iterator[bytes]:
        yield from self.pieces
        if self.error is not None:
            raise self.error

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Async(iter(self))


class _Async(AsyncIterator[bytes]):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces

    async def __anext__(self) -> bytes:
        for piece in self.pieces:
            return piece
        raise StopAsyncIteration


def broken(*pieces: bytes) -> Played:
    """A body that breaks off."""
    return Played(*pieces, error=httpx.ReadError("broken off"))


def _made(reply: Callable[[httpx.Request], httpx.Response], request: httpx.Request) -> httpx.Response | Exception:
    try:
        return reply(request)
    except Exception as error:
        return error


@dataclass
class World:
    """Plays a script to a client and writes down what the client did.

    Attributes:
        script: what is answered next, in order; the last entry is repeated.
        requests: what arrived, bodies read.
        replies: what each was answered with.
        sleeps: seconds slept, one entry per sleep.
        now: virtual monotonic time, seconds.
    """

    kind: str
    script: list[Reply] = field(default_factory=list)
    requests: list[httpx.Request] = field(default_factory=list)
    replies: list[httpx.Response | Exception] = field(default_factory=list)
    sleeps: list[float] = field(default_factory=list)
    now: float = 1000.0
    settings: dict[str, Any] = field(default_factory=dict)
    latency: float = 0.0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.now += self.latency
        reply = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        if isinstance(reply, httpx.Response) and reply.is_stream_consumed:  # played again, or before
            reply = httpx.Response(reply.status_code, headers=reply.headers, stream=Played(reply.content))
        elif not isinstance(reply, httpx.Response | Exception):
            reply = _made(reply, request)
        self.replies.append(reply)
        if isinstance(reply, Exception):
            raise reply
        return reply

    def _sync(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return self.answer(request)

    async def _async(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        return self.answer(request)

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds

    async def asleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.sleep(seconds)

    def do(self, action: Callable[[Any], Any]) -> Any:
        """Carry out an action with a client; an awaitable result is awaited, on the backend under test."""
        if self.kind == "sync":
            return action(self.client())
        return anyio.run(self._await, action, backend=self.kind)

    async def _await(self, action: Callable[[Any], Any]) -> Any:
        result = action(self.client())
        return await result if inspect.isawaitable(result) else result

    def each(self, *actions: Callable[[Any], Any]) -> list[Any]:
        """Carry out actions with one and the same client, in order: the result of each, or its BFLError."""

        async def run() -> list[Any]:
            client, found = self.client(), list[Any]()
            for action in actions:
                try:
                    result = action(client)
                    found.append(await result if inspect.isawaitable(result) else result)
                except BFLError as error:
                    found.append(error)
            return found

        return anyio.run(run, backend="asyncio" if self.kind == "sync" else self.kind)

    def client(self) -> Any:
        """A client whose requests are answered by the script, on this world's clock."""
        settings = {"api_key": KEY, **self.settings}
        if self.kind == "sync":
            with driven(lambda: self.now, self.sleep):
                return Client(http_client=httpx.Client(transport=httpx.MockTransport(self._sync)), **settings)
        with driven(lambda: self.now, self.asleep):
            http = httpx.AsyncClient(transport=httpx.MockTransport(self._async))
            return AsyncClient(http_client=http, **settings)


def submit(world: World) -> Any:
    """A task, submitted by a client of that world."""
    return world.do(lambda client: getattr(client.submit, METHOD)(prompt="a fox"))


def refuse(endpoint: str, body: Any, extra: Any = ()) -> dict[str, Violation]:
    """Each violation of a body that is refused, by its field."""
    with pytest.raises(ConstraintError) as caught:
        constraints.check(endpoint, body, extra)
    return {violation.field: violation for violation in caught.value.violations}


def wire(endpoint: str, body: Any, **more: Any) -> Any:
    """The JSON that arrives when a body is submitted, after checking that it is as long as announced.

    It is sent twice, and arrives the same: the first answer turns it away.
    """
    world = World("sync", [httpx.Response(429), submitted()])
    world.do(lambda client: client.submit(endpoint, body, **more))
    first, second = world.requests
    assert len(first.content) == int(first.headers["content-length"])
    assert second.content == first.content, "a body can be sent again"
    return json.loads(first.content)


@contextmanager
def driven(clock: Callable[[], float], sleep: Callable[[float], Any]) -> Iterator[None]:
    """Give the clients that are made meanwhile another clock, and another way to pause."""

    def made(driver: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *arguments, **settings: driver(*arguments, **{**settings, "clock": clock, "sleep": sleep})

    with mock.patch.multiple(clients, Driver=made(Driver), AsyncDriver=made(AsyncDriver)):
        yield


PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BFL_API_KEY", "BFL_BASE_URL", "SSL_CERT_FILE", "SSL_CERT_DIR", *PROXIES, *map(str.lower, PROXIES)):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def world(request: pytest.FixtureRequest) -> World:
    """A world for each way of calling."""
    return World(request.param)


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """The service on a socket of this machine."""
    with Loopback() as service:
        yield service
