"""The emulator as a program: ``python -m bfl_emulator``."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.shell import LIMIT, without_remarks


@pytest.fixture
def program() -> Iterator[subprocess.Popen[str]]:
    """The emulator as a program, with a key of its own."""
    environment = {**os.environ, "BFL_API_KEY": "bfl_from_the_environment"}
    command = [sys.executable, "-W", "error", "-m", "bfl_emulator", "--speed", "inf"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    with process:
        yield process
        process.kill()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to another process")
@pytest.mark.about("credits")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_program(program: subprocess.Popen[str], name: str) -> None:
    """The program prints its URL and key, serves, and ends silently with 0 when it is interrupted."""
    assert program.stdout is not None and program.stderr is not None
    announced = json.loads(program.stdout.readline())
    answer = httpx.get(announced["base_url"] + "/v1/credits", headers={"x-key": announced["api_key"]})
    assert (answer.status_code, announced["api_key"]) == (200, "bfl_from_the_environment")
    program.send_signal(getattr(signal, name))
    assert program.wait(LIMIT) == 0
    assert (program.stdout.read(), without_remarks(program.stderr.read())) == ("", "")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send these signals to another process")
def test_what_the_parent_ignores_stays_ignored() -> None:
    """The program serves on after a SIGHUP that its parent process had ignored, as nohup does."""
    ignoring = "import signal, runpy; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    command = [sys.executable, "-c", f"{ignoring}; runpy.run_module('bfl_emulator', run_name='__main__')"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        process.send_signal(signal.Signals["SIGHUP"])
        answer = httpx.get(announced["base_url"] + "/v1/credits", headers={"x-key": announced["api_key"]})
        assert answer.status_code == 200
        process.terminate()
        assert process.wait(LIMIT) == 0


@pytest.mark.about("credits")
def test_program_options(tmp_path: Path) -> None:
    """The program takes a script of faults, one host for everything, credits to start with, and strictness."""
    script = tmp_path / "faults.yml"
    script.write_text("- {fault: html, operation: utility, nth: 2}")
    options = ["--script", str(script), "--one-host", "--credits", "12.5", "--strict"]
    command = [sys.executable, "-W", "error", "-m", "bfl_emulator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        url, key = announced["base_url"] + "/v1/credits", {"x-key": announced["api_key"]}
        answers = [httpx.get(url, headers=key) for _ in range(2)]
        refused = httpx.get(announced["delivery_url"] + "/delivery/task/sample.png", headers=key)
        process.terminate()
    assert refused.status_code == 400
    assert announced["base_url"] == announced["cluster_url"] == announced["delivery_url"]
    assert (answers[0].json(), answers[1].status_code) == ({"credits": 12.5}, 502)


def test_killed(program: subprocess.Popen[str]) -> None:
    """A killed program frees its port at once."""
    assert program.stdout is not None
    port = httpx.URL(json.loads(program.stdout.readline())["base_url"]).port or 0
    program.kill()
    program.wait(LIMIT)
    socket.create_server(("127.0.0.1", port)).close()


def test_program_without_a_port() -> None:
    """A taken port ends the program with 1 and one line on standard error."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        command = [sys.executable, "-m", "bfl_emulator", "--port", str(other.getsockname()[1])]
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_program_with_an_impossible_port() -> None:
    """An impossible port ends the program with 1 and one line on standard error."""
    command = [sys.executable, "-m", "bfl_emulator", "--port", "99999"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)


def test_program_for_clients_of_others() -> None:
    """With --tls, --one-host, --bfl-hosts and --control, it prints the file of certificates and the control token."""
    options = ["--tls", "--one-host", "--bfl-hosts", "--control"]
    command = [sys.executable, "-W", "error", "-m", "bfl_emulator", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        announced = json.loads(process.stdout.readline())
        context = ssl.create_default_context(cafile=announced["ca_file"])
        token = {"authorization": f"Bearer {announced['control_token']}", "host": "api.bfl.ai"}
        answer = httpx.get(announced["base_url"] + "/_emulator/requests", headers=token, verify=context)
        process.terminate()
    assert (answer.status_code, announced["base_url"][:8]) == (200, "https://")
    assert not Path(announced["ca_file"]).exists()


@pytest.mark.parametrize(("library", "options"), [("starlette", []), ("PIL", []), ("trustme", ["--tls"])])
def test_program_without_a_library(library: str, options: list[str]) -> None:
    """Where a library is missing, the program ends with 1 and one line that says what to install."""
    missing = f"import sys; sys.modules[{library!r}] = None"
    code = f"{missing}; from bfl_emulator.__main__ import main; sys.exit(main({options}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=LIMIT, check=False)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert library in done.stderr and done.stderr.endswith(': pip install "bfl-client[emulator]"\n')
