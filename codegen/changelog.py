"""The entry that a change of the specification leaves in the changelog."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .diff import Change, Level
from .diff.report import entry
from .report import CodegenError

_UNRELEASED = re.compile(r"^## \[?Unreleased\]?.*\n", re.MULTILINE | re.IGNORECASE)
_NEXT = re.compile(r"^## ", re.MULTILINE)
_CHANGED = re.compile(r"^### Changed[ \t]*\n+", re.MULTILINE)
_MOST = 60  # entries; the report has them all


def with_entry(changelog: str, changes: Sequence[Change]) -> str:
    """Return the changelog with the changes under Unreleased, Changed; breaking ones are marked and come first.

    Raises CodegenError if it has no section Unreleased.
    """
    head = _UNRELEASED.search(changelog)
    if head is None:
        raise CodegenError("the changelog has no section 'Unreleased'")
    following = _NEXT.search(changelog, head.end())
    end = following.start() if following else len(changelog)
    section, rest = changelog[head.end() : end], changelog[end:]
    text = "\n".join(_items(changes)) + "\n"
    changed = _CHANGED.search(section)
    if changed:
        section = section[: changed.end()] + text + section[changed.end() :]
    else:
        section = f"{section.rstrip()}\n\n### Changed\n\n{text}".lstrip("\n")
        section = f"\n{section}" + ("\n" if rest else "")
    return changelog[: head.end()] + section + rest


def _items(changes: Sequence[Change]) -> list[str]:
    told = [change for change in changes if change.level is not Level.TEXT]
    items = [_item(change) for change in told[:_MOST]]
    if len(told) > _MOST:
        items.append(f"- {len(told) - _MOST} more changes of the specification.")
    texts = len(changes) - len(told)
    return [*items, *([f"- Texts of the specification have changed ({texts})."] if texts else [])]


def _item(change: Change) -> str:
    mark = "**Breaking:** " if change.level is Level.BREAKING else ""
    return f"- {mark}{change.side}: {entry(change).removeprefix('- ')}"
