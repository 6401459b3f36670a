"""Serves an ASGI application on ports of one address, from a thread of its own."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from .script import Occasion, Script
from .wire import CONNECTION

_GLANCE = 0.01  # seconds between looks at whether a listener is to refuse connections
_GRACE = 1.0  # seconds that answers under way have when the server stops


class Listener:
    """A server in a daemon thread; its ports are bound first. Raises OSError for a port that is taken.

    ports: the port of each listener by name, 0 for a free one. script: tells which listener refuses connections when.
    """

    def __init__(self, app: ASGIApp, address: str, ports: Mapping[str, int], script: Script) -> None:
        self._sockets: dict[str, socket.socket] = {}
        try:
            for name, port in ports.items():
                self._sockets[name] = bind(address, port)
        except OSError:
            self._close()
            raise
        self.ports: dict[str, int] = {name: bound.getsockname()[1] for name, bound in self._sockets.items()}
        self._ready = threading.Event()
        self._server = _Server(_Configuration(app), self._ready.set, address, self.ports, script)
        self._thread = threading.Thread(target=self._run, name="bfl_emulator", daemon=True)

    def start(self) -> None:
        """Start the thread; when this returns, requests are answered. Raises RuntimeError if the server ended."""
        self._thread.start()
        self._ready.wait()
        if not self._server.started:
            raise RuntimeError("the emulator's server did not start")

    def stop(self) -> None:
        """Stop accepting, give answers under way their second, close every connection, and wait for the thread."""
        self._server.should_exit = True
        if self._thread.ident is not None:
            self._thread.join()
        self._close()

    def _close(self) -> None:
        for bound in self._sockets.values():
            bound.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=list(self._sockets.values()))
        finally:
            self._ready.set()


def bind(address: str, port: int) -> socket.socket:
    """Bind a port of an address, 0 for a free one. Raises OSError for one that is taken."""
    bound = socket.create_server((address, port), backlog=2048)
    # Named as TCP, or asyncio would not turn Nagle's algorithm off, and each answer would take forty milliseconds.
    return socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())


class _Configuration(uvicorn.Config):
    def __init__(self, app: ASGIApp) -> None:
        super().__init__(
            app,
            loop="asyncio",
            http=_Protocol,
            ws="none",
            lifespan="off",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=5,
            timeout_keep_alive=60,  # seconds, as load balancers have it; uvicorn's five break requests of slow clients
        )

    def configure_logging(self) -> None:
        """Leave logging alone: uvicorn would set up its loggers for the whole process, which is not its own."""


class _Protocol(H11Protocol):
    """Logs under the emulator's name, errors only: a test may well send what is no HTTP.

    Each request's scope leads back to its connection, so that a script can break it.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = logging.getLogger("bfl_emulator.http")
        if self.logger.level == logging.NOTSET:
            self.logger.setLevel(logging.ERROR)
        self.access_log = False
        self.app_state = {**self.app_state, CONNECTION: self}


class _Server(uvicorn.Server):
    """Tells when it accepts connections, closes a door for as long as it is to, and leaves nothing open at its end."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[], None],
        address: str,
        ports: Mapping[str, int],
        script: Script,
    ) -> None:
        super().__init__(config)
        self._ready, self._address, self._ports, self._script = ready, address, ports, script

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._doors = dict(zip(self._ports, self.servers, strict=True))
        self._keeper = asyncio.create_task(self._keep_doors())
        self._ready()

    async def _keep_doors(self) -> None:
        while True:
            await asyncio.sleep(_GLANCE)
            for name, door in self._doors.items():
                if self._script.refuses(name) == door.is_serving():
                    self._doors[name] = await self._turn(name, door)

    async def _turn(self, name: str, door: asyncio.Server) -> asyncio.Server:
        """Close an open door, with what came in through it, or open a closed one on the same port."""
        port = self._ports[name]
        if door.is_serving():
            door.close()
            self._script.log("refuse", Occasion("connect", None, name))
            for connection in list(self.server_state.connections):
                if connection.transport.get_extra_info("sockname")[1] == port:
                    connection.transport.abort()
            return door
        protocol = partial(_Protocol, self.config, self.server_state, {})
        opened = await asyncio.get_running_loop().create_server(protocol, sock=bind(self._address, port))
        self.servers.append(opened)
        return opened

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._keeper.cancel()
        for server in self.servers:
            server.close()
        loop = asyncio.get_running_loop()
        end = loop.time() + _GRACE
        while self._busy() and loop.time() < end:
            await asyncio.sleep(0.01)
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)

    def _busy(self) -> bool:
        """Tell whether a request is being answered, or an answer not yet sent."""
        unsent = (connection.transport.get_write_buffer_size() for connection in self.server_state.connections)
        return bool(self.server_state.tasks) or any(unsent)
