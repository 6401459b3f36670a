"""Where a result goes: a file, a folder, standard output, the terminal; nothing is overwritten unless you ask."""

from __future__ import annotations

import logging
import os
import shlex
import sys
import tempfile
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bfl_client import files, specification
from bfl_client.errors import DownloadError, in_line
from bfl_client.tasks import SuffixWarning

from .exits import Problem, extra, worded
from .screen import Screen, write

if TYPE_CHECKING:
    from bfl_client.tasks import Result, Task

STDOUT = Path("-")


class Destination:
    """Where the result of a task is to go.

    Args:
        path: a file, a folder (always, if it ends in a slash), ``-`` for standard output; None: the current folder.
    """

    def __init__(self, path: str | None, force: bool) -> None:
        self.force = force
        self._must_be_folder = path is not None and path.endswith(("/", os.sep))
        self.path = found = None if path is None else Path(path)
        self.folder = Path() if found is None or found == STDOUT else found if found.is_dir() else found.parent

    @property
    def option(self) -> str:
        """The options that name it, for a command that the user may run again."""
        return "" if self.path is None else f" -o {shlex.quote(str(self.path))}{' --force' if self.force else ''}"

    @property
    def suffix(self) -> str:
        """The suffix of the file that it names, if it names one."""
        return "" if self.path is None or self._must_be_folder or self.path.is_dir() else self.path.suffix

    def named(self, endpoint: str, body: Mapping[str, Any]) -> Path:
        """The file that a request would be saved in."""
        if self.path is not None and (self.path == STDOUT or not (self._must_be_folder or self.path.is_dir())):
            return self.path
        folder = self.path or self.folder
        return folder / f"{files.stem(endpoint)}-ID{specification.suffix(endpoint, body)}"

    def check(self, screen: Screen) -> None:
        """Find out, before anything is paid, whether the result can be written; raises Problem if not."""
        path = self.path
        if path == STDOUT:
            if screen.as_json or (sys.stdout is not None and sys.stdout.isatty()):
                raise Problem("usage", "-o - needs standard output, which is in use", "redirect it: > FILE")
            return
        if path is not None and path.exists() and not path.is_dir():
            if not path.is_file():
                raise Problem("output", f"{in_line(path)} is neither a file nor a folder")
            if not self.force:
                raise _exists(path)
        missing = path if self._must_be_folder else self.folder
        if missing is not None and not missing.is_dir():
            raise Problem("output", f"there is no folder {in_line(missing)}; make it first")
        try:
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise Problem("output", f"cannot write to {in_line(self.folder)}: {error.strerror}") from error

    def save(self, result: Result, task: Task, screen: Screen) -> Path:
        """Write the result, whole or not at all, and return its path; raises Problem if it cannot be written."""
        if self.path == STDOUT:
            write(sys.stdout, result.read())
            return STDOUT
        name = f"{task.endpoint.replace('/', '-')}-{task.id}" if task.endpoint else task.id
        with self._writing(), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            saved = result.save(self.path or self.folder, overwrite=self.force, stem=files.stem(name))
        for warning in caught:
            screen.error(f"warning: {_worded(warning.message)}")
        return saved

    def save_draft(self, result: Result, beside: Path) -> Path | None:
        """Write a video draft's cache, if there is one, beside the video; its URL expires as soon as the video's."""
        if result.draft_cache is None or beside == STDOUT:
            return None
        with self._writing():
            return result.save_draft(beside.with_suffix(".draft"), overwrite=self.force)

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Turn errors of the disk into a Problem."""
        try:
            yield
        except DownloadError as error:
            cause = error.__cause__
            if not error.unwritable or not isinstance(cause, OSError):
                raise
            place = self.path or self.folder
            if isinstance(cause, FileExistsError):
                raise _exists(cause.filename or place) from error
            raise Problem(
                "output", f"the result cannot be written to {in_line(place)}: {cause.strerror or cause}"
            ) from error


def _worded(warning: object) -> str:
    """A warning of the client in the words of the command line."""
    return f"{warning.message}: {worded(warning.remedy)}" if isinstance(warning, SuffixWarning) else str(warning)


def _exists(path: object) -> Problem:
    return Problem("output", f"{in_line(path)} exists; --force replaces it")


def can_show() -> None:
    """Find out, before anything is paid, whether the library for ``--show`` is installed; raises Problem if not."""
    with extra("show"):
        import textual_image  # noqa: F401


def show(path: Path, kind: str, screen: Screen) -> None:
    """Show a saved picture in terminals that can (kitty, sixel); a note elsewhere, because the file is saved anyway."""
    if kind != "image" or path == STDOUT or screen.as_json:
        screen.note("--show shows pictures only, and not with --json or -o -")
    elif not all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout)):
        screen.note("--show needs a terminal")
    else:
        logging.getLogger("textual_image").setLevel(logging.ERROR)  # it warns of terminals that do not state their size
        from PIL import Image as Pillow
        from rich.console import Console
        from textual_image.renderable import Image, SixelImage, TGPImage  # asks the terminal what it can

        if Image in (SixelImage, TGPImage):
            console = Console()
            with Pillow.open(path) as picture:
                console.print(Image(picture, width="auto", height=max(console.height // 2, 8)))
        else:
            screen.note("this terminal cannot show pictures")
