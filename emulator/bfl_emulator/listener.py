"""Serves an ASGI application on ports of one address, from a thread of its own, and can break connections."""

import asyncio
import contextlib
import logging
import socket
import ssl
import struct
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import h11
import uvicorn
from starlette.types import ASGIApp, Scope
from uvicorn.protocols.http.h11_impl import H11Protocol

from .clock import Loop
from .script import Occasion, Script

_STATE = "bfl_emulator.connection"  # where the scope of a request has its connection
_RESET = struct.pack("ii", 1, 0)  # linger for no time: the kernel sends a reset instead of an orderly end
_GLANCE = 0.01  # seconds between looks at whether a listener is to refuse connections, or a request has ended
_GRACE = 1.0  # seconds that requests being answered have when the server stops
_PATIENCE = 5.0  # seconds after which requests that still have not ended are cancelled
_LONGEST = 30.0  # seconds that the whole of stopping may take
_HEAD = 10.0  # seconds that a client has for the head of a request, once it is connected or has begun
_SILENCE = 30.0  # seconds that a client may be silent within a body
_BACKLOG = 2048  # connections that may wait to be accepted


class Listener(uvicorn.Server):
    """A server in a daemon thread; its ports are bound at once. Raises OSError for a port that is taken.

    ports: the port of each listener by name, 0 for a free one. script: says which listener refuses connections when.
    secure: what TLS needs, on every port; None for plain HTTP.
    """

    def __init__(
        self,
        app: ASGIApp,
        address: str,
        ports: Mapping[str, int],
        script: Script,
        secure: ssl.SSLContext | None = None,
    ) -> None:
        super().__init__(_configuration(app))
        self.config.load()
        self.config.ssl = secure
        self._address, self._script = address, script
        self._sockets: dict[str, socket.socket] = {}
        self._held: dict[str, socket.socket] = {}
        try:
            for name, port in ports.items():
                self._sockets[name] = _bound(address, port)
                self._sockets[name].listen(_BACKLOG)
        except (OSError, OverflowError):
            self._close()
            raise
        self.ports: dict[str, int] = {name: bound.getsockname()[1] for name, bound in self._sockets.items()}
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._run, name="bfl_emulator", daemon=True)

    def start(self) -> None:
        """Start the thread; once this returns, requests are answered. Raises RuntimeError if the server failed."""
        self._thread.start()
        self._ready.wait()
        if not self.started:
            raise RuntimeError("the emulator's server did not start")

    def stop(self) -> None:
        """Stop accepting, give requests being answered a second, close every connection, and wait for the thread.

        Raises RuntimeError if it does not end.
        """
        self.should_exit = True
        if self.started:
            with contextlib.suppress(RuntimeError):  # the loop has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread.ident is not None:
            self._thread.join(_LONGEST)
        if self._thread.is_alive():
            raise RuntimeError(f"the emulator did not stop within {_LONGEST:g} seconds")
        self._close()

    def _close(self) -> None:
        for bound in (*self._sockets.values(), *self._held.values()):
            bound.close()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=Loop) as runner:
                runner.run(self.serve(list(self._sockets.values())))
        finally:
            self._ready.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start listening, and say so."""
        await super().startup(sockets)
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        self._doors = dict(zip(self.ports, self.servers, strict=True))
        self._keeper = asyncio.create_task(self._keep_doors())
        self._ready.set()

    async def main_loop(self) -> None:
        """Wait for `stop` rather than for uvicorn's next tick: tests start and stop many emulators."""
        while not await self.on_tick(0):  # renews the date header, every second
            for connection in list(self.server_state.connections):
                if isinstance(connection, _Protocol) and connection.is_overdue():
                    connection.transport.close()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), 1)

    async def _keep_doors(self) -> None:
        """Close and open each listener as the script says."""
        while True:
            await asyncio.sleep(_GLANCE)
            for name, door in self._doors.items():
                if self._script.refuses(name) and door.is_serving():
                    await self._close_door(name, door)
                elif name in self._held and not self._script.refuses(name):
                    await self._open_door(name)

    async def _close_door(self, name: str, door: asyncio.Server) -> None:
        """Stop listening on a port, and reset the connections to it.

        The port stays bound: the system would give a free one to anybody, even to the client that tries to connect.
        """
        port = self.ports[name]
        door.close()
        self._script.log("refuse", Occasion("connect", None, name))
        for connection in list(self.server_state.connections):
            if connection.transport.get_extra_info("sockname")[1] == port:
                connection.transport.abort()
        await asyncio.sleep(0)  # until they are closed
        self._held[name] = _bound(self._address, port)

    async def _open_door(self, name: str) -> None:
        protocol = partial(_Protocol, self.config, self.server_state, {})
        held = self._held.pop(name)
        self._doors[name] = await self._loop.create_server(protocol, sock=held, ssl=self.config.ssl, backlog=_BACKLOG)
        self.servers.append(self._doors[name])

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop accepting, and leave nothing open."""
        self._keeper.cancel()
        for server in self.servers:
            server.close()
        await self._wait_while(self._busy, _GRACE)
        state = self.server_state
        for connection in list(state.connections):
            connection.transport.abort()
        await self._wait_while(lambda: bool(state.connections or state.tasks), _PATIENCE)
        for task in state.tasks:
            task.cancel()

    async def _wait_while(self, condition: Callable[[], bool], seconds: float) -> None:
        end = self._loop.time() + seconds
        while condition() and self._loop.time() < end:
            await asyncio.sleep(_GLANCE)

    def _busy(self) -> bool:
        """Return whether a request is being answered, or a reply not yet sent."""
        unsent = (connection.transport.get_write_buffer_size() for connection in self.server_state.connections)
        return bool(self.server_state.tasks) or any(unsent)


class Connection:
    """The connection of one request. In-process there is none: breaking it raises ConnectionResetError instead."""

    def __init__(self, scope: Scope) -> None:
        self._protocol: Any = scope.get("state", {}).get(_STATE)

    @property
    def gone(self) -> bool:
        """Whether the other side can no longer be reached."""
        return self._protocol is not None and self._protocol.transport.is_closing()

    @property
    def answered(self) -> bool:
        """Whether a whole reply was handed to the connection."""
        return self._protocol is None or self._protocol.cycle.response_complete

    def reset(self) -> None:
        """Break the connection with a reset."""
        if self._protocol is None:
            raise ConnectionResetError("the script of the emulator breaks this connection")
        connection = self._protocol.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._protocol.transport.abort()

    def hang_up(self) -> None:
        """Close the connection in an orderly way after what was written, however much of a reply is missing."""
        if self._protocol is None:
            raise ConnectionResetError("the script of the emulator cuts this reply off")
        self._protocol.transport.close()


def _bound(address: str, port: int) -> socket.socket:
    """Bind a port of an address, 0 for a free one, without listening. Raises OSError for a port that is taken."""
    # Named as TCP, or asyncio would not turn Nagle's algorithm off, and each reply would take forty milliseconds.
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there, the option would let two programs share a port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((address, port))
    except (OSError, OverflowError):  # the latter for a port that cannot be
        bound.close()
        raise
    return bound


def _configuration(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        loop="asyncio",
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,  # uvicorn would set up its loggers for the whole process, which belongs to others
        proxy_headers=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=60,  # seconds, like load balancers; uvicorn's five break requests of slow clients
    )


class _Protocol(H11Protocol):
    """Logs under the emulator's name, and only errors: a test may well send something that is not HTTP.

    The scope of each request leads back to its connection, so that a script can break it. A client that keeps the
    server waiting is overdue: half-sent requests would else use up the files that a process may have open.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = logging.getLogger("bfl_emulator.http")
        if self.logger.level == logging.NOTSET:
            self.logger.setLevel(logging.ERROR)
        self.access_log = False
        self.app_state = {**self.app_state, _STATE: self}
        self._heard = self.loop.time()
        self._head_since: float | None = self._heard

    def data_received(self, data: bytes) -> None:
        """Take note of the time, and parse."""
        self._heard = self.loop.time()
        if self._head_since is None and self.conn.their_state is h11.IDLE:
            self._head_since = self._heard
        super().data_received(data)
        if self.conn.their_state is not h11.IDLE:
            self._head_since = None

    def is_overdue(self) -> bool:
        """Return whether the client took too long for the head of a request, or to send more of its body."""
        now = self.loop.time()
        if self._head_since is not None:
            return now - self._head_since > _HEAD
        awaited = self.conn.their_state is h11.SEND_BODY and not self.flow.read_paused
        return awaited and now - self._heard > _SILENCE
