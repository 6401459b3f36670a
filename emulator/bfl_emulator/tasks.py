"""A task: a submission creates it, and with time it goes from queued to ended. Its prompt may ask for an ending."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .drawing.films import Film
from .drawing.pictures import Picture

FILES = "/delivery"  # path under which the files of tasks are served
_WORD = re.compile(
    r"#(request-moderated|content-moderated|no-card-generated|error|failed)"
    r"(?:-(422|503))?(?:=([\w-]+(?:,[\w-]+)*))?(?![\w-])"
)
_WORKED = 0.9  # share of the work during which progress is reported; an estimate


@dataclass(frozen=True)
class Ending:
    """How a task ends other than well: `status` and `details` of the poll, and the HTTP status (`code`) it comes with.

    A failed task may come with 200, with 503 (measured by a third party) or with 422 (documented for video editing),
    always with an ordinary result body.
    """

    status: str
    details: Mapping[str, Any] | str | None = None
    code: int = 200

    @property
    def early(self) -> bool:
        """Whether it is known as soon as the task leaves the queue: inputs are judged before any work is done."""
        return self.status == "Request Moderated"

    @property
    def moderated(self) -> bool:
        """Whether input or output was refused."""
        return self.status.endswith("Moderated")


def ending_asked_for(prompt: str) -> Ending | None:
    """Return the ending that a word in the prompt asks for, if any.

    The words are ``#request-moderated``, ``#content-moderated``, ``#no-card-generated``, ``#error`` and ``#failed``,
    optionally with reasons (``#content-moderated=violence,hate``) or an HTTP status (``#error-503``). The statuses and
    the list of "Moderation Reasons" are published or documented (2026-06-15), one reason was captured, and "No Card
    Generated" is known from one client (2026-10); the words are the emulator's own.
    """
    match = _WORD.search(prompt)
    if match is None:
        return None
    status, code = match[1].replace("-", " ").title(), int(match[2] or 200)
    reasons = match[3].split(",") if match[3] else ["Safety Filter"]
    ending = Ending(status, {"Moderation Reasons": reasons}, code)
    if ending.moderated:
        return ending
    return Ending(status, {"error": f"The prompt asked for it ({match[0]})"}, code)


@dataclass(frozen=True, kw_only=True)
class TaskRecord:
    """A task. Times are seconds on the emulator's clock; `seed` is None where the endpoint does not report one.

    `cluster` is the listener that knows it, `keys` what its result has. `statuses` is what polls say, one after the
    other, until the task has ended; `ending` is how it ends other than well. `cost` is what was charged in credits,
    None without a known price; `settled` says whether the last poll reports it, and `reports_progress` whether the
    earlier polls say how far the work is.
    """

    id: str
    endpoint: str
    submitted_at: float
    started_at: float
    ready_at: float
    url_lifetime: float
    picture: Picture | Film
    cluster: str = "cluster"
    keys: Sequence[str] = ()
    seed: int | None = None
    statuses: Sequence[str] = ("Pending",)
    ending: Ending | None = None
    cost: float | None = None
    settled: bool = False
    reports_progress: bool = True

    @property
    def sample_path(self) -> str:
        """Path of the sample."""
        return f"{FILES}/{self.id}/sample.{self.picture.format}"

    @property
    def draft_path(self) -> str | None:
        """Path of the draft data, or None for a task that makes none."""
        return f"{FILES}/{self.id}/draft.bin" if isinstance(self.picture, Film) and self.picture.draft else None

    def progress(self, now: float) -> float | None:
        """Return how far the work is, in tenths from 0.1 to 1.

        None in the queue, and again for a while before the task is ready (recorded 2025-12).
        """
        share = self._share(now)
        if share is None or share > _WORKED:
            return None
        return min(10, math.floor(share / _WORKED * 10) + 1) / 10

    def _share(self, now: float) -> float | None:
        """Return the share of the work that is done, 0 to 1, or None for a queued task."""
        if now < self.started_at:
            return None
        return 1.0 if now >= self.ready_at else (now - self.started_at) / (self.ready_at - self.started_at)

    def status(self, now: float) -> str:
        """Return what a poll says: the first status in the queue, the others for equal shares of the work."""
        if now >= self.ready_at:
            return "Ready" if self.ending is None else self.ending.status
        share = self._share(now)
        later = self.statuses[1:]
        return self.statuses[0] if share is None or not later else later[min(int(share * len(later)), len(later) - 1)]
