"""The words in which requests are refused, against pydantic's own, and what is checked besides bodies."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from bfl_emulator.requests import Refusal, Reply
from bfl_emulator.specification import Operation, Specification
from bfl_emulator.validation import Contract, is_ratio

pydantic = pytest.importorskip("pydantic")
Field = pydantic.Field


class Colour(StrEnum):
    """A named list of values."""

    red = "red"
    green = "green"
    blue = "blue"


Side = Annotated[int, Field(ge=64, le=1440, multiple_of=32)]
Inner: Any = pydantic.create_model("Inner", n=(int, ...), s=(Annotated[str, Field(min_length=1)], "x"))


def _operation(small: dict[str, Any], path: str, method: str = "POST") -> tuple[Contract, Operation]:
    document = Specification(small)
    found = [each for each in document.operations if (each.path, each.method) == (path, method)]
    assert len(found) == 1
    return Contract(document), found[0]


def _refusals(small: dict[str, Any], model: Any, body: Any) -> list[dict[str, Any]]:
    """Return how an operation that takes this model refuses a body."""
    schema = model.model_json_schema(ref_template="#/components/schemas/{model}")
    small["components"]["schemas"] |= schema.pop("$defs", {}) | {"Strict": schema}
    return _refused(small, body)


def _refused(small: dict[str, Any], body: Any) -> list[dict[str, Any]]:
    contract, operation = _operation(small, "/v1/note")
    with pytest.raises(Refusal) as refused:
        contract.body(operation, body)
    found: list[dict[str, Any]] = refused.value.reply.body["detail"]
    return found


def _pydantic(model: Any, body: Any) -> list[dict[str, Any]]:
    with pytest.raises(pydantic.ValidationError) as refused:
        model.model_validate(body, from_attributes=True)  # as FastAPI does
    return [error | {"loc": ["body", *error["loc"]]} for error in refused.value.errors(include_url=False)]


def _sorted(errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(errors, key=lambda error: str(error["loc"]))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, 1.5),
        (int, None),
        (int, []),
        (float, None),
        (str, 1),
        (list[int], 1),
        (list[int], [1, 2.5, None, 3.5]),
        (int | None, 1.5),
        (Side, 1),
        (Side, 65),
        (Side, 1500),
        (Annotated[float, Field(gt=0, lt=1.5)], 0),
        (Annotated[float, Field(gt=0, lt=1.5)], 1.5),
        (Annotated[str, Field(min_length=1)], ""),
        (Annotated[str, Field(min_length=2, max_length=3)], ""),
        (Annotated[str, Field(max_length=1)], "aa"),
        (Annotated[str, Field(max_length=11)], "a" * 12),
        (Annotated[str, Field(pattern="^[a-z]+$")], "A"),
        (Annotated[list[int], Field(min_length=1)], []),
        (Annotated[list[int], Field(min_length=2)], [1]),
        (Annotated[list[int], Field(max_length=2)], [1, 2, 3, 4, 5]),
        (Literal["1k", "2k"], "9k"),
        (Literal["1k", "2k"], 5),
        (Literal["1k"], "9k"),
        (Literal["1k"], None),
        (Literal["a", "b", "c"], "d"),
        (Colour, "pink"),
        (Colour, 1),
        (Colour | None, "pink"),
        (int | str, 1.5),
        (int | str, None),
        (Side | str, 0),
        (Side | None, 0),
        (list[str] | str, 1),
        (list[str] | str, [1]),
        (list[Side] | bool, [1]),
        (Literal["auto", "none"] | Side, 4),
        (None | Literal["auto"] | Annotated[float, Field(ge=5)], 4),
        (tuple[float, str] | str, [1, 2]),
        (list[tuple[float, str]], [[1, "x"], [1, 2]]),
        (list[tuple[float, str]] | str, [[1, 2]]),
        (list[list[str] | str], [["x"], [1]]),
        (Inner, {}),
        (Inner, {"n": 1, "s": ""}),
        (Inner | int, {"s": 1}),
        (list[Inner], [{}, {"n": 1.5}]),
        (list[Inner] | Inner, [{}]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_words(small: dict[str, Any], annotation: Any, value: Any) -> None:
    """A body is refused exactly as pydantic refuses it: types, locations, messages, inputs and contexts."""
    model = pydantic.create_model("Model", a=(annotation, ...))
    body = {"a": value}
    assert _sorted(_refusals(small, model, body)) == _sorted(_pydantic(model, body))


def _either() -> Any:
    left = pydantic.create_model("Left", mode=(Literal["l"], ...), width=(int | None, None))
    right = pydantic.create_model("Right", mode=(Literal["r"], ...))
    return pydantic.RootModel[Annotated[left | right, Field(discriminator="mode")]]


@pytest.mark.parametrize(
    "body", [{}, {"mode": "x"}, {"mode": 5}, {"mode": "l", "width": 1.5}, {"width": 5}], ids=lambda body: str(body)
)
def test_words_of_a_discriminated_union(small: dict[str, Any], body: Any) -> None:
    """Where a property chooses the branch, a body is refused as pydantic does: for the choice, or within the branch."""
    assert _refusals(small, _either(), body) == _pydantic(_either(), body)


def test_words_of_strict_models(small: dict[str, Any]) -> None:
    """Properties that a closed model does not know are refused as pydantic does, wherever the model is."""
    inner: Any = pydantic.create_model("Inner", __config__=pydantic.ConfigDict(extra="forbid"), n=(int, ...))
    model = pydantic.create_model("Model", a=(list[inner], ...), b=(inner, ...))
    body = {"a": [{"n": 1, "x": 5}], "b": {"n": 1, "y": [1], "z": None}}
    assert _sorted(_refusals(small, model, body)) == _sorted(_pydantic(model, body))


def test_words_of_models_with_one_name(small: dict[str, Any]) -> None:
    """Two models of one name, which a schema has to tell apart, are both called by that name."""
    one: Any = pydantic.create_model("Inner", __module__="one", n=(int, ...))
    two: Any = pydantic.create_model("Inner", __module__="two", m=(int, ...))
    model = pydantic.create_model("Model", a=(one | two, ...))
    assert len(model.model_json_schema()["$defs"]) == 2
    assert _sorted(_refusals(small, model, {"a": {}})) == _sorted(_pydantic(model, {"a": {}}))


def test_words_of_one_of_several(small: dict[str, Any]) -> None:
    """What a schema calls oneOf is refused as pydantic refuses a union, and so is a value that it calls const."""
    model = pydantic.create_model("Model", a=(int | list[str], ...), b=(Literal["x"], ...))
    small["components"]["schemas"]["Strict"] = {
        "properties": {
            "a": {"oneOf": [{"type": "integer"}, {"type": "array", "items": {"type": "string"}}]},
            "b": {"const": "x"},
        }
    }
    body = {"a": 1.5, "b": "y"}
    assert _sorted(_refused(small, body)) == _sorted(_pydantic(model, body))


def test_whole_bounds(small: dict[str, Any]) -> None:
    """A bound that a specification gives as 64.0 is written as 64."""
    small["components"]["schemas"]["Strict"] = {"properties": {"a": {"type": "integer", "minimum": 64.0}}}
    (entry,) = _refused(small, {"a": 5})
    assert entry["msg"] == "Input should be greater than or equal to 64"
    assert repr(entry["ctx"]) == "{'ge': 64}"


def test_no_words_for_it(small: dict[str, Any]) -> None:
    """A value that matches two branches of which only one may match is refused, though pydantic knows no such rule."""
    small["components"]["schemas"]["Strict"] = {"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}
    contract, operation = _operation(small, "/v1/note")
    contract.body(operation, {"a": 1})
    with pytest.raises(Refusal) as refused:
        contract.body(operation, {"a": 1, "b": 2})
    (entry,) = refused.value.reply.body["detail"]
    assert (entry["type"], entry["loc"]) == ("value_error", ["body"])


@pytest.mark.parametrize(
    ("schema", "value", "kind"),
    [
        ({"format": "uri"}, "cat", "url_parsing"),
        ({"format": "uuid"}, "cat", "uuid_parsing"),
        ({"format": "date-time"}, "cat", "datetime_parsing"),
        ({"format": "bfl-ratio"}, "22:9", "value_error"),
        ({"format": "email"}, "cat", "value_error"),
        ({"uniqueItems": True}, [1, 1], "value_error"),
    ],
)
def test_formats(small: dict[str, Any], schema: dict[str, Any], value: Any, kind: str) -> None:
    """A value in the wrong format is refused with pydantic's type for it; only a value_error has an empty error."""
    small["components"]["schemas"]["Strict"] = {"properties": {"a": schema}}
    (entry,) = _refused(small, {"a": value})
    assert (entry["type"], entry["loc"], entry["input"]) == (kind, ["body", "a"], value)
    assert entry["ctx"] == {"error": {} if kind == "value_error" else entry["msg"]}


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("21:9", True),
        ("9:21", True),
        ("1:1", True),
        ("210:90", True),
        ("211:90", False),
        ("9:22", False),
        ("0:1", False),
        ("1:0", False),
        ("-1:-1", False),
        ("1", False),
        ("16x9", False),
        ("1:1:1", False),
        ("1.5:1", False),
        ("\u0661:\u0661", False),
        ("", False),
        ("1" + "0" * 5000 + ":1", False),
    ],
    ids=lambda value: str(value)[:10],
)
def test_ratio(text: str, fits: bool) -> None:
    """A ratio is two whole numbers between 21:9 and 9:21, these included."""
    assert is_ratio(text) is fits


_PARAMETERS = [
    {"in": "query", "name": "count", "required": True, "schema": {"$ref": "#/components/schemas/Count"}},
    {"in": "query", "name": "flag", "schema": {"type": "boolean"}},
    {"in": "query", "name": "share", "schema": {"type": "number", "maximum": 1}},
    {"in": "header", "name": "note"},
]


def _parameters(small: dict[str, Any], **texts: str) -> dict[str, Any]:
    small["components"]["schemas"]["Count"] = {"type": "integer", "minimum": 1}
    small["paths"]["/v1/credits"]["get"]["parameters"] = _PARAMETERS
    contract, operation = _operation(small, "/v1/credits", "GET")
    return contract.parameters(operation, lambda place, name: texts.get(name))


def test_parameters(small: dict[str, Any]) -> None:
    """Parameters are read by their types; an optional one that is not there is left out."""
    assert _parameters(small, count="12") == {"count": 12}
    assert _parameters(small, count="1", flag="true", share="0.5", note="5") == {
        "count": 1,
        "flag": True,
        "share": 0.5,
        "note": "5",
    }
    assert _parameters(small, count="1", flag="false")["flag"] is False


def test_wrong_parameters(small: dict[str, Any]) -> None:
    """Every wrong parameter is reported, with its place."""
    with pytest.raises(Refusal) as refused:
        _parameters(small, flag="perhaps", share="-inf")
    assert [(entry["type"], entry["loc"], entry["input"]) for entry in refused.value.reply.body["detail"]] == [
        ("missing", ["query", "count"], None),
        ("bool_type", ["query", "flag"], "perhaps"),
        ("float_type", ["query", "share"], "-inf"),
    ]


def test_missing_body(small: dict[str, Any]) -> None:
    """A body that is missing is refused as FastAPI does: it is required, and the input is null."""
    assert _refused(small, None) == [{"type": "missing", "loc": ["body"], "msg": "Field required", "input": None}]


def test_replies(small: dict[str, Any]) -> None:
    """A reply is held to the schema of its own status, if there is one."""
    responses = small["paths"]["/v1/note"]["post"]["responses"]
    responses["404"] = {"content": {"application/json": {"schema": {"required": ["detail"]}}}}
    contract, operation = _operation(small, "/v1/note")
    for reply in (Reply({"id": "x"}), Reply({"detail": 1}, 404), Reply({}, 500)):
        contract.check(operation, reply)
    for reply in (Reply({}), Reply({"id": "x"}, 404)):
        with pytest.raises(AssertionError, match=f"would answer {reply.status}"):
            contract.check(operation, reply)


def test_foreign_reference(small: dict[str, Any]) -> None:
    """A schema that refers to another document is an error of the specification; nothing is fetched."""
    small["components"]["schemas"]["Strict"] = {"properties": {"a": {"$ref": "https://example.com/schema.json"}}}
    contract, operation = _operation(small, "/v1/note")
    with pytest.raises(ValueError, match="example.com"):
        contract.body(operation, {"a": 1})
