"""The emulator on a real port: it starts, serves, and leaves nothing behind."""

import asyncio
import concurrent.futures
import contextlib
import errno
import gc
import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import anyio
import httpx
import pytest
from bfl_emulator import Emulator, listener, requests

from tests.cli.shell import LIMIT

_NO_KEEPALIVE = httpx.Limits(max_keepalive_connections=0)
_SOON = 10.0  # seconds for a stop that takes one; with `patient`, one that waits for a client takes much longer


def _connect(emulator: Emulator) -> socket.socket:
    address = httpx.URL(emulator.base_url)
    return socket.create_connection((address.host, address.port or 80), timeout=LIMIT)


def _answer(connection: socket.socket) -> bytes:
    """Read until the server closes the connection."""
    pieces = []
    with contextlib.suppress(ConnectionError):
        while piece := connection.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)


@pytest.fixture
def no_traces() -> Iterator[None]:
    """Fail if threads or sockets outlive the test (unclosed sockets are warnings, and warnings are errors)."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if thread.name.startswith("Trio thread"):  # trio's own, which it keeps for ten seconds
            continue
        thread.join(LIMIT)
        assert not thread.is_alive(), thread
    gc.collect()


@pytest.fixture
def quick(small: dict[str, Any], no_traces: None) -> Emulator:
    return Emulator(specification=small, speed=float("inf"), check=True)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """An emulator whose stop waits for connections, once it has broken them, for as long as for a busy machine."""
    monkeypatch.setattr(listener, "_PATIENCE", LIMIT)


def _client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(base_url=emulator.base_url, headers={"x-key": emulator.api_key})


def _picture(emulator: Emulator, client: httpx.Client, seed: int) -> bytes:
    """Get a picture with a client that has no key of its own, so that it may also download."""
    body = {"prompt": "a fox", "seed": seed, "width": 64, "height": 64}
    url = emulator.base_url + "/v1/paint"
    receipt = client.post(url, json=body, headers={"x-key": emulator.api_key}).json()
    result = client.get(receipt["polling_url"]).json()
    return client.get(result["result"]["sample"]).content


def test_conversation(quick: Emulator) -> None:
    """A client that knows only the base URL and the key gets a picture."""
    with quick as emulator, httpx.Client() as client:
        assert emulator.base_url.startswith("http://127.0.0.1:")
        assert _picture(emulator, client, 1).startswith(b"\xff\xd8")


def test_closed_afterwards(quick: Emulator) -> None:
    """After the block nobody listens any longer, and the port is free again."""
    before = quick.base_url
    with quick as emulator:
        port = httpx.URL(emulator.base_url).port or 0
    assert quick.base_url == before
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)
    socket.create_server(("127.0.0.1", port)).close()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit])
def test_error_in_the_block(quick: Emulator, error: type[BaseException]) -> None:
    """An error in the block stops the emulator and propagates."""
    with pytest.raises(error), quick:
        raise error
    assert "not listening" in repr(quick)


def test_twice(quick: Emulator) -> None:
    """An emulator can be entered again and keeps its tasks, but it cannot be started while it listens."""
    with quick as emulator, _client(emulator) as client:
        client.post("/v1/paint", json={"prompt": "x"})
        with pytest.raises(RuntimeError):
            emulator.start()
    with quick as emulator, _client(emulator) as client:
        assert client.get("/v1/credits").status_code == 200
        assert len(emulator.tasks) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="127.0.0.2 belongs to this machine on Linux only")
def test_other_addresses(small: dict[str, Any], no_traces: None) -> None:
    """Other addresses of this machine answer only with allow_remote, and only under the allowed names."""
    with Emulator(specification=small) as emulator, pytest.raises(httpx.ConnectError):
        httpx.get(f"http://127.0.0.2:{httpx.URL(emulator.base_url).port}/v1/credits")
    with Emulator(specification=small, allow_remote=["Emulator.test"]) as emulator:
        url = httpx.URL(emulator.base_url)
        assert url.host == "emulator.test"
        answers = [
            httpx.get(f"http://127.0.0.2:{url.port}/v1/credits", headers={"host": host})
            for host in ("emulator.test:1", "other.test")
        ]
    assert [answer.status_code for answer in answers] == [403, 400]


def test_port_taken(small: dict[str, Any], no_traces: None) -> None:
    """A taken port is an OSError; the emulator can be started once the port is free."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        emulator = Emulator(specification=small, port=other.getsockname()[1])
        with pytest.raises(OSError) as raised:
            emulator.start()
        assert raised.value.errno in (errno.EADDRINUSE, errno.EACCES)  # the latter on Windows
    with emulator:
        assert emulator.base_url.endswith(f":{httpx.URL(emulator.base_url).port}")


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_asynchronous(quick: Emulator) -> None:
    """The emulator is an asynchronous context manager on asyncio and on trio."""
    async with quick as emulator, httpx.AsyncClient(base_url=emulator.base_url) as client:
        assert (await client.get("/v1/credits", headers={"x-key": emulator.api_key})).status_code == 200
    assert "not listening" in repr(quick)


@pytest.mark.anyio
async def test_cancelled(quick: Emulator) -> None:
    """A cancellation before the emulator starts leaves nobody listening."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with quick:
            await anyio.sleep_forever()
    assert "not listening" in repr(quick)


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_cancelled_while_it_starts(quick: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancellation while the emulator starts leaves nobody listening."""
    start = quick.start

    def start_and_cancel() -> None:
        start()
        anyio.from_thread.run_sync(scope.cancel)

    monkeypatch.setattr(quick, "start", start_and_cancel)
    with anyio.CancelScope() as scope:
        async with quick:
            await anyio.sleep_forever()
    assert "not listening" in repr(quick)


def test_many_at_once(quick: Emulator) -> None:
    """A hundred tasks at once get a hundred different pictures."""

    def one(seed: int) -> bytes:
        with httpx.Client(timeout=LIMIT) as client:  # threads share none: see bfl_client.library.guarded
            return _picture(emulator, client, seed)

    with quick as emulator, concurrent.futures.ThreadPoolExecutor(20) as pool:
        pictures = list(pool.map(one, range(100)))
    assert len(set(pictures)) == len(emulator.tasks) == 100


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/paint HTTP/1.1\r\nHost: ",
        b"POST /v1/paint HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
        b"POST /v1/paint HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
    ],
    ids=["nothing", "headers", "body", "chunk"],
)
@pytest.mark.usefixtures("patient")
def test_slow_client(quick: Emulator, sent: bytes) -> None:
    """A client that never finishes its request keeps nobody else waiting, and `stop` for seconds only."""
    with quick as emulator, _client(emulator) as client:
        slow = _connect(emulator)
        slow.sendall(sent)
        assert client.get("/v1/credits").status_code == 200
        began = time.monotonic()
    assert time.monotonic() - began < _SOON
    assert _answer(slow) == b""
    slow.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/paint HTTP/1.1\r\nHost: localhost\r\n",
        b"POST /v1/paint HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
    ],
    ids=["nothing", "headers", "body"],
)
def test_half_sent(quick: Emulator, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clients that stop in the middle of a request are cut off after a while, and take nothing away from others."""
    monkeypatch.setattr(listener, "_HEAD", 0.05)
    monkeypatch.setattr(listener, "_SILENCE", 0.05)
    with quick as emulator, _client(emulator) as client, contextlib.ExitStack() as stack:
        connections = [stack.enter_context(contextlib.closing(_connect(emulator))) for _ in range(100)]
        for connection in connections:
            connection.sendall(sent)
        assert {_answer(connection) for connection in connections} == {b""}  # `recv` gives up in the end
        monkeypatch.undo()  # a busy machine may take longer to send a request
        assert client.get("/v1/credits").status_code == 200


def test_a_head_in_small_pieces(quick: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that sends the head of its request a byte at a time is cut off, too: no byte is a new beginning."""
    monkeypatch.setattr(listener, "_HEAD", 0.5)
    with quick as emulator, contextlib.closing(_connect(emulator)) as connection:
        connection.sendall(b"GET /v1/credits HTTP/1.1\r\nx-long: ")
        connection.settimeout(0.05)  # between two bytes
        for _ in range(400):
            with contextlib.suppress(TimeoutError):
                try:
                    connection.sendall(b"a")
                    assert connection.recv(1) == b""
                except ConnectionError:
                    pass
                return
    pytest.fail("it was never cut off")


def test_patience(quick: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that waits between its requests, or for a slow answer, is not cut off."""
    monkeypatch.setattr(listener, "_HEAD", 0.4)  # the emulator looks once a second: within the slow answer it is over
    monkeypatch.setattr(listener, "_SILENCE", 0.4)
    quick.script({"fault": "slow", "operation": "utility", "nth": 2, "seconds": 1.5})
    with quick as emulator, _client(emulator) as client, contextlib.closing(_connect(emulator)) as idle:
        request = b"GET /v1/credits HTTP/1.1\r\nHost: localhost\r\n\r\n"
        idle.sendall(request)
        assert idle.recv(12) == b"HTTP/1.1 403"
        assert client.get("/v1/credits").status_code == 200
        idle.sendall(request)
        answers = b""
        while answers.count(b"HTTP/1.1 403") < 1 and (piece := idle.recv(65536)):
            answers += piece
        assert b"HTTP/1.1 403" in answers


def test_answer_under_way(quick: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request that has begun when the emulator stops is still answered."""
    monkeypatch.setattr(listener, "_GRACE", LIMIT)
    quick.start()
    url = f"{quick.base_url}/v1/credits"
    with contextlib.closing(_connect(quick)) as connection:
        connection.sendall(b"POST /v1/paint HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{")
        while not quick.requests:
            pass
        stopping = threading.Thread(target=quick.stop)
        stopping.start()
        # Each try waits for its answer, so that only one connection is open at a time.
        with contextlib.suppress(httpx.TransportError), httpx.Client(limits=_NO_KEEPALIVE) as client:
            while True:
                client.get(url)
        connection.sendall(b"}")
        assert _answer(connection).startswith(b"HTTP/1.1 403")
    stopping.join()


@pytest.mark.usefixtures("patient")
def test_download_that_is_not_read(quick: Emulator) -> None:
    """A client that asks for a large picture and does not read it cannot keep the emulator from stopping."""
    with quick as emulator, httpx.Client() as client:
        body = {"prompt": "x", "width": 1440, "height": 11_000, "output_format": "png"}
        receipt = client.post(emulator.base_url + "/v1/paint", json=body, headers={"x-key": emulator.api_key}).json()
        sample = httpx.URL(client.get(receipt["polling_url"]).json()["result"]["sample"])
        idle = socket.create_connection((sample.host, sample.port or 80), timeout=LIMIT)
        idle.sendall(b"GET " + sample.raw_path + b" HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(12) == b"HTTP/1.1 200"
        began = time.monotonic()
    assert time.monotonic() - began < _SOON
    idle.close()


def test_client_that_leaves(quick: Emulator, caplog: pytest.LogCaptureFixture) -> None:
    """A client that goes away in the middle of its body is not an error."""
    with quick as emulator, _client(emulator) as client:
        with contextlib.closing(_connect(emulator)) as leaving:
            leaving.sendall(b"POST /v1/paint HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{")
        assert client.get("/v1/credits").status_code == 200
    assert not caplog.records


@pytest.mark.parametrize(
    "sent",
    [b"\0\1\2\3\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"],
)
def test_garbage(quick: Emulator, sent: bytes, caplog: pytest.LogCaptureFixture) -> None:
    """Anything but HTTP is answered with 400, the connection is closed, and nothing is logged."""
    with quick as emulator, contextlib.closing(_connect(emulator)) as connection:
        connection.sendall(sent)
        assert _answer(connection).startswith(b"HTTP/1.1 400")
    assert not caplog.records


def test_endless_headers(quick: Emulator) -> None:
    """A header of a hundred kilobytes is refused, not stored."""
    with quick as emulator, contextlib.closing(_connect(emulator)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 100_000)
        assert _answer(connection).startswith(b"HTTP/1.1 400")


def test_large_body(quick: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body above the limit gets a 413 over a real connection, with and without a declared length."""
    monkeypatch.setattr(requests, "MAX_BODY", 2_000_000)  # bytes; test_refusals sends more than the real limit
    body = b" " * 3_000_000
    headers = {"content-type": "application/json"}
    with quick as emulator, _client(emulator) as client:
        assert client.post("/v1/paint", content=body, headers=headers).status_code == 413
        assert client.post("/v1/paint", content=iter([body]), headers=headers).status_code == 413
        assert client.get("/v1/credits").status_code == 200


def test_within_a_running_loop(quick: Emulator) -> None:
    """The synchronous form works while an event loop is running."""

    async def use() -> int:
        with quick as emulator:
            async with httpx.AsyncClient(base_url=emulator.base_url) as client:
                return (await client.get("/v1/credits", headers={"x-key": emulator.api_key})).status_code

    assert asyncio.run(use()) == 200
