"""The escape hatch: httpx clients that send the requests of the generated functions through our drivers.

So they get the key on API hosts only, capped and uncompressed answers, no redirects, and typed errors before the
generated parsing, which knows nothing of an answer it does not expect.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator
from typing import Any

import httpx

from . import answers, policy
from .errors import TransportError
from .steps import Answer, Call, Clock, Flow
from .transport import AsyncDriver, Driver


class _Bytes:
    """A body that is there already."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.length = len(content)

    def __iter__(self) -> Iterator[bytes]:
        yield self._content

    async def stream(self) -> AsyncGenerator[bytes, None]:
        yield self._content


def _once(request: httpx.Request, content: bytes) -> Flow[httpx.Response]:
    paid = request.method != "GET"
    deadline = (yield Clock()) + policy.REQUEST_DEADLINE
    body = _Bytes(content) if content else None
    answer: Answer = yield Call(request.method, str(request.url), body, paid, deadline)
    if not 200 <= answer.status < 300:
        raise answers.api_error(answer, paid=paid)
    if not isinstance(answers.parse_json(answer), dict):
        raise TransportError(f"HTTP {answer.status}, but the answer is no JSON object", maybe_submitted=paid)
    kind = {"content-type": "application/json"}
    return httpx.Response(answer.status, headers=kind, content=answer.content, request=request)


class HatchClient(httpx.Client):
    """Sends through a `Driver`; httpx's own sending, and its log of URLs, are not reached."""

    def __init__(self, driver: Driver, base_url: str) -> None:
        super().__init__(base_url=base_url)
        self._driver = driver

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request as this package does; options such as streaming do not apply."""
        return self._driver.run(_once(request, request.read()))


class AsyncHatchClient(httpx.AsyncClient):
    """Sends through an `AsyncDriver`; httpx's own sending, and its log of URLs, are not reached."""

    def __init__(self, driver: AsyncDriver, base_url: str) -> None:
        super().__init__(base_url=base_url)
        self._driver = driver

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request as this package does; options such as streaming do not apply."""
        return await self._driver.run(_once(request, await request.aread()))
