"""What an answer means: functions from bytes to values and errors."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bfl_client import answers, errors
from bfl_client.steps import Answer
from hypothesis import given
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
    if update is not None:
        answers.task_error(update)
        assert update.status
        assert update.cost is None or isinstance(update.cost, float)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7), ("0", 0), ("1.5", 1.5), ("99999", 3600), ("-1", None), ("soon", None), ("", None), ("٣", None),
        ("Wed, 21 Oct 2026 07:28:30 GMT", 30), ("Wed, 21 Oct 2026 07:00:00 GMT", 0), ("1e9999", None),
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
