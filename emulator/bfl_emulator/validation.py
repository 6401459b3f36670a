"""Checks requests, and the emulator's own replies, against the specification.

Refusals use the service's own words, which are those of FastAPI and pydantic: types, messages and locations were
compared side by side.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import reduce
from operator import getitem
from typing import Any, NoReturn

from jsonschema_rs import Draft202012Validator, ValidationError

from .inputs import is_media
from .requests import Location, Refusal, Reply, Violation, violation
from .specification import Node, Operation, Specification

Lookup = Callable[[str, str], str | None]
_ANYTHING: Node = {}
_TYPES = {
    "string": ("string_type", "Input should be a valid string"),
    "integer": ("int_type", "Input should be a valid integer"),
    "number": ("float_type", "Input should be a valid number"),
    "boolean": ("bool_type", "Input should be a valid boolean"),
    "array": ("list_type", "Input should be a valid list"),
    "object": ("model_attributes_type", "Input should be a valid dictionary or object to extract fields from"),
    "null": ("none_required", "Input should be None"),
}
_NAMES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", "object": "dict"}
# JSON Schema keyword -> type, message and name of the bound in `ctx`.
_BOUNDS = {
    "minimum": ("greater_than_equal", "Input should be greater than or equal to {}", "ge"),
    "maximum": ("less_than_equal", "Input should be less than or equal to {}", "le"),
    "exclusiveMinimum": ("greater_than", "Input should be greater than {}", "gt"),
    "exclusiveMaximum": ("less_than", "Input should be less than {}", "lt"),
    "multipleOf": ("multiple_of", "Input should be a multiple of {}", "multiple_of"),
    "minLength": ("string_too_short", "String should have at least {} characters", "min_length"),
    "maxLength": ("string_too_long", "String should have at most {} characters", "max_length"),
    "minItems": ("too_short", "List should have at least {} items after validation", "min_length"),
    "maxItems": ("too_long", "List should have at most {} items after validation", "max_length"),
    "pattern": ("string_pattern_mismatch", "String should match pattern '{}'", "pattern"),
}
_FORMATS = {
    "uri": ("url_parsing", "Input should be a valid URL"),
    "uuid": ("uuid_parsing", "Input should be a valid UUID"),
    "date-time": ("datetime_parsing", "Input should be a valid datetime"),
    "bfl-media": ("value_error", "Value error, should be an http(s) URL, a data URI or base64"),
    "bfl-ratio": ("value_error", "Value error, should be a ratio between 21:9 and 9:21"),
}


def is_ratio(text: str) -> bool:
    """Return whether a text is a ratio of width to height between 21:9 and 9:21 (``format: bfl-ratio``)."""
    width, colon, height = text.partition(":")
    sides = [int(side) if side.isascii() and side.isdecimal() else 0 for side in (width[:20], height[:20])]
    return bool(colon) and min(sides) > 0 and 9 * max(sides) <= 21 * min(sides)


FORMATS = {"bfl-media": is_media, "bfl-ratio": is_ratio}
"""The formats of the overlay, and their checks."""


class Contract:
    """The schemas of a specification, compiled as they are needed."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification
        self._compiled: dict[int, tuple[Draft202012Validator, Node]] = {}

    def parameters(self, operation: Operation, lookup: Lookup) -> dict[str, Any]:
        """Return the parameters by name; ``lookup(place, name)`` returns their text. Raises Refusal (422)."""
        values, found = dict[str, Any](), list[Violation]()
        for parameter in operation.parameters:
            place, name, schema = parameter["in"], parameter["name"], parameter.get("schema", _ANYTHING)
            text = lookup(place, name)
            if text is not None:
                values[name] = _converted(text, self._specification.resolve(schema).get("type"))
                found.extend(self._violations(schema, values[name], (place, name)))
            elif parameter.get("required"):
                found.append(violation("missing", (place, name), "Field required", None))
        if found:
            raise Refusal(422, found)
        return values

    def body(self, operation: Operation, body: Any) -> Node:
        """Return the schema that a body obeys: of a discriminated union, the chosen branch. Raises Refusal (422)."""
        if body is None and operation.body_required:
            raise Refusal(422, [violation("missing", ("body",), "Field required", None)])
        if body is None or operation.body is None:
            return {}
        schema, start = self._branch(self._specification.resolve(operation.body), body)
        if found := list(self._violations(schema, body, start)):
            raise Refusal(422, found)
        return schema

    def check(self, operation: Operation, reply: Reply) -> None:
        """Raise AssertionError if a reply is not what the specification declares for its status."""
        schema = operation.responses.get(reply.status)
        found = [] if schema is None else list(self._violations(schema, reply.body, ("reply",)))
        if found:
            raise AssertionError(f"{operation.method} {operation.path} would answer {reply.status} with {found}")

    def _branch(self, schema: Node, body: Any) -> tuple[Node, Location]:
        """Choose the branch first, else every branch would complain; its tag becomes part of the location."""
        discriminator = schema.get("discriminator", {})
        name, tags = discriminator.get("propertyName"), discriminator.get("mapping", {})
        if not tags or not isinstance(body, dict):
            return schema, ("body",)
        if name not in body:
            message = f"Unable to extract tag using discriminator {name!r}"
            raise Refusal(422, [violation("union_tag_not_found", ("body",), message, body, discriminator=repr(name))])
        tag = body[name]
        if not isinstance(tag, str) or tag not in tags:
            expected = ", ".join(map(repr, tags))
            context = {"discriminator": repr(name), "tag": str(tag), "expected_tags": expected}
            message = f"Input tag '{tag}' found using {name!r} does not match any of the expected tags: {expected}"
            raise Refusal(422, [violation("union_tag_invalid", ("body",), message, body, **context)])
        return self._specification.resolve({"$ref": tags[tag]}), ("body", tag)

    def _violations(self, schema: Node, value: Any, start: Location) -> Iterator[Violation]:
        validator, root = self._compile(schema)
        if not validator.is_valid(value):
            yield from _violations(validator.iter_errors(value), start, root)

    def _compile(self, schema: Node) -> tuple[Draft202012Validator, Node]:
        # By identity, which is safe because the nodes belong to a document that lives as long as this object.
        if id(schema) not in self._compiled:
            root = {**schema, "components": self._specification.components}
            validator = Draft202012Validator(root, formats=FORMATS, validate_formats=True, retriever=_nothing_else)
            self._compiled[id(schema)] = validator, root
        return self._compiled[id(schema)]


def _nothing_else(uri: str) -> NoReturn:
    """Refuse to fetch a reference that leads out of the document."""
    raise ValueError(f"the specification refers to {uri}")


def _finite(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _converted(text: str, kind: Any) -> Any:
    """Read a parameter as its type; text that cannot be read stays text, which the schema then refuses."""
    readers: Mapping[str, Callable[[str], Any]] = {
        "integer": int,
        "number": _finite,
        "boolean": {"true": True, "false": False}.__getitem__,
    }
    try:
        return readers[kind](text) if kind in readers else text
    except (ValueError, KeyError):
        return text


def _violations(errors: Iterable[ValidationError], start: Location, root: Node) -> Iterator[Violation]:
    """Put what jsonschema_rs found into pydantic's words, one entry for each location.

    `start` goes in front of the locations; `root` is the schema that was compiled.
    """
    seen: set[Location] = set()
    # Of several violations in one place pydantic reports that a value is not listed, else its type, else its multiple.
    order = "enum", "const", "type", "multipleOf"
    for error in sorted(errors, key=lambda error: (*order, error.kind.name).index(error.kind.name)):
        for entry in _WORDS.get(error.kind.name, _plain)(error, (*start, *error.instance_path), root):
            if tuple(entry["loc"]) not in seen:
                seen.add(tuple(entry["loc"]))
                yield entry


def _plain(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    yield violation("value_error", where, f"Value error, {error.message}", error.instance, error={})


def _bound(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    kind, message, name = _BOUNDS[error.kind.name]
    limit = error.kind.value
    limit = int(limit) if isinstance(limit, float) and limit.is_integer() else limit
    message, context = message.format(limit), {name: limit}
    if limit == 1:
        message = message.replace("1 characters", "1 character").replace("1 items", "1 item")
    if isinstance(error.instance, list):
        length = len(error.instance)
        message, context = f"{message}, not {length}", {"field_type": "List", name: limit, "actual_length": length}
    yield violation(kind, where, message, error.instance, **context)


def _type(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    expected = error.kind.value[0]
    if expected == "integer" and isinstance(error.instance, float):
        message = "Input should be a valid integer, got a number with a fractional part"
        yield violation("int_from_float", where, message, error.instance)
    else:
        yield violation(_TYPES[expected][0], where, _TYPES[expected][1], error.instance)


def _choice(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    choices = error.kind.value if error.kind.name == "enum" else [error.kind.value]
    expected = " or ".join(part for part in (", ".join(map(repr, choices[:-1])), repr(choices[-1])) if part)
    # In the service, a named list of values is an enumeration and a list on the spot a literal.
    named = error.kind.name == "enum" and error.evaluation_path[-2:-1] == ["$ref"]
    kind = "enum" if named else "literal_error"
    yield violation(kind, where, f"Input should be {expected}", error.instance, expected=expected)


def _required(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    yield violation("missing", (*where, error.kind.value), "Field required", error.instance)


def _unknown(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    whole: Any = error.instance
    for name in error.kind.value:
        yield violation("extra_forbidden", (*where, name), "Extra inputs are not permitted", whole[name])


def _format(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    name = error.kind.value
    kind, message = _FORMATS.get(name, ("value_error", f"Value error, should be a valid {name}"))
    yield violation(kind, where, message, error.instance, error={} if kind == "value_error" else message)


def _union(error: ValidationError, where: Location, root: Node) -> Iterator[Violation]:
    """Report every branch, named in the location, except "or null", which the service does not mention either."""
    schemas = _at(root, error.schema_path)
    branches = [pair for pair in zip(schemas, error.kind.value, strict=True) if pair[0].get("type") != "null"]
    start = where[: len(where) - len(error.instance_path)]
    if not any(found for _, found in branches):  # more than one branch of a oneOf matches
        yield from _plain(error, where, root)
    for schema, found in branches:
        for entry in _violations(found, start, root):
            if len(branches) > 1:
                entry["loc"].insert(len(where), _label(schema, root))
            yield entry


def _at(root: Any, path: Iterable[str | int]) -> Any:
    return reduce(getitem, path, root)


def _label(schema: Node, root: Node) -> str:
    """Name a branch of a union as pydantic does: ``str``, ``list[str]``, ``literal['auto']``, ``constrained-int``."""
    if "$ref" in schema:
        target = _at(root, schema["$ref"].removeprefix("#/").split("/"))
        return str(target.get("title", schema["$ref"].rpartition("/")[2]))
    if "const" in schema or "enum" in schema:
        return f"literal[{','.join(map(repr, schema.get('enum', [schema.get('const')])))}]"
    if "prefixItems" in schema:
        return f"tuple[{', '.join(_label(item, root) for item in schema['prefixItems'])}]"
    kind = schema.get("type")
    if kind == "array":
        return f"list[{_label(schema.get('items', {}), root)}]"
    name = _NAMES.get(str(kind), "any")
    return f"constrained-{name}" if _BOUNDS.keys() & schema.keys() else name


_Wording = Callable[[ValidationError, Location, Node], Iterator[Violation]]
_WORDS: Mapping[str, _Wording] = {
    **dict.fromkeys(_BOUNDS, _bound),
    "type": _type,
    "enum": _choice,
    "const": _choice,
    "required": _required,
    "additionalProperties": _unknown,
    "format": _format,
    "anyOf": _union,
    "oneOf": _union,
}
