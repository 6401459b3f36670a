"""Tasks and their handles: kept, resumed, and shown without their URLs."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from bfl_client import AsyncClient, Client, ConfigurationError, Task, errors
from bfl_client.tasks import Handle
from hypothesis import given
from hypothesis import strategies as st

from .conftest import KEY, METHOD, NAME, POLLING_URL, SAMPLE, World, ready, state, submit, submitted
from .test_answers import json_values


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_handle_survives_json(kind: Any) -> None:
    """from_dict of a dumped handle gives an equal handle, and the key is not in it."""
    client = kind(KEY)
    task = client.task("task-1", POLLING_URL, NAME)
    text = json.dumps(task.to_dict())
    assert KEY not in text
    assert type(task).from_dict(json.loads(text), client).to_dict() == task.to_dict()
    assert set(task.to_dict()) == {"id", "polling_url", "endpoint", "submitted_at", "cost"}


@given(json_values | st.fixed_dictionaries({"id": st.text()}, optional={"submitted_at": json_values}))
def test_a_broken_handle_is_a_configuration_error(handle: Any) -> None:
    """Whatever is taken for a handle, it gives a task or a ConfigurationError."""
    try:
        task = Task.from_dict(handle, Client(KEY))
    except ConfigurationError:
        return
    assert isinstance(task.id, str)
    json.dumps(task.to_dict())


@pytest.mark.parametrize(
    "moment", [5, True, [], {}, dict.fromkeys("abcdef"), "", "soon", "9" * 5000, "2026-11-26T99:00"]
)
def test_a_time_that_is_none_is_a_configuration_error(moment: Any) -> None:
    """A handle whose submitted_at is not a time in ISO form is a ConfigurationError, whatever it is."""
    with pytest.raises(ConfigurationError):
        Handle.from_dict({"id": "task-1", "polling_url": POLLING_URL, "submitted_at": moment})


def test_a_handle_needs_no_time() -> None:
    """A handle without a time was submitted now; one whose time has no zone means UTC."""
    kept = {"id": "task-1", "polling_url": POLLING_URL, "endpoint": None, "cost": None}
    before = datetime.now(UTC)
    assert before <= Handle.from_dict(kept).submitted_at <= datetime.now(UTC)
    moment = Handle.from_dict({**kept, "submitted_at": "2026-11-26T10:00:00"}).submitted_at
    assert moment == datetime(2026, 11, 26, 10, tzinfo=UTC)


def test_reprs_hold_no_url() -> None:
    """The repr of a task shows id and endpoint, not the polling URL."""
    shown = repr(Client(KEY).task("task-1", POLLING_URL))
    assert "task-1" in shown
    assert POLLING_URL not in shown


def test_a_webhook_submit_has_no_polling_url(world: World) -> None:
    """A task submitted with a webhook has polling_url None, and waiting for it is a ConfigurationError."""
    world.script = [httpx.Response(200, json={"id": "task-1", "status": "Pending", "webhook_url": "https://a.b/"})]
    task = world.do(lambda client: getattr(client.submit, METHOD)(prompt="x", webhook_url="https://a.b/"))
    assert task.polling_url is None
    for action in (lambda _: task.wait(), lambda _: task.status(), lambda _: task.save("fox.png")):
        with pytest.raises(errors.ConfigurationError) as caught:
            world.do(action)
        assert caught.value.task_id == "task-1"
    assert len(world.requests) == 1


def test_a_long_id_is_not_in_the_message(world: World) -> None:
    """An id of thousands of characters is kept in the error, and cut in its message."""
    world.script = [httpx.Response(200, json={"id": "A" * 5000})]
    task = submit(world)
    with pytest.raises(errors.ConfigurationError) as caught:
        world.do(lambda _: task.wait())
    assert caught.value.task_id == "A" * 5000
    assert len(str(caught.value)) < 400
    assert len(repr(task) + repr(task.handle)) < 400


def test_status_looks_once(world: World) -> None:
    """status() is one poll, and a failed task is an update there, not an error."""
    world.script = [state("Error", 503, details="broken")]
    update = world.do(lambda client: client.task("task-1", POLLING_URL).status())
    assert (update.status, update.details, update.ended) == ("Error", "broken", True)
    assert len(world.requests) == 1


def test_status_is_repeated_while_it_fails(world: World) -> None:
    """status() is one look, repeated after what passes; what does not pass is an error with the handle."""
    world.script = [httpx.Response(500), state("Pending", id="task-2"), state("Pending")]
    assert world.do(lambda client: client.task("task-1", POLLING_URL).status()).status == "Pending"
    world.script = [httpx.Response(403)]
    with pytest.raises(errors.AuthenticationError) as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL).status())
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)


def test_a_task_has_what_its_receipt_says(world: World) -> None:
    """cost, input_mp and output_mp are those of the answer to the submit; None where it states none, or no number."""
    world.script = [submitted(cost=4.5, input_mp=0.0, output_mp=1.98)]
    task = submit(world)
    assert (task.cost, task.input_mp, task.output_mp) == (4.5, 0.0, 1.98)
    world.script = [submitted(cost=None, input_mp="many")]
    task = submit(world)
    assert (task.cost, task.input_mp, task.output_mp) == (None, None, None)


@pytest.mark.parametrize(("settled", "cost"), [(2.5, 2.5), (0, 0.0), (None, 3.0), ("free", 3.0)])
def test_a_result_has_the_settled_cost(world: World, settled: Any, cost: float) -> None:
    """The cost of a result is what the last poll settled, else what the receipt stated."""
    world.script = [submitted(), state("Ready", result={"sample": SAMPLE}, cost=settled)]
    assert world.do(lambda client: client.generate(NAME, prompt="a fox")).cost == cost


def test_a_handle_is_the_same_everywhere(world: World) -> None:
    """task.handle, Handle.from_dict of task.to_dict(), and a task resumed from it say the same."""
    world.script = [submitted()]
    task = submit(world)
    kept = json.loads(json.dumps(task.to_dict()))
    assert Handle.from_dict(kept) == task.handle._replace(raw=None)
    world.script = [ready()]
    resumed = world.do(lambda client: type(task).from_dict(kept, client).wait())
    assert resumed.task.handle == task.handle._replace(raw=None)
    assert resumed.task.kind == task.kind


def test_no_repr_of_what_carries_a_url_shows_it(world: World) -> None:
    """Neither handle, nor update, nor result shows a polling URL or a signed URL in its repr."""
    world.script = [ready()]
    seen: list[Any] = []
    result = world.do(lambda client: client.task("task-1", POLLING_URL).wait(on_update=seen.append))
    shown = f"{result!r} {result.task!r} {result.task.handle!r} {seen!r}"
    assert "task-1" in shown
    assert "https" not in shown


@pytest.mark.parametrize(
    ("name", "kind"), [("a.mp4", "video"), ("A.MOV", "video"), ("a.webm", "video"), ("mp4", "image")]
)
def test_the_url_tells_what_an_unknown_endpoint_made(world: World, name: str, kind: str) -> None:
    """What a task of an endpoint that is not known has made is told by its URL, whatever signature that carries."""
    world.script = [state("Ready", result={"sample": f"https://delivery.bfl.ai/{name}?sig=x.png"})]
    assert world.do(lambda client: client.task("task-1", POLLING_URL, "flux-9-hyper").wait()).kind == kind


@pytest.mark.parametrize(("age", "pause"), [(0, 0.5), (60, 6), (3600, 10), (-3600, 0.5)])
def test_a_resumed_task_is_polled_as_befits_its_age(world: World, age: int, pause: float) -> None:
    """The first pause of a resumed task is a tenth of the time since its submit, within half a second and ten."""
    moment = (datetime.now(UTC) - timedelta(seconds=age)).isoformat()
    kept = {"id": "task-1", "polling_url": POLLING_URL, "endpoint": NAME, "submitted_at": moment}
    world.script = [state("Pending"), ready()]
    world.do(lambda client: type(client.task("task-1", POLLING_URL)).from_dict(kept, client).wait())
    assert world.sleeps == [pytest.approx(pause, rel=0.15)]


@pytest.mark.about("flux-3-video")
def test_a_result_is_of_the_kind_of_its_endpoint(world: World) -> None:
    """What a known endpoint has made is told by the endpoint, whatever its URL; `raw` is the whole last answer."""
    world.script = [state("Ready", result={"sample": "https://delivery.bfl.ai/still.png"}, cost=9)]
    found = world.do(lambda client: client.task("task-1", POLLING_URL, "flux-3-video").wait())
    assert (found.kind, found.task.kind) == ("video", "video")
    assert (found.raw["id"], found.raw["status"], found.raw["cost"]) == ("task-1", "Ready", 9)


@pytest.mark.parametrize("odd", [5, True, None, ["a"], {}])
def test_what_a_result_says_of_itself_has_its_type_or_is_none(world: World, odd: Any) -> None:
    """Seed, prompt and draft of a result are an integer and texts, and None where the service sends anything else."""
    result = {"sample": SAMPLE, "seed": odd if odd != 5 else "5", "prompt": odd, "draft_cache": odd}
    world.script = [state("Ready", result=result)]
    found = world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait())
    assert (found.seed, found.prompt, found.draft_cache) == (None, None, None)
    world.script = [ready(draft_cache=SAMPLE)]
    found = world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait())
    assert (found.seed, found.prompt, found.draft_cache) == (42, "a fox", SAMPLE)
