"""The generator's input, derived from the effective specification by rules that name no endpoint.

It has the operations, with short operationIds and their success answers, and the schemas that these use, as shapes.
Every inline enum and object becomes a component named after its schema and property, so the generator invents no names.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from . import names
from .report import CodegenError, located
from .shapes import Shape, Shapes, unify
from .specification import SCHEMA_PREFIX, Node, Operation, Specification, schema_name
from .text import paragraphs

_GENERATOR_OWN = ("additional_keys", "additional_properties", "cls", "d", "field_dict", "from_dict", "to_dict")
_SECRET_ENDINGS = ("_secret", "token", "polling_url")  # a polling URL works without a key: it is a secret too


@dataclass(frozen=True)
class Derived:
    """The generator's input, and what its output must contain."""

    document: dict[str, Any]
    modules: dict[str, str] = field(default_factory=dict)  # operationId -> module below api/
    models: dict[str, str] = field(default_factory=dict)  # class or alias -> module below models/
    objects: list[str] = field(default_factory=list)  # modules of the models that are classes
    secrets: list[tuple[str, str]] = field(default_factory=list)  # (module, field) of each secret


class Derivation:
    """One derivation; `run` returns its result."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self._shapes = Shapes(specification)
        self._taken = {*specification.classes.values()}
        self._waiting: list[str] = []
        self._components: dict[str, Shape] = {}
        self._derived = Derived({})

    def run(self) -> Derived:
        """Return the derived document. Raises CodegenError if a schema cannot be read."""
        paths: dict[str, Any] = {}
        for operation in self._specification.operations:
            with located(operation.where):
                paths.setdefault(operation.path, {})[operation.method] = self._operation(operation)
        for schema in self._waiting:  # grows during the loop: each schema queues those it refers to
            with located(f"schema {schema}"):
                self._component(schema)
        info = self._specification.document.get("info", {})
        self._derived.document.update(
            {
                "openapi": "3.1.0",
                "info": {"title": _text(info.get("title")) or "API", "version": _text(info.get("version")) or "0"},
                "paths": paths,
                "components": {"schemas": {name: _clean(shape) for name, shape in self._components.items()}},
            }
        )
        return self._derived

    def _operation(self, operation: Operation) -> dict[str, Any]:
        node, name = operation.node, names.pascal(operation.identifier)
        tags = [tag for tag in node.get("tags", ()) if isinstance(tag, str)][:1]
        module = f"{names.tag_name(tags[0]) if tags else 'default'}/{names.generator_name(operation.identifier)}"
        self._derived.modules[operation.identifier] = module
        result: dict[str, Any] = {
            "operationId": operation.identifier,
            "tags": tags,
            "summary": _text(node.get("summary")),
            "description": _text(node.get("description")),
            "parameters": [
                self._parameter(parameter, name, operation)
                for parameter in operation.parameters
                if parameter.get("in") in ("path", "query")
            ],
            "responses": {operation.success[0]: self._answer(operation, name)},
        }
        if operation.body is not None:
            schema = self._named(self._shapes.of(operation.body, operation.where), f"{name}Inputs")
            result["requestBody"] = {"required": operation.body_required, "content": _json(schema)}
        return result

    def _parameter(self, parameter: Node, name: str, operation: Operation) -> dict[str, Any]:
        own = str(parameter.get("name"))
        shape = self._shapes.of(parameter.get("schema", {}), f"{operation.where}, parameter {own}")
        return {
            "name": own,
            "in": parameter["in"],
            "required": parameter["in"] == "path" or bool(parameter.get("required")),
            "description": _text(parameter.get("description")),
            "schema": _clean(self._named(shape, name + names.pascal(own))),
        }

    def _answer(self, operation: Operation, name: str) -> dict[str, Any]:
        if operation.success[1] is None:
            return {"description": ""}
        shape = self._named(self._shapes.of(operation.success[1], operation.where), f"{name}Response")
        return {"description": "", "content": _json(shape)}

    def _component(self, schema: str) -> None:
        node, name = self._specification.schemas[schema], self._specification.classes[schema]
        if name not in self._components:
            shape = {**_expressible(self._shapes.of(node, f"schema {schema}")), "title": name}
            self._components[name] = shape  # before its parts, so that a schema may refer to itself
            shape["description"] = _text(node.get("description")) if isinstance(node, dict) else ""
            self._components[name] = self._parts(shape, name)
            self._expect(name, shape)

    def _named(self, shape: Shape, name: str) -> Shape:
        """Return the shape with each inline enum and object moved to a component of its own."""
        shape = _expressible(shape)
        if "$ref" in shape:
            return {"$ref": SCHEMA_PREFIX + self._queued(self._meant(schema_name(shape["$ref"])))}
        if "enum" not in shape and shape.get("type") != "object":
            return self._parts(shape, name)
        name = self._free(names.class_name(name))
        self._components[name] = self._parts({**shape, "title": name}, name)
        self._expect(name, shape)
        return {"$ref": SCHEMA_PREFIX + name}

    def _parts(self, shape: Shape, name: str) -> Shape:
        result = dict(shape)
        if "properties" in shape:
            result["properties"] = {
                key: self._named(value, name + names.pascal(key)) for key, value in shape["properties"].items()
            }
        if isinstance(shape.get("additionalProperties"), dict):
            result["additionalProperties"] = self._named(shape["additionalProperties"], f"{name}Value")
        if "items" in shape:
            result["items"] = self._named(shape["items"], f"{name}Item")
        if "anyOf" in shape:
            described = {"description": shape["description"]} if shape.get("description") else {}
            result["anyOf"] = [self._named({**described, **member}, name) for member in shape["anyOf"]]
        return result

    def _expect(self, name: str, shape: Shape) -> None:
        """Record which model this component becomes, and which of its fields are secrets."""
        module = names.generator_name(name)
        if shape.get("type") != "object" and "enum" not in shape:
            return
        self._derived.models[name] = module
        if "enum" not in shape:
            self._derived.objects.append(module)
        for key, value in shape.get("properties", {}).items():
            if names.generator_name(key) in _GENERATOR_OWN:
                raise CodegenError(f"schema {name}: the property {key!r} has the name of a part of the generated model")
            secret = any(member.get("x-secret") for member in value.get("anyOf", [value]))
            if secret or key.lower().endswith(_SECRET_ENDINGS):
                self._derived.secrets.append((module, names.generator_name(key)))

    def _meant(self, schema: str) -> str:
        """Return the schema that this one refers to, if it is only another name: the generator cannot handle those."""
        for _ in self._specification.schemas:
            shape = self._shapes.of(self._specification.schemas[schema], f"schema {schema}")
            if "$ref" not in shape:
                return schema
            schema = schema_name(shape["$ref"])
        raise CodegenError(f"schema {schema} refers only to itself")

    def _queued(self, schema: str) -> str:
        if schema not in self._waiting:
            self._waiting.append(schema)
        return self._specification.classes[schema]

    def _free(self, name: str) -> str:
        modules = {names.generator_name(taken) for taken in self._taken}
        candidates = (name, *(f"{name}{number}" for number in range(2, 1000)))
        for candidate in candidates:
            if names.generator_name(candidate) not in modules and names.class_name(candidate) == candidate:
                self._taken.add(candidate)
                return candidate
        raise CodegenError(f"too many inline schemas would be called {name!r}")


def _expressible(shape: Shape) -> Shape:
    """Return the shape without what the generator's models cannot express.

    A tuple becomes a list; a union has at most one list. A const in a union becomes an enum, because the model would
    refuse any other value before trying the other members.
    """
    text = {"description": shape["description"]} if "description" in shape else {}
    if "prefixItems" in shape:
        return {"type": "array", "items": unify(shape["prefixItems"]), **text}
    if "anyOf" in shape:
        return {**unify(_enumerated(_expressible(member)) for member in shape["anyOf"]), **text}
    return shape


def _enumerated(shape: Shape) -> Shape:
    return {"type": shape["type"], "enum": [shape["const"]]} if "const" in shape else shape


def _clean(shape: Any) -> Any:
    """Return a shape without our own marks, and references without siblings."""
    if isinstance(shape, list):
        return [_clean(item) for item in shape]
    if not isinstance(shape, dict):
        return shape
    if "$ref" in shape and isinstance(shape["$ref"], str):
        return {"$ref": shape["$ref"]}
    result = {key: _clean(value) for key, value in shape.items() if not key.startswith("x-") and key != "properties"}
    if "properties" in shape:
        result["properties"] = {key: _clean(value) for key, value in shape["properties"].items()}
    return result


def _json(shape: Shape) -> dict[str, Any]:
    return {"application/json": {"schema": _clean(shape)}}


def _text(text: object) -> str:
    """Return a free text without characters that a source file cannot contain."""
    return "\n\n".join(paragraphs(text))
