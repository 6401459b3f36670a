"""The ASGI application: a route for each path of the specification, for files, for pages, and for control on request.

Control endpoints are for tests that are not in Python, behind a token of their own (``Authorization: Bearer <token>``):
GET ``/_emulator/requests``, ``/_emulator/leaks`` and ``/_emulator/faults`` return what arrived, what of it sent the key
to the file host, and which faults were sent; POST ``/_emulator/script`` adds rules (a list, or ``{seed: ..., rules:
[...]}``), DELETE removes all.
"""

import hmac
import logging
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import anyio
from anyio.lowlevel import RunVar
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .faults import Scripted
from .operations import answer
from .pages import PAGES, pages
from .requests import ReceivedRequest, Refusal, Reply, ValidRequest, parse, read_body, shorten
from .samples import file_response
from .script import rules_of
from .service import Service, well_formed
from .specification import Operation
from .tasks import FILES

_log = logging.getLogger("bfl_emulator")
_CONTROL = "/_emulator"
_RECORD = "bfl_emulator.record"  # where the scope of a request has its record
# A larger body, or one with a URL, is handled in another thread: reading its inputs may take a while.
_SMALL = 4 * 1024
_DRAWING: RunVar[anyio.CapacityLimiter] = RunVar("bfl_emulator.drawing")


def build_app(service: Service, check: bool, control_token: str | None = None) -> Starlette:
    """Build the application, with control endpoints if there is a token.

    With `check`, a reply that breaks the specification is an AssertionError.
    """
    paths: dict[str, dict[str, Operation]] = {}
    for operation in service.specification.operations:
        paths.setdefault(operation.path, {})[operation.method] = operation
    routes = [_route(path, service, methods, check) for path, methods in paths.items()]
    files = Scripted(_Files(service), service, None)
    routes.append(Route(FILES + "/{task_id}/{name}", files, methods=["GET"]))
    routes += pages(service)
    if control_token is not None:
        routes += _Control(service, control_token).routes()
    app = Starlette(
        routes=routes,
        middleware=[Middleware(_Guard, service=service)],
        exception_handlers={HTTPException: _failed, Refusal: _failed, 500: _failed},
    )
    app.router.redirect_slashes = False
    return app


def _route(path: str, service: Service, methods: Mapping[str, Operation], check: bool) -> Route:
    scripted = Scripted(_Endpoint(service, methods, check), service, methods)
    route = Route(path, scripted, methods=list(methods))
    route.methods = set(methods)  # Starlette adds HEAD to GET; the service knows declared methods only
    return route


async def _failed(request: Request, error: Exception) -> Response:
    """Answer in the service's words what was refused (by the router with 404 or 405), or what went wrong (500)."""
    if isinstance(error, Refusal):
        return JSONResponse(error.reply.body, error.reply.status)
    if isinstance(error, HTTPException):
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    return JSONResponse({"detail": "Internal Server Error"}, 500)


class _Guard:
    """Middleware: records every request, and answers 400 to a Host header that is neither loopback nor allowed.

    Such a header is the sign of a web page that made its own name resolve to this machine (DNS rebinding). A request
    that sends the key to the file host is recorded as a leak; as at the service, it is served, unless `strict` is set.
    """

    def __init__(self, app: ASGIApp, service: Service) -> None:
        self._app, self._service = app, service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an HTTP request on, with its record in the scope, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        service, app = self._service, self._app
        record = scope[_RECORD] = ReceivedRequest.of(scope, service.specification.key_header)
        if not scope["path"].startswith(_CONTROL) and scope["path"] not in PAGES:
            service.requests.append(record)
        if self._leaks(scope):
            service.leaks.append(record)
            _log.warning("a request sent the API key to the file host: %s %r", record.method, record.path)
            if service.strict:
                app = JSONResponse(
                    {"detail": "This request carries the API key, which must not go to the file host"}, 400
                )
        if not service.addresses.accepts(scope):
            app = JSONResponse({"detail": "Invalid host header: the emulator answers to loopback names only"}, 400)

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope[_RECORD].status = message["status"]
            await send(message)

        await app(scope, receive, noting)

    def _leaks(self, scope: Scope) -> bool:
        """Return whether a request to the file host has the key's header, or the key anywhere else."""
        service, key = self._service, self._service.api_key.encode()
        reached = service.addresses.reached(scope) or ("delivery" if scope["path"].startswith(FILES) else "")
        header = service.specification.key_header.encode()
        carried = any(name == header or key in value for name, value in scope["headers"])
        return reached == "delivery" and (carried or key in scope["query_string"])


class _Endpoint:
    """Answers for one path."""

    def __init__(self, service: Service, methods: Mapping[str, Operation], check: bool) -> None:
        self._service, self._methods, self._check = service, methods, check

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        operation = self._methods[request.method]
        try:
            if self._service.addresses.reached(scope) == "delivery":
                raise Refusal(404, "Not Found")
            reply = await self._reply(request, operation)
        except Refusal as refusal:
            reply = refusal.reply
        except ClientDisconnect:
            return
        if self._check:
            self._service.contract.check(operation, reply)
        empty = reply.status == 204  # the one success that has no body
        response = Response(None, 204) if empty else JSONResponse(reply.body, reply.status, reply.headers)
        await response(scope, receive, send)

    async def _reply(self, request: Request, operation: Operation) -> Reply:
        refusal = _key_refusal(self._service, request) if operation.needs_key else None
        raw = await read_body(request, keep=refusal is None)
        if refusal is not None:
            raise refusal
        if len(raw) < _SMALL and b"http" not in raw.lower():
            return self._handle(request, operation, raw)
        return await anyio.to_thread.run_sync(self._handle, request, operation, raw)

    def _handle(self, request: Request, operation: Operation, raw: bytes) -> Reply:
        service = self._service
        places = {"query": request.query_params, "path": request.path_params, "header": request.headers}
        parameters = service.contract.parameters(operation, lambda place, name: places.get(place, {}).get(name))
        body = parse(raw, request.headers.get("content-type", "")) if operation.body is not None else None
        request.scope[_RECORD].body = shorten(body)
        schema = service.contract.body(operation, body)
        listener = service.addresses.reached(request.scope)
        origins = {name: service.addresses.origin(request.scope, name) for name in service.addresses.ports}
        return answer(service, ValidRequest(operation, parameters, body or {}, schema, listener, origins))


def _key_refusal(service: Service, request: Request) -> Refusal | None:
    """Return None if the request carries the key, else 403 (recorded 2025-08) or 422 (seen in clients)."""
    key = request.headers.get(service.specification.key_header, "")
    if hmac.compare_digest(key.encode(), service.api_key.encode()):
        return None
    if key and not well_formed(key):
        return Refusal(422, "Invalid API key format")
    return Refusal(403, "Not authenticated - Invalid Authentication")


class _Files:
    """Serves finished files to anybody with a signed URL that has not expired."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except Refusal as refusal:
            response = await _failed(request, refusal)
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        service, path = self._service, request.url.path
        if service.addresses.reached(request.scope) not in (None, "delivery"):
            raise Refusal(404, "Not Found")
        service.signer.verify(path, request.query_params)
        task = service.files.find(path)
        content = await anyio.to_thread.run_sync(service.files.content, task, path, limiter=_drawing())
        return file_response(content, service.files.content_type(task, path), task.id, request.headers)


def _drawing() -> anyio.CapacityLimiter:
    """Return the limiter of this event loop that lets two pictures be drawn at a time: each may take much memory."""
    try:
        return _DRAWING.get()
    except LookupError:
        _DRAWING.set(limiter := anyio.CapacityLimiter(2))
        return limiter


class _Control:
    """The control endpoints: they answer to anybody with the token."""

    def __init__(self, service: Service, token: str) -> None:
        self._service, self._token = service, token

    def routes(self) -> list[Route]:
        return [
            Route(f"{_CONTROL}/{{what}}", self._read, methods=["GET"]),
            Route(f"{_CONTROL}/script", self._write, methods=["POST", "DELETE"]),
        ]

    async def _read(self, request: Request) -> Response:
        self._check_token(request)
        service = self._service
        logs: dict[str, Any] = {"requests": service.requests, "leaks": service.leaks, "faults": service.script.sent}
        what = request.path_params["what"]
        if what not in logs:
            raise Refusal(404, "Not Found")
        return JSONResponse([asdict(entry) for entry in list(logs[what])])

    async def _write(self, request: Request) -> Response:
        self._check_token(request)
        if request.method == "DELETE":
            self._service.script.rules = []
        else:
            document = parse(await read_body(request), request.headers.get("content-type", ""))
            try:
                self._service.script.add(*rules_of(document, "the body"))
            except ValueError as error:
                raise Refusal(422, str(error)) from None
        return Response(status_code=204)

    def _check_token(self, request: Request) -> None:
        given, expected = request.headers.get("authorization", ""), f"Bearer {self._token}"
        if not hmac.compare_digest(given.encode(), expected.encode()):
            raise Refusal(403, "The control token is missing or wrong")
