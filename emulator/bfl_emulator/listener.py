"""Serves an ASGI application on a port of 127.0.0.1, from a thread of its own."""

import asyncio
import logging
import socket
import threading
from collections.abc import Callable
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"
_GRACE = 1.0  # seconds that answers under way have when the server stops


class Listener:
    """A server in a daemon thread; its port is bound first. Raises OSError for a port that is taken."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        bound = socket.create_server((HOST, port), backlog=2048)
        # Named as TCP, or asyncio would not turn Nagle's algorithm off, and each answer would take forty milliseconds.
        self._socket = socket.socket(bound.family, bound.type, socket.IPPROTO_TCP, fileno=bound.detach())
        self.port: int = self._socket.getsockname()[1]
        self._ready = threading.Event()
        self._server = _Server(_Configuration(app), self._ready.set)
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
        self._socket.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._socket])
        finally:
            self._ready.set()


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
        )

    def configure_logging(self) -> None:
        """Leave logging alone: uvicorn would set up its loggers for the whole process, which is not its own."""


class _Protocol(H11Protocol):
    """Logs under the emulator's name, errors only: a test may well send what is no HTTP."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.logger = logging.getLogger("bfl_emulator.http")
        if self.logger.level == logging.NOTSET:
            self.logger.setLevel(logging.ERROR)
        self.access_log = False


class _Server(uvicorn.Server):
    """Tells when it accepts connections, and leaves none open when it stops."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
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
