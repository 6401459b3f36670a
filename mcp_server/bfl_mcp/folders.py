"""Pictures and videos that a model names: paths within allowed folders, URLs and base64; no other file is opened."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from bfl_client import formats, media, specification
from bfl_client.errors import ConstraintError, Violation, shorten

from .settings import Settings

LARGEST = 48 * 1024**2
"""Characters of text in one request; larger pictures and videos are given as paths."""
_LONGEST_PATH = 4096
_URL = re.compile("https?://", re.IGNORECASE)
_DRAFT = ".draft"
_NOWHERE = "it would send the result elsewhere, where this server cannot follow it"


class Folders:
    """The folders that may be read."""

    def __init__(self, settings: Settings) -> None:
        self._roots = tuple(folder.resolve() for folder in settings.readable)
        self._emulated = settings.emulated

    @contextmanager
    def opened(self, endpoint: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The body of a request, with an open file in place of each path; the files are closed afterwards.

        Raises ConstraintError, with everything that is wrong.
        """
        with ExitStack() as files:
            reading = _Reading(self, endpoint, files)
            reading.check_size(parameters)
            body = {name: reading.walk(value, (name,)) for name, value in parameters.items()}
            if reading.violations:
                raise ConstraintError(endpoint, reading.violations)
            yield body

    def refuse_url(self) -> str:
        """Why a URL is refused; empty if it is not."""
        return "the emulator does not fetch URLs; give a path or base64" if self._emulated else ""

    def find(self, text: str) -> Path | None:
        """The file that a path names, if it is in an allowed folder once links are resolved; else None.

        A path may be relative to an allowed folder or to the folder that the server was started in.
        """
        if len(text) > _LONGEST_PATH:
            return None
        for base in (*self._roots, Path()):
            try:
                path = (base / text).resolve(strict=True)
                if self._contains(path) and path.is_file():
                    return path
            except (OSError, ValueError, RuntimeError):
                continue
        return None

    def _contains(self, path: Path) -> bool:
        return any(path.is_relative_to(root) for root in self._roots)

    def open(self, path: Path, *, draft: bool = False) -> BinaryIO:
        """Open a file that `find` returned, as the data of a `draft` or as a picture or video.

        Raises ValueError if it is not what it should be, or was replaced meanwhile.
        """
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        file = os.fdopen(os.open(path, flags), "rb")
        try:
            found = os.fstat(file.fileno())
            same = path.resolve(strict=True) == path and os.path.samestat(found, path.stat())
            if not (same and stat.S_ISREG(found.st_mode)):
                raise ValueError("it was replaced while it was being opened")
            kind = formats.identified(file.read(1024)).kind
            if kind not in ("image", "video") and not (draft and kind != "text" and path.suffix == _DRAFT):
                raise ValueError("it is neither a picture nor a video")
            file.seek(0)
        except BaseException:
            file.close()
            raise
        return file

    @property
    def in_words(self) -> str:
        """What may be read, for a refusal."""
        return " or ".join(map(str, self._roots)) or "no folder (the user can allow one with --allow-read)"


class _Reading:
    """One request, as its files are found."""

    def __init__(self, folders: Folders, endpoint: str, files: ExitStack) -> None:
        self._folders, self._files = folders, files
        known = specification.find(endpoint)
        self._schema = specification.body_schema(known.path) if known else {}
        self._marked = specification.marked_media(endpoint)
        self.violations: list[Violation] = []

    def check_size(self, value: Any) -> None:
        """Refuse a request that is too large to be meant."""
        pending, size = [value], 0
        while pending:
            each = pending.pop()
            size += len(each) if isinstance(each, str) else 8
            pending += each.values() if isinstance(each, Mapping) else each if isinstance(each, list) else ()
        if size > LARGEST:
            said = f"is larger than {LARGEST // 1024**2} MiB; give the paths of pictures and videos"
            raise ConstraintError("request", [Violation("", "", said)])

    def walk(self, value: Any, path: tuple[str | int, ...]) -> Any:
        """The value, with open files in place of paths."""
        if len(path) == 1 and str(path[0]).startswith("webhook"):
            self._complain(path, "", f"is not available here: {_NOWHERE}")
        if isinstance(value, Mapping):
            return {key: self.walk(each, (*path, str(key))) for key, each in value.items()}
        if isinstance(value, list):
            return [self.walk(each, (*path, index)) for index, each in enumerate(value)]
        if isinstance(value, str) and len(path) < 12 and specification.takes_media(self._schema, path):
            return self._medium(value, path)
        return value

    def _medium(self, text: str, path: tuple[str | int, ...]) -> Any:
        if _URL.match(text):
            if refusal := self._folders.refuse_url():
                self._complain(path, shorten(text, 60), f"is refused: {refusal}")
            return text
        if (found := self._folders.find(text)) is not None:
            return self._opened(found, text, path)
        if path[0] in self._marked and not self._is_media(text, path):
            where = "is neither a URL nor a picture or video in base64 nor a file that may be read"
            self._complain(path, shorten(text, 60), f"{where}; files may be read from {self._folders.in_words}")
        return text

    def _is_media(self, text: str, path: tuple[str | int, ...]) -> bool:
        """True for base64 of a picture or video; a mistyped path can look like base64, too."""
        return media.is_media(text) and (self._takes_anything(path) or media.is_base64_of_media(text))

    def _takes_anything(self, path: tuple[str | int, ...]) -> bool:
        """True where nobody knows how what is sent begins: the data of a draft."""
        return "file" in specification.media_kinds(self._schema, path)

    def _opened(self, found: Path, text: str, path: tuple[str | int, ...]) -> Any:
        try:
            draft = self._takes_anything(path)
            return self._files.enter_context(self._folders.open(found, draft=draft))
        except (OSError, ValueError) as error:
            reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
            self._complain(path, shorten(text, 60), f"cannot be sent: {reason}")
            return text

    def _complain(self, path: tuple[str | int, ...], value: str, message: str) -> None:
        name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")
        self.violations.append(Violation(shorten(name, 80), value, message))
