"""The loop closed: from the specification through our client to the emulator and back, a minute for each request."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import timedelta
from functools import cache
from typing import Any, TypeVar

import httpx
import pytest
import schemathesis
from bfl_client import APIError, AsyncClient, ConfigurationError, GenerationFailed, Poll, Retry, specification
from bfl_emulator import Emulator
from schemathesis import Response

from . import tally
from .generation import Case, cases
from .operations import DOCUMENT, POLLING, TASKS, Operation
from .pictures import clip
from .promises import hold

T = TypeVar("T")
LARGE = 1024  # pixels; a side beyond it is left out, the schema does not say what can be drawn


@cache
def schema() -> Any:
    """The specification as schemathesis sees it."""
    return schemathesis.openapi.from_dict(DOCUMENT)


class World:
    """An emulator and our client in one process. On the emulator's clock, a minute passes with each request."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.answers: list[httpx.Response] = []
        self.emulator = Emulator(clock=lambda: self.now, check=True, one_host=True, credits=1e12)
        transport = httpx.ASGITransport(self.emulator.app)
        hooks: dict[str, list[Any]] = {"request": [self._keys], "response": [self._written]}
        self.http = httpx.AsyncClient(transport=transport, event_hooks=hooks)
        poll, retry = Poll(floor=0.001, ceiling=0.001, deadline=20), Retry(initial=0.001, ceiling=0.001)
        key, base_url = self.emulator.api_key, self.emulator.base_url
        self.client = AsyncClient(key, base_url, http_client=self.http, poll=poll, retry=retry)
        self.keys: dict[str, str | None] = {}

    async def _keys(self, request: httpx.Request) -> None:
        self.now += 60
        self.keys[request.url.path] = request.headers.get("x-key")

    async def _written(self, response: httpx.Response) -> None:
        if response.request.url.path in DOCUMENT["paths"]:
            content = await response.aread()
            plain = httpx.Request(response.request.method, response.request.url)  # the sent one cannot be read again
            answer = httpx.Response(response.status_code, headers=response.headers, content=content, request=plain)
            answer.elapsed = timedelta(0)
            self.answers.append(answer)

    def check_answers(self) -> list[dict[str, Any]]:
        """Validate every answer so far with schemathesis; return their JSON."""
        for response in self.answers:
            operation = schema()[response.request.url.path][response.request.method]
            operation.validate_response(Response.from_httpx(response, verify=True))
        return [response.json() for response in self.answers]


def drawable(case: Case) -> bool:
    """True if no side is too large to be drawn in a test."""
    return all((case.body.get(side) or 0) <= LARGE for side in ("width", "height"))


def filmed(case: Case) -> list[Case]:
    """The case with a real clip in each parameter for clips; none without one, or where no clip can be made."""
    film, known = clip(), specification.parameters(str(case.operation))
    texts = [name for name, value in case.body.items() if isinstance(value, str) and name in known] if film else []
    marked = [name for name in texts if "'x-bfl-media-kind': 'video'" in str(known[name].schema)]
    return [case._replace(body={**case.body, **dict.fromkeys(marked, film)})] if marked else []


def blamed(case: Case, said: str, end: str) -> str:
    """How a case ended that did not end well; fails unless a medium, one that it lacks perhaps, is named as reason."""
    media = specification.media_parameters(str(case.operation))
    assert any(name in said for name in media), f"{end}, and not for its media: {said}"
    return f"{end}, for its media"


async def follow(world: World, case: Case) -> str:
    """Send a case, follow its task to the end, and return how it ended.

    It must end well, unless its media is to blame: then the refusal or the error names one of them.
    """
    world.answers.clear()
    known, rest = case.operation.split(case.body)
    try:
        task = await world.client.submit(str(case.operation), known, extra=rest)
    except APIError as refusal:
        world.check_answers()
        if refusal.status_code == 501 and clip() is None:
            return "refused with 501"
        assert refusal.status_code == 400, refusal
        return blamed(case, str(refusal.detail), f"refused with {refusal.status_code}")
    if task.polling_url is None:
        assert case.body.get("webhook_url")
        with pytest.raises(ConfigurationError):
            await task.wait()
        world.now += 3600
        name = next(each["name"] for each in POLLING.parameters if each.get("required"))
        answer = await world.http.get(world.emulator.base_url + POLLING.path, params={name: task.id})
        ended = answer.json()["status"]
    else:
        try:
            ended = (await task.wait()).raw["status"]
        except GenerationFailed as failed:
            ended = failed.status
    first, *_, last = world.check_answers()
    assert first["id"] == last["id"] == task.id
    assert last["status"] == ended
    return str(ended) if ended == "Ready" else blamed(case, str(last.get("details")), str(ended))


def together(action: Callable[[World], Awaitable[T]]) -> T:
    """Carry out an action in a world of its own."""

    async def run() -> T:
        world = World()
        async with world.http:
            result = await action(world)
        world.emulator.assert_no_leaks()
        return result

    return asyncio.run(run())


@pytest.mark.timeout(600)  # hundreds of pictures, on a machine that may be busy
@pytest.mark.parametrize("operation", TASKS, ids=repr)
def test_every_allowed_request_ends_well(operation: Operation) -> None:
    """The emulator accepts each valid case, each answer is valid for schemathesis, and the task ends."""
    ends: dict[str, int] = {}

    async def all_of_them(world: World) -> None:
        loop = asyncio.get_running_loop()

        def promise(case: Case) -> None:
            end = asyncio.run_coroutine_threadsafe(follow(world, case), loop).result(60)
            ends[end] = ends.get(end, 0) + 1

        valid = [each for each in cases(operation) if each.valid and drawable(each)]
        await asyncio.to_thread(hold, valid + [film for each in valid[:1] for film in filmed(each)], promise)

    together(all_of_them)
    for end, number in ends.items():
        tally.count(f"tasks followed through the loop: {end}", number)
    film = operation.endpoint is not None and operation.endpoint.kind == "video"
    if not os.environ.get("BFL_CONTRACT_CASE") and not (film and clip() is None):
        assert ends.get("Ready"), ends


@pytest.mark.parametrize(
    "operation", [each for each in TASKS if each.endpoint and each.endpoint.kind == "image"][:3], ids=repr
)
def test_the_key_is_not_sent_for_a_file(operation: Operation) -> None:
    """Submit and poll send the key; the download of the result does not, and gets bytes."""

    async def one(world: World) -> None:
        for case in (each for each in cases(operation) if each.valid and drawable(each)):
            known = {name: value for name, value in operation.split(case.body)[0].items() if name != "webhook_url"}
            try:
                result = await (await world.client.submit(str(operation), known)).wait()
            except (GenerationFailed, APIError):  # for the picture that it carries; the next one may be accepted
                continue
            assert len(await result.read()) > 100
            assert world.keys.pop(operation.path) == world.keys.pop(POLLING.path) == world.emulator.api_key
            assert set(world.keys.values()) == {None}
            return
        pytest.fail("no case gets a picture")

    together(one)
