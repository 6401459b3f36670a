"""What a model can find out before it pays: the tools, the endpoints, their parameters and their prices."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from bfl_client import specification
from bfl_client.errors import ConstraintError
from bfl_mcp import catalogue, tools
from bfl_mcp.refusals import Refused

from tests.needs import EDITING

from .conftest import FOX, PAINT

ENDPOINTS = specification.ENDPOINTS.values()


def _described(name: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for form in catalogue.described(name)["forms"] for each in form["parameters"]}


def test_the_list_tells_what_each_endpoint_makes_and_costs() -> None:
    """Pictures and videos are told apart; a price is told, or that there is none, which does not mean free."""
    listed = {each["name"]: each for each in catalogue.endpoints()}
    made = {name: each["makes"] for name, each in listed.items()}
    assert made == {each.name: each.kind for each in ENDPOINTS}
    assert {"image", "video"} >= set(made.values())
    for name, each in listed.items():
        price = specification.price_in_words(name)
        assert each["price"] == catalogue.described(name)["price"] == (price or "not in the list of prices")
        assert each["summary"] == catalogue.described(name)["summary"] != ""
    assert len(listed) > 1


def test_a_description_says_what_it_takes_how_long_and_from_which_list() -> None:
    """The description of an endpoint has its kind, its usual duration and the month of its price."""
    for each in ENDPOINTS:
        found = catalogue.described(each.name)
        assert (found["name"], found["makes"], found["usual_seconds"]) == (each.name, each.kind, each.duration)
        assert found["price_list"] == specification.price_list()
    assert catalogue.described(f"/v1/{PAINT}") == catalogue.described(PAINT)  # by its path, too
    with pytest.raises(ConstraintError, match="unknown endpoint"):
        catalogue.described(f"{PAINT}-none")


def test_every_form_is_described() -> None:
    """An endpoint that takes several forms is described in each, under what selects it."""
    several = [each.name for each in ENDPOINTS if len(specification.forms(each.name)) > 1]
    if not several:
        pytest.skip("every endpoint has one form")
    for name in several:
        forms = catalogue.described(name)["forms"]
        assert [each["form"] for each in forms] == [each.title for each in specification.forms(name)]
        assert len({each["form"] for each in forms}) == len(forms)
    assert [each["form"] for each in catalogue.described(PAINT)["forms"]] == ["the only one"]


def test_a_parameter_is_described_as_the_specification_has_it() -> None:
    """Required or not, bounds, meaning and default: also a default of zero, false or nothing."""
    falsy = 0
    for each in ENDPOINTS:
        schemas = {
            name: (schema, shape)
            for shape in specification.branches(specification.body_schema(each.path))
            for name, schema in shape.get("properties", {}).items()
        }
        for form in specification.forms(each.name):
            told = {
                one["name"]: one
                for shown in catalogue.described(each.name)["forms"]
                if shown["form"] in (form.title, "the only one")
                for one in shown["parameters"]
            }
            assert set(told) == {one.name for one in form.parameters} <= set(schemas)
            for one in form.parameters:
                assert told[one.name]["required"] == one.required
                assert one.bounds in told[one.name]["accepts"]
                assert told[one.name].get("default") == one.default
                assert ("default" in told[one.name]) == (one.default is not None)
                assert told[one.name].get("description") == one.schema.get("description")
                falsy += one.default is not None and not one.default
    assert falsy


def test_a_picture_may_be_given_in_three_ways() -> None:
    """The description says of a picture's parameter, and of no other, that a path, a URL or base64 is taken."""
    found = _described(EDITING)
    media = {name for name, each in found.items() if "path in an allowed folder" in each["accepts"]}
    assert media == set(specification.media_parameters(EDITING))
    assert "prompt" in set(found) - media


def test_what_is_described_is_json() -> None:
    """Every description can be written as JSON, whatever the defaults of an endpoint are."""
    for each in ENDPOINTS:
        assert json.loads(json.dumps(catalogue.described(each.name)))["name"] == each.name
    assert len(specification.ENDPOINTS) > 1


@pytest.mark.parametrize(
    ("tool", "arguments", "fits"),
    [
        ("task", {"id": "x"}, True),
        ("task", {"id": "x", "action": "status"}, True),
        ("task", {"id": "x", "action": "wait", "timeout": 0.5}, True),
        ("task", {"id": "x", "action": "fetch", "timeout": 3600}, True),
        ("task", {"id": "x", "timeout": 0}, False),
        ("task", {"id": "x", "timeout": -1}, False),
        ("task", {"id": "x", "timeout": 1e300}, False),
        ("task", {"id": "x", "timeout": "10"}, False),
        ("task", {"id": "x", "action": "delete"}, False),
        ("task", {"id": ""}, False),
        ("task", {"id": 5}, False),
        ("task", {}, False),
        ("generate", {**FOX, "timeout": 60}, True),
        ("generate", {**FOX, "timeout": 0}, False),
        ("generate", {"endpoint": PAINT}, False),
        ("generate", {"parameters": {}}, False),
        ("generate", {"endpoint": PAINT, "parameters": []}, False),
        ("submit", FOX, True),
        ("submit", {**FOX, "timeout": 5}, False),
        ("price", FOX, True),
        ("describe_endpoint", {"endpoint": PAINT}, True),
        ("describe_endpoint", {}, False),
        ("list_endpoints", {}, True),
        ("list_endpoints", {"kind": "video"}, False),
        ("tasks", {}, True),
        ("credits", {}, True),
    ],
)
def test_the_listed_schema_is_what_is_taken(tool: str, arguments: dict[str, Any], fits: bool) -> None:
    """A call is taken if and only if it fits the schema that the list of tools has; else it is refused unpaid."""
    (listed,) = [each for each in tools.as_listed() if each.name == tool]
    assert jsonschema_rs.is_valid(listed.input_schema, arguments) is fits
    if fits:
        assert tools.checked(tool, arguments) == arguments
        return
    with pytest.raises(Refused) as caught:
        tools.checked(tool, arguments)
    assert caught.value.kind == "arguments"


def test_the_list_of_tools_names_endpoints_actions_and_defaults() -> None:
    """A model sees in the list of tools which endpoints there are, and what happens if it names no action."""
    listed = {each.name: each.input_schema["properties"] for each in tools.as_listed()}
    for name in ("describe_endpoint", "price", "generate", "submit"):
        assert listed[name]["endpoint"]["enum"] == list(specification.ENDPOINTS)
    assert listed["task"]["action"]["enum"] == ["status", "wait", "fetch"]
    assert listed["task"]["action"]["default"] == "status"
    costly = {each.name for each in tools.as_listed() if "COSTS CREDITS" in (each.description or "")}
    assert costly == {"generate", "submit"}
    assert not any(each.annotations and each.annotations.destructive_hint for each in tools.as_listed())


def test_every_mistake_in_the_arguments_is_told() -> None:
    """A call with three mistakes is refused with all of them, by name, and with what the tool takes."""
    with pytest.raises(Refused) as caught:
        tools.checked("task", {"idd": 1, "action": "delete", "timeout": -1})
    message = caught.value.message
    assert all(each in message for each in ("idd", "action", "timeout: "))
    assert '"id" is a required property' in message
    assert caught.value.remedy == "it takes id, action (optional), timeout (optional)"
    with pytest.raises(Refused) as caught:
        tools.checked("tasks", {"id": "x"})
    assert caught.value.remedy == "it takes no arguments"


def test_an_unknown_tool_or_endpoint_is_told_the_nearest() -> None:
    """A mistyped tool is told the nearest, or all; a mistyped endpoint passes to where the nearest one is found."""
    with pytest.raises(Refused) as caught:
        tools.checked("generat", {})
    assert caught.value.remedy == "did you mean generate?"
    with pytest.raises(Refused) as caught:
        tools.checked("zzzzzzz", {})
    assert all(name in caught.value.remedy for name in tools.definitions())
    assert tools.checked("describe_endpoint", {"endpoint": "flux"}) == {"endpoint": "flux"}
    with pytest.raises(Refused) as caught:
        tools.checked("describe_endpoint", {"endpoint": "x" * 100_000})
    assert len(caught.value.message) < 1000
