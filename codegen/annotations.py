"""Shapes as Python type annotations for the parameters of the typed methods."""

from __future__ import annotations

from typing import Any

from .document import Specification
from .shapes import NULL, Shape, Shapes, unify
from .text import literal

_SCALARS = {"integer": "int", "number": "float", "boolean": "bool"}


class Annotations:
    """Writes one annotation after the other, and keeps in which of them a string was taken for media by guess."""

    def __init__(self, specification: Specification, shapes: Shapes) -> None:
        self._specification = specification
        self._shapes = shapes
        self.guesses: dict[str, None] = {}

    def of(self, shape: Shape, where: str, *, media: bool) -> str:
        """Return the annotation of a parameter, without its null.

        `where` ends in the property's name; `media` says whether strings may be media at all, as in request bodies.
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
        """Return the members of a union with references to anything but objects replaced by what they refer to."""
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
        """Whether a string is media: marked so, or unmarked, unconstrained and not named like a plain string."""
        mark = shape.get("x-media", False)
        name = where.rpartition(".")[2]
        if mark != "guess":
            return bool(mark)
        if name in ("prompt", "user", "version") or name.endswith("_id") or name.startswith("webhook_"):
            return False
        self.guesses[where] = None
        return True
