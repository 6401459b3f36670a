"""Requests and replies as data: a request as it arrived, its JSON body, the same once it is valid, and the reply.

What cannot be read is refused with 422, never answered with 500.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.types import Scope

from .specification import Node, Operation, value_of

Location = tuple[str | int, ...]
Violation = dict[str, Any]

MAX_BODY = 72 * 1024 * 1024  # bytes; the service's own limit is not known, pictures of 20 MB are documented
MAX_DEPTH = 64  # levels of lists and objects; the deepest body of the specification has four
_LONGEST = 1000  # characters of a header, path or parameter that are recorded
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass(frozen=True)
class Reply:
    """A JSON body with its HTTP status and headers: it can be checked before it is sent."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """A request that is not carried out; the reply has `status` and the body ``{"detail": detail}``."""

    def __init__(self, status: int, detail: str | list[Violation]) -> None:
        super().__init__(status)
        self.reply = Reply({"detail": detail}, status)


def violation(kind: str, where: Location, message: str, value: Any, **context: Any) -> Violation:
    """Build one entry of a 422's list; like the service, it repeats the refused value in full."""
    entry: Violation = {"type": kind, "loc": list(where), "msg": message, "input": value}
    return {**entry, "ctx": context} if context else entry


@dataclass
class ReceivedRequest:
    """A request as it arrived, and the HTTP `status` of the reply once that has begun.

    `body` is its JSON with long strings shortened, or None; `headers` lack the key.
    """

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None
    status: int | None = None

    @classmethod
    def of(cls, scope: Scope, key_header: str) -> "ReceivedRequest":
        """Record an ASGI request without its body, and only the beginning of each long text."""
        secret = _SECRET | {key_header}
        headers = {name: "(redacted)" if name in secret else value for name, value in Headers(scope=scope).items()}
        query = dict(QueryParams(scope["query_string"]))
        return cls(scope["method"], scope["path"][:_LONGEST], shorten(query, _LONGEST), shorten(headers, _LONGEST))


@dataclass(frozen=True)
class ValidRequest:
    """A request that passed validation."""

    operation: Operation
    parameters: dict[str, Any]
    body: dict[str, Any]
    schema: Node  # the object schema that the body obeys
    listener: str | None = None  # which one it came to; None if all are one
    origins: Mapping[str, str] = field(default_factory=dict)  # base URLs for this client, by listener

    def value(self, name: str) -> Any:
        """Return a parameter of the body, or its default; None for one that the schema does not know."""
        return value_of(self.body, self.schema, name)


async def read_body(request: Request, *, keep: bool = True) -> bytes:
    """Read the body, at most MAX_BODY bytes. Raises Refusal (413) for more.

    Up to four times the limit is still received, though not kept, and so is a body that is not to be kept: a client
    that is cut off while it sends never sees the reply.
    """
    kept, size = bytearray(), 0
    async for piece in request.stream():
        size += len(piece)
        if keep and size <= MAX_BODY:
            kept += piece
        elif size > 4 * MAX_BODY:
            break
    if keep and size > MAX_BODY:
        raise Refusal(413, f"Request body is larger than {MAX_BODY} bytes")
    return bytes(kept)


def parse(raw: bytes, content_type: str) -> Any:
    """Return the JSON value of a body, or None for an empty one. Raises Refusal (422) unless it is well-formed JSON."""
    if not raw:
        return None
    if not _is_json(content_type):
        message = "Input should be a valid dictionary or object to extract fields from"
        raise Refusal(422, [violation("model_attributes_type", ("body",), message, raw.decode(errors="replace"))])
    try:
        value = json.loads(raw.decode(), parse_constant=_not_json)
    except RecursionError:
        raise Refusal(422, [_unreadable(0, "Nested too deeply")]) from None
    except UnicodeDecodeError as error:
        raise Refusal(422, [_unreadable(error.start, "Not UTF-8")]) from None
    except json.JSONDecodeError as error:
        raise Refusal(422, [_unreadable(error.pos, error.msg)]) from None
    except ValueError as error:  # NaN, Infinity, or an integer with more digits than Python converts
        raise Refusal(422, [_unreadable(0, str(error))]) from None
    if found := _unusable(value):
        raise Refusal(422, [found])
    return value


def shorten(value: Any, longest: int = 200, most: int = 200) -> Any:
    """Copy a JSON value for the record: at most `most` values, and `longest` characters of each string."""
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


def _unreadable(position: int, reason: str) -> Violation:
    return violation("json_invalid", ("body", position), "JSON decode error", {}, error=reason)


def _unusable(document: Any) -> Violation | None:
    """Find what the parser accepts and nothing after it can handle: lone surrogates, infinities, deep nesting."""
    pending: list[tuple[Any, Location]] = [(document, ("body",))]
    while pending:
        value, where = pending.pop()
        if len(where) > MAX_DEPTH:
            return _unreadable(0, "Nested too deeply")
        if isinstance(value, str) and not value.isascii() and value != _encoded(value):
            message = "Input should be a valid string, unable to parse raw data as a unicode string"
            return violation("string_unicode", where, message, _encoded(value))
        if isinstance(value, float) and not math.isfinite(value):
            return violation("finite_number", where, "Input should be a finite number", str(value))
        if isinstance(value, list):
            pending.extend((item, (*where, index)) for index, item in enumerate(value))
        elif isinstance(value, dict):
            pending.extend((key, (*where, _encoded(key))) for key in value)
            pending.extend((item, (*where, _encoded(key))) for key, item in value.items())
    return None


def _encoded(text: str) -> str:
    """Return the text as UTF-8 can carry it, with question marks for lone surrogates."""
    return text.encode(errors="replace").decode()
