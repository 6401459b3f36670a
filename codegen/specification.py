"""Reading the effective specification: operations, references, names, task endpoints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from . import names
from .report import CodegenError, located

Node = Mapping[str, Any]
SCHEMA_PREFIX = "#/components/schemas/"
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
_NAMED = {"properties", "patternProperties", "schemas", "responses", "parameters", "requestBodies", "headers", "paths"}
_DATA = {"default", "enum", "const", "example", "examples"}


@dataclass(frozen=True)
class Operation:
    """One operation. References to its body, parameters and success answer are resolved."""

    path: str
    method: str
    version: str  # empty, unless a lower version has the same path
    identifier: str
    node: Node
    parameters: tuple[Node, ...]
    body: Node | None
    body_required: bool
    success: tuple[str, Node | None]

    @property
    def where(self) -> str:
        """The operation in messages: `POST /v1/...`."""
        return f"{self.method.upper()} {self.path}"

    @property
    def name(self) -> str:
        """The endpoint's name: `flux-dev` for the lowest version of that path, `v2/flux-dev` for a higher one."""
        return "/".join(filter(None, (self.version, names.endpoint_name(self.path))))


def unfit_version(document: Any) -> str:
    """Return why a document is not of a version that is taken, or an empty string if it is."""
    given = document if isinstance(document, dict) else {}
    if str(given.get("openapi", "")).startswith(("3.1.", "3.2.")):
        return ""
    unfit = "the specification is not an OpenAPI document of version 3.1 or 3.2"
    if "swagger" in given:
        return f"{unfit}, but Swagger {given['swagger']}: convert it to OpenAPI 3.1 first"
    if "openapi" in given:
        why = (
            ", whose schemas mean other things (nullable, exclusiveMinimum)"
            if str(given["openapi"])[:3] == "3.0"
            else ""
        )
        return f"{unfit}, but of {given['openapi']}{why}: convert it to 3.1 first"
    return unfit


class Specification:
    """Reads one effective specification. Raises CodegenError, naming the place, if it is not consistent."""

    def __init__(self, document: dict[str, Any]) -> None:
        if unfit := unfit_version(document):
            raise CodegenError(unfit)
        if not isinstance(document.get("paths"), dict):
            raise CodegenError("the specification has no paths")
        self.document = document
        for where, reference in _references(document, "#", names_here=False):
            self._target(reference, where)

    @cached_property
    def schemas(self) -> Mapping[str, Node]:
        """The schemas of the components, by name."""
        schemas: Mapping[str, Node] = self.document.get("components", {}).get("schemas", {})
        return schemas

    @cached_property
    def classes(self) -> Mapping[str, str]:
        """The class of each schema. Raises CodegenError if two schemas would share a class or a module."""
        taken: dict[str, str] = {}
        for schema in self.schemas:
            module = names.generator_name(names.class_name(schema))
            if module in taken:
                raise CodegenError(f"the schemas {taken[module]!r} and {schema!r} would both be the model {module!r}")
            taken[module] = schema
        return {schema: names.class_name(schema) for schema in self.schemas}

    @cached_property
    def left_out(self) -> tuple[str, ...]:
        """The operations that OpenAPI 3.2 allows and codegen does not take over: `QUERY /v1/...`."""
        found = []
        for path in self.document["paths"]:
            item = {} if path.startswith("x-") else self._item(path)
            kinds = [*(["query"] if "query" in item else []), *item.get("additionalOperations", ())]
            found += [f"{kind.upper()} {path}" for kind in kinds]
        return tuple(found)

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """All operations in the document's order. Raises CodegenError if two would get the same name."""
        places = [(path, method) for path in self.document["paths"] for method in METHODS if method in self._item(path)]
        found = tuple(self._operation(path, method) for path, method in places)
        taken: dict[str, Operation] = {}
        for operation in found:
            module = names.generator_name(operation.identifier)
            if module in taken:
                both = f"{taken[module].where} and {operation.where}"
                raise CodegenError(f"{both} would both be called {operation.identifier!r}")
            taken[module] = operation
        return found

    @cached_property
    def _versions(self) -> dict[str, str]:
        return names.versions(self.document["paths"])

    @property
    def tasks(self) -> tuple[Operation, ...]:
        """The task endpoints: each POST whose success answer can be an object with `id` and `polling_url`."""
        return tuple(operation for operation in self.operations if self._is_task(operation))

    @property
    def utilities(self) -> tuple[Operation, ...]:
        """All other operations."""
        return tuple(operation for operation in self.operations if not self._is_task(operation))

    def resolve(self, node: Node, where: str) -> Node:
        """Follow `$ref` until there is none. Raises CodegenError if they form a circle."""
        for _ in range(50):
            if not isinstance(node, Mapping):
                raise CodegenError(f"{where} is not an object")
            if "$ref" not in node:
                return node
            node = self._target(node["$ref"], where)
        raise CodegenError(f"{where} refers to itself")

    def alternatives(self, node: Any, where: str, seen: tuple[int, ...] = ()) -> Iterator[Node]:
        """Yield a schema, and through references and unions all schemas that it consists of or chooses between."""
        if not isinstance(node, Mapping):
            return
        found = self.resolve(node, where)
        if id(found) in seen:
            return
        yield found
        for key in ("anyOf", "oneOf", "allOf"):
            for branch in found.get(key, ()):
                yield from self.alternatives(branch, where, (*seen, id(found)))

    def _is_task(self, operation: Operation) -> bool:
        return operation.method == "post" and any(
            {"id", "polling_url"} <= set(schema.get("properties", ()))
            for schema in self.alternatives(operation.success[1], operation.where)
        )

    def _item(self, path: str) -> Node:
        return self.resolve(self.document["paths"][path], f"path {path}")

    def _operation(self, path: str, method: str) -> Operation:
        where = f"{method.upper()} {path}"
        with located(where):
            return self._read(path, method, where)

    def _read(self, path: str, method: str, where: str) -> Operation:
        item = self._item(path)
        node = self.resolve(item[method], where)
        parameters = {}
        for parameter in (*item.get("parameters", ()), *node.get("parameters", ())):
            found = self.resolve(parameter, f"{where}, parameters")
            parameters[found.get("name"), found.get("in")] = found
        if not names.endpoint_name(path):
            raise CodegenError(f"{where} has no name after its version")
        several = sum(name in item for name in METHODS) > 1
        body = self.resolve(node["requestBody"], f"{where}, requestBody") if "requestBody" in node else {}
        return Operation(
            path=path,
            method=method,
            version=self._versions.get(path, ""),
            identifier=names.method_name(path, self._versions.get(path, ""), method if several else ""),
            node=node,
            parameters=tuple(parameters.values()),
            body=self._json(body, f"{where}, requestBody", needed=bool(body)),
            body_required=bool(body.get("required")),
            success=self._success(node, where),
        )

    def _success(self, node: Node, where: str) -> tuple[str, Node | None]:
        """Return status code and schema of the success answer: the lowest 2xx, else the default answer."""
        responses = {str(code): answer for code, answer in node.get("responses", {}).items()}
        codes = sorted(code for code in responses if code.startswith("2")) or [
            code for code in ("default",) if code in responses
        ]
        if not codes:
            raise CodegenError(f"{where} declares no success answer")
        answer = self.resolve(responses[codes[0]], f"{where}, response {codes[0]}")
        return codes[0], self._json(answer, f"{where}, response {codes[0]}", needed=False)

    def _json(self, holder: Node, where: str, *, needed: bool) -> Node | None:
        """Return the schema of the JSON content. Raises CodegenError if it is needed but missing."""
        for kind, media in holder.get("content", {}).items():
            if kind.partition(";")[0].strip() == "application/json" or kind.endswith("+json"):
                schema: Node = media.get("schema", {})
                return schema
        if needed:
            raise CodegenError(f"{where} has no JSON content")
        return None

    def _target(self, reference: object, where: str) -> Node:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise CodegenError(f"{where}: the reference {reference!r} leads out of the document")
        found: Any = self.document
        for key in map(_unescaped, reference[2:].split("/")):
            if not isinstance(found, dict) or key not in found:
                raise CodegenError(f"{where}: the reference {reference!r} leads nowhere")
            found = found[key]
        target: Node = found
        return target


def schema_name(reference: object) -> str:
    """Return the name of the component schema that a reference leads to, or an empty string."""
    if not isinstance(reference, str) or not reference.startswith(SCHEMA_PREFIX):
        return ""
    return _unescaped(reference.removeprefix(SCHEMA_PREFIX))


def _unescaped(part: str) -> str:
    return part.replace("~1", "/").replace("~0", "~")


def _references(node: Any, where: str, *, names_here: bool) -> Iterator[tuple[str, Any]]:
    """Yield each `$ref` with its place, except those in data (defaults, examples, extensions)."""
    if isinstance(node, list):
        for position, item in enumerate(node):
            yield from _references(item, f"{where}/{position}", names_here=False)
    if not isinstance(node, dict):
        return
    if "$ref" in node and not names_here:
        yield where, node["$ref"]
    for key, value in node.items():
        if names_here or not (key in _DATA or key.startswith("x-")):
            yield from _references(value, f"{where}/{key}", names_here=key in _NAMED and not names_here)
