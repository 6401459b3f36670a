"""Decides the size of a picture from the properties that a request and its schema have, whatever the endpoint."""

import math
import re
from typing import Any

from .media import Size
from .refusals import Refusal, fault
from .specification import Node

MAX_PIXELS = 4096 * 4096  # the largest size the published resolutions name is 4k
MAX_SIDE = 16383  # pixels; the most that WebP can hold
MEGAPIXEL = 1024 * 1024  # what the service counts as one: 256x256 was recorded as 0.06 (2025-12)
_STEP = 16  # pixels; sides of FLUX.2 pictures are multiples of it (documented)
_STEEPEST = 21 / 9  # the widest published ratio; a free text like "100:1" is taken as this
_RESOLUTIONS = {"768sq": 768, "1k": 1024, "1.5k": 1536, "2k": 2048, "4k": 4096}  # pixels a side, of the square


def value_of(body: Node, schema: Node, name: str) -> Any:
    """Return a property's value, or the server's default; None for one the schema does not know (it is ignored)."""
    node = schema.get("properties", {}).get(name)
    if node is None:
        return None
    given = body.get(name)
    return node.get("default") if given is None else given


def picture_size(body: Node, schema: Node, inputs: list[Size]) -> Size:
    """Return width and height in pixels.

    In this order: `width` and `height` (given or default); `aspect_ratio` with one megapixel, or `resolution` with the
    ratio of the first input picture, or both; the size of the first input picture; 1024x1024.
    Raises Refusal (422) above MAX_PIXELS or MAX_SIDE, which are the emulator's own limits.
    """
    width, height = (value_of(body, schema, name) or 0 for name in ("width", "height"))
    ratio = _ratio(value_of(body, schema, "aspect_ratio"))
    side = _RESOLUTIONS.get(str(value_of(body, schema, "resolution")))
    source = inputs[0] if inputs else None
    if not (ratio or side or width or height) and source:
        size = source
    else:
        size = _shaped(ratio or (source[0] / source[1] if source else 1.0), (side or 1024) ** 2)
    size = (int(width) or size[0], int(height) or size[1])
    if min(size) < 1 or max(size) > MAX_SIDE or math.prod(size) > MAX_PIXELS:
        message = f"Value error, the emulator draws at most {MAX_PIXELS} pixels and {MAX_SIDE} a side, not {size}"
        raise Refusal(422, [fault("value_error", ("body",), message, list(size), error={})])
    return size


def _ratio(text: Any) -> float | None:
    match = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", text) if isinstance(text, str) else None
    return int(match[1]) / int(match[2]) if match else None


def _shaped(ratio: float, area: int) -> Size:
    """The size of a ratio that has at most this area, in whole steps."""
    ratio = min(max(ratio, 1 / _STEEPEST), _STEEPEST)
    height = math.sqrt(area / ratio)
    return max(_STEP, int(height * ratio + 1e-6) // _STEP * _STEP), max(_STEP, int(height + 1e-6) // _STEP * _STEP)
