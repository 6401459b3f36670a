"""What a run of a batch tells: how far it is, and how it ended."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from .records import Record
from .stopping import Reason


class Progress(NamedTuple):
    """How far a batch is."""

    jobs: int
    done: int
    failed: int
    uncertain: int
    active: int
    """Jobs this process is working on."""
    left: int
    """Jobs that are still to be ended."""
    credits: float
    """What the answers so far have told, of all runs."""
    seconds: float
    """Since this run began."""
    ended: int
    """Jobs that ended in this run."""
    stopping: Reason | None = None
    """Why no new work is begun any more, or None."""

    @property
    def eta(self) -> float | None:
        """Seconds still to go at the pace of this run, or None while that cannot be told."""
        return self.left * self.seconds / self.ended if self.ended else None


class Report(NamedTuple):
    """How a run of a batch ended."""

    jobs: int
    done: int
    failed: int
    uncertain: int
    submitted: int
    """Paid for, not saved yet: the same call goes on with them."""
    waiting: int
    credits: float
    """What the answers have told, of all runs; some endpoints tell nothing."""
    stopped: Reason | None
    """Why it ended early, or None."""
    results: Path
    sheet: Path
    troubles: tuple[Record, ...] = ()
    """The first of the jobs that are failed, uncertain, or left with an error."""

    @property
    def ok(self) -> bool:
        """True if every job is done."""
        return self.done == self.jobs
