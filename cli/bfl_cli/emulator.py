"""``bfl emulator``: the API on this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import ModuleType
from typing import Annotated

import typer

from .app import command
from .exits import EXITS, extra
from .screen import Screen


def emulator_module() -> ModuleType:
    """The emulator as a program; raises Problem if its extra is not installed."""
    with extra("emulator"):
        from bfl_emulator import program
    return program


@command
def emulator(
    screen: Screen,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    speed: Annotated[float, typer.Option(help="How many times faster than the service; inf: ready at once.")] = 1.0,
    script: Annotated[Path | None, typer.Option(metavar="FILE", help="YAML file with faults to play.")] = None,
    one_host: Annotated[bool, typer.Option("--one-host", help="One port for submits, polls and files.")] = False,
    allow_outbound: Annotated[
        bool, typer.Option("--allow-outbound", help="Allow webhooks and picture URLs on other machines.")
    ] = False,
    credits: Annotated[float, typer.Option(help="Credits to start with.")] = 10_000.0,
) -> None:
    """Serve the API on this machine until interrupted; prints its address and key as one line of JSON."""
    options = {"one_host": one_host, "allow_outbound": allow_outbound, "credits": credits}
    code = 0
    with contextlib.suppress(KeyboardInterrupt):  # of a signal that `serve` does not handle itself
        code = emulator_module().serve(port=port, speed=speed, script=str(script) if script else None, **options)
    raise typer.Exit(EXITS["configuration"].code if code else 0)  # it has said why itself
