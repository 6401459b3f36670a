"""How the emulator reads a specification: references, marks, answers, keys, and the smallest instances."""

from typing import Any

import pytest
from bfl_emulator import Emulator
from bfl_emulator.specification import Operation, Specification, minimal

from .conftest import connected


def _operation(document: dict[str, Any], path: str, method: str = "POST") -> Operation:
    found = [each for each in Specification(document).operations if (each.path, each.method) == (path, method)]
    assert len(found) == 1
    return found[0]


def test_references(small: dict[str, Any]) -> None:
    """References may lead anywhere in the document, through names with a slash or tilde, and over several steps."""
    document = Specification(
        small | {"a/b": {"c~d": {"type": "integer"}}, "first": {"$ref": "#/second"}, "second": {"$ref": "#/a~1b/c~0d"}}
    )
    assert document.resolve({"$ref": "#/first"}) == {"type": "integer"}


@pytest.mark.parametrize("target", ["#/one", "other.json#/one", "https://example.com/one.json"])
def test_impossible_reference(small: dict[str, Any], target: str) -> None:
    """A circle of references is refused, and so is a reference to another document."""
    document = Specification(small | {"one": {"$ref": "#/two"}, "two": {"$ref": "#/one"}})
    with pytest.raises(ValueError, match="cannot resolve"):
        document.resolve({"$ref": target})


def test_composed_receipt(small: dict[str, Any]) -> None:
    """An answer composed of parts makes a task endpoint if one part has id and polling URL."""
    answer = small["paths"]["/v1/paint"]["post"]["responses"]["200"]["content"]["application/json"]
    answer["schema"] = {"allOf": [{"$ref": "#/components/schemas/Receipt"}, {"type": "object"}]}
    assert _operation(small, "/v1/paint").task
    answer["schema"] = {"type": "object", "properties": {"id": {}}}
    assert not _operation(small, "/v1/paint").task


def test_only_a_post_makes_a_task(small: dict[str, Any]) -> None:
    """An operation that only reads makes no task, even if its answer has an id and a polling URL."""
    small["paths"]["/v1/receipt"] = {"get": {"responses": small["paths"]["/v1/paint"]["post"]["responses"]}}
    assert _operation(small, "/v1/receipt", "GET").task is None


def test_shared_parameters(small: dict[str, Any]) -> None:
    """Parameters may be declared for a whole path, and by reference."""
    path = small["paths"]["/v1/plain/{number}"]
    small["components"]["parameters"] = {"Number": path["get"].pop("parameters")[0]}
    path["parameters"] = [{"$ref": "#/components/parameters/Number"}]
    path["get"]["parameters"] = [{"in": "query", "name": "more", "schema": {"type": "string"}}]
    assert [each["name"] for each in _operation(small, "/v1/plain/{number}", "GET").parameters] == ["number", "more"]


@pytest.mark.parametrize(("path", "name"), [("/v1/tools/mend", "tools/mend"), ("/v1/mend", "mend"), ("/mend", "mend")])
def test_name(small: dict[str, Any], path: str, name: str) -> None:
    """An endpoint has the name of its path without the version."""
    small["paths"][path] = small["paths"]["/v1/paint"]
    task = _operation(small, path).task
    assert task and task.name == name


def test_marks(small: dict[str, Any]) -> None:
    """A mark of an operation comes before the document's default, and that before the emulator's."""
    small["x-bfl-defaults"] = {"duration": 3, "url-lifetime": 5}
    small["paths"]["/v1/paint"]["post"]["x-bfl-duration"] = 2
    paint, strict = (_operation(small, path).task for path in ("/v1/paint", "/v1/either"))
    assert paint and strict
    assert (paint.duration, paint.url_lifetime, paint.kind) == (2, 5, "image")
    assert (strict.duration, strict.url_lifetime, strict.active_limit) == (3, 5, 24)
    del small["x-bfl-defaults"]
    plain = _operation(small, "/v1/either").task
    assert plain and plain.url_lifetime == 600  # ten minutes, as the vendor documents


@pytest.mark.anyio
async def test_body_by_reference(small: dict[str, Any]) -> None:
    """A body that is declared by reference is checked like any other."""
    operation = small["paths"]["/v1/paint"]["post"]
    small["components"]["requestBodies"] = {"Paint": operation["requestBody"]}
    operation["requestBody"] = {"$ref": "#/components/requestBodies/Paint"}
    async with connected(Emulator(specification=small, check=True)) as client:
        assert (await client.post("/v1/paint", json={"prompt": 1})).status_code == 422
        assert (await client.post("/v1/paint")).status_code == 422
        assert (await client.post("/v1/paint", json={"prompt": "x"})).status_code == 200


@pytest.mark.anyio
async def test_optional_body(small: dict[str, Any]) -> None:
    """A body may be left out where it is optional; where none is declared, whatever is sent is ignored."""
    small["paths"]["/v1/note"]["post"]["requestBody"]["required"] = False
    small["paths"]["/v1/bare"] = {"post": {**small["paths"]["/v1/note"]["post"]}}
    del small["paths"]["/v1/bare"]["post"]["requestBody"]
    async with connected(Emulator(specification=small, check=True)) as client:
        codes = [
            (await client.post("/v1/note")).status_code,
            (await client.post("/v1/note", json={})).status_code,
            (await client.post("/v1/bare")).status_code,
            (await client.post("/v1/bare", json={"prompt": 1})).status_code,
        ]
    assert codes == [200, 422, 200, 200]


@pytest.mark.parametrize(
    ("schemes", "header"),
    [
        ({"A": {"type": "apiKey", "in": "header", "name": "X-Other"}}, "x-other"),
        ({"Q": {"type": "apiKey", "in": "query", "name": "key"}, "H": {"$ref": "#/components/header"}}, "x-mine"),
        ({"B": {"type": "http", "scheme": "bearer"}}, "x-key"),
        ({}, "x-key"),
    ],
)
def test_key_header(small: dict[str, Any], schemes: dict[str, Any], header: str) -> None:
    """The key comes in the header that the security schemes name, whatever its letter case, or else in x-key."""
    small["components"] |= {"securitySchemes": schemes}
    small["components"]["header"] = {"type": "apiKey", "in": "header", "name": "X-Mine"}
    assert Specification(small).key_header == header


@pytest.mark.parametrize(
    ("security", "everywhere", "needed"),
    [
        ([{"Key": []}], None, True),
        ([], [{"Key": []}], False),
        (None, [{"Key": []}], True),
        ([{"Key": []}, {}], None, False),
        (None, None, False),
    ],
)
def test_security(small: dict[str, Any], security: Any, everywhere: Any, needed: bool) -> None:
    """An operation needs the key if it says so, or the document does and it says nothing; not if that is one choice."""
    small["paths"]["/v1/paint"]["post"].pop("security")
    small["paths"]["/v1/paint"]["post"] |= {} if security is None else {"security": security}
    assert _operation(small | ({"security": everywhere} if everywhere else {}), "/v1/paint").needs_key is needed


def test_polling_parameter(small: dict[str, Any]) -> None:
    """The id of a poll is the required query parameter, whatever else the operation takes."""
    parameters = small["paths"]["/v1/poll"]["get"]["parameters"]
    parameters[0]["name"] = "task"
    parameters.insert(0, {"in": "query", "name": "verbose", "schema": {"type": "boolean"}})
    parameters.insert(0, {"in": "header", "name": "x-trace", "required": True, "schema": {"type": "string"}})
    assert Specification(small).polling_parameter == "task"


def test_no_polling_operation(small: dict[str, Any]) -> None:
    """A specification without a marked polling operation that takes an id is refused, with the mark that it lacks."""
    small["paths"]["/v1/poll"]["get"]["parameters"][0]["required"] = False
    with pytest.raises(ValueError, match="get-result"):
        Specification(small)


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"const": 0}, 0),
        ({"enum": ["b", "a"]}, "b"),
        ({"oneOf": [{"type": "null"}, {"type": "boolean"}]}, False),
        ({"anyOf": [{"type": "null"}]}, None),
        ({"type": "array", "prefixItems": [{"type": "number"}, {"type": "string", "minLength": 2}]}, [0, "xx"]),
        ({"type": "array"}, []),
        ({"type": "string", "format": "bfl-ratio"}, "1:1"),
        ({"type": "number", "exclusiveMinimum": 1}, 2),
        ({"type": "number", "minimum": 0.5, "multipleOf": 0.5}, 0.5),
        ({"type": "integer", "minimum": 65, "multipleOf": 16}, 80),
        ({"required": ["a"]}, {"a": {}}),
        ({"$ref": "#/components/schemas/Right"}, {"mode": "r"}),
    ],
    ids=str,
)
def test_smallest_instance(small: dict[str, Any], schema: dict[str, Any], instance: Any) -> None:
    """The smallest instance of a schema has what the schema requires, and nothing else."""
    made = minimal(Specification(small), schema)
    assert (made, type(made)) == (instance, type(instance))
