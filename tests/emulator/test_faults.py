"""Scripted faults on real connections: each happens to the request it is meant for, and is logged only then."""

import gzip
import itertools
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from hypothesis import given, settings, strategies

from tests.cli.shell import LIMIT, await_true

_BODY = {"prompt": "a fox", "seed": 1, "width": 64, "height": 64}


@pytest.fixture
def emulator(small: dict[str, Any]) -> Iterator[Emulator]:
    with Emulator(specification=small, speed=float("inf"), check=True) as emulator:
        yield emulator
    emulator.assert_no_leaks()


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client that has no key of its own and opens a connection for each request."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=emulator.base_url, limits=limits, timeout=LIMIT) as client:
        yield client


def _submit(client: httpx.Client, emulator: Emulator) -> httpx.Response:
    return client.post("/v1/paint", json=_BODY, headers={"x-key": emulator.api_key})


def _polling_url(client: httpx.Client, emulator: Emulator) -> str:
    url: str = _submit(client, emulator).json()["polling_url"]
    return url


def _sample(client: httpx.Client, emulator: Emulator) -> str:
    url: str = client.get(_polling_url(client, emulator)).json()["result"]["sample"]
    return url


def _sent(emulator: Emulator) -> list[str]:
    return [fault.fault for fault in emulator.faults]


def test_answer(client: httpx.Client, emulator: Emulator) -> None:
    """One chosen request gets any status, body and headers."""
    emulator.script(
        {
            "fault": "answer",
            "operation": "submit",
            "nth": 2,
            "status": 429,
            "body": "wait",
            "headers": {"Retry-After": 7, "Content-Type": "text/x-odd"},
        }
    )
    answers = [_submit(client, emulator) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert (answers[1].text, answers[1].headers["retry-after"]) == ("wait", "7")
    assert answers[1].headers["content-type"] == "text/x-odd"
    assert len(emulator.tasks) == 2
    assert _sent(emulator) == ["answer"]


@pytest.mark.parametrize("status", [204, 304, 418, 599])
def test_odd_statuses(client: httpx.Client, emulator: Emulator, status: int) -> None:
    """Statuses without a body, and statuses that nobody has seen, are sent as they are."""
    emulator.script({"fault": "answer", "operation": "poll", "status": status, "times": 1})
    url = _polling_url(client, emulator)
    assert client.get(url).status_code == status
    assert client.get(url).status_code == 200


def test_html(client: httpx.Client, emulator: Emulator) -> None:
    """A proxy's page is HTML."""
    emulator.script({"fault": "html", "operation": "submit"})
    answer = _submit(client, emulator)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert not emulator.tasks


@pytest.mark.parametrize(("when", "tasks"), [("before-reading", 0), ("after-reading", 0), ("after-answering", 1)])
def test_reset(client: httpx.Client, emulator: Emulator, when: str, tasks: int) -> None:
    """A reset breaks the connection; only the one after answering leaves a task behind."""
    emulator.script({"fault": "reset", "operation": "submit", "when": when, "nth": 1})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        _submit(client, emulator)
    assert len(emulator.tasks) == tasks
    assert _sent(emulator) == ["reset"]
    assert _submit(client, emulator).status_code == 200


def test_reset_is_a_reset(emulator: Emulator) -> None:
    """The client's kernel sees a reset, not an orderly end."""
    emulator.script({"fault": "reset", "operation": "utility"})
    address = httpx.URL(emulator.base_url)
    with socket.create_connection((address.host, address.port or 80), timeout=LIMIT) as connection:
        connection.sendall(b"GET /v1/credits HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_truncate(client: httpx.Client, emulator: Emulator) -> None:
    """A truncated download announces its length and ends too early; the next one is whole."""
    sample = _sample(client, emulator)
    emulator.script({"fault": "truncate", "operation": "download", "nth": 1, "bytes": 100})
    received = bytearray()
    with pytest.raises(httpx.RemoteProtocolError), client.stream("GET", sample) as answer:
        for piece in answer.iter_raw():
            received += piece
    whole = client.get(sample).content
    assert whole[:100] == received
    assert int(answer.headers["content-length"]) == len(whole)
    assert _sent(emulator) == ["truncate"]


def test_nothing_to_truncate(client: httpx.Client, emulator: Emulator) -> None:
    """An answer that is too short to truncate is sent whole, and no fault is logged."""
    whole = len(_submit(client, emulator).content)  # an id has always the same length
    for length in (10**6, whole):
        emulator.clear_script()
        emulator.script({"fault": "truncate", "operation": "submit", "bytes": length})
        assert _submit(client, emulator).status_code == 200
    assert not emulator.faults


def test_slow(small: dict[str, Any], clock: Any) -> None:
    """A slow answer is sent once so many seconds have passed on the emulator's clock."""
    emulator = Emulator(specification=small, clock=clock, script=[{"fault": "slow", "seconds": 3600}])
    with emulator, httpx.Client(base_url=emulator.base_url, timeout=LIMIT) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/v1/credits", headers={"x-key": emulator.api_key}, timeout=httpx.Timeout(LIMIT, read=0.1))
        await_true(lambda: emulator.requests, "the request")  # which must not meet the next script
        assert not emulator.faults
        emulator.clear_script()
        emulator.script({"fault": "slow", "seconds": 0})
        assert client.get("/v1/credits", headers={"x-key": emulator.api_key}).status_code == 200
        assert _sent(emulator) == ["slow"]


def test_drip(small: dict[str, Any]) -> None:
    """A dripped answer arrives in pieces, and is whole in the end."""
    pieces, hours = list[bytes](), itertools.count(step=3600)

    def clock() -> float:  # it stands still until the first piece has been read: no machine is too slow to see two
        return float(next(hours)) if pieces else 0.0

    drip = {"fault": "drip", "operation": "poll", "bytes": 50, "seconds": 3600}
    emulator = Emulator(specification=small, clock=clock, speed=float("inf"), script=[drip])
    with emulator, httpx.Client(base_url=emulator.base_url, timeout=LIMIT) as client:
        with client.stream("GET", _polling_url(client, emulator)) as answer:
            for piece in answer.iter_raw():
                pieces.append(piece)
        assert _sent(emulator) == ["drip"]
    assert json.loads(b"".join(pieces))["status"] == "Ready"
    assert len(pieces) > 1


def test_drip_without_a_reader(client: httpx.Client, emulator: Emulator) -> None:
    """A fault that the client did not wait for is not logged."""
    url = _polling_url(client, emulator)
    emulator.script({"fault": "drip", "operation": "poll", "bytes": 1, "seconds": 0.02})
    with client.stream("GET", url) as answer:
        next(answer.iter_raw())
    emulator.stop()
    assert not emulator.faults


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bomb(client: httpx.Client, emulator: Emulator, encoding: str) -> None:
    """A bomb has a few kilobytes when it is sent and megabytes when it is decompressed."""
    emulator.script({"fault": "bomb", "operation": "poll", "bytes": 20_000_000, "encoding": encoding})
    with client.stream("GET", _polling_url(client, emulator)) as answer:
        packed = b"".join(answer.iter_raw())
    assert answer.headers["content-encoding"] == encoding
    assert len(packed) < 100_000
    assert encoding != "gzip" or len(gzip.decompress(packed)) == 20_000_000
    assert _sent(emulator) == ["bomb"]


def test_redirect(client: httpx.Client, emulator: Emulator) -> None:
    """A redirect leads to another host."""
    emulator.script({"fault": "redirect", "operation": "poll", "location": "https://evil.example/x", "status": 302})
    answer = client.get(_polling_url(client, emulator))
    assert (answer.status_code, answer.headers["location"]) == (302, "https://evil.example/x")


def test_unknown_status(client: httpx.Client, emulator: Emulator) -> None:
    """A poll reports a status that nobody has seen; the next one reports the real status."""
    url = _polling_url(client, emulator)
    emulator.script({"fault": "status", "nth": 1, "status": "Dreaming"})
    first, second = [client.get(url).json() for _ in range(2)]
    assert (first["status"], first["result"], second["status"]) == ("Dreaming", None, "Ready")
    assert [(fault.fault, fault.task_id) for fault in emulator.faults] == [("status", first["id"])]


def test_task_not_found(client: httpx.Client, emulator: Emulator) -> None:
    """Two polls in the middle of a task's life get a 404 that denies it; the next one gets the result."""
    url = _polling_url(client, emulator)
    emulator.script({"fault": "status", "status": "Task not found", "code": 404, "nth": [2, 3]})
    answers = [client.get(url) for _ in range(4)]
    seen = [(answer.status_code, answer.json()["status"], answer.json()["result"] is None) for answer in answers]
    assert seen == [(200, "Ready", False), *[(404, "Task not found", True)] * 2, (200, "Ready", False)]
    assert _sent(emulator) == ["status"] * 2


def test_foreign_polling_url(client: httpx.Client, emulator: Emulator) -> None:
    """A receipt names a polling URL on a foreign host; a refusal is sent as it is and not logged."""
    emulator.script({"fault": "polling-url", "url": "https://evil.example/v1/get_result?id=1"})
    assert client.post("/v1/paint", json={}, headers={"x-key": emulator.api_key}).status_code == 422
    assert not emulator.faults
    assert _polling_url(client, emulator) == "https://evil.example/v1/get_result?id=1"
    assert _sent(emulator) == ["polling-url"]


def test_expired(client: httpx.Client, emulator: Emulator) -> None:
    """A download is refused as if its URL had expired."""
    sample = _sample(client, emulator)
    emulator.script({"fault": "expired", "nth": 1})
    assert [client.get(sample).status_code for _ in range(2)] == [403, 200]


def test_outcome(client: httpx.Client, emulator: Emulator) -> None:
    """A task ends as the script says; the fault is logged once, with the poll that reports it."""
    emulator.script({"fault": "outcome", "status": "Failed", "code": 503, "details": {"error": "no luck"}})
    url = _polling_url(client, emulator)
    assert not emulator.faults
    answers = [client.get(url) for _ in range(2)]
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(503, "Failed")] * 2
    assert _sent(emulator) == ["outcome"]


def test_refused_connections(small: dict[str, Any], clock: Any) -> None:
    """One listener refuses connections between two moments; the others do not."""
    script = [{"fault": "refuse", "listener": "cluster", "between": [10, 20]}]
    with Emulator(specification=small, clock=clock, script=script) as emulator:
        url = f"{emulator.cluster_url}/v1/credits"
        assert _becomes(url, answered=True)
        clock.now += 10
        assert _becomes(url, answered=False)
        assert httpx.get(f"{emulator.base_url}/v1/credits").status_code == 403
        clock.now += 10
        assert _becomes(url, answered=True)
        assert httpx.get(url).status_code == 403
        assert [(fault.fault, fault.listener) for fault in emulator.faults] == [("refuse", "cluster")]


def _becomes(url: str, *, answered: bool) -> bool:
    """Try until a new connection is answered, or refused, for as long as a process may take.

    Every try waits for its answer: connections that nobody waits for could fill the listener's queue on a busy machine,
    and then the kernel neither accepts nor refuses the next one but lets it time out.
    """
    end = time.monotonic() + LIMIT
    with httpx.Client(limits=httpx.Limits(max_keepalive_connections=0), timeout=LIMIT) as client:
        while time.monotonic() < end:
            try:
                client.get(url)
            except httpx.ConnectError:
                if not answered:
                    return True
            except httpx.TransportError:  # the connection was open when the listener began to refuse
                pass
            else:
                if answered:
                    return True
    return False


def test_refusing_port_stays_taken(small: dict[str, Any]) -> None:
    """While a listener refuses connections nobody else can take its port, so that it can be opened again."""
    with Emulator(specification=small) as emulator:
        address = httpx.URL(emulator.cluster_url)
        emulator.script({"fault": "refuse", "listener": "cluster"})
        assert _becomes(str(address), answered=False)
        with socket.socket() as other, pytest.raises(OSError):
            other.bind((address.host, address.port))
        emulator.clear_script()
        assert _becomes(str(address), answered=True)


@pytest.mark.anyio
async def test_in_process(small: dict[str, Any]) -> None:
    """In-process, a broken connection is a ConnectionResetError; other faults are the same as on a connection."""
    faults = ["reset", "truncate", "html"]
    emulator = Emulator(
        specification=small, script=[{"fault": fault, "nth": nth} for nth, fault in enumerate(faults, 1)]
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator.app), base_url=emulator.base_url) as client:
        for _ in range(2):
            with pytest.raises(ConnectionResetError):
                await client.get("/v1/credits")
        assert (await client.get("/v1/credits")).status_code == 502
    assert _sent(emulator) == faults


def _seen(url: str, headers: dict[str, str]) -> str | None:
    """Return which fault a request for the credits met, judging only by what came back."""
    try:
        answer = httpx.get(url, headers={**headers, "accept-encoding": "identity"}, timeout=LIMIT, verify=False)
    except httpx.ReadError:
        return "reset"
    except httpx.RemoteProtocolError:
        return "truncate"
    found = {502: "html", 307: "redirect", 418: "answer"}.get(answer.status_code)
    return "bomb" if "content-encoding" in answer.headers else found


_RULES = strategies.fixed_dictionaries(
    {
        "fault": strategies.sampled_from(["html", "redirect", "answer", "reset", "truncate", "bomb"]),
        "nth": strategies.integers(1, 6),
    },
    optional={"probability": strategies.floats(0, 1), "listener": strategies.sampled_from(["submit", "cluster"])},
)


@settings(max_examples=20)
@given(rules=strategies.lists(_RULES, max_size=6), seed=strategies.integers(0, 5))
def test_log_is_true(rules: list[dict[str, Any]], seed: int) -> None:
    """Whatever the script, the log contains exactly the faults that a client saw, in the same order."""
    options = {"answer": {"status": 418}, "bomb": {"bytes": 10_000}}
    with Emulator(script=[{**rule, **options.get(rule["fault"], {})} for rule in rules], seed=seed) as emulator:
        hosts = [emulator.base_url, emulator.cluster_url] * 3
        seen = [_seen(f"{host}/v1/credits", {"x-key": emulator.api_key}) for host in hosts]
    assert [fault for fault in seen if fault] == _sent(emulator)
