"""Calls that are cancelled and servers that are killed: a paid task is kept, and fetched later."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client

from tests.cli.shell import LIMIT, environment

from .conftest import FOX, MODES, PRICE, Bench, Mode, error, facts, until

STALLED = {"fault": "slow", "operation": "submit", "seconds": 30.0, "times": 1}
_CALL = {"name": "generate", "arguments": FOX}
LINE = json.dumps({"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": _CALL})


@pytest.mark.parametrize("mode", MODES)
def test_a_call_cancelled_in_the_middle_of_a_paid_request(slow_bench: Bench, clock: list[float], mode: Mode) -> None:
    """Cancelled while its POST is under way, a call leaves a kept handle, a line for the user, and a counted price."""
    bench = slow_bench
    assert bench.emulator is not None
    bench.emulator.script(STALLED)

    async def run() -> None:
        async with bench.connected("--budget", "100", mode=mode) as client:
            async with anyio.create_task_group() as group:
                group.start_soon(client.call_tool, "generate", FOX)
                await until(lambda: bench.submits)
                group.cancel_scope.cancel()
            facts(await client.call_tool("list_endpoints"))  # the server has read the cancellation
            clock[0] += 31
            await until(lambda: "was submitted" in bench.said)
            (task,) = facts(await client.call_tool("tasks"))["tasks"]
            assert bench.emulator is not None
            assert [task["id"]] == list(bench.emulator.tasks)
            assert task["id"] in bench.said
            assert facts(await client.call_tool("credits"))["budget"]["left"] == 100 - PRICE
            clock[0] += 1000
            assert Path(facts(await client.call_tool("task", {"id": task["id"], "action": "fetch"}))["file"]).is_file()

    anyio.run(run)
    assert bench.submits == 1


def test_a_task_outlives_its_server(slow_bench: Bench, clock: list[float]) -> None:
    """A server killed while a task is under way is started again, and fetches it; it is paid for once."""
    bench = slow_bench
    options = ("--budget", str(PRICE), "--state", str(bench.root / "budget.sqlite"))
    with _started(bench, *options) as server:
        _say(server, LINE)
        anyio.run(until, lambda: bench.emulator and any("id" in each.query for each in list(bench.emulator.requests)))
        server.kill()
    clock[0] += 1000

    async def run() -> None:
        async with bench.connected(*options) as client:
            await _fetch_what_there_is(client)
            assert error(await client.call_tool("generate", FOX))["kind"] == "budget"

    anyio.run(run)
    assert bench.submits == 1


async def _fetch_what_there_is(client: Client) -> None:
    (task,) = facts(await client.call_tool("tasks"))["tasks"]
    assert task["status"] == "submitted"
    fetched = facts(await client.call_tool("task", {"id": task["id"], "action": "fetch"}))
    assert Path(fetched["file"]).is_file()


def test_too_short_a_wait_is_told_with_the_task(slow_bench: Bench) -> None:
    """A wait that is over before the task is an error with the task's id, and with the tool that goes on."""

    async def run() -> None:
        async with slow_bench.connected("--no-budget") as client:
            found = error(await client.call_tool("generate", {**FOX, "timeout": 0.2}))
            assert slow_bench.emulator is not None
            assert [found["task_id"]] == list(slow_bench.emulator.tasks)
            assert "task" in found["remedy"]

    anyio.run(run)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to other processes")
@pytest.mark.parametrize("end", ["signal", "end of input"])
def test_a_server_that_ends_in_the_middle_of_a_paid_request(slow_bench: Bench, clock: list[float], end: str) -> None:
    """After SIGTERM, or when its client leaves, a server waits for the answer to a paid request, and keeps the task."""
    bench = slow_bench
    assert bench.emulator is not None
    bench.emulator.script(STALLED)
    with _started(bench, "--no-budget") as server:
        _say(server, LINE)
        anyio.run(until, lambda: bench.submits)
        if end == "signal":
            server.send_signal(signal.SIGTERM)
            anyio.run(until, lambda: "interrupted" in bench.said)
        else:
            assert server.stdin is not None
            server.stdin.close()
        clock[0] += 31
        assert server.wait(LIMIT) == (130 if end == "signal" else 0)
    kept = [json.loads(path.read_text())["id"] for path in bench.home.rglob("tasks/*.json")]
    assert kept == list(bench.emulator.tasks)
    assert len(kept) == 1


class _started:
    """A server process that is spoken to line by line, with its first answer read."""

    def __init__(self, bench: Bench, *options: str) -> None:
        environ = environment(bench.home, bench.emulator, PYTHONWARNINGS="default")
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": bench.log.open("a")}
        self._process = subprocess.Popen([sys.executable, *bench.command(*options)], env=environ, text=True, **pipes)
        pipes["stderr"].close()

    def __enter__(self) -> subprocess.Popen[str]:
        info = {"name": "a test", "version": "1"}
        hello = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info}
        _say(self._process, json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": hello}))
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline())["result"]["serverInfo"]["name"] == "bfl"
        _say(self._process, json.dumps({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        return self._process

    def __exit__(self, *_: object) -> None:
        with self._process:  # which closes its pipes
            self._process.kill()


def _say(process: subprocess.Popen[str], line: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
