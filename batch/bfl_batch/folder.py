"""A batch's folder. It may contain other files: only what the record says this batch made is replaced or removed."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import sqlite3
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from bfl_client import files
from bfl_client.errors import ConfigurationError, Remedy, in_line

from .jobs import LISTED
from .ledger import Unsaved
from .names import likeness
from .reports import RESULTS
from .sheet import SHEET

THUMBNAILS, RESERVE, LOCK = ".thumbnails", ".reserve", ".lock"
OWN = (RESULTS, SHEET, THUMBNAILS, RESERVE)
EXTENSIONS = ("", ".jpg", ".png", ".webp", ".mp4", ".webm", ".bin", ".draft.bin")
"""What may follow the stem in the name of a job's file."""
ABANDONED = 86400.0
"""Seconds after which no process can still be writing a temporary file in a shared folder."""
_PART = re.compile(r"\.(.+)\.[0-9a-f]{8}\.part")
_ANSWER = re.compile(r"\.answer\.[0-9a-f]{16}\.json")
_MOVE = Remedy("move them, or choose another folder", "names-taken")


class Folder:
    """Where a batch saves its files; `shared` if several processes may work in it.

    Attributes:
        place: its name in the record: machine and path if the record is elsewhere; else empty, so that the folder can
            be moved with its record.
    """

    def __init__(self, path: Path, *, shared: bool) -> None:
        self.path, self.shared = path, shared
        self.place = f"{socket.gethostname()}:{path.resolve()}" if shared else ""

    def make(self) -> str | None:
        """Create the folder, for its owner only, unless it exists; returns a warning if others can read it.

        Raises ConfigurationError if that fails.
        """
        try:
            files.private_folder(self.path)
        except OSError as error:
            reason = f"the folder {in_line(self.path)} cannot be made: {error.strerror or error}"
            raise ConfigurationError(reason, unwritable=True) from error
        if os.name != "posix" or not stat.S_IMODE(self.path.stat().st_mode) & 0o077:
            return None
        return (
            f"{in_line(self.path)} is open to other users of this machine; the batch's own files in it are yours alone"
        )

    def refuse_taken(self, unsaved: Iterable[Unsaved], known: bool) -> None:
        """Raise a ConfigurationError with every file in the way; results and sheet are, unless the folder is known."""
        there = {likeness(name): name for name in (os.listdir(self.path) if self.path.is_dir() else ())}
        taken = [name for name in OWN if not known and likeness(name) in there]
        for job in unsaved:
            names = (there.get(likeness(job.stem + extension)) for extension in EXTENSIONS)
            taken += [f"{name} (line {job.number})" for name in names if name is not None]
        if taken:
            more = f" and {len(taken) - LISTED:,} more" if len(taken) > LISTED else ""
            message = f"{in_line(self.path)} has files that this batch did not make: {', '.join(taken[:LISTED])}{more}"
            raise ConfigurationError(f"{message}; nothing was submitted", _MOVE)

    def reserve(self) -> None:
        """Reserve some disk space, so that paid tasks can be recorded when the disk is full."""
        if not (self.path / RESERVE).exists():
            files.write(self.path / RESERVE, b"\0" * (1 << 20), private=True)

    def keep(self, answer: dict[str, Any]) -> None:
        """Save the answer to a submission for the next run, as the record cannot take it; uses the reserve."""
        (self.path / RESERVE).unlink(missing_ok=True)
        files.write(self.path / f".answer.{secrets.token_hex(8)}.json", json.dumps(answer).encode(), private=True)

    def kept(self, note: Callable[[dict[str, Any]], object]) -> None:
        """Note every answer that was kept, then delete it."""
        for path in self.path.iterdir():
            if _ANSWER.fullmatch(path.name):
                with suppress(FileNotFoundError):  # another process was faster
                    note(json.loads(path.read_bytes()))
                    path.unlink()

    def sweep(self, stems: Iterable[str]) -> None:
        """Remove files that a killed process left half written, under names that this batch uses and no others."""
        ours = {f"{stem}{extension}"[:80] for stem in stems for extension in ("", ".draft.bin")} | set(OWN)
        before = time.time() - ABANDONED if self.shared else float("inf")
        for path in self.path.iterdir():
            found = _PART.fullmatch(path.name)
            if found and found[1] in ours:
                with suppress(FileNotFoundError):
                    if path.stat().st_mtime < before:
                        path.unlink()

    def has(self, name: str) -> bool:
        """True if the file is there."""
        return (self.path / name).is_file()

    @contextmanager
    def sole(self) -> Iterator[None]:
        """Lock the folder for this process, or raise ConfigurationError; the lock ends with the process in any case."""
        path = self.path / LOCK
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
        lock = sqlite3.connect(path, timeout=0, isolation_level=None)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as error:
            lock.close()
            if "locked" in str(error):
                way = Remedy("several processes share one batch on PostgreSQL", "database-url")
                raise ConfigurationError(f"another bfl batch is running in {in_line(self.path)}", way) from None
            raise OSError(None, f"cannot be written: {error}", str(path)) from error
        try:
            yield
        finally:
            lock.close()
