"""What an emulator leaves behind when it stops or cannot start, and what a start does to the rest of the process."""

import contextlib
import logging
import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator

from tests.cli.shell import LIMIT, await_true


def _free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


@pytest.mark.parametrize("one_host", [True, False])
def test_the_same_port_again(small: dict[str, Any], one_host: bool) -> None:
    """An emulator listens on the port it was given, and again at once after it has closed a connection on it."""
    port = _free()
    emulator = Emulator(specification=small, port=port, one_host=one_host)
    for _ in range(2):
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            with emulator:
                assert client.get("/v1/credits").status_code == 403
                assert emulator.base_url == f"http://127.0.0.1:{port}"
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"http://127.0.0.1:{port}")


def test_a_failed_start_leaves_no_file(small: dict[str, Any]) -> None:
    """If the port is taken, the file of certificates that was made before is deleted."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        emulator = Emulator(specification=small, port=other.getsockname()[1], tls=True)
        with pytest.raises(OSError):
            emulator.start()
    assert emulator.ca_file is None


def _status(url: str) -> int | None:
    """Return the status that a request on a new connection gets, or None if the connection is refused or broken."""
    try:
        return httpx.get(url, timeout=LIMIT).status_code
    except httpx.TransportError:
        return None


def test_open_connections_are_reset(small: dict[str, Any]) -> None:
    """Once a listener refuses connections, a client that has kept one is not served on it either."""
    with Emulator(specification=small) as emulator, httpx.Client(base_url=emulator.base_url) as client:
        assert client.get("/v1/credits").status_code == 403
        emulator.script({"fault": "refuse", "listener": "submit"})
        await_true(lambda: emulator.faults, "the refusal")
        await_true(lambda: _status(f"{emulator.base_url}/v1/credits") is None, "a closed port")
        with pytest.raises(httpx.TransportError):
            client.get("/v1/credits")


@pytest.mark.parametrize("opened", [True, False])
def test_stop_after_a_refusal(small: dict[str, Any], opened: bool) -> None:
    """A port that has refused connections, or still does, is free once the emulator has stopped."""
    with Emulator(specification=small) as emulator:
        url = f"{emulator.base_url}/v1/credits"
        emulator.script({"fault": "refuse", "listener": "submit"})
        await_true(lambda: emulator.faults and _status(url) is None, "the refusal")
        if opened:
            emulator.clear_script()
            await_true(lambda: _status(url) == 403, "the open port")
            assert [fault.fault for fault in emulator.faults] == ["refuse"]  # the log outlives the script
    assert _status(url) is None
    with socket.socket() as other:
        other.bind(("127.0.0.1", httpx.URL(url).port or 0))


def test_the_process_keeps_its_loggers(small: dict[str, Any]) -> None:
    """Starting an emulator changes neither handlers nor levels of the loggers of the server's library."""

    def setup() -> list[Any]:
        loggers = [logging.getLogger(name) for name in ("uvicorn", "uvicorn.access", "uvicorn.error")]
        return [(logger.level, logger.handlers[:], logger.propagate) for logger in loggers]

    before = setup()
    with Emulator(specification=small):
        assert setup() == before


def test_a_level_that_somebody_set(small: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    """Whoever wants to know of requests that are not HTTP sets the level of the emulator's logger, which stays."""
    with caplog.at_level(logging.WARNING, "bfl_emulator.http"), Emulator(specification=small) as emulator:
        url = httpx.URL(emulator.base_url)
        with contextlib.closing(socket.create_connection((url.host, url.port or 80), timeout=LIMIT)) as connection:
            connection.sendall(b"no HTTP\r\n\r\n")
            assert connection.recv(12) == b"HTTP/1.1 400"
        await_true(lambda: caplog.records, "a warning")
        assert logging.getLogger("bfl_emulator.http").level == logging.WARNING


def test_nobody_can_pose_as_another_client(small: dict[str, Any]) -> None:
    """Headers that a proxy would add change neither the scheme in the URLs nor from where a request comes."""
    with Emulator(specification=small, one_host=True, bfl_hosts=True) as emulator:
        posing = {"x-forwarded-proto": "https", "x-forwarded-for": "192.0.2.7", "x-key": emulator.api_key}
        with httpx.Client(base_url=emulator.base_url, headers=posing) as client:
            receipt = client.post("/v1/paint", json={"prompt": "x"}).json()
            assert receipt["polling_url"].startswith(f"{emulator.base_url}/v1/poll?")
            assert client.get("/v1/credits", headers={"host": "api.bfl.ai"}).status_code == 200


@pytest.fixture
def asking() -> Iterator[HTTPServer]:
    """A server of files that asks the URL in its attribute `asked` before it answers, and keeps the statuses."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            vars(server)["statuses"].append(_status(vars(server)["asked"]))
            self.send_response(404)
            self.end_headers()

        def log_message(self, format: str, *arguments: Any) -> None:
            """Log nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    vars(server)["statuses"] = []
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_others_are_served_while_an_input_is_fetched(small: dict[str, Any], asking: HTTPServer) -> None:
    """While the emulator waits for a picture that a request names by its URL, it answers other requests."""
    small["paths"]["/v1/paint"]["post"]["x-bfl-emulate"] = "edit"
    with Emulator(specification=small, speed=float("inf")) as emulator:
        vars(asking)["asked"] = f"{emulator.base_url}/v1/credits"
        body = {"prompt": "x", "images": f"HTTP://127.0.0.1:{asking.server_port}/cat.png"}
        url, key = f"{emulator.base_url}/v1/paint", {"x-key": emulator.api_key}
        assert httpx.post(url, json=body, headers=key, timeout=LIMIT).status_code == 200
    assert vars(asking)["statuses"] == [403]
