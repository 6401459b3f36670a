"""Builds the smallest instance of a schema."""

from typing import Any

from .specification import Node, Specification

_FORMATS = {
    "uri": "https://example.com/",
    "uuid": "00000000-0000-0000-0000-000000000000",
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "email": "someone@example.com",
    "bfl-media": "https://example.com/picture.png",
}


def minimal(specification: Specification, schema: Node) -> Any:
    """Return an instance with only what the schema requires; of a union the first branch that is not null."""
    schema = specification.resolve(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            branches = [branch for branch in schema[keyword] if branch.get("type") != "null"]
            return minimal(specification, branches[0]) if branches else None
    return _plain(specification, schema)


def _plain(specification: Specification, schema: Node) -> Any:
    match schema.get("type", "object"):
        case "object":
            properties = schema.get("properties", {})
            return {name: minimal(specification, properties.get(name, {})) for name in schema.get("required", ())}
        case "array":
            items = schema.get("prefixItems", [schema.get("items", {})] * schema.get("minItems", 0))
            return [minimal(specification, item) for item in items]
        case "string":
            return _FORMATS.get(schema.get("format", ""), "x" * schema.get("minLength", 1))
        case "integer" | "number" as kind:
            return _least(schema, whole=kind == "integer")
        case "boolean":
            return False
    return None


def _least(schema: Node, whole: bool) -> float:
    step = schema.get("multipleOf", 1)
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    least = -(-low // step) * step
    if least == schema.get("exclusiveMinimum"):
        least += step
    return int(least) if whole or least == int(least) else least
