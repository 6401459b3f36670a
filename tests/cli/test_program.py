"""The program as a whole: its help, what it imports, the emulator and the webhooks it serves."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import httpx
import pytest
from bfl_cli import app
from bfl_cli.exits import EXITS
from bfl_client import Client

from .program import BFL, Shell


def test_help_lists_every_command_and_imports_none(lonely_shell: Shell) -> None:
    """`bfl --help` lists every command with one whole line, and imports no command, no httpx and no rich."""
    done = lonely_shell.run("--help", COLUMNS="80")
    assert done.code == 0
    for name, lazy in app.COMMANDS.items():
        assert f"  {name:<10} {lazy.help}\n" in done.out
    code = "import sys; from bfl_cli.app import run; run(['--help']); print(*sys.modules)"
    seen = subprocess.run([sys.executable, "-c", code], env=lonely_shell.environment(), capture_output=True, text=True)
    loaded = set(seen.stdout.rsplit("\n", 2)[-2].split())
    heavy = {
        "httpx",
        "rich",
        "rich.console",
        "attrs",
        "jsonschema_rs",
        "anyio",
        "platformdirs",
        "bfl_emulator",
        "keyring",
    }
    assert not loaded & heavy
    assert not loaded & {f"bfl_cli.{lazy.module}" for lazy in app.COMMANDS.values()}


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_has_the_same_options(name: str) -> None:
    """Every command, of a group too, has --json, --quiet and --debug, and begins its help as in the list."""
    command = app.load(name)
    inner = getattr(command, "commands", None)
    for each in inner.values() if inner else [command]:
        options = {option for parameter in each.params for option in parameter.opts}
        assert {"--json", "--quiet", "--debug"} <= options, each.name
        assert each.help
    if not inner:
        assert command.help.splitlines()[0].rstrip(".").startswith(app.COMMANDS[name].help.rstrip("."))


def test_exit_codes_are_distinct() -> None:
    """No two kinds of end share a code."""
    assert len({each.code for each in EXITS.values()}) == len(EXITS)


def test_the_version_is_told(lonely_shell: Shell) -> None:
    """`bfl --version` tells the package's version; bfl alone tells what there is."""
    from bfl_client import __version__

    assert lonely_shell.run("--version").out == f"bfl {__version__}\n"
    done = lonely_shell.run()
    assert (done.code, "Commands:" in done.err) == (2, True)


def test_the_emulator_serves_until_interrupted(lonely_shell: Shell) -> None:
    """`bfl emulator` prints one line of JSON, serves a client, and ends cleanly on Ctrl-C."""
    with lonely_shell.start("emulator", "--speed", "inf") as running:
        assert running.process.stdout is not None
        told = json.loads(running.process.stdout.readline())
        with Client(told["api_key"], told["base_url"]) as client:
            client.submit("flux-dev", prompt="a fox").save(lonely_shell.here / "fox.jpg")
        running.interrupt()
        done = running.end()
    assert done == (0, "", "")
    assert (lonely_shell.here / "fox.jpg").stat().st_size > 1000
    gone = lonely_shell.run("emulator", "--script", "gone.yml")
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


def test_listening_ends_with_ctrl_c(lonely_shell: Shell) -> None:
    """Ctrl-C ends `bfl webhook listen` with 130 and one line; a port that is taken is told."""
    with lonely_shell.start("webhook", "listen", "--form", "unverified") as running:
        url = running.await_line("listening on").split()[-1]
        port = url.rstrip("/").rpartition(":")[2]
        taken = lonely_shell.run("webhook", "listen", "--form", "unverified", "--port", port)
        assert (taken.code, taken.err.count("\n")) == (4, 1)
        running.interrupt(signal.SIGINT)
        done = running.end()
    assert (done.code, "Traceback" in done.err) == (130, False)


def test_the_installed_program_is_the_same(lonely_shell: Shell) -> None:
    """`python -m bfl_cli` is what the script bfl runs."""
    code = "from bfl_cli import main; import sys; sys.argv = ['bfl', '--version']; main()"
    done = subprocess.run([BFL[0], "-c", code], env=lonely_shell.environment(), capture_output=True, text=True)
    assert done.stdout == lonely_shell.run("--version").out
