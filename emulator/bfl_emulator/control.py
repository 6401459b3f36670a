"""Control endpoints, for tests that are not in Python: off unless asked for, and behind a token of their own.

GET ``/_emulator/requests`` and ``/_emulator/faults`` tell what arrived and which faults were sent; POST
``/_emulator/script`` adds rules (a list, or ``{seed: ..., rules: [...]}``), DELETE takes all away.
"""

import hmac
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from .payload import parse, read_body
from .refusals import Refusal
from .script import rules_of
from .service import Service

PREFIX = "/_emulator"


class Control:
    """Answers whoever sends the token as ``Authorization: Bearer <token>``."""

    def __init__(self, service: Service, token: str) -> None:
        self._service, self._token = service, token

    def routes(self) -> list[Route]:
        """Return the routes to add to the application."""
        return [
            Route(f"{PREFIX}/{{what}}", self._read, methods=["GET"]),
            Route(f"{PREFIX}/script", self._write, methods=["POST", "DELETE"]),
        ]

    async def _read(self, request: Request) -> Response:
        logs: dict[str, Any] = {"requests": self._service.requests, "faults": self._service.script.sent}
        what = request.path_params["what"]
        if refusal := self._refusal(request):
            return refusal
        if what not in logs:
            return JSONResponse({"detail": "Not Found"}, 404)
        return JSONResponse([asdict(entry) for entry in list(logs[what])])

    async def _write(self, request: Request) -> Response:
        if refusal := self._refusal(request):
            return refusal
        try:
            if request.method == "DELETE":
                self._service.script.rules = []
            else:
                document = parse(await read_body(request), request.headers.get("content-type", ""))
                self._service.script.add(*rules_of(document, "the body"))
        except ValueError as error:
            return JSONResponse({"detail": str(error)}, 422)
        except Refusal as error:
            return JSONResponse(error.answer.body, error.answer.status)
        return Response(status_code=204)

    def _refusal(self, request: Request) -> Response | None:
        given, expected = request.headers.get("authorization", ""), f"Bearer {self._token}"
        if hmac.compare_digest(given.encode(), expected.encode()):
            return None
        return JSONResponse({"detail": "The control token is missing or wrong"}, 403)
