"""What an answer means: functions from bytes to values and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bfl_client import answers, errors
from bfl_client.steps import Answer
from hypothesis import assume, given
from hypothesis import strategies as st

headers = st.dictionaries(st.sampled_from(["retry-after", "date", "content-encoding"]), st.text(max_size=70))


json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["detail", "status"]), inner),
    max_leaves=10,
)


@given(st.integers(100, 599), headers, st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
def test_any_answer_becomes_one_of_our_errors(status: int, headers: dict[str, str], content: bytes) -> None:
    """Whatever a server sends, api_error makes an APIError of it, with a short message."""
    error = answers.api_error(Answer(status, headers, content), paid=True)
    assert error.status_code == status
    assert len(str(error)) < 400
    assert error.retry_after is None or 0 <= error.retry_after <= 3600


@given(json_values)
def test_any_json_is_an_update_or_none(value: Any) -> None:
    """Whatever JSON a poll brings, it is an update with a status, or none."""
    update = answers.update_of(value)
    said = value.get("status", value.get("state")) if isinstance(value, dict) else None
    assert (update is not None) == (isinstance(said, str) and said != "")
    if update is not None:
        answers.task_error(update)
        assert update.status
        assert update.cost is None or isinstance(update.cost, float)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7), ("0", 0), ("1.5", 1.5), ("99999", 3600), ("-1", None), ("soon", None), ("", None), ("٣", None),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30), ("Wed, 21 Oct 2026 07:00:00 GMT", 0), ("1e9999", None),
        ("Thu, 22 Oct 2026 07:28:00 GMT", 3600),
    ],
)  # fmt: skip
def test_retry_after(text: str, seconds: float | None) -> None:
    """Digits are seconds, dates count from the answer's own Date, and the rest is ignored; all is clamped."""
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert answers.retry_after({"retry-after": text, "date": date}) == seconds


def test_an_echoed_picture_is_not_in_the_message() -> None:
    """A 422 that echoes a whole picture keeps it in detail, and out of the message."""
    detail = [{"loc": ["body", "image"], "msg": "invalid image", "input": "A" * 200_000}]
    error = answers.api_error(Answer(422, {}, json.dumps({"detail": detail}).encode()))
    assert str(error) == "HTTP 422: image: invalid image"
    assert error.detail == detail


def test_a_bomb_is_not_inflated() -> None:
    """A compressed answer yields no more than the limit."""
    import zlib

    content, whole = answers.inflate(zlib.compress(b"0" * 10_000_000), "gzip", 1000)
    assert (len(content), whole) == (1000, False)


@pytest.mark.parametrize(
    ("detail", "kind"), [("Invalid API key format", errors.AuthenticationError), ("x", errors.InvalidRequestError)]
)
def test_a_malformed_key_is_an_error_of_the_key(detail: str, kind: type[errors.APIError]) -> None:
    """The 422 with which the service refuses a malformed key is an AuthenticationError; other ones are not."""
    assert type(answers.api_error(Answer(422, {}, json.dumps({"detail": detail}).encode()))) is kind


def _api_error(status: int, content: object, whole: bool = True, **headers: str) -> errors.APIError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return answers.api_error(Answer(status, named, json.dumps(content).encode(), whole))


@pytest.mark.parametrize("key", ["detail", "details"])
def test_what_the_service_says_is_in_the_error(key: str) -> None:
    """The text under `detail`, or under `details`, is the error's detail; `detail` wins."""
    assert _api_error(400, {key: "too big"}).detail == "too big"
    assert _api_error(400, {"details": "other", "detail": "too big"}).detail == "too big"
    assert _api_error(400, ["too big"]).detail is None


def test_an_answer_that_was_cut_is_said_to_be_too_long() -> None:
    """A cut answer's detail says so; a whole one without detail has none."""
    assert _api_error(400, {"detail": "cut"}, whole=False).detail == "the answer was too long to be read"
    assert _api_error(400, {}).detail is None
    assert _api_error(400, {"detail": "whole"}).detail == "whole"


def test_only_a_server_error_to_a_paid_request_may_have_been_carried_out() -> None:
    """An error says that it may have been paid for after a 5xx to a paid request that does not shed load."""

    def maybe(status: int, text: bytes = b"", **more: bool) -> bool:
        return answers.api_error(Answer(status, {}, text), **more).maybe_submitted

    assert maybe(500, paid=True)
    assert maybe(503, paid=True)
    assert not maybe(500)
    assert not maybe(499, paid=True)
    assert not maybe(503, b"it sheds load", paid=True)


@pytest.mark.parametrize(
    ("text", "sheds"),
    [
        (b"temporarily shedding requests", True), (b"We SHED load", True), (b"it sheds", True),
        (b"Over Capacity", True), (b"a wooden shedder", False), (b"sheddings", False), (b"", False),
        (b"x" * 4090 + b" shed ", True), (b"x" * 4096 + b" shed ", False), (b"x" * 4093 + b" shed ", False),
    ],
)  # fmt: skip
def test_when_an_answer_sheds_load(text: bytes, sheds: bool) -> None:
    """A 503 sheds load if its first 4,096 bytes say so in whole words; no other status does."""
    assert answers.sheds_load(Answer(503, {}, text)) is sheds
    assert not answers.sheds_load(Answer(502, {}, text))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "Wed, 21 Oct 2026 07:28:30 +0000", "date": "Wed, 21 Oct 2026 07:28:00"}, 30),
        ({"retry-after": "Wed, 21 Oct 2026 09:28:30 +0200", "date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2020 07:28:30"}, 0.0),
        ({"retry-after": "21 10 2026"}, None),
        ({}, None),
        ({"retry-after": "1" + " " * 99}, 1),
        ({"retry-after": "0" * 63 + "7"}, 7),
        ({"retry-after": "0" * 64 + "7"}, 0),
    ],
)
def test_retry_after_reads_dates_of_every_kind(headers: dict[str, str], seconds: float | None) -> None:
    """A date without a zone is UTC; without a Date of the answer's own, the clock counts; 64 characters are read."""
    assert answers.retry_after(headers) == seconds


@pytest.mark.parametrize(
    ("details", "reasons"),
    [
        ({"Moderation Reasons": ["hat", "boots"], "by": "us"}, "Moderation Reasons: hat, boots; by: us"),
        ({str(number): number for number in range(6)}, "0: 0; 1: 1; 2: 2; 3: 3; 4: 4"),
        ({"why": "boots"}, "why: boots"),
        ("just a text", "just a text"),
        (["a", "list"], "a; list"),
    ],
)
def test_the_reasons_of_a_failed_task_are_in_its_message(details: object, reasons: str) -> None:
    """Up to five reasons follow the status, lists joined by commas."""
    update = answers.update_of({"status": "Error", "details": details})
    assert update is not None
    error = answers.task_error(update)
    assert error is not None
    assert error.message == f"Error: {reasons}"


@pytest.mark.parametrize("sample", [7, None, ["x"]])
def test_a_ready_task_without_a_sample_says_so(sample: object) -> None:
    """Ready without a sample URL is a failure that names the sample, with what the answer cost."""
    update = answers.update_of({"status": "Ready", "result": {"sample": sample}, "cost": 3})
    assert update is not None
    error = answers.task_error(update)
    assert error is not None
    assert (error.message, error.status, error.cost) == (
        "the task is Ready, but its answer has no sample URL", "Ready", 3.0,
    )  # fmt: skip
    with pytest.raises(errors.DownloadError) as caught:
        update.part("draft_cache")
    assert caught.value.message == "the result has no draft_cache"


def test_reprs_are_short_and_hold_no_url() -> None:
    """The repr of an update and of a handle has 60 characters of a text at most, and no URL."""
    update = answers.update_of({"status": "s" * 99, "progress": 0.5, "result": {"sample": "https://x?sig=1"}})
    assert repr(update) == f"Update(status='{'s' * 59}…', progress=0.5)"
    handle = answers.Handle.of({"id": "t" * 99, "polling_url": "https://x?sig=1"}, "some-endpoint")
    assert repr(handle) == f"Handle(id='{'t' * 59}…', endpoint='some-endpoint')"


def test_a_handle_keeps_its_moment() -> None:
    """A moment with a zone is kept as it is, one without is UTC, and what is no handle names what to keep."""
    at = {"id": "x", "polling_url": None, "submitted_at": "2026-10-21T07:28:00+02:00"}
    assert answers.Handle.from_dict(at).submitted_at.isoformat() == "2026-10-21T07:28:00+02:00"
    at["submitted_at"] = "2026-10-21T07:28:00"
    assert answers.Handle.from_dict(at).submitted_at.isoformat() == "2026-10-21T07:28:00+00:00"
    at["submitted_at"] = "yesterday"
    with pytest.raises(errors.ConfigurationError) as caught:
        answers.Handle.from_dict(at)
    assert (caught.value.message, caught.value.remedy.action) == ("this is not a task handle", "handle")


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", " GZIP "])
def test_each_usual_encoding_is_inflated(encoding: str) -> None:
    """gzip and deflate are inflated by any of their names; anything else is nothing, and not whole."""
    import gzip
    import zlib

    pack = zlib.compress if encoding == "deflate" else gzip.compress
    assert answers.inflate(pack(b"fox"), encoding, 100) == (b"fox", True)
    assert answers.inflate(pack(b"fox")[:-5], encoding, 100)[1] is False
    assert answers.inflate(b"no archive", encoding, 100) == (b"", False)
    assert answers.inflate(pack(b"fox"), "br", 100) == (b"", False)


def test_an_update_keeps_what_the_answer_says() -> None:
    """Status (under either key), progress, details and preview are those of the answer."""
    said = {"progress": 0.5, "details": {"a": 1}, "preview": {"b": 2}, "cost": 3}
    for key in ("status", "state"):
        update = answers.update_of({key: "Pending", **said})
        assert update is not None
        assert update[:4] == ("Pending", 0.5, {"a": 1}, {"b": 2})
        assert (update.raw[key], update.cost) == ("Pending", 3.0)
    both = answers.update_of({"status": "Ready", "state": "Pending"})
    assert both is not None
    assert both.status == "Ready"


@pytest.mark.parametrize("status", ["Error", "Ready"])
def test_the_error_of_a_task_keeps_its_details(status: str) -> None:
    """A task that ended without a result raises an error with details and cost; without details it is the status."""
    update = answers.update_of({"status": status, "details": {"why": "boots"}, "cost": 2})
    assert update is not None
    error = answers.task_error(update)
    assert error is not None
    assert (error.details, error.cost, error.status) == ({"why": "boots"}, 2.0, status)
    plain = answers.update_of({"status": "Error"})
    assert plain is not None
    error = answers.task_error(plain)
    assert error is not None
    assert error.message == "Error"


def test_numbers_at_the_edge() -> None:
    """Numbers up to 1e300 are numbers, and integers of a hundred digits and more are read as floats."""
    assert answers.number(1e300) is answers.number(-1e300) is None
    assert answers.number(-9.9e299) == -9.9e299
    for digits, kind in ((99, int), (100, float)):
        value = answers.parse_json(Answer(200, {}, b"1" * digits))
        assert type(value) is kind
    assert answers.parse_json(Answer(200, {}, b'"\xed\xa0\x80"')) == "\ud800"


def test_a_handle_that_is_none_says_so() -> None:
    """An answer whose id is no text, or an endpoint that is none, is refused in these words."""
    for answer, endpoint in (({"id": 7}, None), ({"id": "x", "polling_url": 7}, None), ({"id": "x"}, 7)):
        with pytest.raises(errors.ConfigurationError) as caught:
            answers.Handle.of(answer, endpoint)  # type: ignore[arg-type]
        assert caught.value.message == "a task's id, polling_url and endpoint must be strings"


KEY = "bfl_test_key_never_to_be_seen"


def written(text: str, way: str) -> bytes:
    """A JSON text in a way that hides what it says from a search for bytes."""
    if way == "escaped":
        return text.encode().replace(b"bfl_", b"\\u0062fl_")
    return text.encode({"plain": "utf-8"}.get(way, way))


@pytest.mark.parametrize("way", ["plain", "escaped", "utf-16", "utf-16-be", "utf-32"])
@given(st.recursive(st.text() | st.just(KEY), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_the_key_is_taken_out_however_it_is_written(way: str, value: Any) -> None:
    """After `without` no text of an answer contains the key, whatever the encoding, and all else is as it was."""
    whole = {"id": "task-1", "detail": [f"echo {KEY}!", value], KEY: 1}
    content = written(json.dumps(whole, ensure_ascii=True), way)
    found = answers.parse_json(Answer(200, {}, answers.without(content, KEY)))
    assert KEY not in json.dumps(found)
    assert json.dumps(found) == json.dumps(whole).replace(KEY, answers.HIDDEN)


def _escapes(character: str) -> list[str]:
    """The ways in which JSON, HTML and URLs can write a character of the key."""
    number = ord(character)
    return [character, f"\\u{number:04x}", f"\\u{number:04X}", f"&#{number};", f"&#x{number:X};", f"%{number:02x}"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-le", "utf-16-be"])
@given(st.text(), st.text(), st.tuples(*map(st.sampled_from, map(_escapes, KEY))))
def test_the_key_is_taken_out_of_what_is_not_json(encoding: str, before: str, after: str, key: tuple[str, ...]) -> None:
    """A page, broken JSON or lines of JSON lose the key, too, character by character escaped or not."""
    page = f"<p>{before}</p> {''.join(key)} {after}"
    assume(KEY not in page.replace("".join(key), ""))
    found = answers.without(page.encode(encoding, "surrogatepass"), KEY)
    assert found.decode(encoding, "surrogatepass") == page.replace("".join(key), answers.HIDDEN)


def test_the_key_is_taken_out_of_bytes_of_two_encodings() -> None:
    """A key in UTF-16 in the middle of other bytes is found."""
    found = answers.without(b"\xff plain " + KEY.encode("utf-16-le") + b" \xfe", KEY)
    assert found == b"\xff plain " + answers.HIDDEN.encode("utf-16-le") + b" \xfe"


@given(st.binary())
def test_taking_the_key_out_of_anything_else_changes_nothing(content: bytes) -> None:
    """An answer without the key is left as it is, byte by byte, JSON or not."""
    assert answers.without(content, KEY) == content


@pytest.mark.parametrize(
    ("status", "detail", "kind"),
    [
        (422, "Invalid API key format", errors.AuthenticationError),
        (422, "the prompt is too long", errors.InvalidRequestError),
        (400, "Invalid API key format", errors.InvalidRequestError),
        (422, [{"msg": "Invalid API key format"}], errors.InvalidRequestError),
        (500, "x", errors.ServerError),
        (499, "x", errors.APIError),
    ],
)
def test_a_refusal_has_the_kind_of_its_status(status: int, detail: Any, kind: type[errors.APIError]) -> None:
    """A 422 about the key is an AuthenticationError; other kinds follow from the status alone."""
    assert type(answers.api_error(Answer(status, {}, json.dumps({"detail": detail}).encode()))) is kind


def test_a_wait_that_is_asked_for_is_read_from_its_first_64_characters() -> None:
    """A longer Retry-After is cut after 64 characters, and what is left of it is read."""
    assert answers.retry_after({"retry-after": "0" * 63 + "7" + "9"}) == 7


def test_an_integer_beyond_floats_is_infinite_or_large_but_read() -> None:
    """An integer of thousands of digits is read as its first 305."""
    assert answers.parse_json(Answer(200, {}, b"1" * 5000)) == float("1" * 305)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Error", errors.GenerationFailed),
        ("Failed", errors.GenerationFailed),
        ("No Card Generated", errors.GenerationFailed),
        ("Request Moderated", errors.RequestModerated),
        ("Content Moderated", errors.ContentModerated),
        ("Task not found", errors.TaskNotFound),
        ("Pending", None),
        ("Simmering", None),
    ],
)
def test_which_statuses_end_a_task(status: str, kind: type[errors.TaskError] | None) -> None:
    """Each way in which a task ends badly has its error, which says the status, the details and the cost."""
    update = answers.update_of({"id": "task-1", "status": status, "details": "why", "cost": 0})
    assert update is not None
    assert update.ended == (kind is not None)
    error = answers.task_error(update)
    assert type(error) is (kind or type(None))
    if error is not None:
        assert (error.status, error.details, error.cost) == (status, "why", 0)
        assert error.message == f"{status}: why"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32-be"])
def test_json_is_read_in_every_encoding_that_it_may_have(encoding: str) -> None:
    """An answer in any of the encodings of Unicode is read, as JSON allows."""
    content = '{"id": "f\u00f6x"}'.encode(encoding)
    assert answers.parse_json(Answer(200, {}, content)) == {"id": "f\u00f6x"}


def test_a_key_with_escaped_characters_is_taken_out() -> None:
    """A key is found in JSON that escapes what need not be escaped, such as a slash, and after escaped backslashes."""
    for written in (r"bfl\/key\/1", r"\\bfl\/key/1", "bfl/key/1", "bfl%2Fkey&#x2f;1"):
        found = answers.without(f'{{"echo": "{written}"}}'.encode(), "bfl/key/1")
        assert answers.HIDDEN.encode() in found
        assert b"key/1" not in found.replace(b"\\", b"")
