"""Laying two schemas side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codegen.document import Specification, schema_name

from .alternatives import ORIGIN, Branch, alternatives, pairs
from .changes import ABSENT, Fact, Side, canonical

_DEEPEST = 40  # fields within fields; a schema that never ends is cut off there
_WALKED = {ORIGIN, "properties", "required", "items", "prefixItems", "discriminator"}
_DEFAULTS = {"uniqueItems": False, "deprecated": False, "readOnly": False, "writeOnly": False}
_OPEN = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True)
class Spot:
    """Where the walk is: the operation, who meets it, the field in words, and the schemas it is within."""

    place: str
    side: Side
    field: str
    within: tuple[tuple[int, ...], ...] = ()

    def below(self, name: str) -> Spot:
        """Return the spot of a property, or of `[]` for the items of a list."""
        joined = f"{self.field}{name}" if name.startswith("[") else ".".join(filter(None, (self.field, name)))
        return replace(self, field=joined)

    def fact(self, keyword: str, old: Any = ABSENT, new: Any = ABSENT) -> Fact:
        """Return a fact about this spot."""
        return Fact(self.place, self.side, self.field, keyword, old, new)


class SchemaComparison:
    """Compares schemas of an old document with schemas of a new one."""

    def __init__(self, old: Specification, new: Specification) -> None:
        self._old = old
        self._new = new

    def facts(self, old: Any, new: Any, spot: Spot) -> Iterator[Fact]:
        """Yield the differences of two schemas; raises CodegenError, naming the spot, where one is malformed."""
        if len(spot.within) > _DEEPEST:
            return
        where = f"{spot.place}, {spot.side} {spot.field}"
        both, gone, added = pairs(alternatives(self._old, old, where), alternatives(self._new, new, where))
        for branch in gone:
            yield spot.fact("alternative removed", old=_named(branch))
        for branch in added:
            yield spot.fact("alternative added", new=_named(branch))
        for one, other in both:
            parts = (*_parts(one), *_parts(other))
            if not parts or parts not in spot.within:
                yield from self._branch(one, other, replace(spot, within=(*spot.within, parts)))

    def _branch(self, old: Branch, new: Branch, spot: Spot) -> Iterator[Fact]:
        yield from self._properties(old, new, spot)
        yield from self._items(old, new, spot)
        yield from _discriminator(old, new, spot)
        for key in dict.fromkeys([*old, *new]):
            before, after = (one.get(key, _DEFAULTS.get(key, ABSENT)) for one in (old, new))
            if key in _OPEN:
                yield from self._openness(key, before, after, spot)
            elif key not in _WALKED and canonical(_unordered(key, before)) != canonical(_unordered(key, after)):
                yield spot.fact(key, before, after)

    def _properties(self, old: Branch, new: Branch, spot: Spot) -> Iterator[Fact]:
        before, after = ({**one.get("properties", {})} for one in (old, new))
        needed, wanted = ({*one.get("required", ())} for one in (old, new))
        for name in dict.fromkeys([*before, *after]):
            place = spot.below(name)
            if name not in after:
                yield place.fact("property", old=before[name])
            elif name not in before:
                yield place.fact("required property" if name in wanted else "property", new=after[name])
            else:
                yield from self.facts(before[name], after[name], place)
        for name in sorted((needed ^ wanted) - (before.keys() ^ after.keys())):
            changed = (ABSENT, [name]) if name in wanted else ([name], ABSENT)
            yield spot.below(name).fact("required", *changed)

    def _items(self, old: Branch, new: Branch, spot: Spot) -> Iterator[Fact]:
        before, after = (one.get("prefixItems", []) for one in (old, new))
        for position in range(max(len(before), len(after))):
            place = spot.below(f"[{position}]")
            if position >= len(after):
                yield place.fact("item", old=before[position])
            elif position >= len(before):
                yield place.fact("item", new=after[position])
            else:
                yield from self.facts(before[position], after[position], place)
        if "items" in old or "items" in new:
            yield from self.facts(old.get("items", True), new.get("items", True), spot.below("[]"))

    def _openness(self, key: str, before: Any, after: Any, spot: Spot) -> Iterator[Fact]:
        if isinstance(before, dict) and isinstance(after, dict):
            yield from self.facts(before, after, spot.below("*"))
        elif canonical(_opened(before)) != canonical(_opened(after)):
            yield spot.fact(key, _opened(before), _opened(after))


def _parts(branch: Branch) -> Iterator[int]:
    """Yield what tells a schema from others that the walk may be within: the identities of the parts it goes into."""
    for key in ("properties", "items", "prefixItems", *_OPEN):
        if isinstance(branch.get(key), dict | list):
            yield id(branch[key])


def _discriminator(old: Branch, new: Branch, spot: Spot) -> Iterator[Fact]:
    before, after = (one.get("discriminator") for one in (old, new))
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        if before != after:
            yield spot.fact("discriminator", before or ABSENT, after or ABSENT)
        return
    if before.get("propertyName") != after.get("propertyName"):
        yield spot.fact("discriminator", before.get("propertyName"), after.get("propertyName"))
    one, other = (found.get("mapping", {}) for found in (before, after))
    if one.keys() != other.keys():
        yield spot.fact("discriminator mapping", sorted(one), sorted(other))
    for value in sorted(one.keys() & other.keys()):
        if one[value] != other[value]:
            yield spot.below(value).fact("discriminator target", one[value], other[value])


def _unordered(key: str, value: Any) -> Any:
    """Return a value without what has no meaning in it: the order of permitted values, an empty list of demands."""
    if key == "enum" and isinstance(value, list):
        return sorted({canonical(item) for item in value})
    return value


def _opened(value: Any) -> Any:
    return True if value is ABSENT or value == {} else value


def _named(branch: Branch) -> Any:
    if branch.get(ORIGIN):
        return schema_name(f"#/components/schemas/{branch[ORIGIN]}")
    return branch.get("enum") or {key: value for key, value in branch.items() if key not in ("title", "description")}
