"""MCP servers as their clients start them: processes, on standard input and output, with an emulator behind them."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Literal

import anyio
import pytest
from bfl_cli.screen import redact
from bfl_client import AsyncClient, specification
from bfl_client.policy import Poll
from bfl_emulator import Emulator
from bfl_mcp.budget import Budget
from bfl_mcp.desk import Desk
from bfl_mcp.server import Running, build
from bfl_mcp.settings import Settings
from bfl_mcp.shelf import Memory, Shelf
from bfl_mcp.studio import Studio
from mcp import Client, StdioServerParameters, stdio_client
from mcp.types import CallToolResult
from PIL import Image

from tests.cli.shell import LIMIT, environment, without_remarks

Mode = Literal["auto", "legacy"]
MODES: tuple[Mode, ...] = ("auto", "legacy")
"""The two ways to begin: the newest protocol, and the handshake of earlier ones."""


PAINT = next(
    each.name
    for each in specification.ENDPOINTS.values()
    if each.kind == "image" and specification.price(each.name, {"prompt": "a fox"})
)
"""An endpoint that makes a picture from a prompt, at a certain price."""
PRICE = specification.price(PAINT, {"prompt": "a fox"}) or 0.0
FOX: dict[str, Any] = {"endpoint": PAINT, "parameters": {"prompt": "a fox"}}


class Bench:
    """Folders, an emulator, and servers that use both.

    Attributes:
        output: where results go.
        inputs: the folder that may be read.
        emulator: the service; None for servers that bring their own.
    """

    def __init__(self, root: Path, emulator: Emulator | None) -> None:
        self.root, self.emulator = root, emulator
        self.home, self.output, self.inputs = root / "home", root / "out", root / "in"
        for folder in (self.home, self.output, self.inputs):
            folder.mkdir()
        self.log = root / "stderr.txt"

    def picture(self, path: Path | None = None) -> Path:
        """A picture, by default in the folder that may be read."""
        path = path or self.inputs / "cat.png"
        Image.new("RGB", (512, 512), (200, 80, 40)).save(path)
        return path

    def command(self, *options: str) -> list[str]:
        """The arguments of a server."""
        folders = ["--output", str(self.output), "--allow-read", str(self.inputs)]
        return ["-m", "bfl_cli", "mcp", *folders, *options]

    @asynccontextmanager
    async def connected(self, *options: str, mode: Mode = "auto", **callbacks: Any) -> AsyncIterator[Client]:
        """A client of a server process."""
        environ = environment(self.home, self.emulator, PYTHONWARNINGS="default")
        parameters = StdioServerParameters(command=sys.executable, args=self.command(*options), env=environ)
        with self.log.open("a") as log:
            async with Client(stdio_client(parameters, errlog=log), mode=mode, **callbacks) as client:
                yield client

    @property
    def submits(self) -> int:
        """How many paid requests have arrived."""
        assert self.emulator is not None
        return sum(each.method == "POST" for each in list(self.emulator.requests))

    @property
    def said(self) -> str:
        """What servers wrote on standard error."""
        return without_remarks(self.log.read_text())


async def within(
    bench: Bench,
    use: Callable[[Client], Awaitable[Any]],
    mode: Mode = "auto",
    elicit: Any = None,
    *,
    shelf: Shelf | None = None,
    note: Callable[[str], object] = print,
    **allowed: Any,
) -> None:
    """Use a client of a server in this process."""
    assert bench.emulator is not None
    settings = Settings(bench.output, (bench.inputs,), **allowed)
    budget = Budget(settings.budget)
    async with AsyncClient(bench.emulator.api_key, bench.emulator.base_url, poll=Poll(floor=0.01)) as http:
        studio = Studio(http, settings, budget, shelf or Memory())
        server = build(studio, Running(Desk(studio, lambda text: redact(text, []), note)))
        async with Client(server, mode=mode, elicitation_callback=elicit) as client:
            await use(client)
    budget.close()


def film() -> dict[str, Any]:
    """A request for a video from a prompt alone."""
    for each in specification.ENDPOINTS.values():
        for form in specification.forms(each.name) if each.kind == "video" else ():
            name, _, value = form.title.partition(" ")[0].partition("=")
            body = {"prompt": "a fox", **({name: value} if name else {})}
            if (
                {one.name for one in form.parameters if one.required}
                <= body.keys()
                <= {o.name for o in form.parameters}
            ):
                return {"endpoint": each.name, "parameters": body}
    pytest.skip("the specification has no endpoint that makes a video from a prompt")


def facts(result: CallToolResult) -> dict[str, Any]:
    """The answer of a tool that succeeded; its text says the same."""
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content  # type: ignore[union-attr]
    assert isinstance(result.structured_content, dict)
    return result.structured_content


def error(result: CallToolResult) -> dict[str, Any]:
    """The error of a tool that failed; its text has the cause and the remedy."""
    assert result.is_error, result.structured_content
    found: dict[str, Any] = result.structured_content["error"]
    text = result.content[0].text  # type: ignore[union-attr]
    assert found["message"] in text
    assert found["remedy"] in text
    return found


async def until(condition: Callable[[], object]) -> None:
    """Wait until something in this process has come true."""
    with anyio.fail_after(LIMIT):
        while not condition():
            await anyio.sleep(0.01)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Servers whose tasks are ready at once."""
    with Emulator(speed=float("inf")) as emulator:
        yield Bench(tmp_path, emulator)
    emulator.assert_no_leaks()


@pytest.fixture
def clock() -> list[float]:
    """The time of `slow_bench`'s emulator, seconds; add to it to let time pass."""
    return [0.0]


@pytest.fixture
def slow_bench(tmp_path: Path, clock: list[float]) -> Iterator[Bench]:
    """Servers whose service stands still until the test moves `clock`."""
    with Emulator(clock=lambda: clock[0]) as emulator:
        yield Bench(tmp_path, emulator)
    emulator.assert_no_leaks()
