"""``bfl auth``: which key is used and whether it works; keeping one, and forgetting it. It is never shown."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from bfl_client.errors import BFLError

from .commands import command, told
from .exits import Problem, problem_of
from .screen import Screen

app = typer.Typer(
    add_completion=False, no_args_is_help=True, rich_markup_mode=None, help="See, store and forget the API key."
)
Keyring = Annotated[bool, typer.Option("--keyring", help='Keep it in the system keyring (extra "keyring").')]


@app.command()
@command
def status(screen: Screen) -> None:
    """Say where the key comes from, and whether the service takes it.

    The first of these is used: the environment variable BFL_API_KEY; the key file, which must belong to you and have
    mode 0600; the system keyring, if the key file points to it (bfl auth login --keyring).
    """
    from bfl_client import Client

    from . import session

    key = session.known_key(screen)
    named = {"environment": "the environment variable ", "file": "the key file "}.get(key.source, "") + key.place
    with Client(key.value) as client:
        host = str(client.hosts.base)
        try:
            left = client.credits()
        except BFLError as error:
            problem = problem_of(error)
            problem.message = f"the key from {named} does not work at {host}: {problem.message}"
            raise problem from error
    text = f"the key from {named} works at {host}: {told(left)} credits left"
    screen.result(text, {"source": key.source, "place": key.place, "base_url": host, "works": True, "credits": left})


@app.command()
@command
def login(screen: Screen, keyring: Keyring = False) -> None:
    """Keep a key, typed unseen or piped in.

    It goes to the key file, or with --keyring to the system keyring.
    """
    from . import keys

    value = _read()
    if not value or not value.isascii() or not value.isprintable() or " " in value or len(value) > 1000:
        raise Problem("configuration", "that is no API key; nothing was kept", "bfl auth login < FILE, or type it in")
    screen.secrets.append(value)
    path = keys.store_in_keyring(value) if keyring else keys.store(value)
    place = "the system keyring" if keyring else str(path)
    shadowed = "; BFL_API_KEY is set, and goes before it" if screen.secrets[0] != value else ""
    screen.result(f"kept in {place}{shadowed}", {"source": "keyring" if keyring else "file", "place": place})


def _read() -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        return getpass.getpass("API key (not shown): ").strip()
    return "" if sys.stdin is None else sys.stdin.readline(4096).strip()


@app.command()
@command
def logout(screen: Screen) -> None:
    """Forget the key that bfl auth login kept."""
    from . import keys

    removed = keys.forget()
    screen.result(f"removed {' and '.join(removed)}" if removed else "no key was kept", {"removed": removed})
