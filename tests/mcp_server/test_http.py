"""The server over HTTP on this machine."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import anyio
import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.cli.shell import LIMIT, Shell, environment, unix

from .conftest import FOX, Bench, facts, until
from .test_interrupted import STALLED
from .test_words import CONFIGURATIONS, STARTED

TOKEN = "a-token_of.the~user+/="


class Serving:
    """A server process, and where it is reached.

    Attributes:
        said: what it printed when it started.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process, self.said = process, json.loads(process.stdout.readline())

    def post(self, **headers: str) -> httpx.Response:
        """A request without content."""
        headers["content-type"] = "application/json"
        return httpx.post(self.said["url"], headers=headers, content=b"{}", timeout=LIMIT)

    async def call(self, tool: str, authorization: str | None = None) -> None:
        """Call a tool, as a client of the protocol that sends the header."""
        headers = {"authorization": authorization or self.said["authorization"]}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=LIMIT) as http,
            Client(streamable_http_client(self.said["url"], http_client=http)) as client,
        ):
            facts(await client.call_tool(tool, FOX))


@contextmanager
def serving(bench: Bench, **environ: str) -> Iterator[Serving]:
    """A server on a free port."""
    command = [sys.executable, *bench.command("--budget", "100", "--http", "0", "--json")]
    env = environment(bench.home, bench.emulator, PYTHONWARNINGS="default", **environ)
    with (
        bench.log.open("a") as log,
        subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=log, text=True) as process,
    ):
        try:
            yield Serving(process)
        finally:
            process.kill()


def test_http_serves_this_machine_alone(bench: Bench) -> None:
    """It prints its address, serves a call, and refuses a request that a page of another origin would send."""
    with serving(bench) as server:
        anyio.run(server.call, "submit")
        for header in ({"origin": "https://elsewhere.example"}, {"host": "elsewhere.example"}):
            assert server.post(authorization=server.said["authorization"], **header).status_code in (403, 421)
    assert bench.submits == 1


def test_http_needs_the_token_of_this_start(bench: Bench) -> None:
    """A request without the token that the server printed gets 401, and is told where to find it."""
    with serving(bench) as server:
        bearer: str = server.said["authorization"]
        for wrong in ({}, {"authorization": bearer[:-1]}, {"authorization": bearer.removeprefix("Bearer ")}):
            refused = server.post(**wrong)
            assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
            assert "BFL_MCP_TOKEN" in refused.text
            assert bearer.removeprefix("Bearer ") not in refused.text
        assert server.post(authorization=bearer).status_code == 400
    with serving(bench) as again:
        assert again.said["authorization"] != bearer


def test_the_token_may_be_the_users(bench: Bench) -> None:
    """BFL_MCP_TOKEN is the token, and is not printed; one that is short or cannot be a header is refused."""
    with serving(bench, BFL_MCP_TOKEN=TOKEN) as server:
        assert set(server.said) == {"url"}
        assert server.post().status_code == 401
        anyio.run(server.call, "submit", f"Bearer {TOKEN}")
    assert TOKEN not in bench.said
    (bench.root / "shell").mkdir()
    shell = Shell(bench.root / "shell", bench.emulator)
    for weak in ("short", "sixteen characters with spaces", "sixteen-characters\n"):
        done = shell.run("mcp", "--output", ".", "--no-budget", "--http", "0", "--json", BFL_MCP_TOKEN=weak)
        assert (done.code, done.json["error"]["kind"]) == (4, "configuration")
        assert weak not in done.out + done.err


def test_the_configuration_of_the_guide_reaches_it(bench: Bench) -> None:
    """What the guide has a client send, with the user's token in its place, is served."""
    (configuration,) = (each for each in CONFIGURATIONS if each not in STARTED)
    told = configuration["servers"]["bfl"]
    assert told["type"] == "http"
    with serving(bench, BFL_MCP_TOKEN=TOKEN) as server:
        assert re.sub(r":\d+/", "/", told["url"]) == re.sub(r":\d+/", "/", server.said["url"])
        (authorization,) = told["headers"].values()
        anyio.run(server.call, "submit", re.sub(r"\$\{input:[a-z-]+\}", TOKEN, authorization))


@unix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_while_a_task_is_awaited(slow_bench: Bench, name: str) -> None:
    """A signal while a client is connected ends the server with 130 and one line; what was paid for is kept."""

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(end, group.cancel_scope)
            with suppress(Exception):  # the connection is gone
                await server.call("generate")

    async def end(scope: anyio.CancelScope) -> None:
        await until(lambda: list(slow_bench.home.rglob("*.json")))  # the handle
        server.process.send_signal(getattr(signal, name))
        await anyio.to_thread.run_sync(server.process.wait, LIMIT)
        scope.cancel()

    with serving(slow_bench) as server:
        anyio.run(run)
        assert server.process.returncode == 130
    assert "Traceback" not in slow_bench.said
    assert slow_bench.said.count("\n") <= 1


@unix
@pytest.mark.parametrize("again", [False, True])
def test_a_signal_in_the_middle_of_a_paid_request(slow_bench: Bench, clock: list[float], again: bool) -> None:
    """A signal ends the server once a paid request is answered, and the task is kept; a second one ends it at once."""
    assert slow_bench.emulator is not None
    slow_bench.emulator.script(STALLED)

    async def call() -> None:
        with suppress(Exception):  # the connection is gone
            await server.call("generate")

    async def run() -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await until(lambda: slow_bench.submits)
            server.process.terminate()
            await until(lambda: "interrupted" in slow_bench.said)
            if again:
                server.process.terminate()
            else:
                clock[0] += 31
            assert await anyio.to_thread.run_sync(server.process.wait, LIMIT / 2) == 130
            group.cancel_scope.cancel()

    with serving(slow_bench) as server:
        anyio.run(run)
    kept = [json.loads(path.read_text())["id"] for path in slow_bench.home.rglob("tasks/*.json")]
    assert kept == list(slow_bench.emulator.tasks)
    assert len(kept) == (0 if again else 1)
    assert "Traceback" not in slow_bench.said
