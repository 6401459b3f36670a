"""What a request may cost at most, as far as the specification's price marks tell: held back from a budget.

What is counted in the end is the ``cost`` of the answers. The marks (``x-bfl-price``: `per` picture, megapixel or
second, `credits`, and `further` for each megapixel after the first) are documented or measured; see the overlay.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from bfl_api import specification
from bfl_api.table import ENDPOINTS

from . import inputs

MEGAPIXEL = 1024 * 1024  # pixels; what the service counts as one (recorded 2025-12)
LARGEST_INPUT = 4.0  # megapixels that a picture sent along is counted with, at most
Schema = Mapping[str, Any]


def estimate(endpoint: str, body: Mapping[str, Any]) -> float | None:
    """Credits that a request costs at most, or None where the marks do not tell."""
    mark = _mark(endpoint, body.get("mode"))
    if mark is None:
        return None
    rate = _rate(mark, endpoint, body)
    if mark["per"] == "picture":
        return rate
    if mark["per"] == "megapixel":
        return rate + float(mark.get("further", 0.0)) * _further(endpoint, body)
    if mark["per"] == "second":
        length = _value(endpoint, body, "duration")
        return rate * length if isinstance(length, int | float) else None
    return None


def _further(endpoint: str, body: Mapping[str, Any]) -> float:
    """Megapixels after the first, of the picture and of those sent along."""
    pictures = sum(
        len(value) if isinstance(value, list) else 1 for name, value in body.items() if name in inputs.media(endpoint)
    )
    width, height = _value(endpoint, body, "width"), _value(endpoint, body, "height")
    if isinstance(width, int | float) and isinstance(height, int | float) and width and height:
        made = width * height / MEGAPIXEL
    else:
        made = LARGEST_INPUT if pictures else 1.0
    return max(0.0, made - 1) + LARGEST_INPUT * pictures


def _rate(mark: Schema, endpoint: str, body: Mapping[str, Any]) -> float:
    rates = mark["credits"]
    if body.get("draft") is True and "draft" in mark:
        rates = mark["draft"]
    if not isinstance(rates, Mapping):
        return float(rates)
    by = {str(name): float(rate) for name, rate in rates.items()}
    return by.get(str(_value(endpoint, body, mark["by"])), max(by.values()))


def _value(endpoint: str, body: Mapping[str, Any], name: str) -> Any:
    given = body.get(name)
    return inputs.properties(endpoint).get(name, {}).get("default") if given is None else given


@lru_cache(maxsize=64)
def _mark(endpoint: str, mode: Any) -> Schema | None:
    """The price mark of the body's branch, else of the operation; of several branches the dearest."""
    whole = specification.load()
    known = ENDPOINTS[endpoint]
    schema = whole["components"]["schemas"].get(known.schema, {})
    branches = [each["$ref"].rpartition("/")[2] for each in schema.get("oneOf", []) if "$ref" in each]
    chosen = schema.get("discriminator", {}).get("mapping", {}).get(mode, "").rpartition("/")[2]
    marks = [whole["components"]["schemas"][name].get("x-bfl-price") for name in ([chosen] if chosen else branches)]
    found = [mark for mark in marks if mark] or [whole["paths"][known.path]["post"].get("x-bfl-price")]
    mark: Schema | None = max(filter(None, found), key=_dearest, default=None)
    return mark


def _dearest(mark: Schema) -> float:
    rates = mark["credits"]
    return max(map(float, rates.values())) if isinstance(rates, Mapping) else float(rates)
