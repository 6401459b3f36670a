"""The ASGI application: one route for each path of the specification, and one for the files it makes."""

import hmac
from collections.abc import Mapping
from functools import partial
from typing import Any

import anyio
from anyio.lowlevel import RunVar
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import utility
from .answers import Answer
from .control import Control
from .faults import Scripted
from .guard import RECORD, Guard
from .occasions import occasion
from .payload import parse, read_body, shorten
from .refusals import Refusal
from .samples import PREFIX, file_response
from .service import Call, Service, well_formed
from .specification import Operation
from .tasks import submit

# A body of more bytes, or one that names a URL, is handled beside the event loop: reading its inputs may take a while.
_SMALL = 4 * 1024
_DRAWING: RunVar[anyio.CapacityLimiter] = RunVar("bfl_emulator.drawing")


def build_app(service: Service, check: bool, control_token: str | None = None) -> Starlette:
    """Build the application; with `check`, an answer that breaks the specification is an AssertionError.

    With a token it has control endpoints.
    """
    paths: dict[str, dict[str, Operation]] = {}
    for operation in service.specification.operations:
        paths.setdefault(operation.path, {})[operation.method] = operation
    routes = [_route(path, _Endpoint(service, methods, check), service) for path, methods in paths.items()]
    files = Scripted(_Delivery(service), service, partial(occasion, service, None))
    routes.append(Route(PREFIX + "/{task_id}/{name}", files, methods=["GET"]))
    if control_token is not None:
        routes += Control(service, control_token).routes()
    app = Starlette(
        routes=routes,
        middleware=[Middleware(Guard, service=service)],
        exception_handlers={HTTPException: _failed, 500: _failed},
    )
    app.router.redirect_slashes = False
    return app


def _route(path: str, endpoint: "_Endpoint", service: Service) -> Route:
    scripted = Scripted(endpoint, service, partial(occasion, service, endpoint.methods))
    route = Route(path, scripted, methods=list(endpoint.methods))
    route.methods = set(endpoint.methods)  # Starlette adds HEAD to GET; the service knows declared methods only
    return route


class _Endpoint:
    """Answers for one path."""

    def __init__(self, service: Service, methods: Mapping[str, Operation], check: bool) -> None:
        self.methods = methods
        self._service, self._check = service, check

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        operation = self.methods[request.method]
        try:
            if not self._service.hosts.serves(scope, "submit", "cluster"):
                raise Refusal(404, "Not Found")
            answer = await self._answer(request, operation)
        except Refusal as refusal:
            answer = refusal.answer
        except ClientDisconnect:
            return
        if self._check:
            self._service.contract.check(operation, answer)
        empty = answer.status == 204  # the one success that has no body
        response = Response(None, 204) if empty else JSONResponse(answer.body, answer.status, answer.headers)
        await response(scope, receive, send)

    async def _answer(self, request: Request, operation: Operation) -> Answer:
        raw = await read_body(request)
        if operation.needs_key:
            _admit(self._service, request)
        handle = partial(self._handle, request, operation, raw)
        inline = len(raw) < _SMALL and b"http" not in raw.lower()
        return handle() if inline else await anyio.to_thread.run_sync(handle)

    def _handle(self, request: Request, operation: Operation, raw: bytes) -> Answer:
        service = self._service
        places = {"query": request.query_params, "path": request.path_params, "header": request.headers}
        parameters = service.contract.parameters(operation, lambda place, name: places.get(place, {}).get(name))
        body = parse(raw, request.headers.get("content-type", "")) if operation.body is not None else None
        request.scope[RECORD].body = shorten(body)
        schema = service.contract.body(operation, body)
        call = Call(operation, parameters, body or {}, schema, service.hosts.serves(request.scope, "cluster"))
        return utility.answer(service, call) if operation.task is None else submit(service, call, operation.task)


class _Delivery:
    """Serves finished files to whoever holds a signed URL that has not expired."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        request = Request(scope, receive)
        try:
            response = await self._response(request)
        except Refusal as refusal:
            response = JSONResponse(refusal.answer.body, refusal.answer.status)
        await response(scope, receive, send)

    async def _response(self, request: Request) -> Response:
        service, path = self._service, request.url.path
        if not service.hosts.serves(request.scope, "delivery"):
            raise Refusal(404, "Not Found")
        header = service.specification.key_header
        if header in request.headers:
            raise Refusal(400, f"This request carries the API key ({header}), which must not go to the file host")
        service.signer.verify(path, request.query_params, service.epoch(service.clock()))
        task = service.files.find(path)
        content = await anyio.to_thread.run_sync(service.files.content, task, path, limiter=_drawing())
        return file_response(content, service.files.content_type(task, path), task.id, request.headers)


def _drawing() -> anyio.CapacityLimiter:
    """At most two pictures are drawn at a time: each may take some hundred megabytes."""
    try:
        return _DRAWING.get()
    except LookupError:
        _DRAWING.set(limiter := anyio.CapacityLimiter(2))
        return limiter


def _admit(service: Service, request: Request) -> None:
    """Raise Refusal (403: recorded 2025-08; 422: seen in clients) unless the request carries the service's key."""
    key = request.headers.get(service.specification.key_header, "")
    if hmac.compare_digest(key.encode(), service.api_key.encode()):
        return
    if key and not well_formed(key):
        raise Refusal(422, "Invalid API key format")
    raise Refusal(403, "Not authenticated - Invalid Authentication")


async def _failed(request: Request, error: Exception) -> Response:
    """Say as the service does what the router refused (404, 405), and what went wrong here (500)."""
    if isinstance(error, HTTPException):
        return JSONResponse({"detail": error.detail}, error.status_code, error.headers)
    return JSONResponse({"detail": "Internal Server Error"}, 500)
