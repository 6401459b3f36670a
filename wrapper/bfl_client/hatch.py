"""The escape hatch: httpx transports that send the requests of the generated functions through our drivers.

So they get the key on API hosts only, capped and uncompressed answers, no redirects, and typed errors before the
generated parsing, which knows nothing of an answer it does not expect.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx

from . import answers
from .steps import Answer, Call, Flow
from .transport import AsyncDriver, Driver


class _Bytes:
    """A body that is there already."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.length = len(content)

    def __iter__(self) -> Iterator[bytes]:
        yield self._content

    async def stream(self) -> AsyncIterator[bytes]:
        yield self._content


def _once(request: httpx.Request, content: bytes) -> Flow[httpx.Response]:
    paid = request.method != "GET"
    answer: Answer = yield Call(request.method, str(request.url), _Bytes(content) if content else None, paid)
    if answer.status >= 300:
        raise answers.api_error(answer, paid=paid)
    kind = answer.headers.get("content-type", "application/json")
    return httpx.Response(answer.status, headers={"content-type": kind}, content=answer.content, request=request)


class HatchTransport(httpx.BaseTransport):
    """Sends through a `Driver`."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self._driver.run(_once(request, request.read()))


class AsyncHatchTransport(httpx.AsyncBaseTransport):
    """Sends through an `AsyncDriver`."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self._driver.run(_once(request, await request.aread()))
