"""The effective specification: the published document with the actions of an OpenAPI Overlay applied by oas-patch.

An action may widen a bound; the schema then says, in its mark `x-bfl-bounds`, what was published and how the overlay
knows better. A published bound that is as wide stays: to narrow one, remove it first.

oas-patch has four traps that this module avoids: it does not report an action that matches nothing; all places that an
action updates share one object; when an action removes several elements of a list, it counts the positions anew after
each; and it appends to a list what the list already has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jsonpath_ng.ext.parser import parse
from jsonpath_ng.jsonpath import Index
from oas_patch.overlay import apply_overlay

from .reading import copied
from .report import CodegenError, Report

_ROOT_KEYS = {"overlay", "info", "extends", "actions"}
_ACTION_KEYS = {"target", "description", "update", "remove", "copy"}
_UPPER = {"maximum", "exclusiveMaximum", "maxLength", "maxItems"}
_LOWER = {"minimum", "exclusiveMinimum", "minLength", "minItems"}
_UNLESS_THERE = re.compile(r"\s*&&\s*!@(\.\w+|\['[^']*'\])")  # the part of a filter that says "and does not have"


def effective(published: Mapping[str, Any], overlay: Any, report: Report) -> dict[str, Any]:
    """Return the document with all actions applied in order.

    Actions that match nothing and keys that are ignored are reported; they do not stop the generation.
    Raises CodegenError, naming the action, if one is malformed.
    """
    return applied(published, overlay, report)[0]


def applied(published: Mapping[str, Any], overlay: Any, report: Report) -> tuple[dict[str, Any], list[str]]:
    """Return what `effective` returns, and the actions that changed nothing because the document already says it."""
    if not isinstance(overlay, dict) or not isinstance(overlay.get("actions"), list):
        raise CodegenError("the overlay has no list of actions")
    for key in sorted(overlay.keys() - _ROOT_KEYS):
        if not key.startswith("x-"):
            report.warn(f"overlay: the key {key!r} is ignored")
    document: dict[str, Any] = copied(published)
    idle: list[str] = []
    for number, action in enumerate(overlay["actions"], start=1):
        before, warned = document, len(report.warnings)
        document = _applied(document, action, number, report)
        if document == before and len(report.warnings) == warned:
            idle.append(_label(action, number))
    return copied(document), idle


def _applied(document: dict[str, Any], action: Any, number: int, report: Report) -> dict[str, Any]:
    label = _label(action, number)
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        raise CodegenError(f"{label} has no target")
    if action["target"] == "$" and not isinstance(action.get("update", {}), dict):
        raise CodegenError(f"{label} cannot be applied: the whole document can only be updated with an object")
    step = _step(action, label, report)
    if step is None:
        return document
    try:
        path = parse(step["target"])
    except Exception as error:  # jsonpath-ng raises anything
        raise CodegenError(f"{label} cannot be applied: {type(error).__name__}: {error}") from error
    try:
        changed: dict[str, Any] = _carried_out(document, step, path, label, report)
    except Exception as error:  # the document has an unexpected shape: oas-patch and jsonpath-ng raise anything
        report.warn(f"{label} cannot be applied and is skipped: {type(error).__name__}: {error}")
        return document
    return changed


def _carried_out(document: dict[str, Any], step: dict[str, Any], path: Any, label: str, report: Report) -> Any:
    matches = list(path.find(document))
    if not matches:
        report.warn(f"{label} {_why_nothing(document, step)}")
        return document
    if any(_misfit(step, match.value) for match in matches):
        report.warn(f"{label} does not fit what it matches and is skipped")
        return document
    if "update" in step and all(_listed(match.value, step["update"]) for match in matches):
        return document
    changed = copied(document)  # also separates what the previous action has put in several places
    for one in _single_steps(step, matches):
        apply_overlay(changed, {"actions": [one]})
    return changed


def _widened(found: dict[str, Any], step: dict[str, Any]) -> dict[str, Any]:
    """Return an update without the bounds that are published as wide, and with a mark for the others."""
    update, marks = dict(step["update"]), {}
    for key in update.keys() & (_UPPER | _LOWER):
        old, new = found.get(key), update[key]
        enough = "type" not in found if old is None else new <= old if key in _UPPER else new >= old
        if enough:  # a union, say, has its bounds in its branches
            del update[key]
        else:
            marks[key] = {"published": old, "because": " ".join(str(step.get("description", "")).split())}
    return {**update, "x-bfl-bounds": marks} if marks else update


def _why_nothing(document: dict[str, Any], step: dict[str, Any]) -> str:
    """Say whether an action adds only what is missing, and matches nothing because nothing is missing any more."""
    there, update = _UNLESS_THERE.sub("", step["target"]), step.get("update")
    if isinstance(update, dict) and there != step["target"]:
        found = [match.value for match in parse(there).find(document)]
        if any(isinstance(value, dict) and update.keys() <= value.keys() for value in found):
            return f"is needless: the specification has {', '.join(update)} of its own"
    return "matches nothing"


def _misfit(step: dict[str, Any], found: Any) -> bool:
    """Whether an update would add keys to something that is not an object, or a list element to an object."""
    if "update" not in step or isinstance(found, list):
        return False
    return not isinstance(found, dict) or not isinstance(step["update"], dict)


def _listed(found: Any, element: Any) -> bool:
    """Whether a list already has the element that an update would append, texts aside."""
    if not isinstance(found, list) or not isinstance(element, dict):
        return False
    wanted = {key: value for key, value in element.items() if key not in ("description", "summary", "title")}
    return bool(wanted) and any(isinstance(one, dict) and {**one, **wanted} == one for one in found)


def _step(action: dict[str, Any], label: str, report: Report) -> dict[str, Any] | None:
    """Return the part of an action that will be applied, or None if there is none; report the rest."""
    ignored = {key for key in action if key not in _ACTION_KEYS and not key.startswith("x-")}
    given = [key for key in ("remove", "copy", "update") if key in action]
    wanted = [key for key in given if key != "remove" or action[key] is not False]
    ignored.update(wanted[1:])
    for key in sorted(ignored):
        report.warn(f"{label}: the key {key!r} is ignored")
    if not wanted:
        report.warn(f"{label} neither updates nor removes: the action is ignored")
        return None
    text = {"description": action["description"]} if "description" in action else {}
    return {"target": action["target"], **text, wanted[0]: copied(action[wanted[0]])}


def _single_steps(step: dict[str, Any], matches: list[Any]) -> list[dict[str, Any]]:
    """Split an action that does not do the same everywhere: one that widens bounds, or removes several list elements.

    Of list elements the last comes first. Other actions are one step.
    """
    if isinstance(update := step.get("update"), dict) and update.keys() & (_UPPER | _LOWER):
        updates = [(str(match.full_path), _widened(match.value, step)) for match in matches]
        return [{"target": target, "update": update} for target, update in updates if update]
    if "remove" not in step or sum(isinstance(match.path, Index) for match in matches) < 2:
        return [step]
    return [{"target": str(match.full_path), "remove": True} for match in reversed(matches)]


def _label(action: Any, number: int) -> str:
    """Name an action by its position, its target and the beginning of its description."""
    if not isinstance(action, dict):
        return f"overlay action {number}"
    description = " ".join(str(action.get("description", "")).split())
    short = description if len(description) <= 60 else description[:57] + "..."
    return f"overlay action {number} ({action.get('target')}" + (f": {short})" if short else ")")
