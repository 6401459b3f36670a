"""Hooks for OpenTelemetry's instrumentation of httpx: they keep polling URLs and signed URLs out of spans.

    HTTPXClientInstrumentor().instrument(request_hook=tracing.hide, async_request_hook=tracing.hide_async)

A polling URL is a capability, and a result's URL is signed: whoever reads the traces could use either. With these
hooks a span has the host alone. Requests to other hosts than the service's lose their paths, too.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

_WITH_URL = ("url.full", "http.url")
_WITHIN = ("url.path", "url.query", "http.target")
HIDDEN = "…"


def hide(span: Any, request: Any) -> None:
    """Replace the URL in a span's attributes by its scheme and host; a `request_hook`."""
    if not span.is_recording():
        return
    parts = urlsplit(str(request.url))
    found = span.attributes or {}
    for name in found.keys() & {*_WITH_URL, *_WITHIN}:
        span.set_attribute(name, f"{parts.scheme}://{parts.hostname}/{HIDDEN}" if name in _WITH_URL else f"/{HIDDEN}")


async def hide_async(span: Any, request: Any) -> None:
    """`hide`, as an `async_request_hook`."""
    hide(span, request)
