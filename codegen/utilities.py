"""Utility operations (all that do not create a task) as methods of `Utility` and `AsyncUtility`."""

from __future__ import annotations

from dataclasses import dataclass

from . import names
from .annotations import Annotations
from .document import Operation, Specification, schema_name
from .report import CodegenError, Report
from .shapes import NULL, Shape, Shapes
from .tasks import Parameter
from .text import paragraphs, sentence


@dataclass(frozen=True)
class Model:
    """A generated model in an answer; `required` are the keys it cannot be without."""

    name: str
    module: str
    required: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What a method returns: a union of models, a list of them, or, where there is no model, the answer as it is."""

    models: tuple[Model, ...]
    is_list: bool

    @property
    def annotation(self) -> str:
        """The return type."""
        union = " | ".join(model.name for model in self.models) or "Any"
        return f"list[{union}]" if self.is_list else union


@dataclass(frozen=True)
class UtilityMethod:
    """One utility operation; its parameters by where they are sent."""

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
        """The path in pieces: literal text, each followed by the keyword whose value comes next."""
        pieces: list[tuple[str, str | None]] = []
        rest = self.path
        for parameter in sorted(self.in_path, key=lambda one: self.path.find(f"{{{one.name}}}")):
            before, _, rest = rest.partition(f"{{{parameter.name}}}")
            pieces.append((before, parameter.keyword))
        return [*pieces, (rest, None)]


class UtilityReader:
    """Reads the utility operations of a specification; reports the parameters that the methods do not offer."""

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
            raise CodegenError(f"{operation.where} has two parameters of one name among {', '.join(sorted(keys))}")
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
        """Return the model of a reference to an object, None for anything else (null, scalars, inline schemas)."""
        if shape == NULL or "$ref" not in shape:
            return None
        target = self._shapes.of(self._specification.resolve(shape, operation.where), operation.where)
        if target.get("type") != "object":
            return None
        name = self._specification.classes[schema_name(shape["$ref"])]
        return Model(name, names.generator_name(name), tuple(target["required"]))
