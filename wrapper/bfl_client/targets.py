"""Where a download goes: a temporary file beside the target that takes its place only when it is whole."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from .errors import DownloadError, shorten

_EXTENSIONS = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "video/mp4": ".mp4",
}


def extension(content_type: str) -> str:
    """The file name extension of a content type; ``.bin`` for what is not known."""
    return _EXTENSIONS.get(content_type.partition(";")[0].strip().lower(), ".bin")


class Target:
    """A file to be written whole or not at all; an existing one stays as it is until `commit`.

    Args:
        path: the file, or an existing folder, in which the file is then named after `stem` and its content type.
        stem: name for the file in a folder; only letters, digits, ``-`` and ``_`` of it are used.

    Raises:
        DownloadError: the place cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], stem: str) -> None:
        self._stem = re.sub(r"[^A-Za-z0-9_-]", "_", stem)[:80] or "result"
        try:
            self._path = Path(path)
            self._into_folder = self._path.is_dir()
            self._part = self._place() / f".{self._stem}.{os.urandom(4).hex()}.part"
            self.sink: BinaryIO = open(self._part, "x+b")  # noqa: SIM115  # closed in __exit__
        except (OSError, ValueError, TypeError) as error:
            raise unwritable(path, error) from error

    def _place(self) -> Path:
        if self._into_folder:
            return self._path
        if self._path.exists() and not self._path.is_file():
            raise OSError("it is neither a file nor a folder")
        return self._path.parent

    def __enter__(self) -> Self:
        return self

    def commit(self, content_type: str = "") -> Path:
        """Put the file in place and return its path.

        Raises:
            DownloadError: it cannot be put there.
        """
        final = self._path / f"{self._stem}{extension(content_type)}" if self._into_folder else self._path
        try:
            self.sink.flush()
            os.fsync(self.sink.fileno())  # a full disk may show itself only here
            self.sink.close()
            os.replace(self._part, final)
        except (OSError, ValueError) as error:
            raise unwritable(final, error) from error
        return final

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):  # closing flushes; on a full disk that fails too
            self.sink.close()
        with contextlib.suppress(OSError):
            self._part.unlink(missing_ok=True)


def unwritable(path: object, error: Exception) -> DownloadError:
    """The error for a file that cannot be written."""
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    return DownloadError(f"cannot write {shorten(str(path))}: {reason}; fetch the result again from its task")
