"""bfl emulator and bfl webhook listen: the servers that the command line starts."""

from __future__ import annotations

import json
import ssl

import httpx
import pytest
from bfl_client import Client

from .shell import SIGNALS, Shell, unix


@unix
@pytest.mark.parametrize("name", SIGNALS)
def test_the_emulator_serves_until_interrupted(lonely_shell: Shell, name: str) -> None:
    """`bfl emulator` prints one line of JSON, serves a client, and ends cleanly on Ctrl-C, SIGTERM and SIGHUP."""
    with lonely_shell.start("emulator", "--speed", "inf") as running:
        assert running.process.stdout is not None
        printed = json.loads(running.process.stdout.readline())
        with Client(printed["api_key"], printed["base_url"]) as client:
            client.submit("flux-dev", prompt="a fox").save(lonely_shell.here / "fox.jpg")
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
            submitted = shell.run("generate", "flux-dev", "--json", "body.json").json
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
    assert (done.code, "Traceback" in done.err) == (130, False)
