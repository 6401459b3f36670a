"""Signed sample URLs that expire (``se=``, ``sig=``: recorded 2025-08), and the answer to a request for one."""

import base64
import hashlib
import hmac
import math
import re
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.responses import Response

from .refusals import Refusal

PREFIX = "/delivery"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


class Signer:
    """Signs paths together with the second at which they expire, with a secret of its own."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def sign(self, path: str, expires: float) -> str:
        """Return the path with its signature, valid until `expires` (seconds since 1970, rounded up to a whole one)."""
        until = datetime.fromtimestamp(math.ceil(expires), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{path}?{urlencode({'se': until, 'sp': 'r', 'sig': self._signature(path, until)})}"

    def verify(self, path: str, query: Mapping[str, str], now: float) -> None:
        """Raise Refusal (403) if the signature is missing, not made for this path and expiry, or expired at `now`."""
        until = query.get("se", "")
        if not hmac.compare_digest(query.get("sig", "").encode(), self._signature(path, until).encode()):
            raise Refusal(403, "The signature of this URL is not valid")
        if now >= datetime.strptime(until, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp():
            raise Refusal(403, f"This URL expired at {until}")

    def _signature(self, path: str, until: str) -> str:
        digest = hmac.digest(self._secret, f"{path}\n{until}".encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()


def file_response(content: bytes, content_type: str, tag: str, headers: Mapping[str, str]) -> Response:
    """Answer with a file or, on request, a part of it, so that an interrupted download can be taken up again.

    `tag` names the content; a range is honoured unless ``If-Range`` names another one.
    """
    described = {"Accept-Ranges": "bytes", "ETag": f'"{tag}"'}
    wanted = _RANGE.fullmatch(headers.get("range", ""))
    if wanted is None or not (wanted[1] or wanted[2]) or headers.get("if-range", f'"{tag}"') != f'"{tag}"':
        return Response(content, media_type=content_type, headers=described)
    total = len(content)
    if wanted[1]:
        first, last = int(wanted[1]), min(int(wanted[2] or total), total - 1)
    else:
        first, last = max(total - int(wanted[2]), 0), total - 1
    if first > last:
        return Response(status_code=416, headers={**described, "Content-Range": f"bytes */{total}"})
    described["Content-Range"] = f"bytes {first}-{last}/{total}"
    return Response(content[first : last + 1], 206, media_type=content_type, headers=described)
