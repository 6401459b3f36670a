"""The conversation with a delivery host: a result fetched whole or not at all, resumed when it breaks off."""

from __future__ import annotations

from typing import BinaryIO

from . import answers, policy
from .errors import DownloadError, TransportError, shorten
from .flows import Hosts, look
from .policy import Retry
from .steps import Clock, Fetch, Fetched, Flow, Sleep


def download(
    sink: BinaryIO, url: str, polling_url: str | None, part: str, limit: int, retry: Retry, hosts: Hosts
) -> Flow[Fetched]:
    """Stream a result into `sink`, whole or not at all; a broken transfer is resumed, an expired URL polled anew once.

    Args:
        part: which URL of the task's ``result`` this is: ``sample`` or ``draft_cache``.
        limit: bytes after which the download is given up.
    """
    deadline = (yield Clock()) + policy.DOWNLOAD_DEADLINE
    failures, refreshed = 0, False
    while True:
        hosts.check_sample(url)
        try:
            fetched: Fetched = yield Fetch(url, sink, limit, deadline)
        except TransportError as lost:
            fetched = Fetched(0, {}, sink.tell(), str(lost))
        problem = fetched.error or _incomplete(fetched)
        if problem is None:
            return fetched
        if fetched.status in (403, 404, 410):
            if refreshed or polling_url is None:
                raise DownloadError(f"the URL has expired (HTTP {fetched.status}); it lives for minutes", expired=True)
            hosts.check_api(polling_url)
            refreshed, url = True, (yield from _renewed(polling_url, part, deadline))
            _empty(sink)
            continue
        if fetched.error is None:  # not broken off, but wrong: nothing of it can be kept
            _empty(sink)
        failures += 1
        now = yield Clock()
        if failures >= retry.attempts or now >= deadline or not _worth_repeating(fetched):
            raise DownloadError(f"the download failed: {problem}")
        yield Sleep(min(retry.pause(failures, answers.retry_after(fetched.headers)), deadline - now))


def _empty(sink: BinaryIO) -> None:
    sink.seek(0)
    sink.truncate()


def _incomplete(fetched: Fetched) -> str | None:
    """Why a finished transfer is not what was asked for, or None."""
    if fetched.status not in (200, 206):
        return f"HTTP {fetched.status}"
    kind = fetched.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("text/") or (kind.startswith("application/") and kind.endswith(("json", "xml"))):
        return f"the answer is {shorten(kind, 60)}, neither a picture nor a film"
    total = _total(fetched)
    if total is not None and fetched.size != total:
        return f"{fetched.size:,} of {total:,} bytes arrived"
    return None if fetched.size else "the answer is empty"


def _total(fetched: Fetched) -> int | None:
    if fetched.status == 206:
        span, _, total = fetched.headers.get("content-range", "").rpartition("/")
        if total == "*" and (last := span.rpartition("-")[2]).isdecimal() and len(last) < 20:
            return int(last) + 1
    else:
        total = fetched.headers.get("content-length", "")
    return int(total) if total.isdecimal() and len(total) < 20 else None


def _worth_repeating(fetched: Fetched) -> bool:
    return fetched.status in (0, 200, 206, 408, 416, 429) or fetched.status >= 500


def _renewed(polling_url: str, part: str, deadline: float) -> Flow[str]:
    """A fresh URL of the same result, by one more poll."""
    update = yield from look(polling_url, deadline)
    url = update.result.get(part) if update.status == answers.READY else None
    if not isinstance(url, str):
        raise DownloadError("the URL has expired, and polling the task again brings no other", expired=True)
    return url
