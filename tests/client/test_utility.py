"""Operations that make no task, and the generated functions behind the escape hatch."""

from __future__ import annotations

import functools
import importlib
import inspect
import json
import pkgutil
from typing import Any

import httpx
import pytest
from bfl_api import models
from bfl_client import BFLError, Client, ConstraintError, errors
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .conftest import ANY, KEY, NAME, Played, World, function, left_early, model, state, submitted


def generated(client: Any) -> Any:
    """A call of a generated function, through a client's escape hatch."""
    call = function().sync if isinstance(client, Client) else function().asyncio
    return call(client=client.api, body=model()(prompt="a fox"))


class TestEscapeHatch:
    def test_generated_functions_send_the_key(self, world: World) -> None:
        """A generated function used with client.api posts with the key and gives the generated model."""
        world.script = [httpx.Response(200, json={"id": "task-1", "polling_url": "https://api.bfl.ai/x"})]
        assert world.do(generated).id == "task-1"
        assert world.requests[0].headers["x-key"] == KEY
        assert world.requests[0].content == b'{"prompt":"a fox"}'

    @pytest.mark.parametrize("status", [402, 422, 429, 503, 520])
    def test_generated_functions_raise_our_errors(self, world: World, status: int) -> None:
        """Answers that the generated parsing does not expect are our errors; a 5xx may have been carried out."""
        world.script = [httpx.Response(status, content=b"<html>")]
        with pytest.raises(errors.APIError) as caught:
            world.do(generated)
        assert caught.value.status_code == status
        assert caught.value.maybe_submitted == (status in (503, 520))
        assert len(world.requests) == 1

    @pytest.mark.parametrize("order", [1, -1])
    def test_an_id_seen_before_is_no_answer(self, world: World, order: int) -> None:
        """A generated function is not answered with the id of a submit's task, nor a submit with that of a function."""
        world.script = [submitted(), submitted()]
        actions = [generated, lambda client: client.submit(NAME, prompt="a fox")][::order]
        first, second = world.each(*actions)
        assert first.id == "task-1"
        assert isinstance(second, errors.TransportError)
        assert second.maybe_submitted

    def test_an_answer_without_what_is_required_keeps_its_task(self, world: World) -> None:
        """An answer that the generated parsing cannot read is an error of ours, with the id of the task."""
        world.script = [httpx.Response(200, json={"id": "task-1"})]
        with pytest.raises(errors.APIError) as caught:
            world.do(generated)
        assert caught.value.task_id == "task-1"
        assert caught.value.maybe_submitted

    def test_tasks_are_told_apart_behind_a_base_url_with_a_path(self, world: World) -> None:
        """Also where base_url has a path, a generated function is not answered with the id of an earlier task."""
        world.settings = {"base_url": "https://proxy.example/bfl/"}
        world.script = [submitted()]
        first, second = world.each(generated, generated)
        assert first.id == "task-1"
        assert isinstance(second, errors.TransportError)
        assert {str(request.url) for request in world.requests} == {f"https://proxy.example/bfl{ANY.path}"}

    @left_early
    def test_an_answer_that_takes_a_quarter_of_an_hour_is_given_up(self, world: World) -> None:
        """A generated function waits 900 seconds for its whole answer, and then says that it may have been paid."""
        world.latency = 901
        world.script = [submitted()]
        with pytest.raises(errors.TransportError) as caught:
            world.do(generated)
        assert caught.value.maybe_submitted

    @pytest.mark.about("delete_finetune")
    def test_what_makes_no_task_needs_no_id(self, world: World) -> None:
        """A generated function that posts, but makes no task, gives the answer, which has no id."""
        answer = {"status": "ok", "message": "", "deleted_finetune_id": "a", "timestamp": "now"}
        world.script = [httpx.Response(200, json=answer)]
        (module,) = (each for each in GENERATED if each.__name__.rpartition(".")[2] == "delete_finetune")
        call = module.sync if world.kind == "sync" else module.asyncio
        body = models.DeleteFinetuneInputs(finetune_id="a")
        assert world.do(lambda client: call(client=client.api, body=body)).deleted_finetune_id == "a"


@pytest.mark.about("credits", "my_finetunes", "finetune_details", "delete_finetune")
class TestUtility:
    @pytest.mark.parametrize("credits", [12.5, 0])
    def test_credits(self, world: World, credits: float) -> None:
        """credits() is the number in the service's answer."""
        world.script = [httpx.Response(200, json={"credits": credits})]
        assert world.do(lambda client: client.credits()) == credits

    @pytest.mark.parametrize("found", [5, None, [5], {"a": 5}, "text"])
    def test_a_value_of_another_type_is_an_error_of_ours(self, world: World, found: Any) -> None:
        """A part of an answer that has another type than the specification says is a BFLError, or left as it is."""
        world.script = [httpx.Response(200, json={"finetune_details": found, "finetunes": found})]
        actions = (lambda client: client.utility.my_finetunes(), lambda client: client.utility.finetune_details("a"))
        for outcome in world.each(*actions):
            assert isinstance(outcome, errors.APIError) or hasattr(outcome, "to_dict")

    def test_an_answer_of_another_shape_is_an_error_of_ours(self, world: World) -> None:
        """An answer without credits is a BFLError, not a KeyError."""
        world.script = [httpx.Response(200, json={"money": "lots"})]
        with pytest.raises(errors.APIError) as caught:
            world.do(lambda client: client.credits())
        assert caught.value.status_code == 200

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
        """A finetune id that is not a string is refused before sending."""
        world.script = [state("x")]
        with pytest.raises(ConstraintError) as caught:
            world.do(lambda client: client.utility.finetune_details(7))
        assert [violation.field for violation in caught.value.violations] == ["finetune_id"]
        assert not world.requests


@pytest.mark.about("finetune_details")
@pytest.mark.parametrize("finetune_id", ["\udcff", "a\ud800", "x" * 100_000], ids=["byte", "surrogate", "long"])
def test_what_no_url_can_hold_is_refused(world: World, finetune_id: str) -> None:
    """A query parameter that cannot be part of a URL is refused by its name, and nothing is sent."""
    with pytest.raises(ConstraintError, match="finetune_id: is too long or not text for a URL"):
        world.do(lambda client: client.utility.finetune_details(finetune_id))
    assert not world.requests


@pytest.mark.about("credits")
def _details(client: Any, value: Any) -> Any:
    return client.utility.finetune_details(finetune_id=value)


@pytest.mark.about("finetune_details")
def test_a_parameter_that_contains_itself_is_refused(world: World) -> None:
    """A value that is no JSON is refused as the parameter of an operation, and nothing is sent."""
    circle: list[Any] = []
    circle += [circle, circle]
    for value in (circle, object(), b"x"):
        with pytest.raises(ConstraintError):
            world.do(functools.partial(_details, value=value))
    assert not world.requests


@pytest.mark.parametrize("credits", ["abc", None, [], {}, True, float("nan"), 10**400])
def test_credits_that_are_no_number_are_an_error_of_ours(world: World, credits: Any) -> None:
    """Credits in any other form are a BFLError."""
    world.script = [httpx.Response(200, content=json.dumps({"credits": credits}).encode())]
    with pytest.raises(BFLError):
        world.do(lambda client: client.credits())


@left_early
@pytest.mark.parametrize("content", [b"<html>", b"[]", b"null", b"{" + b" " * 9_000_000])
def test_the_escape_hatch_raises_our_errors_for_unreadable_answers(world: World, content: bytes) -> None:
    """A 200 that is not a JSON object is a TransportError with maybe_submitted also for generated functions."""
    world.script = [httpx.Response(200, stream=Played(content))]
    with pytest.raises(errors.TransportError) as caught:
        world.do(generated)
    assert caught.value.maybe_submitted


GENERATED = [
    importlib.import_module(module.name)
    for module in pkgutil.walk_packages(importlib.import_module("bfl_api.api").__path__, "bfl_api.api.")
    if not module.ispkg
]
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
NAMES = [
    "id", "polling_url", "status", "webhook_url", "cost", "input_mp", "credits", "finetunes", "finetune_details",
    "message", "deleted_finetune_id", "timestamp", "result", "progress", "details", "preview",
]  # fmt: skip


class Input:
    """A body that the generated functions send."""

    def to_dict(self) -> dict[str, Any]:
        return {"prompt": "a fox"}


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.sampled_from(GENERATED), st.dictionaries(st.sampled_from(NAMES), json_values))
def test_nothing_but_our_errors_leaves_a_generated_function(module: Any, answer: dict[str, Any]) -> None:
    """Whatever JSON object answers it, a generated function returns a model or raises a BFLError."""
    content = json.dumps({"id": "x", "status": "Ready", **answer})

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=content, headers={"x-request-id": "r-1"})

    wanted = inspect.signature(module.sync_detailed).parameters.values()
    given: dict[str, Any] = {each.name: "x" for each in wanted if each.default is inspect.Parameter.empty}
    if "body" in given:
        given["body"] = Input()
    with httpx.Client(transport=httpx.MockTransport(handler)) as http, Client(KEY, http_client=http) as client:
        try:
            found = module.sync_detailed(**{**given, "client": client.api})
        except BFLError:
            return
    assert (found.status_code, found.headers["x-request-id"]) == (200, "r-1")


def test_a_number_of_thousands_of_digits_loses_no_task(world: World) -> None:
    """A generated function reads an answer with a number that Python's own parser refuses."""
    content = b'{"id": "task-1", "polling_url": "u", "cost": 1' + b"0" * 5000 + b"}"
    world.script = [httpx.Response(200, content=content)]
    assert world.do(generated).id == "task-1"


@pytest.mark.about("credits")
def test_an_unreadable_answer_to_what_costs_nothing_was_not_paid(world: World) -> None:
    """A generated function that only asks is answered unreadably: nothing was submitted."""
    (module,) = (each for each in GENERATED if each.__name__.rpartition(".")[2] == "credits_")
    call = module.sync if world.kind == "sync" else module.asyncio
    world.script = [httpx.Response(200, content=b"[]")]
    with pytest.raises(errors.TransportError) as caught:
        world.do(lambda client: call(client=client.api))
    assert not caught.value.maybe_submitted
