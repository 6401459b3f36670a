"""The HTTP library: httpx2 where it is installed (the extra ``httpx2``), else httpx.

httpx2 is the maintained successor of httpx and has the same interface, so type checkers are shown httpx alone. Other
modules import `httpx` from here. A client that the caller passes may belong to either library; its requests, URLs and
timeouts must then be made by the same one, which `of` finds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import httpx as httpx
else:
    try:
        import httpx2 as httpx
    except ImportError:
        import httpx

__all__ = ["DEADLINE", "NAMES", "AsyncHTTPClient", "HTTPClient", "bounded", "httpx", "now", "of", "sparing"]
NAMES = ("httpx", "httpx2")
"""The names of both, which are also those of their loggers."""
_C = TypeVar("_C", "httpx.Client", "httpx.AsyncClient")
DEADLINE: ContextVar[float | None] = ContextVar("bfl_client_deadline", default=None)
"""Monotonic time at which the synchronous request under way must end, seconds; None for no such time."""


if sys.platform == "win32":
    now = time.monotonic
else:

    def now() -> float:
        """Monotonic seconds; libraries that freeze the time in tests replace `time.monotonic`, but not this."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)


class _Sends(Protocol):
    """What the clients of both libraries have in common."""

    @property
    def is_closed(self) -> bool: ...

    @property
    def build_request(self) -> Callable[..., Any]: ...

    @property
    def send(self) -> Callable[..., Any]: ...


class HTTPClient(_Sends, Protocol):
    """``httpx.Client`` or ``httpx2.Client``."""

    def close(self) -> None: ...


class AsyncHTTPClient(_Sends, Protocol):
    """``httpx.AsyncClient`` or ``httpx2.AsyncClient``."""

    def aclose(self) -> Awaitable[None]: ...


def of(client: object) -> Any:
    """The library that made a client; None if it is a client of neither."""
    roots = (each.__module__.partition(".")[0] for each in type(client).__mro__)
    return next((sys.modules[root] for root in roots if root in NAMES), None)


def bounded(client: httpx.Client) -> httpx.Client:
    """The client, its connections made to end each read and write by `DEADLINE`.

    Both libraries know only the timeout of one read, so an answer that comes byte by byte could last for ever. Their
    connection pools take a network backend, but the clients have no parameter for it: hence the private names. Without
    them (a later version, say) only single reads are bounded; a test of both libraries would show it.
    """
    for pool in _pools(client):
        if hasattr(pool, "_network_backend"):
            pool._network_backend = _Bounded(pool._network_backend)
    return client


def sparing(client: _C) -> _C:
    """The client, its connection pools made to close no connection that a request holds.

    httpcore 1.0 may close one under a request of another thread, whose answer is then lost, paid or not
    (github.com/encode/httpcore/issues/1110, open in November 2026; httpcore2 spares them itself). Private names again.
    """
    for pool in _pools(client):
        if hasattr(pool, "_assign_requests_to_connections"):
            pool._assign_requests_to_connections = partial(_spare, pool, pool._assign_requests_to_connections)
    return client


def _spare(pool: Any, assign: Callable[[], list[Any]]) -> list[Any]:
    """Let a pool assign its connections, and keep those of the ones to be closed that a request holds."""
    closing = assign()
    if not closing:
        return closing
    held = {id(request.connection) for request in pool._requests}
    pool._connections.extend(each for each in closing if id(each) in held)
    return [each for each in closing if id(each) not in held]


def _pools(client: httpx.Client | httpx.AsyncClient) -> list[Any]:
    """The connection pools of a client, for direct connections and through each proxy."""
    return [getattr(transport, "_pool", None) for transport in (client._transport, *client._mounts.values())]


class _Bounded:
    """A network backend, or one of its streams, with no timeout longer than the time until the deadline."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Bounded:
        """A connection."""
        return _Bounded(self._inner.connect_tcp(host, port, timeout=_left(timeout), **options))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Bounded:
        """The connection, encrypted."""
        return _Bounded(self._inner.start_tls(ssl_context, server_hostname, _left(timeout)))

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Bytes that have arrived."""
        found: bytes = self._inner.read(max_bytes, _left(timeout))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Send bytes."""
        self._inner.write(buffer, _left(timeout))


def _left(timeout: float | None) -> float | None:
    deadline = DEADLINE.get()
    if deadline is None:
        return timeout
    left = deadline - now()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left if timeout is None else min(timeout, left)
