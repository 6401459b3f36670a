"""Where a result goes: a file, a folder, or standard output; nothing is overwritten unasked."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bfl_client.errors import DownloadError

from .exits import Problem
from .screen import Screen, write

if TYPE_CHECKING:
    from bfl_client.tasks import Result, Task

STDOUT = Path("-")


class Destination:
    """Where the result of a task is to go.

    Args:
        path: a file, a folder, ``-`` for standard output, or None for the current folder; a slash at its end says that
            it must be a folder.
        force: an existing file may be replaced.
    """

    def __init__(self, path: str | None, force: bool) -> None:
        self.force = force
        self._must_be_folder = path is not None and path.endswith(("/", os.sep))
        self.path = found = None if path is None else Path(path)
        self.folder = Path() if found is None or found == STDOUT else found if found.is_dir() else found.parent

    @property
    def option(self) -> str:
        """The option that names it, for a command to be repeated by hand."""
        import shlex

        return "" if self.path is None else f" -o {shlex.quote(str(self.path))}"

    def check(self, screen: Screen) -> None:
        """Find out, before anything is paid, whether the result can be written.

        Raises:
            Problem: it cannot.
        """
        if self.path == STDOUT:
            if screen.as_json or (sys.stdout is not None and sys.stdout.isatty()):
                raise Problem("usage", "-o - writes the file to standard output, which is taken", "redirect it: > FILE")
            return
        if self.path is not None and not self.path.is_dir():
            if self._must_be_folder:
                raise Problem("output", f"there is no folder {self.path}; make it first")
            self._check_file(self.path)
        if not self.folder.is_dir():
            raise Problem("output", f"there is no folder {self.folder}; make it first")
        try:
            with tempfile.TemporaryFile(dir=self.folder):
                pass
        except OSError as error:
            raise Problem("output", f"nothing can be written in {self.folder}: {error.strerror}") from error

    def _check_file(self, path: Path) -> None:
        if path.exists() and not path.is_file():
            raise Problem("output", f"{path} is neither a file nor a folder")
        if path.is_file() and not self.force:
            raise _exists(path)

    def save(self, result: Result, task: Task, screen: Screen) -> Path:
        """Write the result, whole or not at all, and return its path.

        Raises:
            Problem: it cannot be written. DownloadError: it cannot be fetched.
        """
        if self.path == STDOUT:
            write(sys.stdout, result.read())
            return STDOUT
        with self._writing() as part:
            whole = result.save(part)
            return self._put(whole, self._name(whole, task, screen))

    def save_draft(self, result: Result, beside: Path) -> Path | None:
        """Write a video draft's cache, if there is one, beside the film; its URL dies as soon as that of the film."""
        if result.draft_cache is None or beside == STDOUT:
            return None
        with self._writing() as part:
            return self._put(result.save_draft(part), beside.with_suffix(".draft"))

    @contextmanager
    def _writing(self) -> Iterator[str]:
        """A folder for what is not whole yet; what goes wrong in it is told of the place that was asked for."""
        try:
            with tempfile.TemporaryDirectory(prefix=".bfl-", dir=self.folder) as part:
                yield part
        except DownloadError as error:
            if not isinstance(error.__cause__, OSError):
                raise
            raise self._unwritable(error.__cause__) from error
        except OSError as error:
            raise self._unwritable(error) from error

    def _unwritable(self, error: OSError) -> Problem:
        place = self.path or self.folder
        return Problem("output", f"the result cannot be written to {place}: {error.strerror or error}")

    def _name(self, whole: Path, task: Task, screen: Screen) -> Path:
        """The name of the finished file."""
        final = self.path
        if final is None or final.is_dir():
            return self.folder / f"{_stem(task)}{whole.suffix}"
        if final.suffix and not _same(final.suffix, whole.suffix):
            screen.note(f"{final} is a {whole.suffix[1:]} file, as the service made it")
        return final

    def _put(self, whole: Path, final: Path) -> Path:
        """Give the finished file its name."""
        if self.force:
            os.replace(whole, final)
            return final
        try:
            os.link(whole, final)  # unlike a move, refuses to overwrite
        except FileExistsError:
            raise _exists(final) from None
        except OSError:  # a file system without links
            if final.exists():
                raise _exists(final) from None
            shutil.move(whole, final)
        return final


def _exists(path: Path) -> Problem:
    return Problem("output", f"{path} exists; --force replaces it")


def _stem(task: Task) -> str:
    """A name from endpoint and id."""
    name = f"{task.endpoint}-{task.id}" if task.endpoint else task.id
    return re.sub(r"[^A-Za-z0-9._-]", "-", name)[:150].lstrip(".") or "result"


def _same(one: str, other: str) -> bool:
    plain = {".jpeg": ".jpg", ".jpe": ".jpg"}
    return other == ".bin" or plain.get(one.lower(), one.lower()) == plain.get(other.lower(), other.lower())
