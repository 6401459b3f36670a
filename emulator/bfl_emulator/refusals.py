"""Turns what is wrong with a request into the service's own words: bodies of the form ``{"detail": ...}``.

The service speaks as FastAPI and pydantic do; types, messages and locations were compared side by side.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from jsonschema_rs import ValidationError

from .answers import Answer
from .specification import Node

Location = tuple[str | int, ...]
Fault = dict[str, Any]

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
# JSON Schema keyword -> type, message and the name of the bound in `ctx`.
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
}


class Refusal(Exception):
    """A request that is not carried out; it becomes an answer with `status` and ``{"detail": detail}``."""

    def __init__(self, status: int, detail: str | list[Fault]) -> None:
        super().__init__(status)
        self.answer = Answer({"detail": detail}, status)


def fault(kind: str, where: Location, message: str, value: Any, **context: Any) -> Fault:
    """Build one entry of a 422's list; the refused value stands in it whole, as the service does it."""
    entry: Fault = {"type": kind, "loc": list(where), "msg": message, "input": value}
    return {**entry, "ctx": context} if context else entry


def faults(errors: Iterable[ValidationError], start: Location, root: Node) -> Iterator[Fault]:
    """Yield the entries for what jsonschema_rs found, one for each location as pydantic does.

    `start` comes before the locations; `root` is the schema that was compiled.
    """
    seen: set[Location] = set()
    # Of several faults in one place pydantic tells of the type first, then of a broken multiple.
    for error in sorted(errors, key=lambda error: ("type", "multipleOf", error.kind.name).index(error.kind.name)):
        for entry in _FAULTS.get(error.kind.name, _plain)(error, (*start, *error.instance_path), root):
            if tuple(entry["loc"]) not in seen:
                seen.add(tuple(entry["loc"]))
                yield entry


def _plain(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    yield fault("value_error", where, f"Value error, {error.message}", error.instance, error={})


def _bound(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    kind, message, name = _BOUNDS[error.kind.name]
    limit = error.kind.value
    limit = int(limit) if isinstance(limit, float) and limit.is_integer() else limit
    message = message.format(limit).replace("1 characters", "1 character" if limit == 1 else "1 characters")
    yield fault(kind, where, message, error.instance, **{name: limit})


def _type(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    expected = error.kind.value[0]
    if expected == "integer" and isinstance(error.instance, float):
        message = "Input should be a valid integer, got a number with a fractional part"
        yield fault("int_from_float", where, message, error.instance)
    else:
        yield fault(_TYPES[expected][0], where, _TYPES[expected][1], error.instance)


def _choice(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    choices = error.kind.value if error.kind.name == "enum" else [error.kind.value]
    expected = " or ".join(part for part in (", ".join(map(repr, choices[:-1])), repr(choices[-1])) if part)
    # A named list of values is an enumeration of the service's, a list on the spot a literal.
    named = error.kind.name == "enum" and error.evaluation_path[-2:-1] == ["$ref"]
    kind = "enum" if named else "literal_error"
    yield fault(kind, where, f"Input should be {expected}", error.instance, expected=expected)


def _required(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    yield fault("missing", (*where, error.kind.value), "Field required", error.instance)


def _unknown(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    whole: Any = error.instance
    for name in error.kind.value:
        yield fault("extra_forbidden", (*where, name), "Extra inputs are not permitted", whole[name])


def _format(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    name = error.kind.value
    kind, message = _FORMATS.get(name, ("value_error", f"Value error, should be a valid {name}"))
    yield fault(kind, where, message, error.instance, error={} if kind == "value_error" else message)


def _union(error: ValidationError, where: Location, root: Node) -> Iterator[Fault]:
    """Report every branch, named in the location, but not "or null", which the service does not mention either."""
    schemas = _walk(root, error.schema_path)
    branches = [pair for pair in zip(schemas, error.kind.value, strict=True) if pair[0].get("type") != "null"]
    start = where[: len(where) - len(error.instance_path)]
    if not any(found for _, found in branches):  # more than one branch of a oneOf fits
        yield from _plain(error, where, root)
    for schema, found in branches:
        for entry in faults(found, start, root):
            if len(branches) > 1:
                entry["loc"].insert(len(where), _label(schema, root))
            yield entry


def _walk(root: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        root = root[part]
    return root


def _label(schema: Node, root: Node) -> str:
    """Name a branch of a union as pydantic does: ``str``, ``list[str]``, ``literal['auto']``, ``constrained-int``."""
    if "$ref" in schema:
        target: Node = _walk(root, schema["$ref"].removeprefix("#/").split("/"))
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


_Turn = Callable[[ValidationError, Location, Node], Iterator[Fault]]
_FAULTS: Mapping[str, _Turn] = {
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
