"""bfl emulator and bfl webhook listen: the servers that the command line starts."""

from __future__ import annotations

import contextlib
import errno
import json
import re
import socket
import ssl
import threading
import time

import httpx
import pytest
from bfl_cli.screen import Screen
from bfl_cli.webhook import AT_ONCE, Receiver, _Handler
from bfl_client import Client

from tests.needs import PICTURE

from .shell import LIMIT, SIGNALS, Shell, unix


@unix
@pytest.mark.parametrize("name", SIGNALS)
def test_the_emulator_serves_until_interrupted(lonely_shell: Shell, name: str) -> None:
    """`bfl emulator` prints one line of JSON, serves a client, and ends cleanly on Ctrl-C, SIGTERM and SIGHUP."""
    with lonely_shell.start("emulator", "--speed", "inf") as running:
        assert running.process.stdout is not None
        printed = json.loads(running.process.stdout.readline())
        with Client(printed["api_key"], printed["base_url"]) as client:
            client.submit(PICTURE, prompt="a fox").save(lonely_shell.here / "fox.jpg")
        running.interrupt(name)
        done = running.end()
    assert done == (0, "", "")
    assert (lonely_shell.here / "fox.jpg").stat().st_size > 1000


@unix
def test_the_emulator_takes_the_options_of_the_program(lonely_shell: Shell) -> None:
    """`bfl emulator` with --control, --tls, --one-host and --bfl-hosts prints a token and a file of certificates."""
    options = ["--control", "--tls", "--one-host", "--bfl-hosts"]
    with lonely_shell.start("emulator", *options) as running:
        assert running.process.stdout is not None
        printed = json.loads(running.process.stdout.readline())
        context = ssl.create_default_context(cafile=printed["ca_file"])
        headers = {"authorization": f"Bearer {printed['control_token']}", "host": "api.bfl.ai"}
        answer = httpx.get(printed["base_url"] + "/_emulator/faults", headers=headers, verify=context)
        running.interrupt("SIGTERM")
        done = running.end()
    assert (answer.status_code, answer.json(), done) == (200, [], (0, "", ""))


@unix
def test_a_script_that_is_missing_is_one_line(lonely_shell: Shell) -> None:
    """`bfl emulator --script` of a missing file names it, and is exit code 4."""
    gone = lonely_shell.process("emulator", "--script", "gone.yml")
    assert (gone.code, "gone.yml" in gone.err, "Traceback" in gone.err) == (4, True, False)


@pytest.mark.parametrize("command", [["webhook", "listen", "--port"], ["mcp", "--emulator", "--output", ".", "--http"]])
def test_a_port_that_is_taken_is_named(lonely_shell: Shell, command: list[str]) -> None:
    """A server whose port another program has is a mistake in the configuration, with the address and the reason."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = lonely_shell.run(*command, str(port), BFL_WEBHOOK_SECRET="s3cret")
    assert (done.code, f"cannot listen on 127.0.0.1:{port}: address already in use" in done.err.lower()) == (4, True), (
        done
    )


def test_webhooks_are_printed_once_they_verify(shell: Shell) -> None:
    """`bfl webhook listen` prints what carries the secret, as words and as JSON, and refuses everything else."""
    assert shell.run("webhook", "listen").code == 4
    for arguments in (["--json"], []):
        with shell.start("webhook", "listen", *arguments, "--count", "1", BFL_WEBHOOK_SECRET="s3cret") as running:
            url = running.await_line("listening on").split()[-1]
            hook = {"webhook_url": url, "webhook_secret": "s3cret"}
            assert httpx.post(url, json={"id": "x", "status": "Ready"}).status_code == 403
            assert "refused" in running.await_line("refused")
            assert httpx.post(url, content=iter([b"x"])).status_code == 411
            assert httpx.get(url).status_code == 501
            (shell.here / "body.json").write_text(json.dumps({"prompt": "a fox", **hook}))
            submitted = shell.run("generate", PICTURE, "--json", "body.json").json
            done = running.end()
        assert done.code == 0, done.err
        assert "s3cret" not in done.out + done.err
        if arguments:
            update = json.loads(done.out)
            assert (update["id"], update["status"]) == (submitted["id"], "Ready")
        else:
            assert done.out.startswith(f"Ready  task {submitted['id']}")


@unix
@pytest.mark.parametrize("name", SIGNALS)
def test_listening_ends_with_a_signal(lonely_shell: Shell, name: str) -> None:
    """Each signal ends `bfl webhook listen` with 130 and one line; a port that is taken is reported."""
    with lonely_shell.start("webhook", "listen", "--form", "unverified") as running:
        url = running.await_line("listening on").split()[-1]
        port = url.rstrip("/").rpartition(":")[2]
        taken = lonely_shell.run("webhook", "listen", "--form", "unverified", "--port", port)
        assert (taken.code, taken.err.count("\n")) == (4, 1)
        running.interrupt(name)
        done = running.end()
    assert (done.code, "Traceback" in done.err) == (130, False), done.err


def raw(url: str, head: str, body: bytes = b"") -> bytes:
    """What a server answers to a request written by hand, until it closes the connection."""
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    with socket.create_connection((host, int(port)), timeout=LIMIT) as connection:
        connection.sendall(f"POST / HTTP/1.0\r\n{head}\r\n\r\n".encode() + body)
        return b"".join(iter(lambda: connection.recv(65536), b""))


def test_a_delivery_without_the_secret_is_not_read(lonely_shell: Shell) -> None:
    """What its headers cannot prove is refused before its body comes, and so is a length beyond the limit."""
    with lonely_shell.start("webhook", "listen", "--count", "1", BFL_WEBHOOK_SECRET="s3cret") as running:
        url = running.await_line("listening on").split()[-1]
        assert b" 403 " in raw(url, "Content-Length: 8000000")  # none of which is sent
        for length in ("9" * 40, "0" * 40, "00000000000000000000008000000", "-1", "8 ", "٣", "1e3", "8388609"):
            assert re.search(rb" (411|413) ", raw(url, f"X-Webhook-Secret: s3cret\r\nContent-Length: {length}")), length
        body = json.dumps({"id": "x", "status": "Pending"}).encode()
        assert b" 200 " in raw(url, f"X-Webhook-Secret: s3cret\r\nContent-Length: {len(body)}", body)
        done = running.end()
    assert (done.code, done.out) == (0, "Pending  task x\n")


def test_a_delivery_without_a_signature_is_not_read(lonely_shell: Shell) -> None:
    """Where the secret signs the body, one without a signature is refused before its body comes."""
    command = ("webhook", "listen", "--count", "1", "--form", "hmac")
    with lonely_shell.start(*command, BFL_WEBHOOK_SECRET="s3cret") as running:
        url = running.await_line("listening on").split()[-1]
        assert b" 403 " in raw(url, "Content-Length: 8000000")  # none of which is sent


def test_deliveries_are_saved(shell: Shell) -> None:
    """`bfl webhook listen --save` fetches each result into the folder; a failure is reported, and it goes on."""
    assert shell.emulator is not None
    (shell.here / "in").mkdir()
    options = ["--save", "in", "--count", "2", "--form", "unverified"]
    with shell.start("webhook", "listen", *options) as running:
        url = running.await_line("listening on").split()[-1]
        gone = {"id": "gone", "status": "Ready", "result": {"sample": f"{shell.emulator.delivery_url}/gone"}}
        httpx.post(url, json=gone)
        assert "not saved: " in running.await_line("not saved")
        (shell.here / "body.json").write_text(json.dumps({"prompt": "a fox", "webhook_url": url}))
        task = shell.run("generate", PICTURE, "--json", "body.json").json["id"]
        done = running.end()
    assert done.code == 0, done.err
    assert (shell.here / "in" / f"{task}.jpg").stat().st_size > 1000
    assert shell.run("webhook", "listen", "--save", "no folder", *options[2:]).code == 11


def test_a_result_that_cannot_be_saved_is_reported(lonely_shell: Shell) -> None:
    """Without a key `bfl webhook listen --save` says so for each result, and goes on to the next delivery."""
    (lonely_shell.here / "in").mkdir()
    options = ["--save", "in", "--count", "2", "--form", "unverified"]
    with lonely_shell.start("webhook", "listen", *options) as running:
        url = running.await_line("listening on").split()[-1]
        assert "cannot reach" in running.await_line("the service")
        for number in range(2):
            ready = {"id": f"task-{number}", "status": "Ready", "result": {"sample": "https://delivery.bfl.ai/x"}}
            assert httpx.post(url, json=ready).status_code == 200
            assert "no API key" in running.await_line("not saved")
        done = running.end()
    assert (done.code, done.out) == (0, "Ready  task task-0\nReady  task task-1\n")


@unix
def test_listening_ends_though_every_place_is_taken(lonely_shell: Shell) -> None:
    """One Ctrl-C ends `bfl webhook listen` while as many senders as it takes at a time say nothing."""
    with lonely_shell.start("webhook", "listen", "--form", "unverified") as running, contextlib.ExitStack() as senders:
        host, port = running.await_line("listening on").split()[-1].removeprefix("http://").rstrip("/").split(":")
        for _ in range(AT_ONCE + 8):
            senders.enter_context(socket.create_connection((host, int(port)), timeout=LIMIT)).sendall(b"POST / HT")
        running.interrupt("SIGINT")
        done = running.end()
    assert (done.code, "Traceback" in done.err) == (130, False), done.err


def test_a_sender_that_dribbles_loses_its_place(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A delivery that takes longer than it may is cut, however often something of it arrives; the next is received."""
    monkeypatch.setattr(_Handler, "longest", 0.2)
    receiver = Receiver("127.0.0.1", 0, lambda headers: None, lambda body, headers: None, Screen())  # type: ignore[arg-type,return-value]
    thread = threading.Thread(target=receiver.serve_forever, args=(0.05,))
    thread.start()
    with receiver, socket.create_connection(receiver.server_address[:2], timeout=0.01) as sender:  # type: ignore[arg-type]
        sender.sendall(b"POST / HTTP/1.0\r\nContent-Length: 8000000\r\n\r\n")
        began, cut = time.monotonic(), False
        while not cut and time.monotonic() - began < LIMIT:
            try:
                sender.sendall(b"x")
                sender.recv(1)
                cut = True
            except TimeoutError:
                continue
            except OSError:
                cut = True
        receiver.shutdown()
    thread.join()
    assert cut
    assert "Traceback" not in capsys.readouterr().err


def test_a_system_without_free_files_is_waited_for() -> None:
    """When no file is free for a connection, the listener tries again a few times a second, not at once."""

    class Exhausted:
        tried = 0

        def accept(self) -> None:
            Exhausted.tried += 1
            raise OSError(errno.EMFILE, "Too many open files")

        def close(self) -> None:
            pass

    receiver = Receiver("127.0.0.1", 0, lambda headers: None, lambda body, headers: None, Screen())  # type: ignore[arg-type,return-value]
    listening, receiver.socket = receiver.socket, Exhausted()  # type: ignore[assignment]
    listening.close()
    began = time.monotonic()
    for _ in range(3):
        with pytest.raises(OSError, match="Too many"):
            receiver.get_request()
    assert (Exhausted.tried, time.monotonic() - began >= 0.3) == (3, True)
    assert receiver.places._value == AT_ONCE
