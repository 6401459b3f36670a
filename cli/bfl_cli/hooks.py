"""``bfl webhook listen``: receive webhooks on this machine, and print those that verify."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from .commands import command, told
from .exits import Problem
from .screen import Screen

SECRET = "BFL_WEBHOOK_SECRET"  # noqa: S105  # the name of a variable
app = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="Receive webhooks and print them."
)


class Proof(StrEnum):
    """How a delivery proves its origin; see `bfl_client.webhooks.parse`."""

    secret = "secret"  # noqa: S105
    hmac = "hmac"
    unverified = "unverified"


@app.callback()
def webhook() -> None:
    """Receive webhooks and print them."""


@app.command()
@command
def listen(
    screen: Screen,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    form: Annotated[Proof, typer.Option(help="How deliveries prove where they come from.")] = Proof.secret,
    count: Annotated[int, typer.Option(metavar="N", help="End after so many updates; 0: until interrupted.")] = 0,
) -> None:
    """Print every verified webhook as it arrives, with --json in full.

    The secret, what was sent as webhook_secret, comes from the environment variable BFL_WEBHOOK_SECRET. A delivery that
    does not verify is answered with 403 and told on standard error. Give its address as webhook_url.
    """
    from bfl_client.errors import shorten

    from .listener import Listener

    secret = os.environ.get(SECRET, "")
    if not secret and form is not Proof.unverified:
        raise Problem("configuration", f"no secret: set {SECRET}, or take anybody's deliveries with --form unverified")
    screen.secrets.append(secret)
    try:
        listener = Listener(host, port, secret or None, form.value, screen)
    except OSError as error:
        raise Problem("configuration", f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    with listener:
        screen.listening(listener.url)
        for number, update in enumerate(listener.updates(), 1):
            cost = "" if update.cost is None else f"  cost {told(update.cost)} credits"
            shown = f"{shorten(update.status, 60)}  task {shorten(str(update.raw.get('id')), 80)}{cost}"
            screen.result(shown, update.raw)
            if number == count:
                return
