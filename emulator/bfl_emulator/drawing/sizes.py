"""Works out the size of a picture or clip from the parameters of its request, whatever the endpoint."""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

Size = tuple[int, int]
Value = Callable[[str], Any]

MAX_PIXELS = 4096 * 4096  # the largest size among the published resolutions is 4k
MAX_SIDE = 16383  # pixels; the most that WebP allows
MEGAPIXEL = 1024 * 1024  # how the service counts: 256x256 was recorded as 0.06 (2025-12)
_STEP = 16  # pixels; sides of FLUX.2 pictures are multiples of it (documented)
_STEEPEST = 21 / 9  # the widest published ratio; anything beyond, such as "100:1", is treated as this
_AREAS = {
    **{name: side * side for name, side in {"768sq": 768, "1k": 1024, "1.5k": 1536, "2k": 2048, "4k": 4096}.items()},
    **{"hd": 1280 * 720, "fhd": 1920 * 1080, "qhd": 2560 * 1440, "uhd": 3840 * 2160},
}  # resolution -> pixels, whatever the ratio


class SizeError(Exception):
    """A size that the service does not make: the task ends in Error with this message."""


def picture_size(value: Value, inputs: list[Size], rules: Mapping[str, Any]) -> Size:
    """Return the width and height of a picture in pixels. `value` returns a parameter, given or default.

    The first of these that applies: `width` and `height`; `aspect_ratio` at one megapixel, or `resolution` in the ratio
    of the first input picture, or both; the size of the first input picture; 1024x1024. In `rules` (the mark
    ``x-bfl-output``) `mp` replaces the one megapixel, and sides that were given or taken from an input are rounded down
    to multiples of `step`.
    """
    width, height = (value(name) or 0 for name in ("width", "height"))
    ratio = _ratio(value("aspect_ratio"))
    area = _AREAS.get(str(value("resolution")))
    source = inputs[0] if inputs else None
    if not (ratio or area or width or height) and source:
        size = source
    else:
        area = area or round(rules.get("mp", 1) * MEGAPIXEL)
        size = _shaped(ratio or (source[0] / source[1] if source else 1.0), area)
    step = rules.get("step", 1)
    width, height = int(width) or size[0], int(height) or size[1]
    return max(step, width // step * step), max(step, height // step * step)


def clip_size(value: Value, inputs: list[Size], rules: Mapping[str, Any]) -> Size:
    """Return the frame size of a clip: its `resolution` in the shape of `aspect_ratio` or of the first input."""
    ratio = _ratio(value("aspect_ratio"))
    ratio = ratio or (inputs[0][0] / inputs[0][1] if inputs else 16 / 9)
    return resolution_size(str(value("resolution")), ratio, rules)


def resolution_size(name: str, ratio: float, rules: Mapping[str, Any]) -> Size:
    """Return the frame size of a named resolution, each side rounded to a multiple of `step` (documented: uhd)."""
    step, area = max(2, rules.get("step", 2)), _AREAS.get(name, _AREAS["hd"])
    ratio = _clamped(ratio)
    sides = math.sqrt(area * ratio), math.sqrt(area / ratio)
    width, height = (max(step, math.floor(side / step + 0.5) * step) for side in sides)
    return width, height


def check_size(size: Size, rules: Mapping[str, Any]) -> None:
    """Raise SizeError for a size beyond the mark ``x-bfl-output``, or larger than the emulator can draw."""
    if min(size) < 1 or max(size) > MAX_SIDE or math.prod(size) > MAX_PIXELS:
        raise SizeError(f"the emulator draws at most {MAX_PIXELS} pixels and {MAX_SIDE} a side")
    if math.prod(size) > rules.get("max-mp", math.inf) * MEGAPIXEL:
        raise SizeError(f"{size[0]}x{size[1]} pixels are more than {rules['max-mp']} megapixels")
    if max(size) > rules.get("max-ratio", math.inf) * min(size):
        raise SizeError(f"{size[0]}x{size[1]} pixels are longer than {rules['max-ratio']} to 1")


def _ratio(text: Any) -> float | None:
    """Return width to height for a text like 16:9, or None for any other value."""
    match = re.fullmatch(r"([1-9]\d{0,3}):([1-9]\d{0,3})", text) if isinstance(text, str) else None
    return int(match[1]) / int(match[2]) if match else None


def _shaped(ratio: float, area: int) -> Size:
    """Return the largest size with this ratio and at most this area, in whole steps."""
    ratio = _clamped(ratio)
    height = math.sqrt(area / ratio)
    # A hair more, so that the square root of a perfect square does not fall just short of its step.
    return max(_STEP, int(height * ratio + 1e-6) // _STEP * _STEP), max(_STEP, int(height + 1e-6) // _STEP * _STEP)


def _clamped(ratio: float) -> float:
    return min(max(ratio, 1 / _STEEPEST), _STEEPEST)
