"""Schemas in a closed, simple form from which both the generator's input and the type annotations are made.

A shape is one of: `{}` (anything), `{"$ref"}`, `{"anyOf"}` (never nested), `{"const"}`, an `enum` of one type, a plain
type, an array with `items` or `prefixItems`, an object with `properties`. What the generator stumbles over or would
turn into something else is resolved or left out here: defaults, formats, titles, bounds, `allOf`, mixed enums, lists of
types. Two marks of our own say what a string is: `x-media` (True, or "guess" for an unmarked one) and `x-secret`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .document import Node, Specification, schema_name
from .report import CodegenError
from .text import bounds, described

Shape = dict[str, Any]
NULL: Shape = {"type": "null"}
_TEXTS = {
    *("title", "description", "default", "example", "examples"),
    *("discriminator", "deprecated", "readOnly", "writeOnly"),
}
_STRING_BOUNDS = {"format", "minLength", "maxLength", "pattern"}


class Shapes:
    """Makes shapes of the schemas of one specification; raises CodegenError with the place of what cannot be read."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification

    def of(self, node: Any, where: str) -> Shape:
        """Return the shape of one schema node."""
        if isinstance(node, bool):
            return {}
        if not isinstance(node, Mapping):
            raise CodegenError(f"{where} is not a schema")
        if "$ref" in node:
            return self._reference(node["$ref"], where)
        if "allOf" in node:
            return self._all_of(node, where)
        if node.get("nullable") is True:
            return unify([self.of({**node, "nullable": False}, where), NULL])
        if isinstance(node.get("type"), list):
            return unify([self.of({**node, "type": kind}, where) for kind in node["type"]])
        if "anyOf" in node or "oneOf" in node:
            return self._union(node, where)
        if "enum" in node or "const" in node:
            return _values(node)
        return self._typed(node, where)

    def object_of(self, node: Node, where: str) -> Shape:
        """Return the shape of a request body as one object; a union of objects becomes an object with the keys of all.

        Raises CodegenError if it is no object.
        """
        return self._as_object(self.of(node, where), where)

    def _as_object(self, shape: Shape, where: str) -> Shape:
        while "$ref" in shape:
            shape = self.of(self._specification.resolve(shape, where), where)
        if shape.get("type") == "object":
            return shape
        branches = [self._as_object(branch, where) for branch in shape.get("anyOf", ()) if branch != NULL]
        if not branches:
            raise CodegenError(f"{where}: the body is not an object")
        properties: dict[str, Shape] = {}
        for branch in branches:
            for name, shape in branch["properties"].items():
                both = [properties[name], shape] if name in properties else [shape]
                text = both[0].get("description", "")
                properties[name] = {**unify([_bare(one) for one in both]), "description": text}
        required = [name for name in properties if all(name in branch["required"] for branch in branches)]
        return {"type": "object", "properties": properties, "required": required}

    def text(self, node: Any, where: str) -> str:
        """Return what a docstring says of a property: description, bounds, server default."""
        if not isinstance(node, Mapping):
            return ""
        nodes = list(self._specification.alternatives(node, where))
        description = next((one["description"] for one in (node, *nodes) if one.get("description")), "")
        default = next((one["default"] for one in (node, *nodes) if one.get("default") is not None), None)
        return described(description, bounds(node, nodes), default)

    def _reference(self, reference: str, where: str) -> Shape:
        if schema_name(reference) not in self._specification.classes:
            raise CodegenError(f"{where}: the reference {reference!r} does not name a schema of the components")
        return {"$ref": reference}

    def _all_of(self, node: Node, where: str) -> Shape:
        own = {key: value for key, value in node.items() if key != "allOf" and key not in _TEXTS}
        if not own and len(node["allOf"]) == 1:
            return self.of(node["allOf"][0], where)
        return self.of(self._merged(node, where, ()), where)

    def _merged(self, node: Node, where: str, seen: tuple[str, ...]) -> dict[str, Any]:
        """Return one schema that asks for all that the branches of an `allOf` ask for."""
        if isinstance(node, Mapping) and "$ref" in node:
            if node["$ref"] in seen:
                raise CodegenError(f"{where}: allOf leads back to {node['$ref']!r}")
            return self._merged(self._specification.resolve(node, where), where, (*seen, node["$ref"]))
        result: dict[str, Any] = {}
        own = {key: value for key, value in node.items() if key != "allOf"}
        for part in (*(self._merged(branch, where, seen) for branch in node.get("allOf", ())), own):
            properties = {**result.get("properties", {}), **part.get("properties", {})}
            required = [*result.get("required", ()), *part.get("required", ())]
            result.update(part)
            result.update({"properties": properties} if properties else {})
            result.update({"required": required} if required else {})
        return result

    def _union(self, node: Node, where: str) -> Shape:
        own = {key: value for key, value in node.items() if key not in ("anyOf", "oneOf") and key not in _TEXTS}
        branches = [*node.get("anyOf", ()), *node.get("oneOf", ())]
        if "properties" in own:  # the branches restrict or extend one object
            for branch in branches:
                own["properties"] = {**self._merged(branch, where, ()).get("properties", {}), **own["properties"]}
            return self.of(own, where)
        inline = [isinstance(branch, Mapping) and "$ref" not in branch for branch in branches]
        full = [{**own, **branch} if plain else branch for branch, plain in zip(branches, inline, strict=True)]
        return unify([self.of(branch, f"{where}/anyOf") for branch in full])

    def _typed(self, node: Node, where: str) -> Shape:
        kind = node.get("type") or ("object" if "properties" in node else "array" if "items" in node else None)
        if kind == "object":
            return self._object(node, where)
        if kind == "array":
            if node.get("prefixItems"):
                items = [self.of(item, f"{where}/prefixItems") for item in node["prefixItems"]]
                return {"type": "array", "prefixItems": items}
            return {"type": "array", "items": self.of(node.get("items", {}), f"{where}/items")}
        if kind == "string":
            return _string(node)
        return {"type": kind} if kind in ("integer", "number", "boolean", "null") else {}

    def _object(self, node: Node, where: str) -> Shape:
        properties = {
            name: {**self.of(value, f"{where}/properties/{name}"), "description": self.text(value, where)}
            for name, value in node.get("properties", {}).items()
        }
        more = node.get("additionalProperties", True)
        return {
            "type": "object",
            "properties": properties,
            "required": [name for name in dict.fromkeys(node.get("required", ())) if name in properties],
            "additionalProperties": more if isinstance(more, bool) else self.of(more, where) or True,
        }


def unify(shapes: Iterable[Shape]) -> Shape:
    """Return one shape for a union: flat, nothing twice, with one array and one enum per type; null comes last."""
    flat: list[Shape] = []
    for shape in shapes:
        for member in shape.get("anyOf", [shape]):
            _add(flat, member)
    if {} in flat or not flat:
        return {}
    if NULL in flat:
        flat = [*(member for member in flat if member != NULL), NULL]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def _add(flat: list[Shape], member: Shape) -> None:
    """Add a member of a union, merged with the member it can be merged with."""
    for position, other in enumerate(flat):
        if member == other:
            return
        if "items" in member and "items" in other:
            flat[position] = {"type": "array", "items": unify([other["items"], member["items"]])}
            return
        if _enumerated(member) and _enumerated(other) and member["type"] == other["type"]:
            values = dict.fromkeys([*_enumerated(other), *_enumerated(member)])
            flat[position] = {"type": member["type"], "enum": list(values)}
            return
        if _is_plain_string(member) and _is_plain_string(other):
            flat[position] = {**member, **other}
            return
    flat.append(member)


def _values(node: Node) -> Shape:
    """Return the shape of an `enum` or `const`: one enum per type that the generator and `Literal` can express."""
    values = [node["const"]] if "const" in node else node["enum"]
    if node.get("type") == "integer":
        values = [int(value) if isinstance(value, float) and value.is_integer() else value for value in values]
    if any(isinstance(value, float) for value in values):
        values = [float(value) if isinstance(value, int) and not isinstance(value, bool) else value for value in values]
    return unify(_value(value) for value in values)


def _value(value: object) -> Shape:
    if isinstance(value, bool):
        return {"type": "boolean"}
    if isinstance(value, str):
        return {"type": "string", "const": value}
    if isinstance(value, int):
        return {"type": "integer", "const": value}
    return NULL if value is None else {"type": "number"} if isinstance(value, float) else {}


def _enumerated(shape: Shape) -> list[Any]:
    values: list[Any] = [shape["const"]] if "const" in shape else shape.get("enum", [])
    return values


def _string(node: Node) -> Shape:
    shape: Shape = {"type": "string"}
    if node.get("format") == "bfl-media":
        shape["x-media"] = True
    elif node.get("x-bfl-media") is not False and not _STRING_BOUNDS & node.keys():
        shape["x-media"] = "guess"
    if node.get("format") == "password":
        shape["x-secret"] = True
    return shape


def _is_plain_string(shape: Shape) -> bool:
    return shape.get("type") == "string" and not _enumerated(shape)


def _bare(shape: Shape) -> Shape:
    return {key: value for key, value in shape.items() if key != "description"}
