"""Write files whole or not at all; everything in this project that saves a file does it through this module."""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

_PIECE = 64 * 1024  # bytes


class Whole:
    """A file that appears, complete, when the ``with`` ends, and leaves no trace when it raises.

    Args:
        path: where it goes; its folder must exist.
        private: readable by its owner only.
        replace: replace an existing file; otherwise one is an error.

    Attributes:
        file: what to write to.
        path: where it goes; may be changed within the same folder until the ``with`` ends.

    Raises:
        OSError: the file cannot be written; FileExistsError if it is there and `replace` is false.
    """

    def __init__(self, path: str | os.PathLike[str], *, private: bool = False, replace: bool = True) -> None:
        self.path, self._replace = Path(path), replace
        if self.path.exists() and not (self.path.is_file() and replace):
            raise self._taken()
        self._part = self.path.with_name(f".{self.path.name[:60]}.{os.urandom(4).hex()}.part")
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self.file: BinaryIO = os.fdopen(os.open(self._part, flags, 0o600 if private else 0o666), "w+b")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self.file.flush()
                os.fsync(self.file.fileno())  # a full disk may show only here
                self.file.close()
                self._place()
        finally:
            with suppress(OSError):  # the first exception is the one that matters
                self.file.close()
            self._part.unlink(missing_ok=True)

    def _taken(self) -> FileExistsError:
        return FileExistsError(
            errno.EEXIST, "it already exists" if self.path.is_file() else "it is not a file", str(self.path)
        )

    def _place(self) -> None:
        if self._replace:
            os.replace(self._part, self.path)
            return
        try:
            os.link(self._part, self.path)  # unlike a move, refuses to overwrite
        except FileExistsError as error:
            raise self._taken() from error  # it would name the part
        except OSError:  # a file system without links
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL))
            try:
                os.replace(self._part, self.path)
            except OSError:
                self.path.unlink()
                raise


def write(path: str | os.PathLike[str], content: bytes, *, private: bool = False, replace: bool = True) -> Path:
    """Write a file whole and return its path; see `Whole`."""
    with Whole(path, private=private, replace=replace) as whole:
        whole.file.write(content)
    return whole.path


def first(file: BinaryIO, most: int) -> bytes:
    """The first bytes of an open file, at most so many; takes as much memory as there are."""
    pieces = list[bytes]()
    while most > 0 and (piece := file.read(min(most, _PIECE))):  # Python makes room for all that is asked for
        pieces.append(piece)
        most -= len(piece)
    return b"".join(pieces)


def private_folder(path: Path) -> None:
    """Make a folder that only its owner can read; an existing one stays as it is. Raises OSError if that fails."""
    for folder in [*reversed(path.parents), path]:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)


def stem(name: str) -> str:
    """A file name without extension: the letters, digits, ``-`` and ``_`` of `name`, at most 80 characters."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", name)[:80] or "result"
