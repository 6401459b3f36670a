"""How the server runs: calls under way when it ends, and who may speak to it over HTTP."""

from __future__ import annotations

import socket
from typing import Any
from unittest import mock

import anyio
import pytest
import uvicorn
from bfl_mcp import server
from bfl_mcp.server import Running
from mcp import types
from starlette.testclient import TestClient
from starlette.types import Message

TOKEN = "a-token-of-some-length"
CALL = types.CallToolRequestParams(name="tasks")


def test_a_call_that_ends_with_the_server_is_an_error() -> None:
    """A call that is cut off because the server ends is answered with an error that says where its task is."""
    notes: list[object] = []
    answers: list[Any] = []

    async def run() -> None:
        async def call(context: Any, params: Any) -> None:
            await anyio.sleep_forever()

        running = Running(mock.Mock(call=call), notes.append)

        async def ask() -> None:
            answers.append(await running.call(mock.Mock(), CALL))

        async with anyio.create_task_group() as group:
            group.start_soon(ask)
            await anyio.wait_all_tasks_blocked()
            with anyio.fail_after(5):
                await running.end()

    anyio.run(run)
    (answer,) = answers
    assert answer.is_error
    assert "tasks lists" in answer.content[0].text
    assert len(notes) == 1


@pytest.mark.parametrize("fails", [False, True])
def test_an_idle_server_ends_at_once(fails: bool) -> None:
    """Once every call is answered, or has failed, the end waits for nothing, and says nothing."""
    notes: list[object] = []

    async def run() -> None:
        async def call(context: Any, params: Any) -> str:
            if fails:
                raise LookupError
            return "answer"

        running = Running(mock.Mock(call=call), notes.append)
        if fails:
            with pytest.raises(LookupError):
                await running.call(mock.Mock(), CALL)
        else:
            assert await running.call(mock.Mock(), CALL) == "answer"  # type: ignore[comparison-overlap]
        with anyio.fail_after(5):
            await running.end()

    anyio.run(run)
    assert notes == []


@pytest.mark.parametrize(
    ("kind", "header", "passes"),
    [
        ("http", f"Bearer {TOKEN}", True),
        ("http", TOKEN, False),
        ("http", f"Bearer {TOKEN}x", False),
        ("http", f"Bearer {TOKEN[:-1]}", False),
        ("http", f"Basic {TOKEN}", False),
        ("http", "", False),
        ("http", None, False),
        ("http", "Bearer caf\xe9", False),
        ("lifespan", None, True),
    ],
)
def test_only_the_token_opens(kind: str, header: str | None, passes: bool) -> None:
    """A request passes with the whole token as a bearer; any other, whatever its bytes, gets 401. A start passes."""
    reached: list[str] = []
    sent: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope["type"])

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [] if header is None else [(b"authorization", header.encode("latin-1"))]
    scope = {"type": kind, "method": "POST", "path": "/mcp", "headers": headers} if kind == "http" else {"type": kind}
    anyio.run(server.guarded(app, TOKEN), scope, mock.AsyncMock(), send)
    assert reached == ([kind] if passes else [])
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [401][passes:]


def test_long_base64_is_taken_over_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of 16 MiB, as a picture in base64 is, is read over HTTP; one of 80 MiB is refused for its length."""
    places: list[str] = []
    apps: list[Any] = []

    async def serve(self: uvicorn.Server, sockets: object) -> None:
        apps.append(self.config.app)

    monkeypatch.setattr(uvicorn.Server, "serve", serve)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        anyio.run(server._on_http, server.build(mock.Mock(), mock.Mock()), listening, TOKEN, places.append)
    assert places == [f"http://127.0.0.1:{port}/mcp"]
    headers = {"authorization": f"Bearer {TOKEN}", "accept": "*/*", "content-type": "application/json"}
    with TestClient(apps[0], headers=headers) as client:
        bodies = [b'"%s"' % (b"A" * (size * 1024**2)) for size in (16, 80)]
        assert [client.post(places[0], content=body).status_code for body in bodies] == [400, 413]
