"""Task endpoints as the table and the typed methods show them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import names
from .annotations import Annotations
from .document import Node, Operation, Specification, schema_name
from .report import CodegenError, Report, located
from .shapes import Shapes
from .text import paragraphs, sentence

_MARKS = {"kind": str, "duration": float, "url-lifetime": float, "active-limit": int}


@dataclass(frozen=True)
class Parameter:
    """One keyword of a typed method; `name` is the key that is sent."""

    name: str
    keyword: str
    annotation: str
    required: bool
    text: str


@dataclass(frozen=True)
class Method:
    """One typed method of a task endpoint; `fixed` is what it sends beside its parameters."""

    name: str
    parameters: tuple[Parameter, ...]
    fixed: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class TaskEndpoint:
    """A row of the endpoint table (durations and lifetimes in seconds) and the methods of the endpoint."""

    name: str
    path: str
    schema: str
    kind: str
    duration: float
    url_lifetime: float
    active_limit: int
    unpublished: bool
    summary: str
    methods: tuple[Method, ...]


class TaskReader:
    """Reads the task endpoints of a specification; reports each string that is taken for media by guess."""

    def __init__(self, specification: Specification, report: Report) -> None:
        self._specification = specification
        self._shapes = Shapes(specification)
        self._annotations = Annotations(specification, self._shapes)
        self._report = report

    def read(self) -> list[TaskEndpoint]:
        """Return all task endpoints in the document's order.

        Raises CodegenError if there is none, or if two would share a name or a method.
        """
        endpoints = []
        for operation in self._specification.tasks:
            with located(operation.where):
                endpoints.append(self._endpoint(operation))
        if not endpoints:
            raise CodegenError("the specification has no task endpoint: no POST answers with `id` and `polling_url`")
        taken: dict[str, str] = {}
        for endpoint in endpoints:
            for name in (endpoint.name, *(f"{method.name}()" for method in endpoint.methods)):
                if name in taken:
                    raise CodegenError(f"{taken[name]} and {endpoint.path} would both be called {name!r}")
                taken[name] = endpoint.path
        for guess in self._annotations.guesses:
            self._report.warn(f"media guess: {guess} (`format: bfl-media` confirms it, `x-bfl-media: false` denies it)")
        return endpoints

    def _endpoint(self, operation: Operation) -> TaskEndpoint:
        for parameter in operation.parameters:
            label = f"{operation.where}: the parameter {parameter.get('name')!r}"
            if parameter.get("in") == "path" or parameter.get("required"):
                raise CodegenError(f"{label} cannot be sent by a typed method")
            self._report.warn(f"{label} is ignored by the typed methods")
        marks = self._marks(operation)
        node = operation.node
        return TaskEndpoint(
            name=names.endpoint_name(operation.path),
            path=operation.path,
            schema=schema_name(operation.body["$ref"]) if operation.body else "",
            kind=marks["kind"],
            duration=marks["duration"],
            url_lifetime=marks["url-lifetime"],
            active_limit=marks["active-limit"],
            unpublished=bool(node.get("x-bfl-unpublished")),
            summary=" ".join(paragraphs(node.get("summary"))),
            methods=tuple(self._methods(operation)),
        )

    def _marks(self, operation: Operation) -> dict[str, Any]:
        """Return the marks of an operation, each from the operation itself or else from the root's `x-bfl-defaults`."""
        defaults = self._specification.document.get("x-bfl-defaults", {})
        marks = {}
        for mark, kind in _MARKS.items():
            value = operation.node.get(f"x-bfl-{mark}", defaults.get(mark))
            good = value in ("image", "video") if kind is str else isinstance(value, int | float) and value > 0
            if not good:
                raise CodegenError(f"{operation.where}: x-bfl-{mark} is {value!r}, and x-bfl-defaults has no other")
            marks[mark] = kind(value)
        return marks

    def _methods(self, operation: Operation) -> Iterator[Method]:
        name = names.method_name(operation.path)
        if operation.body is None:
            yield Method(name, (), (), self._lines(operation, {}, None))
            return
        body = self._specification.resolve(operation.body, operation.where)
        discriminator = body.get("discriminator", {}).get("propertyName")
        branches = [*body.get("oneOf", ()), *body.get("anyOf", ())] if discriminator else []
        if not branches:
            parameters = self._parameters(operation.body, operation.where)
            yield Method(name, parameters, (), self._lines(operation, body, None))
        for branch in branches:
            node = self._specification.resolve(branch, operation.where)
            value = self._value(body["discriminator"], branch, node, operation.where)
            parameters = self._parameters(branch, operation.where, discriminator)
            lines = self._lines(operation, node, f"{discriminator} {value}")
            yield Method(names.method_name(operation.path, value), parameters, ((discriminator, value),), lines)

    def _value(self, discriminator: Node, branch: Node, node: Node, where: str) -> str:
        """Return the discriminator value of a branch: the first mapped to it that the branch itself permits."""
        own = self._specification.resolve(node.get("properties", {}).get(discriminator["propertyName"], {}), where)
        permitted = [own["const"]] if "const" in own else list(own.get("enum", ()))
        schema = schema_name(branch.get("$ref"))
        mapping = discriminator.get("mapping", {})
        mapped = [value for value, target in mapping.items() if schema and schema in (target, schema_name(target))]
        candidates = [value for value in mapped if value in permitted] or mapped or permitted or [schema]
        if not candidates[0]:
            raise CodegenError(f"{where}: a branch of the body has no value of {discriminator['propertyName']!r}")
        return str(candidates[0])

    def _parameters(self, node: Node, where: str, fixed: str | None = None) -> tuple[Parameter, ...]:
        body = self._shapes.object_of(node, where)
        place = schema_name(node.get("$ref")) or where
        properties: Mapping[str, Any] = {name: shape for name, shape in body["properties"].items() if name != fixed}
        keywords = names.parameter_names(properties)
        return tuple(
            sorted(
                (
                    Parameter(
                        name=name,
                        keyword=keywords[name],
                        annotation=self._annotations.of(shape, f"{place}.{name}", media=True),
                        required=name in body["required"],
                        text=shape["description"],
                    )
                    for name, shape in properties.items()
                ),
                key=lambda parameter: not parameter.required,
            )
        )

    def _lines(self, operation: Operation, body: Node, branch: str | None) -> tuple[str, ...]:
        """Return the head of a docstring: summary, descriptions, and whether the endpoint is published."""
        node = operation.node
        name = names.endpoint_name(operation.path)
        lines = [sentence(node.get("summary")) or f"Submit a task to {name}."]
        lines += paragraphs(node.get("description"))
        if branch:
            lines += [sentence(f"{branch}: {sentence(body.get('description') or body.get('title'))}".rstrip(": "))]
        if node.get("x-bfl-unpublished"):
            lines.append("This endpoint is in no published specification: it may change or go without notice.")
        return tuple(line for text in lines for line in (text, ""))
