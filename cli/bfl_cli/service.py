"""The service that a command talks to, real or emulated; ``bfl credits``, ``bfl finetunes``, ``bfl emulator``."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bfl_client.errors import shorten
from bfl_client.specification import credits_in_words

from .app import command, group
from .auth import find
from .exits import EXITS, Problem, extra
from .screen import Screen

if TYPE_CHECKING:
    from bfl_client import Client

EMULATOR_SPEED = 4.0  # times as fast as the service: slow enough to see progress, fast enough for a demonstration
Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the finetune.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@contextlib.contextmanager
def connected(screen: Screen, *, emulated: bool = False) -> Iterator[Client]:
    """A client for one command: with the user's key, or for an emulator that runs as long as the command."""
    from bfl_client import Client

    if emulated:
        with extra("emulator"):
            from bfl_emulator import Emulator
        with Emulator(speed=EMULATOR_SPEED) as emulator, Client(emulator.api_key, emulator.base_url) as client:
            yield client
        return
    with Client(find(screen).value) as client:
        yield client


@command
def credits(screen: Screen) -> None:
    """Show the credits left; one is worth 0.01 USD."""
    with connected(screen) as client:
        left = client.credits()
    screen.result(f"{credits_in_words(left)} credits", {"credits": left})


finetunes = group("List, show and delete finetunes.")


@finetunes.command("list")
@command
def list_(screen: Screen) -> None:
    """List the finetunes of the key's owner."""
    with connected(screen) as client:
        found = client.utility.my_finetunes().finetunes
    lines = [shorten(each if isinstance(each, str) else json.dumps(each)) for each in found]
    screen.result("\n".join(lines) if lines else "no finetunes", found)


@finetunes.command()
@command
def show(screen: Screen, finetune_id: Id) -> None:
    """Show what the service keeps about a finetune."""
    with connected(screen) as client:
        details = client.utility.finetune_details(finetune_id).to_dict()
    inner: Any = details.get("finetune_details", details)
    pairs = inner.items() if isinstance(inner, dict) else [("details", inner)]
    lines = [f"{shorten(str(name), 60)}: {shorten(value)}" for name, value in pairs]
    screen.result("\n".join(lines) or "the service keeps no details about it", details)


@finetunes.command()
@command
def delete(screen: Screen, finetune_id: Id, yes: Yes = False) -> None:
    """Delete a finetune for good."""
    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise Problem("usage", "deleting a finetune cannot be undone", "--yes deletes it without asking")
        typer.confirm(f"Delete finetune {finetune_id} for good?", abort=True, err=True)
    with connected(screen) as client:
        answer = client.utility.delete_finetune(finetune_id).to_dict()
    screen.result(f"deleted finetune {finetune_id}", answer)


@command
def emulator(
    screen: Screen,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    speed: Annotated[float, typer.Option(help="How many times faster than the service; inf: ready at once.")] = 1.0,
    script: Annotated[Path | None, typer.Option(metavar="FILE", help="YAML file with faults to play.")] = None,
    one_host: Annotated[bool, typer.Option("--one-host", help="Use one port and name for everything.")] = False,
    bfl_hosts: Annotated[bool, typer.Option("--bfl-hosts", help="Answer programs that map *.bfl.ai to it.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Refuse downloads that carry the key.")] = False,
    tls: Annotated[bool, typer.Option("--tls", help="Serve https; prints the path of its CA.")] = False,
    control: Annotated[bool, typer.Option("--control", help="Add endpoints for logs and scripts (token).")] = False,
    allow_outbound: Annotated[
        bool, typer.Option("--allow-outbound", help="Allow webhooks and picture URLs on other machines.")
    ] = False,
    credits: Annotated[float, typer.Option(help="Credits to start with.")] = 10_000.0,
) -> None:
    """Serve the API on this machine until interrupted; prints its address and key as one line of JSON."""
    with extra("emulator"):
        from bfl_emulator import serve
    options = {
        "one_host": one_host,
        "bfl_hosts": bfl_hosts,
        "strict": strict,
        "tls": tls,
        "control": control,
        "allow_outbound": allow_outbound,
        "credits": credits,
    }
    code = 0
    with contextlib.suppress(KeyboardInterrupt):  # of a signal that `serve` does not handle itself
        code = serve(port=port, speed=speed, script=script or (), **options)
    raise typer.Exit(EXITS["configuration"].code if code else 0)  # it has already printed why
