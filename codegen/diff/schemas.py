"""Facts about schemas: each is opened into alternatives, and those that belong together are compared.

An alternative has no `$ref`, `allOf`, `anyOf`, `oneOf`, `const`, `nullable` or list of types at its top; a value is
valid if it is valid for one alternative. Properties and items are opened later, so a schema may refer to itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import product
from math import inf
from typing import Any

from codegen.report import CodegenError
from codegen.specification import Specification, schema_name

from .changes import ABSENT, Fact, Side, canonical

Branch = dict[str, Any]
ORIGIN = "x-origin"  # the schema of the components that a branch comes from; it is never compared
_OPENED = {"$ref", "allOf", "anyOf", "oneOf", "const", "nullable", "type"}
_LOWEST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
_HIGHEST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_MOST = 500  # alternatives of one schema


def alternatives(specification: Specification, node: Any, where: str, seen: tuple[str, ...] = ()) -> list[Branch]:
    """Return the alternatives of a schema; none if it permits nothing. Raises CodegenError if it is not a schema."""
    if isinstance(node, bool):
        return [{}] if node else []
    if not isinstance(node, Mapping):
        raise CodegenError(f"{where} is not a schema")
    found = [{key: value for key, value in node.items() if key not in _OPENED}]
    parts = [alternatives(specification, branch, where, seen) for branch in node.get("allOf", ())]
    for key in ("anyOf", "oneOf"):
        if key in node:
            parts.append([one for branch in node[key] for one in alternatives(specification, branch, where, seen)])
    if "$ref" in node:
        parts.append(_referred(specification, node, where, seen))
    if "const" in node:
        parts.append([{"enum": [node["const"]]}])
    if "type" in node:
        kinds = node["type"] if isinstance(node["type"], list) else [node["type"]]
        parts.append([{"type": kind} for kind in kinds])
    for part in parts:
        if len(found) * len(part) > _MOST:
            raise CodegenError(f"{where} has too many alternatives")
        found = [merged(one, other) for one, other in product(found, part)]
    return [*found, {"type": "null"}] if node.get("nullable") is True else found


def _referred(specification: Specification, node: Mapping[str, Any], where: str, seen: tuple[str, ...]) -> list[Branch]:
    reference = node["$ref"]
    if reference in seen:
        return []  # a reference to itself adds no alternative
    target = specification.resolve({"$ref": reference}, where)
    found = alternatives(specification, target, where, (*seen, reference))
    name = schema_name(reference)
    return [{ORIGIN: name, **branch} for branch in found] if name else found


def merged(outer: Branch, inner: Branch) -> Branch:
    """Return a branch with the constraints of both; texts and defaults are those of the outer one."""
    result = {**inner, **outer}
    for key in inner.keys() & outer.keys():
        one, other = outer[key], inner[key]
        if key == "properties":
            shared = {name: {"allOf": [one[name], other[name]]} for name in one.keys() & other.keys()}
            result[key] = {**other, **one, **shared}
        elif key == "required":
            result[key] = list(dict.fromkeys([*one, *other]))
        elif key == "enum":
            kept = {canonical(value) for value in other}
            result[key] = [value for value in one if canonical(value) in kept]
        elif key in _LOWEST | _HIGHEST and _is_number(one) and _is_number(other):
            result[key] = min(one, other) if key in _LOWEST else max(one, other)
    return result


def pairs(old: list[Branch], new: list[Branch]) -> tuple[list[tuple[Branch, Branch]], list[Branch], list[Branch]]:
    """Return the alternatives that belong together, those that are gone, and those that are new."""
    chosen: list[tuple[Branch, Branch]] = []
    left, right = list(old), list(new)
    scored = sorted(
        ((_likeness(a, b), i, j) for i, a in enumerate(old) for j, b in enumerate(new)),
        key=lambda entry: (-entry[0], entry[1:]),
    )
    for score, i, j in scored:
        free = any(old[i] is one for one in left) and any(new[j] is one for one in right)
        if free and (score >= 2 or (len(left) == len(right) == 1)):
            chosen.append((old[i], new[j]))
            left = [one for one in left if one is not old[i]]
            right = [one for one in right if one is not new[j]]
    return chosen, left, right


def _likeness(one: Branch, other: Branch) -> float:
    if canonical(one) == canonical(other):
        return inf
    score = 8.0 if one.get(ORIGIN) and one.get(ORIGIN) == other.get(ORIGIN) else 0.0
    score += 2 * (one.get("type") == other.get("type")) + (("enum" in one) == ("enum" in other)) / 2
    names, others = set(one.get("properties", ())), set(other.get("properties", ()))
    if names | others:
        score += 4 * len(names & others) / len(names | others) - 1
    return score


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


_DEEPEST = 40  # fields within fields; an endless schema is cut off here
_WALKED = {ORIGIN, "properties", "required", "items", "prefixItems", "discriminator"}
_DEFAULTS = {"uniqueItems": False, "deprecated": False, "readOnly": False, "writeOnly": False}
_OPEN = ("additionalProperties", "unevaluatedProperties")


@dataclass(frozen=True)
class Spot:
    """A place during the comparison: operation, side, field in words, and the schemas around it."""

    place: str
    side: Side
    field: str
    within: tuple[tuple[int, ...], ...] = ()

    def below(self, name: str) -> Spot:
        """Return the spot of a property, or of the items of a list (`[]`)."""
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
        """Yield the differences of two schemas. Raises CodegenError, naming the spot, if one is malformed."""
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
    """Yield the identities of the parts of a branch: they show whether the comparison is going in a circle."""
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
    """Return a value without what has no meaning: the order of an enum."""
    if key == "enum" and isinstance(value, list):
        return sorted({canonical(item) for item in value})
    return value


def _opened(value: Any) -> Any:
    return True if value is ABSENT or value == {} else value


def _named(branch: Branch) -> Any:
    if branch.get(ORIGIN):
        return schema_name(f"#/components/schemas/{branch[ORIGIN]}")
    return branch.get("enum") or {key: value for key, value in branch.items() if key not in ("title", "description")}
