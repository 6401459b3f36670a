"""What the contact sheet shows of a job, as plain text for its template, and the totals of a batch."""

from __future__ import annotations

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

from .records import Record
from .thumbnails import Thumbnail

LONGEST = 12_000
"""Characters of one text on the sheet; the results have all of it."""

_ADVICE = {
    "uncertain": "Its submission got no answer, so it may have been paid for. "
    "The same command with --on-uncertain resubmit sends it once more.",
    "submitted": "Paid for and not saved yet: the same command again follows it to its end.",
    "waiting": "Not submitted yet.",
}
_BLANK = {"film": "Film", "picture": "No preview", "unreadable": "No preview", "missing": "The file is missing"}
# Controls (but tab and newline), what turns the direction of the text around it, lone surrogates, no characters at all.
_ACTING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


class Card(NamedTuple):
    """One job on the sheet. All texts are visible ones; none is markup."""

    number: int
    state: str
    name: str
    endpoint: str
    href: str | None
    thumbnail: str | None
    """Base64 of a WebP."""
    film: bool
    blank: str
    """What stands in place of a thumbnail."""
    alt: str
    prompt: str
    error: str
    advice: str
    facts: list[str]
    details: list[tuple[str, str]]


def card(record: Record, preview: Thumbnail | None) -> Card:
    """The card of a record, with the thumbnail of its file if it has one."""
    prompt = record.inputs.get("prompt")
    text = visible(prompt if isinstance(prompt, str) else "")
    name = visible(record.name)
    return Card(
        number=record.number,
        state=record.state,
        name=name,
        endpoint=visible(record.endpoint),
        href=_href(record.path) if record.path and preview and preview.kind != "missing" else None,
        thumbnail=base64.b64encode(preview.webp).decode() if preview and preview.webp else None,
        film=preview is not None and preview.kind == "film",
        blank=_BLANK[preview.kind] if preview else "No file",
        alt=(text or name)[:200],
        prompt=text,
        error=visible(record.error or ""),
        advice=_ADVICE.get(record.state, ""),
        facts=list(_facts(record)),
        details=[(visible(label), visible(value)) for label, value in _details(record)],
    )


class Totals:
    """Counts of a batch, taken as its records pass."""

    def __init__(self) -> None:
        self.jobs = self.submitted = self.priced = 0
        self._credits = 0.0
        self._states = Counter[str]()
        self._endpoints = set[str]()

    def add(self, record: Record) -> None:
        """Count a record."""
        self.jobs += 1
        self._states[record.state] += 1
        self._endpoints.add(visible(record.endpoint))
        self.submitted += record.task_id is not None
        if record.cost is not None and math.isfinite(record.cost):
            self.priced += 1
            self._credits += record.cost

    @property
    def states(self) -> dict[str, int]:
        """Number of jobs in each state; the three that a batch ends in are told when they are none."""
        states: dict[str, int] = {"done": 0, "failed": 0, "uncertain": 0}
        return states | {state: self._states[state] for state in ("done", "failed", "uncertain", *sorted(self._states))}

    @property
    def endpoints(self) -> list[str]:
        """Endpoints of the batch, sorted."""
        return sorted(self._endpoints)

    @property
    def credits(self) -> float:
        """Sum of the costs that are known, in credits."""
        return self._credits


def visible(value: str) -> str:
    """The text with what would act on its reader made visible, and cut if it is very long.

    Controls become their pictures, overriding directions their numbers; what UTF-8 cannot hold becomes U+FFFD.
    """
    rest = len(value) - LONGEST
    text = _ACTING.sub(_picture, value[:LONGEST].replace("\r\n", "\n"))
    return f"{text} … ({rest} more characters in results.jsonl)" if rest > 0 else text


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20 or code == 0x7F:
        return chr(0x2421 if code == 0x7F else 0x2400 + code)
    return f"[U+{code:04X}]" if 0x2000 <= code < 0x2100 else "\ufffd"


def _href(path: str) -> str | None:
    """A link to a file beside the sheet; the leading `./` keeps any path from being read as a scheme or a host."""
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        return None
    return "./" + quote(path.encode(errors="surrogateescape"))


def _facts(record: Record) -> Iterator[str]:
    if record.cost is not None:
        yield f"{amount(record.cost)} {'credit' if record.cost == 1 else 'credits'}"
    if record.seconds is not None:
        yield _duration(record.seconds)
    if record.seed is not None:
        yield f"seed {record.seed}"


def _details(record: Record) -> Iterator[tuple[str, str]]:
    for name, value in record.inputs.items():
        if name != "prompt" or not isinstance(value, str):
            yield str(name), value if isinstance(value, str) else _json(value)
    known = {
        "line": record.number,
        "id": record.task_id,
        "submitted": _moment(record.submitted_at),
        "finished": _moment(record.finished_at),
        "file": record.path,
    }
    yield from ((name, str(value)) for name, value in known.items() if value is not None)


def _moment(iso: str | None) -> str | None:
    return iso and re.sub(r"\.\d+", "", iso.replace("T", " ", 1).replace("+00:00", " UTC"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def amount(number: float) -> str:
    """A count or credits for people to read: two decimals at most, thousands set apart."""
    return f"{number:,.2f}".rstrip("0").rstrip(".")


def _duration(seconds: float) -> str:
    if not 0 <= seconds < 1e9:
        return f"{seconds} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{seconds:.1f} s" if seconds < 59.95 else f"{minutes} min {rest} s"
