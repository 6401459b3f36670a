"""Stands before everything else: lets in requests to loopback names only, and takes down what arrived."""

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from .control import PREFIX as CONTROL
from .journal import ReceivedRequest
from .service import Service

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
RECORD = "bfl_emulator.record"


class Guard:
    """ASGI middleware. A Host header that is no loopback name, nor one that was allowed, is answered with 400.

    It is the sign of a web page whose own name was made to resolve to this machine (DNS rebinding).
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on, with its record in the scope, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[RECORD] = ReceivedRequest.of(scope, self._service.specification.key_header)
        if not scope["path"].startswith(CONTROL):
            self._service.requests.append(scope[RECORD])
        name = _host_name(Headers(scope=scope).get("host", ""))
        if name in _LOOPBACK or name in self._service.hosts.names:
            await self._app(scope, receive, send)
        else:
            await JSONResponse({"detail": "Invalid host header: the emulator answers to loopback names only"}, 400)(
                scope, receive, send
            )


def _host_name(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return (name if colon and port.isdecimal() else host).lower()
