"""The flows, step by step: what is asked for, with which deadline, after which pause; nothing but data."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Sequence
from typing import Any

import pytest
from bfl_client import answers, errors, flows, policy
from bfl_client.auth import Hosts
from bfl_client.flows import Following, Part, Receipt, Rules, Submission
from bfl_client.policy import Poll, Retry
from bfl_client.steps import Answer, Call, Clock, Fetch, Fetched, Flow, Sleep

from .conftest import POLLING_URL, SAMPLE
from .test_downloads import OTHER

HOSTS = Hosts("https://api.bfl.ai")
RETRY = Retry(attempts=3, initial=1, factor=2, ceiling=60)
BEGAN = 1000.0
GONE = errors.TransportError("gone")


class Talk:
    """A flow driven by hand.

    Attributes:
        asked: the steps, but for looks at the clock; `now` moves on by what was slept.
    """

    def __init__(self, flow: Flow[Any], outcomes: Sequence[Any]) -> None:
        self.flow, self.outcomes, self.now = flow, list(outcomes), BEGAN
        self.asked: list[Any] = []

    def end(self) -> Any:
        """What the flow returns; it must have used every outcome."""
        value: Any = None
        while True:
            try:
                step = self.flow.throw(value) if isinstance(value, Exception) else self.flow.send(value)
            except StopIteration as stop:
                assert not self.outcomes
                return stop.value
            value = self.now if isinstance(step, Clock) else None
            if isinstance(step, Sleep):
                self.now += step.seconds
            if not isinstance(step, Clock):
                self.asked.append(step)
            if isinstance(step, Call | Fetch):
                value = self.outcomes.pop(0)
                value = value(step) if callable(value) else value

    def fails(self, kind: type[errors.BFLError]) -> Any:
        """The error with which it ends, of exactly this class."""
        with pytest.raises(kind) as caught:
            self.end()
        assert type(caught.value) is kind
        assert not self.outcomes
        return caught.value

    @property
    def pauses(self) -> list[float]:
        return [step.seconds for step in self.asked if isinstance(step, Sleep)]

    @property
    def deadlines(self) -> list[float]:
        """Of each request, seconds after its start."""
        now, found = BEGAN, []
        for step in self.asked:
            if isinstance(step, Sleep):
                now += step.seconds
            else:
                found.append(step.deadline - now)
        return found


def answer(code: int = 200, headers: dict[str, str] | None = None, /, **content: Any) -> Answer:
    return Answer(code, headers or {}, json.dumps(content).encode())


def ready(url: str = SAMPLE, status: str = "Ready") -> Answer:
    return answer(id="task-1", status=status, result={"sample": url, "draft_cache": OTHER})


BUSY = answer(503, {"retry-after": "7"}, detail="overloaded")


# One request


def test_a_request_that_costs_nothing_is_repeated_after_every_failure_that_may_pass() -> None:
    """A free request is made `attempts` times in all, each with its own deadline; pauses obey Retry-After."""
    talk = Talk(flows.request(Call("GET", "u"), RETRY), [BUSY, GONE, answer(value=1)])
    assert talk.end() == {"value": 1}
    assert talk.pauses == [7, 2]
    assert talk.deadlines == [policy.REQUEST_DEADLINE] * 3
    assert Talk(flows.request(Call("GET", "u"), RETRY), [BUSY] * 3).fails(errors.ServerError).status_code == 503
    assert Talk(flows.request(Call("GET", "u"), RETRY), [answer(400)]).fails(errors.InvalidRequestError)


@pytest.mark.parametrize("status", [300, 302, 199])
def test_only_a_2xx_is_a_success(status: int) -> None:
    """A JSON object with any other HTTP status is an APIError, to a paid request too."""
    call = Call("POST", "u", paid=True)
    assert Talk(flows.request(call, RETRY), [answer(status, id="x")]).fails(errors.APIError).status_code == status
    assert Talk(flows.request(call, RETRY), [answer(299, id="x")]).end() == {"id": "x"}


def test_patience_waits_out_429_and_nothing_else() -> None:
    """As many 429 as the patience says come on top of the attempts; pauses go on growing; a 503 is an attempt."""
    call, full = Call("POST", "u", paid=True), answer(429, detail="full")
    shed = answer(503, detail="shedding")
    talk = Talk(flows.request(call, RETRY, 3), [full, full, shed, full, full, answer(id="x")])
    talk.end()
    assert talk.pauses == [1, 2, 4, 8, 16]
    Talk(flows.request(call, RETRY, 3), [full] * 6).fails(errors.RateLimitError)
    Talk(flows.request(call, RETRY, 3), [shed] * 3).fails(errors.ServerError)


def test_what_is_no_json_object_names_its_status() -> None:
    """A 2xx that is not a JSON object is an error that says so; a paid request may then have been carried out."""
    for paid in (True, False):
        error = Talk(flows.request(Call("GET", "u", paid=paid), RETRY), [Answer(201, {}, b"[]")]).fails(
            errors.TransportError
        )
        assert error.message == "HTTP 201, but the answer is not a JSON object"
        assert error.maybe_submitted is paid


# Submitting


def submission(**more: Any) -> Submission:
    return Submission("some-endpoint", "https://api.bfl.ai/v1/some-endpoint", None, {}, True, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("url", [7, None, ["x"]])
def test_a_polling_url_that_is_no_text_is_none(url: Any) -> None:
    """A submit whose answer has an id but no usable polling URL gives a handle without one."""
    handle = Receipt(submission()).handle({"id": "task-1", "polling_url": url})
    assert (handle.id, handle.polling_url, handle.endpoint) == ("task-1", None, "some-endpoint")


def test_an_answer_without_a_new_id_says_why_it_is_no_task() -> None:
    """No id, and the id of an earlier task, are each told apart; both may have been paid for."""
    receipt = Receipt(submission())
    with pytest.raises(errors.TransportError) as caught:
        receipt.handle({"id": ""})
    assert caught.value.message == "the submit was accepted, but its answer has no id"
    assert caught.value.maybe_submitted
    receipt.handle({"id": "task-1"})
    with pytest.raises(errors.TransportError) as caught:
        Receipt(receipt._submission).handle({"id": "task-1"})
    assert caught.value.message == "the submit was answered with the id of an earlier task"
    assert caught.value.maybe_submitted


@pytest.mark.parametrize(("status", "notes"), [(200, 1), (299, 1), (300, 0), (199, 0), (429, 0), (500, 1)])
def test_an_interrupted_submit_says_whether_its_answer_may_have_been_a_task(status: int, notes: int) -> None:
    """An exception after an unusable answer gets a note if a task may have been created, and none if not."""
    receipt, interruption = Receipt(submission()), KeyboardInterrupt()
    receipt.answer = Answer(status, {}, b"{}")
    receipt.write_on(interruption)
    assert len(getattr(interruption, "__notes__", [])) == notes
    assert not hasattr(interruption, "handle")


def test_the_note_on_an_interruption_names_the_task_and_the_way_to_resume_it() -> None:
    """Any exception but ours gets the handle and one note, with the id shortened; a second task adds nothing."""
    receipt, interruption = Receipt(submission()), KeyboardInterrupt()
    receipt.answer = answer(id="t" * 99, polling_url=POLLING_URL)
    receipt.write_on(interruption)
    (note,) = interruption.__notes__
    shown = "t" * 59 + "…"
    assert note == (
        f"task {shown} was submitted and continues: resume it with Task.from_dict(error.handle.to_dict(), client)"
    )
    assert interruption.handle.id == "t" * 99  # type: ignore[attr-defined]


# Polling


def test_one_look_at_a_task_is_repeated_like_a_free_request() -> None:
    """status() makes `attempts` polls in all, each with its deadline, and pauses as long as the service asks."""
    rules = Rules(HOSTS, Poll(), RETRY)
    talk = Talk(flows.status("task-1", POLLING_URL, rules), [BUSY, GONE, ready()])
    assert talk.end().status == "Ready"
    assert talk.pauses == [7, 2]
    assert talk.deadlines == [policy.REQUEST_DEADLINE] * 3
    Talk(flows.status("task-1", POLLING_URL, rules), [BUSY] * 3).fails(errors.ServerError)
    Talk(flows.status("task-1", POLLING_URL, rules), [answer(422)]).fails(errors.InvalidRequestError)


def test_a_polling_url_elsewhere_is_not_asked() -> None:
    """A look, a wait and the renewal of a file's URL each refuse a polling URL that may not get the key."""
    elsewhere = "https://bfl.example/v1/get_result?id=task-1"
    look = Talk(flows.status("task-1", elsewhere, Rules(HOSTS, Poll(), RETRY)), [])
    wait = Talk(flows.follow(Following("task-1", 0.0, Poll(), RETRY), elsewhere, 60.0, HOSTS, None), [])
    renewal, _ = download([arrived(b"", 403)], polling_url=elsewhere)
    for talk in (look, wait, renewal):
        talk.fails(errors.UntrustedURLError)
        assert elsewhere not in [step.url for step in talk.asked]


def test_a_failed_poll_pauses_as_long_as_the_service_asks() -> None:
    """The pause after a failed poll grows with the failures in a row, and is at least Retry-After."""
    following = Following("task-1", 0.0, Poll(), RETRY)
    error = errors.ServerError(503, "overloaded", retry_after=9.0)
    assert [following.pause_after_failure(each) for each in (GONE, error, GONE)] == [1, 9, 4]


def test_polls_share_the_deadline_of_the_wait() -> None:
    """Every poll of a wait has the wait's own deadline, and the last sleep ends at it."""
    following = Following("task-1", 0.0, Poll(floor=4, ceiling=4), RETRY)
    pending = ready(status="Pending")
    talk = Talk(flows.follow(following, POLLING_URL, 6.0, HOSTS, None), [pending, pending])
    error = talk.fails(errors.TaskTimeout)
    assert {step.deadline for step in talk.asked if isinstance(step, Call)} == {BEGAN + 6}
    assert talk.now == BEGAN + 6
    assert error.message == "not ready after 6 s (last status: Pending)"
    assert error.status == "Pending"


def test_a_wait_without_an_answer_says_so() -> None:
    """A deadline that passes while polls fail gives TaskTimeout without a last status."""

    def late(step: Call) -> Exception:
        talk.now += 100
        return GONE

    following = Following("task-1", 0.0, Poll(), RETRY)
    following.failures = policy.POLL_FAILURES - 1  # one more in time, and the wait would end with its error
    talk = Talk(flows.follow(following, POLLING_URL, 6.0, HOSTS, None), [late])
    assert talk.fails(errors.TaskTimeout).message == "not ready after 6 s (last status: none)"


def test_the_pause_after_a_slow_failure_ends_with_the_wait() -> None:
    """Of the pause after a failed poll, the time that the poll took is no part of what is left of the wait."""

    def late(step: Call) -> Exception:
        talk.now += 5.5
        return GONE

    talk = Talk(flows.follow(Following("task-1", 0.0, Poll(), RETRY), POLLING_URL, 6.0, HOSTS, None), [late])
    talk.fails(errors.TaskTimeout)
    assert talk.pauses == [0.5]


# Downloads


def part(name: str = "sample", polling_url: str | None = POLLING_URL) -> Part:
    return Part(name, SAMPLE, "task-1", polling_url, 1000)


def arrived(content: bytes, status: int = 200, error: str | None = None, **headers: str) -> Any:
    """A transfer: it adds to the sink and says how far it got."""

    def fetched(step: Fetch) -> Fetched:
        step.sink.write(content)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Fetched(status, named, step.sink.tell(), error)

    return fetched


def download(outcomes: Sequence[Any], **more: Any) -> tuple[Talk, io.BytesIO]:
    sink = io.BytesIO()
    return Talk(flows.download(sink, part(**more), RETRY, HOSTS), outcomes), sink


def test_every_transfer_has_the_deadline_of_the_download() -> None:
    """Broken transfers are repeated `attempts` times in all within one deadline, after pauses that obey Retry-After."""
    talk, sink = download(
        [
            GONE,
            arrived(b"fo", error="broken off", retry_after="7", etag='"a"'),
            arrived(b"x", 206, content_range="bytes 2-2/3"),
        ]
    )
    assert talk.end().size == 3
    assert sink.getvalue() == b"fox"
    assert talk.pauses == [1, 7]
    assert {step.deadline for step in talk.asked if isinstance(step, Fetch)} == {BEGAN + policy.DOWNLOAD_DEADLINE}
    assert {(step.url, step.limit) for step in talk.asked if isinstance(step, Fetch)} == {(SAMPLE, 1000)}


def test_a_transfer_that_fails_again_and_again_ends_with_its_last_reason() -> None:
    """After `attempts` failures the download is an error that names the last of them."""
    talk, _ = download([arrived(b"x", error="first"), arrived(b"x", error="second"), GONE])
    assert talk.fails(errors.DownloadError).message == "the download failed: gone"
    assert talk.pauses == [1, 2]


def test_no_transfer_begins_after_the_deadline() -> None:
    """A transfer that fails at or after the deadline is the last; a pause is trimmed to it."""

    def late(step: Fetch) -> Fetched:
        talk.now = step.deadline or 0
        return Fetched(500, {}, 0)

    talk, _ = download([late])
    assert talk.fails(errors.DownloadError).message == "the download failed: HTTP 500"

    def nearly(step: Fetch) -> Fetched:
        talk.now = (step.deadline or 0) - 0.25
        return Fetched(500, {}, 0)

    talk, _ = download([nearly, arrived(b"x")])
    talk.end()
    assert talk.pauses == [0.25]


REPEATED = {0, 200, 206, 408, 416, 429, 500, 502, 599}


@pytest.mark.parametrize("status", [*sorted(REPEATED), 201, 207, 400, 402, 405, 409, 415, 417, 418, 430, 451, 499])
def test_which_failed_transfers_are_repeated(status: int) -> None:
    """A transfer is repeated after a status that may pass, and ends the download after any other."""
    failed = arrived(b"", status, error="it broke off" if status in (200, 206) else None)
    talk, _ = download([failed, arrived(b"fox")] if status in REPEATED else [failed])
    if status in REPEATED:
        assert talk.end().size == 3
    else:
        assert talk.fails(errors.DownloadError).message == f"the download failed: HTTP {status}"


def _neither(kind: str) -> str:
    return f"the answer is {kind}, neither a picture nor a video"


PROBLEMS: list[tuple[Fetched, str | None]] = [
    (Fetched(200, {}, 3), None),
    (Fetched(200, {}, 0), "the answer is empty"),
    (Fetched(200, {"content-length": "3"}, 3), None),
    (Fetched(200, {"content-length": "4"}, 3), "3 of 4 bytes arrived"),
    (Fetched(200, {"content-length": "1234"}, 2000), "2,000 of 1,234 bytes arrived"),
    (Fetched(200, {"content-length": "four"}, 3), None),
    (Fetched(200, {"content-length": "9" * 19}, 3), f"3 of {int('9' * 19):,} bytes arrived"),
    (Fetched(200, {"content-length": "9" * 20}, 3), None),
    (Fetched(200, {"content-range": "bytes 0-3/4"}, 3), None),
    (Fetched(206, {"content-range": "bytes 2-3/4"}, 4), None),
    (Fetched(206, {"content-range": "bytes 2-3/4"}, 3), "3 of 4 bytes arrived"),
    (Fetched(206, {"content-range": "bytes 2-3/*"}, 4), None),
    (Fetched(206, {"content-range": "bytes 2-3/*"}, 3), "3 of 4 bytes arrived"),
    (Fetched(206, {"content-range": "bytes 2-x/*"}, 3), None),
    (Fetched(206, {"content-range": f"bytes 2-{'9' * 19}/*"}, 3), f"3 of {int('9' * 19) + 1:,} bytes arrived"),
    (Fetched(206, {"content-range": f"bytes 2-{'9' * 20}/*"}, 3), None),
    (Fetched(206, {"content-length": "2"}, 3), None),
    (Fetched(206, {}, 3), None),
    (Fetched(201, {}, 3), "HTTP 201"),
    (Fetched(200, {"content-type": "image/png"}, 3), None),
    (Fetched(200, {"content-type": "application/octet-stream"}, 3), None),
    (Fetched(200, {"content-type": "Text/HTML; charset=utf-8"}, 3), _neither("text/html")),
    (Fetched(200, {"content-type": "application/problem+json"}, 3), _neither("application/problem+json")),
    (Fetched(200, {"content-type": "application/xml"}, 3), _neither("application/xml")),
    (Fetched(200, {"content-type": "text/" + "x" * 99}, 3), _neither("text/" + "x" * 54 + "…")),
]  # fmt: skip


@pytest.mark.parametrize(("fetched", "problem"), PROBLEMS)
def test_when_a_transfer_is_complete(fetched: Fetched, problem: str | None) -> None:
    """A finished transfer is complete if its status, kind and length say so; else the reason names what is wrong."""
    assert flows._incomplete(fetched) == problem


def test_what_is_complete_but_wrong_is_thrown_away() -> None:
    """A page in place of the picture leaves not one byte in the sink when the next transfer begins."""
    talk, sink = download([arrived(b"<html>", content_type="text/html"), arrived(b"fox")])
    talk.end()
    assert sink.getvalue() == b"fox"


# A new URL


@pytest.mark.parametrize("status", [403, 404, 410])
@pytest.mark.parametrize("name", ["sample", "draft_cache"])
def test_an_expired_url_is_renewed_once(status: int, name: str) -> None:
    """An expired URL is asked for by one poll, within the download's deadline; a second time it is an error."""
    fresh = ready("https://delivery-eu4.bfl.ai/fresh.png")
    expected = OTHER if name == "draft_cache" else "https://delivery-eu4.bfl.ai/fresh.png"
    talk, sink = download([arrived(b"old", status), fresh, arrived(b"fox")], name=name)
    talk.end()
    assert [step.url for step in talk.asked] == [SAMPLE, POLLING_URL, expected]
    assert {step.deadline for step in talk.asked} == {BEGAN + policy.DOWNLOAD_DEADLINE}
    assert sink.getvalue() == b"fox"
    talk, _ = download([arrived(b"", status), fresh, arrived(b"", status)], name=name)
    error = talk.fails(errors.DownloadError)
    assert (error.message, error.expired) == (f"the URL has expired (HTTP {status}); it lasts only minutes", True)


def test_a_result_that_was_never_polled_cannot_be_renewed() -> None:
    """Without a polling URL an expired URL is an error at once."""
    talk, _ = download([arrived(b"", 403)], polling_url=None)
    error = talk.fails(errors.DownloadError)
    assert (error.message, error.expired) == ("the URL has expired (HTTP 403); it lasts only minutes", True)


NO_NEW = "the URL has expired, and polling the task again returned no new one"


@pytest.mark.parametrize("status", ["Pending", "Error", "Content Moderated"])
def test_only_a_ready_task_renews_a_url(status: str) -> None:
    """A poll that says anything but Ready brings no URL, even with one in it, and is not repeated."""
    talk, _ = download([arrived(b"", 403), ready("https://delivery-eu4.bfl.ai/fresh.png", status)])
    error = talk.fails(errors.DownloadError)
    assert (error.message, error.expired) == (NO_NEW, True)
    assert talk.pauses == []


def test_polls_for_a_new_url_are_repeated_like_others() -> None:
    """A failed or doubtful poll is repeated, `attempts` in all; then the URL has expired, or the failure leaves."""
    missing = answer(id="task-1", status="Task not found")
    talk, _ = download([arrived(b"", 403), GONE, missing, ready(OTHER), arrived(b"fox")])
    talk.end()
    assert talk.pauses == [1, 2]
    talk, _ = download([arrived(b"", 403), missing, missing, missing])
    assert talk.fails(errors.DownloadError).message == NO_NEW
    assert talk.pauses == [1, 2]
    talk, _ = download([arrived(b"", 403), GONE, GONE, GONE])
    talk.fails(errors.TransportError)
    talk, _ = download([arrived(b"", 403), answer(422)])
    talk.fails(errors.InvalidRequestError)


# One look


def look(found: Answer) -> Talk:
    return Talk(flows.look("task-1", POLLING_URL, 5.0), [found])


def test_a_look_is_one_get_within_the_deadline() -> None:
    """A poll is a GET of the polling URL as it is, with the deadline it was given."""
    talk = look(ready())
    assert talk.end().status == "Ready"
    assert talk.asked == [Call("GET", POLLING_URL, deadline=5.0)]


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (answer(id="task-2", status="Pending"), "the polling answer is about another task"),
        (answer(), "the polling answer contains no status"),
        (answer(299), "the polling answer contains no status"),
        (answer(status=""), "the polling answer contains no status"),
        (answer(status=None, state="Pending"), "the polling answer contains no status"),
    ],
)
def test_an_answer_without_a_status_of_this_task_says_so(found: Answer, message: str) -> None:
    """An answer about another task, and one without a status, are told apart."""
    assert look(found).fails(errors.TransportError).message == message


def test_an_unknown_status_counts_only_in_a_success() -> None:
    """A word that no status of a task has is a status up to HTTP 399; in an error answer it is the error."""
    assert look(answer(399, status="Simmering")).end().status == "Simmering"
    look(answer(400, status="forbidden")).fails(errors.InvalidRequestError)
    for known in ("Pending", "Reasoning", "Generating", "Queued", "Uploading", "Processing", "Error", "Failed"):
        assert look(answer(503, status=known)).end().status == known
    look(answer(300)).fails(errors.APIError)
    assert look(answer(503, status="Generating")).end().status == "Generating"


def test_doubt_ends_at_thirty_seconds_exactly() -> None:
    """A doubtful answer is believed at the fifth poll once 30 seconds have passed since the first, at any age."""
    doubtful = answers.update_of({"status": "Task not found"})
    assert doubtful is not None
    for begins in (0.0, 100.0):
        following = Following("task-1", 0.0, Poll(), RETRY)
        for waited in (0.0, 1.0, 2.0, 3.0, 29.99):
            following.pause_after(doubtful, begins + waited)
        with pytest.raises(errors.TaskNotFound):
            following.pause_after(doubtful, begins + 30.0)


def test_a_repeated_request_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each repeat leaves one line: the class of the error and the pause."""
    with caplog.at_level(logging.INFO, "bfl_client"):
        Talk(flows.request(Call("GET", "u"), RETRY), [BUSY, answer()]).end()
    assert [record.getMessage() for record in caplog.records] == ["request failed (ServerError); repeated in 7.0 s"]


def test_without_patience_a_429_is_an_attempt() -> None:
    """Nobody who does not ask for patience waits out more than the usual attempts."""
    Talk(flows.request(Call("POST", "u", paid=True), RETRY), [answer(429)] * 3).fails(errors.RateLimitError)


def test_ten_unknown_statuses_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    """Each unknown status leaves one line with at most 60 characters of it, and the eleventh leaves none."""
    following = Following("task-1", 0.0, Poll(), RETRY)
    for number in range(12):
        update = answers.update_of({"status": f"{number:02} " + "s" * 99})
        assert update is not None
        following.pause_after(update, 1.0)
    shown = [record.getMessage() for record in caplog.records]
    assert shown == [f"unknown status '{n:02} {'s' * 56}…': treated as still running" for n in range(10)]


def test_a_timeout_shows_60_characters_of_the_last_status() -> None:
    """However long the last status was, the message of a timeout stays short."""
    pending = ready(status="s" * 99)
    talk = Talk(flows.follow(Following("t", 0.0, Poll(), RETRY), POLLING_URL, 0.1, HOSTS, None), [pending])
    talk.outcomes = [answer(status="s" * 99)]
    assert talk.fails(errors.TaskTimeout).message == f"not ready after 0.1 s (last status: {'s' * 59}…)"


def test_jitter_spreads_the_polls() -> None:
    """The jitter of a thousand polls lies in 0..1, is spread evenly, and is the same in every run."""
    first, second = Following("task-1", 0.0, Poll(), RETRY), Following("task-1", 0.0, Poll(), RETRY)
    found = [first._jitter() for _ in range(1000)]
    assert found == [second._jitter() for _ in range(1000)]
    assert len(set(found)) == 1000
    assert 0 <= min(found) < 0.01
    assert 0.99 < max(found) <= 1
    assert abs(sum(found) / 1000 - 0.5) < 0.03


def test_a_rest_of_a_file_of_another_length_is_another_file() -> None:
    """A rest with the same ETag that makes the file longer than it was said to be is thrown away."""
    whole = arrived(b"fox", content_type="image/png")
    talk, sink = download(
        [
            arrived(b"fo", error="broken off", etag='"a"', content_length="3"),
            arrived(b"xy", 206, etag='"a"', content_range="bytes 2-3/4"),
            whole,
        ]
    )
    talk.end()
    assert sink.getvalue() == b"fox"
    assert [step.validator for step in talk.asked if isinstance(step, Fetch)] == ["", '"a"', '"a"']


def test_a_page_without_a_type_is_no_picture_whatever_its_length() -> None:
    """Text is not taken for a picture where the answer names its length and no type."""
    talk, _ = download([arrived(b"<html>", content_length="6")] * 3)
    said = "the download failed: the answer is text, neither a picture nor a video"
    assert talk.fails(errors.DownloadError).message == said


@pytest.mark.parametrize("headers", [{}, {"content_length": "12"}, {"content_type": "image/png"}])
def test_half_a_picture_is_no_picture_unless_length_and_type_are_right(headers: Any) -> None:
    """Where an answer does not say its length and that it is a picture, the file must be seen to be whole."""
    talk, _ = download([arrived(b"\x89PNG\r\n\x1a\nhalf", **headers)] * 3)
    assert talk.fails(errors.DownloadError).message == "the download failed: the file is truncated"
