"""Reads the JSON body of a request, within limits, and refuses what cannot be read: with 422, never with 500."""

import json
import math
from typing import Any, NoReturn

from starlette.requests import Request

from .refusals import Fault, Location, Refusal, fault

MAX_BODY = 72 * 1024 * 1024  # bytes; the service's own limit is not known, pictures of 20 MB are documented
MAX_DEPTH = 64  # levels of lists and objects; the deepest body of the specification has four


async def read_body(request: Request) -> bytes:
    """Read the body, at most MAX_BODY bytes of it; more is a Refusal with 413.

    What is too much is still received, up to four times the limit, but not kept: a client that is cut off while it
    sends never sees the answer.
    """
    kept, size = bytearray(), 0
    async for piece in request.stream():
        size += len(piece)
        if size <= MAX_BODY:
            kept += piece
        elif size > 4 * MAX_BODY:
            break
    if size > MAX_BODY:
        raise Refusal(413, f"Request body is larger than {MAX_BODY} bytes")
    return bytes(kept)


def parse(raw: bytes, content_type: str) -> Any:
    """Return the JSON value of a body, or None without one. Raises Refusal (422) for what is not well-formed JSON."""
    if not raw:
        return None
    if not _is_json(content_type):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise Refusal(422, [fault("model_attributes_type", ("body",), message, raw.decode(errors="replace"))])
    try:
        value = json.loads(raw.decode(), parse_constant=_not_json)
    except RecursionError:
        raise Refusal(422, [_unreadable(0, "Nested too deeply")]) from None
    except UnicodeDecodeError as error:
        raise Refusal(422, [_unreadable(error.start, "Not UTF-8")]) from None
    except json.JSONDecodeError as error:
        raise Refusal(422, [_unreadable(error.pos, error.msg)]) from None
    except ValueError as error:  # an integer of more digits than Python converts, NaN or Infinity
        raise Refusal(422, [_unreadable(0, str(error))]) from None
    if flaw := _flaw(value):
        raise Refusal(422, [flaw])
    return value


def shorten(value: Any, longest: int = 200, most: int = 200) -> Any:
    """Copy a JSON value for the record: at most so many values, and of long strings so many characters and a note."""
    left = most

    def copy(value: Any) -> Any:
        nonlocal left
        left -= 1
        if isinstance(value, str) and len(value) > longest:
            return f"{value[:longest]}... ({len(value)} characters)"
        if isinstance(value, dict):
            return {shorten(key, longest): copy(item) for key, item in value.items() if left > 0}
        if isinstance(value, list):
            return [copy(item) for item in value if left > 0]
        return value

    return copy(value)


def _is_json(content_type: str) -> bool:
    main, _, subtype = content_type.partition(";")[0].strip().lower().partition("/")
    return main == "application" and (subtype == "json" or subtype.endswith("+json"))


def _not_json(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _unreadable(position: int, reason: str) -> Fault:
    return fault("json_invalid", ("body", position), "JSON decode error", {}, error=reason)


def _flaw(document: Any) -> Fault | None:
    """Find what the parser lets pass and nothing after it can handle: lone surrogates, infinities, deep nests."""
    pending: list[tuple[Any, Location]] = [(document, ("body",))]
    while pending:
        value, where = pending.pop()
        if len(where) > MAX_DEPTH:
            return _unreadable(0, "Nested too deeply")
        if isinstance(value, str) and not _encodable(value):
            message = "Input should be a valid string, unable to parse raw data as a unicode string"
            return fault("string_unicode", where, message, _mended(value))
        if isinstance(value, float) and not math.isfinite(value):
            return fault("finite_number", where, "Input should be a finite number", str(value))
        if isinstance(value, list):
            pending.extend((item, (*where, index)) for index, item in enumerate(value))
        elif isinstance(value, dict):
            pending.extend((key, (*where, _mended(key))) for key in value)
            pending.extend((item, (*where, _mended(key))) for key, item in value.items())
    return None


def _encodable(text: str) -> bool:
    return text.isascii() or text == _mended(text)


def _mended(text: str) -> str:
    return text.encode(errors="replace").decode()
