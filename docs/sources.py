"""Which facts about the endpoints are not in the published document, and how they are known: out of the overlay."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from bfl_api.table import ENDPOINTS

from codegen import overlay
from codegen.reading import read
from codegen.report import Report

ROOT = Path(__file__).parents[1]
FACTS = {
    "x-bfl-active-limit": "tasks at one time",
    "x-bfl-defaults": "duration, lifetime of URLs and tasks at one time, where an endpoint has none of its own",
    "x-bfl-duration": "usual duration",
    "x-bfl-emulate": "what it does with what is sent",
    "x-bfl-input": "limits of what is sent",
    "x-bfl-kind": "what it makes",
    "x-bfl-output": "limits of what is made",
    "x-bfl-price": "price",
    "x-bfl-progress": "progress in polls",
    "x-bfl-receipt": "what the receipt says",
    "x-bfl-result": "what the result says",
    "x-bfl-statuses": "states of a task",
    "x-bfl-unpublished": "the endpoint itself",
    "x-bfl-url-lifetime": "lifetime of the result's URL",
    "discriminator": "values that select a shape of the body",
    "responses": "answers",
}
"""Mark, or key of an operation or of a body's schema -> the fact, in words."""

_DEFAULTS = "x-bfl-defaults", "x-bfl-price-list"


class Reason(NamedTuple):
    """What the overlay says, and how it knows."""

    facts: tuple[str, ...]
    because: str


@cache
def reasons() -> dict[str, list[Reason]]:
    """The reasons for the facts about each endpoint, by its name; under ``""`` those that hold for most of them."""
    document, report = read(ROOT / "openapi.json"), Report(io.StringIO())
    found: dict[str, dict[str, set[str]]] = {name: {} for name in ("", *ENDPOINTS)}
    for action in read(ROOT / "openapi-overlay.yml")["actions"]:
        before, document = document, overlay.effective(document, {"actions": [action]}, report)
        changed = {name: _changed(before, document, each.path) for name, each in ENDPOINTS.items()}
        if sum(map(bool, changed.values())) > len(ENDPOINTS) / 2:
            changed = {"": set().union(*changed.values())}
        if any(before.get(key) != document.get(key) for key in _DEFAULTS):
            changed = {"": {FACTS[_DEFAULTS[0]]}}
        for name, facts in changed.items():
            last = next(reversed(found[name].values()), set())
            if facts and not ("remove" in action and facts <= last):  # it makes room for what the action before added
                because = " ".join(str(action.get("description", "")).split())
                found[name].setdefault(because, set()).update(facts)
    return {name: [Reason(_listed(facts), because) for because, facts in each.items()] for name, each in found.items()}


def _listed(facts: set[str]) -> tuple[str, ...]:
    """The facts in order; many parameters are just `parameters`."""
    names = {each for each in facts if each.startswith("`")}
    return tuple(sorted(facts - names | {"parameters"} if len(names) > 4 else facts))


def _changed(before: Mapping[str, Any], after: Mapping[str, Any], path: str) -> set[str]:
    old, new = _facts(before, path), _facts(after, path)
    if new and not old:
        return {FACTS["x-bfl-unpublished"]}
    return {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}


def _marks(node: Mapping[str, Any]) -> dict[str, Any]:
    """The facts in a node, by their words."""
    named = {key: FACTS.get(key, f"`{key}`") for key in node if key in FACTS or key.startswith("x-bfl-")}
    return {word: node[key] for key, word in named.items()}


def _facts(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The facts about an endpoint: those of its operation, of the shapes of its body, and its parameters."""
    operation = document["paths"].get(path, {}).get("post")
    if operation is None:
        return {}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    found = _marks(operation)
    for shape in _shapes(document, body):
        found |= {word: [found.get(word), value] for word, value in _marks(shape).items()}
        for name, schema in shape.get("properties", {}).items():
            found[f"`{name}`"] = [found.get(f"`{name}`"), schema]
    return found


def _shapes(document: Mapping[str, Any], schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """A schema and the branches of its union, references followed."""
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    schema = document["components"]["schemas"].get(name, {}) if name else schema
    branches = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    return [schema, *(shape for branch in branches for shape in _shapes(document, branch))]
