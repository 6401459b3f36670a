"""Holds requests, and the emulator's own answers, to the specification."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NoReturn

from jsonschema_rs import Draft202012Validator

from .answers import Answer
from .media import is_media
from .refusals import Fault, Location, Refusal, fault, faults
from .specification import Node, Operation, Specification

Lookup = Callable[[str, str], str | None]
_ANYTHING: Node = {}


class Contract:
    """The schemas of a specification, compiled as they are needed."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self._compiled: dict[int, tuple[Draft202012Validator, Node]] = {}

    def parameters(self, operation: Operation, lookup: Lookup) -> dict[str, Any]:
        """Return the parameters by name; ``lookup(place, name)`` gives their text. Raises Refusal (422)."""
        values, found = dict[str, Any](), list[Fault]()
        for parameter in operation.parameters:
            place, name, schema = parameter["in"], parameter["name"], parameter.get("schema", _ANYTHING)
            text = lookup(place, name)
            if text is not None:
                values[name] = _converted(text, self._specification.resolve(schema).get("type"))
                found.extend(self._faults(schema, values[name], (place, name)))
            elif parameter.get("required"):
                found.append(fault("missing", (place, name), "Field required", None))
        if found:
            raise Refusal(422, found)
        return values

    def body(self, operation: Operation, body: Any) -> Node:
        """Return the schema that a body obeys: a branch, where a discriminator chooses one. Raises Refusal (422)."""
        if body is None and operation.body_required:
            raise Refusal(422, [fault("missing", ("body",), "Field required", None)])
        if body is None or operation.body is None:
            return {}
        schema, start = self._branch(self._specification.resolve(operation.body), body)
        if found := list(self._faults(schema, body, start)):
            raise Refusal(422, found)
        return schema

    def check(self, operation: Operation, answer: Answer) -> None:
        """Raise AssertionError if an answer is not what the specification declares for its status."""
        schema = operation.responses.get(answer.status)
        found = [] if schema is None else list(self._faults(schema, answer.body, ("answer",)))
        if found:
            raise AssertionError(f"{operation.method} {operation.path} would answer {answer.status} with {found}")

    def _branch(self, schema: Node, body: Any) -> tuple[Node, Location]:
        """Choose the branch first, or every branch would complain; its tag becomes part of the location."""
        discriminator = schema.get("discriminator", {})
        name, tags = discriminator.get("propertyName"), discriminator.get("mapping", {})
        if not tags or not isinstance(body, dict):
            return schema, ("body",)
        if name not in body:
            message = f"Unable to extract tag using discriminator {name!r}"
            raise Refusal(422, [fault("union_tag_not_found", ("body",), message, body, discriminator=repr(name))])
        tag = body[name]
        if not isinstance(tag, str) or tag not in tags:
            expected = ", ".join(map(repr, tags))
            context = {"discriminator": repr(name), "tag": str(tag), "expected_tags": expected}
            message = f"Input tag '{tag}' found using {name!r} does not match any of the expected tags: {expected}"
            raise Refusal(422, [fault("union_tag_invalid", ("body",), message, body, **context)])
        return self._specification.resolve({"$ref": tags[tag]}), ("body", tag)

    def _faults(self, schema: Node, value: Any, start: Location) -> Iterator[Fault]:
        validator, root = self._compile(schema)
        if not validator.is_valid(value):
            yield from faults(validator.iter_errors(value), start, root)

    def _compile(self, schema: Node) -> tuple[Draft202012Validator, Node]:
        # By identity: the nodes belong to the document, which lives as long as this object does.
        if id(schema) not in self._compiled:
            root = {**schema, "components": self._specification.components}
            formats = {"bfl-media": is_media}
            validator = Draft202012Validator(root, formats=formats, validate_formats=True, retriever=_nothing_else)
            self._compiled[id(schema)] = validator, root
        return self._compiled[id(schema)]


def _nothing_else(uri: str) -> NoReturn:
    """Refuse to fetch a reference that leads out of the document: the emulator asks nobody."""
    raise ValueError(f"the specification refers to {uri}")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _converted(text: str, kind: Any) -> Any:
    """Read a parameter's text as its type; text that is no such value stays text, which its schema then refuses."""
    readers: Mapping[str, Callable[[str], Any]] = {
        "integer": int,
        "number": _finite,
        "boolean": {"true": True, "false": False}.__getitem__,
    }
    try:
        return readers[kind](text) if kind in readers else text
    except (ValueError, KeyError):
        return text
