"""Handles of submitted tasks on disk, so that a task outlives the process that paid for it.

An id alone is not enough to take a task up again (the service answers "Task not found" on another host), so each
handle is written before the waiting starts, readable by its owner only, and removed once the result is saved.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from bfl_client.errors import ConfigurationError, TaskError, TaskNotFound, TaskTimeout, shorten
from bfl_client.tasks import Task

if TYPE_CHECKING:
    from bfl_client.client import Client


def _file(task_id: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9_-]", "_", task_id)[:120]
    return Path(platformdirs.user_state_dir("bfl", appauthor=False)) / "tasks" / f"{name}.json"


def exists(task_id: str) -> bool:
    """True if the task's handle is kept."""
    return _file(task_id).is_file()


@contextmanager
def kept(task: Task, *, resumable: bool) -> Iterator[None]:
    """Keep the task's handle on disk until its result is saved, or it has ended without one.

    Raises:
        ConfigurationError: the handle cannot be written; the task's id is in the message.
    """
    path = _file(task.id)
    if resumable:
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
                json.dump(task.to_dict(), file)
        except OSError as error:
            message = f"task {task.id} was submitted, but its handle cannot be kept in {path.parent}: {error.strerror}"
            raise ConfigurationError(message) from error
    try:
        yield
    except TaskError as error:
        if not isinstance(error, TaskTimeout | TaskNotFound):
            path.unlink(missing_ok=True)  # it has ended: there is nothing to take up again
        raise
    path.unlink(missing_ok=True)


def load(task_id: str, client: Client) -> Task:
    """The task of a kept handle.

    Raises:
        ConfigurationError: no handle of this id is kept, or it cannot be read.
    """
    path = _file(task_id)
    try:
        handle = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigurationError(f"no unfinished task {shorten(task_id, 60)!r} is kept in {path.parent}") from None
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"the handle in {path} cannot be read: {type(error).__name__}") from error
    return Task.from_dict(handle, client)
