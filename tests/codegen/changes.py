"""The table: ways in which a specification can change, the level of each, and whether a refresh refuses it.

The changes are made to whatever document is current: they look for a place of the kind they need and name no endpoint.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from codegen.diff import Level

Document = dict[str, Any]
TEXT, COMPATIBLE, BREAKING = Level.TEXT, Level.COMPATIBLE, Level.BREAKING
JSON = "application/json"


@dataclass(frozen=True)
class Case:
    """One change, its level (None: the documents cannot be compared), and a part of the message that refuses it.

    `whole` changes get the whole contract tests, the others a short run.
    """

    change: Callable[[Document], None]
    level: Level | None
    refusal: str | None = None
    whole: bool = False

    @property
    def name(self) -> str:
        """What the change does."""
        return self.change.__name__

    def applied(self, document: Document) -> Document:
        """Return a changed copy."""
        changed: Document = copy.deepcopy(document)
        self.change(changed)
        return changed


CASES: list[Case] = []


def case(level: Level | None, refusal: str | None = None, *, whole: bool = False) -> Callable[[Any], Any]:
    """Add a change to the table."""

    def register(change: Callable[[Document], None]) -> Callable[[Document], None]:
        CASES.append(Case(change, level, refusal, whole))
        return change

    return register


def posts(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield the task endpoints: path and operation."""
    for path, item in document["paths"].items():
        if "post" in item and "AsyncResponse" in json.dumps(item["post"]["responses"]):
            yield path, item["post"]


def body_name(operation: dict[str, Any]) -> str:
    """Return the schema of an operation's body."""
    return str(operation["requestBody"]["content"][JSON]["schema"]["$ref"]).rpartition("/")[2]


def bodies(document: Document) -> Iterator[dict[str, Any]]:
    """Yield the schemas of the bodies that are plain objects."""
    schemas = document["components"]["schemas"]
    names = dict.fromkeys(body_name(operation) for _, operation in posts(document))
    yield from (schemas[name] for name in names if "properties" in schemas[name])


def field(document: Document, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Return the first property of a request body that matches."""
    return next(node for body in bodies(document) for node in body["properties"].values() if fits(node))


def bounded(document: Document) -> dict[str, Any]:
    """Return a property with a range and room to narrow it by a hundred."""
    return field(document, lambda node: node.get("maximum", 0) > 1000 and "multipleOf" in node)


def answer(document: Document) -> dict[str, Any]:
    """Return the schema of a receipt."""
    receipt: dict[str, Any] = document["components"]["schemas"]["AsyncResponse"]
    return receipt


def task_like(document: Document, schema: str, operation_id: str) -> dict[str, Any]:
    """Return the operation of a new task endpoint."""
    _, pattern = next(posts(document))
    operation: dict[str, Any] = copy.deepcopy(pattern)
    operation["operationId"] = operation_id
    operation["requestBody"]["content"][JSON]["schema"] = {"$ref": f"#/components/schemas/{schema}"}
    return operation


# ------------------------------------------------------------------------------------------------ endpoints


@case(COMPATIBLE, whole=True)
def a_new_endpoint_with_a_new_schema(document: Document) -> None:
    document["components"]["schemas"]["DreamInputs"] = {
        "type": "object",
        "title": "DreamInputs",
        "required": ["prompt"],
        "properties": {
            "prompt": {"type": "string", "title": "Prompt"},
            "depth": {"type": "integer", "minimum": 1, "maximum": 8, "default": 2, "title": "Depth"},
            "mood": {"type": "string", "enum": ["calm", "wild"], "title": "Mood"},
        },
    }
    document["paths"]["/v1/dream-9"] = {"post": task_like(document, "DreamInputs", "dream")}


@case(COMPATIBLE)
def a_new_endpoint_with_a_known_schema(document: Document) -> None:
    path, operation = next(posts(document))
    document["paths"][f"{path}-next"] = {"post": task_like(document, body_name(operation), "next")}


@case(BREAKING)
def a_removed_endpoint(document: Document) -> None:
    del document["paths"][next(posts(document))[0]]


@case(COMPATIBLE, "would both be called")
def two_endpoints_of_one_name(document: Document) -> None:
    path, operation = next((path, one) for path, one in posts(document) if "." in path)
    document["paths"][path.replace(".", "-")] = {"post": {**copy.deepcopy(operation), "operationId": "again"}}


@case(BREAKING)
def a_path_under_another_name(document: Document) -> None:
    path, _ = next(posts(document))
    document["paths"][f"{path}-renamed"] = document["paths"].pop(path)


@case(COMPATIBLE)
def a_renamed_operation_id(document: Document) -> None:
    next(posts(document))[1]["operationId"] = "another_name"


@case(COMPATIBLE, "unique")
def a_duplicated_operation_id(document: Document) -> None:
    (_, one), (_, other) = list(posts(document))[:2]
    one["operationId"] = other["operationId"]


@case(COMPATIBLE)
def a_path_parameter(document: Document) -> None:
    document["paths"]["/v1/tasks/{id}"] = {
        "get": {
            "operationId": "task",
            "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
            "responses": {"200": {"description": "ok", "content": {JSON: {"schema": {"type": "object"}}}}},
        }
    }


@case(COMPATIBLE, "cannot be sent by a typed method")
def a_task_endpoint_with_a_path_parameter(document: Document) -> None:
    path, operation = next(posts(document))
    added = task_like(document, body_name(operation), "of_style")
    added["parameters"] = [{"name": "style", "in": "path", "required": True, "schema": {"type": "string"}}]
    document["paths"][path + "/{style}"] = {"post": added}


@case(COMPATIBLE)
def an_endpoint_that_answers_something_else_than_a_task(document: Document) -> None:
    document["paths"]["/v1/estimate"] = {
        "post": {
            "operationId": "estimate",
            "requestBody": {
                "required": True,
                "content": {JSON: {"schema": {"type": "object", "properties": {"megapixels": {"type": "number"}}}}},
            },
            "responses": {
                "200": {
                    "description": "ok",
                    "content": {JSON: {"schema": {"type": "object", "properties": {"credits": {"type": "number"}}}}},
                }
            },
        }
    }


@case(BREAKING)
def an_endpoint_that_no_longer_answers_a_task(document: Document) -> None:
    _, operation = next(posts(document))
    operation["responses"]["200"]["content"][JSON]["schema"] = {
        "type": "object",
        "properties": {"url": {"type": "string"}},
    }


@case(COMPATIBLE)
def a_new_optional_query_parameter(document: Document) -> None:
    operation = next(item["get"] for item in document["paths"].values() if "get" in item)
    operation.setdefault("parameters", []).append({"name": "verbose", "in": "query", "schema": {"type": "boolean"}})


@case(BREAKING)
def a_new_required_query_parameter(document: Document) -> None:
    operation = next(item["get"] for item in document["paths"].values() if "get" in item)
    new = {"name": "project", "in": "query", "required": True, "schema": {"type": "string"}}
    operation.setdefault("parameters", []).append(new)


@case(COMPATIBLE)
def another_content_type_of_a_request(document: Document) -> None:
    content = next(posts(document))[1]["requestBody"]["content"]
    content["multipart/form-data"] = copy.deepcopy(content[JSON])


# ------------------------------------------------------------------------------------------------ requests


@case(COMPATIBLE)
def a_new_optional_property(document: Document) -> None:
    next(bodies(document))["properties"]["strength"] = {"type": "number", "minimum": 0, "title": "Strength"}


@case(COMPATIBLE)
def pictures_that_nobody_has_marked(document: Document) -> None:
    plain = {"anyOf": [{"type": "string"}, {"type": "null"}]}
    listed = {"type": "array", "items": {"type": "string", "contentMediaType": "image/png"}}
    next(bodies(document))["properties"].update({"input_image_9": plain, "reference_images": listed})


@case(BREAKING, whole=True)
def a_new_required_property(document: Document) -> None:
    body = next(bodies(document))
    body["properties"]["style"] = {"type": "string", "enum": ["oil", "ink"], "title": "Style"}
    body["required"] = [*body.get("required", ()), "style"]


@case(BREAKING)
def a_property_that_becomes_required(document: Document) -> None:
    body = next(one for one in bodies(document) if set(one["properties"]) - set(one.get("required", ())))
    optional = next(name for name in body["properties"] if name not in body.get("required", ()))
    body["required"] = [*body.get("required", ()), optional]


@case(COMPATIBLE)
def a_property_that_becomes_optional(document: Document) -> None:
    next(body for body in bodies(document) if body.get("required"))["required"].pop()


@case(BREAKING)
def a_removed_property(document: Document) -> None:
    body = next(bodies(document))
    body["properties"].pop(next(name for name in body["properties"] if name not in body.get("required", ())))


@case(BREAKING)
def a_renamed_property(document: Document) -> None:
    properties = next(body for body in bodies(document) if "seed" in body["properties"])["properties"]
    properties["start_value"] = properties.pop("seed")


@case(BREAKING)
def a_lower_maximum(document: Document) -> None:
    node = bounded(document)
    node["maximum"] = node["maximum"] - 2 * node["multipleOf"]
    node["default"] = node["minimum"]


@case(COMPATIBLE)
def a_higher_maximum(document: Document) -> None:
    bounded(document)["maximum"] *= 2


@case(BREAKING)
def a_new_minimum(document: Document) -> None:
    node = field(document, lambda one: one.get("minimum") == 0 and one.get("type") == "integer")
    node["minimum"] = 1


@case(BREAKING)
def another_multiple(document: Document) -> None:
    node = bounded(document)
    node.pop("default", None)
    node["multipleOf"] = node["multipleOf"] + 1


@case(TEXT)
def bounds_written_as_floats(document: Document) -> None:
    node = bounded(document)
    for key in ("minimum", "maximum", "multipleOf"):
        node[key] = float(node[key])


@case(BREAKING)
def a_shorter_text(document: Document) -> None:
    field(document, lambda one: one.get("title") == "User")["anyOf"][0]["maxLength"] = 64


@case(BREAKING)
def another_type(document: Document) -> None:
    node = bounded(document)
    node.clear()
    node.update({"type": "string", "title": "Size"})


@case(COMPATIBLE)
def a_wider_type(document: Document) -> None:
    bounded(document)["type"] = "number"


@case(BREAKING)
def a_new_format(document: Document) -> None:
    field(document, lambda one: one.get("title") == "Prompt" and one.get("type") == "string").update(
        {"format": "uri", "default": "https://example.com"}
    )


@case(BREAKING)
def another_default(document: Document) -> None:
    node = bounded(document)
    node["default"] = node["minimum"]


@case(BREAKING)
def a_removed_default(document: Document) -> None:
    del field(document, lambda one: "default" in one and one["default"] != 0)["default"]


@case(BREAKING, "not sound")
def a_default_that_breaks_its_schema(document: Document) -> None:
    bounded(document)["default"] = 7


@case(BREAKING)
def a_null_that_is_no_longer_taken(document: Document) -> None:
    node = field(document, lambda one: any(branch.get("type") == "null" for branch in one.get("anyOf", ())))
    node["anyOf"] = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
    node.pop("default", None)


@case(COMPATIBLE)
def a_null_that_is_taken_too(document: Document) -> None:
    node = bounded(document)
    inner = {key: node.pop(key) for key in ("type", "minimum", "maximum", "multipleOf")}
    node["anyOf"] = [inner, {"type": "null"}]


@case(BREAKING)
def a_closed_object(document: Document) -> None:
    next(body for body in bodies(document) if "additionalProperties" not in body)["additionalProperties"] = False


@case(COMPATIBLE)
def an_opened_object(document: Document) -> None:
    next(body for body in bodies(document) if body.get("additionalProperties") is False).pop("additionalProperties")


@case(BREAKING)
def a_removed_enum_value_of_a_request(document: Document) -> None:
    document["components"]["schemas"]["OutputFormat"]["enum"].remove("webp")


@case(COMPATIBLE)
def enum_members_that_differ_only_in_case(document: Document) -> None:
    document["components"]["schemas"]["OutputFormat"]["enum"] += ["PNG", "Png"]


@case(TEXT)
def an_enum_in_another_order(document: Document) -> None:
    document["components"]["schemas"]["OutputFormat"]["enum"].reverse()


@case(TEXT)
def an_all_of_around_a_reference(document: Document) -> None:
    schema = next(posts(document))[1]["requestBody"]["content"][JSON]["schema"]
    schema["allOf"] = [{"$ref": schema.pop("$ref")}]


@case(COMPATIBLE)
def an_all_of_that_adds_a_property(document: Document) -> None:
    schemas = document["components"]["schemas"]
    _, operation = next((path, one) for path, one in posts(document) if "properties" in schemas[body_name(one)])
    name = body_name(operation)
    schemas["Watermark"] = {"type": "object", "title": "Watermark", "properties": {"watermark": {"type": "boolean"}}}
    schemas[f"{name}Core"] = schemas[name]
    references = [{"$ref": f"#/components/schemas/{part}"} for part in (f"{name}Core", "Watermark")]
    schemas[name] = {"title": name, "allOf": references}


@case(BREAKING)
def a_new_keyword_that_constrains(document: Document) -> None:
    next(bodies(document))["dependentRequired"] = {"width": ["height"]}


@case(COMPATIBLE)
def a_new_keyword_that_nobody_knows(document: Document) -> None:
    next(bodies(document))["frobnicate"] = True


@case(BREAKING, whole=True)
def a_body_that_becomes_a_union(document: Document) -> None:
    schemas = document["components"]["schemas"]
    _, operation = next((path, one) for path, one in posts(document) if "properties" in schemas[body_name(one)])
    name = body_name(operation)
    for branch, extra in (("Quick", "steps_saved"), ("Careful", "passes")):
        made = copy.deepcopy(schemas[name])
        made["title"] = f"{name}{branch}"
        made["properties"]["way"] = {"const": branch.lower(), "type": "string", "title": "Way"}
        made["properties"][extra] = {"type": "integer", "minimum": 1, "title": extra.title()}
        made["required"] = [*made.get("required", ()), "way"]
        schemas[f"{name}{branch}"] = made
    references = {branch.lower(): f"#/components/schemas/{name}{branch}" for branch in ("Quick", "Careful")}
    schemas[name] = {
        "title": name,
        "oneOf": [{"$ref": reference} for reference in references.values()],
        "discriminator": {"propertyName": "way", "mapping": references},
    }


@case(BREAKING)
def another_discriminator_value(document: Document) -> None:
    schemas = document["components"]["schemas"]
    union = next(schema for schema in schemas.values() if "discriminator" in schema)
    mapping = union["discriminator"]["mapping"]
    value, target = next(iter(mapping.items()))
    mapping[f"{value}-2"] = mapping.pop(value)
    schemas[target.rpartition("/")[2]]["properties"][union["discriminator"]["propertyName"]]["const"] = f"{value}-2"


# ------------------------------------------------------------------------------------------------ responses


@case(BREAKING)
def a_new_enum_value_of_a_response(document: Document) -> None:
    document["components"]["schemas"]["StatusResponse"]["enum"].append("Dreaming")


@case(COMPATIBLE)
def a_removed_enum_value_of_a_response(document: Document) -> None:
    document["components"]["schemas"]["StatusResponse"]["enum"].remove("Reasoning")


@case(COMPATIBLE)
def a_new_property_of_a_response(document: Document) -> None:
    answer(document)["properties"]["queue_position"] = {"type": "integer", "title": "Queue Position"}


@case(BREAKING)
def a_removed_property_of_a_response(document: Document) -> None:
    del answer(document)["properties"]["cost"]


@case(BREAKING)
def a_property_of_a_response_that_may_be_missing(document: Document) -> None:
    answer(document)["required"].remove("polling_url")


@case(BREAKING)
def a_property_of_a_response_that_may_be_null(document: Document) -> None:
    receipt = answer(document)["properties"]
    receipt["id"] = {"anyOf": [{"type": "string"}, {"type": "null"}], "title": "Id"}


@case(COMPATIBLE)
def another_error_answer(document: Document) -> None:
    next(posts(document))[1]["responses"]["418"] = {"description": "Short and stout."}


@case(BREAKING)
def another_success_answer(document: Document) -> None:
    responses = next(posts(document))[1]["responses"]
    responses["202"] = responses.pop("200")


# ------------------------------------------------------------------------------------------------ the document


@case(TEXT)
def other_texts(document: Document) -> None:
    document["info"]["description"] = "Another text with \"quotes\", a 'single' one and a \\ backslash."
    next(posts(document))[1]["summary"] = "Another summary"
    bounded(document)["description"] = "Another description."


@case(TEXT)
def an_endpoint_marked_as_deprecated(document: Document) -> None:
    next(posts(document))[1]["deprecated"] = True


@case(TEXT)
def an_extension(document: Document) -> None:
    next(posts(document))[1]["x-mint"] = {"content": "<Note>MDX</Note>"}


@case(BREAKING)
def another_server(document: Document) -> None:
    document["servers"] = [{"url": "https://api2.bfl.ai"}]


@case(COMPATIBLE)
def one_more_server(document: Document) -> None:
    document["servers"].append({"url": "https://api.asia.bfl.ai"})


@case(BREAKING)
def a_server_of_one_operation(document: Document) -> None:
    next(posts(document))[1]["servers"] = [{"url": "https://elsewhere.bfl.ai"}]


@case(BREAKING)
def security_of_the_document(document: Document) -> None:
    document["security"] = [{"APIKeyHeader": []}]
    for item in document["paths"].values():
        for operation in item.values():
            operation.pop("security", None)


@case(BREAKING, "sends 'x-key'")
def a_key_in_another_header(document: Document) -> None:
    document["components"]["securitySchemes"]["APIKeyHeader"]["name"] = "x-api-key"


@case(BREAKING)
def security_of_one_operation(document: Document) -> None:
    document["components"]["securitySchemes"]["Bearer"] = {"type": "http", "scheme": "bearer"}
    next(posts(document))[1]["security"] = [{"Bearer": []}]


@case(COMPATIBLE)
def openapi_3_2(document: Document) -> None:
    document["openapi"] = "3.2.0"


@case(COMPATIBLE)
def a_second_version_of_an_endpoint(document: Document) -> None:
    path, operation = next((path, one) for path, one in posts(document) if path.startswith("/v1/"))
    document["paths"][path.replace("/v1/", "/v2/")] = {"post": {**copy.deepcopy(operation), "operationId": "second"}}


@case(COMPATIBLE)
def operations_of_the_kinds_that_3_2_adds(document: Document) -> None:
    document["openapi"] = "3.2.0"
    path, operation = next(posts(document))
    document["paths"]["/v1/search"] = {"query": {**operation, "operationId": "search"}}
    document["paths"][path]["additionalOperations"] = {"COPY": {**operation, "operationId": "copy"}}


@case(None, "version 3.1 or 3.2, but of 3.0.3.*convert it")
def openapi_3_0(document: Document) -> None:
    document["openapi"] = "3.0.3"


@case(BREAKING)
def a_renamed_schema(document: Document) -> None:
    schemas = document["components"]["schemas"]
    name = body_name(next(posts(document))[1])
    renamed = json.loads(json.dumps(document).replace(f'schemas/{name}"', f'schemas/{name}V2"'))
    document["paths"] = renamed["paths"]
    schemas.clear()
    schemas.update(renamed["components"]["schemas"])
    schemas[f"{name}V2"] = schemas.pop(name)


@case(None, "leads nowhere")
def an_unknown_reference(document: Document) -> None:
    operation = next(posts(document))[1]
    operation["requestBody"]["content"][JSON]["schema"]["$ref"] = "#/components/schemas/Nowhere"


@case(None, "leads out of the document")
def a_reference_to_another_host(document: Document) -> None:
    operation = next(posts(document))[1]
    operation["requestBody"]["content"][JSON]["schema"]["$ref"] = "https://example.com/schema.json"


@case(None, "no(t an)? OpenAPI")
def swagger_2(document: Document) -> None:
    document.pop("openapi")
    document["swagger"] = "2.0"


@case(None, "malformed|not of type")
def answers_that_are_a_number(document: Document) -> None:
    next(posts(document))[1]["responses"] = 5


@case(BREAKING, "no operation|no task endpoint")
def no_endpoint_at_all(document: Document) -> None:
    document["paths"].clear()


UNREADABLE = {
    "broken JSON": b'{"openapi": "3.1.0", "paths": {',
    "an HTML page": b"<!DOCTYPE html><html><body>Just a moment...</body></html>",
    "a key that stands twice": b'{"openapi": "3.1.0", "openapi": "3.1.0"}',
    "not UTF-8": b'{"openapi": "\xff\xfe"}',
    "nothing": b"",
    "a list": b"[]",
    "a number": b"5",
}
"""Contents that are not a document at all; each is refused."""
