"""The specification for tools that know nothing of this project: its formats are also written as patterns."""

from collections.abc import Mapping
from typing import Any

from .specification import Node

# Characters beyond ASCII that a host must not have, because they stand for others, such as a wide slash for a slash.
_STANDING = (
    r"\u2047-\u2049\u2100\u2101\u2105\u2106\u2a74\ufe13\ufe16\ufe55\ufe56\ufe5f\ufe6b\uff03\uff0f\uff1a\uff1f\uff20"
)
# Written out, because tools disagree on which characters are spaces.
_SPACE = r"\x09-\x0d\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_HOST = rf"[^{_SPACE}/?#@:\[\]{_STANDING}]"
_USER = rf"[^{_SPACE}/?#\[\]{_STANDING}]"
_DIGIT = "[A-Za-z0-9+/]"
_MEDIA = (
    rf"^([Hh][Tt][Tt][Pp][Ss]?://({_USER}*@)?{_HOST}({_HOST}|:)*([/?#][^{_SPACE}]*)?"
    rf"|([Dd][Aa][Tt][Aa]:[^,]*;[Bb][Aa][Ss][Ee]64,)?({_DIGIT}{{4}})*"
    rf"({_DIGIT}{{4}}|{_DIGIT}{{3}}=|{_DIGIT}{{2}}==))$"
)
_LONGEST_SIDE = 49  # of a ratio in the pattern, which cannot say what is accepted beyond: all of this shape


def _ratios() -> str:
    """Return a pattern for the ratios from 21:9 to 9:21 whose numbers are small."""
    sides = range(1, _LONGEST_SIDE + 1)
    pairs = []
    for width in sides:
        heights = [str(height) for height in sides if 9 * max(width, height) <= 21 * min(width, height)]
        pairs.append(f"{width}:0{{0,9}}({'|'.join(heights)})")
    return f"^0{{0,9}}({'|'.join(pairs)})$"


_PATTERNS = {"bfl-media": _MEDIA, "bfl-ratio": _ratios()}


def served(document: Node, url: str) -> dict[str, Any]:
    """Return a specification whose only server is this URL, and whose formats of ours are also patterns.

    A pattern cannot say what `bfl-ratio` does: ratios of large numbers are accepted, though they do not match.
    """
    return {**_portable(document), "servers": [{"url": url}]}


def _portable(node: Any) -> Any:
    if isinstance(node, list):
        return [_portable(item) for item in node]
    if not isinstance(node, Mapping):
        return node
    copy = {
        name: _portable(value) for name, value in node.items() if not (name == "servers" and isinstance(value, list))
    }
    pattern = _PATTERNS.get(node["format"]) if isinstance(node.get("format"), str) else None
    return copy if pattern is None else {**copy, "pattern": pattern}
