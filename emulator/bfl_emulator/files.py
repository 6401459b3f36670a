"""The files of an emulated service: inputs as they came, and what is drawn from them when it is first asked for."""

import threading
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from .films import Film
from .inputs import Inputs
from .refusals import Refusal
from .samples import PREFIX
from .store import Store

if TYPE_CHECKING:
    from .service import Service
    from .tasks import Task

_KEPT = 128 * 1024 * 1024  # bytes of drawn files that are kept for repeated and partial downloads
_DRAWING = threading.BoundedSemaphore(2)  # each picture that is drawn may take some hundred megabytes


class Files:
    """Serves the sample of each task, and the data of drafts; `outbound` tells whether URLs may lead elsewhere."""

    def __init__(self, service: "Service", outbound: bool) -> None:
        self._service, self._drawn = service, Store(_KEPT)
        self.inputs = Inputs(self._own, outbound)

    def find(self, path: str) -> "Task":
        """Return the task that a file belongs to. Raises Refusal (404)."""
        task = self._service.tasks.get(path.removeprefix(PREFIX + "/").partition("/")[0])
        if task is None or path not in (task.sample_path, task.draft_path):
            raise Refusal(404, "Not Found")
        return task

    def content(self, task: "Task", path: str) -> bytes:
        """Return a file of a task, drawing it if it is not kept. Raises Refusal (410) where its inputs are gone."""
        content = self._drawn.get(path)
        if content is None:
            with _DRAWING:
                content = self._drawn.made(path, lambda: self._draw(task, path))
        return content

    def content_type(self, task: "Task", path: str) -> str:
        """Return the media type of a file of a task."""
        return task.picture.content_type if path == task.sample_path else "application/octet-stream"

    def forget(self, task: "Task") -> None:
        """Drop the files of a task that nobody can ask for any more."""
        for path in filter(None, (task.sample_path, task.draft_path)):
            self._drawn.drop(path)

    def _draw(self, task: "Task", path: str) -> bytes:
        picture = task.picture
        if not isinstance(picture, Film):
            return picture.draw(self.inputs.picture)
        if path == task.sample_path:
            return picture.draw(self.inputs.picture, self.inputs.content)
        return picture.draft_data(self.inputs.picture)

    def _own(self, url: str) -> bytes | None:
        """Return what a URL of this service's own names: whoever holds its signature need not be at the right port."""
        parts, service = urlsplit(url), self._service
        query = dict(parse_qsl(parts.query))
        if not parts.path.startswith(PREFIX + "/") or "sig" not in query:
            return None
        try:
            service.signer.verify(parts.path, query, service.epoch(service.clock()))
            return self.content(self.find(parts.path), parts.path)
        except Refusal:
            return None
