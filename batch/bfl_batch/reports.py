"""What a run of a batch reports: each job, the progress, how the run ended; and the results as JSON lines."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bfl_client.files import Whole

from .jobs import Plan, without_media
from .stopping import Reason

RESULTS = "results.jsonl"
State = Literal["waiting", "submitted", "done", "failed", "uncertain"]
STATES: tuple[State, ...] = ("done", "failed", "uncertain", "submitted", "waiting")  # it ends in one of the first three
# Controls (but tab and newline), direction overrides, lone surrogates, and code points that are not characters.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


class Record(NamedTuple):
    """One job: what was asked for, what became of it, and what it cost."""

    number: int
    """Line of the job in its file, from 1."""
    name: str
    endpoint: str
    inputs: Mapping[str, Any]
    """The request's parameters without media."""
    state: State
    """`uncertain`: its submit got no answer, so it may or may not have been paid for."""
    task_id: str | None
    cost: float | None
    """Credits, as the answers stated them; some endpoints state none."""
    seed: int | None
    path: str | None
    """The saved file, relative to the batch's folder."""
    error: str | None
    submitted_at: str | None
    """ISO 8601, as `finished_at`."""
    finished_at: str | None
    seconds: float | None
    """From the submission to the saved file."""

    @property
    def summary(self) -> str:
        """The job in one line, without control characters."""
        text = f"line {self.number}, {self.name}: {self.state}" + (f": {self.error}" if self.error else "")
        return visible(text).replace("\n", " ")


class Progress(NamedTuple):
    """The progress of a batch."""

    jobs: int
    done: int
    failed: int
    uncertain: int
    active: int
    """Jobs this process is working on."""
    left: int
    """Jobs that have not ended."""
    credits: float
    """Credits, as the answers so far have stated them, of all runs."""
    seconds: float
    """Seconds since this run began."""
    ended: int
    """Jobs that ended in this run."""
    stopping: Reason | None = None
    """Why no new work is started any more, or None."""
    plan: Plan | None = None
    """What all jobs cost by the list of prices."""

    @property
    def eta(self) -> float | None:
        """Seconds left at the pace of this run, or None while that is unknown."""
        return self.left * self.seconds / self.ended if self.ended else None


OnProgress = Callable[[Progress], object]


class Report(NamedTuple):
    """How a run of a batch ended."""

    jobs: int
    done: int
    failed: int
    uncertain: int
    submitted: int
    """Paid for, not saved yet: the next run follows them."""
    waiting: int
    missing: int
    """Done, but their files are gone, and could not be fetched again."""
    credits: float
    """Credits, as the answers have stated them, of all runs; some endpoints state none."""
    stopped: Reason | None
    """Why it ended early, or None."""
    results: Path
    sheet: Path
    troubles: tuple[Record, ...] = ()
    """The first of the jobs that are failed, uncertain, missing, or left with an error."""
    notes: tuple[str, ...] = ()
    """What else the user should know."""

    @property
    def ok(self) -> bool:
        """True if every job is done and its file is there."""
        return self.done == self.jobs and not self.missing


class Status(NamedTuple):
    """The progress of a batch, read from its record."""

    jobs: int
    states: dict[str, int]
    credits: float
    """Credits, as the answers so far have stated them."""
    processes: int
    """Processes that work on it, or died while they did."""
    missing: tuple[str, ...]
    """Files of done jobs that are gone."""


def record_of(row: Any, state: State, missing: bool) -> Record:
    """A job's row as a record for the results."""
    known: dict[str, Any] = {name: getattr(row, name) for name in Record._fields if hasattr(row, name)}
    known |= {"inputs": without_media(row.endpoint, json.loads(row.body)), "state": state}
    known |= {"seconds": None, "error": f"its file {row.path} is gone" if missing else row.error}
    if row.submitted_at and row.finished_at:
        took = datetime.fromisoformat(row.finished_at) - datetime.fromisoformat(row.submitted_at)
        known["seconds"] = round(took.total_seconds(), 3)
    return Record(**known)


def write_results(folder: Path, records: Iterable[Record]) -> Path:
    """Write `results.jsonl` into the folder, one JSON object for each record, and return its path.

    The keys are those of `Record`, but for `id`, the task's. The lines are plain ASCII, so that no reader splits one at
    a line separator of Unicode, and a number that JSON does not know is null. Records are taken one at a time. On an
    OSError an earlier file is as it was.
    """
    with Whole(folder / RESULTS, private=True) as whole:
        for record in records:
            row = {("id" if key == "task_id" else key): value for key, value in record._asdict().items()}
            finite = json.loads(json.dumps(row, default=str), parse_constant=lambda _: None)
            whole.file.write(json.dumps(finite).encode("ascii") + b"\n")
    return whole.path


def visible(text: str) -> str:
    """The text with control characters as pictures, direction overrides as numbers, and U+FFFD for what is not text."""
    return _ACTING.sub(_picture, text.replace("\r\n", "\n"))


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    if code < 0x20 or code == 0x7F:
        return chr(0x2421 if code == 0x7F else 0x2400 + code)
    return f"[U+{code:04X}]" if 0x600 <= code < 0x2100 else "\ufffd"
