"""The two clients, and what they share: settings, and everything that happens before a request is sent.

What happens to a task is in `tasks` and `flows`, what is refused in `constraints`, what touches the network in
`transport`.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterable, Iterator, Mapping
from functools import cached_property, partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeVar, cast

from anyio.lowlevel import current_token
from bfl_api import specification as packaged
from bfl_api.endpoints import EndpointName, Endpoints, SupportsToDict, Waiting
from bfl_api.utility import AsyncUtility, Utility

from . import answers, constraints, errors, flows, library, media, policy, specification
from .answers import Update
from .auth import APIKey, Hosts, KeyAuth
from .errors import Remedy, Violation, shorten
from .flows import Rules, Submission
from .library import httpx
from .many import PATIENCE, AsyncOutcomes, Outcomes, Submitted
from .policy import Poll, Retry, check_callback, finite
from .steps import Answer, Call, Clock, Flow
from .tasks import AsyncResult, AsyncTask, Handle, OnUpdate, Result, Task
from .transport import AsyncDriver, Driver, http_options

if TYPE_CHECKING:
    from bfl_api.client import Client as GeneratedClient

Bodies = Iterable[Mapping[str, Any] | SupportsToDict]

H = TypeVar("H", library.HTTPClient, library.AsyncHTTPClient)
S = TypeVar("S")
G = TypeVar("G")
T = TypeVar("T")
R = TypeVar("R")
_forking = threading.Lock()


class _Submits(Endpoints[T]):
    """Typed methods, and a call by name that refuses a body which cannot be read."""

    def __call__(self, endpoint: Any, body: Any = None, /, **options: Any) -> T:
        return super().__call__(endpoint, media.readable(endpoint, body), **options)


class _Generates(Waiting[T]):
    """The same, waiting for the result."""

    def __call__(self, endpoint: Any, body: Any = None, /, **options: Any) -> T:
        return super().__call__(endpoint, media.readable(endpoint, body), **options)


class _Base(Generic[H, S, G]):
    """Settings, and requests made from them; `S` is what a submit returns, `G` what a generate returns."""

    _HTTP: str
    _TASK: type[Any]
    _patience = 0

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
            http_client: a client of httpx or httpx2 to send through (proxies, certificates); it is never closed.
            insecure: allow http to hosts other than loopback; the key is then sent in clear.

        Raises:
            ConfigurationError: there is no key, or a setting cannot be used.
        """
        key = APIKey(os.environ.get("BFL_API_KEY", "") if api_key is None else api_key)
        api_key = None  # or a traceback that shows the values of variables would show it
        key.checked()
        self._library = httpx if http_client is None else library.of(http_client)
        if http_client is not None and not isinstance(http_client, getattr(self._library, self._HTTP, ())):
            raise errors.ConfigurationError(f"http_client must be an httpx.{self._HTTP} or httpx2.{self._HTTP}")
        if not isinstance(poll, Poll | None) or not isinstance(retry, Retry | None):
            raise errors.ConfigurationError("poll must be a Poll, and retry a Retry")
        if not isinstance(region, str | None) or not isinstance(base_url, str | None):
            raise errors.ConfigurationError("base_url and region must be text")
        regional = f"https://api.{region}.bfl.ai" if region else packaged.SERVER
        self._hosts = Hosts(base_url or os.environ.get("BFL_BASE_URL") or regional, region, insecure, self._library)
        self._rules = Rules(self._hosts, (poll or Poll()).checked(), (retry or Retry()).checked())
        self._auth = KeyAuth(key, self._hosts)
        self._timeout = _timeout(timeout, self._library)
        self._known: dict[str, object] = {}
        self._given: H | None = http_client
        self._built: H | None = None
        self._lock, self._process = threading.Lock(), os.getpid()
        self._used = self._closed = False
        self._driver = self._new_driver()

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"

    @property
    def base_url(self) -> str:
        """Where requests are submitted."""
        return str(self._hosts.base)

    @property
    def poll(self) -> Poll:
        """How tasks are followed."""
        return self._rules.poll

    @property
    def retry(self) -> Retry:
        """How requests are repeated."""
        return self._rules.retry

    @cached_property
    def submit(self) -> Endpoints[S]:
        """Submits: ``client.submit.<endpoint>(prompt=…)`` or ``client.submit("<endpoint>", …)`` returns a task."""
        return _Submits(self._submit)

    @cached_property
    def generate(self) -> Waiting[G]:
        """Submits and waits: the same methods and the same call as `submit`, returning a result.

        The call by name also takes ``timeout=`` (seconds) and ``on_update=``, as `Task.wait` does.
        """
        return _Generates(self._generate)

    def _submit(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> S:
        checked = partial(self._request, endpoint, body, validate=validate, extra=extra)
        submitted: S = self._run(self._submission(checked))
        return submitted

    def _generate(
        self,
        endpoint: str,
        body: Mapping[str, Any],
        *,
        validate: bool = True,
        extra: Mapping[str, Any] | None = None,
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
    ) -> G:
        waiting: dict[str, Any] = {"timeout": timeout, "on_update": on_update}
        known = specification.parameters(endpoint) if isinstance(endpoint, str) else {}
        for name in waiting.keys() & known.keys():  # the endpoint's own parameter is what is meant
            if waiting[name] is not None:
                body = {**body, name: waiting[name]}
            waiting[name] = None
        checked = partial(self._request, endpoint, body, validate=validate, extra=extra)
        generated: G = self._run(self._generation(checked, **waiting))
        return generated

    def _run(self, flow: Flow[Any]) -> Any:
        return self._driver.run(flow)

    def _new_driver(self) -> Any:
        """The driver that runs this client's flows."""
        raise NotImplementedError

    def price(self, endpoint: EndpointName | str, **parameters: Any) -> float | None:
        """Credits (0.01 USD each) that a request costs by the list in the specification; None where it has no price."""
        constraints.check_name(endpoint)
        return specification.price(endpoint, parameters)

    def _http(self, build: Callable[[], H]) -> H:
        """The HTTP client: the caller's, or one built on first use (building it is as slow as importing httpx)."""
        if self._closed:
            raise errors.ConfigurationError("this client is closed; make a new one")
        if self._process != os.getpid():
            self._forked()
        self._used = True
        if self._given is not None:
            given: H = self._given
            if given.is_closed:
                raise errors.ConfigurationError("the http_client is closed")
            return given
        with self._lock:
            built: H = self._built or _built(build)
            self._built = built
            return built

    def _forked(self) -> None:
        """In a forked child, abandon the parent's connections: on a shared one, answers get mixed up."""
        if self._used and self._given is not None:
            raise errors.ConfigurationError("the http_client was used before a fork; make one for each process")
        with _forking:
            if self._process != os.getpid():
                self._inherited: H | None = self._built  # kept, so that the child does not close it
                self._lock, self._built, self._process = threading.Lock(), None, os.getpid()

    def _request(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> Submission:
        """A request, checked against the specification, ready to be sent more than once."""
        constraints.check_name(endpoint)
        name = specification.normalized(endpoint)
        extra = media.readable(name, extra)
        if isinstance(body, Mapping) and isinstance(extra, Mapping):
            body = {**body, **extra}
        elif extra is not None:
            raise errors.ConstraintError(name, [Violation("extra", shorten(extra, 60), "must be a mapping")])
        known = specification.find(name)
        prepared = media.prepare(name, body, specification.marked_media(name) if validate else ())
        if known and validate:
            constraints.check_body(name, known.path, prepared, extra or ())
        url = self._hosts.endpoint(specification.path_of(name))
        return Submission(name, url, prepared, self._known, not prepared.plain.get("webhook_url"), self._patience)

    def _of_model(self, endpoint: str, body: Any, validate: bool, patience: int = 0) -> Submission:
        """A request of a map."""
        found = self._request(endpoint, media.readable(endpoint, body), validate=validate)
        return found._replace(patience=max(patience, found.patience))

    def _submission(self, checked: Callable[[], Submission]) -> Flow[Any]:
        """The flow of `submit`."""
        return self._TASK(self, (yield from self._posted(checked())))

    def _generation(
        self,
        checked: Callable[[], Submission],
        timeout: float | None = None,
        on_update: OnUpdate | None = None,
        submitted: Callable[[Any], object] = lambda _: None,
    ) -> Flow[Any]:
        """The flow of `generate`; `submitted` is called as soon as there is a task."""
        if timeout is not None:
            finite("timeout", timeout)  # refused before anything is paid
        check_callback("on_update", on_update, self._TASK._AWAITED)
        submission = checked()
        if not submission.polled:
            raise errors.ConfigurationError(
                "with webhook_url the result goes to the webhook, and nothing can be polled",
                Remedy("use submit(), which does not wait", "submit"),
            )
        noted = submission._replace(submitted=lambda handle: submitted(self._TASK(self, handle)))
        handle = yield from self._posted(noted)
        with flows.owned(handle):
            return (yield from self._TASK(self, handle)._wait(timeout, on_update))

    def _posted(self, submission: Submission) -> Flow[Handle]:
        try:
            return (yield from flows.submit(submission, self._rules))
        except errors.NotFoundError as error:
            if specification.find(submission.endpoint) is None:
                error.remedy = specification.unknown_endpoint(submission.endpoint).remedy
            raise

    def _delivered(self, update: Update, endpoint: str | None) -> Any:
        """The result in a webhook's update."""
        readable = isinstance(update, Update) and isinstance(update.raw, dict) and isinstance(update.status, str)
        if not readable or not isinstance(update.raw.get("id"), str):
            raise errors.WebhookError("this is not a webhook's update: it names no task")
        handle = Handle.of({"id": update.raw["id"]}, endpoint)
        with flows.owned(handle):
            if error := answers.task_error(update):
                raise error
            if not update.ended:
                raise errors.WebhookError(f"the task has not ended: its status is {shorten(update.status, 60)!r}")
            return self._TASK._RESULT(self._TASK(self, handle), update)

    def _operation(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        parse: Callable[[Any], R],
    ) -> Flow[R]:
        """The flow of an operation that creates no task."""
        constraints.check_query(path, method.lower(), query)
        content = media.prepare(path, body) if body is not None else None
        if content is not None:
            constraints.check_body(path, path, content)
        try:
            url = httpx.URL(self._hosts.endpoint(path), params=dict(query) or None)
        except (httpx.InvalidURL, ValueError) as error:
            found = Violation(", ".join(query), shorten(list(query.values()), 60), "is too long or not text for a URL")
            raise errors.ConstraintError(path, [found]) from error
        # treated as paid, since what changes something on the service must not be sent twice either
        answer = yield from flows.request(Call(method, str(url), content, paid=method != "GET"), self.retry)
        try:
            return parse(answer)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise errors.APIError(200, f"the answer does not match the specification: {error}") from error


def _timeout(timeout: Any, library: Any) -> httpx.Timeout:
    if hasattr(timeout, "as_dict"):  # a Timeout of either library
        limits = {name: each if each is None else finite(name, each, 0) for name, each in timeout.as_dict().items()}
        return library.Timeout(**limits)  # type: ignore[no-any-return]
    limit = finite("timeout", timeout)
    return library.Timeout(limit, connect=min(limit, 10.0))  # type: ignore[no-any-return]


def _built(build: Callable[[], H]) -> H:
    """Our own HTTP client; raises ConfigurationError if a proxy or certificate variable of the environment is wrong."""
    try:
        return build()
    except Exception as error:  # httpx lets through what the system, ssl and optional packages raise
        proxies = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
        certificates = [name for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if os.environ.get(name)]
        missing = [name for name in certificates if not os.path.exists(os.environ[name])]
        given = [each for name in proxies for each in (name, name.lower()) if os.environ.get(each)]
        named = " or ".join((missing or certificates) if isinstance(error, OSError) else given) or "the HTTP client"
        if isinstance(error, httpx.InvalidURL):  # its message quotes what may be half of a password
            reason = "it is not a URL; special characters in a user or password must be percent-encoded"
            raise errors.ConfigurationError(f"{named} cannot be used: {reason}") from None
        reason = shorten(str(error) or type(error).__name__, 160)
        raise errors.ConfigurationError(f"{named} cannot be used: {reason}") from error


def _amount(value: Any) -> float:
    credits = answers.number(value)
    if credits is None:
        raise errors.APIError(200, "the answer does not state the credits as a number")
    return credits


class Client(_Base[library.HTTPClient, Task, Result]):
    """The synchronous client; threads may share it. Close it, or use it in a ``with``."""

    _HTTP, _TASK = "Client", Task
    _sleep: Callable[[float], object] = staticmethod(time.sleep)
    _parent: Client | None = None

    def _new_driver(self) -> Driver:
        def build() -> library.HTTPClient:
            return library.guarded(httpx.Client(**http_options(self._timeout)))

        owner = self._parent or self
        own, sleep = self._given is None, self._sleep
        return Driver(
            lambda: owner._http(build), self._auth, self._timeout, sleep=sleep, own=own, library=self._library
        )

    def paused_by(self, sleep: Callable[[float], object], patience: int = 0) -> Client:
        """A client like this one whose pauses are made by `sleep`, for programs that drive many tasks.

        Args:
            sleep: called with the seconds of each pause between attempts or polls; it may raise, to stop. Within a
                submit it is called only after a request that was certainly not carried out.
            patience: how many 429 answers a submit waits out, beyond the usual attempts.

        It shares connections, key and settings with this one; closing it closes nothing.
        """
        made = object.__new__(Client)
        made.__dict__.update({name: value for name, value in self.__dict__.items() if not hasattr(Client, name)})
        made._sleep, made._patience, made._parent = sleep, patience, self._parent or self
        made._driver = made._new_driver()
        return made

    @cached_property
    def utility(self) -> Utility:
        """The operations that create no task, a method for each: credits, finetunes and any others."""

        def call(method: str, path: str, query: Any, body: Any, parse: Callable[[Any], R], /) -> R:
            found: R = self._run(self._operation(method, path, query, body, parse))
            return found

        return Utility(call)

    def task(self, id: str, polling_url: str, endpoint: str | None = None) -> Task:
        """Resume a task from its id and polling URL (the id alone does not say which host has the task)."""
        return Task(self, Handle.of({"id": id, "polling_url": polling_url}, endpoint))

    def result(self, update: Update, endpoint: str | None = None) -> Result:
        """The result in a webhook's update (see `webhooks.parse`), to be saved like any other.

        Its URL cannot be renewed, because a task with a webhook is not polled: save it within ten minutes.

        Raises TaskError if the task ended without a result, WebhookError if it has not ended.
        """
        return cast(Result, self._delivered(update, endpoint))

    def map(
        self,
        endpoint: EndpointName | str,
        bodies: Bodies,
        *,
        concurrency: int = 24,
        timeout: float | None = None,
        validate: bool = True,
    ) -> Outcomes[Task, Result]:
        """Generate many: ``with client.map(…) as outcomes:``, then iterate for a `Result` or `BFLError` each, in order.

        Args:
            endpoint: name of the endpoint for all of them.
            bodies: a mapping or model per request; read as slots become free.
            concurrency: the most tasks active at once (the service allows 24 on most endpoints).
            timeout: seconds for each task, from its submit; None means the default of its kind.
            validate: check each request before it is sent; the outcome of a refused one is a ConstraintError.
        """
        if timeout is not None:
            finite("timeout", timeout)

        def work(body: Any, submitted: Submitted[Task], sleep: Callable[[float], object]) -> Result:
            client = self.paused_by(sleep, PATIENCE)
            flow = self._generation(partial(client._of_model, endpoint, body, validate), timeout, submitted=submitted)
            result: Result = client._run(flow)
            return result

        return Outcomes(work, bodies, concurrency)

    def credits(self) -> float:
        """The credits left (1 credit is 0.01 USD)."""
        return _amount(self.utility.credits().credits_)

    @cached_property
    def api(self) -> GeneratedClient:
        """A client for the generated functions of ``bfl_api.api``, the escape hatch; they raise our errors."""
        from bfl_api.client import Client as GeneratedClient

        return GeneratedClient(base_url=self.base_url).set_httpx_client(_Hatch(self))

    def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._closed = True
        if self._built is not None and self._parent is None and self._process == os.getpid():
            self._built.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(_Base[library.AsyncHTTPClient, Coroutine[Any, Any, AsyncTask], Coroutine[Any, Any, AsyncResult]]):
    """The asynchronous client, on asyncio and trio. Close it, or use it in an ``async with``."""

    _HTTP, _TASK = "AsyncClient", AsyncTask
    _loop: object = None

    def _new_driver(self) -> AsyncDriver:
        def build() -> library.AsyncHTTPClient:
            return library.guarded(httpx.AsyncClient(**http_options(self._timeout)))

        def http() -> library.AsyncHTTPClient:
            if (loop := current_token()) != self._loop:  # connections belong to the event loop that made them
                self._loop, self._built = loop, None
            return self._http(build)

        return AsyncDriver(http, self._auth, self._timeout, own=self._given is None, library=self._library)

    @cached_property
    def utility(self) -> AsyncUtility:
        """The operations that create no task, a method for each: credits, finetunes and any others."""

        async def call(method: str, path: str, query: Any, body: Any, parse: Callable[[Any], R], /) -> R:
            found: R = await self._run(self._operation(method, path, query, body, parse))
            return found

        return AsyncUtility(call)

    def task(self, id: str, polling_url: str, endpoint: str | None = None) -> AsyncTask:
        """Resume a task from its id and polling URL; see `Client.task`."""
        return AsyncTask(self, Handle.of({"id": id, "polling_url": polling_url}, endpoint))

    def result(self, update: Update, endpoint: str | None = None) -> AsyncResult:
        """The result in a webhook's update; see `Client.result`. Nothing is awaited before it is saved or read."""
        return cast(AsyncResult, self._delivered(update, endpoint))

    def map(
        self,
        endpoint: EndpointName | str,
        bodies: Bodies,
        *,
        concurrency: int = 24,
        timeout: float | None = None,
        validate: bool = True,
    ) -> AsyncOutcomes[AsyncTask, AsyncResult]:
        """Generate many: ``async with client.map(…) as outcomes:`` and ``async for`` over it; see `Client.map`."""
        if timeout is not None:
            finite("timeout", timeout)

        async def work(body: Any, submitted: Submitted[AsyncTask]) -> AsyncResult:
            checked = partial(self._of_model, endpoint, body, validate, PATIENCE)
            result: AsyncResult = await self._run(self._generation(checked, timeout, submitted=submitted))
            return result

        return AsyncOutcomes(work, bodies, concurrency)

    async def credits(self) -> float:
        """The credits left (1 credit is 0.01 USD)."""
        return _amount((await self.utility.credits()).credits_)

    @cached_property
    def api(self) -> GeneratedClient:
        """A client for the generated ``asyncio`` functions of ``bfl_api.api``; see `Client.api`."""
        from bfl_api.client import Client as GeneratedClient

        hatch = _AsyncHatch(self)
        return GeneratedClient(base_url=self.base_url).set_async_httpx_client(hatch)

    async def close(self) -> None:
        """Close the connections; the client cannot be used afterwards."""
        self._closed = True
        if self._built is not None and current_token() == self._loop:  # those of another loop ended with it
            await self._built.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


# The escape hatch: HTTP clients that send the requests of the generated functions through our drivers, which attach the
# key on API hosts only, cap answers, follow no redirect, and raise typed errors before the generated parsing.


class _Bytes:
    """A request body that is already in memory."""

    def __init__(self, content: bytes) -> None:
        self._content, self.length = content, len(content)

    def __iter__(self) -> Iterator[bytes]:
        yield self._content

    async def stream(self) -> AsyncGenerator[bytes, None]:
        yield self._content


def _once(client: _Base[Any, Any, Any], request: httpx.Request, content: bytes) -> Flow[httpx.Response]:
    paid = request.method != "GET"
    deadline = (yield Clock()) + policy.REQUEST_DEADLINE
    body = _Bytes(content) if content else None
    path = request.url.path.removeprefix(client._hosts.base.path.rstrip("/"))
    name = specification.normalized(path)
    submission = Submission(name, str(request.url), _Bytes(content), client._known, polled=True)
    receipt = flows.Receipt(submission) if paid and specification.find(name) else None
    answer: Answer = yield Call(request.method, submission.url, body, paid, deadline, receipt)
    if not 200 <= answer.status < 300:
        raise answers.api_error(answer, paid=paid)
    if not isinstance(value := answers.parse_json(answer), dict):
        raise errors.TransportError(f"HTTP {answer.status}, but the answer is not a JSON object", maybe_submitted=paid)
    if receipt is not None:
        receipt.handle(value)  # raises if this is the answer to another request
    if not constraints.check_answer(path, request.method.lower(), value):  # the generated parsing might fail
        raise errors.APIError(answer.status, "the answer does not match the specification", maybe_submitted=paid)
    # written anew: Python's parser would refuse, after the request is paid, numbers that ours reads
    headers = {**answers.said(answer), "content-type": "application/json"}
    return httpx.Response(answer.status, headers=headers, content=json.dumps(value), request=request)


class _Hatch(httpx.Client):
    """Sends through the client's driver; httpx's own sending, and its log of URLs, are not reached."""

    def __init__(self, client: Client) -> None:
        super().__init__(base_url=client.base_url)
        self._client = client

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request as this package does; options such as streaming are ignored."""
        return cast(httpx.Response, self._client._run(_once(self._client, request, request.read())))


class _AsyncHatch(httpx.AsyncClient):
    """Sends through the client's driver; httpx's own sending, and its log of URLs, are not reached."""

    def __init__(self, client: AsyncClient) -> None:
        super().__init__(base_url=client.base_url)
        self._client = client

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send a request as this package does; options such as streaming are ignored."""
        return cast(httpx.Response, await self._client._run(_once(self._client, request, await request.aread())))
