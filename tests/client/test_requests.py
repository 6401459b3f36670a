"""One request and its answer, carried out by each driver: what is sent, how far it is read, when it ends."""

from __future__ import annotations

import contextvars
import gzip
import io
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any

import anyio
import httpx
import pytest
import trio
import trio.testing
from bfl_client import AsyncClient, Client, ConfigurationError, Retry, errors, library, media
from bfl_client.auth import Hosts, KeyAuth
from bfl_client.steps import Answer, Call, Fetch, Fetched, Flow, Step
from bfl_client.transport import ANSWER_LIMIT, HEADERS, UNANSWERED, AsyncDriver, Driver, http_options

from .conftest import KEY, NAME, POLLING_URL, SAMPLE, Played, left_early
from .loopback import Loopback

KINDS = pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
TIMEOUT = httpx.Timeout(60.0, connect=10.0)
AUTH = KeyAuth(KEY, Hosts("https://api.bfl.ai"))
Handler = Callable[[httpx.Request], httpx.Response]


def asking(step: Step) -> Flow[Any]:
    return (yield step)


def perform(kind: str, step: Step, handler: Handler, **options: Any) -> Any:
    """The outcome of a step, through a client of the caller's, at the moment 1000."""
    given = {"clock": lambda: 1000.0, **options}
    client = given.pop("client", {})
    if kind == "sync":
        with httpx.Client(transport=httpx.MockTransport(handler), **client) as http:
            return Driver(lambda: http, AUTH, TIMEOUT, **given).run(asking(step))

    async def run() -> Any:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler), **client) as http:
            return await AsyncDriver(lambda: http, AUTH, TIMEOUT, **given).run(asking(step))

    return anyio.run(run, backend=kind)


def stream(response: httpx.Response, *pieces: bytes) -> Handler:
    """Answers with these pieces, unread."""

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(response.status_code, headers=response.headers, stream=Played(*pieces))

    return handler


GET = Call("GET", POLLING_URL)


def post(**more: Any) -> Call:
    return Call("POST", "https://api.bfl.ai/v1/some-endpoint", media.prepare("x", {"prompt": "x"}), paid=True, **more)


# What is sent


@KINDS
def test_a_redirect_is_not_followed_even_by_a_client_that_follows_them(kind: str) -> None:
    """A caller's client that follows redirects does not follow those of our requests."""
    asked = list[str]()

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(307, headers={"location": "https://evil.example/"})

    for step in (GET, post(), Fetch(SAMPLE, io.BytesIO(), 100)):
        assert perform(kind, step, handler, client={"follow_redirects": True}).status == 307
    assert asked == ["api.eu4.bfl.ai", "api.bfl.ai", "delivery-eu4.bfl.ai"]


@KINDS
@pytest.mark.parametrize("own", [False, True])
def test_the_headers_of_each_request(kind: str, own: bool) -> None:
    """Each request has our headers and nobody's cookies; a resumed download asks for the rest."""
    seen = list[httpx.Headers]()

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers)
        return httpx.Response(206, headers={"content-range": "bytes 3-5/6"}, stream=Played(b"owl"))

    sink = io.BytesIO()
    sink.write(b"fox")
    for step in (GET, post(), Fetch(SAMPLE, sink, 100)):
        perform(kind, step, handler, own=own)
    poll, submit, download = seen
    assert {name: poll[name] for name in HEADERS} == HEADERS
    assert {each["accept-encoding"] for each in seen} == {"identity"}
    assert {each["user-agent"] for each in seen} == {HEADERS["User-Agent"]}
    assert (submit["content-type"], submit["content-length"]) == ("application/json", "14")
    assert (poll["x-key"], submit["x-key"]) == (KEY, KEY)
    assert (download["range"], download["accept"]) == ("bytes=3-", "*/*")
    assert {"x-key", "authorization"} & download.keys() == set()
    assert sink.getvalue() == b"foxowl"


@KINDS
def test_the_timeouts_of_a_request_are_cut_to_its_deadline(kind: str) -> None:
    """No timeout of a request is longer than the time left; with more time left, they are the client's own."""
    limits = list[Any]()

    def handler(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        return httpx.Response(200, json={})

    for own in (False, True):
        for left in (None, 60.0, 59.0, 5.0, -1.0):
            deadline = None if left is None else 1000 + left
            with suppress(errors.TransportError):  # an answer that arrives after the deadline
                perform(kind, GET._replace(deadline=deadline), handler, own=own)
        usual = TIMEOUT.as_dict()
        assert limits[:2] == [usual, usual]
        assert [each["read"] for each in limits[2:]] == [59.0, 5.0, 0.001]
        assert [each["connect"] for each in limits[2:]] == [10.0, 5.0, 0.001]
        limits.clear()


def test_a_timeout_that_is_off_is_on_before_a_deadline() -> None:
    """A client without timeouts still has them for a request with a deadline."""
    limits = list[Any]()

    def handler(request: httpx.Request) -> httpx.Response:
        limits.append(request.extensions["timeout"])
        return httpx.Response(200, json={})

    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        driver = Driver(lambda: http, AUTH, httpx.Timeout(None, read=3.0), clock=lambda: 1000.0)
        driver.run(asking(GET._replace(deadline=1009.0)))
    assert limits == [{"connect": 9.0, "read": 3.0, "write": 9.0, "pool": 9.0}]


def test_our_own_connections_are_closed_before_a_server_closes_them(loopback: Loopback) -> None:
    """Our own HTTP client keeps no cookie, and drops idle connections before the five seconds of usual servers."""
    options = http_options(TIMEOUT)
    limits = options["limits"]
    assert limits.keepalive_expiry == 3.0
    assert (limits.max_connections, limits.max_keepalive_connections) == (200, 50)
    assert options["timeout"] is TIMEOUT
    response = httpx.Response(200, headers={"set-cookie": "a=b"}, request=httpx.Request("GET", POLLING_URL))
    with httpx.Client(**options) as http:
        http.cookies.extract_cookies(response)
        assert not http.cookies


def test_other_requests_are_logged_as_before(caplog: pytest.LogCaptureFixture) -> None:
    """httpx's log of a request of the application's own keeps its whole URL; ours shows the host alone."""

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={})

    def both() -> None:
        with httpx.Client(transport=httpx.MockTransport(handler)) as http:
            Driver(lambda: http, AUTH, TIMEOUT).run(asking(GET))
            http.get("https://example.org/path?x=1")

    with caplog.at_level(logging.INFO, httpx.__name__):
        contextvars.Context().run(both)  # a context in which no test was interrupted
    ours, theirs = (record.getMessage() for record in caplog.records)
    assert "https://api.eu4.bfl.ai/… " in ours
    assert "https://example.org/path?x=1" in theirs


# How far an answer is read


@left_early
@KINDS
@pytest.mark.parametrize(("size", "whole"), [(ANSWER_LIMIT, True), (ANSWER_LIMIT + 1, False)])
def test_an_answer_is_read_up_to_the_limit(kind: str, size: int, whole: bool) -> None:
    """An answer of just the limit is whole; one byte more, and it is cut and says so."""
    half = size // 2
    answer: Answer = perform(kind, GET, stream(httpx.Response(200), b"x" * half, b"x" * (size - half)))
    assert (len(answer.content), answer.whole, answer.status) == (ANSWER_LIMIT, whole, 200)


@left_early
@KINDS
def test_an_answer_that_outlasts_its_deadline_is_left(kind: str) -> None:
    """A piece that arrives at the deadline or later ends the request with a TransportError; an earlier one does not."""
    moments = iter([1000.0, 1004.9, 1005.0, 1005.0, 1005.0, 1005.0])
    step = GET._replace(deadline=1005.0)
    with pytest.raises(errors.TransportError, match="no answer from api.eu4.bfl.ai in time"):
        perform(kind, step, stream(httpx.Response(200), b"{", b"}"), clock=lambda: next(moments))
    assert perform(kind, step, stream(httpx.Response(200), b"{", b"}"), clock=lambda: 1004.9).content == b"{}"


@KINDS
def test_the_key_echoed_by_an_answer_is_blanked(kind: str) -> None:
    """An answer that contains the key arrives without it."""
    answer = perform(kind, GET, stream(httpx.Response(400), b'{"detail": "' + KEY.encode() + b'"}'))
    assert answer.content == b'{"detail": "(the API key)"}'


@KINDS
def test_a_compressed_answer_that_was_cut_is_not_whole(kind: str) -> None:
    """Half of a compressed answer is not whole; header values are read in any case."""
    import gzip

    packed = gzip.compress(b'{"id": "task-1"}')
    compressed = httpx.Response(200, headers={"Content-Encoding": "GZip"})
    assert perform(kind, GET, stream(compressed, packed))[2:] == (b'{"id": "task-1"}', True)
    assert perform(kind, GET, stream(compressed, packed[:-1])).whole is False


# Downloads


def fetch(kind: str, response: httpx.Response, *pieces: bytes, before: bytes = b"", **more: Any) -> Any:
    """How far a download got, and what is in its sink, which has a first part from an earlier transfer."""
    sink = io.BytesIO()
    sink.write(before)
    step = Fetch(SAMPLE, sink, more.pop("limit", 100), more.pop("deadline", None))
    return perform(kind, step, stream(response, *pieces), **more), sink.getvalue()


@left_early
@KINDS
def test_a_download_may_be_just_as_long_as_its_limit(kind: str) -> None:
    """A download of just the limit is taken; one byte more ends it with an error that names the limit."""
    assert fetch(kind, httpx.Response(200), b"fox", b"owl", limit=6)[0][2:] == (6, None)
    with pytest.raises(errors.DownloadError) as caught:
        fetch(kind, httpx.Response(200), b"fox", b"owl", limit=5)
    assert caught.value.message == "the download is longer than 5 bytes; it was stopped"


@left_early
@KINDS
def test_a_download_stops_at_its_deadline(kind: str) -> None:
    """A download is stopped by the first piece at its deadline, and says that it took too long."""
    for now, size, error in ((1004.9, 6, None), (1005.0, 3, "it took too long"), (1005.1, 3, "it took too long")):
        fetched, _ = fetch(kind, httpx.Response(200), b"fox", b"owl", deadline=1005.0, clock=lambda now=now: now)
        assert (fetched.size, fetched.error) == (size, error)


COMPRESSED = "it is compressed, although it was requested uncompressed"
DIFFERENT = "the service sent a different part than was requested"


@KINDS
@pytest.mark.parametrize(
    ("status", "headers", "content", "error"),
    [
        (200, {}, b"owl", None),
        (200, {"Content-Encoding": "Identity"}, b"owl", None),
        (200, {"Content-Encoding": ""}, b"owl", None),
        (200, {"Content-Encoding": "gzip"}, b"fox", COMPRESSED),
        (206, {"Content-Range": "bytes 3-5/6"}, b"foxowl", None),
        (206, {"Content-Range": "bytes 3-5/6", "Content-Encoding": "br"}, b"fox", COMPRESSED),
        (206, {"Content-Range": "bytes 0-5/6"}, b"fox", DIFFERENT),
        (206, {"Content-Range": "bytes 30-5/6"}, b"fox", DIFFERENT),
        (206, {}, b"fox", DIFFERENT),
        (207, {}, b"fox", None),
        (404, {}, b"fox", None),
    ],
)
def test_what_is_taken_of_a_resumed_download(
    kind: str, status: int, headers: dict[str, str], content: bytes, error: str | None
) -> None:
    """A resumed download adds the part that was asked for, begins anew with a whole file, and takes nothing else."""
    fetched, there = fetch(kind, httpx.Response(status, headers=headers), b"owl", before=b"fox")
    assert there == content
    lower = {name.lower(): value for name, value in headers.items()}
    assert fetched == Fetched(status, {**lower}, len(content), error)


# When a request fails or is stopped


@KINDS
def test_a_broken_connection_is_named_and_holds_nothing_of_the_request(kind: str) -> None:
    """The error names the kind of failure; its cause has neither the key nor the URL."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadError("broken", request=request)

    with pytest.raises(errors.TransportError) as caught:
        perform(kind, GET, handler)
    assert caught.value.message == "the connection to api.eu4.bfl.ai was lost"
    cause: Any = caught.value.__cause__
    assert (str(cause.request.url), cause.request.method) == ("https://redacted.invalid", "GET")
    assert "x-key" not in cause.request.headers


@KINDS
def test_the_error_of_a_hook_keeps_its_status_alone(kind: str) -> None:
    """An error raised by a hook of the caller's keeps the HTTP status, and nothing of the request."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise httpx.HTTPStatusError(f"at {request.url}", request=request, response=httpx.Response(418))

    with pytest.raises(errors.TransportError) as caught:
        perform(kind, GET, handler)
    cause: Any = caught.value.__cause__
    assert (cause.response.status_code, str(cause)) == (418, "HTTP 418")


class Stop(BaseException):
    """Ctrl-C, or whatever else is no Exception."""


@KINDS
@pytest.mark.parametrize("paid", [True, False])
def test_what_stops_a_paid_request_gets_a_note(kind: str, paid: bool) -> None:
    """An exception in the middle of a paid request says that it may be paid; in the middle of a poll, nothing."""

    def handler(request: httpx.Request) -> httpx.Response:
        raise Stop

    with pytest.raises(Stop) as caught:
        perform(kind, post() if paid else GET, handler)
    assert getattr(caught.value, "__notes__", []) == ([UNANSWERED] if paid else [])


@KINDS
def test_what_strikes_between_two_steps_is_thrown_into_the_flow(kind: str) -> None:
    """Ctrl-C that strikes outside of any step reaches the flow, which can write on it what it knows."""
    reached = list[BaseException]()

    def flow() -> Flow[None]:
        try:
            yield GET
        except BaseException as error:
            reached.append(error)
            raise

    def run(driver: Any) -> Any:
        waiting = flow()

        class Interrupted:
            def __next__(self) -> Any:
                return next(waiting)

            def send(self, value: Any) -> Any:
                raise Stop

            def throw(self, error: BaseException) -> Any:
                return waiting.throw(error)

        return driver.run(Interrupted())

    def handler(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={})

    async def arun() -> None:
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
            await run(AsyncDriver(lambda: http, AUTH, TIMEOUT))

    with pytest.raises(Stop) as caught:
        if kind == "sync":
            with httpx.Client(transport=httpx.MockTransport(handler)) as http:
                run(Driver(lambda: http, AUTH, TIMEOUT))
        else:
            anyio.run(arun, backend=kind)
    assert reached == [caught.value]


class Endless(httpx.AsyncByteStream):
    """A body whose first piece never comes."""

    async def __aiter__(self) -> AsyncGenerator[bytes, None]:
        await anyio.sleep(10**6)
        yield b""


@pytest.mark.parametrize("where", ["before the answer", "in the answer"])
@pytest.mark.parametrize(("deadline", "left"), [(5.0, 5.0), (0.5, 0.5), (-3.0, 0.001), (None, 10**6)])
def test_a_deadline_ends_an_asynchronous_request_wherever_it_stands(
    where: str, deadline: float | None, left: float
) -> None:
    """A request that hangs ends exactly at its deadline in virtual time; without one, it hangs."""

    async def handler(request: httpx.Request) -> httpx.Response:
        if where == "before the answer":
            await trio.sleep(10**6)
        return httpx.Response(200, stream=Endless())

    async def run() -> float:
        began = trio.current_time()
        async with httpx.AsyncClient(transport=httpx.MockTransport(handler)) as http:
            driver = AsyncDriver(lambda: http, AUTH, TIMEOUT, clock=trio.current_time)
            step = GET._replace(deadline=None if deadline is None else began + deadline)
            with (
                trio.move_on_after(10**6),
                pytest.raises(errors.TransportError, match="no answer from api.eu4.bfl.ai in time"),
            ):
                await driver.run(asking(step))
        return trio.current_time() - began

    assert trio.run(run, clock=trio.testing.MockClock(autojump_threshold=0)) == pytest.approx(left, abs=1e-6)


# The HTTP library


@pytest.mark.parametrize("name", library.NAMES)
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_client_of_either_library_is_taken(name: str, kind: str, loopback: Loopback) -> None:
    """`http_client=` takes a client of httpx or httpx2, and `timeout=` a Timeout of either; requests go through it."""
    theirs = pytest.importorskip(name)
    timeout = theirs.Timeout(5.0, read=7.0)
    if kind == "sync":
        with theirs.Client() as http, Client(KEY, loopback.url, http_client=http, timeout=timeout) as client:
            assert client.submit(NAME, prompt="x").id
        return

    async def run() -> None:
        async with (
            theirs.AsyncClient() as http,
            AsyncClient(KEY, loopback.url, http_client=http, timeout=timeout) as client,
        ):
            assert (await client.submit(NAME, prompt="x")).id

    anyio.run(run)


@pytest.mark.parametrize("name", library.NAMES)
def test_a_failure_in_either_library_is_known(name: str) -> None:
    """A client of either library that cannot connect has sent nothing, and its log shows no path."""
    theirs = pytest.importorskip(name)

    def fails(request: Any) -> Any:
        raise theirs.ConnectError("no route", request=request)

    retry = Retry(attempts=1)
    with theirs.Client(transport=theirs.MockTransport(fails)) as http, pytest.raises(errors.TransportError) as caught:
        Client(KEY, http_client=http, retry=retry).submit(NAME, prompt="x")
    assert not caught.value.maybe_submitted
    assert caught.value.message == "cannot connect to api.bfl.ai"
    cause: Any = caught.value.__cause__
    assert str(cause.request.url) == "https://redacted.invalid"


def test_an_answer_that_a_transport_has_decoded_is_not_decoded_again() -> None:
    """An answer that comes compressed from a transport which decodes it by itself gives its task."""
    content = gzip.compress(b'{"id": "task-1", "polling_url": "https://api.bfl.ai/x"}')
    answer = httpx.Response(200, content=content, headers={"content-encoding": "gzip"})
    with httpx.Client(transport=httpx.MockTransport(lambda request: answer)) as http:
        assert Client(KEY, http_client=http).submit(NAME, prompt="x").id == "task-1"


@left_early
@KINDS
def test_an_answer_that_is_not_read_is_closed(kind: str) -> None:
    """The connection of a download that is refused is given back, though nothing of the answer is read."""
    answer = httpx.Response(403, stream=Played(b"no"))
    assert perform(kind, Fetch(SAMPLE, io.BytesIO(), 100), lambda request: answer).status == 403
    assert answer.is_closed


class Mine(httpx.Client):
    """A client of httpx that a program has changed."""


def test_a_client_of_a_derived_class_is_taken() -> None:
    """`http_client=` takes an object of a program's own subclass of httpx.Client, and sends through it."""
    answer = httpx.Response(200, json={"id": "task-1", "polling_url": "https://api.bfl.ai/x"})
    with Mine(transport=httpx.MockTransport(lambda request: answer)) as http:
        assert Client(KEY, http_client=http).submit(NAME, prompt="x").id == "task-1"


@pytest.mark.parametrize("wrong", [object(), "httpx", 7, httpx.AsyncClient, Loopback])
def test_what_is_no_client_of_either_is_refused(wrong: Any) -> None:
    """Anything but a client of httpx or httpx2 is a ConfigurationError that names both."""
    with pytest.raises(ConfigurationError) as caught:
        Client(KEY, http_client=wrong)
    assert caught.value.message == "http_client must be an httpx.Client or httpx2.Client"


@left_early
@KINDS
@pytest.mark.parametrize(
    ("status", "length", "read"),
    [
        (200, "6", 6), (299, "6", 6), (300, "6", 6), (429, "6", 6), (429, "7", 6), (429, "0", 0), (429, "1", 3),
        (429, "100000", 6), (429, "x", 6), (429, "1000000", 6), (429, None, 6),
    ],
)  # fmt: skip
def test_the_end_of_a_refusal_is_not_read(kind: str, status: int, length: str | None, read: int) -> None:
    """On a connection, a refusal of a known length is left before its last byte, so that nobody uses it again."""
    taken, ended = list[bytes](), list[bool]()

    class Counted(Played):
        def __iter__(self) -> Any:
            for piece in self.pieces:
                taken.append(piece)
                yield piece
            ended.append(True)

    def handler(request: httpx.Request) -> httpx.Response:
        headers = {} if length is None else {"content-length": length}
        stream = Counted(b"fox", b"owl")
        return httpx.Response(status, headers=headers, stream=stream, extensions={"network_stream": object()})

    perform(kind, GET, handler)
    assert sum(map(len, taken)) == read
    assert bool(ended) == (status < 300 or length in ("7", "x", "1000000", "100000", None))


@left_early
@KINDS
def test_a_download_that_breaks_off_says_how_far_it_got_and_why(kind: str) -> None:
    """A transfer that breaks in the middle keeps what has arrived, with the answer's status and headers."""

    def handler(request: httpx.Request) -> httpx.Response:
        broken = Played(b"fox", error=httpx.ReadError("broken", request=request))
        return httpx.Response(200, headers={"etag": '"a"'}, stream=broken)

    sink = io.BytesIO()
    fetched = perform(kind, Fetch(SAMPLE, sink, 100), handler)
    said = "the connection to delivery-eu4.bfl.ai was lost"
    assert (fetched.status, fetched.headers["etag"], fetched.size, fetched.error) == (200, '"a"', 3, said)
    assert sink.getvalue() == b"fox"


@pytest.mark.parametrize(("key", "blanked"), [("1234567", False), ("12345678", True)])
def test_a_key_too_short_to_be_told_from_text_is_not_blanked(key: str, blanked: bool) -> None:
    """A key of eight characters and more is taken out of an answer and its headers; a shorter one changes nothing."""
    content = b'{"detail": "' + key.encode() + b'"}'
    handler = stream(httpx.Response(400, headers={"x-echo": key}), content)
    with httpx.Client(transport=httpx.MockTransport(handler)) as http:
        auth = KeyAuth(key, Hosts("https://api.bfl.ai"))
        answer = Driver(lambda: http, auth, TIMEOUT, clock=lambda: 1000.0).run(asking(GET))
    assert (key.encode() in answer.content, key == answer.headers["x-echo"]) == (not blanked, not blanked)
