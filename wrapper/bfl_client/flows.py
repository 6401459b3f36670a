"""The conversations with the API, each written once: generators that yield steps and are sent the outcomes.

Nothing here sleeps, opens a connection or looks at a clock; `transport` does, for synchronous and asynchronous callers
alike. What is decided, is decided here and in `answers` and `policy`, from data alone.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from . import answers, policy
from .answers import Update
from .errors import (
    APIError,
    BFLError,
    RateLimitError,
    ServerError,
    TaskNotFound,
    TaskTimeout,
    TransportError,
    shorten,
)
from .policy import Poll, Retry
from .steps import Answer, Call, Clock, Flow, Sleep, Streamed

logger = logging.getLogger("bfl_client")
T = TypeVar("T")


class Hosts(Protocol):
    """Which URLs may be asked; each check raises UntrustedURLError."""

    def check_api(self, url: str) -> None: ...

    def check_sample(self, url: str) -> None: ...


@contextmanager
def owned(task_id: str, polling_url: str | None) -> Iterator[None]:
    """Write the task's id and polling URL on every error that passes: a paid task can then be taken up again."""
    try:
        yield
    except BFLError as error:
        if error.task_id is None:  # an error of another task, from a callback, keeps its own
            error.task_id, error.polling_url = task_id, polling_url
        raise


def request(call: Call, retry: Retry, patience: int = 0) -> Flow[Any]:
    """One request of which only the JSON answer matters; repeated while that is safe.

    Args:
        patience: how many 429 are waited out beyond the usual attempts.

    A paid request is repeated only when it cannot have been carried out: no connection, 429, or a 503 that says it
    sheds load. Others are repeated after every lost connection and 5xx, too.
    """
    failures = waits = 0
    while True:
        error: TransportError | APIError
        deadline = (yield Clock()) + policy.REQUEST_DEADLINE
        try:
            answer: Answer = yield call._replace(deadline=deadline)
        except TransportError as lost:
            error, repeatable = lost, not (call.paid and lost.maybe_submitted)
        else:
            if 200 <= answer.status < 300:
                return _json(answer, call.paid)
            error = answers.api_error(answer, paid=call.paid)
            repeatable = _repeatable(error, answer, call.paid)
        if isinstance(error, RateLimitError) and waits < patience:
            waits += 1
        else:
            failures += 1
        if not repeatable or failures >= retry.attempts:
            raise error
        pause = retry.pause(failures + waits, error.retry_after if isinstance(error, APIError) else None)
        logger.info("request failed (%s); again in %.1f s", type(error).__name__, pause)
        yield Sleep(pause)


def _repeatable(error: APIError, answer: Answer, paid: bool) -> bool:
    if isinstance(error, RateLimitError):
        return True
    return answers.sheds_load(answer) if paid else isinstance(error, ServerError)


def _json(answer: Answer, paid: bool) -> Any:
    value = answers.parse_json(answer)
    if not isinstance(value, dict):
        raise TransportError(f"HTTP {answer.status}, but the answer is no JSON object", maybe_submitted=paid)
    return value


def submit(url: str, body: Streamed, retry: Retry, hosts: Hosts, patience: int = 0) -> Flow[dict[str, Any]]:
    """Create a task; returns the answer, which has an ``id``, and a ``polling_url`` unless a webhook was asked for.

    Raises:
        UntrustedURLError: the task was created, yet may not be polled; the error carries its id and URL.
    """
    answer = yield from request(Call("POST", url, body, paid=True), retry, patience)
    task_id, polling_url = answer.get("id"), answer.get("polling_url")
    if not isinstance(task_id, str) or not task_id:
        raise TransportError("the submit was accepted, but its answer has no id", maybe_submitted=True)
    if not isinstance(polling_url, str):
        return {**answer, "polling_url": None}
    with owned(task_id, polling_url):
        hosts.check_api(polling_url)
    return dict(answer)


def look(polling_url: str, deadline: float | None = None) -> Flow[Update]:
    """One poll.

    Raises:
        APIError, TransportError: there is no status in the answer, or no answer.
    """
    answer: Answer = yield Call("GET", polling_url, deadline=deadline)
    update = answers.update_of(answers.parse_json(answer))
    if update is not None and (answer.status < 400 or update.ended or update.status in answers.RUNNING):
        return update  # an error's unknown word is no state of the task, as in {"status": "forbidden"}
    if answer.status == 404:  # seen on the wrong host, and for expired tasks
        return Update(answers.NOT_FOUND, None, None, None, {})
    if 200 <= answer.status < 300:
        raise TransportError("the polling answer carries no status")
    raise answers.api_error(answer)


def status(polling_url: str, retry: Retry, hosts: Hosts) -> Flow[Update]:
    """Where the task stands now."""
    hosts.check_api(polling_url)
    for failures in range(1, retry.attempts + 1):
        deadline = (yield Clock()) + policy.REQUEST_DEADLINE
        try:
            return (yield from look(polling_url, deadline))
        except (APIError, TransportError) as error:
            if failures == retry.attempts or not _passing(error):
                raise
            yield Sleep(retry.pause(failures, getattr(error, "retry_after", None)))
    raise AssertionError("the last attempt returns or raises")


def _passing(error: BFLError) -> bool:
    """True for a failed poll that may succeed when repeated."""
    return isinstance(error, (TransportError, ServerError, RateLimitError))


class Following:
    """One task being followed to its end: what was seen so far, and so what to do next."""

    def __init__(self, task_id: str, age: float, poll: Poll, retry: Retry) -> None:
        self.task_id, self.age, self.poll, self.retry = task_id, age, poll, retry
        self.polls = self.failures = self.not_found = 0
        self.known = age > policy.NOT_FOUND_AGE
        self._logged: set[str] = set()

    def pause_after(self, update: Update, waited: float) -> float:
        """Seconds until the next poll after an answer; raises the error of a task that ended badly."""
        self.failures = 0
        self.not_found += update.status == answers.NOT_FOUND
        self.known = self.known or update.status != answers.NOT_FOUND
        error = answers.task_error(update)
        early = not self.known and self.not_found < policy.NOT_FOUND_GRACE
        if error and not (early and isinstance(error, TaskNotFound)):
            raise error
        known = answers.RUNNING | {answers.READY, answers.NOT_FOUND}
        if update.status not in known | self._logged and len(self._logged) < 10:
            self._logged.add(update.status)
            logger.warning("unknown status %r is taken for still running", shorten(update.status, 60))
        return self.poll.pause(self.age + waited, self._jitter())

    def pause_after_failure(self, error: APIError | TransportError) -> float:
        """Seconds until the next poll after a failed one; raises what no repetition can cure."""
        self.failures += 1
        if not _passing(error) or self.failures >= policy.POLL_FAILURES:
            raise error
        return self.retry.pause(self.failures, getattr(error, "retry_after", None))

    def _jitter(self) -> float:
        """0 to 1, spread over tasks and polls, yet the same in every run: tests can tell what comes."""
        self.polls += 1
        digest = hashlib.blake2b(f"{self.task_id} {self.polls}".encode(errors="replace"), digest_size=4).digest()
        return int.from_bytes(digest, "big") / 0xFFFFFFFF


def follow(
    following: Following, polling_url: str, timeout: float, hosts: Hosts, on_update: Callable[[Update], object] | None
) -> Flow[Update]:
    """Poll until the task is ready, within one deadline for requests, repeats and sleeps; returns the last update.

    Raises:
        TaskError: the task ended otherwise, or not within `timeout` seconds (TaskTimeout).
    """
    hosts.check_api(polling_url)
    started: float = yield Clock()
    deadline = started + timeout
    seen = ""
    now = started
    while now < deadline:
        try:
            update = yield from look(polling_url, deadline)
        except (APIError, TransportError) as error:
            if (yield Clock()) >= deadline:
                break
            pause = following.pause_after_failure(error)
        else:
            seen = update.status
            if on_update is not None:
                on_update(update)
            now = yield Clock()
            pause = following.pause_after(update, now - started)
            if update.status == answers.READY:
                return update
        now = yield Clock()
        yield Sleep(max(min(pause, deadline - now), 0.0))
        now = yield Clock()
    raise TaskTimeout(
        f"not ready after {timeout:g} s (last status: {shorten(seen, 60) or 'none'}); it may still finish: wait() "
        "again, or resume it later with its id and polling URL",
        status=seen,
    )
