"""Where the handles of tasks are kept: the command line keeps them on disk, those of an emulator die with it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol

from bfl_client.tasks import Handle

SAVED = "saved"
"""The status of a task whose result is in a file."""
SHOWN = ("id", "endpoint", "status", "submitted_at", "cost", "file")
"""What a model sees of a record: not the polling URL, with which anybody could fetch the result."""


class Shelf(Protocol):
    """Handles of tasks, and how they ended. A record is a handle as plain values, with ``status`` and ``file``."""

    def ready(self) -> None:
        """Find out, before anything is paid, whether a handle can be kept; raises Refused if not."""

    def keep(self, handle: Handle) -> None:
        """Keep the handle of a task that was just paid for; never raises."""

    def ended(self, handle: Handle, status: str, file: Path | None, cost: float | None) -> None:
        """Record how a task ended."""

    def find(self, name: str) -> dict[str, Any] | None:
        """The record of a task by its id; None if there is none."""
        ...

    def listed(self) -> list[dict[str, Any]]:
        """Every record, the newest first."""
        ...


class Memory:
    """A shelf for the life of the server."""

    def __init__(self) -> None:
        self._records: dict[str, dict[str, Any]] = {}

    def ready(self) -> None:
        """There is always room."""

    def keep(self, handle: Handle) -> None:
        """Keep a handle."""
        self._records[handle.id] = {"status": "submitted", "file": None, **handle.to_dict()}

    def ended(self, handle: Handle, status: str, file: Path | None, cost: float | None) -> None:
        """Record how a task ended."""
        found = self._records.setdefault(handle.id, handle.to_dict())
        found.update(status=status, file=file and str(file), **({} if cost is None else {"cost": cost}))

    def find(self, name: str) -> dict[str, Any] | None:
        """The record of a task by its id."""
        return self._records.get(name)

    def listed(self) -> list[dict[str, Any]]:
        """Every record, the newest first."""
        return [*reversed(self._records.values())]


def shown(record: dict[str, Any]) -> dict[str, Any]:
    """What a model sees of a record."""
    return {name: record.get(name) for name in SHOWN}
