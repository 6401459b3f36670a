"""The later steps of a job: its task followed to the end, and its result saved."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from bfl_client import answers
from bfl_client.answers import Update
from bfl_client.errors import (
    APIError,
    AuthenticationError,
    DownloadError,
    RateLimitError,
    ServerError,
    TaskTimeout,
    TransportError,
)
from bfl_client.tasks import Task

from .signatures import extension
from .store import now
from .work import Work

DOWNLOADS = 4
"""How often a download is begun, besides the repeats within each."""


class Collecting:
    """Follows and saves what one process has submitted, or has taken over."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def poll(self, name: str, attempt: int) -> dict[str, Any] | None:
        """Follow a task to its end; returns what is needed of its result, or None if it has none."""
        work = self._work
        job = work.store.job(name, attempt)
        if job is None or job.task is None:
            return None
        task = Task.from_dict(json.loads(job.task), work.client)
        limit = work.client.session.poll.timeout(task.kind or "")
        deadline = time.monotonic() + limit
        while True:
            left = deadline - time.monotonic()
            try:
                update = work.driver.run(task.wait_flow(max(left, 1.0), None))
            except TaskTimeout as error:
                work.store.end(name, attempt, "submitted", str(error), again=True)
                return None
            except AuthenticationError as error:
                work.leave("auth", f"the service refuses the key ({error})")
            except (TransportError, APIError) as error:
                if left <= 0 or not isinstance(error, TransportError | ServerError | RateLimitError):
                    work.store.end(name, attempt, "submitted", f"it cannot be polled: {error}", again=True)
                    return None
                work.stop.under_way(min(5.0, left))
            else:
                return _needed(update)

    def download(self, name: str, attempt: int, raw: dict[str, Any]) -> str | None:
        """Save the result under its job's name; returns the file's name, or None if there is nothing to save now."""
        work = self._work
        job = work.store.job(name, attempt)
        if job is None or job.task is None:
            return None
        task = Task.from_dict(json.loads(job.task), work.client)
        path = self._saved(task, job.stem, raw, "sample")
        result = raw.get("result", {})
        if path is not None and isinstance(result.get("draft_cache"), str):
            self._saved(task, f"{job.stem}.draft", raw, "draft_cache")
        if path is None:
            work.store.end(name, attempt, "submitted", "its result could not be fetched yet", again=True)
            return None
        cost = raw.get("cost") if raw.get("cost") is not None else task.cost
        facts = {"cost": cost, "seed": result.get("seed"), "path": path.name, "finished_at": now()}
        work.store.end(name, attempt, "done", **facts)
        return path.name

    def _saved(self, task: Task, stem: str, raw: dict[str, Any], part: str) -> Path | None:
        """The file, whole; None if it cannot be fetched at present."""
        work = self._work
        folder = work.settings.folder
        whole = folder / f".{stem}.whole"
        for beginning in range(DOWNLOADS):
            try:
                work.driver.run(task.save_flow(whole, raw, part))
                path = folder / f"{stem}{extension(whole)}"
                os.replace(whole, path)
                return path
            except OSError as error:
                work.leave("output", f"cannot write {whole}: {error.strerror or error}")
            except DownloadError as error:
                if isinstance(error.__cause__, OSError):
                    work.leave("output", str(error).partition("; fetch the result")[0])
                if error.expired:
                    raise
            except TransportError:
                pass
            work.stop.under_way(2.0**beginning)
        return None


def _needed(update: Update) -> dict[str, Any]:
    kept = ("sample", "draft_cache", "seed")
    result = {key: update.result[key] for key in kept if key in update.result}
    seed = result.get("seed")
    if not isinstance(seed, int) or isinstance(seed, bool) or abs(seed) >= 2**63:
        result.pop("seed", None)
    return {"result": result, "cost": answers.number(update.raw.get("cost"))}
