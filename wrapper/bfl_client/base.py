"""What both clients have in common: their settings, and everything that happens before a request is sent."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Generic, Literal, NamedTuple, TypeVar

import httpx
from bfl_api import specification
from bfl_api.table import ENDPOINTS

from . import answers, constraints, flows, media
from .auth import Hosts, KeyAuth
from .errors import APIError, BFLError, ConfigurationError, ConstraintError, NotFoundError, Violation, shorten
from .handles import Session
from .policy import Poll, Retry, seconds
from .steps import Call, Flow

H = TypeVar("H", httpx.Client, httpx.AsyncClient)
R = TypeVar("R")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
_NO_KEY = "no API key: set the environment variable BFL_API_KEY, or pass api_key="


class Request(NamedTuple):
    """A request that was checked and can be sent, more than once if need be."""

    endpoint: str
    url: str
    body: media.Body


class Base(Generic[H]):
    """Settings, and requests made from them."""

    _HTTP: type[Any]

    def __init__(
        self,
        api_key: str | None = None,
        base_url: str | None = None,
        *,
        region: Literal["eu", "us"] | None = None,
        timeout: float | httpx.Timeout = 60.0,
        poll: Poll | None = None,
        retry: Retry | None = None,
        http_client: H | None = None,
        insecure: bool = False,
    ) -> None:
        """Set up a client; no connection is made.

        Args:
            api_key: the key; None takes it from the environment variable BFL_API_KEY. It goes to API hosts only.
            base_url: where to submit; None means BFL_BASE_URL, else the region's host, else https://api.bfl.ai.
            region: ``"eu"`` or ``"us"``: the regional host, and a refusal to poll outside the region.
            timeout: seconds for each step of a request (connecting takes at most 10), or an ``httpx.Timeout``.
            poll: how tasks are followed.
            retry: how requests are repeated.
            http_client: an httpx client of your own to send through (proxies, certificates); it is never closed.
            insecure: allow http to hosts other than loopback; the key is then sent in clear.

        Raises:
            ConfigurationError: there is no key, or a setting cannot be used.
        """
        key = os.environ.get("BFL_API_KEY", "") if api_key is None else api_key
        if not isinstance(key, str) or not key.strip():
            raise ConfigurationError(_NO_KEY)
        if http_client is not None and not isinstance(http_client, self._HTTP):
            raise ConfigurationError(f"http_client must be an httpx.{self._HTTP.__name__}")
        if not isinstance(poll, Poll | None) or not isinstance(retry, Retry | None):
            raise ConfigurationError("poll must be a Poll, and retry a Retry")
        regional = f"https://api.{region}.bfl.ai" if region else specification.SERVER
        self.hosts = Hosts(base_url or os.environ.get("BFL_BASE_URL") or regional, region, insecure)
        self.session = Session(self.hosts, (poll or Poll()).checked(), (retry or Retry()).checked())
        self.auth = KeyAuth(key.strip(), self.hosts)
        self.timeout = _timeout(timeout)
        self._lock = threading.Lock()
        self._given = http_client
        self._built: H | None = None
        self._closed = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={str(self.hosts.base)!r})"

    def _http(self, build: Callable[[], H]) -> H:
        """The httpx client: the given one, or one built now, as late as can be: it costs as much as importing httpx."""
        if self._closed:
            raise ConfigurationError("this client is closed; make a new one")
        if self._given is not None:
            given: H = self._given
            if given.is_closed:
                raise ConfigurationError("the http_client is closed")
            return given
        with self._lock:
            built: H = self._built or build()
            self._built = built
            return built

    def request(
        self, endpoint: str, body: Mapping[str, Any], validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> Request:
        """A request, checked against the specification, ready to be sent more than once."""
        name = endpoint.removeprefix("/").removeprefix("v1/") if isinstance(endpoint, str) else ""
        if not _NAME.fullmatch(name):
            violation = Violation("endpoint", shorten(endpoint, 60), "is no name of an endpoint")
            raise ConstraintError(shorten(endpoint, 60), [violation])
        if isinstance(body, Mapping) and isinstance(extra, Mapping):
            body = {**body, **extra}
        elif extra is not None:
            raise ConstraintError(name, [Violation("extra", shorten(extra, 60), "must be a mapping")])
        prepared = media.prepare(name, body)
        known = ENDPOINTS.get(name)
        if known and validate:
            constraints.check_body(name, known.path, prepared, extra or ())
        return Request(name, self.hosts.endpoint(known.path if known else f"/v1/{name}"), prepared)

    def made(self, endpoint: str, body: Any, validate: bool) -> Request:
        """A request of a map, from a mapping or a model.

        Raises:
            ConstraintError: also for a model that cannot be written: it is one outcome of many.
        """
        from bfl_api.endpoints import Endpoints

        try:
            return Endpoints(self.request)(endpoint, body, validate=validate)
        except BFLError:
            raise
        except Exception as error:  # the model is the caller's, and may raise anything
            violation = Violation("", f"<{type(body).__name__}>", f"cannot be written: {shorten(error, 100)}")
            raise ConstraintError(shorten(endpoint, 60), [violation]) from error

    def submit_flow(self, request: Request, patience: int = 0) -> Flow[dict[str, Any]]:
        """Submit; returns the keyword arguments of the task's handle."""
        try:
            answer = yield from flows.submit(request.url, request.body, self.session.retry, self.hosts, patience)
        except NotFoundError as error:
            raise _explained(error, request.endpoint) from None
        return {
            "id": answer["id"],
            "polling_url": answer["polling_url"],
            "endpoint": request.endpoint,
            "cost": answers.number(answer.get("cost")),
        }

    def utility_flow(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        parse: Callable[[Any], R],
    ) -> Flow[R]:
        constraints.check_query(path, method.lower(), query)
        content = media.prepare(path, body) if body is not None else None
        if content is not None:
            constraints.check_body(path, path, content)
        url = httpx.URL(self.hosts.endpoint(path), params=dict(query) or None)
        # what changes something on the service is not sent twice, as if it were paid
        answer = yield from flows.request(Call(method, str(url), content, paid=method != "GET"), self.session.retry)
        try:
            return parse(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise APIError(200, f"the answer has another shape than the specification says: {error}") from error


def _timeout(timeout: float | httpx.Timeout) -> httpx.Timeout:
    if isinstance(timeout, httpx.Timeout):
        return timeout
    limit = seconds("timeout", timeout)
    return httpx.Timeout(limit, connect=min(limit, 10.0))


def _explained(error: NotFoundError, endpoint: str) -> BFLError:
    import difflib  # only for endpoints that are not there

    near = difflib.get_close_matches(endpoint, ENDPOINTS, n=1)
    if endpoint not in ENDPOINTS and near:
        error.args = (f"{error}; this version knows no endpoint {endpoint[:60]!r}: did you mean {near[0]!r}?",)
    return error


def amount(value: Any) -> float:
    """Credits as the service tells them.

    Raises:
        APIError: it tells something else.
    """
    credits = answers.number(value)
    if credits is None:
        raise APIError(200, "the answer does not tell the credits as a number")
    return credits
