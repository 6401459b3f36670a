"""The handle of a paid task: what is needed to follow it to its end, from any process."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from bfl_api.table import ENDPOINTS

from . import answers, downloads, flows, policy
from .answers import Update
from .errors import ConfigurationError, DownloadError, shorten
from .flows import Following, Hosts
from .policy import Poll, Retry
from .steps import Flow
from .targets import Target

OnUpdate = Callable[[Update], object]
READ_LIMIT = 1024**3
"""Bytes that `Result.read` takes into memory; save() has no need to."""


class Session(NamedTuple):
    """What a task needs of its client to be followed."""

    hosts: Hosts
    poll: Poll
    retry: Retry


class Handle:
    """What is needed to take up a paid task again, also in another process.

    Attributes:
        id: the task's id.
        endpoint: name of the endpoint, or None if it is not known.
        polling_url: where to poll, verbatim. A capability: do not log it. None if the service gave none, as after a
            submit with a webhook.
        submitted_at: when, in UTC.
        cost: credits, where the submit said so (0.01 USD each).
    """

    def __init__(
        self,
        session: Session,
        id: str,
        polling_url: str | None,
        endpoint: str | None = None,
        submitted_at: datetime | None = None,
        cost: float | None = None,
    ) -> None:
        if not isinstance(id, str) or not isinstance(polling_url, str | None) or not isinstance(endpoint, str | None):
            raise ConfigurationError("a task's id, polling_url and endpoint must be strings")
        self._session = session
        self.id = id
        self.polling_url = polling_url
        self.endpoint = endpoint
        self.submitted_at = submitted_at or datetime.now(UTC)
        self.cost = cost

    def to_dict(self) -> dict[str, Any]:
        """The handle as plain JSON values, for `from_dict`. It holds the polling URL, never the key."""
        return {
            "id": self.id,
            "polling_url": self.polling_url,
            "endpoint": self.endpoint,
            "submitted_at": self.submitted_at.isoformat(),
            "cost": self.cost,
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={shorten(self.id, 60)!r}, endpoint={self.endpoint!r})"

    @property
    def kind(self) -> policy.Kind | None:
        """``"image"`` or ``"video"``; None for an endpoint that this version does not know."""
        known = ENDPOINTS.get(self.endpoint or "")
        return known.kind if known else None

    def _url(self) -> str:
        if self.polling_url is None:
            raise ConfigurationError(
                f"task {shorten(self.id, 60)} has no polling URL: it was submitted with a webhook, to which its result "
                "comes, or the service gave none"
            )
        return self.polling_url

    def status_flow(self) -> Flow[Update]:
        with flows.owned(self.id, self.polling_url):
            return (yield from flows.status(self._url(), self._session.retry, self._session.hosts))

    def wait_flow(self, timeout: float | None, on_update: OnUpdate | None) -> Flow[Update]:
        hosts, poll, retry = self._session
        with flows.owned(self.id, self.polling_url):
            limit = poll.timeout(self.kind or "") if timeout is None else timeout
            policy.seconds("timeout", limit)
            age = max((datetime.now(UTC) - self.submitted_at) // timedelta(seconds=1), 0)
            following = Following(self.id, age, poll, retry)
            return (yield from flows.follow(following, self._url(), limit, hosts, on_update))

    def save_flow(self, path: str | os.PathLike[str], raw: Mapping[str, Any], part: str) -> Flow[Path]:
        with flows.owned(self.id, self.polling_url):
            url = part_of(raw, part)
            with Target(path, self.id) as target:
                fetched = yield from self._download(target.sink, url, part, policy.SAMPLE_LIMIT)
                return target.commit(fetched.headers.get("content-type", ""))

    def read_flow(self, raw: Mapping[str, Any]) -> Flow[bytes]:
        with flows.owned(self.id, self.polling_url):
            sink = io.BytesIO()
            yield from self._download(sink, part_of(raw, "sample"), "sample", READ_LIMIT)
            return sink.getvalue()

    def _download(self, sink: Any, url: str, part: str, limit: int) -> Flow[Any]:
        hosts, _, retry = self._session
        return downloads.download(sink, url, self.polling_url, part, limit, retry, hosts)


def part_of(raw: Mapping[str, Any], part: str) -> str:
    result = raw.get("result")
    url = result.get(part) if isinstance(result, dict) else None
    if not isinstance(url, str):
        raise DownloadError(f"the result has no {part}")
    return url


def restore(handle: Mapping[str, Any]) -> dict[str, Any]:
    """The keyword arguments of a handle that `Handle.to_dict` wrote.

    Raises:
        ConfigurationError: it is no such handle.
    """
    from dateutil import parser  # only a resumed task needs it

    try:
        moment = handle.get("submitted_at")
        submitted_at = parser.isoparse(moment) if moment is not None else None
        if submitted_at is not None and submitted_at.tzinfo is None:
            submitted_at = submitted_at.replace(tzinfo=UTC)
        values = {name: handle.get(name) for name in ("id", "polling_url", "endpoint")}
    except (ValueError, TypeError, AttributeError, OverflowError) as error:
        raise ConfigurationError("this is no handle of a task; keep what Task.to_dict() returns") from error
    return {**values, "submitted_at": submitted_at, "cost": answers.number(handle.get("cost"))}
