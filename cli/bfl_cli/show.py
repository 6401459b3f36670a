"""``--show``: the picture in terminals that can show one (kitty's protocol; sixel, as iTerm2 and xterm have it)."""

from __future__ import annotations

import sys
from pathlib import Path

from bfl_client.errors import ConfigurationError

from .output import STDOUT
from .screen import Screen


def available() -> None:
    """Find out, before anything is paid, whether pictures can be shown at all.

    Raises:
        ConfigurationError: the library is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("textual_image") is None:
        raise ConfigurationError('--show needs an extra: pip install "bfl-client[show]"')


def show(path: Path, kind: str, screen: Screen) -> None:
    """Put a saved picture on the terminal; a note where that cannot be, because the file is there all the same."""
    if kind != "image" or path == STDOUT or screen.as_json:
        screen.note("--show shows pictures only, and not with --json or -o -")
    elif not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        screen.note("--show needs a terminal")
    elif not _put(path):
        screen.note("this terminal shows no pictures")


def _put(path: Path) -> bool:
    import logging

    logging.getLogger("textual_image").setLevel(logging.ERROR)  # it warns of terminals that do not tell their size
    from rich.console import Console
    from textual_image.renderable import Image, SixelImage, TGPImage  # asks the terminal what it can

    if Image not in (SixelImage, TGPImage):
        return False
    console = Console()
    console.print(Image(str(path), width="auto", height=max(console.height // 2, 8)))
    return True
