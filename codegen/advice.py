"""What the report of a comparison adds to the changes: which bounds of the new document are the overlay's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .diff.changes import shown

BOUNDS = "x-bfl-bounds"


def advice(effective: Any) -> list[tuple[str, list[str]]]:
    """Return the sections that follow the changes in a report: headings with their lines."""
    found = {"Bounds from the overlay": list(_bounds(effective, ()))}
    return [(heading, lines) for heading, lines in found.items() if lines]


def _bounds(node: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Yield each bound that an action of the overlay has set, with what is published and the action's reason."""
    if isinstance(node, dict):
        for key, mark in (node.get(BOUNDS) or {}).items():
            place = ".".join(part for part in path if part not in ("components", "schemas", "properties"))
            published = "none" if mark["published"] is None else shown(mark["published"])
            yield f"`{place}`: {key} {shown(node[key])} (published: {published}). {mark['because']}"
        for key, value in node.items():
            yield from _bounds(value, (*path, key))
    elif isinstance(node, list):
        for value in node:
            yield from _bounds(value, path)
