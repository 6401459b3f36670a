"""What an answer means: from its bytes, however malformed, to updates, handles and errors."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from . import errors
from .errors import Remedy, shorten
from .steps import Answer

_KEEP_HANDLE = Remedy("keep what Task.to_dict() returns", "handle")
READY = "Ready"
_ESCAPED = r"\\|&#|%"  # compiled when first used, not at each import
HIDDEN = "(the API key)"
"""What stands in an answer in place of the key."""
NOT_FOUND = "Task not found"
_ENDED: dict[str, type[errors.TaskError]] = {
    "Error": errors.GenerationFailed,
    "Failed": errors.GenerationFailed,  # not in the published enum, but in every documented sample
    "No Card Generated": errors.GenerationFailed,  # a production client treats it as final (2026-10)
    "Request Moderated": errors.RequestModerated,
    "Content Moderated": errors.ContentModerated,
    NOT_FOUND: errors.TaskNotFound,
}
RUNNING = frozenset({"Pending", "Reasoning", "Generating", "Queued", "Uploading", "Processing"})
"""Statuses known to mean "still running": published ones, and those that production clients handle."""

_REFUSALS: dict[int, type[errors.APIError]] = {
    400: errors.InvalidRequestError,
    401: errors.AuthenticationError,
    402: errors.InsufficientCreditsError,
    403: errors.AuthenticationError,
    404: errors.NotFoundError,
    422: errors.InvalidRequestError,
    429: errors.RateLimitError,
}
_LONGEST_RETRY_AFTER = 3600.0  # seconds; anything longer is a mistake, and policy clamps it further


class Update(NamedTuple):
    """The state of a task, as reported by a poll or a webhook.

    Attributes:
        status: the service's status, such as ``"Pending"`` or ``"Ready"``; new ones may appear at any time.
        progress: 0 to 1, where the endpoint reports it.
        details: what the service says about a refusal or failure: an object, a string or None.
        preview: a preview object, if there is one (none seen so far).
        raw: the whole answer.
    """

    status: str
    progress: float | None
    details: Any
    preview: Any
    raw: dict[str, Any]

    def __repr__(self) -> str:  # raw contains a signed URL once the task is ready
        return f"Update(status={shorten(self.status, 60)!r}, progress={self.progress!r})"

    @property
    def ended(self) -> bool:
        """True if the status is final."""
        return self.status == READY or self.status in _ENDED

    @property
    def doubtful(self) -> bool:
        """True for an answer that may be wrong: "Task not found", or "Ready" without a sample."""
        ready = self.status == READY and not isinstance(self.result.get("sample"), str)
        return ready or self.status == NOT_FOUND

    @property
    def result(self) -> dict[str, Any]:
        """The ``result`` object; empty where there is none."""
        result = self.raw.get("result")
        return result if isinstance(result, dict) else {}

    def part(self, name: str) -> str:
        """The URL of a part of the result, such as ``sample``. Raises DownloadError if there is none."""
        url = self.result.get(name)
        if not isinstance(url, str):
            raise errors.DownloadError(f"the result has no {name}")
        return url

    @property
    def cost(self) -> float | None:
        """Credits settled for the task (video endpoints say so on the last poll)."""
        return number(self.raw.get("cost"))


class Handle(NamedTuple):
    """What is needed to resume a paid task, even in another process; `to_dict` makes JSON of it.

    Attributes:
        raw: the whole answer to the submit, with its polling URL; None for a task that was resumed.
    """

    id: str
    polling_url: str | None
    endpoint: str | None
    submitted_at: datetime
    cost: float | None
    input_mp: float | None = None
    output_mp: float | None = None
    raw: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, answer: Mapping[str, Any], endpoint: str | None) -> Handle:
        """The handle of a task, from the answer to its submit.

        Raises ConfigurationError if the id, the polling URL or the endpoint is not a string.
        """
        task_id, polling_url = answer.get("id"), answer.get("polling_url")
        optional = isinstance(polling_url, str | None) and isinstance(endpoint, str | None)
        if not isinstance(task_id, str) or not optional:
            raise errors.ConfigurationError("a task's id, polling_url and endpoint must be strings")
        cost, input_mp, output_mp = (number(answer.get(name)) for name in ("cost", "input_mp", "output_mp"))
        return cls(task_id, polling_url, endpoint, datetime.now(UTC), cost, input_mp, output_mp, answer)

    @classmethod
    def from_dict(cls, handle: Mapping[str, Any]) -> Handle:
        """The handle that `to_dict` wrote; raises ConfigurationError if it is not one."""
        from dateutil import parser  # only a resumed task needs it

        try:
            found = cls.of(handle, handle.get("endpoint"))._replace(raw=None)
            if handle.get("submitted_at") is None:
                return found
            moment = parser.isoparse(handle["submitted_at"])
            return found._replace(submitted_at=moment if moment.tzinfo else moment.replace(tzinfo=UTC))
        except (ValueError, TypeError, AttributeError, LookupError, OverflowError) as error:
            raise errors.ConfigurationError("this is not a task handle", _KEEP_HANDLE) from error

    def to_dict(self) -> dict[str, Any]:
        """The handle as plain JSON values, with the polling URL and never the key."""
        values = self._asdict() | {"submitted_at": self.submitted_at.isoformat()}
        return {name: values[name] for name in ("id", "polling_url", "endpoint", "submitted_at", "cost")}

    def __repr__(self) -> str:  # without its polling URL, which is a capability
        return f"Handle(id={shorten(self.id, 60)!r}, endpoint={self.endpoint!r})"


def number(value: Any) -> float | None:
    """The value as a finite float, or None if it is not one."""
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain and abs(value) < 1e300 else None


def parse_json(answer: Answer) -> Any:
    """The answer's JSON, or None if it is not JSON, was cut, or is nested too deeply."""
    if not answer.whole:
        return None
    try:
        return decoded(answer.content)
    except (ValueError, RecursionError):
        return None


def decoded(content: bytes) -> Any:
    """The value of JSON. Raises ValueError or RecursionError if it is not JSON, or is nested too deeply."""
    return _DECODER.decode(content.decode(json.detect_encoding(content), "surrogatepass"))


def without(content: bytes, key: str) -> bytes:
    """An answer's content without the key, even if it is escaped (as in JSON, HTML or URLs) or in UTF-16."""
    encoding = json.detect_encoding(content) if b"\0" in content else "latin-1"
    try:
        text = content.decode(encoding, "surrogatepass")
    except ValueError:
        encoding, text = "latin-1", content.decode("latin-1")
    found = text.replace(key, HIDDEN)
    if re.search(_ESCAPED, found):
        found = _escaped(key).sub(rf"\1{HIDDEN}", found)
    if found != text:
        content = found.encode(encoding, "surrogatepass")
    for wide in ("utf-16-le", "utf-16-be") if encoding == "latin-1" and b"\0" in content else ():
        content = content.replace(key.encode(wide), HIDDEN.encode(wide))
    return content


@lru_cache(maxsize=4)
def _escaped(key: str) -> re.Pattern[str]:
    """The key with some characters escaped, after any pairs of backslashes, which stand for backslashes."""
    ways = [rf"(?:\\?{re.escape(c)}|(?i:(?:\\u00|%){ord(c):02x}|&#(?:0*{ord(c)}|x0*{ord(c):x});))" for c in key]
    return re.compile(rf"(?<!\\)((?:\\\\)*){''.join(ways)}")


def _integer(digits: str) -> int | float:
    # Python refuses to parse integers of thousands of digits: a task's id must not be lost to one beside it
    return int(digits) if len(digits) < 100 else float(digits[:305])


_DECODER = json.JSONDecoder(parse_int=_integer)


def update_of(value: Any) -> Update | None:
    """An answer's JSON as an update if it contains a status, whatever its HTTP code: failures come as 503 and 422."""
    if not isinstance(value, dict):
        return None
    status = value.get("status", value.get("state"))  # production clients accept both keys
    if not isinstance(status, str) or not status:
        return None
    return Update(status, number(value.get("progress")), value.get("details"), value.get("preview"), value)


def task_error(update: Update) -> errors.TaskError | None:
    """The error for a task that ended without a result; None if it is ready or still running."""
    if update.status == READY:
        if not update.doubtful:
            return None
        reason = "the task is Ready, but its answer has no sample URL"
        return errors.GenerationFailed(reason, status=READY, details=update.details, cost=update.cost)
    kind = _ENDED.get(update.status)
    if kind is None:
        return None
    reasons = f": {_reasons(update.details)}" if update.details else ""
    return kind(f"{update.status}{reasons}", status=update.status, details=update.details, cost=update.cost)


def _reasons(details: Any) -> str:
    if isinstance(details, dict):
        return shorten("; ".join(f"{key}: {_listed(value)}" for key, value in list(details.items())[:5]))
    return errors.in_a_line(details)


def _listed(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def api_error(answer: Answer, *, paid: bool = False) -> errors.APIError:
    """The error for an answer that is not a success."""
    value = parse_json(answer)
    detail = value.get("detail", value.get("details")) if isinstance(value, dict) else None
    if detail is None and not answer.whole:
        detail = "the answer was too long to be read"
    kind = _REFUSALS.get(answer.status, errors.ServerError if answer.status >= 500 else errors.APIError)
    if answer.status == 422 and isinstance(detail, str) and "api key" in detail.lower():
        kind = errors.AuthenticationError  # how the service refuses a malformed key (recorded)
    maybe = paid and answer.status >= 500 and not sheds_load(answer)
    error = kind(answer.status, detail, retry_after=retry_after(answer.headers), maybe_submitted=maybe)
    error.headers = said(answer)
    return error


def said(answer: Answer) -> dict[str, str]:
    """The headers of an answer that may be shown: without cookies, URLs, and those that describe the body alone."""
    hidden = r"(set-)?cookie|(content-)?location|link|refresh|content-(length|encoding)|transfer-encoding"
    return {
        name: value[:1000]
        for name, value in answer.headers.items()
        if not re.fullmatch(hidden, name) and "://" not in value
    }


def sheds_load(answer: Answer) -> bool:
    """True for a 503 that says it sheds load: the request was certainly not carried out."""
    return (
        answer.status == 503
        and re.search(rb"\bshed(s|ding)?\b|over capacity", answer.content[:4096], re.IGNORECASE) is not None
    )


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that ``Retry-After`` asks to wait, between 0 and 3600, or None. Digits first, else an HTTP date."""
    text = headers.get("retry-after", "").strip()[:64]
    if re.fullmatch(r"[0-9]+(\.[0-9]*)?", text):
        return min(float(text), _LONGEST_RETRY_AFTER)
    if not re.search(r"[A-Za-z]{3}", text):  # a date names its month; the parser would accept less
        return None
    wanted, sent = _timestamp(text), _timestamp(headers.get("date", "")[:64])
    if wanted is None:
        return None
    return min(max(wanted - (time.time() if sent is None else sent), 0.0), _LONGEST_RETRY_AFTER)


def _timestamp(text: str) -> float | None:
    from dateutil import parser  # only a few answers carry a date

    try:
        moment = parser.parse(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except Exception:  # the parser raises more than it documents, and the text is untrusted
        return None


def inflate(content: bytes, encoding: str, limit: int) -> tuple[bytes, bool]:
    """The bytes of an answer that came compressed although plain was requested, and whether they are complete.

    A proxy may compress an answer, and the id of a paid task must not be lost. Returns at most `limit` bytes.
    """
    if encoding.strip().lower() not in ("gzip", "x-gzip", "deflate"):
        return b"", False
    inflater = zlib.decompressobj(wbits=47)  # detects gzip and zlib
    try:
        return inflater.decompress(content, limit), inflater.eof and not inflater.unused_data
    except zlib.error:
        return b"", False
