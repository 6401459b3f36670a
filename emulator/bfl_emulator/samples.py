"""The files of tasks (samples, and the data of drafts), drawn when first asked for, behind signed URLs that expire."""

import base64
import hashlib
import hmac
import math
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.responses import Response

from .drawing.films import Film
from .inputs import FileCache, Inputs
from .requests import Refusal
from .tasks import FILES, TaskRecord

_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_KEPT = 128 * 1024 * 1024  # bytes of drawn files that are kept for repeated and partial downloads
_DRAWING = threading.BoundedSemaphore(2)  # drawing a picture may take some hundred megabytes of memory


class Signer:
    """Signs paths that expire (``se=``, ``sig=``: recorded 2025-08); `now` returns seconds since 1970."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now, self._secret = now, secrets.token_bytes(32)

    def sign(self, path: str, expires: float) -> str:
        """Return the path with its signature, valid until `expires` (seconds since 1970, rounded up)."""
        until = datetime.fromtimestamp(math.ceil(expires), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return f"{path}?{urlencode({'se': until, 'sp': 'r', 'sig': self._signature(path, until)})}"

    def verify(self, path: str, query: Mapping[str, str]) -> None:
        """Raise Refusal (403) if the signature is missing, belongs to another path or expiry, or has expired."""
        until = query.get("se", "")
        if not hmac.compare_digest(query.get("sig", "").encode(), self._signature(path, until).encode()):
            raise Refusal(403, "The signature of this URL is not valid")
        if self._now() >= datetime.strptime(until, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp():
            raise Refusal(403, f"This URL expired at {until}")

    def _signature(self, path: str, until: str) -> str:
        digest = hmac.digest(self._secret, f"{path}\n{until}".encode(), hashlib.sha256)
        return base64.b64encode(digest).decode()


class SampleFiles:
    """The files of these tasks; `inputs` are what they are drawn from. outbound: whether URLs may lead elsewhere."""

    def __init__(self, tasks: Mapping[str, TaskRecord], signer: Signer, *, outbound: bool) -> None:
        self._tasks, self._signer, self._drawn = tasks, signer, FileCache(_KEPT)
        self.inputs = Inputs(self._own, outbound)

    def find(self, path: str) -> TaskRecord:
        """Return the task that a file belongs to. Raises Refusal (404)."""
        task = self._tasks.get(path.removeprefix(FILES + "/").partition("/")[0])
        if task is None or path not in (task.sample_path, task.draft_path):
            raise Refusal(404, "Not Found")
        return task

    def content(self, task: TaskRecord, path: str) -> bytes:
        """Return a file of a task, drawing it unless it is kept. Raises Refusal (410) if its inputs are gone."""
        content = self._drawn.get(path)
        if content is None:
            with _DRAWING:
                content = self._drawn.get(path)  # another request may have drawn it in the meantime
                if content is None:
                    self._drawn.put(path, content := self._draw(task, path))
        return content

    def content_type(self, task: TaskRecord, path: str) -> str:
        """Return the media type of a file of a task."""
        return task.picture.content_type if path == task.sample_path else "application/octet-stream"

    def forget(self, task: TaskRecord) -> None:
        """Drop the files of a task that can no longer be asked for."""
        for path in filter(None, (task.sample_path, task.draft_path)):
            self._drawn.drop(path)

    def _draw(self, task: TaskRecord, path: str) -> bytes:
        picture = task.picture
        if not isinstance(picture, Film):
            return picture.draw(self.inputs.picture)
        if path == task.sample_path:
            return picture.draw(self.inputs.picture, self.inputs.content)
        return picture.draft_data(self.inputs.picture)

    def _own(self, url: str) -> bytes | None:
        """Return the file that a signed URL of this service names, on whatever port, or None for any other URL."""
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        if not parts.path.startswith(FILES + "/") or "sig" not in query:
            return None
        try:
            self._signer.verify(parts.path, query)
            return self.content(self.find(parts.path), parts.path)
        except Refusal:
            return None


def file_response(content: bytes, content_type: str, tag: str, headers: Mapping[str, str]) -> Response:
    """Answer with a file or, on request, a part of it, so that an interrupted download can be resumed.

    `tag` identifies the content; a range is honoured unless ``If-Range`` names another tag.
    """
    described = {"Accept-Ranges": "bytes", "ETag": f'"{tag}"'}
    wanted = _RANGE.fullmatch(headers.get("range", ""))
    if wanted is None or not (wanted[1] or wanted[2]) or headers.get("if-range", f'"{tag}"') != f'"{tag}"':
        return Response(content, media_type=content_type, headers=described)
    total = len(content)
    if wanted[1]:
        first, last = int(wanted[1]), min(int(wanted[2] or total), total - 1)
    else:
        first, last = max(total - int(wanted[2]), 0), total - 1
    if first > last:
        return Response(status_code=416, headers={**described, "Content-Range": f"bytes */{total}"})
    described["Content-Range"] = f"bytes {first}-{last}/{total}"
    return Response(content[first : last + 1], 206, media_type=content_type, headers=described)
