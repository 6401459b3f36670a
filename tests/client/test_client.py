"""The clients: their settings, what is refused before anything is sent, and driving one with your own pauses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_client import (
    AsyncClient,
    BFLError,
    Client,
    ConfigurationError,
    RateLimitError,
    Retry,
    TransportError,
    specification,
)
from bfl_client.client import _timeout

from .conftest import KEY, NAME, POLLING_URL, World, ready, state, submitted
from .loopback import Loopback


def test_no_key_says_what_to_set() -> None:
    """Without a key the error names BFL_API_KEY."""
    with pytest.raises(ConfigurationError, match="BFL_API_KEY") as caught:
        Client()
    assert caught.value.remedy.action == "set-key"


def test_key_and_base_url_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """BFL_API_KEY and BFL_BASE_URL are read when a client is made."""
    monkeypatch.setenv("BFL_API_KEY", KEY)
    monkeypatch.setenv("BFL_BASE_URL", "http://127.0.0.1:9")
    assert Client().base_url == "http://127.0.0.1:9"


def test_a_closed_client_says_so() -> None:
    """A request with a closed client is a ConfigurationError."""
    client = Client(KEY)
    client.close()
    with pytest.raises(ConfigurationError, match="closed"):
        client.submit(NAME, prompt="x")


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": 5},
        {"api_key": b"key"},
        {"base_url": b"https://api.bfl.ai"},
        {"retry": 3},
        {"poll": 5},
        {"retry": Retry(attempts=3.0)},  # type: ignore[arg-type]
        {"http_client": "x"},
        {"timeout": "1"},
    ],
)
def test_bad_settings_are_refused_when_the_client_is_made(settings: Any) -> None:
    """A setting of a wrong type is a ConfigurationError before any task exists."""
    with pytest.raises(ConfigurationError):
        Client(**{"api_key": KEY, **settings})


def test_an_http_client_of_the_other_kind_is_refused() -> None:
    """An httpx client that cannot serve is a ConfigurationError before any task exists."""
    with pytest.raises(ConfigurationError):
        Client(KEY, http_client=httpx.AsyncClient())  # type: ignore[arg-type]
    with pytest.raises(ConfigurationError):
        AsyncClient(KEY, http_client=httpx.Client())  # type: ignore[arg-type]


class Fails:
    """A file object that fails in its own way."""

    def read(self, size: int = -1) -> bytes:
        raise RuntimeError("mine")


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.submit(5),
        lambda client: client.submit(None),
        lambda client: client.submit(NAME, "body"),
        lambda client: client.submit(NAME, ["body"]),
        lambda client: client.submit(NAME, {1: 2}),
        lambda client: client.submit(NAME, {"prompt": Fails()}),
        lambda client: client.submit(NAME, {}, extra="abc"),
        lambda client: client.submit(NAME, {}, extra={1: 2}),
        lambda client: client.submit(NAME, {"prompt": "x"}, extra=["seed"]),
        lambda client: client.submit(NAME, {"prompt": "x"}, extra=["seed"], validate=False),
        lambda client: client.task("id", POLLING_URL).wait("5"),
        lambda client: client.task("id", POLLING_URL).wait(10**400),
        lambda client: client.task("id", POLLING_URL).wait(True),
        lambda client: client.task(5, POLLING_URL),
        lambda client: client.task("id", 5),
        lambda client: client.map(NAME, [], timeout="5"),
        pytest.param(lambda client: client.utility.finetune_details(None), marks=pytest.mark.about("finetune_details")),
    ],
)
def test_bad_arguments_are_errors_of_ours(world: World, call: Any) -> None:
    """Whatever is passed for a parameter, a BFLError leaves, and nothing was sent."""
    world.script = [ready()]
    with pytest.raises(BFLError):
        world.do(call)
    assert not world.requests


class Stop(BaseException):
    """What a driving program raises to stop."""


@pytest.fixture
def sync() -> World:
    """The only world whose client can be paused by something else."""
    return World("sync")


class TestPausedBy:
    def test_every_pause_is_made_by_the_sleep_given(self, sync: World) -> None:
        """Pauses between attempts and between polls are made by the sleep given, and by no other."""
        pauses: list[float] = []
        sync.script = [httpx.Response(429), submitted(), state("Pending"), ready()]
        sync.client().paused_by(pauses.append).generate(NAME, prompt="a fox")
        assert len(pauses) == 2
        assert sync.sleeps == []

    def test_a_sleep_that_raises_stops(self, sync: World) -> None:
        """What the sleep raises leaves: out of a submit that was not carried out, or with the handle of a task."""

        def stop(seconds: float) -> None:
            raise Stop

        driven = sync.client().paused_by(stop)
        sync.script = [httpx.Response(429), submitted()]
        with pytest.raises(Stop) as caught:
            driven.submit(NAME, prompt="a fox")
        assert not hasattr(caught.value, "handle")
        assert not hasattr(caught.value, "__notes__")
        sync.script = [submitted(), state("Pending")]
        with pytest.raises(Stop) as caught:
            driven.generate(NAME, prompt="a fox")
        assert caught.value.handle.id == "task-1"  # type: ignore[attr-defined]

    def test_patience_is_how_many_429_are_waited_out(self, sync: World) -> None:
        """With patience=n a submit waits out n 429 beyond its attempts, and no more."""
        sync.settings = {"retry": Retry(attempts=2, initial=0.001, ceiling=0.001)}
        pauses: list[float] = []
        patient = sync.client().paused_by(pauses.append, patience=7)
        sync.script = [*[httpx.Response(429)] * 8, submitted()]
        assert patient.submit(NAME, prompt="a fox").id == "task-1"
        sync.script = [*[httpx.Response(429)] * 9, submitted()]
        with pytest.raises(RateLimitError):
            patient.submit(NAME, prompt="a fox")
        assert len(pauses) == 16

    def test_it_shares_settings_and_what_it_knows(self, sync: World) -> None:
        """It submits to the same place with the same policies, and takes no id that the other was given."""
        sync.settings = {"retry": Retry(attempts=7), "base_url": "http://127.0.0.1:1"}
        client = sync.client()
        driven = client.paused_by(sync.sleep)
        assert (driven.base_url, driven.retry, driven.poll) == (client.base_url, client.retry, client.poll)
        sync.script = [httpx.Response(200, json={"id": "task-1", "polling_url": "http://127.0.0.1:1/x"})]
        assert client.submit(NAME, prompt="a fox").id == "task-1"
        with pytest.raises(TransportError):
            driven.submit(NAME, prompt="a fox")

    def test_closing_it_closes_nothing(self, loopback: Loopback) -> None:
        """Closing it leaves the client open, and it is closed with the client."""
        with Client(KEY, loopback.url) as client:
            client.submit(NAME, prompt="before")
            with client.paused_by(print).paused_by(lambda _: None) as driven:
                driven.submit(NAME, prompt="a")
            client.submit(NAME, prompt="b")
        assert len({post.port for post in loopback.posts}) == 1
        with pytest.raises(ConfigurationError, match="closed"):
            driven.submit(NAME, prompt="c")


@pytest.mark.about("flux-2-pro")
def test_the_price_of_a_request_is_known_beforehand() -> None:
    """client.price() is that of the specification's list; None for an endpoint without one."""
    client = Client(KEY)
    assert client.price("flux-2-pro", width=1024, height=1024) == specification.price(
        "flux-2-pro", {"width": 1024, "height": 1024}
    )
    assert client.price("flux-9-hyper", prompt="x") is None


@pytest.mark.parametrize(("limit", "connecting"), [(60, 10), (10, 10), (2.5, 2.5)])
def test_nobody_waits_long_for_a_connection(limit: float, connecting: float) -> None:
    """A timeout bounds each wait for data, and the wait for a connection at ten seconds."""
    found = _timeout(limit, httpx)
    assert (found.connect, found.read, found.write, found.pool) == (connecting, limit, limit, limit)


def test_a_timeout_of_the_library_is_taken_as_it_is() -> None:
    """Each part of an httpx.Timeout may be off or zero; one that is negative is refused by its name."""
    given = httpx.Timeout(connect=0, read=None, write=1, pool=3600)
    assert _timeout(given, httpx) == given
    with pytest.raises(ConfigurationError, match="read"):
        Client(KEY, timeout=httpx.Timeout(5, read=-1))


def test_only_the_certificate_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two variables for certificates, the one whose file does not exist is named."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "missing.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    with Client(KEY) as client, pytest.raises(ConfigurationError) as caught:
        client.submit(NAME, prompt="x")
    assert caught.value.message.startswith("SSL_CERT_FILE cannot be used: ")
