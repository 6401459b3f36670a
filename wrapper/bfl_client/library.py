"""The HTTP library: httpx2 where it is installed (the extra ``httpx2``), else httpx.

httpx2 is the maintained successor of httpx and has the same interface, so type checkers are shown httpx alone. Other
modules import `httpx` from here. A client that the caller passes may belong to either library; its requests, URLs and
timeouts must then be made by the same one, which `of` finds.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import httpx as httpx
else:
    try:
        import httpx2 as httpx
    except ImportError:
        import httpx

__all__ = ["NAMES", "AsyncHTTPClient", "HTTPClient", "httpx", "of"]
NAMES = ("httpx", "httpx2")
"""The names of both, which are also those of their loggers."""


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
