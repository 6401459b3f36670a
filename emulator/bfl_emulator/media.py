"""The forms in which a request carries a picture or clip (documented; recorded 2025-08), and where it does."""

import binascii
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from .specification import Node, Specification

Size = tuple[int, int]
_PARTS = ("anyOf", "oneOf", "prefixItems")


@dataclass(frozen=True)
class Reference:
    """One picture or clip as a body names it; `moment` is the time in seconds that stands beside it, if any."""

    parameter: str
    text: str
    moment: float | None = None


def is_media(value: str) -> bool:
    """Tell whether a string is an http(s) URL with a host, a base64 data URI, or base64 (``format: bfl-media``)."""
    if is_url(value):
        try:
            return bool(urlsplit(value).hostname) and not any(character.isspace() for character in value)
        except ValueError:
            return False
    return bool(content_of(value))


def is_url(value: str) -> bool:
    """Tell whether a string begins as an http(s) URL."""
    return value[:7].lower() == "http://" or value[:8].lower() == "https://"


def references(specification: Specification, body: Node, schema: Node) -> Iterator[Reference]:
    """Yield the media of a body, in the order of the schema's parameters."""
    for name, node in schema.get("properties", {}).items():
        value = body.get(name)
        if isinstance(value, str | list) and _takes_media(specification, node):
            yield from _references(name, value)


def content_of(value: str) -> bytes:
    """Decode base64 or a base64 data URI; empty if it is neither."""
    if value[:5].lower() == "data:":
        head, _, value = value.partition(",")
        if not head.lower().endswith(";base64"):
            return b""
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return b""


def _references(name: str, value: Any) -> Iterator[Reference]:
    match value:
        case str():
            yield Reference(name, value)
        case [int() | float() as moment, str() as text]:
            yield Reference(name, text, float(moment))
        case list():
            for item in value:
                yield from _references(name, item)


def _takes_media(specification: Specification, node: Node) -> bool:
    node = specification.resolve(node)
    parts = [part for keyword in _PARTS for part in node.get(keyword, ())]
    parts += [node["items"]] if "items" in node else []
    return node.get("format") == "bfl-media" or any(_takes_media(specification, part) for part in parts)
