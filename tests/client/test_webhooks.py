"""Webhook deliveries: verified, read, and never anything but an update or a WebhookError."""

from __future__ import annotations

import hashlib
import hmac
import json
from email.message import Message
from typing import Any

import numpy
import pytest
from bfl_client import WebhookError, webhooks
from hypothesis import given
from hypothesis import strategies as st

SECRET = "s3cret of the hook ✓"
BODY = json.dumps({"id": "task-1", "status": "Ready", "result": {"sample": "https://x/y"}}).encode()


def signature(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.mark.parametrize("name", ["X-Webhook-Secret", "x-webhook-secret", "X-WEBHOOK-SECRET"])
def test_the_right_secret_gives_the_update(name: str) -> None:
    """A delivery with the secret in its header is the update it carries, whatever the header's case."""
    update = webhooks.parse(BODY, {name: SECRET}, SECRET)
    assert (update.status, update.result["sample"], update.ended) == ("Ready", "https://x/y", True)


def test_a_signature_is_checked_when_asked_for() -> None:
    """With form="hmac" the signature of the raw body decides, and the plain secret does not."""
    assert webhooks.parse(BODY, {"X-BFL-Signature": signature(BODY)}, SECRET, form="hmac").status == "Ready"
    for headers in ({"X-BFL-Signature": signature(BODY + b" ")}, {"X-Webhook-Secret": SECRET}):
        with pytest.raises(WebhookError):
            webhooks.parse(BODY, headers, SECRET, form="hmac")


@pytest.mark.parametrize(
    ("headers", "secret"), [({}, SECRET), ({"X-Webhook-Secret": ""}, SECRET), ({"X-Webhook-Secret": ""}, "")]
)
def test_a_wrong_secret_is_refused_unseen(headers: dict[str, str], secret: str) -> None:
    """A missing, wrong or empty secret is a WebhookError that does not show the secret."""
    with pytest.raises(WebhookError) as caught:
        webhooks.parse(BODY, headers, secret)
    assert SECRET not in str(caught.value)


def test_nothing_is_taken_unverified_unless_asked_for() -> None:
    """Only form="unverified" reads an update without verifying it; a secret that is missing never verifies."""
    assert webhooks.parse(BODY, {}, None, form="unverified").status == "Ready"
    for form in ("secret", "hmac"):
        with pytest.raises(WebhookError):
            webhooks.parse(BODY, {}, None, form=form)


@given(
    st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()),
    st.none()
    | st.lists(st.tuples(st.text(), st.text()))
    | st.dictionaries(st.sampled_from(["X-Webhook-Secret", "X-BFL-Signature", "a"]), st.text(max_size=20)),
    st.none() | st.text(max_size=20),
    st.sampled_from(["secret", "hmac", "unverified", "other"]),
)
def test_any_delivery_is_an_update_or_an_error(body: bytes, headers: Any, secret: Any, form: Any) -> None:
    """Whatever bytes and headers come, parse gives an update or a WebhookError."""
    try:
        update = webhooks.parse(body, headers, secret, form=form)
    except WebhookError as error:
        assert len(str(error)) < 200
    else:
        assert update.status


@pytest.mark.parametrize("decoding", ["latin-1", "utf-8"])
def test_secret_beyond_ascii_verifies_however_the_server_decoded_the_header(decoding: str) -> None:
    """A secret that was sent as UTF-8 verifies where the framework reads headers as Latin-1, and where as UTF-8."""
    headers = {"X-Webhook-Secret": "schlüssel".encode().decode(decoding)}
    assert webhooks.parse(b'{"status": "Ready"}', headers, "schlüssel").status == "Ready"


def test_headers_of_the_standard_library_are_taken() -> None:
    """The headers that http.server gives, which are not a Mapping, are read like others."""
    headers: Any = Message()
    headers["X-Webhook-Secret"] = "secret"
    assert webhooks.parse(b'{"status": "Ready"}', headers, "secret").status == "Ready"


def test_a_number_of_thousands_of_digits_loses_no_delivery() -> None:
    """A delivery is read also where it has numbers that Python's own parser refuses."""
    body = b'{"status": "Ready", "x": ' + b"9" * 5000 + b"}"
    assert webhooks.parse(body, {}, None, form="unverified").ended


def test_a_form_that_is_no_text_is_refused() -> None:
    """A form of a type that cannot be compared is a WebhookError."""
    with pytest.raises(WebhookError):
        webhooks.parse(BODY, {}, SECRET, form=numpy.zeros(2))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_a_delivery_beyond_the_limit_is_not_read(kind: Any) -> None:
    """However well it verifies, a delivery of more bytes than the limit is refused; one of as many is read."""
    room = webhooks.BODY_LIMIT - len(BODY)
    webhooks.parse(kind(BODY + b" " * room), {"x-webhook-secret": SECRET}, SECRET)
    with pytest.raises(WebhookError, match="too long"):
        webhooks.parse(kind(BODY + b" " * (room + 1)), {"x-webhook-secret": SECRET}, SECRET)


def test_a_delivery_is_admitted_by_its_headers() -> None:
    """Before the body is there, the secret must be right, or a signature be there; else only what is asked for."""
    webhooks.admit({"X-Webhook-Secret": SECRET}, SECRET, "secret")
    webhooks.admit({"X-BFL-Signature": "sha256=unknown yet"}, SECRET, "hmac")
    webhooks.admit({}, None, "unverified")
    for headers, form in (({"X-Webhook-Secret": "other"}, "secret"), ({"X-Webhook-Secret": SECRET}, "hmac")):
        with pytest.raises(WebhookError):
            webhooks.admit(headers, SECRET, form)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"status": ""}', b'{"status": 5}', b"Ready", b"\xff"])
def test_a_delivery_that_is_no_update_is_refused(body: bytes) -> None:
    """What is nested without end, has no status or is no JSON is a WebhookError, though nothing is verified."""
    with pytest.raises(WebhookError):
        webhooks.parse(body, {}, None, form="unverified")


@pytest.mark.parametrize("value", [[SECRET], SECRET.encode(), None])
def test_a_header_that_is_no_text_is_none(value: Any) -> None:
    """A header that a framework gives in another form than a text is as good as missing."""
    with pytest.raises(WebhookError, match="has no header"):
        webhooks.parse(BODY, {"X-Webhook-Secret": value}, SECRET)
