"""Handles of submitted tasks on disk, so that a task outlives the process that paid for it.

An id alone is not enough to take a task up again (the service answers "Task not found" on another host), so each
handle is written before the waiting starts, readable by its owner only. ``ID.json`` is a task that may still go on,
``ID.ended`` one that was saved or has failed: it stays as "recent". What is old is removed when the next one is kept.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs
from bfl_client.errors import ConfigurationError, shorten

if TYPE_CHECKING:
    from bfl_client.tasks import Task

UNFINISHED_DAYS = 30
"""Days that the handle of an unfinished task is kept."""
ENDED_DAYS = 7
"""Days that an ended task is listed."""
_DAY = 86400.0
_OPEN, _ENDED = ".json", ".ended"
_LARGEST = 1024**2  # bytes of a handle; a real one has a few hundred


def folder() -> Path:
    """The folder of the handles, such as ``~/.local/state/bfl/tasks``; mode 0700."""
    return Path(platformdirs.user_state_dir("bfl", appauthor=False)) / "tasks"


def ready(place: Path) -> None:
    """Make sure, before anything is paid, that a handle can be written.

    Raises:
        OSError: it cannot.
    """
    if not place.is_absolute():  # the home of a user whom the system does not know
        raise FileNotFoundError(errno.ENOENT, "there is no home folder", str(place))
    if place == folder():
        for each in (place.parent, place):
            each.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.chmod(each, 0o700)
    probe = place / f".probe.{secrets.token_hex(4)}"
    _write(probe, {"probe": "x" * 1024})  # as long as a handle may be: a disk can be full
    probe.unlink(missing_ok=True)


class Kept:
    """The handle of one task on disk.

    Args:
        task: the task.
        place: the folder: `folder()`, or another one when that cannot be written.
    """

    def __init__(self, task: Task, place: Path) -> None:
        self._task = task
        self.place = place
        plain = place == folder()
        self.path = place / f"{'' if plain else 'bfl-task-'}{_stem(task.id)}{_OPEN}"
        self.name = _stem(task.id) if plain else str(self.path)
        """What ``bfl task`` takes."""
        if plain:
            prune()
        _write(self.path, task.to_dict())

    def ended(self, status: str, file: Path | None = None, cost: float | None = None) -> None:
        """Note that there is nothing to be waited for any more."""
        if self.place != folder():
            self.path.unlink(missing_ok=True)
            return
        told = {"status": status, "file": None if file is None else str(file.absolute()), "ended_at": time.time()}
        record = {**self._task.to_dict(), **told}
        if cost is not None:
            record["cost"] = cost
        with contextlib.suppress(OSError):  # a full disk: then it is not listed
            _write(self.path.with_suffix(_ENDED), record)
        self.path.unlink(missing_ok=True)


def find(task_id: str) -> dict[str, Any] | None:
    """The kept handle of an id, or None.

    Raises:
        ConfigurationError: it is there, but cannot be read.
    """
    for suffix in (_OPEN, _ENDED):
        path = folder() / f"{_stem(task_id)}{suffix}"
        if path.is_file():
            return read(path)
    return None


def read(path: Path) -> dict[str, Any]:
    """A handle from a file.

    Raises:
        ConfigurationError: it holds none.
    """
    try:
        with path.open("rb") as file:
            return parse(file.read(_LARGEST).decode("utf-8"), str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"the handle in {path} cannot be read: {type(error).__name__}") from error


def parse(text: str, where: str) -> dict[str, Any]:
    """A handle from JSON.

    Raises:
        ConfigurationError: it is none.
    """
    try:
        handle = json.loads(text)
    except (ValueError, RecursionError):
        handle = None
    if not isinstance(handle, Mapping) or not isinstance(handle.get("id"), str):
        raise ConfigurationError(f"{shorten(where, 80)} holds no handle of a task")
    return dict(handle)


def listed() -> Iterator[dict[str, Any]]:
    """The kept tasks, newest first, each with ``status``: ``"submitted"`` until its end is known."""
    records = []
    for path in (*folder().glob(f"*{_OPEN}"), *folder().glob(f"*{_ENDED}")):
        try:
            record = read(path)
        except ConfigurationError:  # another bfl just removed it, or it is no handle
            continue
        records.append({"status": "submitted", "file": None, **record})
    return iter(sorted(records, key=lambda record: str(record.get("submitted_at")), reverse=True))


def prune() -> None:
    """Remove what is old."""
    now = time.time()
    for path in folder().iterdir():
        days = ENDED_DAYS if path.suffix == _ENDED else UNFINISHED_DAYS
        with contextlib.suppress(OSError):  # another bfl was faster
            if now - path.stat().st_mtime > days * _DAY:
                path.unlink()


def _stem(task_id: str) -> str:
    return re.sub(r"[^A-Za-z0-9_-]", "_", task_id)[:120]


def _write(path: Path, record: Mapping[str, Any]) -> None:
    """Write a file whole or not at all, for its owner only."""
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            json.dump(record, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
