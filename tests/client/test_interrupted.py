"""Whatever leaves after a task was created carries its handle: a cancellation, Ctrl-C, an error of the caller's."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import anyio
import anyio.lowlevel
import httpx
import pytest
import trio
from bfl_client import AsyncClient, BFLError, Client, Retry, Task

from .conftest import KEY, METHOD, NAME, OURS, POLLING_URL, World, function, model, ready, state, submitted
from .loopback import Loopback


class Stop(BaseException):
    """Not one of our errors, and not even an Exception: Ctrl-C, say."""


def stop(request: httpx.Request) -> httpx.Response:
    raise Stop


def notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", ()))


def carries(error: Any, task_id: str = "task-1") -> None:
    """The error has the task's handle, and one note that names the task and not its polling URL."""
    assert (error.handle.id, error.handle.polling_url) == (task_id, POLLING_URL)
    assert notes(error).count(task_id) == 1
    assert "https" not in notes(error)


WAYS: dict[str, tuple[Callable[[Any], Any], list[Any]]] = {
    "generate": (lambda client: client.generate(NAME, prompt="a fox"), [submitted(), stop]),
    "generate, by method": (lambda client: getattr(client.generate, METHOD)(prompt="a fox"), [submitted(), stop]),
    "wait": (lambda client: client.task("task-1", POLLING_URL).wait(), [state("Pending"), stop]),
    "status": (lambda client: client.task("task-1", POLLING_URL).status(), [stop]),
    "save": (lambda client: client.task("task-1", POLLING_URL).save("fox.png"), [ready(), stop]),
}


@pytest.mark.parametrize(("action", "script"), WAYS.values(), ids=WAYS)
def test_what_leaves_a_task_carries_its_handle(
    world: World, action: Any, script: list[Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is raised in the middle of a poll or a download leaves with the handle, by which the task is resumed."""
    monkeypatch.chdir(tmp_path)
    world.script = list(script)
    with pytest.raises(Stop) as caught:
        world.do(action)
    carries(caught.value)
    assert list(tmp_path.iterdir()) == []
    handle: Any = caught.value.handle  # type: ignore[attr-defined]
    with Client(KEY) as client:
        assert Task.from_dict(handle.to_dict(), client).id == "task-1"


@pytest.mark.parametrize("method", ["read", "save"])
def test_what_leaves_a_result_carries_its_handle(world: World, method: str, tmp_path: Any) -> None:
    """What is raised while a result is fetched leaves with the handle of its task."""
    world.script = [ready(), stop]
    result = world.do(lambda client: client.task("task-1", POLLING_URL).wait())
    with pytest.raises(Stop) as caught:
        world.do(lambda _: getattr(result, method)(*[tmp_path / "fox.png"][: method == "save"]))
    carries(caught.value)


def test_what_a_pause_raises_carries_the_handle(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between two polls of generate leaves with the handle."""

    def interrupted(seconds: float) -> None:
        raise Stop

    monkeypatch.setattr(world, "sleep", interrupted)
    world.script = [submitted(), state("Pending")]
    with pytest.raises(Stop) as caught:
        world.do(lambda client: client.generate(NAME, prompt="a fox"))
    carries(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("mine"), KeyboardInterrupt(), SystemExit(3)])
def test_what_a_callback_raises_carries_the_handle(world: World, error: BaseException) -> None:
    """An exception out of on_update leaves as it is, with the handle."""

    def update(_: object) -> None:
        raise error

    world.script = [state("Pending")]
    with pytest.raises(type(error)) as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL).wait(on_update=update))
    assert caught.value is error
    carries(error)


def test_an_error_of_another_task_keeps_its_own_handle(world: World) -> None:
    """A BFLError or interruption that belongs to another task already, out of a callback, stays that other task's."""

    def another(_: object) -> None:
        inner = World("sync", [submitted(id="task-2"), stop])
        inner.do(lambda client: client.generate(NAME, prompt="a hare"))

    def broken(_: object) -> None:
        error = BFLError("of another task")
        error.task_id, error.polling_url = "task-2", "https://api.bfl.ai/x"
        raise error

    world.script = [state("Pending")]
    with pytest.raises(Stop) as stopped:
        world.do(lambda client: client.task("task-1", POLLING_URL).wait(on_update=another))
    carries(stopped.value, "task-2")
    with pytest.raises(BFLError) as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL).wait(on_update=broken))
    assert (caught.value.task_id, caught.value.polling_url) == ("task-2", "https://api.bfl.ai/x")


def test_an_error_of_ours_carries_the_task_and_no_note(world: World) -> None:
    """A BFLError says by task_id and polling_url what others say by a note."""
    world.script = [submitted(), state("Error")]
    with pytest.raises(BFLError) as caught:
        world.do(lambda client: client.generate(NAME, prompt="a fox"))
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)
    assert notes(caught.value) == ""


# Interrupted before there is a task


@pytest.mark.parametrize("earlier", [[], [httpx.Response(429)]], ids=["first attempt", "after a refusal"])
def test_ctrl_c_in_a_paid_request_says_that_it_may_be_paid(world: World, earlier: list[Any]) -> None:
    """What is raised while a submit waits for its answer has a note that the request may have been carried out."""
    world.script = [*earlier, stop]
    with pytest.raises(Stop) as caught:
        world.do(lambda client: client.submit(NAME, prompt="a fox"))
    assert "may have been carried out" in notes(caught.value)
    assert not hasattr(caught.value, "handle")


def test_ctrl_c_before_a_paid_request_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised while a connection is being made leaves without a note: nothing was sent."""

    def connect(*_: object, **__: object) -> None:
        raise Stop

    monkeypatch.setattr("socket.create_connection", connect)
    with Client(KEY, "http://127.0.0.1:1") as client, pytest.raises(Stop) as caught:
        client.submit(NAME, prompt="a fox")
    assert notes(caught.value) == ""
    assert not hasattr(caught.value, "handle")


def test_what_a_pause_within_a_submit_raises_carries_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while a submit waits to be repeated leaves without handle and note: no task was made."""

    def interrupted(seconds: float) -> None:
        raise Stop

    monkeypatch.setattr(world, "sleep", interrupted)
    world.script = [httpx.Response(429), submitted()]
    with pytest.raises(Stop) as caught:
        world.do(lambda client: client.submit(NAME, prompt="a fox"))
    assert notes(caught.value) == ""
    assert not hasattr(caught.value, "handle")
    assert len(world.requests) == 1


BELOW_CLIENT = tuple(f"{name}.py" for name in ("answers", "flows", "tasks", "transport"))


def interrupt_at(number: int, world: World) -> tuple[Any, bool]:
    """What leaves a submit that is interrupted at such a line after its request; and whether it came so far."""
    lines = 0

    def trace(frame: Any, event: str, argument: object) -> Any:
        nonlocal lines
        if event == "line" and world.requests:
            lines += 1
            if lines == number:
                raise KeyboardInterrupt
        ours = frame.f_code.co_filename.startswith(OURS) and frame.f_code.co_filename.endswith(BELOW_CLIENT)
        return trace if ours else None

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        world.do(lambda client: client.submit(NAME, prompt="a fox"))
    except BaseException as error:
        return error, True
    finally:
        sys.settrace(before)
    return None, lines >= number


def test_ctrl_c_at_any_line_after_the_request_is_not_silent() -> None:
    """Wherever Ctrl-C strikes once a paid request is sent, it leaves with the handle, or the note that it may be paid.

    From the moment that the answer is read it is the handle.
    """
    number, left = 1, list[str]()
    while (found := interrupt_at(number, World("sync", [submitted()])))[1]:
        error = found[0]
        assert type(error) is KeyboardInterrupt
        assert hasattr(error, "handle") or "may have been carried out" in notes(error), number
        left.append("handle" if hasattr(error, "handle") else "note")
        number += 1
    assert left == sorted(left, reverse=True)
    assert left.count("handle") > 30


PROGRAMS = {
    "sync": """
client = Client(key, url)
try:
    client.submit(name, prompt="x")
except KeyboardInterrupt as error:
    print(*error.__notes__)
""",
    "asyncio": """
async def main():
    async with AsyncClient(key, url) as client:
        await client.submit(name, prompt="x")

try:
    asyncio.run(main())
except KeyboardInterrupt as error:
    print(error.__context__.handle.id, *error.__context__.__notes__)
""",
    "trio": """
import trio

async def main():
    async with AsyncClient(key, url) as client:
        await client.submit(name, prompt="x")

try:
    trio.run(main)
except BaseException as error:
    print(type(error).__name__)
""",
}


@pytest.mark.skipif(sys.platform == "win32", reason="a single process cannot be sent Ctrl-C there")
@pytest.mark.parametrize(
    ("kind", "said"), [("sync", "may have been carried out"), ("asyncio", "task-x"), ("trio", "KeyboardInterrupt")]
)
def test_ctrl_c_while_the_service_answers(kind: str, said: str, loopback: Loopback) -> None:
    """Ctrl-C between a paid POST and its answer: a synchronous submit warns, asyncio has the handle, trio no group."""
    program = "import asyncio, sys\nfrom bfl_client import *\nname, key, url = sys.argv[1:]\n" + PROGRAMS[kind]
    loopback.gate.clear()
    command = [sys.executable, "-c", program, NAME, KEY, loopback.url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert loopback.arrived.wait(60)
        running.send_signal(signal.SIGINT)
        if kind != "sync":  # they wait for the answer
            loopback.gate.set()
        output, _ = running.communicate(timeout=60)
    assert running.returncode == 0
    assert said in output
    assert [post.prompt for post in loopback.posts] == ["x"]


# Cancelled while the service answers


class Service:
    """Answers a submit once it is allowed to, and a poll never; a client that asks it."""

    def __init__(self, answer: httpx.Response | Exception | None = None) -> None:
        self.answer = answer or submitted()
        self.posts = 0
        self.posted, self.allowed, self.polled = anyio.Event(), anyio.Event(), anyio.Event()
        self.http = httpx.AsyncClient(transport=httpx.MockTransport(self._answer))
        self.client = AsyncClient(KEY, http_client=self.http, retry=Retry(initial=0.001, ceiling=0.001))
        self.left: list[Any] = []

    async def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            self.polled.set()
            await anyio.sleep_forever()
        self.posts += 1
        self.posted.set()
        await self.allowed.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def call(self, method: str) -> None:
        """Submit or generate; what leaves is written down first, be it returned or raised."""
        try:
            self.left.append(await getattr(self.client, method)(NAME, prompt="a fox"))
        except BaseException as error:
            self.left.append(error)
            raise
        await anyio.lowlevel.checkpoint()  # where a cancellation of a submit that was completed shows itself

    async def stays(self) -> None:
        """Nothing has left yet, and nothing leaves while others work."""
        for _ in range(20):
            await anyio.lowlevel.checkpoint()
        assert self.left == []


Leave = Callable[[Service, str, Callable[[Callable[[], object]], Awaitable[None]]], Awaitable[None]]
"""Calls a method, has it cancelled when `until` says so, and waits for its end."""


async def by_task_cancel(service: Service, method: str, until: Any) -> None:
    """asyncio's own cancellation."""
    task = asyncio.ensure_future(service.call(method))
    await until(task.cancel)
    with suppress(asyncio.CancelledError, BFLError):
        await task
    assert task.cancelled() or isinstance(service.left[0], BFLError)


async def by_task_cancel_twice(service: Service, method: str, until: Any) -> None:
    """asyncio's own cancellation, by somebody impatient."""

    def both() -> None:
        task.cancel()
        asyncio.get_running_loop().call_soon(task.cancel)

    task = asyncio.ensure_future(service.call(method))
    await until(both)
    with suppress(asyncio.CancelledError, BFLError):
        await task
    assert task.cancelled() or isinstance(service.left[0], BFLError)


async def by_timeout(service: Service, method: str, until: Any) -> None:
    """A timeout of asyncio's."""
    limits: list[asyncio.Timeout] = []

    async def limited() -> None:
        async with asyncio.timeout(None) as limit:
            limits.append(limit)
            await service.call(method)

    task = asyncio.ensure_future(limited())
    await until(lambda: limits[0].reschedule(0))
    try:
        await task
    except TimeoutError as error:
        assert (error.__cause__ or error.__context__) is service.left[0]
    except BFLError as error:
        assert error is service.left[0]


async def by_scope(service: Service, method: str, until: Any) -> None:
    """A cancel scope of anyio's."""
    try:
        async with anyio.create_task_group() as group:
            group.start_soon(service.call, method)
            await until(group.cancel_scope.cancel)
    except* BFLError:
        pass


async def by_nursery(service: Service, method: str, until: Any) -> None:
    """A nursery of trio's."""
    try:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(service.call, method)
            await until(nursery.cancel_scope.cancel)
    except* BFLError:
        pass


LEAVING = pytest.mark.parametrize(
    ("backend", "leave"),
    [
        ("asyncio", by_task_cancel),
        ("asyncio", by_task_cancel_twice),
        ("asyncio", by_timeout),
        ("asyncio", by_scope),
        ("trio", by_scope),
        ("trio", by_nursery),
    ],
)


def may_be_paid(error: Any) -> bool:
    """True if an error says that a paid request may have been carried out: one of ours as a fact, another by a note."""
    return getattr(error, "maybe_submitted", False) or "may have been carried out" in notes(error)


METHODS = pytest.mark.parametrize("method", ["submit", "generate"])


def cancelled_in_submit(backend: str, leave: Any, method: str, answer: Any = None) -> tuple[Any, Service]:
    """What leaves a call that is cancelled while its paid request waits for an answer, which then comes."""

    async def run() -> Service:
        service = Service(answer)

        async def until(cancel: Callable[[], object]) -> None:
            await service.posted.wait()
            cancel()
            with anyio.CancelScope(shield=True):
                await service.stays()
            service.allowed.set()

        async with service.http:
            await leave(service, method, until)
        return service

    service = anyio.run(run, backend=backend)
    (error,) = service.left
    return error, service


@LEAVING
@METHODS
def test_a_cancelled_submit_waits_for_its_answer(backend: str, leave: Any, method: str) -> None:
    """Cancelled while the service, which has made the task, is answering, a submit leaves with the task's handle.

    On trio it is the task that it returns: what was completed there is not cancelled any more.
    """
    left, service = cancelled_in_submit(backend, leave, method)
    if backend == "trio" and method == "submit":
        assert left.handle.id == "task-1"
    else:
        assert not isinstance(left, Exception)
        carries(left)
    assert service.posts == 1


@LEAVING
@METHODS
def test_a_cancelled_submit_that_is_turned_away_just_leaves(backend: str, leave: Any, method: str) -> None:
    """Cancelled while the service refuses it, a submit is not repeated, and leaves without handle and note."""
    error, service = cancelled_in_submit(backend, leave, method, httpx.Response(429))
    assert not isinstance(error, Exception)
    assert not hasattr(error, "handle")
    assert notes(error) == ""
    assert service.posts == 1


@LEAVING
@METHODS
def test_a_cancelled_submit_without_an_answer_may_be_paid(backend: str, leave: Any, method: str) -> None:
    """Cancelled before its connection is lost, a submit leaves with a note that it may have been carried out."""
    error, service = cancelled_in_submit(backend, leave, method, httpx.ReadError("broken off"))
    assert not hasattr(error, "handle")
    assert may_be_paid(error)
    assert service.posts == 1


@LEAVING
@METHODS
@pytest.mark.parametrize("answer", [httpx.Response(200, content=b"<html>"), httpx.Response(500)], ids=["200", "500"])
def test_a_cancelled_submit_with_an_unusable_answer_may_be_paid(
    backend: str, leave: Any, method: str, answer: httpx.Response
) -> None:
    """Cancelled before an answer comes that is not a task, a submit raises with a note that it may be paid for."""
    error, service = cancelled_in_submit(backend, leave, method, answer)
    assert not hasattr(error, "handle")
    assert may_be_paid(error)
    assert service.posts == 1


@LEAVING
def test_a_cancelled_generate_carries_its_handle(backend: str, leave: Any) -> None:
    """Cancelled while it polls, generate leaves at once with the task's handle."""

    async def run() -> Service:
        service = Service()
        service.allowed.set()

        async def until(cancel: Callable[[], object]) -> None:
            await service.polled.wait()
            cancel()

        async with service.http:
            await leave(service, "generate", until)
        return service

    (error,) = anyio.run(run, backend=backend).left
    assert not isinstance(error, Exception)
    carries(error)


def test_a_cancelled_generated_function_does_not_lose_its_task() -> None:
    """Cancelled while the service answers it, a generated function leaves with the id of the task that was made."""

    async def run() -> BaseException:
        service = Service()
        async with service.http:
            calling = function().asyncio(client=service.client.api, body=model()(prompt="a fox"))
            task = asyncio.ensure_future(calling)
            await service.posted.wait()
            task.cancel()
            service.allowed.set()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
        return caught.value

    assert "task-1" in notes(anyio.run(run))


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@METHODS
def test_what_is_cancelled_before_it_begins_sends_nothing(backend: str, method: str) -> None:
    """A submit in a scope that was cancelled before makes no request."""

    async def run() -> int:
        service = Service()
        service.allowed.set()
        async with service.http:
            with anyio.CancelScope() as scope:
                scope.cancel()
                await service.call(method)
        return service.posts

    assert anyio.run(run, backend=backend) == 0


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_submit_cancelled_while_it_connects_leaves_at_once(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cancelled before anything of the request is sent, a submit neither waits nor leaves a note: nothing is paid."""
    connecting: list[anyio.Event] = []

    async def connect(*_: Any, **__: Any) -> Any:
        connecting[0].set()
        await anyio.sleep_forever()

    monkeypatch.setattr(anyio, "connect_tcp", connect)
    monkeypatch.setattr(trio, "open_tcp_stream", connect)
    left: list[BaseException] = []

    async def submit(client: AsyncClient) -> None:
        try:
            await client.submit(NAME, prompt="a fox")
        except BaseException as error:
            left.append(error)
            raise

    async def run() -> None:
        connecting.append(anyio.Event())
        async with AsyncClient(KEY, "http://127.0.0.1:1") as client, anyio.create_task_group() as group:
            group.start_soon(submit, client)
            await connecting[0].wait()
            group.cancel_scope.cancel()

    anyio.run(run, backend=backend)
    assert [notes(error) for error in left] == [""]
