"""Tasks and results: what a submit gives back, in a synchronous and an asynchronous form."""

from __future__ import annotations

import os
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from . import answers, policy
from .answers import Update
from .errors import shorten
from .handles import Handle, OnUpdate, Session, part_of, restore
from .steps import Flow

T = TypeVar("T")


class Runs(Protocol):
    """A client that can drive a flow at once."""

    session: Session

    def run(self, flow: Flow[T]) -> T: ...


class RunsAsync(Protocol):
    """A client that can drive a flow when awaited."""

    session: Session

    def run(self, flow: Flow[T]) -> Coroutine[Any, Any, T]: ...


class Task(Handle):
    """A task that was submitted, and paid for; `Task.wait` follows it to its end."""

    def __init__(self, client: Runs, **handle: Any) -> None:
        super().__init__(client.session, **handle)
        self._client = client

    @classmethod
    def from_dict(cls, handle: Mapping[str, Any], client: Runs) -> Task:
        """A task taken up again from what `to_dict` gave, in this process or another.

        Raises:
            ConfigurationError: it is no such handle.
        """
        return cls(client, **restore(handle))

    def status(self) -> Update:
        """Where the task stands now, by one poll."""
        return self._client.run(self.status_flow())

    def wait(self, timeout: float | None = None, on_update: OnUpdate | None = None) -> Result:
        """Poll until the task has ended, and return its result.

        Args:
            timeout: seconds in all; None means the default of the task's kind (600 for pictures, 2700 for video).
            on_update: called with the `Update` of every poll.

        Raises:
            TaskError: it ended without a result, or not in time (TaskTimeout; it can then be waited for again).
            ConfigurationError: it has no polling URL, because it was submitted with a webhook.
        """
        return Result(self._client, self, self._client.run(self.wait_flow(timeout, on_update)).raw)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Wait, then write the result to a file; see `wait` and `Result.save`."""
        return self.wait().save(path)


class AsyncTask(Handle):
    """A task that was submitted, and paid for; `AsyncTask.wait` follows it to its end."""

    def __init__(self, client: RunsAsync, **handle: Any) -> None:
        super().__init__(client.session, **handle)
        self._client = client

    @classmethod
    def from_dict(cls, handle: Mapping[str, Any], client: RunsAsync) -> AsyncTask:
        """A task taken up again from what `to_dict` gave, in this process or another.

        Raises:
            ConfigurationError: it is no such handle.
        """
        return cls(client, **restore(handle))

    async def status(self) -> Update:
        """Where the task stands now, by one poll."""
        return await self._client.run(self.status_flow())

    async def wait(self, timeout: float | None = None, on_update: OnUpdate | None = None) -> AsyncResult:
        """Poll until the task has ended, and return its result; see `Task.wait`."""
        return AsyncResult(self._client, self, (await self._client.run(self.wait_flow(timeout, on_update))).raw)

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Wait, then write the result to a file; see `Task.wait` and `Result.save`."""
        return await (await self.wait()).save(path)


class Outcome:
    """The result of a task that is ready.

    Attributes:
        task: the task it belongs to.
        raw: the whole last answer; it holds signed URLs.
    """

    def __init__(self, task: Handle, raw: dict[str, Any]) -> None:
        self._task = task
        self.raw = raw

    def __repr__(self) -> str:  # without its URLs: they are signed
        return f"{type(self).__name__}(id={shorten(self._task.id, 60)!r}, kind={self.kind!r}, cost={self.cost!r})"

    def _get(self, name: str) -> Any:
        result = self.raw.get("result")
        return result.get(name) if isinstance(result, dict) else None

    @property
    def url(self) -> str:
        """The signed URL of the picture or film. It dies after minutes: save what you want to keep."""
        return part_of(self.raw, "sample")

    @property
    def kind(self) -> policy.Kind:
        """``"image"`` or ``"video"``."""
        if self._task.kind is not None:
            return self._task.kind
        path = self.url.partition("?")[0].lower()
        return "video" if path.endswith((".mp4", ".mov", ".webm")) else "image"

    @property
    def cost(self) -> float | None:
        """Credits: as settled on the last poll, else as told by the submit, else None."""
        settled = answers.number(self.raw.get("cost"))
        return self._task.cost if settled is None else settled

    @property
    def seed(self) -> int | None:
        """The seed used, where the endpoint tells it."""
        seed = self._get("seed")
        return seed if isinstance(seed, int) and not isinstance(seed, bool) else None

    @property
    def prompt(self) -> str | None:
        """The prompt used, which may be an expanded form of yours."""
        prompt = self._get("prompt")
        return prompt if isinstance(prompt, str) else None

    @property
    def draft_cache(self) -> str | None:
        """The signed URL of a video draft's cache, from which it can be enhanced; keep it with `save_draft`."""
        url = self._get("draft_cache")
        return url if isinstance(url, str) else None


class Result(Outcome):
    """The picture or film that a task made."""

    def __init__(self, client: Runs, task: Task, raw: dict[str, Any]) -> None:
        super().__init__(task, raw)
        self._client, self.task = client, task

    def read(self) -> bytes:
        """The file's bytes.

        Raises:
            DownloadError: it cannot be fetched; `expired` if its URL is dead and polling brought no other.
        """
        return self._client.run(self._task.read_flow(self.raw))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file, whole or not at all, and return its path.

        Args:
            path: a file, which is replaced, or an existing folder, in which the file is named after the task.

        Raises:
            DownloadError: it cannot be fetched or written; an existing file is then as it was.
        """
        return self._client.run(self._task.save_flow(path, self.raw, "sample"))

    def save_draft(self, path: str | os.PathLike[str]) -> Path:
        """Write a video draft's cache to a file; see `save`."""
        return self._client.run(self._task.save_flow(path, self.raw, "draft_cache"))


class AsyncResult(Outcome):
    """The picture or film that a task made."""

    def __init__(self, client: RunsAsync, task: AsyncTask, raw: dict[str, Any]) -> None:
        super().__init__(task, raw)
        self._client, self.task = client, task

    async def read(self) -> bytes:
        """The file's bytes; see `Result.read`."""
        return await self._client.run(self._task.read_flow(self.raw))

    async def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file, whole or not at all, and return its path; see `Result.save`."""
        return await self._client.run(self._task.save_flow(path, self.raw, "sample"))

    async def save_draft(self, path: str | os.PathLike[str]) -> Path:
        """Write a video draft's cache to a file; see `Result.save`."""
        return await self._client.run(self._task.save_flow(path, self.raw, "draft_cache"))
