"""The drivers that carry out the steps of a flow: the only code that sleeps, looks at a clock or uses the network.

`Driver` serves synchronous callers, `AsyncDriver` asynchronous ones on asyncio and trio. Both send API requests with
the key and downloads without it, follow no redirect, ask for uncompressed answers, and read them in pieces under a cap.
"""

from __future__ import annotations

import contextvars
import inspect
import logging
import math
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, aclosing, closing, contextmanager, suppress
from typing import Any, TypeVar, cast

import anyio
from anyio.lowlevel import checkpoint_if_cancelled

from . import answers
from .errors import BFLError, ConfigurationError, DownloadError, TransportError
from .failures import LOCAL, lost
from .library import DEADLINE, httpx, now, url_of
from .steps import Answer, Call, Clock, Fetch, Fetched, Flow, Receives, Sleep, Step, Streamed, Tell
from .version import USER_AGENT

T = TypeVar("T")
ANSWER_LIMIT = 8 * 1024**2
"""Bytes of an API answer that are read. A 422 may echo a whole picture; other answers are far smaller."""
HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
"""Headers of every request."""
_NEVER_SENT = {"ConnectError", "ConnectTimeout", "PoolTimeout", "ProxyError"}  # by name: of either library
UNANSWERED = "a paid request was under way and may have been carried out: check your credits before you repeat it"
_ours: contextvars.ContextVar[bool] = contextvars.ContextVar("bfl_client_request", default=False)


# One request and its answer


class _HidePaths(logging.Filter):
    """Keeps polling URLs (capabilities) and signed URLs out of httpx's log of requests, for our requests alone."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _ours.get() and isinstance(record.args, tuple):
            given: tuple[Any, ...] = record.args
            record.args = tuple(f"{a.scheme}://{a.host}/…" if hasattr(a, "raw_host") else a for a in given)
        return True


class _HideHeaders(logging.Filter):
    """Keeps what a server says in headers, such as where a redirect leads, out of the log of httpx's own library."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _ours.get() and " return_value=" in (text := record.getMessage()):
            record.msg, record.args = text.partition(" return_value=")[0] + " return_value=…", ()
        return True


_hide_paths, _hide_headers = _HidePaths(), _HideHeaders()
_CORES = ("connection", "http11", "http2", "proxy", "socks")
"""The loggers of httpcore, which httpx's library is built on."""


def _headers_of(response: httpx.Response) -> dict[str, str]:
    """The answer's headers, names in lower case. A body that a mock transport has read is already decoded."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if response.is_stream_consumed:
        headers.pop("content-encoding", None)
    return headers


class _Incoming:
    """An API answer as it arrives, piece by piece, up to the cap.

    The end of a refusal is not read, so that its connection is not used again. Otherwise a second copy of the refusal
    would pass for the answer to the next paid request, which would then be repeated although it was carried out.
    """

    def __init__(self, step: Call, response: httpx.Response, clock: Callable[[], float]) -> None:
        self._step, self._response, self._clock = step, response, clock
        self._headers = _headers_of(response)
        self._pieces: list[bytes] = []
        self._size, self._limit = 0, ANSWER_LIMIT
        length = self._headers.get("content-length", "")
        connected = "network_stream" in response.extensions
        if connected and response.status_code >= 300 and length.isdecimal() and len(length) < 7:
            self._limit = int(length) - 1
        self.wanted = self._limit >= 0

    def take(self, piece: bytes) -> bool:
        """Keep a piece; False once the cap is passed."""
        if self._step.deadline is not None and self._clock() >= self._step.deadline:
            raise TimeoutError("the answer outlasted the deadline")
        self._size += len(piece)
        self._pieces.append(piece)
        return self._size <= self._limit

    def outcome(self) -> Answer:
        """The answer, whole or cut."""
        content, whole = b"".join(self._pieces)[:ANSWER_LIMIT], self._size <= ANSWER_LIMIT
        headers: Mapping[str, str] = self._headers
        encoding = self._headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            content, complete = answers.inflate(content, encoding, ANSWER_LIMIT)
            whole = whole and complete
        key = self._response.request.headers.get("x-key", "")
        if len(key) > 7:  # an answer that echoes the key must not carry it into a message
            content = answers.without(content, key)
            headers = {name: value.replace(key, answers.HIDDEN) for name, value in self._headers.items()}
        return Answer(self._response.status_code, headers, content, whole)


class _Saving:
    """A download as it arrives: written to the sink, counted, and stopped at its limits.

    Attributes:
        error: why it was broken off, or None.
    """

    def __init__(self, step: Fetch, response: httpx.Response, clock: Callable[[], float]) -> None:
        self._step, self._status, self._clock = step, response.status_code, clock
        self._headers = _headers_of(response)
        self.error = self._unusable(step.sink.tell())
        self.wanted = self._status in (200, 206) and self.error is None
        if self.wanted and self._status == 200:
            with _on_disk():
                step.sink.seek(0)
                step.sink.truncate()

    def _unusable(self, start: int) -> str | None:
        if self._headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            return "it is compressed, although it was requested uncompressed"
        if self._status == 206 and not self._headers.get("content-range", "").startswith(f"bytes {start}-"):
            return "the service sent a different part than was requested"
        return None

    def take(self, piece: bytes) -> bool:
        """Write a piece; False once a limit is passed."""
        with _on_disk():
            self._step.sink.write(piece)
        if self._step.sink.tell() > self._step.limit:
            raise DownloadError(f"the download is longer than {self._step.limit:,} bytes; it was stopped")
        if self._step.deadline is not None and self._clock() >= self._step.deadline:
            self.error = "it took too long"
        return self.error is None

    def outcome(self) -> Fetched:
        """How far it got."""
        with _on_disk():
            self._step.sink.flush()
        return Fetched(self._status, self._headers, self._step.sink.tell(), self.error)


@contextmanager
def _on_disk() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or error
        raise DownloadError(f"the download could not be written: {reason}", unwritable=True) from error


class _Sent:
    """Whether a paid request may have been carried out: known from what was read and sent of it, not guessed.

    Args:
        own: the HTTP client is ours, whose transport is known to report what it sends.
        receipt: keeps the answer.

    Attributes:
        scope: shielded from cancellation as soon as something is sent.
    """

    scope: anyio.CancelScope | None = None

    def __init__(self, own: bool, receipt: Receives | None) -> None:
        self._read, self._reports, self._headers = False, own, False
        self._receipt = receipt
        if receipt is not None:
            receipt.answer = None  # forget an earlier attempt

    def answer(self, answer: Any) -> None:
        """Keep the answer."""
        if self._receipt is not None:
            self._receipt.answer = answer

    def see(self, event: str, facts: dict[str, Any]) -> None:
        """Note what the transport reports; a CONNECT to a proxy does not count."""
        self._reports = True
        request: Any = facts.get("request")
        if event.endswith("send_request_headers.started") and getattr(request, "method", b"") != b"CONNECT":
            self._headers = True
            request.extensions.pop("trace", None)  # nothing more to see, and each report costs
            if self.scope is not None:
                self.scope.shield = True

    async def asee(self, event: str, facts: dict[str, Any]) -> None:
        """`see`, for asynchronous transports."""
        self.see(event, facts)

    def read(self, body: Streamed) -> Iterator[bytes]:
        """The body; that it is read is noted, since nobody can carry out a request without it."""
        self._read = True
        yield from body

    async def aread(self, body: Streamed) -> AsyncGenerator[bytes, None]:
        """`read`, for asynchronous transports."""
        self._read = True
        async with aclosing(body.stream()) as pieces:
            async for piece in pieces:
                yield piece

    def maybe(self, error: Exception | None) -> bool:
        """True if the request may have reached the service before it failed with this error, or was stopped."""
        if self._reports:
            return self._headers
        return self._read and not any(each.__name__ in _NEVER_SENT for each in type(error).__mro__)

    def unanswered(self) -> bool:
        """True if the request may have reached the service, and its outcome is unknown."""
        return (self._receipt is None or self._receipt.answer is None) and self.maybe(None)


def http_options(timeout: httpx.Timeout) -> dict[str, Any]:
    """Settings of an HTTP client that keeps no cookie, does not have the key and asks no proxy for this machine."""
    from http.cookiejar import CookieJar

    class NoCookies(CookieJar):
        def extract_cookies(self, response: object, request: object) -> None:
            """Take none, whoever sends it; parsing them is a thirtieth of a request."""

    # three seconds: a server that closes idle connections after five must not close one under a paid request
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50, keepalive_expiry=3.0)
    mounts = {f"all://{host}": None for host in LOCAL}
    return {"timeout": timeout, "cookies": NoCookies(), "limits": limits, "mounts": mounts}


# The drivers


class _Wire:
    """What both drivers share: how requests are built.

    Args:
        http: returns the HTTP client to send through.
        own: that client was made with `http_options`.
        library: the HTTP library that the client belongs to.
    """

    _SLEEP: Callable[[float], Any]

    def __init__(
        self,
        http: Callable[[], Any],
        auth: Callable[[httpx.Request], httpx.Request] | None,
        timeout: httpx.Timeout,
        clock: Callable[[], float] = now,
        sleep: Callable[[float], Any] | None = None,
        own: bool = False,
        library: Any = httpx,
    ) -> None:
        self._http, self._clock, self._sleep = http, clock, sleep or self._SLEEP
        self._auth, self._timeout, self._own, self._library = auth, timeout, own, library
        self._longest = max(math.inf if limit is None else limit for limit in timeout.as_dict().values())
        logging.getLogger(library.__name__).addFilter(_hide_paths)  # adding it again changes nothing
        core = library.__name__.replace("httpx", "httpcore")
        for name in _CORES:
            logging.getLogger(f"{core}.{name}").addFilter(_hide_headers)

    def _sent(self, step: Step) -> _Sent | None:
        return _Sent(self._own, step.receipt) if isinstance(step, Call) and step.paid else None

    def _headers(self, step: Call | Fetch) -> dict[str, str]:
        if isinstance(step, Fetch):
            start = step.sink.tell()
            resume = {"Range": f"bytes={start}-", "If-Range": step.validator} if start else {}
            return {**HEADERS, "Accept": "*/*", **resume}
        if step.body is None:
            return HEADERS
        return {**HEADERS, "Content-Type": "application/json", "Content-Length": str(step.body.length)}

    def _request(
        self, http: httpx.Client | httpx.AsyncClient, step: Call | Fetch, body: Any, now: float, trace: Any = None
    ) -> httpx.Request:
        """The request for a step; what the caller's own client adds cannot change its URL or where the key goes."""
        url, timeout = url_of(step.url, self._library), self._limits(step.deadline, now)
        method = step.method if isinstance(step, Call) else "GET"
        extensions = {"trace": trace} if trace else {}
        if self._own:  # it has nothing to add, and asking it costs a tenth of the whole request
            extensions = {"timeout": timeout.as_dict(), **extensions}
            own: httpx.Request = self._library.Request(
                method, url, headers=self._headers(step), content=body, extensions=extensions
            )
            return own
        request = http.build_request(method, url, headers=self._headers(step), content=body, timeout=timeout)
        request.extensions = {**request.extensions, **extensions}
        request.url = url
        if isinstance(step, Fetch):
            for name in ("x-key", "authorization"):
                request.headers.pop(name, None)
        return request

    def _limits(self, deadline: float | None, now: float) -> httpx.Timeout:
        """The timeouts of one request, none of them longer than the time left."""
        if deadline is None or deadline - now >= self._longest:
            return self._timeout
        left = max(deadline - now, 0.001)
        limits = {name: left if limit is None else min(limit, left) for name, limit in self._timeout.as_dict().items()}
        return self._library.Timeout(**limits)  # type: ignore[no-any-return]

    def _lost(self, error: Any, step: Call | Fetch, sent: _Sent | None) -> TransportError:
        """What a broken connection means for the caller."""
        # The real request, and the message of a hook's raise_for_status(), contain the key and the URL.
        if isinstance(error, self._library.RequestError | self._library.HTTPStatusError):
            error.request = self._library.Request("GET", "https://redacted.invalid")
        if isinstance(error, self._library.HTTPStatusError):
            error.response = self._library.Response(error.response.status_code, request=error.request)
            error.args = (f"HTTP {error.response.status_code}",)
        return lost(error, step.url, sent is not None and sent.maybe(error), self._own)


class Driver(_Wire):
    """Carries out flows for synchronous callers; a deadline ends a request wherever it stands.

    Through a caller's own client it ends single reads, and the body as a whole.
    """

    _SLEEP = staticmethod(time.sleep)

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its end and return its result; errors are thrown into the flow first."""
        token, receipt = _ours.set(True), None
        try:
            try:
                step = next(flow)
                while True:
                    receipt = getattr(step, "receipt", None) or receipt
                    try:
                        outcome = self._perform(step)
                    except BaseException as error:
                        step = flow.throw(error)
                    else:
                        step = flow.send(outcome)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]  # a generator's result has no static type here
            finally:
                _ours.reset(token)
        except BaseException as error:  # Ctrl-C may come anywhere, even between two steps or where the flow has ended
            with suppress(BaseException):
                flow.throw(error)
            if receipt is not None:
                receipt.write_on(error)
            raise

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Clock):
            return self._clock()
        if isinstance(step, Sleep):
            return self._sleep(step.seconds)
        if isinstance(step, Tell):
            return _synchronous(step.told())
        sent, token = self._sent(step), DEADLINE.set(step.deadline)
        try:
            return self._exchange(step, sent)
        except BFLError:
            raise
        except Exception as error:  # whatever httpx, the system or a hostile answer raises
            raise self._lost(error, step, sent) from error
        except BaseException as error:  # Ctrl-C, say, in the middle of a paid request
            if sent is not None and sent.unanswered():
                error.add_note(UNANSWERED)
            raise
        finally:
            DEADLINE.reset(token)

    def _exchange(self, step: Call | Fetch, sent: _Sent | None) -> Answer | Fetched:
        http, body = self._http(), step.body if isinstance(step, Call) else None
        pieces = sent.read(body) if sent and body else None
        request = self._request(http, step, pieces, self._clock(), sent and sent.see)
        auth = self._auth if isinstance(step, Call) else None
        response = http.send(request, auth=auth, stream=True, follow_redirects=False)
        with closing(response):
            receiver = _receiver(step, response, self._clock)
            try:
                for piece in _pieces(response) if receiver.wanted else ():
                    if not receiver.take(piece):
                        break
            except Exception as error:
                if isinstance(error, BFLError) or isinstance(receiver, _Incoming):
                    raise
                receiver.error = self._lost(error, step, sent).message  # what has arrived may be kept
        return _outcome(receiver, sent)


class AsyncDriver(_Wire):
    """Carries out flows for asynchronous callers; a deadline ends a request wherever it stands."""

    _SLEEP = staticmethod(anyio.sleep)

    async def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its end and return its result; errors are thrown into the flow first.

        A cancellation waits for a paid request under way, since its answer is the only handle of its task.
        """
        token, receipt = _ours.set(True), None
        try:
            try:
                step = next(flow)
                while True:
                    receipt = getattr(step, "receipt", None) or receipt
                    try:
                        outcome = await self._perform(step)
                    except BaseException as error:
                        step = flow.throw(error)
                    else:
                        step = flow.send(outcome)
            except StopIteration as stop:
                return stop.value  # type: ignore[no-any-return]  # a generator's result has no static type here
            finally:
                _ours.reset(token)
        except BaseException as error:  # Ctrl-C may come anywhere, even between two steps or where the flow has ended
            with suppress(BaseException):
                flow.throw(error)
            if receipt is not None:
                receipt.write_on(error)
            raise

    async def _perform(self, step: Step) -> Any:
        if isinstance(step, Clock):
            return self._clock()
        if isinstance(step, Sleep):
            return await self._sleep(step.seconds)
        if isinstance(step, Tell):
            answer = step.told()
            return await answer if inspect.isawaitable(answer) else answer
        sent = self._sent(step)
        return await (self._unpaid(step, None) if sent is None else self._paid(step, sent))

    async def _unpaid(self, step: Call | Fetch, sent: _Sent | None) -> Answer | Fetched:
        try:
            left = None if step.deadline is None else max(step.deadline - self._clock(), 0.001)
            with anyio.fail_after(left):
                return await self._exchange(step, sent)
        except BFLError:
            raise
        except Exception as error:  # whatever httpx, the system or a hostile answer raises
            raise self._lost(error, step, sent) from error

    async def _paid(self, step: Call | Fetch, sent: _Sent) -> Answer | Fetched:
        """Send a paid request in a task of its own, so that any cancellation of the caller waits for its answer.

        While it still connects, a cancellation takes effect at once: nothing was sent, and nothing will be.
        """
        found = list[Any]()

        async def shielded() -> None:
            with anyio.CancelScope(shield=not self._own) as sent.scope:
                try:
                    found.append(await self._unpaid(step, sent))
                except anyio.get_cancelled_exc_class():
                    raise
                except BaseException as error:  # raised below as it is, not in a group
                    found.append(error)

        await checkpoint_if_cancelled()  # if already cancelled, send nothing
        try:
            with _ungrouped():
                async with anyio.create_task_group() as group:
                    group.start_soon(shielded)
            if isinstance(found[0], BaseException):
                raise found[0]
        except BFLError:
            raise
        except BaseException as error:  # a cancellation, or Ctrl-C
            if sent.unanswered():
                error.add_note(UNANSWERED)
            raise
        return found[0]  # type: ignore[no-any-return]

    async def _exchange(self, step: Call | Fetch, sent: _Sent | None) -> Answer | Fetched:
        http, now = self._http(), self._clock()
        async with AsyncExitStack() as stack:  # a body that is left early, on cancellation, closes its files
            body = step.body if isinstance(step, Call) else None
            pieces = await stack.enter_async_context(aclosing(sent.aread(body))) if sent and body else None
            request = self._request(http, step, pieces, now, sent and sent.asee)
            auth = self._auth if isinstance(step, Call) else None
            response = await http.send(request, auth=auth, stream=True, follow_redirects=False)
        async with aclosing(response):
            receiver = _receiver(step, response, self._clock)
            try:
                async with aclosing(_apieces(response)) as arriving:  # trio insists on closing what is left early
                    while receiver.wanted and (piece := await anext(arriving, None)) is not None:
                        receiver.wanted = receiver.take(piece)
            except Exception as error:
                if isinstance(error, BFLError) or isinstance(receiver, _Incoming):
                    raise
                receiver.error = self._lost(error, step, sent).message  # what has arrived may be kept
        return _outcome(receiver, sent)


@contextmanager
def _ungrouped() -> Iterator[None]:
    """Raise an error by itself: trio puts Ctrl-C in a group, which ``except KeyboardInterrupt`` does not catch."""
    try:
        yield
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None


def _synchronous(answer: object) -> object:
    """What a function returned; raises ConfigurationError if it would have to be awaited."""
    if inspect.iscoroutine(answer):
        answer.close()
        raise ConfigurationError("on_update is asynchronous, and nothing would await it: pass a plain function")
    return answer


def _receiver(step: Call | Fetch, response: httpx.Response, clock: Callable[[], float]) -> _Incoming | _Saving:
    return _Incoming(step, response, clock) if isinstance(step, Call) else _Saving(step, response, clock)


def _outcome(receiver: _Incoming | _Saving, sent: _Sent | None) -> Answer | Fetched:
    outcome = receiver.outcome()
    if sent is not None:
        sent.answer(outcome)
    return outcome


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    return iter((response.content,)) if response.is_stream_consumed else response.iter_raw()


def _apieces(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    # aiter_raw is an asynchronous generator, though httpx declares less
    return (
        _content(response) if response.is_stream_consumed else cast(AsyncGenerator[bytes, None], response.aiter_raw())
    )


async def _content(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    yield response.content
