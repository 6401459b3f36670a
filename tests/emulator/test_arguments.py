"""What an emulator is made from: its arguments and its specification."""

import json
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from bfl_emulator.specification import Specification

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    "arguments",
    [
        {"speed": 0},
        {"speed": -1.0},
        {"speed": float("nan")},
        {"api_key": ""},
        {"api_key": "with space"},
        {"api_key": "é"},
    ],
    ids=str,
)
def test_impossible_arguments(small: dict[str, Any], arguments: dict[str, Any]) -> None:
    """A speed that is not above 0, or a key that no header can carry, is a ValueError."""
    with pytest.raises(ValueError):
        Emulator(specification=small, **arguments)


def test_no_polling_operation(small: dict[str, Any]) -> None:
    """A specification without a polling operation is a ValueError."""
    del small["paths"]["/v1/poll"]
    with pytest.raises(ValueError, match="get-result"):
        Emulator(specification=small)


def test_polling_operation_without_id(small: dict[str, Any]) -> None:
    """A polling operation that takes no id is a ValueError."""
    small["paths"]["/v1/poll"]["get"]["parameters"].clear()
    with pytest.raises(ValueError, match="takes an id"):
        Emulator(specification=small)


def test_parameters_beside_the_id(small: dict[str, Any]) -> None:
    """The id of a poll is its required query parameter, whatever other parameters come first."""
    others = [{"in": "header", "name": "x-trace", "required": True}, {"in": "query", "name": "verbose"}]
    small["paths"]["/v1/poll"]["get"]["parameters"][:0] = others
    assert Specification(small).polling_parameter == "id"


@pytest.mark.parametrize("reference", ["other.json#/Paint", "#/components/schemas/Circle"])
def test_references_without_end(small: dict[str, Any], reference: str) -> None:
    """A reference to another document, or to itself, is a ValueError that names it."""
    small["components"]["schemas"]["Circle"] = {"$ref": "#/components/schemas/Circle"}
    with pytest.raises(ValueError, match=f"cannot resolve '{reference}'"):
        Specification(small).resolve({"$ref": reference})


async def test_foreign_reference(client: httpx.AsyncClient, small: dict[str, Any]) -> None:
    """A reference that leads out of the specification is an error, and is not fetched."""
    small["components"]["schemas"]["Paint"]["properties"]["prompt"] = {"$ref": "https://example.com/prompt.json"}
    with pytest.raises(Exception, match="the specification refers to https://example.com/prompt.json"):
        await client.post("/v1/paint", json={"prompt": "x"})


def test_json_round_trip(small: dict[str, Any]) -> None:
    """The emulator does not change the specification it is given."""
    before = json.dumps(small)
    Emulator(specification=small)
    assert json.dumps(small) == before
