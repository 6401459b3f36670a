"""Arbitrary scripts of answers, played to both drivers in virtual time: same requests, same sleeps, same outcome.

And whatever is played: only BFLErrors leave, the key goes to API hosts only, what is paid for is not lost, deadlines
hold to the second, and nothing secret stands in a message.
"""

from __future__ import annotations

import gzip
import json
import logging
from contextlib import suppress
from typing import Any

import httpx
import pytest
from bfl_client import BFLError, TransportError
from hypothesis import given, settings
from hypothesis import strategies as st

from .conftest import KEY, NAME, POLLING_URL, SAMPLE, Played, World, left_early

DEADLINE = 60.0
SECRET = "webhook-secret-never-to-be-seen"
LONG = "A" * 5000

urls = st.sampled_from(
    [
        POLLING_URL,
        SAMPLE,
        "https://evil.example/v1/get_result?id=task-1",
        "http://api.bfl.ai/",
        "https://api.bfl.ai:1/",
        "https://\ud800/",
        "https://xn--a.bfl.ai/",
        "//api.bfl.ai",
        "file:///etc/passwd",
        "https://api.bfl.ai/" + LONG,
        "",
    ]
)
odd: Any = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(LONG) | st.just([{}])
statuses = st.sampled_from(
    ["Pending", "Ready", "Error", "Failed", "Request Moderated", "Content Moderated", "Task not found", "Novelty", ""]
)
envelopes = st.fixed_dictionaries(
    {},
    optional={
        "id": st.just("task-1") | odd,
        "polling_url": urls | odd,
        "status": statuses | odd,
        "result": st.fixed_dictionaries({}, optional={"sample": urls | odd, "seed": odd, "draft_cache": odd}) | odd,
        "progress": odd,
        "details": odd | st.dictionaries(st.text(max_size=5), odd, max_size=2),
        "cost": odd,
        "detail": odd | st.just([{"loc": ["body", "x"], "msg": LONG, "input": LONG}]),
    },
)
good = st.sampled_from(
    [
        {"id": "task-1", "polling_url": POLLING_URL, "cost": 3},
        {"id": "task-1", "status": "Pending", "progress": 0.5},
        {"id": "task-1", "status": "Ready", "result": {"sample": SAMPLE, "seed": 1}},
    ]
)
contents = (
    (good | envelopes | odd).map(lambda value: json.dumps(value).encode())
    | st.sampled_from([b"", b"<html>", b"[" * 3000, b'{"id": "task-1"', b"\xff\xfe", b"picture", LONG.encode()])
    | good.map(lambda value: gzip.compress(json.dumps(value).encode()))
)
codes = st.sampled_from(
    [200, 200, 200, 200, 201, 204, 206, 302, 400, 401, 402, 403, 404, 410, 416, 422, 429, 500, 503, 520]
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "retry-after": st.sampled_from(["1", "7.5", "99999999999", "-3", "soon", "Wed, 21 Oct 2026 07:28:00 GMT", "٣"]),
        "content-encoding": st.sampled_from(["gzip", "br", "identity", ""]),
        "content-type": st.sampled_from(["text/html", "image/png", "application/json"]),
        "content-length": st.sampled_from(["3", "99999999999999999999"]),
        "content-range": st.sampled_from(["bytes 0-6/7", "bytes 3-6/7", "bytes */7", "x"]),
        "location": urls.filter(str.isascii),
    },
)


def _answer(code: int, header: dict[str, str], content: bytes, breaks: bool) -> Any:
    error = httpx.ReadError("broken off") if breaks else None
    return lambda request: httpx.Response(code, headers=header, stream=Played(content, error=error))


replies: Any = st.builds(_answer, codes, headers, contents, st.sampled_from([False, False, False, True]))
failures = st.sampled_from(
    [
        httpx.ConnectError("x"),
        httpx.ReadTimeout("x"),
        httpx.RemoteProtocolError("x"),
        httpx.WriteError("x"),
        OSError("x"),
    ]
)
likely: Any = st.builds(
    _answer, st.just(200), st.just({}), good.map(lambda value: json.dumps(value).encode()), st.just(False)
)
scripts = st.lists(replies | failures | likely, min_size=1, max_size=12)


def whole_job(world: World) -> Any:
    """Submit, wait and read; for both clients the same three calls."""
    body = {"prompt": "a fox", "webhook_secret": SECRET}
    if world.kind == "sync":
        return world.client().submit(NAME, body).wait(timeout=DEADLINE).read()

    async def job(client: Any) -> bytes:
        task = await client.submit(NAME, body)
        content: bytes = await (await task.wait(timeout=DEADLINE)).read()
        return content

    return world.do(job)


def play(kind: str, script: list[Any]) -> tuple[World, Any]:
    world = World(kind, list(script))
    try:
        return world, whole_job(world)
    except BFLError as error:
        return world, error


def trace(world: World, outcome: Any) -> Any:
    """What two runs must have in common."""
    seen = [(request.method, str(request.url), sorted(request.headers.items())) for request in world.requests]
    if isinstance(outcome, BFLError):
        outcome = (type(outcome), str(outcome), outcome.task_id, outcome.polling_url)
    return seen, world.sleeps, world.now, outcome


@left_early
@settings(max_examples=200)
@given(scripts)
def test_both_drivers_do_the_same(script: list[Any]) -> None:
    """Whatever a server plays, the three ways of calling make the same requests, sleeps and outcome, by our rules."""
    world, outcome = play("sync", script)
    expected = trace(world, outcome)
    for kind in ("asyncio", "trio"):
        assert trace(*play(kind, script)) == expected
    _check(world, outcome)


def _check(world: World, outcome: Any) -> None:
    posts = [request for request in world.requests if request.method == "POST"]
    for request in world.requests:
        host = request.url.host
        trusted = request.url.scheme == "https" and (host == "bfl.ai" or host.endswith(".bfl.ai"))
        carries = request.headers.get("x-key")
        assert carries is None or (trusted and not host.startswith("delivery"))
    assert len(posts) <= 4
    asked = zip(world.requests, world.replies, strict=True)
    for reply in [reply for request, reply in asked if request.method == "POST"][:-1]:  # those that were repeated
        certain = isinstance(reply, httpx.ConnectError) if isinstance(reply, Exception) else reply.status_code == 429
        assert certain, f"a paid request was repeated after {reply!r}"
    if not isinstance(outcome, BFLError):
        return
    shown = f"{outcome} {outcome!r} {outcome.__cause__} {outcome.__cause__!r}"
    for secret in (KEY, SECRET, POLLING_URL, "sig=signed", LONG[:1000]):
        assert secret not in shown
    if any(request.method == "GET" for request in world.requests):
        assert outcome.task_id in ("task-1", LONG) or 0 < len(outcome.task_id or "") <= 5  # the ids that are played
        assert outcome.polling_url
    elif isinstance(outcome, TransportError) and not outcome.task_id:
        assert outcome.maybe_submitted or len(posts) == 4


@left_early
@settings(max_examples=100)
@given(st.lists(replies | failures, min_size=1, max_size=6), st.floats(0, 7))
def test_the_deadline_holds(script: list[Any], latency: float) -> None:
    """A wait ends at its deadline in virtual time, whatever is answered, plus at most the request under way."""
    world = World("sync", script, latency=latency)
    started = world.now
    try:
        world.client().task("task-1", POLLING_URL, NAME).wait(timeout=DEADLINE)
    except BFLError as error:
        assert error.task_id == "task-1"
    assert world.now <= started + DEADLINE + latency + 1e-6


@left_early
@settings(max_examples=100)
@given(script=scripts)
def test_the_log_holds_no_secret(script: list[Any]) -> None:
    """Whatever is played, no log record of any library shows the key, a secret, a polling URL or a signed URL."""
    records: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record.getMessage())

    root, handler = logging.getLogger(), Keep()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        play("sync", script)
    finally:
        root.removeHandler(handler)
        root.setLevel(level)
    text = "\n".join(records)
    for secret in (KEY, SECRET, "get_result", "sig=signed", LONG):
        assert secret not in text


class Stop(BaseException):
    """Ctrl-C, or whatever else may come at any moment."""


class Stopped(World):
    """A world in which everything stops at some request or pause.

    Attributes:
        moment: how many of them come before.
    """

    moment = 0

    def answer(self, request: httpx.Request) -> httpx.Response:
        self._pass()
        return super().answer(request)

    def sleep(self, seconds: float) -> None:
        self._pass()
        super().sleep(seconds)

    def _pass(self) -> None:
        self.moment -= 1
        if self.moment < 0:
            raise Stop


@left_early
@pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
@settings(max_examples=60)
@given(st.lists(replies | failures | likely | likely, min_size=1, max_size=6), st.integers(0, 12))
def test_whatever_stops_it_no_task_is_lost(kind: str, script: list[Any], moment: int) -> None:
    """Stopped at any request or pause, generate leaves with the handle of its task as soon as there is one."""
    world = Stopped(kind, list(script))
    world.moment = moment
    with suppress(BFLError):
        try:
            world.do(lambda client: client.generate(NAME, prompt="a fox"))
        except Stop as stop:
            made = any(request.method == "GET" for request in world.requests)
            if made or hasattr(stop, "handle"):
                assert stop.handle.id == "task-1"  # type: ignore[attr-defined]
                assert "task-1" in stop.__notes__[0]
            elif not world.requests:
                assert "may have been carried out" in stop.__notes__[0]  # by the request that was stopped
