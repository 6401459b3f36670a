"""The first step of a job: its submit, meant before it is sent, and never sent again unless it certainly was not."""

from __future__ import annotations

import json
import time
from typing import Any

from bfl_client.base import Request
from bfl_client.errors import (
    AuthenticationError,
    BFLError,
    InsufficientCreditsError,
    RateLimitError,
    ServerError,
    TransportError,
)
from bfl_client.mapping import PATIENCE
from bfl_client.tasks import Task
from sqlalchemy.exc import SQLAlchemyError

from . import inputs, prices
from .database import RESERVE
from .stopping import Stopped
from .work import Work, cause

OUTAGE = 1800.0
"""Seconds without a connection after which a batch that has already had one is stopped."""
PATIENT = 120.0
"""Seconds for which a paid task that the disk does not take is kept in memory."""
_UNCERTAIN = (
    "it was being submitted when its answer was lost: it may have been paid for, and was not sent again; "
    "--on-uncertain resubmit does so"
)


class Submitting:
    """Submits the jobs of one process."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._connected = False
        self._lost_at: float | None = None

    def submit(self, name: str, attempt: int) -> dict[str, Any] | None:
        """Submit a job, unless that was done; returns the handle of its task, or None if there is nothing to follow."""
        work = self._work
        job = work.store.job(name, attempt)
        if job is None:
            return None
        if job.task is not None:
            return dict(json.loads(job.task))
        body = json.loads(job.body)  # all is made ready before the intent is: the shorter it is meant, the better
        request = work.client.request(job.endpoint, inputs.with_files(job.endpoint, body, work.settings.base))
        price = prices.estimate(job.endpoint, body) if work.settings.budget is not None else None
        while (kind := self._cleared(name, attempt, price)) == "send":
            try:
                kept = self._send(name, attempt, request, price)
            except BFLError as error:
                if not self._repeat(name, attempt, request.endpoint, error):
                    return None
            else:
                return self._answer(name, attempt, kept)
        if kind == "uncertain":
            work.store.end(name, attempt, "uncertain", _UNCERTAIN)
        return None

    def _cleared(self, name: str, attempt: int, price: float | None) -> str:
        """What to do with a job to be submitted, once the budget has room for it; ``send`` has its intent committed."""
        work = self._work
        budget = work.settings.budget
        while not work.stop.wanted:
            kind = work.store.claim(name, attempt, work.worker, price, budget)
            if kind == "budget":
                work.leave("budget", f"the next request could pass the budget of {budget:g} credits")
            if kind != "wait":
                return kind
            work.stop.before_submit(0.1)
        raise Stopped

    def _send(self, name: str, attempt: int, request: Request, price: float | None) -> dict[str, Any]:
        """POST; the intent to do so is committed."""
        work = self._work

        def pause(seconds: float) -> None:
            """The last request was certainly not carried out: until the next one nothing is meant."""
            work.store.withdraw(name, attempt)
            work.stop.before_submit(seconds)
            if self._cleared(name, attempt, price) != "send":
                raise Stopped

        kept = work.client._driver(pause).run(work.client.submit_flow(request, PATIENCE))
        self._lost_at = None
        self._connected = True
        return kept

    def _repeat(self, name: str, attempt: int, endpoint: str, error: BFLError) -> bool:
        """What a failed POST means for the job, or for the batch; True if it is to be sent again."""
        work = self._work
        if error.task_id is not None:  # paid, but not to be polled where its answer says
            kept = {"id": error.task_id, "polling_url": error.polling_url, "endpoint": endpoint}
            self._answer(name, attempt, kept)
            raise error
        if getattr(error, "maybe_submitted", False):
            work.store.end(name, attempt, "uncertain", f"{error}; --on-uncertain resubmit does so")
            return False
        work.store.withdraw(name, attempt)
        if isinstance(error, InsufficientCreditsError):
            work.leave("credits", f"paused: the account has too few credits ({error})")
        if isinstance(error, AuthenticationError):
            work.leave("auth", f"the service refuses the key ({error})")
        if not isinstance(error, TransportError | RateLimitError | ServerError):
            raise error
        self._lost_at = self._lost_at or time.monotonic()
        if not self._connected or time.monotonic() - self._lost_at > OUTAGE:
            work.leave("network", f"the service cannot be reached, or is too busy ({error})")
        work.stop.before_submit(5.0)
        return True

    def _answer(self, name: str, attempt: int, kept: dict[str, Any]) -> dict[str, Any]:
        """Note the task: it is paid for, so it is tried for minutes, with the space that is kept for it."""
        work = self._work
        handle, began = Task(work.client, **kept).to_dict(), time.monotonic()
        while True:
            try:
                work.store.answer(name, attempt, handle)
                return handle
            except SQLAlchemyError as error:
                message = (
                    f"task {handle['id']} is paid for, but cannot be noted ({cause(error)}); make room on the disk"
                )
                work.stop.no_more("output", message)
                if time.monotonic() - began > PATIENT:
                    work.leave("output", message)  # its intent has no answer: it will be uncertain
                work.stop.under_way(0.5)
                (work.settings.folder / RESERVE).unlink(missing_ok=True)
