"""The HTTP library: httpx2 where it is installed (the extra ``httpx2``), else httpx.

httpx2 is the maintained successor of httpx and has the same interface, so type checkers are shown httpx alone. Other
modules import `httpx` from here. A client that the caller passes may belong to either library; its requests, URLs and
timeouts must then be made by the same one, which `of` finds.
"""

from __future__ import annotations

import select
import sys
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    import httpx as httpx
else:
    try:
        import httpx2 as httpx
    except ImportError:
        import httpx

__all__ = ["DEADLINE", "NAMES", "AsyncHTTPClient", "HTTPClient", "guarded", "httpx", "now", "of", "url_of"]
NAMES = ("httpx", "httpx2")
"""The names of both, which are also the names of their loggers."""
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


@lru_cache(64)
def url_of(text: str, library: Any = httpx) -> httpx.URL:
    """The URL, parsed by the library that requests it. The last ones are kept: each is checked, and requested again.

    Raises InvalidURL, ValueError or TypeError, as the library does.
    """
    return library.URL(text)  # type: ignore[no-any-return]


def guarded(client: _C) -> _C:
    """The client, its connection pools mended by private names, because neither library has a parameter for it.

    - Each synchronous read and write ends by `DEADLINE`: the libraries know the timeout of one read alone, so an answer
      that comes byte by byte could last for ever.
    - A pool of httpcore 1.0 leaves alone each connection that a request holds. Unmended, it may close one under a
      request of another thread, whose answer is then lost, paid or not, or give it to a second request, which must ask
      again: most of the CPU time of many requests at once (github.com/encode/httpcore/issues/1110, open in November
      2026; fixed in httpcore2).
    - An idle asynchronous connection quickly says whether the other side has hung up. Each is asked twice per request,
      and anyio's attributes take a fifth of the CPU time of a hundred requests at once.

    Without these names (in a later version, say) the client works as the library does; tests of both would show it.
    """
    for transport in (client._transport, *client._mounts.values()):
        pool: Any = getattr(transport, "_pool", None)
        if hasattr(pool, "_network_backend"):
            kind = _Glancing if hasattr(client, "aclose") else _Bounded
            pool._network_backend = kind(pool._network_backend)
        if type(pool).__module__.partition(".")[0] == "httpcore" and hasattr(pool, "_assign_requests_to_connections"):
            pool._assign_requests_to_connections = partial(_spare, pool, pool._assign_requests_to_connections)
    return client


def _spare(pool: Any, assign: Callable[[], list[Any]]) -> list[Any]:
    """Let a pool assign its connections without seeing those that requests hold; it holds its lock meanwhile."""
    held = {request.connection for request in pool._requests}
    seen, most = pool._connections, pool._max_connections
    kept = [each for each in seen if each in held]
    pool._connections = [each for each in seen if each not in held]
    pool._max_connections = most - len(kept)
    try:
        return assign()
    finally:
        pool._connections += kept
        pool._max_connections = most


class _Around:
    """A network backend, or one of its streams, of which a subclass changes a part."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class _Bounded(_Around):
    """A synchronous backend or stream with no timeout longer than the time until `DEADLINE`."""

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


class _Glancing(_Around):
    """An asynchronous backend or stream that keeps its socket at hand."""

    def __init__(self, inner: Any) -> None:
        super().__init__(inner)
        self._socket = inner.get_extra_info("socket") if hasattr(inner, "get_extra_info") else None

    async def connect_tcp(self, *address: Any, **options: Any) -> _Glancing:
        """A connection."""
        return _Glancing(await self._inner.connect_tcp(*address, **options))

    async def start_tls(self, *settings: Any, **options: Any) -> _Glancing:
        """The connection, encrypted."""
        return _Glancing(await self._inner.start_tls(*settings, **options))

    def get_extra_info(self, info: str) -> Any:
        """What is known about the connection; ``is_readable`` is true of an idle one that was closed."""
        if sys.platform == "win32" or info != "is_readable" or self._socket is None:
            return self._inner.get_extra_info(info)
        descriptor = self._socket.fileno()
        if descriptor < 0:
            return True
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))


def _left(timeout: float | None) -> float | None:
    deadline = DEADLINE.get()
    if deadline is None:
        return timeout
    left = deadline - now()
    if left <= 0:
        raise TimeoutError("the deadline has passed")
    return left if timeout is None else min(timeout, left)
