"""Many requests at once, their outcomes in order: results, and errors as values."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import Any

import anyio
import httpx
import pytest
from bfl_client import (
    AsyncClient,
    BFLError,
    Client,
    ConfigurationError,
    ConstraintError,
    Poll,
    Result,
    Retry,
    errors,
)
from bfl_client.many import Outcomes

from .conftest import KEY, NAME, model

BASE = "http://127.0.0.1:1"


class Service:
    """Tasks that end at their second poll; keeps count of the active ones."""

    def __init__(self, end: str = "Ready", refuse: int = 0) -> None:
        self.end, self.refuse = end, refuse
        self.polls: dict[str, int] = {}
        self.active: set[str] = set()
        self.most = 0
        self.lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            return self._submit(request) if request.method == "POST" else self._poll(request.url.params["id"])

    def _submit(self, request: httpx.Request) -> httpx.Response:
        if self.refuse:
            self.refuse -= 1
            return httpx.Response(429, json={"detail": "too many active tasks"})
        task = f"task-{json.loads(request.content)['prompt']}"
        self.polls[task] = 0
        self.active.add(task)
        self.most = max(self.most, len(self.active))
        return httpx.Response(200, json={"id": task, "polling_url": f"{BASE}/v1/get_result?id={task}"})

    def _poll(self, task: str) -> httpx.Response:
        self.polls[task] += 1
        if self.polls[task] < 2 or self.end == "Pending":
            return httpx.Response(200, json={"id": task, "status": "Pending"})
        self.active.discard(task)
        result = {"sample": f"{BASE}/{task}", "prompt": task}
        return httpx.Response(200, json={"id": task, "status": self.end, "result": result})

    async def asynchronous(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        return self(request)


def run_map(kind: str, service: Service, bodies: Any, take: int = 10**6, **options: Any) -> tuple[list[Any], list[Any]]:
    """The outcomes of a map, left after `take` of them, and what was unfinished then."""
    quick: dict[str, Any] = {"poll": Poll(floor=0.001, ceiling=0.001), "retry": Retry(initial=0.001, ceiling=0.001)}
    got: list[Any] = []
    if kind == "sync":
        http = httpx.Client(transport=httpx.MockTransport(service))
        with Client(KEY, BASE, http_client=http, **quick).map(NAME, bodies, **options) as outcomes:
            for outcome in outcomes:
                got.append(outcome)
                if len(got) >= take:
                    break
        return got, outcomes.unfinished

    async def run() -> list[Any]:
        ahttp = httpx.AsyncClient(transport=httpx.MockTransport(service.asynchronous))
        async with AsyncClient(KEY, BASE, http_client=ahttp, **quick).map(NAME, bodies, **options) as outcomes:
            async for outcome in outcomes:
                got.append(outcome)
                if len(got) >= take:
                    break
        return outcomes.unfinished

    return got, anyio.run(run, backend=kind)


KINDS = pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])


@KINDS
def test_outcomes_come_in_order_under_the_limit(kind: str) -> None:
    """Forty requests, five at a time, give forty results, one each, and never more than five active tasks."""
    service = Service()
    got, unfinished = run_map(kind, service, ({"prompt": str(n)} for n in range(40)), concurrency=5)
    assert [type(outcome).__name__ for outcome in got] == ["Result" if kind == "sync" else "AsyncResult"] * 40
    assert len({outcome.task.id for outcome in got}) == 40
    assert service.most <= 5
    assert unfinished == []


@KINDS
def test_a_failure_is_a_value_in_its_place(kind: str) -> None:
    """A refused request is a ConstraintError at its position, and the others are carried out."""
    got, _ = run_map(kind, Service(), [{"prompt": "a"}, {"width": 1}, {"prompt": "b"}])
    assert isinstance(got[1], ConstraintError)
    assert not isinstance(got[0], Exception)
    assert not isinstance(got[2], Exception)


@KINDS
def test_a_failed_task_is_a_value_with_its_handle(kind: str) -> None:
    """A task that failed is an error with its id."""
    (got,), _ = run_map(kind, Service(end="Content Moderated"), [{"prompt": "a"}])
    assert isinstance(got, errors.ContentModerated)
    assert got.task_id == "task-a"


def test_an_interrupted_iteration_goes_on_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever catches Ctrl-C inside a map and continues gets every outcome, in order."""
    result, stops = Future.result, [KeyboardInterrupt()]

    def interrupted(future: Any) -> Any:
        if stops:
            raise stops.pop()
        return result(future)

    monkeypatch.setattr(Future, "result", interrupted)
    http = httpx.Client(transport=httpx.MockTransport(Service()))
    quick = Poll(floor=0.001, ceiling=0.001)
    with Client(KEY, BASE, http_client=http, poll=quick).map(NAME, [{"prompt": "a"}, {"prompt": "b"}]) as outcomes:
        with pytest.raises(KeyboardInterrupt):
            next(outcomes)
        assert [outcome.prompt for outcome in outcomes if isinstance(outcome, Result)] == ["task-a", "task-b"]


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_iteration_that_timed_out_goes_on_in_its_place(backend: str) -> None:
    """Whoever gives up waiting for an outcome of a map, and asks again, gets every outcome, in order."""

    async def run() -> list[Any]:
        http = httpx.AsyncClient(transport=httpx.MockTransport(Service().asynchronous))
        client = AsyncClient(KEY, BASE, http_client=http, poll=Poll(floor=0.001, ceiling=0.001))
        async with client.map(NAME, [{"prompt": "a"}, {"prompt": "b"}]) as outcomes:
            with anyio.move_on_after(0):
                await outcomes.__anext__()
            return [getattr(outcome, "prompt", outcome) async for outcome in outcomes]

    assert anyio.run(run, backend=backend) == ["task-a", "task-b"]


@KINDS
def test_429_is_waited_out(kind: str) -> None:
    """Many more 429 than a single submit stands are waited out."""
    got, _ = run_map(kind, Service(refuse=60), [{"prompt": str(n)} for n in range(3)])
    assert not any(isinstance(outcome, Exception) for outcome in got)


@KINDS
def test_a_map_left_early_ends_and_keeps_its_handles(kind: str) -> None:
    """Leaving a map whose tasks never end returns at once, with the handles of the tasks that were submitted."""

    class Half(Service):
        def _poll(self, task: str) -> httpx.Response:
            self.end = "Ready" if task == "task-0" else "Pending"
            return super()._poll(task)

    service = Half()
    bodies = [{"prompt": str(n)} for n in range(3)]
    got, unfinished = run_map(kind, service, bodies, take=1, concurrency=3)
    assert len(got) == 1
    assert {task.id for task in unfinished} == set(service.polls) - {"task-0"}
    assert all(task.polling_url for task in unfinished)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_an_error_in_the_body_leaves_as_it_is(kind: str) -> None:
    """An exception raised inside `async with client.map(…)` is not wrapped in a group."""

    async def run() -> None:
        http = httpx.AsyncClient(transport=httpx.MockTransport(Service().asynchronous))
        async with AsyncClient(KEY, BASE, http_client=http).map(NAME, [{"prompt": "x"}]):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        anyio.run(run, backend=kind)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_a_map_can_be_cancelled(kind: str) -> None:
    """A cancelled map whose tasks never end gives way at once."""

    async def run() -> bool:
        http = httpx.AsyncClient(transport=httpx.MockTransport(Service(end="Pending").asynchronous))
        with anyio.move_on_after(0.05) as scope:
            async with AsyncClient(KEY, BASE, http_client=http).map(NAME, [{"prompt": "x"}]) as outcomes:
                async for _ in outcomes:
                    raise AssertionError("no outcome can come")
        return scope.cancelled_caught

    assert anyio.run(run, backend=kind)


def test_nonsense_is_refused() -> None:
    """A concurrency below one, and a map used without `with`, are ConfigurationErrors."""
    with pytest.raises(ConfigurationError):
        Client(KEY).map(NAME, [], concurrency=0)
    with pytest.raises(ConfigurationError):
        list(Client(KEY).map(NAME, [{}]))


def test_results_are_typed() -> None:
    """A synchronous map gives Results."""
    (got,), _ = run_map("sync", Service(), [{"prompt": "a"}])
    assert isinstance(got, Result)


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_a_map_left_early_keeps_the_tasks_of_requests_under_way(kind: str) -> None:
    """Tasks whose submits were under way when a map was left are among its unfinished ones."""
    posts: set[str] = set()

    async def run() -> list[Any]:
        all_sent, left = anyio.Event(), anyio.Event()

        async def answer(request: httpx.Request) -> httpx.Response:
            if request.method == "GET":
                await all_sent.wait()
                return httpx.Response(200, json={"status": "Ready", "result": {"sample": f"{BASE}/sample"}})
            name = json.loads(request.content)["prompt"]
            posts.add(name)
            if len(posts) == 8:
                all_sent.set()
            if name != "0":
                await left.wait()
            return httpx.Response(200, json={"id": name, "polling_url": f"{BASE}/v1/get_result?id={name}"})

        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        bodies = [{"prompt": str(n)} for n in range(8)]
        async with AsyncClient(KEY, BASE, http_client=http).map(NAME, bodies) as outcomes:
            async for _ in outcomes:
                left.set()
                break
        return outcomes.unfinished

    unfinished = anyio.run(run, backend=kind)
    assert len(posts) == 8
    assert {task.id for task in unfinished} == posts - {"0"}


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_bad_item_of_a_map_is_a_value(kind: str) -> None:
    """An item that is not a body, and one with a bad key, are ConstraintErrors in their places."""
    bodies: list[Any] = ["oops", {1: 2}, 5]

    async def run() -> list[Any]:
        async with AsyncClient(KEY).map(NAME, bodies) as outcomes:
            return [outcome async for outcome in outcomes]

    if kind == "sync":
        with Client(KEY).map(NAME, bodies) as outcomes:
            got: list[Any] = list(outcomes)
    else:
        got = anyio.run(run)
    assert [type(outcome) for outcome in got] == [ConstraintError] * 3


def test_a_map_is_one_iteration() -> None:
    """Taking one outcome and then the rest gives each outcome once."""
    bodies = [{"width": n} for n in range(10)]
    with Client(KEY).map(NAME, bodies) as outcomes:
        first = next(iter(outcomes))
        rest = list(outcomes)
    assert len({id(first), *map(id, rest)}) == 10


class _Broken:
    def to_dict(self) -> dict[str, Any]:
        raise RuntimeError("broken model")


@KINDS
def test_a_model_that_cannot_be_written_is_one_outcome(kind: str) -> None:
    """A model whose to_dict() raises is a ConstraintError in its place; the others of the map have their results."""
    got, _ = run_map(kind, Service(), [{"prompt": "a"}, _Broken(), {"prompt": "b"}])
    assert isinstance(got[1], ConstraintError)
    assert [isinstance(outcome, BFLError) for outcome in got] == [False, True, False]


@KINDS
def test_waiting_out_429_leaves_the_ordinary_attempts(kind: str) -> None:
    """Many 429 do not use up the attempts for a lost connection."""

    class Unreachable(Service):
        lost = 3

        def _submit(self, request: httpx.Request) -> httpx.Response:
            if not self.refuse and self.lost:
                self.lost -= 1
                raise httpx.ConnectError("no route")
            return super()._submit(request)

    (got,), _ = run_map(kind, Unreachable(refuse=9), [{"prompt": "a"}])
    assert got.task.id == "task-a"


@KINDS
def test_a_webhook_is_refused_in_its_place(kind: str) -> None:
    """A request with webhook_url, which nothing could wait for, is not sent; the remedy is submit."""
    service = Service()
    got, unfinished = run_map(kind, service, [{"prompt": "a", "webhook_url": "https://a.b/"}, {"prompt": "b"}])
    assert isinstance(got[0], ConfigurationError)
    assert got[0].remedy.action == "submit"
    assert service.polls.keys() == {"task-b"}
    assert unfinished == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"bodies": None},
        {"bodies": 5},
        {"concurrency": 10**9},
        {"concurrency": 10**400},
        {"concurrency": 2.5},
        {"concurrency": True},
        {"concurrency": "3"},
        {"concurrency": 0},
    ],
)
def test_what_no_map_can_be_made_of_is_refused(wrong: dict[str, Any]) -> None:
    """Bodies that are no list, and a number of tasks at once that no machine can run, are ConfigurationErrors."""
    for kind in (Client, AsyncClient):
        with pytest.raises(ConfigurationError):
            kind(KEY).map(NAME, **{"bodies": [], **wrong})


@KINDS
def test_each_task_of_a_map_has_its_timeout(kind: str) -> None:
    """A task that does not end within `timeout` seconds is a TaskTimeout in its place, with its handle."""
    (got,), _ = run_map(kind, Service("Pending"), [{"prompt": "a"}], timeout=0.01)
    assert isinstance(got, errors.TaskTimeout)
    assert got.task_id == "task-a"


@KINDS
def test_a_map_may_send_what_is_not_checked(kind: str) -> None:
    """With validate=False the requests of a map are sent as they are, though the specification refuses them."""
    bodies = [{"prompt": "a", "novelty": 1}]
    refused, sent = (run_map(kind, Service(), bodies, validate=validate)[0][0] for validate in (True, False))
    assert isinstance(refused, ConstraintError)
    assert sent.task.id == "task-a"


@KINDS
def test_bodies_are_read_as_they_are_needed(kind: str) -> None:
    """Of a long list only a few bodies for each slot are read before the first outcome is taken."""
    read = list[int]()

    def bodies() -> Iterator[dict[str, str]]:
        for number in range(1000):
            read.append(number)
            yield {"prompt": str(number)}

    (got,), _ = run_map(kind, Service(), bodies(), take=1, concurrency=3)
    assert got.task.id == "task-0"
    assert 3 <= len(read) <= 15


def test_a_map_that_was_left_is_over() -> None:
    """Iterating over a map outside its with is a ConfigurationError, before as after."""
    http = httpx.Client(transport=httpx.MockTransport(Service()))
    outcomes = Client(KEY, BASE, http_client=http).map(NAME, [{"prompt": "a"}, {"prompt": "b"}])
    with pytest.raises(ConfigurationError, match="inside its with"):
        next(outcomes)
    with outcomes:
        pass
    with pytest.raises(ConfigurationError, match="inside its with"):
        next(outcomes)


@pytest.mark.parametrize("kind", ["sync", "asyncio"])  # trio begins with any of them
def test_leaving_a_map_submits_nothing_more(kind: str) -> None:
    """What was begun, but has no slot when the map is left, is never submitted, and so is never paid."""

    class OnlyFirst(Service):
        def _poll(self, task: str) -> httpx.Response:
            self.end = "Ready" if task == "task-0" else "Pending"
            return super()._poll(task)

    service = OnlyFirst()
    got, _ = run_map(kind, service, [{"prompt": str(number)} for number in range(8)], take=1, concurrency=2)
    assert [outcome.task.id for outcome in got] == ["task-0"]
    assert len(service.polls) <= 3


@KINDS
def test_a_map_takes_models(kind: str) -> None:
    """The bodies of a map may be generated models."""
    (got,), _ = run_map(kind, Service(), [model()(prompt="a")])
    assert got.task.id == "task-a"


def test_a_bug_is_no_outcome() -> None:
    """What is no error of ours leaves the iteration of a map, and is not taken for the outcome of a request."""

    def work(body: Any, submitted: Any, sleep: Any) -> None:
        raise RuntimeError("a bug")

    outcomes = Outcomes[Any, None](work, [{"prompt": "a"}], 1)
    with pytest.raises(RuntimeError, match="a bug"), outcomes:
        next(outcomes)
