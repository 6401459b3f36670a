"""The server over HTTP on this machine."""

from __future__ import annotations

import json
import subprocess
import sys

import anyio
import httpx
from mcp import Client

from tests.cli.shell import environment

from .conftest import FOX, Bench, facts


def test_http_serves_this_machine_alone(bench: Bench) -> None:
    """It prints its address, serves a call, and refuses a request that a page of another origin would send."""
    environ = environment(bench.home, bench.emulator, PYTHONWARNINGS="default")
    command = [sys.executable, *bench.command("--budget", "100", "--http", "0", "--json")]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            url = json.loads(server.stdout.readline())["url"]

            async def run() -> None:
                async with Client(url) as client:
                    facts(await client.call_tool("submit", FOX))

            anyio.run(run)
            for header in ({"origin": "https://elsewhere.example"}, {"host": "elsewhere.example"}):
                refused = httpx.post(url, headers={**header, "content-type": "application/json"}, content=b"{}")
                assert refused.status_code in (403, 421)
        finally:
            server.kill()
    assert bench.submits == 1
