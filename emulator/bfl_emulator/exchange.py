"""One request that a fault happens to: what would be answered, and the means to answer otherwise or not at all."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import anyio
from starlette.types import ASGIApp, Message

from .script import Occasion, Rule
from .service import Service
from .wire import Wire

_GLANCE = 0.01  # seconds of real time between looks at the emulator's clock


@dataclass(frozen=True)
class Response:
    """An answer as bytes."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    @classmethod
    def of(cls, status: int, content: Any, headers: Mapping[str, str]) -> "Response":
        """Text goes out as HTML or plain text, everything else as JSON; nothing where a status has no body."""
        is_text = isinstance(content, str)
        body = content.encode() if is_text else json.dumps(content).encode()
        kind = "application/json" if not is_text else "text/html" if content.lstrip().startswith("<") else "text/plain"
        body = b"" if status in (204, 304) else body
        named = {"content-type": kind, "content-length": str(len(body))} if body else {}
        named |= {name.lower(): str(value) for name, value in headers.items()}
        return cls(status, tuple((name.encode(), value.encode()) for name, value in named.items()), body)

    def with_json(self, content: Any) -> "Response":
        """The same answer with another body."""
        body = json.dumps(content).encode()
        kept = tuple(pair for pair in self.headers if pair[0] != b"content-length")
        return replace(self, headers=(*kept, (b"content-length", str(len(body)).encode())), body=body)


class Exchange:
    """A request that a fault happens to, and the means to make it happen."""

    def __init__(self, inner: ASGIApp, service: Service, occasion: Occasion, rule: Rule, *asgi: Any) -> None:
        self.service, self.occasion, self.rule, self.options = service, occasion, rule, rule.options
        self._inner, (self._scope, self._receive, self._send) = inner, asgi
        self.wire = Wire(self._scope)

    async def answer(self) -> Response:
        """Let the request be carried out, and return what would be answered."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._inner(self._scope, self._receive, keep)
        if not messages:  # the client went away in the middle of its body
            return Response(499, ())
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return Response(messages[0]["status"], tuple(messages[0].get("headers", ())), body)

    async def send(
        self, response: Response, pieces: Iterator[bytes] | None = None, *, pause: float = 0.0, fault: bool = True
    ) -> None:
        """Send an answer, `pause` seconds between its pieces, and log the fault unless it turned out that none is."""
        pieces = iter([response.body]) if pieces is None else pieces
        await self.begin(response)
        piece = next(pieces, b"")
        for following in pieces:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            await anyio.sleep(0)  # a bomb is long, and others want to be served
            if not await self.wait(pause):
                return
            piece = following
        with self._logged() if fault else _unlogged():
            await self._send({"type": "http.response.body", "body": piece})

    async def begin(self, response: Response, body: bytes = b"") -> None:
        """Send the head of an answer, and some of its body."""
        await self._send({"type": "http.response.start", "status": response.status, "headers": list(response.headers)})
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def break_off(self, how: Callable[[], None]) -> None:
        """Break the connection, log it, and wait until it is gone."""
        if self.wire.gone:
            return
        self.service.script.log(self.rule.fault, self.occasion)
        how()
        await self.read(until="http.disconnect")

    async def read(self, until: str = "http.request") -> None:
        """Receive until the request has been read, or the connection is gone."""
        while (message := await self._receive())["type"] != "http.disconnect":
            if until == "http.request" and not message.get("more_body"):
                return

    async def wait(self, seconds: float) -> bool:
        """Wait by the emulator's clock; False if the client went away meanwhile."""
        clock = self.service.clock
        end = clock() + seconds
        while (rest := end - clock()) > 0 and not self.wire.gone:
            await anyio.sleep(min(rest, _GLANCE))
        return not self.wire.gone

    @contextmanager
    def _logged(self) -> Iterator[None]:
        # Logged first, because whoever gets the answer may look at once; taken back if it did not go out.
        log, record = self.service.script.sent, self.service.script.log(self.rule.fault, self.occasion)
        yield
        if not self.wire.answered and record in log:
            log.remove(record)


@contextmanager
def _unlogged() -> Iterator[None]:
    yield
