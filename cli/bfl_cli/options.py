"""Arguments and options that several commands have."""

from __future__ import annotations

from typing import Annotated

import typer

from . import completion

EndpointName = Annotated[
    str,
    typer.Argument(
        metavar="ENDPOINT",
        help="Name of the endpoint: its path after /v1/; see bfl endpoints.",
        autocompletion=completion.endpoints,
        show_default=False,
    ),
]
Output = Annotated[
    str | None,
    typer.Option(
        "--output",
        "-o",
        metavar="PATH",
        help="File to write, a folder, or - for standard output; else it is named after endpoint and id.",
        show_default=False,
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", metavar="SECONDS", help="Wait so long; else 600 s for pictures, 2,700 s for video."),
]
Show = Annotated[bool, typer.Option("--show", help="Show the picture in the terminal (kitty, iTerm2, sixel).")]
Emulated = Annotated[bool, typer.Option("--emulator", help="Use an emulator started for this run: no key, no cost.")]
