"""Schemas in a simple, closed form: the generator's input and the type annotations are made from it.

A shape is one of: `{}` (anything), `{"$ref"}`, `{"anyOf"}` (never nested), `{"const"}`, an `enum` of one type, a plain
type, an array with `items` or `prefixItems`, an object with `properties`. Whatever the generator cannot handle, or
would turn into something else, is resolved or dropped here: defaults, formats, titles, bounds, `allOf`, mixed enums,
lists of types. Two marks of our own describe strings: `x-media` (True or "guess", see `media`) and `x-secret`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from .media import GUESS, MARK, MEDIA
from .report import CodegenError
from .specification import Node, Specification, schema_name
from .text import bounds, described, literal

Shape = dict[str, Any]
NULL: Shape = {"type": "null"}
_TEXTS = {
    *("title", "description", "default", "example", "examples"),
    *("discriminator", "deprecated", "readOnly", "writeOnly"),
}


class Shapes:
    """Turns the schemas of one specification into shapes. Raises CodegenError, with the place, if one is malformed."""

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
        """Return the shape of a request body as one object; a union of objects becomes one object with all their keys.

        Raises CodegenError if it is not an object.
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
        """Return what a docstring says about a property: description, bounds, server default."""
        if not isinstance(node, Mapping):
            return ""
        nodes = list(self._specification.alternatives(node, where))
        description = next((one["description"] for one in (node, *nodes) if one.get("description")), "")
        default = next((one["default"] for one in (node, *nodes) if one.get("default") is not None), None)
        return described(description, bounds(node, nodes), default)

    def _reference(self, reference: str, where: str) -> Shape:
        if schema_name(reference) not in self._specification.classes:
            raise CodegenError(f"{where}: the reference {reference!r} is not to a schema of the components")
        return {"$ref": reference}

    def _all_of(self, node: Node, where: str) -> Shape:
        own = {key: value for key, value in node.items() if key != "allOf" and key not in _TEXTS}
        if not own and len(node["allOf"]) == 1:
            return self.of(node["allOf"][0], where)
        return self.of(self._merged(node, where, ()), where)

    def _merged(self, node: Node, where: str, seen: tuple[str, ...]) -> dict[str, Any]:
        """Return one schema with all that the branches of an `allOf` require."""
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
    """Return one shape for a union: flat, without duplicates, one array, one enum per type, null last."""
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
    """Add a member to a union, merging it with another if possible."""
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
    """Return the shape of an `enum` or `const`: one enum for each type that the generator and `Literal` support."""
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
    if node.get("format") == MEDIA or node.get(MARK) == GUESS:
        shape["x-media"] = node.get(MARK, True)
    if node.get("format") == "password":
        shape["x-secret"] = True
    return shape


def _is_plain_string(shape: Shape) -> bool:
    return shape.get("type") == "string" and not _enumerated(shape)


def _bare(shape: Shape) -> Shape:
    return {key: value for key, value in shape.items() if key != "description"}


_SCALARS = {"integer": "int", "number": "float", "boolean": "bool"}


class Annotations:
    """Writes shapes as type annotations of parameters, and collects the strings that it guesses to be media."""

    def __init__(self, specification: Specification, shapes: Shapes) -> None:
        self._specification = specification
        self._shapes = shapes
        self.guesses: dict[str, None] = {}

    def of(self, shape: Shape, where: str, *, media: bool) -> str:
        """Return the annotation of a parameter, without its null.

        Args:
            where: the place, which ends in the property's name.
            media: whether strings can be media, as in request bodies.
        """
        return self._union(shape, where, media, ())

    def _union(self, shape: Shape, where: str, media: bool, seen: tuple[str, ...]) -> str:
        values: list[Any] = []
        atoms: dict[str, None] = {}
        for member in self._members(shape, where, seen):
            found = [member["const"]] if "const" in member else member.get("enum", [])
            if found and not values:
                atoms["Literal"] = None
            values += [value for value in found if value not in values]
            if not found:
                atoms[self._atom(member, where, media, seen)] = None
        if "Any" in atoms:
            return "Any"
        if "Media" in atoms:
            atoms.pop("str", None)
            atoms = {"Media": None, **atoms}
        literals = f"Literal[{', '.join(map(literal, values))}]"
        return " | ".join(literals if atom == "Literal" else atom for atom in atoms) or "None"

    def _members(self, shape: Shape, where: str, seen: tuple[str, ...]) -> list[Shape]:
        """Return the members of a union. References to anything but objects are replaced by their targets."""
        result: list[Shape] = []
        for member in shape.get("anyOf", [shape]):
            if "$ref" in member:
                known = member["$ref"] not in seen
                target = self._shapes.of(self._specification.resolve(member, where), where) if known else {}
                result += self._members(target, where, (*seen, member["$ref"]))
            elif member != NULL:
                result.append({key: value for key, value in member.items() if key != "description"})
        merged = unify(result)
        members: list[Shape] = merged.get("anyOf", [merged]) if result else []
        return members

    def _atom(self, shape: Shape, where: str, media: bool, seen: tuple[str, ...]) -> str:
        kind = shape.get("type")
        if kind == "string":
            return "Media" if media and self._is_media(shape, where) else "str"
        if kind == "object":
            return "Mapping[str, Any]"
        if kind == "array" and "prefixItems" in shape:
            return f"tuple[{', '.join(self._union(item, where, media, seen) for item in shape['prefixItems'])}]"
        if kind == "array":
            return f"Sequence[{self._nullable(shape['items'], where, media, seen)}]"
        return _SCALARS.get(str(kind), "Any")

    def _nullable(self, shape: Shape, where: str, media: bool, seen: tuple[str, ...]) -> str:
        text = self._union(shape, where, media, seen)
        return f"{text} | None" if NULL in shape.get("anyOf", ()) and text != "Any" else text

    def _is_media(self, shape: Shape, where: str) -> bool:
        """Whether a string is media, by its mark."""
        if shape.get("x-media") == GUESS:
            self.guesses[where] = None
        return "x-media" in shape
