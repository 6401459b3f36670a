"""Handles of submitted tasks on disk, so that a task outlives the process that paid for it.

An id alone is not enough to resume a task (the service answers "Task not found" on another host), so each handle is
written before the waiting starts, readable by its owner only. A file is named by a digest of the id, because a service
may choose any. ``DIGEST.json`` is a task that may still run, ``DIGEST.ended`` one that was saved or has failed: it
stays listed for a while. Old files are removed when a new handle is kept.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import secrets
import sys
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from bfl_client import files
from bfl_client.errors import ConfigurationError, in_line, shorten

from .exits import Problem
from .screen import Screen, write

if TYPE_CHECKING:
    from bfl_client.tasks import Handle

_OPEN, _ENDED = ".json", ".ended"
_DAY = 86400.0
_KEPT = {_OPEN: 30 * _DAY, _ENDED: 7 * _DAY}  # seconds
_LARGEST = 64 * 1024**2  # bytes of a handle; a real one has a few hundred
_FIRST = 1_735_689_600.0  # 2025-01-01, before this program existed: an earlier time comes from a clock that was not set
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def folder() -> Path:
    """The folder of the handles, such as ``~/.local/state/bfl/tasks``; mode 0700."""
    return Path(platformdirs.user_state_dir("bfl", appauthor=False)) / "tasks"


def _digest(task_id: str) -> str:
    return hashlib.sha256(task_id.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def name_of(task_id: str) -> str:
    """What ``bfl task`` takes: the id, or its digest if the id cannot be typed."""
    return task_id if _PLAIN.fullmatch(task_id) else _digest(task_id)


def ready(place: Path) -> Path:
    """The place, after checking that a handle can be written there; raises OSError if not."""
    if not place.is_absolute():  # this user has no home folder
        raise FileNotFoundError(errno.ENOENT, "there is no home folder", str(place))
    if place == folder():
        files.private_folder(place)
    probe = place / f".probe.{secrets.token_hex(4)}"
    files.write(probe, b"x" * 1024, private=True)  # as long as a handle may be: a disk can be full
    probe.unlink(missing_ok=True)
    return place


class Kept:
    """The handle of one task on disk: in `folder()`, or in another place when that cannot be written.

    Attributes:
        name: what ``bfl task`` takes.
    """

    def __init__(self, handle: Handle, place: Path) -> None:
        self._handle, self._listed = handle, place == folder()
        self.path = place / f"{'' if self._listed else 'bfl-task-'}{_digest(handle.id)}{_OPEN}"
        self.name = name_of(handle.id) if self._listed else str(self.path)
        if self._listed:
            prune()
        if not self._has_ended(handle):
            _write(self.path, handle.to_dict())

    def _has_ended(self, handle: Handle) -> bool:
        """True for a task that was resumed after its end; another one with the same id is not it."""
        with contextlib.suppress(ConfigurationError):  # there is no such record, or it is broken
            return read(self.path.with_suffix(_ENDED)).get("polling_url") == handle.polling_url
        return False

    def ended(self, status: str, file: Path | None = None, cost: float | None = None) -> None:
        """Record that the task has ended."""
        if self._listed:
            record = {**self._handle.to_dict(), "status": status, "file": file and str(file.absolute())}
            if cost is not None:
                record["cost"] = cost
            with contextlib.suppress(OSError):  # a full disk: then it is not listed
                _write(self.path.with_suffix(_ENDED), record)
        self.path.unlink(missing_ok=True)


class Keeper:
    """Finds a place for a handle before anything is paid: the state folder, else `beside`, else a Problem."""

    def __init__(self, screen: Screen, beside: Path | None) -> None:
        self._screen = screen
        self._places = [folder(), beside.absolute()] if beside else []
        while self._places:
            try:
                ready(self._places[0])
                return
            except OSError as error:
                if self._places.pop(0) == folder():
                    reason = f"no handle can be kept in {folder()} ({error.strerror})"
                    screen.note(f"warning: {reason}; writing it to {in_line(beside)}")
        if beside:
            places = f"neither in {in_line(folder())} nor in {in_line(beside)}"
            message = f"no handle can be written, {places}; nothing was submitted"
            raise Problem("output", message)

    def keep(self, handle: Handle | None) -> Kept | None:
        """Write the handle of a task that was just paid for, if there is one, wherever that is still possible."""
        if handle is None or not self._places:
            return None
        for place in self._places:
            with contextlib.suppress(OSError):  # the disk filled up meanwhile
                return Kept(handle, place)
        self._screen.error(
            f"warning: the handle of task {shorten(handle.id, 80)} cannot be written anywhere; save the next line, "
            "which is secret, to a file: bfl task FILE resumes the task"
        )
        write(sys.stderr, f"{json.dumps(handle.to_dict())}\n")
        return None


def find(name: str) -> dict[str, Any] | None:
    """The kept handle for an id, or for its digest; None if there is none."""
    stems = [_digest(name), *([name] if re.fullmatch("[0-9a-f]{32}", name) else [])]
    paths = (folder() / f"{stem}{suffix}" for stem in stems for suffix in (_OPEN, _ENDED))
    return next((read(path) for path in paths if path.is_file()), None)


def meant(beginning: str) -> dict[str, Any] | None:
    """The kept handle whose id begins like this, or for ``last`` the newest; None if there is none.

    Raises ConfigurationError if several ids do.
    """
    records = listed()
    found = [each for each in records if name_of(each["id"]).startswith(beginning)] if beginning else []
    if len(found) > 1:
        names = ", ".join(name_of(each["id"]) for each in found[:3]) + (", …" if len(found) > 3 else "")
        raise ConfigurationError(f"{len(found)} tasks begin with {shorten(beginning, 40)!r}: {names}")
    return next(iter(found or (records if beginning == "last" else [])), None)


def read(path: Path) -> dict[str, Any]:
    """A handle from a file; raises ConfigurationError if there is none."""
    try:
        with path.open("rb") as file:
            return parse(files.first(file, _LARGEST), str(path))
    except OSError as error:
        raise ConfigurationError(f"the handle in {in_line(path)} cannot be read: {error.strerror}") from error


def parse(text: str | bytes, where: str) -> dict[str, Any]:
    """A handle from JSON; raises ConfigurationError if it is something else."""
    try:
        handle = json.loads(text)
    except (ValueError, RecursionError):
        handle = None
    if not isinstance(handle, Mapping) or not isinstance(handle.get("id"), str):
        raise ConfigurationError(f"{shorten(where, 80)} does not contain a task handle")
    return dict(handle)


def listed() -> list[dict[str, Any]]:
    """The kept tasks, newest first, each with ``status``: ``"submitted"`` until its end is known."""
    records = []
    for path in (*folder().glob(f"*{_OPEN}"), *folder().glob(f"*{_ENDED}")):
        with contextlib.suppress(ConfigurationError):  # another bfl just removed it, or it is not a handle
            records.append({"status": "submitted", "file": None, **read(path)})
    return sorted(records, key=lambda record: str(record.get("submitted_at")), reverse=True)


def prune() -> None:
    """Remove old handles."""
    for path in folder().iterdir():
        with contextlib.suppress(OSError):  # another bfl was faster
            if _age(path) > _KEPT.get(path.suffix, _KEPT[_OPEN]):
                path.unlink()


def _age(path: Path) -> float:
    """Seconds since the latest plausible time of a file; if none is plausible, its age starts to count now."""
    now = time.time()
    times = [path.stat().st_mtime]
    with contextlib.suppress(ConfigurationError, ValueError, OverflowError):
        times.append(datetime.fromisoformat(str(read(path).get("submitted_at"))).timestamp())
    believable = [each for each in times if _FIRST <= each <= now + _DAY]
    if not believable and now >= _FIRST:
        os.utime(path)
    return now - max(believable, default=now)


def _write(path: Path, record: Mapping[str, Any]) -> None:
    files.write(path, json.dumps(record).encode(), private=True)
