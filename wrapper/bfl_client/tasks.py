"""Tasks and results: what a submit returns, in a synchronous and an asynchronous form.

Both forms have the same methods, written once: they start a flow, which the client carries out at once
(`Task`, `Result`) or when it is awaited (`AsyncTask`, `AsyncResult`).
"""

from __future__ import annotations

import base64
import io
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Coroutine, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Generic, Protocol, Self, TypeVar, overload

from . import files, flows, formats, pictures, policy, specification
from .answers import Handle as Handle
from .answers import Update
from .errors import BFLError, ConfigurationError, DownloadError, Remedy, shorten
from .steps import Fetched, Flow

if TYPE_CHECKING:
    from PIL.Image import Image

U = TypeVar("U")
R = TypeVar("R")
P = TypeVar("P")
B = TypeVar("B")
V = TypeVar("V")
N = TypeVar("N")
OnUpdate = Callable[[Update], object]
READ_LIMIT = 1024**3
"""The most bytes that `Result.read` loads into memory; save() streams instead."""
UNKNOWN = ".bin"
"""The suffix of a file whose content is not known."""
SHOWN_LIMIT = 20 * 1024**2
"""The most bytes of a picture or video that a notebook shows: they become part of the notebook's file."""
_IN_MEMORY = 8 * 1024**2  # bytes of a download that is to go to an open file; more are kept on the disk meanwhile
_SAVE_AGAIN = Remedy("nothing is lost: save it to another place, or later from its task", "save-again")


class SuffixWarning(UserWarning):
    """A file was saved under a name whose suffix is not that of its content.

    Attributes:
        message: what happened.
        remedy: what to do about it.
    """

    def __init__(self, message: str, remedy: Remedy) -> None:
        super().__init__(f"{message}: {remedy}")
        self.message, self.remedy = message, remedy


class Carries(Protocol):
    """A client: it carries out a flow, and returns its result or a coroutine of it."""

    _rules: flows.Rules
    _known: dict[str, object]

    def _run(self, flow: Flow[Any]) -> Any: ...


class _Submitted(Generic[U, R, P, N]):
    """A submitted, paid task; `wait` follows it to its end.

    Attributes:
        handle: what is needed to resume it.
        id: the task's id.
        endpoint: name of the endpoint, or None if it is not known.
        polling_url: where to poll, verbatim. A capability: do not log it. None after a submit with a webhook.
        submitted_at: when it was submitted, in UTC.
        cost: credits (0.01 USD each), where the answer to the submit stated them.
        input_mp: megapixels of the pictures sent, where the answer stated them.
        output_mp: megapixels of the picture to be made, where the answer stated them.
        raw: the whole answer to the submit, with its polling URL; None for a task that was resumed.
    """

    _RESULT: type[Any]
    _AWAITED: bool

    def __init__(self, client: Carries, handle: Handle) -> None:
        self._client, self.handle = client, handle
        client._known.setdefault(handle.id, handle.id)  # an answer to a later submit must not have this id
        self.id, self.endpoint, self.polling_url = handle.id, handle.endpoint, handle.polling_url
        self.submitted_at, self.cost = handle.submitted_at, handle.cost
        self.input_mp, self.output_mp, self.raw = handle.input_mp, handle.output_mp, handle.raw

    @classmethod
    def from_dict(cls, handle: Mapping[str, Any], client: Carries) -> Self:
        """Resume a task from what `to_dict` returned. Raises ConfigurationError if it is not such a handle."""
        return cls(client, Handle.from_dict(handle))

    def to_dict(self) -> dict[str, Any]:
        """The handle as plain JSON values, for `from_dict`. It contains the polling URL, never the key."""
        return self.handle.to_dict()

    @property
    def kind(self) -> policy.Kind | None:
        """``"image"`` or ``"video"``; None for an endpoint that this version does not know."""
        known = specification.find(self.endpoint or "")
        return known.kind if known else None

    def status(self) -> U:
        """Poll once, and return the task's current state."""
        found: U = self._run(lambda: flows.status(self.id, self._url(), self._client._rules))
        return found

    def wait(self, timeout: float | None = None, on_update: OnUpdate | None = None) -> R:
        """Poll until the task has ended, and return its result.

        Args:
            timeout: seconds in all; None means the default of the task's kind (600 for pictures, 2700 for video).
            on_update: called with the `Update` of every poll; an `AsyncTask` also awaits what it returns.

        Raises:
            TaskError: it ended without a result, or not in time (TaskTimeout; it can then be waited for again).
            ConfigurationError: it has no polling URL, because it was submitted with a webhook.
        """
        found: R = self._run(lambda: self._wait(timeout, on_update))
        return found

    @overload
    def save(self, path: str | os.PathLike[str]) -> P: ...

    @overload
    def save(self, path: IO[bytes]) -> N: ...

    def save(self, path: str | os.PathLike[str] | IO[bytes]) -> P | N:
        """Wait, then write the result to a file; see `wait` and `Result.save`."""

        def both() -> Flow[Any]:
            result: _Ready[Any, Any, Any, Any] = yield from self._wait(None, None)
            return (yield from result._save(path, "sample"))

        found: P | N = self._run(both)
        return found

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={shorten(self.id, 60)!r}, endpoint={self.endpoint!r})"

    def _run(self, begin: Callable[[], Flow[Any]]) -> Any:
        """Carry out a flow for this task; every exception from it carries the task's handle."""

        def flow() -> Flow[Any]:
            with flows.owned(self.handle):
                return (yield from begin())

        return self._client._run(flow())

    def _url(self) -> str:
        if self.polling_url is None:
            raise ConfigurationError(
                f"task {shorten(self.id, 60)} has no polling URL: it was submitted with a webhook, which gets its "
                "result, or the service gave none"
            )
        return self.polling_url

    def _wait(self, timeout: float | None, on_update: OnUpdate | None) -> Flow[Any]:
        policy.check_callback("on_update", on_update, self._AWAITED)
        rules = self._client._rules
        limit = rules.poll.timeout(self.kind or "") if timeout is None else policy.finite("timeout", timeout)
        age = max((datetime.now(UTC) - self.submitted_at) // timedelta(seconds=1), 0)
        following = flows.Following(self.id, age, rules.poll, rules.retry)
        update = yield from flows.follow(following, self._url(), limit, rules.hosts, on_update)
        return self._RESULT(self, update)


class _Ready(Generic[P, B, V, N]):
    """The picture or video that a task made.

    Attributes:
        task: the task.
        raw: the whole last answer; it contains signed URLs.
    """

    def __init__(self, task: Any, update: Update) -> None:
        self.task, self._update = task, update
        self.raw = update.raw

    def __repr__(self) -> str:  # without its URLs: they are signed
        return f"{type(self).__name__}(id={shorten(self.task.id, 60)!r}, kind={self.kind!r}, cost={self.cost!r})"

    @property
    def url(self) -> str:
        """The signed URL of the picture or video. It expires after minutes: save what you want to keep."""
        return self._update.part("sample")

    @property
    def kind(self) -> policy.Kind:
        """``"image"`` or ``"video"``."""
        if self.task.kind is not None:
            return self.task.kind  # type: ignore[no-any-return]  # the task is of either form
        path = self.url.partition("?")[0].lower()
        return "video" if path.endswith((".mp4", ".mov", ".webm")) else "image"

    @property
    def cost(self) -> float | None:
        """Credits: as settled on the last poll, else as stated by the submit, else None."""
        stated: float | None = self.task.cost
        return stated if self._update.cost is None else self._update.cost

    @property
    def seed(self) -> int | None:
        """The seed used, where the endpoint states it."""
        seed = self._update.result.get("seed")
        return seed if isinstance(seed, int) and not isinstance(seed, bool) else None

    @property
    def prompt(self) -> str | None:
        """The prompt used, which may be an expanded form of yours."""
        prompt = self._update.result.get("prompt")
        return prompt if isinstance(prompt, str) else None

    @property
    def draft_cache(self) -> str | None:
        """The signed URL of a video draft's cache, from which it can be enhanced; keep it with `save_draft`."""
        url = self._update.result.get("draft_cache")
        return url if isinstance(url, str) else None

    def read(self) -> B:
        """The file's bytes.

        Raises DownloadError if it cannot be fetched; `expired` if its URL has expired and polling returned no new one.
        """

        def into_memory() -> Flow[bytes]:
            sink = io.BytesIO()
            yield from self._download(sink, "sample", READ_LIMIT)
            return sink.getvalue()

        found: B = self.task._run(into_memory)
        return found

    def image(self) -> V:
        """The picture as a ``PIL.Image.Image``; needs Pillow.

        Raises DownloadError if it cannot be fetched or is not a picture that Pillow can open, such as a video;
        ConfigurationError if Pillow is not installed.
        """

        def opened() -> Flow[Image]:
            pictures.check_installed()  # before anything is fetched
            sink = io.BytesIO()
            yield from self._download(sink, "sample", READ_LIMIT)
            try:
                return pictures.opened(sink.getvalue())
            except ValueError as error:
                raise DownloadError(f"this {self.kind} {error}; read() returns its bytes") from error

        found: V = self.task._run(opened)
        return found

    @overload
    def save(
        self,
        path: str | os.PathLike[str],
        *,
        overwrite: bool = True,
        stem: str | None = None,
        private: bool = False,
    ) -> P: ...

    @overload
    def save(self, path: IO[bytes]) -> N: ...

    def save(
        self,
        path: str | os.PathLike[str] | IO[bytes],
        *,
        overwrite: bool = True,
        stem: str | None = None,
        private: bool = False,
    ) -> P | N:
        """Write the file, whole or not at all, and return its path.

        Args:
            path: a file, or an existing folder, in which the file is named `stem` plus the extension of its content.
                A file without a suffix gets that of its content; a suffix that contradicts the content is kept, with a
                `SuffixWarning`. Or a file opened for writing bytes: it is written to at its position, once everything
                has arrived, and None is returned.
            overwrite: replace a file of that name.
            stem: the file's name in a folder, without extension; by default the task's id.
            private: readable by its owner only.

        Raises:
            DownloadError: it cannot be fetched or (`unwritable`) written; an existing file is then unchanged.
        """
        found: P | N = self.task._run(lambda: self._save(path, "sample", overwrite, stem, private))
        return found

    def save_draft(self, path: str | os.PathLike[str], *, overwrite: bool = True, private: bool = False) -> P:
        """Write a video draft's cache to a file; see `save`."""
        found: P = self.task._run(lambda: self._save(path, "draft_cache", overwrite, None, private))
        return found

    def _save(
        self, path: Any, part: str, overwrite: bool = True, stem: str | None = None, private: bool = False
    ) -> Flow[Path | None]:
        try:
            if not isinstance(stem, str | None):
                raise TypeError("stem must be text")
            if hasattr(path, "write"):
                yield from self._write(path, part)
                return None
            place, named = Path(path), stem or files.stem(self.task.id)
            folder = place.is_dir()
            if Path(named).name != named:
                raise ValueError("stem must be a file name, without a folder")
            # in a folder, the extension is known only once the content is there
            with files.Whole(place / named if folder else place, private=private, replace=overwrite) as whole:
                fetched = yield from self._download(whole.file, part, policy.SAMPLE_LIMIT)
                whole.file.seek(0)
                suffix = formats.extension(whole.file.read(16), fetched.headers.get("content-type", ""))
                if folder:
                    whole.path = place / f"{named}{suffix}"
                elif part == "sample" and not place.suffix and suffix != UNKNOWN:
                    whole.path = place.with_name(place.name + suffix)
            if part == "sample":
                _warn_of_suffix(whole.path, suffix, self.task.endpoint or "")
            return whole.path
        except (OSError, ValueError, TypeError) as error:
            raise _unwritable(path, error) from error
        except DownloadError as error:
            if not error.unwritable:
                raise
            raise _unwritable(path, error.__cause__) from error.__cause__

    def _write(self, file: Any, part: str) -> Flow[None]:
        """Write to an open file, once everything is there."""
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as whole:
            yield from self._download(whole, part, policy.SAMPLE_LIMIT)
            whole.seek(0)
            try:
                shutil.copyfileobj(whole, file)
            except Exception as error:  # the file is the caller's, and may raise anything
                raise _unwritable(f"<{type(file).__name__}>", error) from error

    def _download(self, sink: Any, part: str, limit: int) -> Flow[Fetched]:
        rules, polling_url = self.task._client._rules, self.task.polling_url
        wanted = flows.Part(part, self._update.part(part), self.task.id, polling_url, limit)
        return (yield from flows.download(sink, wanted, rules.retry, rules.hosts))


def _warn_of_suffix(path: Path, suffix: str, endpoint: str) -> None:
    wanted = specification.file_format(path.suffix)
    meant = path.suffix.lower() in specification.MEDIA_SUFFIXES  # fox.part and fox.v2 say nothing of a format
    if not meant or suffix == UNKNOWN or wanted == specification.file_format(suffix):
        return
    renamed = path.with_suffix(suffix).name
    way = Remedy(f"rename it to {renamed}", "rename", name=renamed)
    if specification.FORMAT in specification.parameters(endpoint) and wanted in specification.formats(endpoint):
        way = Remedy(f"{specification.FORMAT}={wanted!r} makes it a {path.suffix} file", "rename", name=renamed)
    warnings.warn(SuffixWarning(f"{shorten(str(path))} is a {suffix} file, as the service made it", way), stacklevel=2)


def _unwritable(path: object, error: Any) -> DownloadError:
    reason = (error.strerror if isinstance(error, OSError) else None) or error
    named = str(path) if isinstance(path, str | Path) else path
    return DownloadError(f"cannot write {shorten(named)}: {reason}", _SAVE_AGAIN, unwritable=True)


class Result(_Ready[Path, bytes, "Image", None]):
    """The picture or video that a task made; a notebook shows it."""

    task: Task
    _bundle: dict[str, str] | None = None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        """What a notebook shows: the picture or video, fetched once; text where it cannot be had."""
        if self._bundle is None:
            self._bundle = {"text/plain": repr(self)}
            try:
                self._bundle |= _shown(self.read())
            except BFLError as error:
                self._bundle["text/plain"] += f": {error.message}"
        return self._bundle


class AsyncResult(
    _Ready[
        Coroutine[Any, Any, Path], Coroutine[Any, Any, bytes], "Coroutine[Any, Any, Image]", Coroutine[Any, Any, None]
    ]
):
    """The picture or video that a task made; its methods are awaited: a notebook shows ``await result.image()``."""

    task: AsyncTask


class Task(_Submitted[Update, Result, Path, None]):
    """A submitted, paid task; `Task.wait` follows it to its end."""

    _RESULT, _AWAITED = Result, False


class AsyncTask(
    _Submitted[
        Coroutine[Any, Any, Update],
        Coroutine[Any, Any, AsyncResult],
        Coroutine[Any, Any, Path],
        Coroutine[Any, Any, None],
    ]
):
    """A submitted, paid task; `AsyncTask.wait` follows it to its end. Its methods are awaited."""

    _RESULT, _AWAITED = AsyncResult, True


def _shown(content: bytes) -> dict[str, str]:
    """A picture or video for a notebook, by its media type; empty if it cannot be shown there or is too large."""
    suffix, data = formats.extension(content[:16]), base64.b64encode(content).decode()
    if len(content) > SHOWN_LIMIT:
        return {}
    if suffix == ".mp4":
        return {"text/html": f'<video controls src="data:video/mp4;base64,{data}" style="max-width: 100%"></video>'}
    kind = {".jpg": "image/jpeg", ".png": "image/png", ".webp": "image/webp"}.get(suffix)
    return {kind: data} if kind else {}
