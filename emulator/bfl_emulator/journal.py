"""What arrived at the emulator, for tests that ask what their application really sent."""

from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from .payload import shorten

_LONGEST = 1000  # characters of a header, path or parameter that are kept
_SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})


@dataclass
class ReceivedRequest:
    """One request as it arrived: `body` is its JSON, long strings shortened, or None; `headers` do not hold the key."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any = None

    @classmethod
    def of(cls, scope: Scope, key_header: str) -> "ReceivedRequest":
        """Take down an ASGI request, except its body; of each long text the beginning."""
        secret = _SECRET | {key_header}
        headers = {name: "(redacted)" if name in secret else value for name, value in Headers(scope=scope).items()}
        query = dict(QueryParams(scope["query_string"]))
        return cls(scope["method"], scope["path"][:_LONGEST], shorten(query, _LONGEST), shorten(headers, _LONGEST))
