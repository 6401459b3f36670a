"""Plays the faults of a script: each is a small function, and is logged only if it was sent."""

import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any

import anyio
from starlette.datastructures import QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .listener import Connection
from .operations import conclude
from .script import Occasion, Rule
from .service import Service
from .specification import Operation
from .tasks import Ending

_HOSTS = {"submit": "submit", "utility": "submit", "poll": "cluster", "download": "delivery"}
_GLANCE = 0.01  # seconds of real time between looks at the emulator's clock
_PIECE = b" " * 1024 * 1024  # what a bomb consists of
_PROXY_PAGE = """<html><head><title>{status} Bad Gateway</title></head>
<body><center><h1>{status} Bad Gateway</h1></center><hr><center>emulated proxy</center></body></html>
"""


class Scripted:
    """Wraps the endpoint of one route; `methods` are its operations, or None for the route of files."""

    def __init__(self, inner: ASGIApp, service: Service, methods: Mapping[str, Operation] | None) -> None:
        self._inner, self._service, self._methods = inner, service, methods

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Play the fault that the script has for this request, if any."""
        script = self._service.script
        if not script.rules:
            await self._inner(scope, receive, send)
            return
        occasion = _occasion(self._service, self._methods, scope)
        rule = script.next(occasion)
        play = _FAULTS[rule.fault] if rule else _report_ending
        if rule is None and occasion.operation == "poll":
            rule = script.promised.get(occasion.task_id or "")
        if rule is None:
            await self._inner(scope, receive, send)
        else:
            await play(Exchange(self._inner, self._service, occasion, rule, scope, receive, send))


def _occasion(service: Service, methods: Mapping[str, Operation] | None, scope: Scope) -> Occasion:
    """Return the occasion that a routed request is, before any of its body is read."""
    operation = None if methods is None else methods[scope["method"]]
    endpoint, asked = None, None
    if operation is None:
        kind, asked = "download", scope.get("path_params", {}).get("task_id")
    elif operation.emulate == "get-result":
        kind, asked = "poll", QueryParams(scope["query_string"]).get(service.specification.polling_parameter)
    elif operation.task is None:
        kind = "utility"
    else:
        kind, endpoint = "submit", operation.task.name
    listener = _HOSTS[kind] if service.addresses.one else service.addresses.listener(scope)
    if (task := service.tasks.get(asked or "")) is not None:
        return Occasion(kind, task.endpoint, listener, task.id)
    return Occasion(kind, endpoint, listener)


@dataclass(frozen=True)
class RawReply:
    """A reply as bytes."""

    status: int
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes = b""

    @classmethod
    def of(cls, status: int, content: Any, headers: Mapping[str, str]) -> "RawReply":
        """Encode text as HTML or plain text and anything else as JSON; some statuses have no body."""
        is_text = isinstance(content, str)
        body = content.encode() if is_text else json.dumps(content).encode()
        kind = "application/json" if not is_text else "text/html" if content.lstrip().startswith("<") else "text/plain"
        body = b"" if status in (204, 304) else body
        named = {"content-type": kind, "content-length": str(len(body))} if body else {}
        named |= {name.lower(): str(value) for name, value in headers.items()}
        return cls(status, tuple((name.encode(), value.encode()) for name, value in named.items()), body)

    def with_json(self, content: Any) -> "RawReply":
        """Return the same reply with another body."""
        body = json.dumps(content).encode()
        kept = tuple(pair for pair in self.headers if pair[0] != b"content-length")
        return replace(self, headers=(*kept, (b"content-length", str(len(body)).encode())), body=body)


class Exchange:
    """A request that a fault happens to: its real reply, and the means to send another one or none at all."""

    def __init__(self, inner: ASGIApp, service: Service, occasion: Occasion, rule: Rule, *asgi: Any) -> None:
        self.service, self.occasion, self.rule, self.options = service, occasion, rule, rule.options
        self._inner, (self._scope, self._receive, self._send) = inner, asgi
        self.connection = Connection(self._scope)

    async def reply(self) -> RawReply:
        """Have the request carried out, and return the reply without sending it."""
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._inner(self._scope, self._receive, keep)
        if not messages:  # the client went away in the middle of its body
            return RawReply(499, ())
        body = b"".join(message.get("body", b"") for message in messages[1:])
        return RawReply(messages[0]["status"], tuple(messages[0].get("headers", ())), body)

    async def send(
        self, reply: RawReply, pieces: Iterator[bytes] | None = None, *, pause: float = 0.0, fault: bool = True
    ) -> None:
        """Send a reply, `pause` seconds between its pieces; log the fault unless there turned out to be none."""
        pieces = iter([reply.body]) if pieces is None else pieces
        await self.begin(reply)
        piece = next(pieces, b"")
        for following in pieces:
            await self._send({"type": "http.response.body", "body": piece, "more_body": True})
            await anyio.sleep(0)  # a bomb takes long, and other requests must be served
            if not await self.wait(pause):
                return
            piece = following
        with self._logged() if fault else nullcontext():
            await self._send({"type": "http.response.body", "body": piece})

    async def answer(self, status: Any, content: Any, headers: Mapping[str, str] | None = None) -> None:
        """Read the request and send this reply instead of the real one."""
        await self.read()
        await self.send(RawReply.of(int(status), content, headers or {}))

    async def begin(self, reply: RawReply, body: bytes = b"") -> None:
        """Send the head of a reply, and some of its body."""
        await self._send({"type": "http.response.start", "status": reply.status, "headers": list(reply.headers)})
        if body:
            await self._send({"type": "http.response.body", "body": body, "more_body": True})

    async def break_off(self, how: Callable[[], None]) -> None:
        """Break the connection, log it, and wait until it is gone."""
        if self.connection.gone:
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
        """Wait by the emulator's clock; return False if the client has gone away."""
        clock = self.service.clock
        end = clock() + seconds
        while (rest := end - clock()) > 0 and not self.connection.gone:
            await anyio.sleep(min(rest, _GLANCE))
        return not self.connection.gone

    @contextmanager
    def _logged(self) -> Iterator[None]:
        # Logged first, because the client may look as soon as it has the reply; taken back if it was not sent.
        log, record = self.service.script.sent, self.service.script.log(self.rule.fault, self.occasion)
        yield
        if not self.connection.answered and record in log:
            log.remove(record)


async def _answer(exchange: Exchange) -> None:
    options = exchange.options
    await exchange.answer(options["status"], options["body"], options["headers"])


async def _html(exchange: Exchange) -> None:
    """Send a page from a proxy that never reached the service."""
    status = int(exchange.options["status"])
    await exchange.answer(status, _PROXY_PAGE.format(status=status))


async def _reset(exchange: Exchange) -> None:
    """Reset the connection: before the body is read, after that, or when all but sending the reply is done."""
    if exchange.options["when"] == "after-reading":
        await exchange.read()
    if exchange.options["when"] == "after-answering":
        await exchange.reply()
    await exchange.break_off(exchange.connection.reset)


async def _truncate(exchange: Exchange) -> None:
    """Send the real reply, which announces its length, but not all of it."""
    reply, wanted = await exchange.reply(), exchange.options["bytes"]
    count = len(reply.body) // 2 if wanted is None else int(wanted)
    if count >= len(reply.body):
        await exchange.send(reply, fault=False)
        return
    await exchange.begin(reply, reply.body[:count])
    await exchange.break_off(exchange.connection.hang_up)


async def _slow(exchange: Exchange) -> None:
    if await exchange.wait(float(exchange.options["seconds"])):
        await exchange.send(await exchange.reply())


async def _drip(exchange: Exchange) -> None:
    reply, size = await exchange.reply(), max(1, int(exchange.options["bytes"]))
    pieces = (reply.body[start : start + size] for start in range(0, len(reply.body), size))
    await exchange.send(reply, pieces, pause=float(exchange.options["seconds"]))


async def _bomb(exchange: Exchange) -> None:
    """Send a small reply that becomes huge for a client that decompresses it: nothing but spaces."""
    await exchange.read()
    encoding = str(exchange.options["encoding"])
    headers = ((b"content-type", b"application/json"), (b"content-encoding", encoding.encode()))
    await exchange.send(RawReply(200, headers), _compressed(int(exchange.options["bytes"]), encoding))


def _compressed(size: int, encoding: str) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    for start in range(0, size, len(_PIECE)):
        if packed := packer.compress(_PIECE[: size - start]):
            yield packed
    yield packer.flush()


async def _rewrite(exchange: Exchange, code: int = 200, **changes: Any) -> None:
    """Send the real reply with changes to its body, and this status; an unsuccessful one is sent as it is."""
    reply = await exchange.reply()
    if reply.status != 200:
        await exchange.send(reply, fault=False)
        return
    body = json.loads(reply.body)
    fits = changes.keys() <= body.keys()
    changed = replace(reply.with_json({**body, **changes}), status=code)
    await exchange.send(changed if fits else reply, fault=fits)


async def _outcome(exchange: Exchange) -> None:
    """Let the script decide how the task ends; the fault is sent, and logged, with the first poll that reports it."""
    reply, service, options = await exchange.reply(), exchange.service, exchange.options
    if reply.status == 200:
        task = service.tasks[json.loads(reply.body)["id"]]
        conclude(service, task, Ending(options["status"], options["details"], int(options["code"])))
        service.script.promise(task.id, exchange.rule)
    await exchange.send(reply, fault=False)


async def _report_ending(exchange: Exchange) -> None:
    reply = await exchange.reply()
    reported = json.loads(reply.body or b"{}").get("status") == exchange.options["status"]
    if reported:
        exchange.service.script.promised.pop(exchange.occasion.task_id or "", None)
    await exchange.send(reply, fault=reported)


_FAULTS: Mapping[str, Callable[[Exchange], Awaitable[None]]] = {
    "answer": _answer,
    "html": _html,
    "redirect": lambda exchange: exchange.answer(
        exchange.options["status"], "", {"location": exchange.options["location"]}
    ),
    "reset": _reset,
    "truncate": _truncate,
    "slow": _slow,
    "drip": _drip,
    "bomb": _bomb,
    "polling-url": lambda exchange: _rewrite(exchange, polling_url=exchange.options["url"]),
    "status": lambda exchange: _rewrite(
        exchange, int(exchange.options["code"]), status=exchange.options["status"], result=None
    ),
    # The wording is the emulator's, the status was seen by clients.
    "expired": lambda exchange: exchange.answer(403, {"detail": "This URL expired"}),
    "outcome": _outcome,
}
