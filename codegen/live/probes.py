"""The requests: one value of one parameter at a time, beside guards that make the service refuse the request."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jsonschema_rs import Draft202012Validator

from codegen.diff.schemas import ORIGIN, Branch, alternatives
from codegen.specification import Operation, Specification

GUARD = {"guard": "no service accepts this"}
UNKNOWN = "no_such_parameter_anywhere"
_STEPS = {"minimum": -1, "maximum": 1, "exclusiveMinimum": 0, "exclusiveMaximum": 0}


@dataclass(frozen=True)
class Probe:
    """One request: `keyword` is what it tests, `expected` whether the specification permits `value` in `field`."""

    path: str
    schema: str
    field: str
    keyword: str
    value: Any
    expected: bool
    body: dict[str, Any]
    guards: tuple[str, ...]


class Prober:
    """Makes the probes for one specification."""

    def __init__(self, specification: Specification) -> None:
        self._specification = specification

    def probes(self, operation: Operation) -> Iterator[Probe]:
        """Yield the probes of a task endpoint; none if fewer than two parameters of its body can be guards."""
        for branch in alternatives(self._specification, operation.body or {}, operation.where):
            yield from self._of_branch(operation, branch)

    def example(self, operation: Operation) -> dict[str, Any] | None:
        """Return a small valid body, or None if it needs media or anything else that cannot be invented."""
        branch = alternatives(self._specification, operation.body or {}, operation.where)[0]
        body: dict[str, Any] = {}
        for name in branch.get("required", ()):
            node = branch["properties"][name]
            found = [value for _, value in self._candidates(node, operation.where) if self._valid(node, value)]
            if not found or "bfl-media" in str(node):
                return None
            body[name] = found[0]
        return body

    def _of_branch(self, operation: Operation, branch: Branch) -> Iterator[Probe]:
        properties = branch.get("properties", {})
        fixed = {name: node["enum"][0] for name, node in self._choices(properties, operation) if len(node["enum"]) == 1}
        tag = self._specification.resolve(operation.body or {}, operation.where).get("discriminator", {})
        fixed |= {
            name: node["enum"][0]
            for name, node in self._choices(properties, operation)
            if name == tag.get("propertyName")
        }
        guards = [name for name in properties if name not in fixed and not self._valid(properties[name], GUARD)]
        for name, keyword, value, expected in self._tries(branch, fixed, operation.where):
            chosen = tuple(guard for guard in guards if guard != name)[:2]
            if len(chosen) == 2:
                body = {**fixed, **dict.fromkeys(chosen, GUARD), **({} if keyword == "required" else {name: value})}
                where = str(branch.get(ORIGIN, ""))
                yield Probe(operation.path, where, name, keyword, value, expected, body, chosen)

    def _tries(self, branch: Branch, fixed: dict[str, Any], where: str) -> Iterator[tuple[str, str, Any, bool]]:
        for name, node in branch.get("properties", {}).items():
            if name not in fixed:
                yield name, "required", None, name not in branch.get("required", ())
                for keyword, value in self._candidates(node, where):
                    yield name, keyword, value, self._valid(node, value)
        yield UNKNOWN, "additionalProperties", 1, branch.get("additionalProperties") is not False

    def _choices(self, properties: dict[str, Any], operation: Operation) -> Iterator[tuple[str, Branch]]:
        for name, node in properties.items():
            found = alternatives(self._specification, node, operation.where)
            if len(found) == 1 and found[0].get("enum"):
                yield name, found[0]

    def _candidates(self, node: Any, where: str) -> Iterator[tuple[str, Any]]:
        """Yield values at and beyond each bound of a schema, each with the bound's keyword."""
        for branch in alternatives(self._specification, node, where):
            kind = branch.get("type")
            if branch.get("enum"):
                yield from (("enum", value) for value in (*branch["enum"], "no such choice"))
            elif kind in ("integer", "number"):
                yield from _numbers(branch)
            elif kind == "string" and not branch.get("format") and not branch.get("pattern"):
                yield from _texts(branch)
            elif kind == "boolean":
                yield "type", True

    def _valid(self, node: Any, value: Any) -> bool:
        root = {"allOf": [node], "components": self._specification.document.get("components", {})}
        return Draft202012Validator(root, formats={"bfl-media": _any_text}, validate_formats=True).is_valid(value)


def _any_text(text: str) -> bool:
    return True


def _numbers(branch: Branch) -> Iterator[tuple[str, Any]]:
    step = branch.get("multipleOf", 1)
    for keyword, sign in _STEPS.items():
        if keyword in branch:
            bound = int(branch[keyword]) if float(branch[keyword]).is_integer() else branch[keyword]
            yield keyword, bound
            if sign:
                yield keyword, bound + sign * step
    if "multipleOf" in branch and "minimum" in branch:
        yield "multipleOf", branch["minimum"] + min(1, step / 2)
    if not _STEPS.keys() & branch.keys():
        yield "type", 1


def _texts(branch: Branch) -> Iterator[tuple[str, Any]]:
    yield "type", "x" * max(1, branch.get("minLength", 1))
    if branch.get("minLength"):
        yield "minLength", "x" * (branch["minLength"] - 1)
    if "maxLength" in branch:
        yield from (("maxLength", "x" * (branch["maxLength"] + more)) for more in (0, 1))
