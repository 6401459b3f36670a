"""Peers that drip: at every stage of an answer a deadline ends the request, in both clients, in real time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import pytest
from bfl_client import AsyncClient, AsyncResult, BFLError, Client, Poll, Result, Retry, TaskTimeout
from bfl_client.answers import update_of

from .conftest import KEY, NAME, left_early

KINDS = pytest.mark.parametrize("kind", ["sync", "asyncio", "trio"])
DEADLINE = 0.4  # seconds
LATEST = 30.0  # seconds at which a request that ignores its deadline would still wait; a busy machine is slow
DRIP = 0.02  # seconds between two bytes

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = OK + b"Content-Length: 100000\r\n\r\n"
EARLY = b"HTTP/1.1 103 Early Hints\r\n\r\n"
STAGES: dict[str, tuple[bytes, bytes]] = {
    "nothing at all": (b"", b""),
    "the status line": (b"HTTP/1.1 200 ", b"O"),
    "a header": (OK + b"X-Long: ", b"x"),
    "many headers": (OK, b"X: y\r\n"),
    "the body": (LONG, b" "),
    "a chunk": (CHUNKED + b"100000\r\n", b" "),
    "a chunk's extension": (CHUNKED + b"5;x=", b"x"),
    "trailers": (CHUNKED + b"0\r\nX-Long: ", b"x"),
    "a flood of 1xx": (b"", EARLY * 50),
}
"""Stage -> what is sent at once, and what is then repeated for ever."""


class Dripper:
    """Takes connections, reads a request, sends the beginning, and then drips."""

    def __init__(self, beginning: bytes, drop: bytes) -> None:
        self._beginning, self._drop = beginning, drop
        self._over, self.asked = threading.Event(), False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._threads = [threading.Thread(target=self._accept)]
        self._threads[0].start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=[connection])
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.asked = bool(connection.recv(65536))
                connection.sendall(self._beginning)
                while not self._over.wait(DRIP):
                    connection.sendall(self._drop)
            except OSError:  # the client has left
                return

    def stop(self) -> None:
        self._over.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


def at_each_stage(check: Callable[[Dripper], object]) -> None:
    """Run a check against a dripper for each stage, all at once."""
    drippers = {stage: Dripper(*sent) for stage, sent in STAGES.items()}
    try:
        with ThreadPoolExecutor(len(STAGES)) as pool:
            found = {stage: pool.submit(check, dripper) for stage, dripper in drippers.items()}
        failed = {stage: error for stage, future in found.items() if (error := future.exception())}
        assert failed == {}
    finally:
        for dripper in drippers.values():
            dripper.stop()


def took(kind: str, url: str, work: Callable[[Any], Any]) -> tuple[float, BaseException]:
    """Seconds that the work with a client takes, and the error that it ends with."""
    options: dict[str, Any] = {"poll": Poll(floor=0.01, ceiling=0.01), "retry": Retry(attempts=1)}
    began = time.monotonic()

    async def run() -> None:
        async with AsyncClient(KEY, url, **options) as client:
            await work(client)

    with pytest.raises(BFLError) as caught:
        if kind == "sync":
            with Client(KEY, url, **options) as client:
                work(client)
        else:
            anyio.run(run, backend=kind)
    return time.monotonic() - began, caught.value


@left_early
@KINDS
def test_a_dripped_poll_ends_at_the_deadline_of_the_wait(kind: str) -> None:
    """wait(0.4) ends with TaskTimeout in time, wherever the answer to the poll is dripped."""

    def check(dripper: Dripper) -> None:
        url = dripper.url
        polling_url = f"{url}/v1/get_result?id=task-1"
        seconds, error = took(kind, url, lambda client: client.task("task-1", polling_url, NAME).wait(DEADLINE))
        assert isinstance(error, TaskTimeout)
        assert DEADLINE <= seconds < LATEST

    at_each_stage(check)


@left_early
@KINDS
def test_a_dripped_submit_ends_at_its_deadline(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A submit whose answer is dripped ends as one that may have been carried out."""
    monkeypatch.setattr("bfl_client.policy.REQUEST_DEADLINE", DEADLINE)

    found = dict[Dripper, Any]()

    def check(dripper: Dripper) -> None:
        seconds, found[dripper] = took(kind, dripper.url, lambda client: client.submit(NAME, prompt="x"))
        assert DEADLINE <= seconds < LATEST

    at_each_stage(check)
    assert len(found) == len(STAGES)
    for dripper, error in found.items():  # on a busy machine the deadline may pass before anything is sent
        assert error.maybe_submitted or not dripper.asked


@left_early
@KINDS
def test_a_dripped_download_ends_at_its_deadline(kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A download that is dripped ends in time, with nothing on disk."""
    monkeypatch.setattr("bfl_client.policy.DOWNLOAD_DEADLINE", DEADLINE)

    def check(dripper: Dripper) -> None:
        url = dripper.url
        update = update_of({"id": "task-1", "status": "Ready", "result": {"sample": f"{url}/sample"}})

        def save(client: Any) -> Any:
            task = client.task("task-1", f"{url}/v1/get_result?id=task-1", NAME)
            return (Result if kind == "sync" else AsyncResult)(task, update).save(tmp_path / "fox.png")  # type: ignore[arg-type]

        seconds, _ = took(kind, url, save)
        assert DEADLINE <= seconds < LATEST

    at_each_stage(check)
    assert list(tmp_path.iterdir()) == []


def test_every_transport_of_a_client_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The connections of our own client are bounded directly and through each proxy of the environment."""
    from bfl_client.library import guarded, httpx

    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with guarded(httpx.Client()) as client:
        transports: list[Any] = [client._transport, *filter(None, client._mounts.values())]
        assert len(transports) >= 3
        backends = [type(each._pool._network_backend).__name__ for each in transports]
        assert set(backends) == {"_Bounded"}
