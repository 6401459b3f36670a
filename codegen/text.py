"""Texts of the specification as Python source: bounds in words, docstrings, literals.

Every free text passes through `docstring` and every value through `literal`, so nothing in a specification becomes
code.
"""

from __future__ import annotations

import json
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

WIDTH = 110
RATIO = "bfl-ratio"
"""The format of a ratio of width to height in the published range."""
_BIDI = set("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.)\s)")


def literal(value: object) -> str:
    """Return a scalar as Python source in ASCII, the same in every Python version."""
    return ascii(value)


def paragraphs(text: object) -> list[str]:
    """Split a free text into paragraphs and list items, each on one line and without control characters."""
    if not isinstance(text, str):
        return []
    kept = "".join(c for c in text if c not in _BIDI and (c in "\n\t\r" or unicodedata.category(c) not in ("Cc", "Cs")))
    return [line for line in (" ".join(part.split()) for part in _PARAGRAPH.split(kept)) if line]


def sentence(text: object) -> str:
    """Return a free text as one line that ends like a sentence."""
    line = " ".join(paragraphs(text))
    return line if not line or line[-1] in ".!?:;" else f"{line}."


def docstring(lines: Iterable[str], indent: int = 8) -> str:
    """Return a docstring with the given lines, wrapped. Wrapped lines keep the indentation of their first."""
    wrapped: list[str] = []
    for line in lines:
        own = len(line) - len(line.lstrip())
        hang = " " * (own + 4 if own else 0)
        wrapper = textwrap.TextWrapper(WIDTH - indent, " " * own, hang, break_long_words=False, break_on_hyphens=False)
        wrapped += wrapper.wrap(line.strip()) or [""]
    text = "\n".join(wrapped).strip().replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    if "\n" in text:
        text += "\n"
    elif text.endswith('"'):
        text = text[:-1] + '\\"'
    return textwrap.indent(f'"""{text}"""', " " * indent).lstrip()


def number(value: Any) -> str:
    """Return a bound as text: 6 for 6.0."""
    return str(int(value)) if float(value).is_integer() else repr(value)


def bounds(node: Mapping[str, Any], branches: Iterable[Mapping[str, Any]]) -> str:
    """Return the bounds of a schema and its branches in words: `256 to 1440, a multiple of 32`."""
    said = [", ".join(_phrases(one)) for one in (node, *branches)]
    return " or ".join(dict.fromkeys(one for one in said if one))


def described(description: object, limits: str, default: object) -> str:
    """Join description, bounds and the server's default into one line."""
    if default is not None:
        shown = json.dumps(default, ensure_ascii=False)
        known = f"server default {shown if len(shown) <= 80 else shown[:77] + '...'}"
        limits = f"{limits}; {known}" if limits else known
    limits = limits[:1].upper() + limits[1:]
    return " ".join(part for part in (sentence(description), sentence(limits)) if part)


def _phrases(node: Mapping[str, Any]) -> list[str]:
    low, high = node.get("minimum"), node.get("maximum")
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    if above is True:  # in OpenAPI 3.0 it is a flag beside the bound, in 3.1 the bound itself
        low, above = None, low
    if below is True:
        high, below = None, high
    phrases = [_range(low, high, "")]
    if _is_number(above):
        phrases.append(f"more than {number(above)}")
    if _is_number(below):
        phrases.append(f"less than {number(below)}")
    if _is_number(node.get("multipleOf")):
        phrases.append(f"a multiple of {number(node['multipleOf'])}")
    if node.get("format") == RATIO:
        phrases.append("9:21 to 21:9")
    phrases.append(_range(node.get("minLength"), node.get("maxLength"), " characters"))
    if "prefixItems" not in node:
        phrases.append(_range(node.get("minItems"), node.get("maxItems"), " items"))
    return [phrase for phrase in phrases if phrase]


def _range(low: Any, high: Any, unit: str) -> str:
    if _is_number(low) and _is_number(high):
        return f"{number(low)}{unit}" if low == high else f"{number(low)} to {number(high)}{unit}"
    if _is_number(low):
        return f"at least {number(low)}{unit}"
    return f"at most {number(high)}{unit}" if _is_number(high) else ""


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
