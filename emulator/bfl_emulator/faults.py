"""Plays the faults of a script: each is a small function of an exchange, and is logged only if it was sent."""

import json
import zlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from .exchange import Exchange, Response
from .outcomes import Outcome
from .script import Occasion
from .service import Service
from .tasks import conclude

_PIECE = b" " * 1024 * 1024  # what a bomb consists of
_PROXY_PAGE = """<html><head><title>{status} Bad Gateway</title></head>
<body><center><h1>{status} Bad Gateway</h1></center><hr><center>emulated proxy</center></body></html>
"""


class Scripted:
    """Stands around one route's endpoint; `describe` tells what a request is an occasion of."""

    def __init__(self, inner: ASGIApp, service: Service, describe: Callable[[Scope], Occasion]) -> None:
        self._inner, self._service, self._describe = inner, service, describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Play the fault that the script has for this request, if any."""
        script = self._service.script
        if not script.rules:
            await self._inner(scope, receive, send)
            return
        occasion = self._describe(scope)
        rule = script.next(occasion)
        play = _FAULTS[rule.fault] if rule else _tell_outcome
        if rule is None and occasion.operation == "poll":
            rule = script.promised.get(occasion.task_id or "")
        if rule is None:
            await self._inner(scope, receive, send)
        else:
            await play(Exchange(self._inner, self._service, occasion, rule, scope, receive, send))


async def _answer(exchange: Exchange) -> None:
    options = exchange.options
    await exchange.read()
    await exchange.send(Response.of(int(options["status"]), options["body"], options["headers"]))


async def _html(exchange: Exchange) -> None:
    """A page from a proxy that never asked the service."""
    await exchange.read()
    status = int(exchange.options["status"])
    await exchange.send(Response.of(status, _PROXY_PAGE.format(status=status), {}))


async def _redirect(exchange: Exchange) -> None:
    await exchange.read()
    headers = {"location": str(exchange.options["location"])}
    await exchange.send(Response.of(int(exchange.options["status"]), "", headers))


async def _reset(exchange: Exchange) -> None:
    """A reset before the body is read, after it is, or after all was done but the answer sent."""
    if exchange.options["when"] == "after-reading":
        await exchange.read()
    if exchange.options["when"] == "after-answering":
        await exchange.answer()
    await exchange.break_off(exchange.wire.reset)


async def _truncate(exchange: Exchange) -> None:
    """The real answer announces its length, and ends before it."""
    response, wanted = await exchange.answer(), exchange.options["bytes"]
    count = len(response.body) // 2 if wanted is None else int(wanted)
    if count >= len(response.body):
        await exchange.send(response, fault=False)
        return
    await exchange.begin(response, response.body[:count])
    await exchange.break_off(exchange.wire.hang_up)


async def _slow(exchange: Exchange) -> None:
    if await exchange.wait(float(exchange.options["seconds"])):
        await exchange.send(await exchange.answer())


async def _drip(exchange: Exchange) -> None:
    response, size = await exchange.answer(), max(1, int(exchange.options["bytes"]))
    pieces = (response.body[start : start + size] for start in range(0, len(response.body), size))
    await exchange.send(response, pieces, pause=float(exchange.options["seconds"]))


async def _bomb(exchange: Exchange) -> None:
    """A small answer that becomes a large one for whoever decompresses it: spaces, without end as it seems."""
    await exchange.read()
    encoding = str(exchange.options["encoding"])
    headers = ((b"content-type", b"application/json"), (b"content-encoding", encoding.encode()))
    await exchange.send(Response(200, headers), _compressed(int(exchange.options["bytes"]), encoding))


def _compressed(size: int, encoding: str) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31 if encoding == "gzip" else 15)
    for start in range(0, size, len(_PIECE)):
        if packed := packer.compress(_PIECE[: size - start]):
            yield packed
    yield packer.flush()


async def _rewrite(exchange: Exchange, **changes: Any) -> None:
    """The real answer with something else in its body; one that was no success goes out as it is."""
    response = await exchange.answer()
    if response.status != 200:
        await exchange.send(response, fault=False)
        return
    body = json.loads(response.body)
    fits = changes.keys() <= body.keys()
    await exchange.send(response.with_json({**body, **changes}) if fits else response, fault=fits)


async def _polling_url(exchange: Exchange) -> None:
    await _rewrite(exchange, polling_url=str(exchange.options["url"]))


async def _status(exchange: Exchange) -> None:
    await _rewrite(exchange, status=str(exchange.options["status"]), result=None)


async def _expired(exchange: Exchange) -> None:
    """A file whose URL expired: the words are the emulator's, the status was seen by clients."""
    await exchange.read()
    await exchange.send(Response.of(403, {"detail": "This URL expired"}, {}))


async def _outcome(exchange: Exchange) -> None:
    """The task will end as the script says. The fault is sent, and logged, with the first poll that tells it."""
    response, service, options = await exchange.answer(), exchange.service, exchange.options
    if response.status == 200:
        task = service.tasks[json.loads(response.body)["id"]]
        conclude(service, task, Outcome(options["status"], options["details"], int(options["code"])))
        service.script.promise(task.id, exchange.rule)
    await exchange.send(response, fault=False)


async def _tell_outcome(exchange: Exchange) -> None:
    response = await exchange.answer()
    told = json.loads(response.body or b"{}").get("status") == exchange.options["status"]
    if told:
        exchange.service.script.promised.pop(exchange.occasion.task_id or "", None)
    await exchange.send(response, fault=told)


_FAULTS: Mapping[str, Callable[[Exchange], Awaitable[None]]] = {
    "answer": _answer,
    "html": _html,
    "redirect": _redirect,
    "reset": _reset,
    "truncate": _truncate,
    "slow": _slow,
    "drip": _drip,
    "bomb": _bomb,
    "polling-url": _polling_url,
    "status": _status,
    "expired": _expired,
    "outcome": _outcome,
}
