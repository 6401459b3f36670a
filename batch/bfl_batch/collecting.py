"""The later steps of a job: its task followed to the end, and its result saved."""

from __future__ import annotations

import filecmp
import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

from bfl_client import errors
from bfl_client.tasks import Result, Task

from .store import Turn, now
from .worker import PASSING, Work

PAUSES = (0.0, 1.0, 2.0, 4.0)
"""Seconds before each time that a download is started; each repeats failed requests itself."""


class Collecting:
    """Follows and saves the tasks that one process has submitted or taken over."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._client = work.client.paused_by(work.stop.under_way)

    def collect(self, turn: Turn) -> Turn | None:
        """Follow a job's task to its end and save its result; returns the job if it must be submitted again."""
        store = self._work.store
        task = Task.from_dict(json.loads(turn.task or "{}"), self._client)
        try:
            result = self._followed(turn, task)
            saved = self._saved(turn, result) if result else None
        except (errors.TaskError, errors.DownloadError) as error:  # it has ended, and there is nothing to fetch
            if turn.retry and (isinstance(error, errors.TaskError) or error.expired):
                return store.renew(turn)
            raise
        if result is not None and saved is not None:
            facts = {"path": saved[0].name, "place": self._work.folder.place, "finished_at": now()}
            seed = result.seed if abs(result.seed or 0) < 2**63 else None
            store.end(turn, "done", saved[1], result.cost, seed=seed, **facts)
        return None

    def recover(self, turn: Turn) -> None:
        """Fetch the result of a done job again, because its file is gone; one poll says whether that is possible."""
        task = Task.from_dict(json.loads(turn.task or "{}"), self._client)
        with suppress(errors.BFLError):  # it stays missing, and is reported
            update = task.status()
            if update.ended and not update.doubtful:
                self._saved(turn, task.wait())

    def _followed(self, turn: Turn, task: Task) -> Result | None:
        """The task's result; None if it was left for another run."""
        work = self._work
        deadline = time.monotonic() + work.client.poll.timeout(task.kind or "")
        while True:
            left = deadline - time.monotonic()
            try:
                return task.wait(max(left, 1.0))
            except errors.TaskTimeout as error:
                work.store.end(turn, "submitted", error.message)
                return None
            except errors.AuthenticationError as error:  # the client has asked several times
                work.leave("auth", f"the service refuses the key ({error.message})")
            except (errors.TransportError, errors.APIError) as error:
                if left <= 0 or not isinstance(error, PASSING):
                    work.store.end(turn, "submitted", f"it cannot be polled: {error.message}")
                    return None
                work.stop.under_way(min(5.0, left))

    def _saved(self, turn: Turn, result: Result) -> tuple[Path, str | None] | None:
        """The saved file, and what is wrong with its draft; None if the job was left for another run."""
        folder = self._work.folder.path
        path = self._fetched(turn, partial(result.save, overwrite=False, private=True), folder, stem=turn.stem)
        if path is None or result.draft_cache is None:
            return (path, None) if path else None
        save_draft = partial(result.save_draft, overwrite=False, private=True)
        try:
            draft = self._fetched(turn, save_draft, folder / f"{turn.stem}.draft.bin")
        except errors.BFLError as error:  # the video itself is there
            return path, f"its draft could not be fetched: {error.message}"
        return (path, None) if draft else None

    def _fetched(self, turn: Turn, save: Callable[..., Path], place: Path, **named: str) -> Path | None:
        work = self._work
        for pause in PAUSES:
            work.stop.under_way(pause)
            try:
                return save(place, **named)
            except errors.DownloadError as error:
                if error.unwritable:
                    return self._adopted(turn, error, save)
                if error.expired:
                    raise
            except (errors.TransportError, errors.APIError):
                pass
        work.store.end(turn, "submitted", "its result could not be fetched yet")
        return None

    def _adopted(self, turn: Turn, error: errors.DownloadError, save: Callable[..., Path]) -> Path | None:
        """The file in the way, if it is this very result: then a run was cut off just after saving it."""
        work, reason = self._work, error.__cause__
        there = getattr(reason, "filename2", None) or getattr(reason, "filename", None)
        if not isinstance(reason, FileExistsError) or there is None:
            work.leave("output", error.message)
        fetched = work.folder.path / f".{turn.stem[:80]}.{secrets.token_hex(4)}.part"
        try:
            save(fetched)
            same = Path(there).is_file() and filecmp.cmp(fetched, there, shallow=False)
        except errors.DownloadError as again:
            work.leave("output", again.message)
        finally:
            fetched.unlink(missing_ok=True)
        if not same:
            work.store.end(turn, "submitted", f"{Path(there).name} already exists and is not this job's: move it")
        return Path(there) if same else None
