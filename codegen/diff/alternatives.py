"""Schemas as lists of alternatives without `$ref`, `allOf`, `anyOf`, `oneOf`, `const`, `nullable` and lists of types.

A value is valid if it is valid for one of the alternatives. Only the top is opened up: what stands in properties and
items stays as it is, so that a schema may refer to itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from codegen.document import Specification, schema_name
from codegen.report import CodegenError

from .changes import canonical

Branch = dict[str, Any]
ORIGIN = "x-origin"  # the schema of the components that a branch comes from; it is never compared
_OPENED = {"$ref", "allOf", "anyOf", "oneOf", "const", "nullable", "type"}
_LOWEST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"}
_HIGHEST = {"minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"}
_MOST = 500  # alternatives of one schema


def alternatives(specification: Specification, node: Any, where: str, seen: tuple[str, ...] = ()) -> list[Branch]:
    """Return the alternatives of a schema; none if it permits nothing. Raises CodegenError where it is no schema."""
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
        return []  # a circle without anything in between adds nothing to the choice
    target = specification.resolve({"$ref": reference}, where)
    found = alternatives(specification, target, where, (*seen, reference))
    name = schema_name(reference)
    return [{ORIGIN: name, **branch} for branch in found] if name else found


def merged(outer: Branch, inner: Branch) -> Branch:
    """Return what both branches ask for together; texts and defaults are those of the outer one."""
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
    """Return which alternatives belong together, those that are gone, and those that are new."""
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
        return 100
    score = 8.0 if one.get(ORIGIN) and one.get(ORIGIN) == other.get(ORIGIN) else 0.0
    score += 2 * (one.get("type") == other.get("type")) + (("enum" in one) == ("enum" in other)) / 2
    names, others = set(one.get("properties", ())), set(other.get("properties", ()))
    if names | others:
        score += 4 * len(names & others) / len(names | others) - 1
    return score


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
