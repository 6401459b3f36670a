"""Submit, poll and download, each written once: generators (flows) that yield steps and are sent their outcomes.

Nothing here sleeps, opens a connection or looks at a clock; `transport` does, for synchronous and asynchronous
callers. All decisions are made here, in `answers` and in `policy`, from data alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

from . import answers, errors, formats, policy
from .answers import Handle, Update
from .auth import Hosts
from .errors import Remedy, shorten
from .policy import Poll, Retry
from .steps import Answer, Call, Clock, Fetch, Fetched, Flow, Sleep, Streamed, Tell

logger = logging.getLogger("bfl_client")
_WAIT_AGAIN = Remedy("it may still finish: wait() again, or resume it later with its id and polling URL", "wait-again")


class Rules(NamedTuple):
    """How a client talks to the service."""

    hosts: Hosts
    poll: Poll
    retry: Retry


@contextmanager
def owned(handle: Handle) -> Iterator[None]:
    """Attach a task's handle to every exception that leaves, so the paid task can be resumed.

    A BFLError gets ``task_id`` and ``polling_url``; any other exception, such as KeyboardInterrupt or a cancellation,
    gets ``handle`` and a note with the id. An error of another task, raised by a callback, keeps its own.
    """
    try:
        yield
    except BaseException as error:
        _own(error, handle)
        raise


def _own(error: BaseException, handle: Handle) -> None:
    if isinstance(error, errors.BFLError):
        if error.task_id is None:
            error.task_id, error.polling_url = handle.id, handle.polling_url
    elif not isinstance(error, GeneratorExit) and not hasattr(error, "handle"):
        error.handle = handle  # type: ignore[attr-defined]
        way = "resume it with Task.from_dict(error.handle.to_dict(), client)"
        error.add_note(f"task {shorten(handle.id, 60)} was submitted and continues: {way}")


# One request


def request(call: Call, retry: Retry, patience: int = 0) -> Flow[Any]:
    """Make one request and return the JSON object of its answer; repeat it while that is safe.

    Args:
        patience: how many 429 answers are waited out, beyond the usual attempts.

    A paid request is repeated only when it cannot have been carried out: nothing was sent, 429, or a 503 that says it
    sheds load. Others are repeated after every lost connection and 5xx, too; none after a failure that lasts.
    """
    failures = waits = 0
    while True:
        error: errors.TransportError | errors.APIError
        deadline = (yield Clock()) + policy.REQUEST_DEADLINE
        try:
            answer: Answer = yield call._replace(deadline=deadline)
        except errors.TransportError as lost:
            error, repeatable = lost, not (lost.lasting or (call.paid and lost.maybe_submitted))
        else:
            if 200 <= answer.status < 300:
                return _json(answer, call.paid)
            error = answers.api_error(answer, paid=call.paid)
            repeatable = _repeatable(error, answer, call.paid)
        if isinstance(error, errors.RateLimitError) and waits < patience:
            waits += 1
        else:
            failures += 1
        if not repeatable or failures >= retry.attempts:
            raise error
        pause = retry.pause(failures + waits, error.retry_after if isinstance(error, errors.APIError) else None)
        logger.info("request failed (%s); repeated in %.1f s", type(error).__name__, pause)
        yield Sleep(pause)


def _repeatable(error: errors.APIError, answer: Answer, paid: bool) -> bool:
    if isinstance(error, errors.RateLimitError):
        return True
    return answers.sheds_load(answer) if paid else isinstance(error, errors.ServerError)


def _json(answer: Answer, paid: bool) -> Any:
    value = answers.parse_json(answer)
    if not isinstance(value, dict):
        message, headers = f"HTTP {answer.status}, but the answer is not a JSON object", answers.said(answer)
        raise errors.TransportError(message, maybe_submitted=paid, headers=headers)
    return value


class Submission(NamedTuple):
    """A request that creates a task.

    Attributes:
        known: ids of the tasks that this client already has or has polled. An answer with such an id belongs to another
            request: a connection has mixed up its answers.
        polled: false if its result goes to a webhook.
        patience: how many 429 answers are waited out, beyond the usual attempts.
        submitted: called with the handle as soon as there is a task.
    """

    endpoint: str
    url: str
    body: Streamed
    known: MutableMapping[str, object]
    polled: bool
    patience: int = 0
    submitted: Callable[[Handle], object] = lambda _: None


class Receipt:
    """The outcome of a request that creates a task.

    Attributes:
        answer: the service's answer, once it has arrived.
    """

    def __init__(self, submission: Submission) -> None:
        self.answer: Answer | None = None
        self._submission, self._mine = submission, object()
        self._handle: Handle | None = None

    def handle(self, answer: dict[str, Any]) -> Handle:
        """The handle in an answer. Raises TransportError if there is none, or that of an earlier task."""
        task_id, url = answer.get("id"), answer.get("polling_url")
        if not isinstance(task_id, str) or not task_id:
            raise errors.TransportError("the submit was accepted, but its answer has no id", maybe_submitted=True)
        if self._submission.known.setdefault(task_id, self._mine) is not self._mine:
            raise errors.TransportError("the submit was answered with the id of an earlier task", maybe_submitted=True)
        named = {**answer, "polling_url": url if isinstance(url, str) else None}
        self._handle = Handle.of(named, self._submission.endpoint)
        self._submission.submitted(self._handle)
        return self._handle

    def write_on(self, error: BaseException) -> None:
        """Attach the handle to an exception: a cancellation that waited for the answer, or Ctrl-C at any moment."""
        try:
            if self._handle is None and self.answer is not None and not isinstance(error, errors.BFLError):
                if not 200 <= self.answer.status < 300:
                    raise answers.api_error(self.answer, paid=True)
                self.handle(_json(self.answer, True))
        except (errors.APIError, errors.TransportError) as failed:
            if failed.maybe_submitted:
                error.add_note(str(failed))
        if self._handle is not None:
            _own(error, self._handle)


def submit(submission: Submission, rules: Rules) -> Flow[Handle]:
    """Create a task; its handle has a polling URL unless a webhook was asked for.

    Raises:
        UntrustedURLError: the task was created, but its URL may not be polled; the error carries its id and URL.
    """
    receipt = Receipt(submission)
    call = Call("POST", submission.url, submission.body, paid=True, receipt=receipt)
    handle = receipt.handle((yield from request(call, rules.retry, submission.patience)))
    with owned(handle):
        if handle.polling_url is not None:
            rules.hosts.check_api(handle.polling_url)
    return handle


# Polling


def look(task_id: str, polling_url: str, deadline: float | None = None) -> Flow[Update]:
    """Poll once. Raises APIError or TransportError if there is no answer, or no status of this task in it."""
    answer: Answer = yield Call("GET", polling_url, deadline=deadline)
    update = answers.update_of(answers.parse_json(answer))
    if update is not None and (answer.status < 400 or update.ended or update.status in answers.RUNNING):
        if isinstance(other := update.raw.get("id"), str) and other != task_id:
            raise errors.TransportError("the polling answer is about another task")
        return update  # unlike {"status": "forbidden"} in an error answer, which is not the task's status
    if answer.status == 404:  # seen on the wrong host, and for expired tasks
        return Update(answers.NOT_FOUND, None, None, None, {})
    if 200 <= answer.status < 300:
        raise errors.TransportError("the polling answer contains no status")
    raise answers.api_error(answer)


def status(task_id: str, polling_url: str, rules: Rules) -> Flow[Update]:
    """Poll once, and again after failures that may pass; return the task's status."""
    rules.hosts.check_api(polling_url)
    for failures in range(1, rules.retry.attempts + 1):
        deadline = (yield Clock()) + policy.REQUEST_DEADLINE
        try:
            return (yield from look(task_id, polling_url, deadline))
        except (errors.APIError, errors.TransportError) as error:
            if failures == rules.retry.attempts or not _passing(error):
                raise
            yield Sleep(rules.retry.pause(failures, getattr(error, "retry_after", None)))
    raise AssertionError("the last attempt returns or raises")


def _passing(error: errors.BFLError) -> bool:
    """True for a failed poll that may succeed when repeated."""
    return isinstance(error, (errors.TransportError, errors.ServerError, errors.RateLimitError))


class Following:
    """One task being followed to its end: decides from the answers so far what to do next."""

    def __init__(self, task_id: str, age: float, poll: Poll, retry: Retry) -> None:
        self.task_id, self.age, self.poll, self.retry = task_id, age, poll, retry
        self.polls = self.failures = self.doubts = 0
        self._doubted_at = 0.0
        self._logged: set[str] = set()

    def pause_after(self, update: Update, waited: float) -> float:
        """Seconds until the next poll after an answer; raises the error of a task that ended badly."""
        self.failures = 0
        error = answers.task_error(update)
        if update.doubtful:
            self.doubts += 1
            self._doubted_at = waited if self.doubts == 1 else self._doubted_at
            if self.doubts < policy.DOUBTED_POLLS or waited - self._doubted_at < policy.DOUBTED_SECONDS:
                error = None
        else:
            self.doubts = 0
        if error:
            raise error
        known = answers.RUNNING | {answers.READY, answers.NOT_FOUND}
        if update.status not in known | self._logged and len(self._logged) < 10:
            self._logged.add(update.status)
            logger.warning("unknown status %r: treated as still running", shorten(update.status, 60))
        return self.poll.pause(self.age + waited, self._jitter())

    def pause_after_failure(self, error: errors.APIError | errors.TransportError) -> float:
        """Seconds until the next poll after a failed one; raises an error that repeating cannot cure."""
        self.failures += 1
        refused = isinstance(error, errors.AuthenticationError)  # one refusal proves little: the key could submit
        limit = policy.POLL_REFUSALS if refused else policy.POLL_FAILURES
        if not (refused or _passing(error)) or self.failures >= limit:
            raise error
        return self.retry.pause(self.failures, getattr(error, "retry_after", None))

    def _jitter(self) -> float:
        """0 to 1, spread over tasks and polls, yet the same in every run, so that tests can predict it."""
        self.polls += 1
        digest = hashlib.blake2b(f"{self.task_id} {self.polls}".encode(errors="replace"), digest_size=4).digest()
        return int.from_bytes(digest, "big") / 0xFFFFFFFF


def follow(
    following: Following, polling_url: str, timeout: float, hosts: Hosts, on_update: Callable[[Update], object] | None
) -> Flow[Update]:
    """Poll until the task is ready, within one deadline for requests, repeats and sleeps; returns the last update.

    Raises TaskError if the task ended without a result, TaskTimeout if it did not end within `timeout` seconds.
    """
    hosts.check_api(polling_url)
    started: float = yield Clock()
    deadline = started + timeout
    seen = ""
    now = started
    while now < deadline:
        try:
            update = yield from look(following.task_id, polling_url, deadline)
        except (errors.APIError, errors.TransportError) as error:
            if (yield Clock()) >= deadline:
                break
            pause = following.pause_after_failure(error)
        else:
            seen = update.status
            if on_update is not None:
                yield Tell(on_update, update)
            now = yield Clock()
            pause = following.pause_after(update, now - started)
            if update.status == answers.READY and not update.doubtful:
                return update
        now = yield Clock()
        yield Sleep(max(min(pause, deadline - now), 0.0))
        now = yield Clock()
    message = f"not ready after {timeout:g} s (last status: {shorten(seen, 60) or 'none'})"
    raise errors.TaskTimeout(message, _WAIT_AGAIN, status=seen)


# Downloads


class Part:
    """One file of a task's result, and how to get a fresh URL when its own has expired.

    Args:
        name: its key in the ``result``: ``sample`` or ``draft_cache``.
        limit: the most bytes to download.
    """

    def __init__(self, name: str, url: str, task_id: str, polling_url: str | None, limit: int) -> None:
        self.name, self.url, self.limit = name, url, limit
        self._task_id, self._polling_url = task_id, polling_url
        self._renewed = False

    def renew(self, status: int, retry: Retry, hosts: Hosts, deadline: float) -> Flow[None]:
        """Poll the task once more for a freshly signed URL. Raises DownloadError if that was done before or fails."""
        if self._renewed or self._polling_url is None:
            raise errors.DownloadError(f"the URL has expired (HTTP {status}); it lasts only minutes", expired=True)
        self._renewed = True
        hosts.check_api(self._polling_url)
        for failures in range(1, retry.attempts + 1):
            try:
                update = yield from look(self._task_id, self._polling_url, deadline)
            except (errors.APIError, errors.TransportError) as error:
                if failures == retry.attempts or not _passing(error):
                    raise
            else:
                url = update.result.get(self.name) if update.status == answers.READY else None
                if isinstance(url, str):
                    self.url = url
                    return
                if not update.doubtful:
                    break
            if failures < retry.attempts:
                yield Sleep(retry.pause(failures))
        raise errors.DownloadError("the URL has expired, and polling the task again returned no new one", expired=True)


def download(sink: BinaryIO, part: Part, retry: Retry, hosts: Hosts) -> Flow[Fetched]:
    """Stream a result into `sink`, whole or not at all; a broken transfer is resumed, an expired URL renewed once."""
    deadline = (yield Clock()) + policy.DOWNLOAD_DEADLINE
    failures, first = 0, Fetched(0, {}, 0)
    while True:
        hosts.check_sample(part.url)
        try:
            fetched: Fetched = yield Fetch(part.url, sink, part.limit, deadline, _validator(first))
        except errors.TransportError as lost:
            fetched = Fetched(0, {}, sink.tell(), lost.message)
        if fetched.status == 200:
            first = fetched
        problem = fetched.error or _incomplete(fetched) or _different(fetched, first) or _unfinished(fetched, sink)
        if problem is None:
            return fetched
        if fetched.status in (403, 404, 410):
            yield from part.renew(fetched.status, retry, hosts, deadline)
        if fetched.error is None or not _validator(first):  # complete but wrong, or nothing to resume it by
            _empty(sink)
        if fetched.status in (403, 404, 410):
            continue
        failures += 1
        now = yield Clock()
        if failures >= retry.attempts or now >= deadline or not _worth_repeating(fetched):
            raise errors.DownloadError(f"the download failed: {problem}")
        yield Sleep(min(retry.pause(failures, answers.retry_after(fetched.headers)), deadline - now))


def _validator(first: Fetched) -> str:
    """What identifies the file of which a first part is there; empty if nothing does, or nothing sure."""
    etag = first.headers.get("etag", "")
    return first.headers.get("last-modified", "") if not etag or etag.startswith("W/") else etag


def _different(fetched: Fetched, first: Fetched) -> str | None:
    """What shows that a rest does not belong to the first part: a server may ignore If-Range."""
    if fetched.status != 206:
        return None
    for name in ("etag", "last-modified"):
        if fetched.headers.get(name, first.headers.get(name)) != first.headers.get(name):
            return "the file has changed while it was being downloaded"
    totals = {total for each in (fetched, first) if (total := _total(each)) is not None}
    return "the file has changed while it was being downloaded" if len(totals) > 1 else None


def _unfinished(fetched: Fetched, sink: BinaryIO) -> str | None:
    """What the file says about itself, if the answer named neither a length nor a picture or video."""
    named = fetched.headers.get("content-type", "").startswith(("image/", "video/"))
    found = formats.unfinished(sink) if _total(fetched) is None or not named else None
    sink.seek(fetched.size)
    return found


def _empty(sink: BinaryIO) -> None:
    sink.seek(0)
    sink.truncate()


def _incomplete(fetched: Fetched) -> str | None:
    """What is wrong with a finished transfer, or None."""
    if fetched.status not in (200, 206):
        return f"HTTP {fetched.status}"
    kind = fetched.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind.startswith("text/") or (kind.startswith("application/") and kind.endswith(("json", "xml"))):
        return f"the answer is {shorten(kind, 60)}, neither a picture nor a video"
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
