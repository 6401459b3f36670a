"""What is known of one job of a batch, as its results and its contact sheet tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

State = Literal["waiting", "submitted", "done", "failed", "uncertain"]


class Record(NamedTuple):
    """One job as it stands: what was asked for, what became of it, and what it cost."""

    number: int
    """Line of the job in its file, from 1."""
    name: str
    endpoint: str
    inputs: Mapping[str, Any]
    """The request's parameters without media."""
    state: State
    """`uncertain`: it was being submitted when the process died, so it may or may not have been paid for."""
    task_id: str | None
    cost: float | None
    """Credits, as the answer to the submission gave them; some endpoints tell none."""
    seed: int | None
    path: str | None
    """The saved file, relative to the batch's folder, with `/` between its parts."""
    error: str | None
    submitted_at: str | None
    """ISO 8601, as `finished_at`."""
    finished_at: str | None
    seconds: float | None
    """From the submission to the saved file."""
