"""Connections: what is known to have been sent, settings that cannot work, and event loops. On real sockets."""

from __future__ import annotations

import asyncio
import errno
import gc
import importlib.util
import logging
import os
import socket
import ssl
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import httpx
import pytest
import trio
import trustme
from bfl_client import (
    APIError,
    AsyncClient,
    BFLError,
    Client,
    ConfigurationError,
    InsufficientCreditsError,
    Retry,
    TransportError,
)
from bfl_client.failures import lost
from bfl_client.library import DEADLINE, _Bounded
from bfl_client.transport import _Sent, http_options

from .conftest import KEY, NAME, PROXIES, left_early
from .loopback import Loopback

KINDS = pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
QUICK = Retry(attempts=2, initial=0.001, ceiling=0.001)


def submit(
    kind: str, base_url: str, http: Callable[[], Any] = lambda: None, prompt: str = "x", retry: Retry = QUICK
) -> BFLError:
    """The error with which a submit through a connection of its own fails; its HTTP client is made by `http`."""
    if kind == "sync":
        given = http()
        try:
            with Client(KEY, base_url, retry=retry, http_client=given) as client, pytest.raises(BFLError) as caught:
                client.submit(NAME, prompt=prompt)
        finally:
            if given is not None:
                given.close()
        return caught.value

    async def run() -> BFLError:
        given = http()
        try:
            async with AsyncClient(KEY, base_url, retry=retry, http_client=given) as client:
                with pytest.raises(BFLError) as caught:
                    await client.submit(NAME, prompt=prompt)
        finally:
            if given is not None:
                await given.aclose()
        return caught.value

    return anyio.run(run, backend=kind)


def own(kind: str) -> Callable[[], Any]:
    """Makes HTTP clients as a caller would, for `http_client=`."""
    return lambda: (httpx.Client if kind == "sync" else httpx.AsyncClient)(**http_options(httpx.Timeout(5.0)))


@contextmanager
def server(talk: Callable[[socket.socket], object]) -> Iterator[tuple[str, list[socket.socket]]]:
    """Something that listens and is not the service: its address, and the connections it has accepted so far."""
    accepted: list[socket.socket] = []
    over = threading.Event()

    def serve() -> None:
        while True:
            connection, _ = listener.accept()
            with connection:
                if over.is_set():
                    return
                accepted.append(connection)
                with suppress(OSError):  # the client has gone
                    talk(connection)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listener.getsockname()[1]}", accepted
        finally:
            over.set()
            socket.create_connection(listener.getsockname()).close()  # there is no other way out of accept everywhere
            thread.join()


@pytest.fixture
def nobody() -> str:
    """An address where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def not_sent(error: BFLError) -> None:
    """The request may not have been carried out, and the error says so."""
    assert isinstance(error, TransportError)
    assert not error.maybe_submitted
    assert error.remedy.action in ("", "proxy")


@left_early
@KINDS
@pytest.mark.parametrize("body", [b"", b"{}"])
def test_a_refusal_that_comes_twice_is_paid_once(kind: str, body: bytes, loopback: Loopback) -> None:
    """The second copy of a 429 is not taken for the answer to the repeated request, which was carried out."""
    loopback.refusals = [b"HTTP/1.1 429 Busy\r\ncontent-length: %d\r\n\r\n%s" % (len(body), body) * 2]
    loopback.silent = {"x"}
    error = submit(kind, loopback.url)
    assert isinstance(error, TransportError)
    assert error.maybe_submitted
    assert len(loopback.posts) == 2


# What did not leave is repeated, and never "maybe"


@KINDS
@pytest.mark.parametrize("given", [False, True])
def test_without_a_connection_nothing_was_sent(kind: str, given: bool, nobody: str) -> None:
    """A refused connection was not a request, whether the HTTP client is ours or the caller's."""
    not_sent(submit(kind, f"http://{nobody}", own(kind) if given else lambda: None))


@KINDS
def test_without_tls_nothing_was_sent(kind: str) -> None:
    """A handshake that fails was not a request, and it is tried again."""
    with server(lambda connection: connection.sendall(b"HTTP/1.1 400 this is not TLS\r\n\r\n")) as (address, accepted):
        not_sent(submit(kind, f"https://{address}"))
    assert len(accepted) == 1


@KINDS
@pytest.mark.parametrize("answer", [b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", b"", b"what?\r\n\r\n"])
def test_a_tunnel_that_is_not_opened_was_no_request(kind: str, answer: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy that refuses to connect, hangs up or talks nonsense has seen no paid request, and is asked again."""
    asked: list[bytes] = []

    def refuse(connection: socket.socket) -> None:
        asked.append(connection.recv(65536))
        connection.sendall(answer)

    with server(refuse) as (address, _):
        monkeypatch.setenv("HTTPS_PROXY", f"http://{address}")
        not_sent(submit(kind, "https://api.bfl.ai"))
    assert [line.split()[0] for line in asked] == [b"CONNECT"] * QUICK.attempts
    assert KEY.encode() not in b"".join(asked)


@KINDS
@pytest.mark.parametrize("reason", [OSError(errno.EMFILE, "too many open files"), RuntimeError("odd"), KeyError("odd")])
def test_an_unknown_error_before_the_request_was_no_request(
    kind: str, reason: Exception, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong in opening the socket, too few file descriptors say, nothing was sent then."""

    def fails(*_: Any, **__: Any) -> Any:
        raise reason

    async def afails(*_: Any, **__: Any) -> Any:
        raise reason

    monkeypatch.setattr(socket, "create_connection", fails)
    monkeypatch.setattr(anyio, "connect_tcp", afails)
    monkeypatch.setattr(trio, "open_tcp_stream", afails)
    not_sent(submit(kind, loopback.url))
    assert loopback.posts == []


@KINDS
def test_an_error_of_the_callers_hook_before_the_request_was_no_request(kind: str, loopback: Loopback) -> None:
    """A hook of the caller's HTTP client that raises before anything is sent has sent nothing."""

    def fails(request: httpx.Request) -> None:
        raise RuntimeError("mine")

    async def afails(request: httpx.Request) -> None:
        raise RuntimeError("mine")

    def hooked() -> Any:
        if kind == "sync":
            return httpx.Client(event_hooks={"request": [fails]})
        return httpx.AsyncClient(event_hooks={"request": [afails]})

    not_sent(submit(kind, loopback.url, hooked))
    assert loopback.posts == []


# What may have left is never repeated, and "maybe"


@KINDS
@pytest.mark.parametrize("given", [False, True])
def test_a_request_without_an_answer_may_have_been_carried_out(kind: str, given: bool, loopback: Loopback) -> None:
    """A connection closed under a request that arrived is "maybe submitted", and the ledger has one POST."""
    loopback.silent.add("x")
    error = submit(kind, loopback.url, own(kind) if given else lambda: None)
    assert isinstance(error, TransportError)
    assert error.maybe_submitted
    assert error.remedy.action == "check-credits"
    assert [post.prompt for post in loopback.posts] == ["x"]


@left_early
@KINDS
def test_a_request_that_broke_off_may_have_been_carried_out(kind: str) -> None:
    """A connection reset after the first bytes of a request is "maybe submitted": who knows what was read."""
    with server(lambda connection: connection.recv(1)) as (address, accepted):
        error = submit(kind, f"http://{address}", prompt="x" * 100_000)
    assert isinstance(error, TransportError)
    assert error.maybe_submitted
    assert len(accepted) == 1


@KINDS
def test_an_answer_that_breaks_off_may_have_been_the_task(kind: str) -> None:
    """An answer that ends before its announced length is "maybe submitted"."""

    def half(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b'HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{"id": "task-1"')

    with server(half) as (address, accepted):
        error = submit(kind, f"http://{address}")
    assert isinstance(error, TransportError)
    assert error.maybe_submitted
    assert len(accepted) == 1


# Settings of the environment that cannot work


@KINDS
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("SSL_CERT_FILE", os.path.join("missing", "certificates.pem")),
        ("ALL_PROXY", "nonsense://127.0.0.1:1"),
        ("HTTPS_PROXY", "http://127.0.0.1:port"),
        ("https_proxy", "nonsense://127.0.0.1:1"),
        ("NO_PROXY", "[::1" if httpx.__name__ == "httpx" else "xn--"),  # httpx2 takes the first, httpx the second
        pytest.param(
            "ALL_PROXY",
            "socks5://127.0.0.1:1",
            marks=pytest.mark.skipif(bool(importlib.util.find_spec("socksio")), reason="SOCKS is installed here"),
        ),
    ],
)
def test_a_setting_that_cannot_work_is_named(
    kind: str, variable: str, value: str, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A variable for proxies or certificates that cannot be used is a ConfigurationError that names it."""
    monkeypatch.setenv(variable, value)
    error = submit(kind, loopback.url)
    assert isinstance(error, ConfigurationError)
    assert variable in error.message
    assert loopback.posts == []


@KINDS
def test_only_variables_that_are_set_are_named(kind: str, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """A setting that cannot work is not blamed on variables that are not set."""
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")
    message = submit(kind, loopback.url).message
    assert not any(name in message for name in PROXIES if name != "ALL_PROXY")


@KINDS
def test_a_password_in_a_proxys_address_is_not_shown(
    kind: str, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message about a proxy that cannot be used shows no password of its address."""
    monkeypatch.setenv("ALL_PROXY", "nonsense://user:secret-word@127.0.0.1:1")
    error = submit(kind, loopback.url)
    assert isinstance(error, ConfigurationError)
    assert "secret-word" not in str(error)


@KINDS
def test_half_of_a_password_is_not_shown(kind: str, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a password with a slash makes a proxy's address unreadable, no part of it is shown, nor in the cause."""
    monkeypatch.setenv("ALL_PROXY", "http://user:secret/word@127.0.0.1:1")
    error = submit(kind, loopback.url)
    assert isinstance(error, ConfigurationError)
    assert "secret" not in "".join(traceback.format_exception(error))


@KINDS
def test_the_caller_may_make_the_client_work_again(
    kind: str, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the variable is right, the same client submits."""
    monkeypatch.setenv("ALL_PROXY", "nonsense://127.0.0.1:1")

    async def run() -> str:
        async with AsyncClient(KEY, loopback.url) as client:
            with pytest.raises(ConfigurationError):
                await client.submit(NAME, prompt="x")
            monkeypatch.delenv("ALL_PROXY")
            return (await client.submit(NAME, prompt="x")).id

    if kind != "sync":
        assert anyio.run(run, backend=kind) == "task-x"
        return
    with Client(KEY, loopback.url) as client:
        with pytest.raises(ConfigurationError):
            client.submit(NAME, prompt="x")
        monkeypatch.delenv("ALL_PROXY")
        assert client.submit(NAME, prompt="x").id == "task-x"


# Threads and event loops


def test_threads_share_one_set_of_connections(loopback: Loopback) -> None:
    """Eight threads that submit at once through a new client share one HTTP client, and each gets its own task."""
    with Client(KEY, loopback.url) as client, ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda number: client.submit(NAME, prompt=str(number)).id, range(32)))
        assert ids == [f"task-{number}" for number in range(32)]
    assert len({post.port for post in loopback.posts}) <= 8


@pytest.mark.parametrize("forked", [False, True])
def test_threads_that_begin_at_once_build_one_http_client(
    forked: bool, loopback: Loopback, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the first requests of two threads interleave, also in a forked child, one HTTP client is built."""
    both, built = threading.Barrier(2), list[httpx.Client]()

    class Number(int):
        def __ne__(self, other: object) -> bool:
            with suppress(threading.BrokenBarrierError):
                both.wait(0.2)
            return int(self) != other

        __hash__ = int.__hash__

    class Counted(httpx.Client):
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            built.append(self)

    here = Number(os.getpid() + forked)
    with monkeypatch.context() as patched, Client(KEY, loopback.url) as client, ThreadPoolExecutor(2) as pool:
        patched.setattr(httpx, "Client", Counted)
        if forked:
            client.submit(NAME, prompt="parent")
        patched.setattr(os, "getpid", lambda: here)
        list(pool.map(lambda prompt: client.submit(NAME, prompt=prompt).id, "ab"))
    for http in built:
        http.close()
    assert len(built) == 1 + forked
    assert {post.port for post in loopback.posts if post.prompt == "parent"}.isdisjoint(
        post.port for post in loopback.posts if post.prompt in "ab"
    )


@pytest.mark.about("credits")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the first loop left its connection
def test_a_client_serves_one_event_loop_after_another(loopback: Loopback) -> None:
    """An AsyncClient that was used in one asyncio.run works in the next."""
    client = AsyncClient(KEY, loopback.url)

    async def ask(last: bool) -> float:
        credits = await client.credits()
        if last:
            await client.close()
        return credits

    assert [asyncio.run(ask(False)), asyncio.run(ask(True))] == [5, 5]
    gc.collect()  # within this test, which allows for it


@pytest.mark.about("credits")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the first loop left its connection
@pytest.mark.parametrize("first", ["asyncio", "trio"])
@pytest.mark.parametrize("second", ["asyncio", "trio"])
def test_a_client_can_be_closed_in_another_event_loop_than_it_was_used_in(
    first: str, second: str, loopback: Loopback
) -> None:
    """Closing an asynchronous client whose event loop has ended raises nothing, and it is closed then."""
    client = AsyncClient(KEY, loopback.url)
    anyio.run(client.credits, backend=first)
    anyio.run(client.close, backend=second)
    with pytest.raises(BFLError, match="closed"):
        anyio.run(client.credits, backend=second)
    gc.collect()  # within this test, which allows for it


# Causes that are named


@KINDS
@pytest.mark.parametrize(
    ("url", "said", "lasting"),
    [
        ("https://nonexistent.invalid", "cannot connect to nonexistent.invalid: name or service not known", True),
        ("https://127.0.0.1:1/x", "cannot connect to 127.0.0.1:1: connection refused", False),
    ],
)
def test_a_host_that_cannot_be_reached_is_named_with_the_cause(kind: str, url: str, said: str, lasting: bool) -> None:
    """The error names the host and why it cannot be reached; what repeating cannot mend is not repeated."""
    began = time.monotonic()
    error: Any = submit(kind, url, retry=Retry(attempts=2, initial=0.2, ceiling=0.2))
    assert error.message == said
    assert (error.lasting, error.maybe_submitted) == (lasting, False)
    assert lasting or time.monotonic() - began >= 0.2


@KINDS
def test_a_certificate_of_an_unknown_authority_is_named(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A certificate that is not trusted is named with what to set; it is asked once, and works once that is set."""
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)

    def greet(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) as encrypted:
            encrypted.recv(65536)
            encrypted.sendall(b"HTTP/1.1 402 Payment Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            while encrypted.recv(65536):  # until the client closes: a close with data unread would reset the connection
                pass

    with server(greet) as (address, accepted):
        error: Any = submit(kind, f"https://{address}")
        assert error.message.startswith(f"cannot connect to {address}: certificate verify failed: ")
        assert error.remedy.action == "certificates"
        assert "SSL_CERT_FILE" in str(error)
        assert (error.lasting, len(accepted)) == (True, 1)
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
        assert isinstance(submit(kind, f"https://{address}"), InsufficientCreditsError)


@KINDS
@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n", ": it answered 407"),
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", ": it answered 503"),
        (b"", ""),
    ],
)
@pytest.mark.parametrize("scheme", ["http://", ""])
def test_a_proxy_that_refuses_is_named(
    kind: str, answer: bytes, said: str, scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy is named with its variable and its answer, without its password; a refusal (4xx) is not repeated."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(answer)

    with server(refuse) as (address, accepted):
        monkeypatch.setenv("HTTPS_PROXY", f"{scheme}user:swordfish@{address}")
        error: Any = submit(kind, "https://api.bfl.ai")
    if said:
        assert error.message == f"cannot connect to api.bfl.ai through the proxy {address} (from HTTPS_PROXY){said}"
        assert error.remedy == "correct HTTPS_PROXY, or exempt the host in NO_PROXY"
    assert "swordfish" not in repr(error) + "".join(traceback.format_exception(error))
    assert len(accepted) == (1 if b" 4" in answer else QUICK.attempts)


@left_early
@KINDS
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_of_the_environment_is_asked_for_this_machine(
    kind: str, host: str, loopback: Loopback, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a proxy for everything in the environment, requests to loopback go there directly."""
    for variable in ("HTTP_PROXY", "ALL_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, f"http://{nobody}")
    loopback.status = 402
    error: Any = submit(kind, loopback.url.replace("127.0.0.1", host))
    assert error.status_code == 402
    assert len(loopback.posts) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_no_proxy_is_blamed_where_none_was_asked(host: str, nobody: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request to this machine that fails is not said to have gone through the proxy of the environment."""
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example:3128")
    error = submit("sync", f"http://{nobody.replace('127.0.0.1', host)}")
    assert isinstance(error, TransportError)
    assert "proxy" not in error.message


def test_an_error_that_was_being_handled_is_no_cause(nobody: str) -> None:
    """A request made while another error is handled does not take that error for its own cause."""
    try:
        raise PermissionError(13, "of the application's own")
    except PermissionError:
        with (
            httpx.Client(transport=httpx.MockTransport(_hangs_up)) as http,
            Client(KEY, f"http://{nobody}", http_client=http, retry=QUICK) as client,
            pytest.raises(TransportError) as caught,
        ):
            client.submit(NAME, prompt="x")
    assert caught.value.message.endswith("was lost")


def _hangs_up(request: httpx.Request) -> httpx.Response:
    raise httpx.ReadError("broken")


def test_what_a_transport_reports_is_believed() -> None:
    """A paid request counts as sent, and is shielded, once its headers are begun; those to a proxy do not count."""
    request = httpx.Request("POST", "https://api.bfl.ai", extensions={"trace": print})
    connect = httpx.Request("CONNECT", "https://api.bfl.ai")
    connect.method = b"CONNECT"  # type: ignore[assignment]  # as httpcore has it
    sent = _Sent(False, None)
    sent.scope = shielded = SimpleNamespace(shield=False)  # type: ignore[assignment]
    sent.see("connection.connect_tcp.started", {})
    sent.see("http11.send_request_headers.started", {"request": connect})
    assert list(sent.read([b"x"])) == [b"x"]  # type: ignore[arg-type]
    assert not sent.maybe(httpx.ReadError("broken"))
    assert not shielded.shield
    sent.see("http11.send_request_headers.started", {"request": request})
    assert sent.maybe(httpx.ConnectError("broken"))
    assert sent.unanswered()
    assert shielded.shield
    assert "trace" not in request.extensions


def test_reads_and_writes_are_bounded_by_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """No timeout beneath the library is longer than the time until the deadline; after it, nothing is done."""
    monkeypatch.setattr("bfl_client.library.now", lambda: 100.0)
    asked = list[Any]()

    class Inner:
        def __getattr__(self, name: str) -> Any:
            def call(*given: Any, **named: Any) -> Inner:
                asked.append((name, given, named))
                return self

            return call

    stream = _Bounded(Inner())
    for deadline, given, expected in (
        (None, 5.0, 5.0), (None, None, None), (103.0, 5.0, 3.0), (103.0, None, 3.0), (109.0, 5.0, 5.0),
    ):  # fmt: skip
        token = DEADLINE.set(deadline)
        stream.read(7, given)
        stream.write(b"x", given)
        assert isinstance(stream.connect_tcp("h", 1, timeout=given, local_address="l"), _Bounded)
        assert isinstance(stream.start_tls("context", "name", given), _Bounded)
        assert asked == [
            ("read", (7, expected), {}),
            ("write", (b"x", expected), {}),
            ("connect_tcp", ("h", 1), {"timeout": expected, "local_address": "l"}),
            ("start_tls", ("context", "name", expected), {}),
        ]
        asked.clear()
        DEADLINE.reset(token)
    token = DEADLINE.set(100.0)
    for late in (lambda: stream.read(7), lambda: stream.write(b"x"), lambda: stream.connect_tcp("h", 1)):
        with pytest.raises(TimeoutError):
            late()
    DEADLINE.reset(token)
    assert asked == []
    assert stream.get_extra_info("socket") is not None


THROUGH = "through the proxy proxy.example:8 (from HTTPS_PROXY)"
CAUSES: list[tuple[BaseException, bool, str]] = [
    (httpx.ConnectTimeout("x"), True, f"cannot connect to api.bfl.ai in time {THROUGH}"),
    (httpx.ConnectError("x"), False, "cannot connect to api.bfl.ai"),
    (httpx.ReadTimeout("407 x"), True, "no answer from api.bfl.ai in time"),
    (httpx.WriteTimeout("x"), True, "api.bfl.ai did not accept the request in time"),
    (httpx.PoolTimeout("x"), True, "all connections to api.bfl.ai are in use"),
    (httpx.WriteError("x"), True, "the connection to api.bfl.ai was lost"),
    (httpx.RemoteProtocolError("x"), True, "api.bfl.ai closed the connection, or sent something that is not HTTP"),
    (httpx.DecodingError("x"), True, "no answer from api.bfl.ai (DecodingError)"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "own", "said"), CAUSES)
def test_each_failure_has_its_words(
    error: BaseException, own: bool, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every kind of failure is told apart; a proxy is named for what failed to connect, and only for our own client."""
    monkeypatch.setenv("HTTPS_PROXY", "http://user:swordfish@proxy.example:8")
    found = lost(error, "https://user@api.bfl.ai/v1/x?id=1", False, own)
    assert found.message == said
    assert found.remedy.action == ("proxy" if "proxy" in said else "")


def test_words_for_odd_urls_and_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL that cannot be read, TLS errors with and without a reason, and a proxy for everything have their words."""
    error = httpx.ConnectError("x")
    assert lost(error, "https://[", False, False).message == "cannot connect to the service"
    assert lost(error, "nonsense", False, False).message == "cannot connect to the service"
    assert lost(error, f"https://{'h' * 200}/", False, False).message == f"cannot connect to {'h' * 99}…"
    for reason, words in (("WRONG_VERSION_NUMBER", "wrong version number"), (None, "no reason given")):
        cause: Any = ssl.SSLError(1, "x")
        cause.reason = reason
        error.__cause__ = cause
        assert lost(error, "https://h/", False, False).message == f"cannot connect to h: TLS failed ({words})"
    error.__cause__ = OSError(errno.ENETUNREACH, "x")
    assert lost(error, "https://h/", False, False).message == "cannot connect to h: network is unreachable"
    monkeypatch.setenv("all_proxy", "http://proxy.example")
    said = "cannot connect to h through the proxy proxy.example (from all_proxy): network is unreachable"
    assert lost(error, "https://h/", False, True).message == said
    monkeypatch.setenv("NO_PROXY", "h")
    assert "proxy" not in lost(error, "https://h/", False, True).message


@pytest.mark.parametrize(
    ("proxy", "address"),
    [
        ("http://[bad", "without a valid address"),
        ("http://user:swordfish@h:99999", "without a valid address"),
        ("http://", "without a valid address"),
        ("//", "without a valid address"),
        ("user:swordfish@h:8080", "h:8080"),
        ("http://h:", "h"),
    ],
)
def test_a_proxy_that_is_no_address_is_named_by_its_variable(
    proxy: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in the variable of a proxy, a failure is a TransportError that says which one to correct."""
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    found = lost(httpx.ConnectError("x"), "https://api.bfl.ai/", False, True)
    assert found.message == f"cannot connect to api.bfl.ai through the proxy {address} (from HTTPS_PROXY)"
    assert found.remedy.action == "proxy"
    assert lost(httpx.ConnectError("x"), "https://[", False, True).message == "cannot connect to the service"


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_the_log_of_the_library_has_no_header_of_an_answer(
    loopback: Loopback, caplog: pytest.LogCaptureFixture, kind: str
) -> None:
    """Where a redirect leads, which may echo the key, is not in the log of httpcore either, at any level."""
    head = f"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.example/?{KEY}\r\nContent-Length: 0\r\n\r\n"
    loopback.refusals = [head.encode()]
    with caplog.at_level(logging.DEBUG), pytest.raises(APIError):
        if kind == "sync":
            with Client(KEY, loopback.url) as client:
                client.submit(NAME, prompt="x")
        else:

            async def ask() -> None:
                async with AsyncClient(KEY, loopback.url) as client:
                    await client.submit(NAME, prompt="x")

            anyio.run(ask)
    assert any("receive_response_headers" in record.getMessage() for record in caplog.records)
    assert "elsewhere" not in caplog.text
    assert KEY not in caplog.text
