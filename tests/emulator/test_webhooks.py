"""Webhooks: what the receiver gets, how often, and where none may go."""

import hashlib
import hmac
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from bfl_emulator.script import Occasion, Script
from bfl_emulator.webhooks import Postman

from .conftest import connected

pytestmark = pytest.mark.anyio


class Receiver:
    """Receives webhooks on a free port, and answers each with the next of `codes`."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.arrived: list[tuple[dict[str, str], bytes]] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                receiver.arrived.append(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(receiver.codes.pop(0) if receiver.codes else 204)
                self.end_headers()

            def log_message(self, format: str, *arguments: Any) -> None:
                """Log nothing."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?x=1"

    @property
    def ids(self) -> list[str]:
        return [json.loads(body)["id"] for _, body in self.arrived]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    thread = threading.Thread(target=receiver.server.serve_forever, args=(0.01,))
    thread.start()
    yield receiver
    receiver.server.shutdown()
    thread.join()
    receiver.server.server_close()


async def _submit(client: httpx.AsyncClient, receiver: Receiver, **body: Any) -> str:
    body = {"prompt": "x", "webhook_url": receiver.url, **body}
    task_id: str = (await client.post("/v1/paint", json=body)).json()["id"]
    return task_id


@pytest.fixture
def emulator(small: dict[str, Any], clock: Any) -> Emulator:
    properties = small["components"]["schemas"]["Paint"]["properties"]
    properties["webhook_secret"] = {"type": "string"}
    return Emulator(specification=small, clock=clock, check=True)


async def test_delivery(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """A webhook is sent when the task is ready, with the plain secret and the body that a poll gets."""
    task_id = await _submit(client, receiver, webhook_secret="s3cret")
    clock.now += 9.9
    assert emulator.deliver_webhooks() == 0
    clock.now += 0.1
    assert emulator.deliver_webhooks() == 1
    ((headers, body),) = receiver.arrived
    assert (headers["x-webhook-secret"], headers["content-type"]) == ("s3cret", "application/json")
    assert "x-bfl-signature" not in headers
    polled = await client.get(f"{emulator.cluster_url}/v1/poll", params={"id": task_id})
    assert json.loads(body) == polled.json()
    clock.now += 1000
    assert emulator.deliver_webhooks() == 0


async def test_signature(small: dict[str, Any], clock: Any, receiver: Receiver) -> None:
    """With webhook_hmac the secret signs the body and is not sent."""
    small["components"]["schemas"]["Paint"]["properties"]["webhook_secret"] = {"type": "string"}
    emulator = Emulator(specification=small, clock=clock, webhook_hmac=True)
    async with connected(emulator) as client:
        await _submit(client, receiver, webhook_secret="s3cret")
    clock.now += 10
    emulator.deliver_webhooks()
    ((headers, body),) = receiver.arrived
    assert headers["x-bfl-signature"] == "sha256=" + hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert "s3cret" not in str(headers)


async def test_repetition(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """A failed delivery is retried after 1, 5 and 30 seconds, and then no more."""
    receiver.codes = [500, 404, 302, 503]
    await _submit(client, receiver)
    clock.now += 10
    moments = []
    for _ in range(200):
        moments += [clock.now - 5010] * emulator.deliver_webhooks()
        clock.now += 1
    assert moments == [0, 1, 6, 36]
    assert [delivery.status for delivery in emulator.webhooks] == [500, 404, 302, 503]


async def test_success_ends_repetition(
    client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any
) -> None:
    """A delivery that was accepted is not repeated."""
    receiver.codes = [500, 200]
    await _submit(client, receiver)
    for _ in range(20):
        clock.now += 10
        emulator.deliver_webhooks()
    assert len(receiver.arrived) == 2


async def test_nobody_there(client: httpx.AsyncClient, emulator: Emulator, clock: Any) -> None:
    """A receiver that does not exist is an entry in the log, not an error, and is tried again."""
    await client.post("/v1/paint", json={"prompt": "x", "webhook_url": "http://127.0.0.1:1/"})
    for seconds in (10, 1):
        clock.now += seconds
        assert emulator.deliver_webhooks() == 1
        assert "ConnectionRefusedError" in (emulator.webhooks[-1].error or "")


async def test_no_http(client: httpx.AsyncClient, emulator: Emulator, clock: Any) -> None:
    """A receiver that answers with something else than HTTP is an entry in the log, and is tried again."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            for _ in range(2):
                with server.accept()[0] as connection:
                    while not connection.recv(100_000).endswith(b"}"):  # the head may arrive before the body
                        pass
                    connection.sendall(b"220 mail.example ESMTP\r\n")

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        await client.post(
            "/v1/paint", json={"prompt": "x", "webhook_url": f"http://127.0.0.1:{server.getsockname()[1]}/"}
        )
        for seconds in (10, 1):
            clock.now += seconds
            assert emulator.deliver_webhooks() == 1
            assert "BadStatusLine" in (emulator.webhooks[-1].error or "")
        thread.join()


@pytest.mark.parametrize("url", ["http://192.0.2.1/hook", "https://example.com/hook", "http://localhost.example/"])
async def test_elsewhere(
    client: httpx.AsyncClient, emulator: Emulator, clock: Any, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A webhook to another machine is not delivered, which a warning says once."""
    await client.post("/v1/paint", json={"prompt": "x", "webhook_url": url})
    clock.now += 10
    emulator.deliver_webhooks()
    assert "this machine only" in (emulator.webhooks[-1].error or "")
    clock.now += 100
    emulator.deliver_webhooks()
    (warning,) = [record.getMessage() for record in caplog.records if record.name == "bfl_emulator.webhooks"]
    assert str(httpx.URL(url).host) in warning
    assert "allow_outbound" in warning
    assert "/hook" not in warning


async def test_failed_task(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """A failed task sends a webhook, too."""
    await _submit(client, receiver, prompt="#error")
    clock.now += 10
    emulator.deliver_webhooks()
    assert json.loads(receiver.arrived[0][1])["status"] == "Error"


async def test_changed_ending(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """If a script changes how a task ends, its webhook says so, as a poll does."""
    emulator.script({"fault": "outcome", "status": "Failed"})
    task_id = await _submit(client, receiver)
    clock.now += 10
    emulator.deliver_webhooks()
    polled = await client.get(f"{emulator.cluster_url}/v1/poll", params={"id": task_id})
    assert polled.json()["status"] == "Failed"
    assert json.loads(receiver.arrived[0][1]) == polled.json()


async def test_late(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """A late webhook is sent so many seconds after the task is ready."""
    emulator.script({"fault": "late", "seconds": 100})
    await _submit(client, receiver)
    clock.now += 109
    assert emulator.deliver_webhooks() == 0
    assert not emulator.faults
    clock.now += 1
    assert emulator.deliver_webhooks() == 1
    assert [fault.fault for fault in emulator.faults] == ["late"]


async def test_double(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """A doubled webhook is sent twice, the same each time."""
    emulator.script({"fault": "double", "nth": 1})
    await _submit(client, receiver)
    clock.now += 10
    assert emulator.deliver_webhooks() == 2
    assert receiver.arrived[0][1] == receiver.arrived[1][1]
    assert [fault.fault for fault in emulator.faults] == ["double"]


async def test_overtaken(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """An overtaken webhook is sent after the one that follows it."""
    emulator.script({"fault": "overtaken", "nth": 1})
    first, second = [await _submit(client, receiver) for _ in range(2)]
    clock.now += 10
    emulator.deliver_webhooks()
    assert receiver.ids == [second, first]
    assert [fault.task_id for fault in emulator.faults] == [first]


async def test_all_overtaken(client: httpx.AsyncClient, emulator: Emulator, receiver: Receiver, clock: Any) -> None:
    """If every webhook is to be overtaken, every other one is, and only those are logged."""
    emulator.script({"fault": "overtaken"})
    ids = [await _submit(client, receiver) for _ in range(5)]
    clock.now += 10
    emulator.deliver_webhooks()
    assert receiver.ids == [ids[1], ids[0], ids[3], ids[2]]
    assert [fault.task_id for fault in emulator.faults] == [ids[0], ids[2]]


def test_while_listening(small: dict[str, Any], receiver: Receiver) -> None:
    """An emulator that listens delivers by itself."""
    arrived = threading.Event()
    receiver.arrived = _Announcing(arrived)
    with Emulator(specification=small, speed=float("inf")) as emulator:
        body = {"prompt": "x", "webhook_url": receiver.url}
        httpx.post(f"{emulator.base_url}/v1/paint", json=body, headers={"x-key": emulator.api_key})
        assert arrived.wait(60)


def test_a_clock_that_a_test_moves_is_looked_at(clock: Any) -> None:
    """A clock that a test moves is looked at several times a second, however late the next webhook is due."""
    postman = Postman(clock, Script(clock), outbound=False, signed=False)
    postman.expect(Occasion("webhook", None, "submit"), clock() + 3600, "http://127.0.0.1:9/", None, dict)
    assert 0 < (postman._pause() or 0) < 0.5


class _Announcing(list[Any]):
    def __init__(self, event: threading.Event) -> None:
        super().__init__()
        self._event = event

    def append(self, item: Any) -> None:
        super().append(item)
        self._event.set()
