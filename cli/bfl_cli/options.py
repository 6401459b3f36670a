"""Arguments and options that several commands share, and their completion in the shell."""

from __future__ import annotations

from typing import Annotated, Any

import typer


def endpoint_names(incomplete: str) -> list[tuple[str, str]]:
    """Endpoints whose names start as typed."""
    from bfl_client.specification import ENDPOINTS

    return [(each.name, each.summary) for each in ENDPOINTS.values() if each.name.startswith(incomplete)]


def pairs(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """``key=`` for the parameters of the endpoint on the line; ``key=value`` if the values are listed."""
    from bfl_client.specification import parameters

    words = [ctx.params.get("endpoint"), *ctx.args]  # an option without its value leaves the arguments unread
    known = parameters(next((word for word in words if word), ""))
    key, equals, _ = incomplete.partition("=")
    if equals:
        choices = known[key].choices if key in known else []
        return [(f"{key}={value}", "") for value in choices]
    given = {pair.partition("=")[0] for pair in ctx.params.get("param") or ()}
    return [
        (f"{name}=", str(parameter.schema.get("title") or ""))
        for name, parameter in known.items()
        if name not in given and name.startswith(incomplete)
    ]


def task_names(incomplete: str) -> list[tuple[str, str]]:
    """Tasks whose handles are kept."""
    from . import state

    names = [(state.name_of(each["id"]), str(each["endpoint"] or "")) for each in state.listed()]
    return [(name, endpoint) for name, endpoint in names if name.startswith(incomplete)]


EndpointName = Annotated[
    str,
    typer.Argument(
        metavar="ENDPOINT",
        help="Name of the endpoint: its path after /v1/; see bfl endpoints.",
        autocompletion=endpoint_names,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="File to write, a folder, or - for standard output; by default a file named after endpoint and id.",
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]
Timeout = Annotated[
    float | None,
    typer.Option(
        "--timeout",
        metavar="SECONDS",
        help="Give up after this many seconds; by default 600 for pictures, 2,700 for video.",
    ),
]
Show = Annotated[bool, typer.Option("--show", help="Show the picture in the terminal (kitty, iTerm2, sixel).")]
Emulated = Annotated[bool, typer.Option("--emulator", help="Use an emulator started for this run: no key, no cost.")]
