"""Decides the size of a picture or clip from what a request and its schema have, whatever the endpoint."""

import math
import re
from typing import Any

from .media import Size
from .specification import Node

MAX_PIXELS = 4096 * 4096  # the largest size the published resolutions name is 4k
MAX_SIDE = 16383  # pixels; the most that WebP can hold
MEGAPIXEL = 1024 * 1024  # what the service counts as one: 256x256 was recorded as 0.06 (2025-12)
_STEP = 16  # pixels; sides of FLUX.2 pictures are multiples of it (documented)
_STEEPEST = 21 / 9  # the widest published ratio; a free text like "100:1" is taken as this
_AREAS = {
    **{name: side * side for name, side in {"768sq": 768, "1k": 1024, "1.5k": 1536, "2k": 2048, "4k": 4096}.items()},
    **{"hd": 1280 * 720, "fhd": 1920 * 1080, "qhd": 2560 * 1440, "uhd": 3840 * 2160},
}  # pixels, whatever the ratio


class Oversize(Exception):
    """A size that the service does not make: the task ends in Error with this message."""


def value_of(body: Node, schema: Node, name: str) -> Any:
    """Return a property's value, or the server's default; None for one the schema does not know (it is ignored)."""
    node = schema.get("properties", {}).get(name)
    if node is None:
        return None
    given = body.get(name)
    return node.get("default") if given is None else given


def picture_size(body: Node, schema: Node, inputs: list[Size], rules: Node) -> Size:
    """Return width and height in pixels.

    In this order: `width` and `height` (given or default); `aspect_ratio` with one megapixel, or `resolution` with the
    ratio of the first input picture, or both; the size of the first input picture; 1024x1024. Of the rules (the mark
    ``x-bfl-output``) `mp` replaces the one megapixel, and sides that were given or taken from an input are made
    multiples of `step`.
    """
    width, height = (value_of(body, schema, name) or 0 for name in ("width", "height"))
    ratio = ratio_of(value_of(body, schema, "aspect_ratio"))
    area = _AREAS.get(str(value_of(body, schema, "resolution")))
    source = inputs[0] if inputs else None
    if not (ratio or area or width or height) and source:
        size = source
    else:
        area = area or round(rules.get("mp", 1) * MEGAPIXEL)
        size = shaped(ratio or (source[0] / source[1] if source else 1.0), area, _STEP)
    return stepped((int(width) or size[0], int(height) or size[1]), rules.get("step", 1))


def clip_size(body: Node, schema: Node, inputs: list[Size], rules: Node) -> Size:
    """Return the frame size of a clip: its `resolution` class in the shape of `aspect_ratio` or the first input."""
    ratio = ratio_of(value_of(body, schema, "aspect_ratio"))
    ratio = ratio or (inputs[0][0] / inputs[0][1] if inputs else 16 / 9)
    return class_size(str(value_of(body, schema, "resolution")), ratio, rules)


def class_size(name: str, ratio: float, rules: Node) -> Size:
    """Return the frame size of a resolution class; sides are the nearest multiples of `step` (documented: uhd)."""
    step, area = max(2, rules.get("step", 2)), _AREAS.get(name, _AREAS["hd"])
    ratio = min(max(ratio, 1 / _STEEPEST), _STEEPEST)
    sides = math.sqrt(area * ratio), math.sqrt(area / ratio)
    width, height = (max(step, math.floor(side / step + 0.5) * step) for side in sides)
    return width, height


def check_size(size: Size, rules: Node) -> None:
    """Hold an output to the mark ``x-bfl-output`` and to what the emulator can draw. Raises Oversize."""
    if min(size) < 1 or max(size) > MAX_SIDE or math.prod(size) > MAX_PIXELS:
        raise Oversize(f"the emulator draws at most {MAX_PIXELS} pixels and {MAX_SIDE} a side")
    if math.prod(size) > rules.get("max-mp", math.inf) * MEGAPIXEL:
        raise Oversize(f"{size[0]}x{size[1]} pixels are more than {rules['max-mp']} megapixels")
    if max(size) > rules.get("max-ratio", math.inf) * min(size):
        raise Oversize(f"{size[0]}x{size[1]} pixels are longer than {rules['max-ratio']} to 1")


def ratio_of(text: Any) -> float | None:
    """Return width to height of a text like 16:9, or None for any other value."""
    match = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", text) if isinstance(text, str) else None
    return int(match[1]) / int(match[2]) if match else None


def shaped(ratio: float, area: int, step: int) -> Size:
    """The size of a ratio that has at most this area, in whole steps."""
    ratio = min(max(ratio, 1 / _STEEPEST), _STEEPEST)
    height = math.sqrt(area / ratio)
    return max(step, int(height * ratio + 1e-6) // step * step), max(step, int(height + 1e-6) // step * step)


def stepped(size: Size, step: int) -> Size:
    """Make both sides multiples of a step, the next smaller ones."""
    width, height = (max(step, side // step * step) for side in size)
    return width, height
