"""Scripted faults: each happens to the request it is meant for, on a real connection, and the log tells no more."""

import contextlib
import gzip
import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from bfl_emulator.script import Occasion, Script, load
from hypothesis import given, settings, strategies

_BODY = {"prompt": "a fox", "seed": 1, "width": 64, "height": 64}


@pytest.fixture
def emulator(small: dict[str, Any]) -> Iterator[Emulator]:
    with Emulator(specification=small, speed=float("inf"), check=True) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator) -> Iterator[httpx.Client]:
    """A client that sends the key only where it is told to, and opens a connection for each request."""
    limits = httpx.Limits(max_keepalive_connections=0)
    with httpx.Client(base_url=emulator.base_url, limits=limits, timeout=20) as client:
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
    """Any status with any body and headers, for the one request that it is meant for."""
    emulator.script(
        {
            "fault": "answer",
            "operation": "submit",
            "nth": 2,
            "status": 429,
            "body": "wait",
            "headers": {"Retry-After": 7},
        }
    )
    answers = [_submit(client, emulator) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 200]
    assert (answers[1].text, answers[1].headers["retry-after"]) == ("wait", "7")
    assert len(emulator.tasks) == 2
    assert _sent(emulator) == ["answer"]


@pytest.mark.parametrize("status", [204, 304, 418, 599])
def test_odd_statuses(client: httpx.Client, emulator: Emulator, status: int) -> None:
    """Statuses that have no body, or that nobody has seen, come as such."""
    emulator.script({"fault": "answer", "operation": "poll", "status": status, "times": 1})
    url = _polling_url(client, emulator)
    assert client.get(url).status_code == status
    assert client.get(url).status_code == 200


def test_html(client: httpx.Client, emulator: Emulator) -> None:
    """A page from a proxy comes as HTML."""
    emulator.script({"fault": "html", "operation": "submit"})
    answer = _submit(client, emulator)
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html")
    assert not emulator.tasks


@pytest.mark.parametrize(("when", "tasks"), [("before-reading", 0), ("after-reading", 0), ("after-answering", 1)])
def test_reset(client: httpx.Client, emulator: Emulator, when: str, tasks: int) -> None:
    """A reset breaks the connection; only the one after answering leaves a task, which was charged."""
    emulator.script({"fault": "reset", "operation": "submit", "when": when, "nth": 1})
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        _submit(client, emulator)
    assert len(emulator.tasks) == tasks
    assert _sent(emulator) == ["reset"]
    assert _submit(client, emulator).status_code == 200


def test_reset_is_a_reset(emulator: Emulator) -> None:
    """The kernel of the client sees a reset, not an orderly end."""
    emulator.script({"fault": "reset", "operation": "utility"})
    address = httpx.URL(emulator.base_url)
    with socket.create_connection((address.host, address.port or 80), timeout=10) as connection:
        connection.sendall(b"GET /v1/credits HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with pytest.raises(ConnectionResetError):
            connection.recv(100)


def test_truncate(client: httpx.Client, emulator: Emulator) -> None:
    """A truncated download announces its length and ends before it; the next is whole."""
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
    """An answer shorter than what was to be left of it comes whole, and no fault is reported."""
    emulator.script({"fault": "truncate", "operation": "submit", "bytes": 10**6})
    assert _submit(client, emulator).status_code == 200
    assert not emulator.faults


def test_slow(small: dict[str, Any], clock: Any) -> None:
    """A slow answer comes when so many seconds of the emulator's clock have passed."""
    emulator = Emulator(specification=small, clock=clock, script=[{"fault": "slow", "seconds": 3600}])
    with emulator, httpx.Client(base_url=emulator.base_url, timeout=0.1) as client:
        with pytest.raises(httpx.ReadTimeout):
            client.get("/v1/credits", headers={"x-key": emulator.api_key})
        assert not emulator.faults
        emulator.clear_script()
        emulator.script({"fault": "slow", "seconds": 0})
        assert client.get("/v1/credits", headers={"x-key": emulator.api_key}).status_code == 200
        assert _sent(emulator) == ["slow"]


def test_drip(client: httpx.Client, emulator: Emulator) -> None:
    """A dripped answer comes in pieces, and is whole in the end."""
    url = _polling_url(client, emulator)
    emulator.script({"fault": "drip", "operation": "poll", "bytes": 50, "seconds": 0.001})
    with client.stream("GET", url) as answer:
        pieces = list(answer.iter_raw())
    assert json.loads(b"".join(pieces))["status"] == "Ready"
    assert len(pieces) > 1
    assert _sent(emulator) == ["drip"]


def test_drip_that_nobody_drinks(client: httpx.Client, emulator: Emulator) -> None:
    """A client that leaves in the middle of a dripped answer got no fault by the log."""
    url = _polling_url(client, emulator)
    emulator.script({"fault": "drip", "operation": "poll", "bytes": 1, "seconds": 0.02})
    with client.stream("GET", url) as answer:
        next(answer.iter_raw())
    emulator.stop()
    assert not emulator.faults


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bomb(client: httpx.Client, emulator: Emulator, encoding: str) -> None:
    """A bomb is a few kilobytes on the way and megabytes for whoever unpacks it."""
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
    """A poll tells a status that nobody has seen, and after it the real one."""
    url = _polling_url(client, emulator)
    emulator.script({"fault": "status", "nth": 1, "status": "Dreaming"})
    first, second = [client.get(url).json() for _ in range(2)]
    assert (first["status"], first["result"], second["status"]) == ("Dreaming", None, "Ready")
    assert [(fault.fault, fault.task_id) for fault in emulator.faults] == [("status", first["id"])]


def test_foreign_polling_url(client: httpx.Client, emulator: Emulator) -> None:
    """A receipt names a polling URL on a foreign host; one that was refused stays as it is and is no fault."""
    emulator.script({"fault": "polling-url", "url": "https://evil.example/v1/get_result?id=1"})
    assert client.post("/v1/paint", json={}, headers={"x-key": emulator.api_key}).status_code == 422
    assert not emulator.faults
    assert _polling_url(client, emulator) == "https://evil.example/v1/get_result?id=1"
    assert _sent(emulator) == ["polling-url"]


def test_expired(client: httpx.Client, emulator: Emulator) -> None:
    """A download is refused as an expired one is."""
    sample = _sample(client, emulator)
    emulator.script({"fault": "expired", "nth": 1})
    assert [client.get(sample).status_code for _ in range(2)] == [403, 200]


def test_outcome(client: httpx.Client, emulator: Emulator) -> None:
    """A task ends as the script says, and the fault is in the log from the poll that tells it on, once."""
    emulator.script({"fault": "outcome", "status": "Failed", "code": 503, "details": {"error": "no luck"}})
    url = _polling_url(client, emulator)
    assert not emulator.faults
    answers = [client.get(url) for _ in range(2)]
    assert [(answer.status_code, answer.json()["status"]) for answer in answers] == [(503, "Failed")] * 2
    assert _sent(emulator) == ["outcome"]


def test_refused_connections(small: dict[str, Any], clock: Any) -> None:
    """A listener refuses connections between two moments, and the others do not."""
    script = [{"fault": "refuse", "listener": "cluster", "between": [10, 20]}]
    with Emulator(specification=small, clock=clock, script=script) as emulator:
        port = httpx.URL(emulator.cluster_url).port or 0
        assert _connects(port, True)
        clock.now += 10
        assert _connects(port, False)
        assert httpx.get(f"{emulator.base_url}/v1/credits").status_code == 403
        clock.now += 10
        assert _connects(port, True)
        assert httpx.get(f"{emulator.cluster_url}/v1/credits").status_code == 403
        assert [(fault.fault, fault.listener) for fault in emulator.faults] == [("refuse", "cluster")]


def _connects(port: int, wanted: bool) -> bool:
    """Try to connect until it goes as wanted, for ten seconds."""
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with contextlib.suppress(ConnectionError):
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            if wanted:
                return True
            continue
        if not wanted:
            return True
    return False


@pytest.mark.anyio
async def test_in_process(small: dict[str, Any]) -> None:
    """In-process a broken connection is a ConnectionResetError, and other faults are as on a connection."""
    emulator = Emulator(specification=small, script=[{"fault": "reset", "nth": 1}, {"fault": "html", "nth": 2}])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator.app), base_url=emulator.base_url) as client:
        with pytest.raises(ConnectionResetError):
            await client.get("/v1/credits")
        assert (await client.get("/v1/credits")).status_code == 502
    assert _sent(emulator) == ["reset", "html"]


def _seen(url: str, headers: dict[str, str]) -> str | None:
    """Which fault a request for the credits met, told from what came back alone."""
    try:
        answer = httpx.get(url, headers={**headers, "accept-encoding": "identity"}, timeout=20, verify=False)
    except httpx.ReadError:
        return "reset"
    except httpx.RemoteProtocolError:
        return "truncate"
    told = {502: "html", 307: "redirect", 418: "answer"}.get(answer.status_code)
    return "bomb" if "content-encoding" in answer.headers else told


_RULES = strategies.fixed_dictionaries(
    {
        "fault": strategies.sampled_from(["html", "redirect", "answer", "reset", "truncate", "bomb"]),
        "nth": strategies.integers(1, 6),
    },
    optional={"probability": strategies.floats(0, 1), "listener": strategies.sampled_from(["submit", "cluster"])},
)


@settings(max_examples=20)
@given(rules=strategies.lists(_RULES, max_size=6), seed=strategies.integers(0, 5))
def test_log_tells_the_truth(rules: list[dict[str, Any]], seed: int) -> None:
    """Whatever the script, the log holds exactly the faults that a client saw, in their order."""
    options = {"answer": {"status": 418}, "bomb": {"bytes": 10_000}}
    with Emulator(script=[{**rule, **options.get(rule["fault"], {})} for rule in rules], seed=seed) as emulator:
        hosts = [emulator.base_url, emulator.cluster_url] * 3
        seen = [_seen(f"{host}/v1/credits", {"x-key": emulator.api_key}) for host in hosts]
    assert [fault for fault in seen if fault] == _sent(emulator)


def _which(rules: list[dict[str, Any]], seed: int, count: int = 200) -> list[int]:
    script = Script(lambda: 0.0)
    script.add(rules, seed)
    return [number for number in range(count) if script.next(Occasion("poll", "paint", "cluster")) is not None]


def test_chance() -> None:
    """The same seed chooses the same requests, about as many as the probability says, and another seed others."""
    rules = [{"fault": "html", "probability": 0.2}]
    assert _which(rules, 1) == _which(rules, 1) != _which(rules, 2)
    assert 20 < len(_which(rules, 1)) < 60


def test_places() -> None:
    """A rule holds for, and counts, requests of its operation, endpoint pattern and listener only."""
    script = Script(lambda: 0.0)
    script.add([{"fault": "html", "operation": "poll", "endpoint": "pai*", "listener": "cluster", "nth": [2]}])
    occasions = [
        Occasion("poll", "paint", "cluster"),
        Occasion("submit", "paint", "cluster"),
        Occasion("poll", "strict", "cluster"),
        Occasion("poll", "paint", "submit"),
        Occasion("poll", "paint", "cluster"),
        Occasion("poll", "paint", "cluster"),
    ]
    assert [script.next(occasion) is not None for occasion in occasions] == [False] * 4 + [True, False]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fault": "earthquake"},
        {"fault": "html", "colour": "red"},
        {"fault": "html", "operation": "dance"},
        {"fault": "html", "listener": "moon"},
        {"fault": "late", "operation": "poll"},
        {"fault": "html", "nth": 0},
        {"fault": "html", "probability": 2},
        {"fault": "reset", "when": "tomorrow"},
        {"fault": "answer", "status": 700},
        {"fault": "outcome", "code": 500},
        {"fault": "bomb", "encoding": "br"},
        {"fault": "refuse"},
    ],
    ids=str,
)
def test_impossible_rules(rule: dict[str, Any]) -> None:
    """What is unknown or can never happen raises ValueError."""
    with pytest.raises(ValueError):
        Emulator(script=[rule])


_YAML = """
seed: 7
rules:
- fault: answer
  operation: poll
  nth: [1, 2]
  status: 503
  body: {detail: over capacity}
- {fault: refuse, listener: delivery, between: [60, null]}
"""


def test_file(tmp_path: Path, small: dict[str, Any]) -> None:
    """A YAML file holds rules and seed, and an emulator takes its path."""
    path = tmp_path / "script.yml"
    path.write_text(_YAML)
    rules, seed = load(path)
    assert (len(rules), seed) == (2, 7)
    with Emulator(specification=small, script=path) as emulator:
        answer = httpx.get(f"{emulator.cluster_url}/v1/poll?id=x")
    assert (answer.status_code, answer.json()) == (503, {"detail": "over capacity"})


@pytest.mark.parametrize(
    "text", ["", "fault: html", "rules: 5", "rules: [1]", "rules: []\ncolour: red", "{", "seed: x\nrules: []"]
)
def test_file_that_is_no_script(tmp_path: Path, text: str) -> None:
    """A file that is no script raises ValueError."""
    path = tmp_path / "script.yml"
    path.write_text(text)
    with pytest.raises(ValueError):
        load(path)


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "html", "probability": "often"},
        {"fault": "html", "probability": float("nan")},
        {"fault": "html", "between": 5},
        {"fault": "html", "between": ["a", 2]},
        {"fault": "html", "times": "twice"},
        {"fault": "html", "nth": []},
        {"fault": "html", "endpoint": ["paint"]},
        {"fault": "html", "status": None},
        {"fault": "answer", "headers": 5},
        {"fault": "answer", "headers": {"x-broken": "two\r\nlines"}},
        {"fault": "answer", "body": {"day": object()}},
        {"fault": "outcome", "details": {1, 2}},
        {"fault": "slow", "seconds": "long"},
        {"fault": "drip", "seconds": None},
        {"fault": "truncate", "bytes": -3},
        {"fault": "redirect", "location": "https://elsewhere.example/\r\nx: y"},
        {"fault": "late", "seconds": None},
        {"fault": "status", "status": 5},
        {"fault": "html", 1: 2},
    ],
)
def test_rule_that_could_not_be_carried_out_is_refused_when_it_is_made(rule: Any) -> None:
    """A rule whose values have the wrong type is a ValueError at once, not an error of the server at its turn."""
    with pytest.raises(ValueError, match=r"."):
        Emulator(script=[rule])
