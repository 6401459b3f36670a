"""A schema in words: "an integer from 256 to 1440, a multiple of 32"."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NOUNS = {
    "integer": "an integer",
    "number": "a number",
    "string": "a string",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

_FORMATS = {
    "uri": " that is a URL (format uri)",
    "bfl-media": " that is a URL, a data URI or base64, or else bytes, an open file or a Path",
}


def describe(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int = 8) -> str:
    """What a schema accepts, in a phrase that follows "must be"; empty if it accepts anything.

    Args:
        schema: a schema of the specification; references are looked up in `components`.
        components: the specification's ``components.schemas``.
    """
    if depth == 0:  # a schema may contain itself
        return ""
    if "$ref" in schema:
        return describe(components[schema["$ref"].rpartition("/")[2]], components, depth - 1)
    branches = schema.get("anyOf") or schema.get("oneOf")
    if branches:
        phrases = [describe(branch, components, depth - 1) for branch in branches]
        return " or ".join(dict.fromkeys(phrase for phrase in phrases if phrase and phrase != "null"))
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    kind = schema.get("type")
    kinds: list[str] = [kind] if isinstance(kind, str) else kind or []
    noun = " or ".join(_NOUNS.get(each, each) for each in kinds)
    return noun and noun + "".join(_bounds(schema, components, depth - 1))


def _bounds(schema: Mapping[str, Any], components: Mapping[str, Any], depth: int) -> list[str]:
    bounds = [
        _range(schema.get("minimum"), schema.get("maximum"), ""),
        _range(schema.get("minLength"), schema.get("maxLength"), " characters"),
        _range(schema.get("minItems"), schema.get("maxItems"), " items"),
    ]
    for key, phrase in (("exclusiveMinimum", " above "), ("exclusiveMaximum", " below ")):
        if key in schema:
            bounds.append(f"{phrase}{_number(schema[key])}")
    if "multipleOf" in schema:
        bounds.append(f", a multiple of {_number(schema['multipleOf'])}")
    if "pattern" in schema:
        bounds.append(f" that matches {schema['pattern']}")
    if schema.get("format") in _FORMATS:
        bounds.append(_FORMATS[schema["format"]])
    if isinstance(schema.get("items"), Mapping) and schema["items"]:
        bounds.append(f" of which each is {describe(schema['items'], components, depth)}")
    if "prefixItems" in schema:
        bounds.append(f" of {', '.join(describe(item, components, depth) for item in schema['prefixItems'])}")
    return bounds


def _range(low: float | None, high: float | None, unit: str) -> str:
    lead = " of" if unit else " from"
    if low is not None and high is not None:
        return f"{lead} {_number(low)} to {_number(high)}{unit}"
    if low is not None:
        return f" of at least {_number(low)}{unit}"
    return f" of at most {_number(high)}{unit}" if high is not None else ""


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
