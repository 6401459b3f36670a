"""Checks what a rule of a script says, when it is made: when its turn comes it is too late to complain."""

import json
import re
from collections.abc import Mapping
from typing import Any

from .hosts import LISTENERS

OPERATIONS = ("submit", "poll", "download", "webhook", "utility")
_MOMENTS = ("before-reading", "after-reading", "after-answering")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ([^\s\0]([^\r\n\0]*[^\s\0])?)?")


def check_place(place: dict[str, Any]) -> dict[str, Any]:
    """Check what a rule says of where it applies. Raises ValueError."""
    for key, known in (("operation", OPERATIONS), ("listener", LISTENERS)):
        if place.get(key) is not None and place[key] not in known:
            raise ValueError(f"unknown {key} {place[key]!r}; there are {', '.join(known)}")
    if not isinstance(place.get("endpoint"), str | None):
        raise ValueError(f"an endpoint is a name or a pattern, not {place['endpoint']!r}")
    if (nth := place.get("nth")) is not None:
        given = nth if isinstance(nth, list | tuple | set | frozenset | range) else [nth]
        if not given or not all(isinstance(number, int) and number > 0 for number in given):
            raise ValueError(f"nth counts from 1, it cannot be {nth!r}")
        place = {**place, "nth": frozenset(given)}
    if not 0 <= _number(float, "probability", place.get("probability", 1.0)) <= 1:
        raise ValueError(f"a probability is between 0 and 1, not {place['probability']!r}")
    if place.get("times") is not None:
        place = {**place, "times": _number(int, "times", place["times"])}
    if "between" in place:
        if not isinstance(between := place["between"], list | tuple) or len(between) != 2:
            raise ValueError(f"between takes two numbers of seconds, not {between!r}")
        first, last = (_number(float, "between", float("inf") if end is None else end) for end in between)
        place = {**place, "between": (first, last)}
    return place


def _number(kind: type[int] | type[float], name: str, value: Any) -> float:
    try:
        if (number := kind(value)) >= 0 and not isinstance(value, bool):
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name} must be a number of at least 0, not {value!r}")


def check_options(fault: str, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> None:
    """Check what a rule says of its fault. Raises ValueError."""
    for name, default in defaults.items():
        _check_option(name, default, options[name])
    if fault == "reset" and options["when"] not in _MOMENTS:
        raise ValueError(f"a reset is {', '.join(_MOMENTS)}, not {options['when']!r}")
    if fault in ("answer", "html", "redirect") and not 200 <= int(options["status"]) <= 599:
        raise ValueError(f"an HTTP status is between 200 and 599, not {options['status']!r}")
    if fault == "outcome" and options["code"] not in (200, 422, 503):
        raise ValueError(f"an outcome comes with the HTTP status 200, 422 or 503, not {options['code']!r}")
    if fault == "bomb" and options["encoding"] not in ("gzip", "deflate"):
        raise ValueError(f"a bomb is gzip or deflate, not {options['encoding']!r}")


def _check_option(name: str, default: Any, value: Any) -> None:
    """Check that a value can be sent when its turn comes: a header, a number, JSON. Raises ValueError."""
    if name == "headers" and not (isinstance(value, Mapping) and all(map(_is_header, value.items()))):
        raise ValueError(f"headers must be names with values of one line, not {value!r}")
    if isinstance(default, str) and not isinstance(value, str):
        raise ValueError(f"{name} must be text, not {value!r}")
    if name == "location" and not _is_header((name, value)):
        raise ValueError(f"{name} must be one line of text, not {value!r}")
    if isinstance(default, int | float) or (name == "bytes" and value is not None):
        _number(float if isinstance(default, float) else int, name, value)
    if name in ("body", "details"):
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(f"{name} must be text or JSON") from None


def _is_header(pair: tuple[Any, Any]) -> bool:
    name, value = pair
    return isinstance(name, str) and _HEADER.fullmatch(f"{name}: {value}") is not None
