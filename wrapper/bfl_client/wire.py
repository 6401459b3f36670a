"""One request and its answer, between the drivers and httpx: headers, limits, caps, and what a broken line means."""

from __future__ import annotations

import contextvars
import logging
import math
from collections.abc import Callable
from typing import Any

import httpx

from . import answers
from .errors import BFLError, DownloadError, TransportError
from .steps import Answer, Call, Fetch, Fetched
from .version import USER_AGENT

ANSWER_LIMIT = 8 * 1024**2
"""Bytes of an API answer that are read. A 422 may echo a whole picture; no other answer comes near."""

HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
"""Of every request."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
)

ours: contextvars.ContextVar[bool] = contextvars.ContextVar("bfl_client_request", default=False)
"""True while a flow of this package runs."""


class _HidePaths(logging.Filter):
    """Keeps polling URLs (capabilities) and signed URLs out of httpx's log of requests, for our requests alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        if ours.get() and isinstance(record.args, tuple):
            record.args = tuple(f"{a.scheme}://{a.host}/…" if isinstance(a, httpx.URL) else a for a in record.args)
        return True


_hide_paths = _HidePaths()


def headers_of(response: httpx.Response) -> dict[str, str]:
    """The answer's headers, names in lower case. A body that a test's transport has read already is decoded, too."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.is_stream_consumed:
        headers.pop("content-encoding", None)
    return headers


class Incoming:
    """An API answer as it arrives, piece by piece, up to the cap."""

    def __init__(self, response: httpx.Response) -> None:
        self._status = response.status_code
        self._headers = headers_of(response)
        self._key = response.request.headers.get("x-key", "").encode()
        self._pieces: list[bytes] = []
        self._size = 0

    def take(self, piece: bytes) -> bool:
        """Keep a piece; False once there is more than an answer needs."""
        self._size += len(piece)
        self._pieces.append(piece)
        return self._size <= ANSWER_LIMIT

    def answer(self) -> Answer:
        content, whole = b"".join(self._pieces)[:ANSWER_LIMIT], self._size <= ANSWER_LIMIT
        encoding = self._headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            content, complete = answers.inflate(content, encoding, ANSWER_LIMIT)
            whole = whole and complete
        if len(self._key) > 7:  # an answer that echoes the key must not carry it into a message
            content = content.replace(self._key, b"(the API key)")
        return Answer(self._status, self._headers, content, whole)


class Saving:
    """A download as it arrives: written to the sink, counted, and stopped at its limits."""

    def __init__(self, step: Fetch, response: httpx.Response, start: int, clock: Callable[[], float]) -> None:
        self.status = response.status_code
        self.headers = headers_of(response)
        self._step, self._clock = step, clock
        self.error: str | None = None
        self.wanted = self.status in (200, 206)
        if self.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            self.wanted, self.error = False, "it is compressed although it was asked for as it is"
        elif self.status == 206 and not self.headers.get("content-range", "").startswith(f"bytes {start}-"):
            self.wanted, self.error = False, "another part of it came than was asked for"
        elif self.status == 200:
            step.sink.seek(0)
            step.sink.truncate()

    def take(self, piece: bytes) -> bool:
        """Write a piece; False once a limit is passed."""
        _write(self._step, piece)
        if self._step.sink.tell() > self._step.limit:
            raise DownloadError(f"the download is longer than {self._step.limit:,} bytes; it was given up")
        if self._step.deadline is not None and self._clock() >= self._step.deadline:
            self.error = "it took too long"
        return self.error is None

    def outcome(self) -> Fetched:
        return Fetched(self.status, self.headers, self._step.sink.tell(), self.error)


def _write(step: Fetch, piece: bytes) -> None:
    try:
        step.sink.write(piece)
    except OSError as error:
        raise DownloadError(f"the download could not be written: {error.strerror or error}") from error


def lost(error: Exception, paid: bool) -> BFLError:
    """What a broken connection means for the caller."""
    # The real request, and the message of a hook's raise_for_status(), hold the key and the URL.
    if isinstance(error, httpx.RequestError | httpx.HTTPStatusError):
        error.request = httpx.Request("GET", "https://redacted.invalid")
    if isinstance(error, httpx.HTTPStatusError):
        error.response = httpx.Response(error.response.status_code, request=error.request)
        error.args = (f"HTTP {error.response.status_code}",)
    maybe = paid and not isinstance(error, _NEVER_SENT)
    told = "; it may have been carried out all the same, so it was not repeated" if maybe else ""
    return TransportError(f"no answer ({type(error).__name__}){told}", maybe_submitted=maybe)


def http_options(timeout: httpx.Timeout) -> dict[str, Any]:
    """Settings of an httpx client that follows no redirect and keeps no cookie; it holds no key either."""
    from http.cookiejar import CookieJar, DefaultCookiePolicy

    jar = CookieJar(DefaultCookiePolicy(allowed_domains=[]))  # takes no cookie from anyone
    # three seconds: a server that closes idle ones after five must not do so under a paid request
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=3.0)
    return {"timeout": timeout, "cookies": jar, "limits": limits, "follow_redirects": False}


class Wire:
    """What both drivers have in common: how requests are built.

    Args:
        own: the httpx client was made with `http_options`.
    """

    def __init__(self, auth: httpx.Auth | None, timeout: httpx.Timeout, own: bool = False) -> None:
        self.auth = auth
        self.timeout = timeout
        self._longest = max(math.inf if limit is None else limit for limit in timeout.as_dict().values())
        self._own = own
        logging.getLogger("httpx").addFilter(_hide_paths)  # adding it again changes nothing

    def headers(self, step: Call | Fetch) -> dict[str, str]:
        if isinstance(step, Fetch):
            start = step.sink.tell()
            resume = {"Range": f"bytes={start}-"} if start else {}
            return {**HEADERS, "Accept": "*/*", **resume}
        if step.body is None:
            return HEADERS
        return {**HEADERS, "Content-Type": "application/json", "Content-Length": str(step.body.length)}

    def request(
        self, http: httpx.Client | httpx.AsyncClient, step: Call | Fetch, method: str, body: Any, now: float
    ) -> httpx.Request:
        """The request for a step; what an httpx client of the caller's adds to it leads neither URL nor key astray."""
        url, timeout = httpx.URL(step.url), self.limits(step.deadline, now)
        if self._own:  # it has nothing to add, and asking it costs a tenth of the whole request
            limits = {"timeout": timeout.as_dict()}
            return httpx.Request(method, url, headers=self.headers(step), content=body, extensions=limits)
        request = http.build_request(method, url, headers=self.headers(step), content=body, timeout=timeout)
        request.url = url
        if isinstance(step, Fetch):
            for name in ("x-key", "authorization"):
                request.headers.pop(name, None)
        return request

    def limits(self, deadline: float | None, now: float) -> httpx.Timeout:
        """The timeouts of one request, none of them longer than the time left."""
        if deadline is None or deadline - now >= self._longest:
            return self.timeout
        left = max(deadline - now, 0.001)
        return httpx.Timeout(**{k: left if v is None else min(v, left) for k, v in self.timeout.as_dict().items()})
