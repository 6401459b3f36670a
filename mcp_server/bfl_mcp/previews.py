"""A small picture of a large one: what a model looks at must fit into its conversation."""

from __future__ import annotations

import base64
import io
from pathlib import Path

LONGEST_SIDE = 768
"""Pixels."""
LARGEST = 300 * 1024
"""Bytes of a JPEG that is returned to a model."""


def thumbnail(path: Path) -> str | None:
    """The picture in a file as a JPEG in base64, small enough for a conversation; None if it cannot be read."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # a JPEG is read no larger than needed
            small = picture.convert("RGB")
    except Exception:  # whatever Pillow says of a broken file or of too large a picture; the file itself is saved
        return None
    small.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    for quality in (85, 70, 50, 30):
        sink = io.BytesIO()
        small.save(sink, "JPEG", quality=quality)
        if sink.tell() <= LARGEST:
            return base64.b64encode(sink.getvalue()).decode()
    return None
