"""Hooks for OpenTelemetry's instrumentation of httpx or httpx2: they keep URLs and the key out of spans.

    hooks = {f"{kind}_hook": tracing.hide for kind in ("request", "response")}
    hooks |= {f"async_{kind}_hook": tracing.hide_async for kind in ("request", "response")}
    HTTPXClientInstrumentor().instrument(**hooks)  # HTTPX2ClientInstrumentor for httpx2

A polling URL is a capability, and a result's URL is signed: whoever reads the traces could use either. With these
hooks a span has the host alone and, where headers are captured, none that may hold a key, a cookie, a URL or an id.
Requests to other hosts than the service's lose their paths, too.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

_WITH_URL = ("url.full", "http.url")
_WITHIN = ("url.path", "url.query", "http.target")
_HEADERS = ("x_key", "authorization", "proxy_authorization", "cookie", "set_cookie", "location", "etag")
HIDDEN = "…"


def hide(span: Any, request: Any, response: Any = None) -> None:
    """Replace the URL in a span's attributes by its scheme and host, and hide headers that are secret.

    It is both a `request_hook` and a `response_hook`.
    """
    if not span.is_recording():
        return
    parts = urlsplit(str(request.url))
    for name in list(span.attributes or {}):
        if name in _WITH_URL:
            span.set_attribute(name, f"{parts.scheme}://{parts.hostname}/{HIDDEN}")
        elif name in _WITHIN:
            span.set_attribute(name, f"/{HIDDEN}")
        elif name.startswith("http.") and name.rpartition(".header.")[2] in _HEADERS:
            span.set_attribute(name, [HIDDEN])


async def hide_async(span: Any, request: Any, response: Any = None) -> None:
    """`hide`, as an `async_request_hook` and an `async_response_hook`."""
    hide(span, request)
