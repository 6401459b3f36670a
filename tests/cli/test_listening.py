"""bfl webhook listen within this process: what is printed of a delivery, saved, and refused."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_cli import webhook
from bfl_cli.screen import Screen
from bfl_cli.webhook import Receiver
from bfl_client.answers import Update

from tests.needs import PICTURE

from .shell import LIMIT, Done, Shell


class Listening:
    """Runs `bfl webhook listen`, and delivers once it listens.

    Attributes:
        answers: the status codes that the deliveries got.
        host: the address it listened on.
    """

    def __init__(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        self.shell, self._patch, self.answers, self.host = shell, monkeypatch, list[int](), ""

    def run(self, *options: str, deliver: Callable[[str], Any], **more: str) -> Done:
        """Listen with these options, and call `deliver` with the URL."""
        updates = Receiver.updates

        def watched(receiver: Receiver) -> Generator[Update, None, None]:
            self.host = str(receiver.server_address[0])
            sender = threading.Thread(target=deliver, args=(receiver.url,))
            sender.start()
            yield from updates(receiver)

        with self._patch.context() as patch:
            patch.setattr(Receiver, "updates", watched)
            return self.shell.run("webhook", "listen", *options, env=more)

    def post(self, *deliveries: Any, **headers: str) -> Callable[[str], None]:
        """A delivery after the other, with these headers."""

        def deliver(url: str) -> None:
            for each in deliveries:
                answer = httpx.post(url, json=each, headers=headers, timeout=LIMIT, trust_env=False)
                self.answers.append(answer.status_code)

        return deliver


@pytest.fixture
def listening(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Listening:
    """A shell that listens for webhooks."""
    return Listening(shell, monkeypatch)


UNVERIFIED = ["--form", "unverified", "--count"]


def test_a_delivery_is_printed_with_its_cost(listening: Listening) -> None:
    """Each update is one line with status, task and the cost that it states, even 0; as JSON it is whole."""
    updates = [{"id": "a", "status": "Ready", "cost": 3}, {"id": "b", "status": "Error", "cost": 0, "extra": [1]}]
    done = listening.run(*UNVERIFIED, "2", deliver=listening.post(*updates))
    assert (done.code, listening.answers, listening.host) == (0, [200, 200], "127.0.0.1")
    assert done.out == "Ready  task a  cost 3 credits\nError  task b  cost 0 credits\n"
    done = listening.run(*UNVERIFIED, "2", "--json", deliver=listening.post(*updates))
    assert [json.loads(line) for line in done.out.splitlines()] == updates
    assert "listening on http://127.0.0.1:" in done.err
    assert "the service cannot reach this address" in done.err


def test_a_quiet_listener_says_only_what_must_be_known(listening: Listening) -> None:
    """With --quiet nothing is said but the deliveries, and those whose result could not be saved."""
    (listening.shell.here / "in").mkdir()
    pending = {"id": "a", "status": "Pending"}
    done = listening.run(*UNVERIFIED, "1", "--quiet", deliver=listening.post(pending))
    assert (done.code, done.out, done.err) == (0, "Pending  task a\n", "")
    gone = {"id": "a", "status": "Ready", "result": {"sample": "ftp://x.example/a"}}
    done = listening.run(*UNVERIFIED, "1", "--quiet", "--save", "in", deliver=listening.post(gone))
    assert (done.code, done.err.startswith("not saved: "), done.err.count("\n")) == (0, True, 1), done.err


@pytest.mark.parametrize("name", ["gone", "file"])
def test_results_are_saved_in_a_folder_alone(lonely_shell: Shell, name: str) -> None:
    """--save of a folder that is missing, or of a file, is refused before anything is received."""
    (lonely_shell.here / "file").write_text("")
    done = lonely_shell.run("webhook", "listen", *UNVERIFIED, "1", "--save", name)
    assert (done.code, f"there is no folder {name}" in done.err) == (11, True), done.err


@pytest.mark.parametrize("form", ["secret", "hmac"])
def test_nothing_is_accepted_without_a_secret_unless_that_is_said(lonely_shell: Shell, form: str) -> None:
    """Without BFL_WEBHOOK_SECRET only --form unverified listens; each other form has nothing to verify with."""
    done = lonely_shell.run("webhook", "listen", "--form", form)
    assert (done.code, "set BFL_WEBHOOK_SECRET" in done.err) == (4, True), done.err


def test_the_secret_opens_and_nothing_else(listening: Listening) -> None:
    """A delivery with another secret is refused with 403, reported, and not counted; the next is received."""

    def deliver(url: str) -> None:
        for secret in ("wrong", "s3cret"):
            listening.post({"id": secret, "status": "Ready"}, **{"x-webhook-secret": secret})(url)

    done = listening.run("--count", "1", deliver=deliver, BFL_WEBHOOK_SECRET="s3cret")
    assert (done.code, listening.answers) == (0, [403, 200])
    assert done.out.startswith("Ready  task ")
    assert [line.startswith("refused: ") for line in done.err.splitlines()] == [False, False, True]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes everything."""
    made = Receiver("127.0.0.1", 0, lambda headers: None, lambda body, headers: _parsed(body), Screen(quiet=True))
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    with made:
        yield made
        made.shutdown()
    thread.join(LIMIT)


def _parsed(body: bytes) -> Update:
    return Update("Ready", None, None, None, {"body": body.decode()})


def raw(receiver: Receiver, content: bytes) -> bytes:
    """What is answered to a request written by hand."""
    with socket.create_connection(receiver.server_address[:2], timeout=LIMIT) as connection:  # type: ignore[arg-type]
        connection.sendall(content)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    ("length", "status"),
    [("", 411), ("x", 413), ("-1", 413), ("9" * 5000, 413), ("8388609", 413), ("99999999999999999999", 413)],
)
def test_a_length_that_is_none_or_too_large_is_refused(
    receiver: Receiver, capsys: pytest.CaptureFixture[str], length: str, status: int
) -> None:
    """A delivery without a length is told so; one whose length is too large, or no number, is refused."""
    head = f"Content-Length: {length}\r\n" if length else ""
    answer = raw(receiver, f"POST / HTTP/1.0\r\n{head}\r\n".encode())
    assert answer.split()[1:2] == [f"{status}".encode()]
    assert receiver.arrived.empty()
    assert capsys.readouterr().err == ""


def test_a_place_is_free_again_after_each_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """With one place, each of several deliveries is received after the other, also after one that was broken off."""
    monkeypatch.setattr(webhook, "AT_ONCE", 1)
    made = Receiver("127.0.0.1", 0, lambda headers: None, lambda body, headers: _parsed(body), Screen(quiet=True))
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    with made:
        for number in range(3):
            socket.create_connection(made.server_address[:2], timeout=LIMIT).close()  # type: ignore[arg-type]
            sent = f"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n{number}".encode()
            assert raw(made, sent).split()[1] == b"200"
            assert made.arrived.get(timeout=LIMIT).raw == {"body": f"{number}"}
        made.shutdown()
    thread.join(LIMIT)


def test_a_silent_sender_loses_its_place(receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sender that says nothing more is cut off after a while, and without a word."""
    assert webhook._Handler.timeout is not None
    assert 0 < webhook._Handler.timeout < webhook._Handler.longest
    monkeypatch.setattr(webhook._Handler, "timeout", 0.05)
    assert raw(receiver, b"POST / HTTP/1.0\r\nContent-Le") == b""


def test_saved_results_are_told(listening: Listening, shell: Shell) -> None:
    """The last of a number of deliveries is saved as well as the first, and each file is named on standard error."""
    (shell.here / "in").mkdir()
    assert shell.emulator is not None
    ids = [shell.run("generate", PICTURE, "a fox", "--no-wait", "--json").json["id"] for _ in range(2)]
    with httpx.Client(headers={"x-key": shell.emulator.api_key}) as http:
        handles = {(kept := json.loads(path.read_text()))["id"]: kept for path in shell.handles}
        ready = [http.get(handles[each]["polling_url"]).json() for each in ids]
    done = listening.run(*UNVERIFIED, "2", "--save", "in", deliver=listening.post(*ready))
    assert done.code == 0, done.err
    assert sorted(path.name for path in (shell.here / "in").iterdir()) == sorted(f"{each}.jpg" for each in ids)
    told = [line for line in done.err.splitlines() if line.startswith("saved ")]
    assert told == [f"saved {Path('in') / f'{each}.jpg'}" for each in ids]
