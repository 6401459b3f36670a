"""The rules by which a specification becomes a package, on small documents and on changed ones."""

from __future__ import annotations

import ast
import inspect
import json
import os
from typing import Any

import pytest
from bfl_client.specification import takes_media

from codegen.names import class_name, method_name, parameter_names
from codegen.reading import read
from codegen.report import CodegenError
from codegen.shapes import Shapes
from codegen.specification import Specification
from codegen.text import bounds

from .conftest import Workshop, imported, task

HOSTILE = [
    "quote \" and ' and \"\"\" and '''",
    'ends in a quote"',
    "ends in a backslash\\",
    "\\N{BULLET} \\u0041 \\x \\",
    '"""\nimport os\nos.environ["PWNED"] = "1"\n"""',
    "{braces} {{ more }} %s %(x)s {% raw %} */ <!-- --> # ]] ${x} `y`",
    "line\nbreaks\r\nand\ttabs\x00\x0c\x1b\u2028\u2029\x85",
    "non-ASCII: größe 画像 \U0001f98a \u202e reversed \ud800 alone",
    "x" * 100_000,
    "many words " * 5_000,
]
INJECTIONS = [
    '");import os;os.environ["PWNED"]="1";("',
    "');__import__('os').environ['PWNED']='1';('",
    "a\nb",
    "\\",
    "{}",
]
NAMES = [
    *("class", "image-url", "2nd", "self", "import", "validate", "extra", "endpoint", "body", "None", "größe", "画像"),
    *(
        "image_url",
        "format",
        "type",
        "__send",
        "_private",
        "a b",
        "$ref",
        "default",
        "enum",
        "",
        "data",
        "prop",
        "src_dict",
        "paint_inputs",
    ),
]


class Session:
    """A `send` that keeps the bodies."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []

    def __call__(self, endpoint: str, body: dict[str, Any], **options: Any) -> None:
        self.bodies.append(body)


def test_hostile_texts_stay_texts(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Quotes, escapes, template syntax, control characters and 100 kB in free texts leave the package inert."""
    document = workshop.document
    text = "\n\n".join(HOSTILE)
    for node in (document["info"], document["paths"]["/v1/paint"]["post"]):
        node.update(title=text, summary=text, description=text)
    document["paths"]["/v1/paint"]["post"]["tags"] = ["../../x", *HOSTILE[:3]]
    document["servers"][0]["url"] = 'https://x/"""\\'
    schema = document["components"]["schemas"]["PaintInputs"]
    schema.update(title=text, description=text, example=text)
    for number, one in enumerate(HOSTILE):
        node = {"type": "string", "description": one, "default": one, "title": one, "examples": [one], "pattern": one}
        schema["properties"][f"text_{number}"] = node
    schema["properties"]["choice"] = {"type": "string", "enum": [*INJECTIONS, 'a"""b'], "description": HOSTILE[4]}
    schema["properties"]["fixed"] = {"const": INJECTIONS[0], "title": HOSTILE[4]}
    workshop.generate()
    check_inert(workshop, monkeypatch)
    assert read(workshop.output / "openapi.json") == document


def check_inert(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail if importing any module of the package does more than define things."""
    monkeypatch.delenv("PWNED", raising=False)
    with imported(workshop.output) as load:
        for path in sorted(workshop.output.rglob("*.py")):
            load(".".join(path.relative_to(workshop.output).with_suffix("").parts).removesuffix(".__init__") or "table")
    assert "PWNED" not in os.environ
    assert not (workshop.folder / "x").exists()


def test_hostile_names_are_sent_under_their_own_name(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keywords, code and other odd names become safe parameters, and the wire has the names as they are."""
    schemas = workshop.document["components"]["schemas"]
    keys = [*NAMES, *INJECTIONS[:3]]
    schemas["PaintInputs"] = {"type": "object", "properties": {name: {"type": "integer"} for name in keys}}
    schemas['Odd "name" [x]/y'] = {"type": "object", "properties": {"class": {"type": "string"}}}
    reference = {"$ref": '#/components/schemas/Odd "name" [x]~1y'}
    schemas["PaintInputs"]["properties"]["odd"] = reference
    workshop.generate()
    check_inert(workshop, monkeypatch)
    with imported(workshop.output) as load:
        session = Session()
        method = load("endpoints").Endpoints(session).paint
        values = {name: number for number, name in enumerate(inspect.signature(method).parameters)}
        method(**values)
        assert set(session.bodies[0]) == {*keys, "odd"}
        assert {"class_", "image_url", "image_url_", "field_2nd", "self_", "validate", "extra"} <= set(values)
        model = load("models").PaintInputs.from_dict({key: 1 for key in keys if key not in ("a\nb", "")})
        assert model.class_ == 1
        assert load("models").OddNameXY(class_="x").to_dict() == {"class": "x"}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/flux-pro-1.1", "flux_pro_1_1"),
        ("/v12/a/b-c", "a_b_c"),
        ("/no/version", "no_version"),
        ("/v1/3d", "field_3d"),
        ("/v1/class", "class_"),
        ("/v1/__init__", "field___init__"),
        ("/v1/str", "str_"),
        ("/v1/tasks/{id}", "tasks_id"),
    ],
)
def test_method_names_come_from_the_path(path: str, name: str) -> None:
    """A method is named after the path behind the version and can always be written in Python."""
    assert method_name(path) == name
    assert name.isidentifier()


@pytest.mark.parametrize(
    "schema", ["FluxPro11Inputs", "Flux3VideoVE2VNamedInputs", "x-y", "2nd", "Any", "list", "é", "aBC2d"]
)
def test_class_names_are_stable(schema: str) -> None:
    """A class name is an identifier, and naming it again changes nothing."""
    assert class_name(schema).isidentifier()
    assert class_name(class_name(schema)) == class_name(schema)


def test_parameter_names_are_distinct_and_plain_ones_stay() -> None:
    """Properties that would share a keyword get two, and the one that needs no change keeps its own."""
    assert parameter_names(["a-b", "a_b", "a b"]) == {"a_b": "a_b", "a-b": "a_b_", "a b": "a_b__"}


@pytest.mark.about("flux-dev")
def test_a_new_endpoint_needs_no_hand_edit(workshop: Workshop, document: dict[str, Any], sources: Any) -> None:
    """An endpoint added to the document comes with its row, method, function, models, enum and nested model."""
    workshop.document = document
    workshop.actions = read(sources.overlay)["actions"]
    frame = {
        "type": "object",
        "required": ["at"],
        "properties": {"at": {"type": "number"}, "look": {"enum": ["a", "b"]}},
    }
    properties = {
        "prompt": {"type": "string", "description": "What to dream"},
        "mood": {"type": "string", "enum": ["calm", "wild"], "default": "calm"},
        "frames": {"type": "array", "items": frame, "minItems": 1.0, "maxItems": 6.0},
        "scale": {"type": "integer", "minimum": 6.0, "exclusiveMaximum": 32.0, "default": 8.0},
    }
    document["components"]["schemas"]["DreamInputs"] = {"type": "object", "properties": properties}
    operation = json.loads(
        json.dumps(document["paths"]["/v1/flux-dev"]["post"]).replace("FluxDevInputs", "DreamInputs")
    )
    document["paths"]["/v1/flux-9/dream-v1"] = {"post": operation}
    assert [warning for warning in workshop.generate() if "matches nothing" not in warning] == []
    with imported(workshop.output) as load:
        assert load("table").ENDPOINTS["flux-9/dream-v1"].method_names == ("flux_9_dream_v1",)
        method = inspect.signature(load("endpoints").Endpoints.flux_9_dream_v1)
        assert method.parameters["mood"].annotation == "Literal['calm', 'wild'] | None"
        assert method.parameters["frames"].annotation == "Sequence[Mapping[str, Any]] | None"
        text = load("endpoints").Endpoints.flux_9_dream_v1.__doc__
        assert "frames: 1 to 6 items." in text
        assert "scale: At least 6, less than 32; server default 8" in text
        models = load("models")
        made = models.DreamInputs(frames=[models.DreamInputsFramesItem(at=1.0, look="a")], mood="wild")
        assert made.to_dict() == {"mood": "wild", "frames": [{"at": 1.0, "look": "a"}]}
        assert models.DreamInputs.from_dict(made.to_dict()) == made
        assert load("api.models").flux_9_dream_v1.sync


def test_older_documents_generate(workshop: Workshop, document: dict[str, Any], sources: Any) -> None:
    """A document without FLUX 3 and error schemas, with dead hosts on operations, gives a package without all that."""
    document = json.loads(json.dumps(document))
    schemas = document["components"]["schemas"]
    for path in [path for path in document["paths"] if "flux-3" in path or "video" in path]:
        del document["paths"][path]
    for item in document["paths"].values():
        for operation in item.values():
            operation["servers"] = [{"url": "https://api.us1.bfl.ai"}]
            operation["responses"].pop("422", None)
    for name in [name for name in schemas if name.startswith("Flux3") or "Validation" in name]:
        del schemas[name]
    workshop.document, workshop.actions = document, read(sources.overlay)["actions"]
    warnings = workshop.generate()
    assert warnings
    assert all("matches nothing" in warning for warning in warnings)
    with imported(workshop.output) as load:
        assert load("specification").SERVER == "https://api.bfl.ai"
        rows = load("table").ENDPOINTS.values()
        assert not [row.name for row in rows if "flux-3" in row.name and not row.unpublished]
    assert not [path for path in workshop.output.rglob("*.py") if "us1" in path.read_text(encoding="utf-8")]


def test_guesses_of_media_are_reported(workshop: Workshop) -> None:
    """An unmarked, unconstrained string is media and reported; marked, bounded and plainly named ones are not."""
    plain: dict[str, Any] = {"type": "string"}
    schemas = workshop.document["components"]["schemas"]
    schemas["Text"] = {"anyOf": [plain, {"type": "null"}]}
    schemas["PaintInputs"]["properties"] = {
        "picture": plain,
        "pictures": {"anyOf": [{"type": "array", "items": plain}, {"type": "null"}]},
        "marked": {"type": "string", "format": "bfl-media"},
        "denied": {"type": "string", "x-bfl-media": False},
        "bounded": {"type": "string", "maxLength": 5},
        "encoded": {"type": "string", "contentEncoding": "base64"},
        "typed": {"type": ["string", "null"], "contentMediaType": "image/png", "maxLength": 9},
        "json": {"type": "string", "contentMediaType": "application/json"},
        "binary": {"type": "string", "format": "binary"},
        "byte": {"anyOf": [{"type": "string", "format": "byte"}, {"type": "null"}]},
        "shared": {"$ref": "#/components/schemas/Text"},
        "nested": {"type": "array", "items": {"type": "object", "properties": {"image": plain, "prompt": plain}}},
        **dict.fromkeys(("prompt", "user", "version", "style_id", "webhook_url"), plain),
        "user_id": {"$ref": "#/components/schemas/Text"},
    }
    warnings = workshop.generate()
    guesses = ["PaintInputs.picture", "PaintInputs.pictures", "PaintInputs.shared"]
    assert [warning.split()[2] for warning in warnings] == guesses
    with imported(workshop.output) as load:
        parameters = inspect.signature(load("endpoints").Endpoints.paint).parameters
        media = {name for name, parameter in parameters.items() if "Media" in str(parameter.annotation)}
        assert media == {"picture", "pictures", "shared", "marked", "encoded", "typed", "binary", "byte"}
        properties = load("specification").load()["components"]["schemas"]["PaintInputs"]["properties"]
    assert properties.pop("user_id") == {"$ref": "#/components/schemas/Text"}
    assert {name for name, node in properties.items() if takes_media(node)} == media
    assert takes_media(properties["nested"], (0, "image"))
    assert not takes_media(properties["nested"], (0, "prompt"))


SCHEMAS: list[tuple[dict[str, Any], str]] = [
    ({"enum": ["a", 1, None, True]}, "Literal['a', 1] | bool"),
    ({"type": "integer", "enum": [0.0, 1.0]}, "Literal[0, 1]"),
    ({"type": "number", "enum": [0.5, 1]}, "float"),
    ({"type": ["integer", "null"], "minimum": 1}, "int"),
    ({"type": "string", "nullable": True, "maxLength": 4}, "str"),
    (
        {"anyOf": [{"$ref": "#/components/schemas/Color"}, {"type": "string", "maxLength": 9}]},
        "Literal['red', 'blue'] | str",
    ),
    ({"allOf": [{"$ref": "#/components/schemas/Color"}], "default": "red"}, "Literal['red', 'blue']"),
    ({"oneOf": [{"const": "auto"}, {"type": "integer"}]}, "Literal['auto'] | int"),
    ({"type": "array", "prefixItems": [{"type": "integer"}, {"type": "boolean"}]}, "tuple[int, bool]"),
    (
        {"anyOf": [{"type": "array", "items": {"type": kind}} for kind in ("integer", "boolean")]},
        "Sequence[int | bool]",
    ),
    ({"type": "array", "items": {"type": ["integer", "null"]}}, "Sequence[int | None]"),
    ({"type": "object", "additionalProperties": {"type": "integer"}}, "Mapping[str, Any]"),
    ({"$ref": "#/components/schemas/Tree"}, "Mapping[str, Any]"),
    ({"anyOf": [{}, {"type": "null"}]}, "Any"),
    (True, "Any"),  # type: ignore[list-item]  # a schema may be a boolean
    ({"type": "string", "format": "date-time"}, "str"),
    ({"type": "object", "properties": {"a": {"type": "integer"}}, "anyOf": [{"required": ["a"]}]}, "Mapping[str, Any]"),
    ({"type": "string", "anyOf": [{"maxLength": 2}, {"pattern": "x"}]}, "str"),
    ({"$ref": "#/components/schemas/Nested"}, "Sequence[Any]"),
]


def test_any_schema_has_an_annotation_and_a_model(workshop: Workshop) -> None:
    """Mixed enums, nulls, tuples, recursion, empty schemas: each gets its annotation, and the model keeps the value."""
    schemas = workshop.document["components"]["schemas"]
    schemas["Color"] = {"type": "string", "enum": ["red", "blue"]}
    schemas["Tree"] = {
        "type": "object",
        "properties": {"children": {"type": "array", "items": {"$ref": "#/components/schemas/Tree"}}},
    }
    schemas["Nested"] = {"type": "array", "items": {}}
    names = [f"p{number}" for number in range(len(SCHEMAS))]
    schemas["PaintInputs"]["properties"] = dict(zip(names, (schema for schema, _ in SCHEMAS), strict=True))
    schemas["PaintInputs"]["required"] = names
    workshop.generate()
    with imported(workshop.output) as load:
        parameters = inspect.signature(load("endpoints").Endpoints.paint).parameters
        found = [ast.unparse(ast.parse(str(parameters[name].annotation))) for name in names]
        assert found == [annotation for _, annotation in SCHEMAS]
        values = [
            "a",
            1,
            0.5,
            None,
            None,
            "green",
            "red",
            3,
            [1, True],
            [1, False],
            [1, None],
            {"a": 1},
            {"children": [{}]},
        ]
        body = dict(zip(names, [*values, {"x": 1}, 5, "2026-11-01T00:00:00Z", {"a": 1}, "x", [[1]]], strict=True))
        assert load("models").PaintInputs.from_dict(body).to_dict() == body


def test_a_body_without_discriminator_is_one_method_with_all_keys(workshop: Workshop) -> None:
    """A union of objects gives one method with the keys of all; required is what every branch requires."""
    schemas = workshop.document["components"]["schemas"]
    integer, text = {"type": "integer"}, {"type": "string", "maxLength": 5}
    one = {"type": "object", "required": ["a", "b"], "properties": {"a": integer, "b": text}}
    two = {"type": "object", "required": ["a"], "properties": {"a": text, "c": integer}}
    schemas["PaintInputs"] = {"anyOf": [one, two]}
    workshop.generate()
    with imported(workshop.output) as load:
        signature = str(inspect.signature(load("endpoints").Endpoints.paint))
    assert signature == "(self, *, a: 'int | str', b: 'str | None' = None, c: 'int | None' = None) -> 'T'"


def test_the_branches_of_an_object_extend_it(workshop: Workshop) -> None:
    """Beside properties of its own, a schema has those of its branches; where both have one, its own counts."""
    branch = {"properties": {"a": {"type": "string"}, "b": {"type": "boolean"}}}
    node = {"type": "object", "properties": {"a": {"type": "integer"}}, "anyOf": [branch, {"required": ["a"]}]}
    properties = Shapes(Specification(workshop.document)).of(node, "here")["properties"]
    assert {name: shape["type"] for name, shape in properties.items()} == {"a": "integer", "b": "boolean"}


def test_all_of_requires_what_each_part_requires(workshop: Workshop) -> None:
    """An object made of several has the properties of all, and what any of them requires is required."""
    parts = [{"type": "object", "properties": {name: {}}, "required": [name]} for name in "ab"]
    shape = Shapes(Specification(workshop.document)).of({"allOf": parts}, "here")
    assert (list(shape["properties"]), shape["required"]) == (["a", "b"], ["a", "b"])


def test_a_discriminator_without_mapping_uses_the_values_of_the_branches(workshop: Workshop) -> None:
    """Without a mapping, method and value come from the branch's const, and an inline body gets a schema name."""
    branches = [
        {"type": "object", "properties": {"kind": {"const": kind}, "n": {"type": "integer"}}} for kind in ("a-1", "b")
    ]
    body = {"oneOf": branches, "discriminator": {"propertyName": "kind"}}
    workshop.document["paths"]["/v1/draw"] = {"post": task("PaintInputs")}
    workshop.document["paths"]["/v1/draw"]["post"]["requestBody"]["content"]["application/json"]["schema"] = body
    workshop.generate()
    with imported(workshop.output) as load:
        session = Session()
        load("endpoints").Endpoints(session).draw_a_1(n=1)
        assert session.bodies == [{"kind": "a-1", "n": 1}]
        endpoint = load("table").ENDPOINTS["draw"]
        assert endpoint.method_names == ("draw_a_1", "draw_b")
        assert load("specification").load()["components"]["schemas"][endpoint.schema] == body


def test_utility_operations_take_path_query_and_body(workshop: Workshop) -> None:
    """Path values are quoted, keywords and reserved names work, and a list of models comes back as a list."""
    thing = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}
    workshop.document["components"]["schemas"]["Thing"] = thing
    answer = {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
    parameters = [
        {"name": "str", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "class", "in": "query", "schema": {"type": "integer"}},
        {"name": "x-trace", "in": "header", "schema": {"type": "string"}},
    ]
    workshop.document["paths"]["/v1/things/{str}/list"] = {
        "parameters": parameters[:1],
        "get": {
            "parameters": parameters[1:],
            "responses": {"200": {"description": "", "content": {"application/json": {"schema": answer}}}},
        },
        "delete": {"responses": {"204": {"description": ""}}},
    }
    assert workshop.generate() == ["GET /v1/things/{str}/list: the header parameter 'x-trace' is ignored"]
    with imported(workshop.output) as load:
        calls: list[tuple[Any, ...]] = []

        def call(method: str, path: str, query: Any, body: Any, parse: Any) -> Any:
            calls.append((method, path, query, body))
            return parse([{"n": 1}])

        utility = load("utility").Utility(call)
        assert [one.n for one in utility.things_str_list_get("a/b", class_=2)] == [1]
        utility.things_str_list_delete(str="ü")
    assert calls == [
        ("GET", "/v1/things/a%2Fb/list", {"class": 2}, None),
        ("DELETE", "/v1/things/%C3%BC/list", {}, None),
    ]


def test_missing_marks_stop_the_generation(workshop: Workshop) -> None:
    """Without a default and without a mark of its own an endpoint is named, with the mark that it lacks."""
    del workshop.document["x-bfl-defaults"]["duration"]
    with pytest.raises(CodegenError, match="POST /v1/paint: x-bfl-duration"):
        workshop.generate()


@pytest.mark.parametrize("name", ["cls", "field-dict", "additional_properties", "to_dict", "d"])
def test_a_property_that_would_break_its_model_is_refused(workshop: Workshop, name: str) -> None:
    """A property called like a part of the generated code stops the generation; schema and property are named."""
    workshop.document["components"]["schemas"]["PaintInputs"]["properties"][name] = {"type": "integer"}
    with pytest.raises(CodegenError, match=f"schema PaintInputs: the property '{name}'"):
        workshop.generate()


@pytest.mark.parametrize("key", ["default", "example", "x-mark"])
def test_a_reference_in_data_is_data(workshop: Workshop, key: str) -> None:
    """`$ref` in a default, an example or an extension refers to nothing, but in a property of that name it does."""
    schema, nowhere = workshop.document["components"]["schemas"]["PaintInputs"], {"$ref": "#/nowhere"}
    schema[key] = nowhere
    Specification(workshop.document)
    schema["properties"][key] = nowhere
    with pytest.raises(CodegenError, match="leads nowhere"):
        Specification(workshop.document)


def test_operations_of_other_kinds_are_named(workshop: Workshop) -> None:
    """An operation that OpenAPI 3.2 adds is left out of the package, and a warning names it."""
    workshop.document["openapi"] = "3.2.0"
    item = workshop.document["paths"]["/v1/paint"]
    workshop.document["paths"]["/v1/paint"] = {**item, "query": item["post"], "additionalOperations": {"COPY": {}}}
    found = [warning.partition(":")[0] for warning in workshop.generate()]
    assert found == ["QUERY /v1/paint is left out", "COPY /v1/paint is left out"]


@pytest.mark.parametrize("version", [{"openapi": "3.0.3"}, {"swagger": "2.0"}, {"openapi": "4.0.0"}, {}])
def test_documents_of_other_versions_are_refused(workshop: Workshop, version: dict[str, str]) -> None:
    """OpenAPI 3.0, Swagger and what is neither are refused, with the versions that are taken."""
    del workshop.document["openapi"]
    workshop.document |= version
    with pytest.raises(CodegenError, match=r"not an OpenAPI document of version 3\.1 or 3\.2"):
        workshop.generate()


def test_a_keyword_of_another_dialect_is_refused(workshop: Workshop) -> None:
    """A schema of which no validator can be built stops the generation, and is named."""
    schemas = workshop.document["components"]["schemas"]
    schemas["PaintInputs"]["properties"]["width"] |= {"minimum": 1, "exclusiveMinimum": True}
    with pytest.raises(CodegenError, match="schema PaintInputs .*width/exclusiveMinimum"):
        workshop.generate()


def test_a_second_version_of_a_path_has_names_of_its_own(workshop: Workshop) -> None:
    """The lowest version keeps the plain name, whichever the document has first; the other carries its version."""
    paths = workshop.document["paths"]
    workshop.document["paths"] = {"/v3/paint": {"post": task("PaintInputs")}, **paths}
    workshop.generate()
    with imported(workshop.output) as load:
        rows = load("table").ENDPOINTS
        found = {name: (row.path, row.method_names) for name, row in rows.items()}
    assert found == {"v3/paint": ("/v3/paint", ("paint_v3",)), "paint": ("/v1/paint", ("paint",))}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"minimum": 1, "maximum": 1}, "1"),
        ({"minLength": 3, "maxLength": 3}, "3 characters"),
        ({"minItems": 2, "maxItems": 2}, "2 items"),
        ({"minItems": 1, "maxItems": 8}, "1 to 8 items"),
        ({"minimum": 0.5}, "at least 0.5"),
        ({"exclusiveMinimum": True, "minimum": 0}, "more than 0"),
    ],
)
def test_bounds_in_words(schema: dict[str, Any], words: str) -> None:
    """Equal bounds are one number, different ones a range, and a flag of OpenAPI 3.0 belongs to its bound."""
    assert bounds(schema, ()) == words
