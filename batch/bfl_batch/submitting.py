"""The first step of a job: record the intent, send, record the answer. Only what certainly never left is sent again."""

from __future__ import annotations

import json
import time
from typing import Any

from bfl_client import errors, specification
from bfl_client.constraints import with_files
from bfl_client.many import PATIENCE
from bfl_client.tasks import Handle
from sqlalchemy.exc import SQLAlchemyError

from .stopping import Stopped
from .store import LOST, Begun, LeaseLost, Turn
from .worker import PASSING, Work, said

OUTAGE = 1800.0
"""Seconds without a connection after which a batch that has already had one is stopped."""


class Submitting:
    """Submits the jobs of one process."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._connected = False
        self._lost_at: float | None = None

    def submit(self, turn: Turn) -> Turn | None:
        """Submit a job; returns it with its task, or None if there is nothing to follow."""
        body, wrong = with_files(turn.endpoint, json.loads(turn.body), self._work.base)
        if wrong:  # a file has gone since it was checked
            raise errors.ConstraintError(turn.endpoint, wrong)
        price = specification.highest_price(turn.endpoint, body)
        while self._cleared(turn, price) == "send":
            try:
                handle = self._send(turn, body, price)
            except (LeaseLost, SQLAlchemyError):  # from a pause: nothing is being submitted then
                raise
            except Exception as error:
                if not isinstance(error, errors.BFLError) or getattr(error, "maybe_submitted", False):
                    self._work.store.end(turn, "uncertain", f"{LOST} ({said(error)})")
                    return None
                self._refused(turn, error)
            else:
                return self._answered(turn, handle)
        return None

    def _cleared(self, turn: Turn, price: float | None) -> Begun:
        """``send``, once the job is recorded as being submitted and the budget has room for it; or why not."""
        work = self._work
        while not work.stop.wanted:
            begun = self._begun(turn, price)
            if begun == "budget":
                work.leave("budget", f"the next request could exceed the budget of {work.store.budget:g} credits")
            if begun != "pending":
                return begun
            work.stop.before_submit(0.2)
        raise Stopped

    def _begun(self, turn: Turn, price: float | None) -> Begun:
        store = self._work.store
        for last in (False, False, True):
            try:
                return store.begin(turn, price)
            except SQLAlchemyError:
                store.withdraw(turn)  # whether it was recorded is unknown; certainly nothing was sent
                if last or not store.database.shared:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _send(self, turn: Turn, body: dict[str, Any], price: float | None) -> Handle:
        """Send the POST; the intent to send it is already committed."""
        work = self._work

        def pause(seconds: float) -> None:
            """The last request was certainly not carried out: until the next one, nothing is being submitted."""
            work.store.withdraw(turn)
            work.stop.before_submit(seconds)
            if self._cleared(turn, price) != "send":
                raise Stopped

        task = work.client.paused_by(pause, PATIENCE).submit(turn.endpoint, body, validate=False)
        self._lost_at = None
        self._connected = True
        return task.handle

    def _refused(self, turn: Turn, error: errors.BFLError) -> None:
        """Handle a POST that had no effect: end the job, stop the batch, or return to send it again."""
        work = self._work
        if error.task_id is not None:  # paid, but not to be polled where its answer says
            made = {"id": error.task_id, "polling_url": error.polling_url}
            self._answered(turn, Handle.of(made, turn.endpoint))
            raise error
        work.store.withdraw(turn)
        if isinstance(error, errors.InsufficientCreditsError):
            work.leave("credits", f"paused: the account has too few credits ({error.message})")
        if isinstance(error, errors.AuthenticationError):
            work.leave("auth", f"the service refuses the key ({error.message})")
        if isinstance(error, errors.ConfigurationError):
            work.leave("configuration", error.message)
        if not isinstance(error, PASSING):
            raise error
        self._lost_at = self._lost_at or time.monotonic()
        if not self._connected or time.monotonic() - self._lost_at > OUTAGE:
            work.leave("network", f"the service cannot be reached, or is too busy ({error.message})")
        work.stop.before_submit(5.0)

    def _answered(self, turn: Turn, handle: Handle) -> Turn | None:
        """Note the task: it is paid for, so its handle goes into the record, or else into the folder."""
        work, made = self._work, handle.to_dict()
        try:
            followed = work.store.answer(turn, made)
        except SQLAlchemyError:
            try:
                work.folder.keep({"job": turn.name, "submission": turn.submission, "handle": made})
            except OSError:
                work.stop.no_more("output", f"task {errors.shorten(handle.id, 60)} is paid for, but cannot be recorded")
            raise
        return turn._replace(state="submitted", task=json.dumps(made)) if followed else None
