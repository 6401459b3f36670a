"""The paid work: a request is entered in the budget, submitted, kept, followed and saved."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bfl_client import constraints, errors, files, specification
from bfl_client.answers import Update
from bfl_client.client import AsyncClient
from bfl_client.errors import BFLError
from bfl_client.tasks import AsyncResult, AsyncTask, Handle

from . import catalogue
from .budget import Budget
from .folders import Folders
from .refusals import Refused
from .settings import Settings
from .shelf import SAVED, Shelf

Tell = Callable[[Update], Awaitable[None]]


class Estimate(dict[str, Any]):
    """What a request costs: `endpoint`, `credits` if that is certain, `at_most`, and the month of the price `list`."""


class Studio:
    """Submits and follows tasks within what the user allowed."""

    def __init__(self, client: AsyncClient, settings: Settings, budget: Budget, shelf: Shelf) -> None:
        self.client, self.settings, self.budget, self.shelf = client, settings, budget, shelf
        self._folders = Folders(settings)

    @contextmanager
    def checked(self, endpoint: str, parameters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The body of a request, checked, with its files open. Raises ConstraintError."""
        name = catalogue.known(endpoint).name
        with self._folders.opened(name, parameters) as body:
            constraints.check(name, body)
            yield body

    def estimate(self, endpoint: str, body: Mapping[str, Any]) -> Estimate:
        """What a request costs by the list of prices."""
        certain, most = specification.prices(endpoint, body)
        return Estimate(endpoint=endpoint, credits=certain, at_most=most, list=specification.price_list())

    def needs_consent(self, most: float | None) -> bool:
        """True if the user wants to be asked before so much is spent; an unknown price counts as too much."""
        limit = self.settings.confirm_above
        return limit is not None and (most is None or most > limit)

    def admit(self, estimate: Estimate) -> None:
        """Find out, before the user is asked, whether the budget allows a request. Raises Refused if not."""
        if estimate["at_most"] is None and self.settings.budget is not None and not self.settings.unpriced:
            why = f"{estimate['endpoint']} has no price, so the budget cannot be kept; nothing was sent"
            raise Refused("budget", why, "use another endpoint, or let the user start the server with --allow-unpriced")
        self.budget.check(estimate["at_most"] or 0.0)

    async def submit(self, estimate: Estimate, body: Mapping[str, Any]) -> AsyncTask:
        """Submit a checked request: enter its price, send it once, keep its handle. Raises Refused or BFLError."""
        self.admit(estimate)
        self.shelf.ready()
        endpoint = estimate["endpoint"]
        entry = self.budget.reserve(endpoint, estimate["at_most"] or 0.0)
        try:
            task = await self.client.submit(endpoint, body)
        except BaseException as error:  # also a cancellation, which waited for the answer
            self._account(entry, error, endpoint)
            raise
        self._keep(entry, task.handle)
        return task

    def _account(self, entry: int, error: BaseException, endpoint: str) -> None:
        """After a failed submit: keep the handle if there is one, free what was certainly not spent."""
        handle = getattr(error, "handle", None)
        if isinstance(error, BFLError):
            if error.task_id is not None:
                handle = Handle.of({"id": error.task_id, "polling_url": error.polling_url}, endpoint)
            elif not getattr(error, "maybe_submitted", False):
                self.budget.release(entry)
        if isinstance(handle, Handle):
            self._keep(entry, handle)

    def _keep(self, entry: int, handle: Handle) -> None:
        self.shelf.keep(handle)
        self.budget.submitted(entry, handle.id)
        known = specification.find(handle.endpoint or "")
        if (
            handle.cost is not None and known is not None and known.kind == "image"
        ):  # of a video, the cost is known at its end
            self.budget.settle(handle.id, handle.cost)

    def resumed(self, task_id: str) -> tuple[AsyncTask, dict[str, Any]]:
        """A task that was submitted earlier, and its record. Raises Refused if it is not known."""
        record = self.shelf.find(task_id)
        if record is None:
            raise Refused("unknown-task", "no task with this id is known here", "call tasks, which lists them")
        return AsyncTask.from_dict(record, self.client), record

    async def wait(self, task: AsyncTask, tell: Tell, timeout: float | None) -> AsyncResult:
        """Follow a task to its end. Raises TaskError if it ended without a result or not in time."""
        try:
            result = await task.wait(timeout, tell)
        except errors.TaskError as error:
            if not isinstance(error, errors.TaskTimeout | errors.TaskNotFound):
                self.budget.settle(task.id, error.cost)
                self.shelf.ended(task.handle, error.status or "failed", None, error.cost)
            raise
        self.budget.settle(task.id, result.cost)
        return result

    async def save(self, task: AsyncTask, result: AsyncResult) -> dict[str, Any]:
        """Write a result into the output folder, a draft's data beside it, and describe it."""
        stem = files.stem(f"{(task.endpoint or 'task').replace('/', '-')}-{task.id}")
        path = await result.save(self.settings.output, stem=stem)
        draft = await result.save_draft(path.with_suffix(".draft")) if result.draft_cache else None
        self.shelf.ended(task.handle, SAVED, path, result.cost)
        facts = {name: getattr(result, name) for name in ("kind", "cost", "seed", "prompt")}
        made = {"file": str(path), "draft": draft and str(draft)}
        return {"id": task.id, "endpoint": task.endpoint, "status": "Ready", **facts, **made}

    def file_of(self, record: Mapping[str, Any]) -> Path | None:
        """The file of a saved task, if it is still there and really in the output folder."""
        if record.get("status") != SAVED or not record.get("file"):
            return None
        path = Path(str(record["file"]))
        try:
            inside = path.resolve(strict=True).parent == self.settings.output.resolve() and not path.is_symlink()
            return path if inside and path.is_file() else None
        except (OSError, RuntimeError):
            return None
