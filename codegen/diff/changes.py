"""Changes and their levels."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Final


class Level(IntEnum):
    """How much a change concerns users of the API. The number is the exit code of `diff` and `refresh`."""

    TEXT = 0
    COMPATIBLE = 1
    BREAKING = 2

    @property
    def label(self) -> str:
        """The level in words."""
        return ("text only", "compatible", "breaking")[self]


class Side(StrEnum):
    """Whom a change concerns: senders of a request, readers of an answer, or users of the document as a whole."""

    REQUEST = "request"
    RESPONSE = "response"
    DOCUMENT = "document"


class _Absent:
    def __repr__(self) -> str:
        return "absent"


ABSENT: Final = _Absent()


@dataclass(frozen=True)
class Fact:
    """One difference: in one keyword of `field`, at `place` (an operation or a part of the document)."""

    place: str
    side: Side
    field: str
    keyword: str
    old: Any = ABSENT
    new: Any = ABSENT


@dataclass(frozen=True)
class Change:
    """A difference and its level; `places` are all operations and parts of the document that have the same one."""

    level: Level
    side: Side
    places: tuple[str, ...]
    field: str
    text: str


def canonical(value: Any) -> str:
    """Return a value as text, the same for equal JSON values: 6.0 is 6, keys have no order, true is not 1."""
    return json.dumps(_plain(value), sort_keys=True, ensure_ascii=False)


def shown(value: Any) -> str:
    """Return a value as the report shows it: JSON on one line, shortened."""
    text = "absent" if value is ABSENT else canonical(value)
    return text if len(text) <= 100 else text[:97] + "..."


def level_of(changes: Iterable[Change]) -> Level:
    """Return the highest level; TEXT if there is no change at all."""
    return max((change.level for change in changes), default=Level.TEXT)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return "absent" if value is ABSENT else value
