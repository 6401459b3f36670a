"""The forms in which a request carries a picture or clip (documented; recorded 2025-08)."""

import binascii
import io
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from PIL import Image

Size = tuple[int, int]


def is_media(value: str) -> bool:
    """Tell whether a string is an http(s) URL with a host, a base64 data URI, or base64 (``format: bfl-media``)."""
    if value[:7].lower() == "http://" or value[:8].lower() == "https://":
        try:
            return bool(urlsplit(value).hostname) and not any(character.isspace() for character in value)
        except ValueError:
            return False
    return bool(_content(value))


def picture_sizes(body: Mapping[str, Any]) -> Iterator[Size]:
    """Yield width and height, in pixels, of each picture that a body holds as base64; only their headers are read."""
    for value in body.values():
        for text in value if isinstance(value, list) else [value]:
            # The shortest picture there is has more bytes than this; a prompt is rarely base64 by accident.
            if isinstance(text, str) and len(text) > 40 and (size := _size(_content(text))):
                yield size


def _size(content: bytes) -> Size | None:
    try:
        with Image.open(io.BytesIO(content)) as picture:
            return picture.size
    except Exception:  # Pillow raises errors of many kinds for broken files; none matters here
        return None


def _content(value: str) -> bytes:
    """Decode base64 or a base64 data URI; empty if it is neither."""
    if value[:5].lower() == "data:":
        head, _, value = value.partition(",")
        if not head.lower().endswith(";base64"):
            return b""
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return b""
