"""Many requests at once, and the generated functions behind the escape hatch."""

from __future__ import annotations

import json
import threading
from typing import Any

import anyio
import httpx
import pytest
from bfl_client import AsyncClient, Client, ConfigurationError, ConstraintError, Result, errors

from .conftest import KEY, NAME, World, function, model, state

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
    from bfl_client import Poll, Retry

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


class TestEscapeHatch:
    def call(self, world: World) -> Any:
        body = model()(prompt="a fox")
        if world.kind == "sync":
            return world.do(lambda client: function().sync(client=client.api, body=body))
        return world.do(lambda client: function().asyncio(client=client.api, body=body))

    def test_generated_functions_send_the_key(self, world: World) -> None:
        """A generated function used with client.api posts with the key and gives the generated model."""
        world.script = [httpx.Response(200, json={"id": "task-1", "polling_url": "https://api.bfl.ai/x"})]
        assert self.call(world).id == "task-1"
        assert world.requests[0].headers["x-key"] == KEY
        assert world.requests[0].content == b'{"prompt":"a fox"}'

    @pytest.mark.parametrize("status", [402, 422, 429, 503, 520])
    def test_generated_functions_raise_our_errors(self, world: World, status: int) -> None:
        """Answers that the generated parsing does not expect are our errors."""
        world.script = [httpx.Response(status, content=b"<html>")]
        with pytest.raises(errors.APIError) as caught:
            self.call(world)
        assert caught.value.status_code == status
        assert len(world.requests) == 1


@pytest.mark.about("credits", "my_finetunes", "finetune_details", "delete_finetune")
class TestUtility:
    def test_credits(self, world: World) -> None:
        """credits() is the number that the service tells."""
        world.script = [httpx.Response(200, json={"credits": 12.5})]
        assert world.do(lambda client: client.credits()) == 12.5

    def test_an_answer_of_another_shape_is_an_error_of_ours(self, world: World) -> None:
        """An answer without credits is a BFLError, not a KeyError."""
        world.script = [httpx.Response(200, json={"money": "lots"})]
        with pytest.raises(errors.BFLError):
            world.do(lambda client: client.credits())

    def test_finetunes(self, world: World) -> None:
        """The finetune operations send what they are given, in the query or in the body."""
        world.script = [httpx.Response(200, json={"finetunes": ["a"]})]
        assert world.do(lambda client: client.utility.my_finetunes()).finetunes == ["a"]
        world.script = [httpx.Response(200, json={"finetune_details": {"name": "a b"}})]
        world.do(lambda client: client.utility.finetune_details("a b&c"))
        assert world.requests[-1].url.params["finetune_id"] == "a b&c"
        answer = {"status": "ok", "message": "", "deleted_finetune_id": "a", "timestamp": "now"}
        world.script = [httpx.Response(200, json=answer)]
        world.do(lambda client: client.utility.delete_finetune("a"))
        assert world.requests[-1].content == b'{"finetune_id":"a"}'

    def test_parameters_are_checked(self, world: World) -> None:
        """A finetune id that is no string is refused before sending."""
        world.script = [state("x")]
        with pytest.raises(ConstraintError) as caught:
            world.do(lambda client: client.utility.finetune_details(7))
        assert [violation.field for violation in caught.value.violations] == ["finetune_id"]
        assert not world.requests
