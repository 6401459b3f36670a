"""Disagreements as a table for people and as actions for the overlay."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

import yaml

from codegen.diff.changes import shown
from codegen.specification import Specification, schema_name

from .check import Disagreement, Findings

_CONTEXT = {
    **{"minimum": "ge", "maximum": "le", "exclusiveMinimum": "gt", "exclusiveMaximum": "lt"},
    **{"multipleOf": "multiple_of", "minLength": "min_length", "maxLength": "max_length"},
}


def table(findings: Findings) -> str:
    """Return the findings as a Markdown table, followed by what could not be tested."""
    lines = [f"{findings.asked} requests, {len(findings.disagreements)} disagreements, {findings.spent:g} credits."]
    if findings.disagreements:
        lines += ["", "| endpoint | field | value | the specification | the service |", "|---|---|---|---|---|"]
    for one in findings.disagreements:
        probe = one.probe
        value = "(left out)" if probe.keyword == "required" else shown(probe.value)
        cells = (probe.path, probe.field, value, "permits it" if probe.expected else "forbids it", one.said)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join([*lines, *(f"\nNot tested: {text}" for text in findings.untested)]) + "\n"


def overlay(disagreements: Iterable[Disagreement], specification: Specification) -> list[dict[str, Any]]:
    """Return actions that make the specification say what the service did, except where a person has to decide."""
    found: list[dict[str, Any]] = []
    working = Specification(copy.deepcopy(specification.document))  # each action builds on the previous ones
    for one in disagreements:
        for action in _actions(one, working):
            if action not in found:
                found.append(action)
    return found


def as_yaml(actions: list[dict[str, Any]]) -> str:
    """Return actions as YAML for the overlay."""
    return yaml.safe_dump({"actions": actions}, sort_keys=False, allow_unicode=True, width=140) if actions else ""


def _actions(one: Disagreement, specification: Specification) -> list[dict[str, Any]]:
    probe = one.probe
    schema = specification.document.get("components", {}).get("schemas", {}).get(probe.schema)
    if schema is None:
        return []
    target = f"$.components.schemas['{probe.schema}']"
    why = f"The live service {one.said} ({probe.field}, {shown(probe.value)}). Measured with `python -m codegen.live`."
    if probe.keyword == "additionalProperties":
        change = {"update": {"additionalProperties": False}} if probe.expected else {"remove": True}
        return [{"target": target + ("" if probe.expected else ".additionalProperties"), "description": why, **change}]
    if probe.keyword == "required":
        return _demanding(schema, target, one, why)
    node = schema.get("properties", {}).get(probe.field)
    holder = _holder(node, probe.keyword, specification)
    if holder is None:
        return []
    inner, name = holder
    if not _corrected(inner, one):
        return []
    if name:
        return _replaced(f"$.components.schemas['{name}']", probe.keyword, inner.get(probe.keyword), why)
    return _replaced(f"{target}.properties", probe.field, node, why)


def _demanding(schema: dict[str, Any], target: str, one: Disagreement, why: str) -> list[dict[str, Any]]:
    """Return the actions that add a parameter to the list of required ones, or remove it."""
    listed: list[str] = list(schema.get("required", []))
    wanted = [name for name in listed if name != one.probe.field] + [one.probe.field] * one.probe.expected
    schema["required"] = wanted
    if not listed:
        return [{"target": target, "description": why, "update": {"required": list(wanted)}}]
    return _replaced(target, "required", wanted, why)


def _replaced(target: str, key: str, value: Any, why: str) -> list[dict[str, Any]]:
    """Return two actions that replace a value: remove it, add the new one. Without a value, only the first."""
    gone = {"target": f"{target}['{key}']", "description": why, "remove": True}
    if value is None:
        return [gone]
    return [
        gone,
        {
            "target": target,
            "description": "Replaces what the previous action removes.",
            "update": {key: copy.deepcopy(value)},
        },
    ]


def _holder(node: Any, keyword: str, specification: Specification) -> tuple[dict[str, Any], str] | None:
    """Return the schema that has a keyword, and its name if it is one of the components."""
    if not isinstance(node, dict):
        return None
    if keyword in node:
        return node, ""
    name = schema_name(node.get("$ref"))
    if name and keyword in specification.schemas.get(name, {}):
        return specification.document["components"]["schemas"][name], name
    branches = [branch for key in ("anyOf", "oneOf", "allOf") for branch in node.get(key, ())]
    return next((found for branch in branches if (found := _holder(branch, keyword, specification))), None)


def _corrected(schema: dict[str, Any], one: Disagreement) -> bool:
    """Change one keyword of a schema to what the service does. Return whether that is known."""
    probe, keyword = one.probe, one.probe.keyword
    if keyword == "enum":
        values = [value for value in schema["enum"] if value != probe.value]
        schema["enum"] = values if probe.expected else [*values, probe.value]
        return bool(schema["enum"])
    if not probe.expected:
        del schema[keyword]
        return True
    known = ((one.fault or {}).get("ctx") or {}).get(_CONTEXT.get(keyword, ""))
    if known is not None:
        schema[keyword] = known
    return known is not None
