"""``bfl mcp``: a server with which models make pictures and videos, within a budget and within folders."""

from __future__ import annotations

import contextlib
import math
import os
import re
import secrets
import socket
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bfl_client import files
from bfl_client.errors import in_line

from . import options, state
from .app import command
from .auth import find
from .exits import Problem, extra
from .screen import Screen, redact
from .service import EMULATOR_SPEED

if TYPE_CHECKING:
    from bfl_client.tasks import Handle
    from bfl_mcp.budget import Budget
    from bfl_mcp.settings import Settings
    from bfl_mcp.shelf import Shelf

VARIABLE = "BFL_MCP_TOKEN"
"""Its value is what requests over HTTP must carry."""

Limit = Annotated[
    float | None, typer.Option("--budget", min=0, metavar="CREDITS", help="The most that may be spent in all.")
]
Unlimited = Annotated[bool, typer.Option("--no-budget", help="Set no limit to what may be spent.")]
StateFile = Annotated[
    Path | None, typer.Option("--state", metavar="FILE", help="Keep the budget's record here, across restarts.")
]
Confirm = Annotated[
    float | None,
    typer.Option(
        "--confirm-above", min=0, metavar="CREDITS", help="Ask the user before a request that may cost more than this."
    ),
]
Readable = Annotated[
    list[Path],
    typer.Option("--allow-read", metavar="FOLDER", help="Pictures and videos in it may be sent. Repeatable."),
]
Written = Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Where results are written.")]
Unpriced = Annotated[bool, typer.Option("--allow-unpriced", help="Use endpoints without a price despite the budget.")]
Port = Annotated[
    int | None,
    typer.Option("--http", min=0, max=65535, metavar="PORT", help="Serve HTTP on 127.0.0.1; needs its token."),
]


class Disk:
    """The handles of the command line, as the server keeps them; see `state`."""

    def __init__(self, screen: Screen, beside: Path) -> None:
        self._screen, self._beside = screen, beside
        self._keeper = state.Keeper(screen, beside)

    def ready(self) -> None:
        """Find out whether a handle can be kept; raises Refused if not."""
        from bfl_mcp.refusals import Refused

        try:
            self._keeper = state.Keeper(self._screen, self._beside)
        except Problem as problem:
            raise Refused("handles", problem.message, "the user must make room for them") from problem

    def keep(self, handle: Handle) -> None:
        """Keep the handle of a task that was just paid for."""
        self._keeper.keep(handle)

    def ended(self, handle: Handle, status: str, file: Path | None, cost: float | None) -> None:
        """Record how a task ended."""
        with contextlib.suppress(OSError):  # a full disk: the result is saved all the same
            state.Kept(handle, state.ready(state.folder())).ended(status, file, cost)

    def find(self, name: str) -> dict[str, Any] | None:
        """The record of a task."""
        return state.find(name)

    def listed(self) -> list[dict[str, Any]]:
        """Every record, the newest first."""
        return state.listed()


@command
def mcp(
    screen: Screen,
    output: Written,
    budget: Limit = None,
    no_budget: Unlimited = False,
    state_file: StateFile = None,
    confirm_above: Confirm = None,
    allow_read: Readable = [],  # noqa: B006  # typer copies it
    allow_unpriced: Unpriced = False,
    http: Port = None,
    emulator: options.Emulated = False,
) -> None:
    """Let models make pictures and videos (MCP).

    An MCP client starts it and talks to it on standard input and output. What a request may cost is entered in the
    budget before it is sent. Only pictures and videos below --allow-read are sent, and only --output is written to.
    """
    if (budget is None) != no_budget and not (emulator and budget is None):
        raise Problem("usage", "the server needs a budget", "--budget CREDITS, or --no-budget")
    if not all(math.isfinite(each) for each in (budget, confirm_above) if each is not None):
        raise Problem("usage", "credits must be a number", "--no-budget sets no limit")
    with extra("mcp"):
        import bfl_mcp.server  # noqa: F401
        import PIL.Image  # noqa: F401
        from bfl_mcp.settings import Settings
    settings = Settings(
        _folder(output, make=True),
        tuple(_folder(each) for each in allow_read),
        budget,
        confirm_above,
        allow_unpriced,
        emulator,
    )
    if http is None and sys.stdin is not None and sys.stdin.isatty():
        screen.note("waiting for an MCP client on standard input; it should start this program itself")
    with _budget(budget, state_file) as record:
        _serve(screen, settings, record, http)


def _folder(path: Path, *, make: bool = False) -> Path:
    if make:
        path.mkdir(parents=True, exist_ok=True)
    if not path.is_dir():
        raise Problem("output", f"there is no folder {in_line(path)}")
    return path.resolve()


@contextlib.contextmanager
def _budget(limit: float | None, path: Path | None) -> Iterator[Budget]:
    from bfl_mcp.budget import Budget

    try:
        if path is not None:
            files.private_folder(path.absolute().parent)
        record = Budget(limit, path)
    except sqlite3.Error as error:
        raise Problem("output", f"{in_line(path)} cannot keep the budget: {error}") from error
    with contextlib.closing(record):
        yield record


def _token() -> str:
    """The token that the environment sets for HTTP; empty if there is none. Raises Problem if it is too weak."""
    token = os.environ.get(VARIABLE, "")
    if token and not re.fullmatch(r"[A-Za-z0-9._~+/=-]{16,}", token):
        message = f"{VARIABLE} must have at least 16 characters, and only letters, digits and . _ ~ + / = -"
        raise Problem("configuration", message, f"without {VARIABLE}, bfl mcp makes a token")
    return token


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        reason = os.strerror(error.errno or 0).lower()
        raise Problem(
            "configuration", f"cannot listen on 127.0.0.1:{port}: {reason}", "--http 0 takes a free port"
        ) from error


def _serve(screen: Screen, settings: Settings, budget: Budget, port: int | None) -> None:
    from bfl_client import AsyncClient
    from bfl_mcp.server import serve
    from bfl_mcp.shelf import Memory
    from bfl_mcp.studio import Studio

    given = "" if port is None else _token()
    token = given or secrets.token_urlsafe(24)

    def announce(url: str) -> None:
        header = {} if given else {"authorization": f"Bearer {token}"}
        lines = [f"serving {url}", *(f"with the header Authorization: {each}" for each in header.values())]
        screen.result("\n".join(lines), {"url": url, **header})
        screen.secrets.append(token)

    with contextlib.ExitStack() as stack:
        http = None if port is None else (stack.enter_context(_listening(port)), token)
        key, base_url = _service(screen, stack, emulated=settings.emulated)
        shelf: Shelf = Memory() if settings.emulated else Disk(screen, settings.output)
        serve(
            lambda client: Studio(client, settings, budget, shelf),
            lambda: AsyncClient(key, base_url),
            redact=lambda text: redact(text, screen.secrets),
            note=screen.note,
            http=http,
            announce=announce,
        )


def _service(screen: Screen, stack: contextlib.ExitStack, *, emulated: bool) -> tuple[str, str | None]:
    """The key and the address: the user's, or those of an emulator that runs as long as the server."""
    if not emulated:
        return find(screen).value, None
    with extra("emulator"):
        from bfl_emulator import Emulator
    started = stack.enter_context(Emulator(speed=EMULATOR_SPEED))
    return started.api_key, started.base_url
