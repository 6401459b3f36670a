"""What somebody finds at the emulator's address: a page, and the specification with that address as its server."""

import base64
import hashlib
from collections.abc import Iterable
from html import escape
from itertools import islice

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from .portable import served
from .requests import ReceivedRequest, Refusal
from .service import Service
from .specification import Operation

PAGES = frozenset({"/", "/openapi.json"})
_LATEST = 30  # requests on the page
_SHORT = 120  # characters of a path on the page
_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1b1b1f; background: #fff }
h1 { font-size: 1.5rem } h2 { font-size: 1.1rem; margin-top: 2rem }
code { font: 13px/1.5 ui-monospace, monospace; overflow-wrap: anywhere }
table { border-collapse: collapse; width: 100% }
td, th { text-align: left; vertical-align: top; padding: .2rem 1rem .2rem 0; border-bottom: 1px solid #8884 }
.refused { color: #b3261e }
@media (prefers-color-scheme: dark) { body { color: #e4e2e6; background: #1b1b1f } a { color: #a8c7fa }
  .refused { color: #ffb4ab } }
"""
_POLICY = "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_HEADERS = {
    "Content-Security-Policy": _POLICY.format(base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="2">
<meta name="viewport" content="width=device-width"><title>BFL emulator</title><style>{style}</style></head><body>
<h1>BFL emulator</h1>
<p>This is the Black Forest Labs API on your own machine, for tests: its pictures are drawn by code and cost
nothing. Requests carry a key in the header <code>{header}</code>; it was printed when the emulator was started.</p>
<p>Base URL <code>{url}</code> · specification <a href="/openapi.json">openapi.json</a> · {credits} credits left ·
{tasks} tasks</p>
<h2>The last requests</h2>
<table><tr><th>Answer</th><th>Request</th></tr>{requests}</table>
<h2>Endpoints</h2>
<table><tr><th>Method</th><th>Path</th><th></th></tr>{endpoints}</table>
</body></html>
"""


def pages(service: Service) -> list[Route]:
    """Return the routes: both are for the host that submissions go to, and need no key."""

    async def page(request: Request) -> Response:
        _check_host(service, request)
        return HTMLResponse(_page(service, service.addresses.origin(request.scope, "submit")), headers=_HEADERS)

    async def document(request: Request) -> Response:
        _check_host(service, request)
        return JSONResponse(served(service.specification.document, service.addresses.origin(request.scope, "submit")))

    return [Route("/", page, methods=["GET"]), Route("/openapi.json", document, methods=["GET"])]


def _check_host(service: Service, request: Request) -> None:
    if service.addresses.reached(request.scope) not in (None, "submit"):
        raise Refusal(404, "Not Found")


def _page(service: Service, url: str) -> str:
    latest = list(islice(reversed(service.requests.copy()), _LATEST))
    return _PAGE.format(
        style=_STYLE,
        header=escape(service.specification.key_header),
        url=escape(url),
        credits=f"{service.account.credits:,g}",
        tasks=f"{len(service.tasks):,}",
        requests=_requests(latest),
        endpoints="".join(map(_endpoint, service.specification.operations)),
    )


def _requests(latest: Iterable[ReceivedRequest]) -> str:
    """Return a row for each request, without its query: the id in it is all that a poll needs."""
    rows = [
        f"<tr><td{' class=refused' if (each.status or 0) >= 400 else ''}>{each.status or 'pending'}</td>"
        f"<td><code>{escape(each.method)} {escape(each.path[:_SHORT])}</code></td></tr>"
        for each in latest
    ]
    return "".join(rows) or "<tr><td colspan=2>none yet</td></tr>"


def _endpoint(operation: Operation) -> str:
    method, path, summary = map(escape, (operation.method, operation.path, operation.summary))
    return f"<tr><td>{method}</td><td><code>{path}</code></td><td>{summary}</td></tr>"
