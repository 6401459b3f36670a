"""Changes as Markdown for people and as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence

from .changes import Change, Level, Side, level_of

_HEADINGS = {Level.BREAKING: "Breaking", Level.COMPATIBLE: "Compatible", Level.TEXT: "Text only"}
_SIDES = {Side.REQUEST: "Requests", Side.RESPONSE: "Responses", Side.DOCUMENT: "Endpoints and the document"}
_NAMED = 4  # places of one change that are named before the rest is counted


Sections = Sequence[tuple[str, Sequence[str]]]
"""What follows the changes in a report: headings with their lines."""


def markdown(changes: Sequence[Change], sections: Sections = ()) -> str:
    """Return the report: breaking changes first, requests and responses separately, then the other sections."""
    if not changes:
        return "Nothing has changed.\n"
    more = [line for title, lines in sections for line in (f"### {title}", "", *(f"- {one}" for one in lines), "")]
    return "\n".join([*_changes(changes), *more])


def _changes(changes: Sequence[Change]) -> list[str]:
    counts = [f"{sum(one.level is level for one in changes)} {level.label}" for level in _HEADINGS]
    lines = [f"The specification has changed: **{level_of(changes).label}** ({', '.join(counts)}).", ""]
    for level, heading in _HEADINGS.items():
        for side, title in _SIDES.items():
            found = [one for one in changes if one.level is level and one.side is side]
            if found:
                lines += [f"### {heading}: {title.lower()}", "", *map(entry, found), ""]
    return lines


def as_json(changes: Sequence[Change], sections: Sections = ()) -> str:
    """Return the report for programs: the overall level, each change (level, side, paths, field), other sections."""
    found = [
        {
            "level": one.level.label,
            "side": str(one.side),
            "paths": list(one.places),
            "field": one.field,
            "text": one.text,
        }
        for one in changes
    ]
    whole = {"level": level_of(changes).label, "changes": found, "sections": dict(sections)}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def entry(change: Change) -> str:
    """Return a change as a list item."""
    named = ", ".join(_code(place) for place in change.places[:_NAMED])
    more = f" and {len(change.places) - _NAMED} more" if len(change.places) > _NAMED else ""
    field = f" {_code(change.field)}" if change.field else ""
    return f"- {named}{more}:{field} {_inert(change.text)}"


def _code(text: str) -> str:
    return f"`{' '.join(text.replace('`', chr(39)).split())}`"


def _inert(text: str) -> str:
    """Escape a text from a specification, so that Markdown shows it without markup, links or mentions."""
    return "".join(f"\\{c}" if c in "\\*_[]<>#|~`" else "@\u200b" if c == "@" else c for c in " ".join(text.split()))
