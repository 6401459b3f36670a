"""What belongs to the key's owner: ``bfl credits`` and ``bfl finetunes``."""

from __future__ import annotations

import json
import sys
from typing import Annotated, Any

import typer
from bfl_client.errors import shorten

from .commands import command, told
from .exits import Problem
from .screen import Screen

Id = Annotated[str, typer.Argument(metavar="ID", help="Id of the finetune.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


@command
def credits(screen: Screen) -> None:
    """Show the credits left; one is worth 0.01 USD."""
    from . import session

    with session.client(screen) as client:
        left = client.credits()
    screen.result(f"{told(left)} credits", {"credits": left})


finetunes = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="List, show and delete finetunes."
)


@finetunes.command("list")
@command
def list_(screen: Screen) -> None:
    """List the finetunes of the key's owner."""
    from . import session

    with session.client(screen) as client:
        found = client.utility.my_finetunes().finetunes
    lines = [shorten(each if isinstance(each, str) else json.dumps(each)) for each in found]
    screen.result("\n".join(lines) if lines else "no finetunes", found)


@finetunes.command()
@command
def show(screen: Screen, finetune_id: Id) -> None:
    """Show what the service keeps about a finetune."""
    from . import session

    with session.client(screen) as client:
        details = client.utility.finetune_details(finetune_id).to_dict()
    inner: Any = details.get("finetune_details", details)
    pairs = inner.items() if isinstance(inner, dict) else [("details", inner)]
    lines = [f"{shorten(str(name), 60)}: {shorten(value)}" for name, value in pairs]
    screen.result("\n".join(lines) or "nothing is kept about it", details)


@finetunes.command()
@command
def delete(screen: Screen, finetune_id: Id, yes: Yes = False) -> None:
    """Delete a finetune for good."""
    from . import session

    if not yes:
        if sys.stdin is None or not sys.stdin.isatty():
            raise Problem("usage", "deleting a finetune cannot be undone", "--yes, if it is meant")
        typer.confirm(f"Delete finetune {finetune_id} for good?", abort=True, err=True)
    with session.client(screen) as client:
        answer = client.utility.delete_finetune(finetune_id).to_dict()
    screen.result(f"deleted finetune {finetune_id}", answer)
