"""Every error that leaves this package.

```
BFLError
├── ConfigurationError            no key, a bad base_url, waiting where nothing can be polled
├── ConstraintError               refused before sending; .violations lists every violation
├── TransportError                the connection failed; .maybe_submitted
├── APIError                      .status_code .detail .retry_after .maybe_submitted
│   ├── InvalidRequestError       400, 422
│   ├── AuthenticationError       401, 403
│   ├── InsufficientCreditsError  402
│   ├── NotFoundError             404
│   ├── RateLimitError            429
│   └── ServerError               5xx
├── UntrustedURLError             a URL in an answer names a host that is not allowed
├── TaskError                     a task that ended without a result; .status .details .cost
│   ├── RequestModerated          the input was refused: do not resend it unchanged
│   ├── ContentModerated          the output was refused
│   ├── GenerationFailed          the service failed: worth one more submit
│   ├── TaskNotFound              the service does not know the id at this polling URL
│   └── TaskTimeout               the deadline passed; the task may still finish
├── DownloadError                 .expired .unwritable
└── WebhookError                  a webhook that does not verify
```

Every error has a ``message``, what happened, and a ``remedy``, what to do next. One that is raised after a task was
created carries ``task_id`` and ``polling_url``, so a paid task can always be resumed with
``client.task(error.task_id, error.polling_url)``. Neither the polling URL (whoever has it can read the task) nor the
key appears in a message or a repr.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

_URL = r"(https?://)(?:[^/\s@'\"]*@)?([^/\s?#'\"]{1,100})[^\s'\"]*"  # compiled when first used, not at each import
_REQUEST_IDS = ("x-request-id", "request-id", "x-correlation-id", "x-ms-request-id", "x-amzn-trace-id", "cf-ray")
SHOWN = 200  # characters of a foreign value that a message may carry


def in_line(text: object) -> str:
    """A path as one line, without characters that move the cursor; bytes of it that are not UTF-8 stay."""
    long = str(text)[:5000]  # no system has longer paths
    kept = (c if c.isprintable() or "\udc80" <= c <= "\udcff" else "\N{REPLACEMENT CHARACTER}" for c in long)
    return "".join(kept)


def shorten(value: object, limit: int = SHOWN) -> str:
    """The value as one line of at most `limit` characters, in which URLs show their host only: they may be signed."""
    try:
        text = value if isinstance(value, str) else repr(value)
    except Exception:  # nested too deeply for repr, or the value's own repr fails
        text = f"<{type(value).__name__}>"
    text = re.sub(_URL, r"\1\2/…", text[: 10 * limit])
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text[: limit + 1])
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Remedy(str):
    """What to do next, in the words of a Python program; empty if there is nothing to do.

    Attributes:
        action: a stable name from which a front end chooses its own words, such as ``"check-credits"``.
        facts: the values that those words need, such as the nearest parameter name.
    """

    action: str
    facts: dict[str, Any]

    def __new__(cls, text: str = "", action: str = "", **facts: Any) -> Remedy:
        """Make a remedy from its words, its action and its facts."""
        self = super().__new__(cls, text)
        self.action, self.facts = action, facts
        return self

    def __getnewargs_ex__(self) -> Any:
        return (str(self), self.action), self.facts


NOTHING = Remedy()
CHECK_CREDITS = Remedy(
    "it may have been carried out, so it was not repeated: check your credits before you repeat it", "check-credits"
)


class BFLError(Exception):
    """The root of all errors of this package.

    Attributes:
        remedy: what to do next.
        task_id: id of the task the error belongs to, once there is one.
        polling_url: where that task is polled. A capability: do not log it.
        headers: of the answer that refused a request or could not be read, names in lower case, without cookies and
            URLs; empty if there was no answer.
    """

    task_id: str | None = None
    polling_url: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})
    _REMEDY = NOTHING  # of an error that is made without one

    def __init__(self, message: str = "", remedy: Remedy = NOTHING, **facts: Any) -> None:
        """Make an error from what happened, what to do next, and values for the attributes of its class."""
        super().__init__(message)
        usual = remedy if remedy or remedy.action else self._REMEDY
        self.remedy = CHECK_CREDITS if facts.get("maybe_submitted") else usual
        self.__dict__.update(facts)

    @property
    def message(self) -> str:
        """What happened, without the remedy."""
        return str(self.args[0]) if self.args else ""

    @property
    def request_id(self) -> str | None:
        """The id that the service or a proxy gave the request, to name to its support; None if no header has one."""
        return next((self.headers[name] for name in _REQUEST_IDS if name in self.headers), None)

    def __str__(self) -> str:
        return f"{self.message}; {self.remedy}" if self.remedy else self.message

    def __reduce__(self) -> Any:  # errors can be pickled, with all their attributes
        return _restored, (type(self), self.args, self.__dict__)


def _restored(kind: type[BFLError], args: tuple[Any, ...], state: dict[str, Any]) -> BFLError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error


class ConfigurationError(BFLError):
    """The client cannot work as configured; the message says what to set."""


class Violation(NamedTuple):
    """One reason why a request was refused before it was sent.

    Attributes:
        field: path of the parameter, such as ``width`` or ``keyframes[0][1]``; empty for the whole body.
        value: the offending value, shortened; empty where nothing was given.
        message: what is wrong, or what would be accepted.
        remedy: what to do about it.
    """

    field: str
    value: str
    message: str
    remedy: Remedy = NOTHING

    def text(self, remedy: str) -> str:
        """The violation in one line, with the remedy in a front end's own words."""
        given = f" (got {self.value})" if self.value else ""
        return f"{self.field or 'request'}: {self.message}{remedy and f'; {remedy}'}{given}"

    def __str__(self) -> str:
        return self.text(self.remedy)


class ConstraintError(BFLError):
    """The request breaks the specification, or cannot be sent at all; nothing was sent and nothing is paid.

    Attributes:
        endpoint: name of the endpoint.
        violations: every violation found, not only the first.
    """

    def __init__(self, endpoint: str, violations: Sequence[Violation], remedy: Remedy = NOTHING) -> None:
        self.endpoint, self.violations = shorten(endpoint, 80), tuple(violations)
        super().__init__(f"{self.endpoint} refuses this request; nothing was sent", remedy)

    def __str__(self) -> str:
        lines = [*map(str, self.violations), *([self.remedy] if self.remedy else [])]
        return f"{self.message}:" + "".join(f"\n  {line}" for line in lines)

    def _render_traceback_(self) -> list[str]:
        """Lines that a notebook shows in place of a traceback: the mistake is in the call, not in this package."""
        return f"{type(self).__name__}: {self}".split("\n")


class TransportError(BFLError):
    """The connection failed, or the answer could not be read.

    Attributes:
        maybe_submitted: True if a paid POST may have been carried out nevertheless. The client never repeats such a
            request by itself; check your credits before you do.
        lasting: True if repeating the request cannot help: a certificate, a proxy or a name must be corrected first.
    """

    maybe_submitted: bool = False
    lasting: bool = False


class APIError(BFLError):
    """The service answered with an error.

    Attributes:
        status_code: the HTTP status.
        detail: the service's own ``detail``, a string or a list; it may echo the whole input. None if there was none.
        retry_after: seconds the service asks to wait, if it said so.
        maybe_submitted: True if this answered a paid POST that may have been carried out nevertheless (a 5xx).
    """

    maybe_submitted: bool = False

    def __init__(
        self, status_code: int, detail: Any = None, *, retry_after: float | None = None, maybe_submitted: bool = False
    ) -> None:
        self.status_code, self.detail, self.retry_after = status_code, detail, retry_after
        super().__init__(f"HTTP {status_code}: {in_a_line(detail)}", maybe_submitted=maybe_submitted)


class InvalidRequestError(APIError):
    """400 or 422: the service refuses the request."""


class AuthenticationError(APIError):
    """401, 403, or 422 for a malformed key: the key is missing or wrong (recorded: a wrong key gives 403)."""

    _REMEDY = Remedy("check BFL_API_KEY, or what was passed as api_key=", "check-key")


class InsufficientCreditsError(APIError):
    """402: the account has too few credits."""

    _REMEDY = Remedy("add credits; client.credits() returns what is left", "add-credits")


class NotFoundError(APIError):
    """404: the path is unknown, or there is nothing at it."""


class RateLimitError(APIError):
    """429: too many active tasks or requests."""

    _REMEDY = Remedy("wait until other tasks have ended", "wait-for-others")


class ServerError(APIError):
    """5xx: the service failed."""

    _REMEDY = Remedy("try again later", "later")


class UntrustedURLError(BFLError):
    """An answer names a URL on a host that is not allowed; it was not requested. The task itself is not lost."""


class TaskError(BFLError):
    """A task ended without a result.

    Attributes:
        status: the last status, such as ``"Content Moderated"``.
        details: what the service says about it: an object, a string or None.
        cost: credits settled for the task, if the service said so.
    """

    status: str = ""
    details: Any = None
    cost: float | None = None


class RequestModerated(TaskError):
    """The input was refused by moderation; do not send it again unchanged."""

    _REMEDY = Remedy("change the prompt, or the picture sent", "change-input")


class ContentModerated(TaskError):
    """The output was refused by moderation; another seed or prompt may pass."""

    _REMEDY = Remedy("change the prompt, the picture sent or the seed", "change-input-or-seed")


class GenerationFailed(TaskError):
    """The service failed to generate; it is worth submitting once more."""

    _REMEDY = Remedy("submit it once more", "submit-again")


class TaskNotFound(TaskError):
    """The service does not know the task at its polling URL: another host's task, or one long expired."""

    _REMEDY = Remedy("it may be on another host, or too old", "other-host")


class TaskTimeout(TaskError):
    """The deadline passed before the task ended; it may still finish, so resume it with its handle."""


class DownloadError(BFLError):
    """The sample could not be fetched or written.

    Attributes:
        expired: True if the signed URL has passed its lifetime (images about 600 s).
        unwritable: True if the file could not be written here; ``__cause__`` is then the OSError.
    """

    expired: bool = False
    unwritable: bool = False


class WebhookError(BFLError):
    """A delivery that does not verify, or is not a webhook."""


def in_a_line(detail: Any) -> str:
    """A one-line rendering of an answer's `detail`: fields and reasons, never the echoed input."""
    if isinstance(detail, list) and detail:
        return shorten("; ".join(_item(item) for item in detail[:5]))
    return "no detail given" if detail is None else shorten(detail)


def _item(item: Any) -> str:
    if not isinstance(item, dict):
        return shorten(item, 60)
    where = item.get("loc")
    parts = [str(part) for part in where if part != "body"] if isinstance(where, list) else []
    return f"{shorten('.'.join(parts), 60) or 'request'}: {shorten(item.get('msg', item.get('type', '')), 80)}"
