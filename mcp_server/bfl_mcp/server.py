"""The server: the protocol over standard input and output, or over HTTP on this machine; how it starts and stops."""

from __future__ import annotations

import hmac
import os
import signal
import socket
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import anyio
from bfl_client import __version__
from bfl_client.client import AsyncClient
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from . import resources, tools
from .desk import Answered, Desk
from .studio import Studio

INTERRUPTED = 130
"""The exit code after a signal, as that of the command line."""
_LARGEST_BODY = 64 * 1024**2  # bytes of a request over HTTP: base64 is allowed to be long
_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_UNAUTHORIZED = """This server needs the header "Authorization: Bearer TOKEN". bfl mcp printed the token when it
started, or it is the value of BFL_MCP_TOKEN in its environment.
"""
_INSTRUCTIONS = """Makes pictures and videos with the FLUX models of Black Forest Labs.
Start with list_endpoints, then describe_endpoint. Credits are real money: ask price before you generate, and generate
once. Every paid task has an id and is kept: when a call ends early, continue with the tool task, do not pay again.
Videos take minutes: submit them, then wait with task. Results are files; a small version of a picture is returned."""


class Running:
    """The calls under way, so the server can end without dropping one that is paid for."""

    def __init__(self, desk: Desk, note: Callable[[str], object] = lambda _: None) -> None:
        self._desk, self._note = desk, note
        self._scopes: set[anyio.CancelScope] = set()
        self._idle: anyio.Event | None = None

    async def call(self, context: ServerRequestContext, params: types.CallToolRequestParams) -> Answered:
        """Answer a call, unless the server is being ended."""
        scope = anyio.CancelScope()
        self._scopes.add(scope)
        try:
            with scope:
                return await self._desk.call(context, params)
        finally:
            self._scopes.discard(scope)
            if self._idle is not None and not self._scopes:
                self._idle.set()
        ended = types.TextContent(text="the server is being ended; tasks lists what was submitted")
        return types.CallToolResult(content=[ended], is_error=True)

    async def end(self) -> None:
        """Cancel the calls, and wait until the answers to paid requests have arrived."""
        self._idle = anyio.Event()
        for scope in self._scopes:
            scope.cancel()
        if self._scopes:
            self._note("interrupted: waiting for the answers to paid requests (Ctrl-C again stops now)")
            await self._idle.wait()


def build(studio: Studio, running: Running) -> Server[Any]:
    """The server of the protocol, without a transport."""

    async def list_tools(context: ServerRequestContext, params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=tools.as_listed())

    async def list_resources(context: ServerRequestContext, params: object) -> types.ListResourcesResult:
        return types.ListResourcesResult(resources=resources.listed(studio))

    async def read_resource(
        context: ServerRequestContext, params: types.ReadResourceRequestParams
    ) -> types.ReadResourceResult:
        return resources.read(studio, str(params.uri))

    return Server(
        "bfl",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=running.call,
        on_list_resources=list_resources,
        on_read_resource=read_resource,
    )


def serve(
    make: Callable[[AsyncClient], Studio],
    connect: Callable[[], AsyncClient],
    *,
    redact: Callable[[str], str],
    note: Callable[[str], object],
    http: tuple[socket.socket, str] | None = None,
    announce: Callable[[str], object] = lambda _: None,
) -> None:
    """Serve until the client leaves or a signal comes.

    Args:
        make: makes the studio of a client.
        connect: makes the client.
        redact: takes secrets out of a text.
        note: writes a line for the user.
        http: a socket that listens on 127.0.0.1, to serve HTTP there, and the token that each request must carry, as
            ``Authorization: Bearer TOKEN``; None for standard input and output.
        announce: called with the URL, with HTTP.
    """

    async def run() -> None:
        async with connect() as client:
            studio = make(client)
            running = Running(Desk(studio, redact, note), note)
            server = build(studio, running)
            async with anyio.create_task_group() as group:
                group.start_soon(_end_on_signal, running)
                await (_on_streams(server) if http is None else _on_http(server, *http, announce))
                group.cancel_scope.cancel()

    anyio.run(run)


async def _on_streams(server: Server[Any]) -> None:
    async with stdio_server() as (reading, writing):
        await server.run(reading, writing, server.create_initialization_options())


async def _end_on_signal(running: Running) -> None:
    """End the process after the first signal, once paid requests are answered; after the second, at once."""
    with suppress(NotImplementedError), anyio.open_signal_receiver(*_SIGNALS) as signals:
        async with anyio.create_task_group() as group:
            first = True
            async for _ in signals:
                if not first:
                    os._exit(INTERRUPTED)
                first = False
                group.start_soon(_end, running)


async def _end(running: Running) -> None:
    await running.end()
    os._exit(INTERRUPTED)  # a thread waits for standard input, and nothing else would wake it


async def _on_http(
    server: Server[Any], listening: socket.socket, token: str, announce: Callable[[str], object]
) -> None:
    import uvicorn

    app = guarded(server.streamable_http_app(host="127.0.0.1", max_request_body_size=_LARGEST_BODY), token)
    http = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))
    http.capture_signals = nullcontext  # type: ignore[assignment,method-assign]  # see `_end_on_signal`
    announce(f"http://127.0.0.1:{listening.getsockname()[1]}/mcp")
    await http.serve(sockets=[listening])


def guarded(app: ASGIApp, token: str) -> ASGIApp:
    """The app for requests that carry the token: whoever reaches it can spend the budget."""
    expected = f"Bearer {token}".encode()
    refusal = PlainTextResponse(_UNAUTHORIZED, 401, {"www-authenticate": "Bearer"})

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        starts = scope["type"] == "lifespan"
        given = "" if starts else Headers(scope=scope).get("authorization", "")
        allowed = starts or hmac.compare_digest(given.encode(), expected)
        await (app if allowed else refusal)(scope, receive, send)

    return answer
