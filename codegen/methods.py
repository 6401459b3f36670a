"""What the templates need of each operation: typed methods of task endpoints, their table, and utility methods."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from . import names
from .report import CodegenError, Report, located
from .shapes import Annotations, Shape, Shapes
from .specification import Node, Operation, Specification, schema_name
from .text import paragraphs, sentence

_MARKS = {"kind": str, "duration": float, "url-lifetime": float, "active-limit": int}


@dataclass(frozen=True)
class Parameter:
    """One keyword of a typed method; `name` is the key in the request."""

    name: str
    keyword: str
    annotation: str
    required: bool
    text: str


@dataclass(frozen=True)
class Method:
    """One typed method of a task endpoint; `fixed` are the keys and values that it always sends."""

    name: str
    parameters: tuple[Parameter, ...]
    fixed: tuple[tuple[str, str], ...]
    lines: tuple[str, ...]


@dataclass(frozen=True)
class TaskEndpoint:
    """A row of the endpoint table (duration and lifetime in seconds), and the endpoint's methods."""

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
    """Reads the task endpoints of a specification, and reports each string that it guesses to be media."""

    def __init__(self, specification: Specification, report: Report) -> None:
        self._specification = specification
        self._shapes = Shapes(specification)
        self._annotations = Annotations(specification, self._shapes)
        self._report = report

    def read(self) -> list[TaskEndpoint]:
        """Return all task endpoints in the document's order.

        Raises CodegenError if there are none, or if two would share a name or a method.
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
            self._report.warn(f"media guess: {guess} (mark it: `format: bfl-media` or `x-bfl-media: false`)")
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
            name=operation.name,
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
        """Return the marks of an operation: its own, or else those of the root's `x-bfl-defaults`."""
        defaults = self._specification.document.get("x-bfl-defaults", {})
        marks = {}
        for mark, kind in _MARKS.items():
            value = operation.node.get(f"x-bfl-{mark}", defaults.get(mark))
            good = value in ("image", "video") if kind is str else isinstance(value, int | float) and value > 0
            if not good:
                raise CodegenError(f"{operation.where}: x-bfl-{mark} is {value!r}; set it, or set it in x-bfl-defaults")
            marks[mark] = kind(value)
        return marks

    def _methods(self, operation: Operation) -> Iterator[Method]:
        name = names.method_name(operation.path, operation.version)
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
            yield Method(
                names.method_name(operation.path, operation.version, value),
                parameters,
                ((discriminator, value),),
                lines,
            )

    def _value(self, discriminator: Node, branch: Node, node: Node, where: str) -> str:
        """Return the discriminator value of a branch: the first value mapped to it that the branch itself permits."""
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
                key=lambda parameter: (parameter.name != "prompt", not parameter.required),
            )
        )

    def _lines(self, operation: Operation, body: Node, branch: str | None) -> tuple[str, ...]:
        """Return the beginning of a docstring: summary, descriptions, and whether the endpoint is unpublished."""
        node = operation.node
        lines = [sentence(node.get("summary")) or f"Submit a task to {operation.name}."]
        lines += paragraphs(node.get("description"))
        if branch:
            lines += [sentence(f"{branch}: {sentence(body.get('description') or body.get('title'))}".rstrip(": "))]
        if node.get("x-bfl-unpublished"):
            lines.append("Not in the published specification: this endpoint may change or disappear without notice.")
        return tuple(line for text in lines for line in (text, ""))


@dataclass(frozen=True)
class Model:
    """A generated model in an answer; `required` are the keys that it must have."""

    name: str
    module: str
    required: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What a method returns: a union of models, a list of them, or the JSON itself where there is no model."""

    models: tuple[Model, ...]
    is_list: bool

    @property
    def annotation(self) -> str:
        """The return type."""
        union = " | ".join(model.name for model in self.models) or "Any"
        return f"list[{union}]" if self.is_list else union


@dataclass(frozen=True)
class UtilityMethod:
    """One utility operation, with its parameters grouped by where they are sent."""

    name: str
    http_method: str
    path: str
    in_path: tuple[Parameter, ...]
    in_query: tuple[Parameter, ...]
    in_body: tuple[Parameter, ...] | None
    answer: Answer
    lines: tuple[str, ...]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """All parameters, required ones first."""
        found = (*self.in_path, *self.in_query, *(self.in_body or ()))
        return tuple(sorted(found, key=lambda parameter: not parameter.required))

    @property
    def url(self) -> list[tuple[str, str | None]]:
        """The path in pieces: each is a literal text and the keyword whose value follows it."""
        pieces: list[tuple[str, str | None]] = []
        rest = self.path
        for parameter in sorted(self.in_path, key=lambda one: self.path.find(f"{{{one.name}}}")):
            before, _, rest = rest.partition(f"{{{parameter.name}}}")
            pieces.append((before, parameter.keyword))
        return [*pieces, (rest, None)]


class UtilityReader:
    """Reads the utility operations of a specification, and reports the parameters that the methods do not offer."""

    def __init__(self, specification: Specification, report: Report) -> None:
        self._specification = specification
        self._shapes = Shapes(specification)
        self._annotations = Annotations(specification, self._shapes)
        self._report = report

    def read(self) -> list[UtilityMethod]:
        """Return all utility operations in the document's order."""
        return [self._method(operation) for operation in self._specification.utilities]

    def _method(self, operation: Operation) -> UtilityMethod:
        body = self._body(operation)
        found: dict[str, list[tuple[str, Shape, bool]]] = {"path": [], "query": [], "body": body or []}
        for parameter in operation.parameters:
            name, place = str(parameter.get("name")), str(parameter.get("in"))
            if place not in ("path", "query"):
                self._report.warn(f"{operation.where}: the {place} parameter {name!r} is ignored")
                continue
            shape = self._shapes.of(parameter.get("schema", {}), f"{operation.where}, parameter {name}")
            text = sentence(parameter.get("description")) or self._shapes.text(parameter.get("schema"), operation.where)
            needed = place == "path" or bool(parameter.get("required"))
            found[place].append((name, {**shape, "description": text}, needed))
        by_place = self._parameters(operation, found)
        lines = [sentence(operation.node.get("summary")) or f"Call {operation.where}."]
        lines += paragraphs(operation.node.get("description"))
        return UtilityMethod(
            operation.identifier,
            operation.method.upper(),
            operation.path,
            by_place["path"],
            by_place["query"],
            by_place["body"] if body is not None else None,
            self._answer(operation),
            tuple(line for text in lines for line in (text, "")),
        )

    def _body(self, operation: Operation) -> list[tuple[str, Shape, bool]] | None:
        if operation.body is None:
            return None
        body = self._shapes.object_of(operation.body, operation.where)
        needed = body["required"] if operation.body_required else ()
        return [(name, shape, name in needed) for name, shape in body["properties"].items()]

    def _parameters(
        self, operation: Operation, found: dict[str, list[tuple[str, Shape, bool]]]
    ) -> dict[str, tuple[Parameter, ...]]:
        keys = [name for place in found.values() for name, _, _ in place]
        if len(keys) != len(set(keys)):
            raise CodegenError(f"{operation.where} has two parameters of the same name: {', '.join(sorted(keys))}")
        keywords = names.parameter_names(keys)
        return {
            place: tuple(
                Parameter(
                    name, keywords[name], self._annotations.of(shape, name, media=False), needed, shape["description"]
                )
                for name, shape, needed in entries
            )
            for place, entries in found.items()
        }

    def _answer(self, operation: Operation) -> Answer:
        shape = self._shapes.of(operation.success[1] if operation.success[1] is not None else {}, operation.where)
        is_list = shape.get("type") == "array" and "items" in shape
        one = shape["items"] if is_list else shape
        models = [self._model(member, operation) for member in one.get("anyOf", [one])]
        known = tuple(model for model in models if model is not None)
        return Answer(known, is_list) if known and len(known) == len(models) else Answer((), False)

    def _model(self, shape: Shape, operation: Operation) -> Model | None:
        """Return the model of a reference to an object; None for anything else (null, scalars, inline schemas)."""
        if "$ref" not in shape:
            return None
        target = self._shapes.of(self._specification.resolve(shape, operation.where), operation.where)
        if target.get("type") != "object":
            return None
        name = self._specification.classes[schema_name(shape["$ref"])]
        return Model(name, names.generator_name(name), tuple(target["required"]))
