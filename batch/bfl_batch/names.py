"""File stems for jobs: safe on every file system, and no two that any file system treats as the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator

LONGEST = 120
"""Bytes of UTF-8 in a stem. With an extension it stays well below the 255 that file systems allow."""
_RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)  # devices on Windows, with any extension
_INVISIBLE = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")


def slugs(names: Iterable[str]) -> list[str]:
    """One file stem for each name, in order; a name's stem depends on the names before it and on nothing else.

    A stem is made of letters, digits, `_` and `-`, begins with neither a dash nor a combining mark, and is at most
    120 bytes long. A second name that would give the same file on a system that ignores case or the form of
    Unicode gets `-2`, and so on.
    """
    taken: set[str] = set()
    tries: dict[str, int] = {}
    return [_unlike(_stem(name), taken, tries) for name in names]


def likeness(stem: str) -> str:
    """A text that is equal for stems that some file system treats as the same."""
    for _ in range(2):  # the first round may uncover what the second has to fold
        stem = unicodedata.normalize("NFKC", stem.upper().casefold())
    return stem


def _unlike(stem: str, taken: set[str], tries: dict[str, int]) -> str:
    """The stem, numbered if need be, and noted as taken."""
    base, candidate = likeness(stem), stem
    while likeness(candidate) in taken:
        tries[base] = tries.get(base, 1) + 1
        suffix = f"-{tries[base]}"
        candidate = _cut(stem, LONGEST - len(suffix)) + suffix
    taken.add(likeness(candidate))
    return candidate


def _stem(name: str) -> str:
    text = unicodedata.normalize("NFKC", name[: 4 * LONGEST])
    text = re.sub("-+", "-", "".join(_allowed(_INVISIBLE.sub("-", text))))
    while text and (text[0] == "-" or unicodedata.category(text[0])[0] == "M"):
        text = text[1:]
    stem = _cut(text, LONGEST) or "job"
    return f"{stem}_" if _RESERVED.fullmatch(stem) else stem


def _allowed(text: str) -> Iterator[str]:
    """Letters, marks and digits of any script as they are; a dash for all else, lone surrogates included."""
    for character in text:
        yield character if character == "_" or unicodedata.category(character)[0] in "LMN" else "-"


def _cut(text: str, size: int) -> str:
    """As much of the text as fits into `size` bytes of UTF-8, without a dash at its end."""
    return text.encode()[:size].decode(errors="ignore").rstrip("-")
