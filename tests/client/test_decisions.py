"""Functions of data: URLs, headers, answers, policies and handles."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from bfl_client import AsyncClient, BFLError, Client, ConfigurationError, Poll, Retry, Task, answers, errors
from bfl_client.auth import Hosts, is_loopback
from bfl_client.specification import in_words
from bfl_client.steps import Answer
from hypothesis import given
from hypothesis import strategies as st

from .conftest import KEY, NAME, POLLING_URL, model

headers = st.dictionaries(st.sampled_from(["retry-after", "date", "content-encoding"]), st.text(max_size=70))
json_values: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["detail", "status"]), inner),
    max_leaves=10,
)


class TestAnswers:
    @given(st.integers(100, 599), headers, st.binary() | json_values.map(lambda value: json.dumps(value).encode()))
    def test_any_answer_becomes_one_of_our_errors(self, status: int, headers: dict[str, str], content: bytes) -> None:
        """Whatever a server sends, api_error makes an APIError of it, with a short message."""
        error = answers.api_error(Answer(status, headers, content), paid=True)
        assert error.status_code == status
        assert len(str(error)) < 400
        assert error.retry_after is None or 0 <= error.retry_after <= 3600

    @given(json_values)
    def test_any_json_is_an_update_or_none(self, value: Any) -> None:
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
    def test_retry_after(self, text: str, seconds: float | None) -> None:
        """Digits are seconds, dates count from the answer's own Date, and the rest is ignored; all is clamped."""
        date = "Wed, 21 Oct 2026 07:28:00 GMT"
        assert answers.retry_after({"retry-after": text, "date": date}) == seconds

    def test_an_echoed_picture_is_not_in_the_message(self) -> None:
        """A 422 that echoes a whole picture keeps it in detail, and out of the message."""
        detail = [{"loc": ["body", "image"], "msg": "invalid image", "input": "A" * 200_000}]
        error = answers.api_error(Answer(422, {}, json.dumps({"detail": detail}).encode()))
        assert str(error) == "HTTP 422: image: invalid image"
        assert error.detail == detail

    def test_a_shown_url_keeps_its_whole_host(self) -> None:
        """A URL in a message shows its host to the last letter, with or without a path behind it, and nothing else."""
        assert errors.shorten("https://api.bfl.ai") == "https://api.bfl.ai/…"
        assert errors.shorten("https://user:word@api.bfl.ai/v1?sig=x") == "https://api.bfl.ai/…"

    def test_a_bomb_is_not_inflated(self) -> None:
        """A compressed answer yields no more than the limit."""
        import zlib

        content, whole = answers.inflate(zlib.compress(b"0" * 10_000_000), "gzip", 1000)
        assert (len(content), whole) == (1000, False)


class TestHosts:
    @pytest.mark.parametrize(
        "url",
        [
            "https://api.bfl.ai/v1/get_result?id=1",
            "https://api.eu4.bfl.ai/v1/get_result?id=1",
            "https://gateway.bfl.ai/x",
            "https://bfl.ai/x",
            "https://API.BFL.AI/x",
            "https://api.bfl.ai:443/x",
        ],
    )
    def test_api_hosts_are_polled(self, url: str) -> None:
        """https on bfl.ai and its subdomains passes."""
        Hosts("https://api.bfl.ai").check_api(url)

    def test_the_own_origin_is_polled(self) -> None:
        """A proxy's own origin passes, another port or scheme of it does not."""
        hosts = Hosts("https://proxy.example:8443/bfl")
        hosts.check_api("https://proxy.example:8443/bfl/v1/get_result?id=1")
        for url in ("https://proxy.example/x", "http://proxy.example:8443/x"):
            with pytest.raises(errors.UntrustedURLError):
                hosts.check_api(url)
        assert hosts.endpoint("/v1/credits") == "https://proxy.example:8443/bfl/v1/credits"

    def test_loopback_polls_loopback(self) -> None:
        """From a loopback base URL every loopback port may be polled, from a public one none."""
        Hosts("http://127.0.0.1:1").check_api("http://localhost:2/x")
        Hosts("http://[::1]:1").check_sample("http://127.0.0.2:3/x")
        assert is_loopback("127.8.8.8")
        assert not is_loopback("127.0.0.1.example")

    @pytest.mark.parametrize(
        "base",
        ["http://api.bfl.ai", "ftp://x", "api.bfl.ai", "https://", "https://u:p@h", "https://h?q", 7, "https://\x00"],
    )
    def test_a_base_url_that_cannot_be_used_is_a_configuration_error(self, base: Any) -> None:
        """A bad base_url is refused when the client is made."""
        with pytest.raises(ConfigurationError):
            Client(KEY, base)

    @given(st.text() | st.from_regex(r"https?://[^ ]*", fullmatch=True))
    def test_any_text_is_trusted_or_refused(self, url: str) -> None:
        """Whatever a URL looks like, the checks pass or raise UntrustedURLError; nothing else leaves."""
        hosts = Hosts("https://api.bfl.ai")
        for check in (hosts.check_api, hosts.check_sample):
            try:
                check(url)
            except errors.UntrustedURLError as error:
                assert len(str(error)) < 200

    @given(st.from_regex(r"https://[a-z0-9.@:/\\?#-]{0,12}bfl[.]ai[a-z0-9.@:/\\?#-]{0,12}", fullmatch=True))
    def test_what_passes_is_on_bfl_ai(self, url: str) -> None:
        """A URL that passes is requested from bfl.ai or below, whatever tricks it is written with."""
        import httpx

        try:
            Hosts("https://api.bfl.ai").check_api(url)
        except errors.UntrustedURLError:
            return
        host = httpx.Request("GET", url).headers["host"]
        assert host == "bfl.ai" or host.endswith(".bfl.ai")

    def test_region_sets_host_and_bounds(self) -> None:
        """region= chooses the regional host; a base_url of another region contradicts it."""
        assert Client(KEY, region="us").hosts.endpoint("") == "https://api.us.bfl.ai"
        with pytest.raises(ConfigurationError):
            Client(KEY, "https://api.eu.bfl.ai", region="us")
        with pytest.raises(ConfigurationError):
            Client(KEY, region="mars")  # type: ignore[arg-type]


class TestSettings:
    def test_no_key_says_what_to_set(self) -> None:
        """Without a key the error names BFL_API_KEY."""
        with pytest.raises(ConfigurationError, match="BFL_API_KEY"):
            Client()

    def test_key_and_base_url_come_from_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """BFL_API_KEY and BFL_BASE_URL are read when a client is made."""
        monkeypatch.setenv("BFL_API_KEY", KEY)
        monkeypatch.setenv("BFL_BASE_URL", "http://127.0.0.1:9")
        assert Client().hosts.endpoint("") == "http://127.0.0.1:9"

    @pytest.mark.parametrize("key", ["with space", "new\nline", "ключ", " "])
    def test_a_key_that_is_none_is_refused_unseen(self, key: str) -> None:
        """A key with impossible characters is a ConfigurationError that does not show it."""
        with pytest.raises(ConfigurationError) as caught:
            Client(key)
        assert not key.strip() or key not in str(caught.value)

    def test_no_repr_shows_the_key(self) -> None:
        """The key is in no repr of the client and what it holds."""
        client = Client(KEY)
        shown = repr(client) + repr(client.auth) + repr(vars(client)) + repr(client.api) + repr(client.driver)
        assert KEY not in shown

    @pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "1", None, True])
    def test_policies_refuse_nonsense(self, value: Any) -> None:
        """A policy value that is not a positive finite number is a ConfigurationError that names the field."""
        policies: list[dict[str, Any]] = [
            {"poll": Poll(floor=value)},
            {"retry": Retry(initial=value)},
            {"retry": Retry(attempts=value)},
        ]
        for policy in policies:
            with pytest.raises(ConfigurationError, match="floor|initial|attempts"):
                Client(KEY, **policy)

    @given(st.floats(0, 1e9), st.floats(0, 1))
    def test_a_pause_stays_between_floor_and_ceiling(self, age: float, jitter: float) -> None:
        """Whatever the age, the pause is within a tenth of the bounds."""
        assert 0.45 <= Poll().pause(age, jitter) <= 11

    def test_a_closed_client_says_so(self) -> None:
        """A request with a closed client is a ConfigurationError."""
        client = Client(KEY)
        client.close()
        with pytest.raises(ConfigurationError, match="closed"):
            client.submit(NAME, prompt="x")


class TestHandles:
    @pytest.mark.parametrize("kind", [Client, AsyncClient])
    def test_a_handle_survives_json(self, kind: Any) -> None:
        """from_dict of a dumped handle gives an equal handle, and the key is not in it."""
        client = kind(KEY)
        task = client.task("task-1", POLLING_URL, NAME)
        text = json.dumps(task.to_dict())
        assert KEY not in text
        assert type(task).from_dict(json.loads(text), client).to_dict() == task.to_dict()
        assert set(task.to_dict()) == {"id", "polling_url", "endpoint", "submitted_at", "cost"}

    @given(json_values | st.fixed_dictionaries({"id": st.text()}, optional={"submitted_at": json_values}))
    def test_a_broken_handle_is_a_configuration_error(self, handle: Any) -> None:
        """Whatever is taken for a handle, it gives a task or a ConfigurationError."""
        try:
            task = Task.from_dict(handle, Client(KEY))
        except ConfigurationError:
            return
        assert isinstance(task.id, str)
        json.dumps(task.to_dict())

    def test_reprs_hold_no_url(self) -> None:
        """The repr of a task shows id and endpoint, not the polling URL."""
        shown = repr(Client(KEY).task("task-1", POLLING_URL))
        assert "task-1" in shown
        assert POLLING_URL not in shown


def test_copied_models_send_no_unset() -> None:
    """A model that was deep-copied or unpickled sends what the original sends."""
    from bfl_api.endpoints import Endpoints

    original = model()(prompt="x")
    sent: Any = Endpoints(lambda endpoint, body, *, validate=True, extra=None: dict(body))
    for copied in (copy.deepcopy(original), pickle.loads(pickle.dumps(original))):
        assert sent(NAME, copied) == {"prompt": "x"}


def test_every_error_is_in_the_drawn_tree() -> None:
    """The tree in the docstring of errors names every error class, and no other."""
    drawn = {word for word in (errors.__doc__ or "").split() if word[0].isupper() and hasattr(errors, word)}
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, BFLError)}
    assert {word for word in drawn if isinstance(getattr(errors, word), type)} >= kinds


SCHEMAS: list[tuple[dict[str, Any], str]] = [
    (
        {"type": "integer", "minimum": 256.0, "maximum": 1440, "multipleOf": 32},
        "an integer from 256 to 1440, a multiple of 32",
    ),
    (
        {"anyOf": [{"type": "integer", "minimum": 5}, {"const": "auto"}, {"type": "null"}]},
        "an integer of at least 5 or 'auto'",
    ),
    (
        {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1},
        "a list of at least 1 items of which each is one of 1, 2",
    ),
    ({"type": "string", "maxLength": 9}, "a string of at most 9 characters"),
    ({"type": ["string", "null"]}, "a string or null"),
    ({"type": "number", "exclusiveMinimum": 0.5}, "a number above 0.5"),
    ({}, ""),
]


@pytest.mark.parametrize(("schema", "phrase"), SCHEMAS)
def test_schemas_in_words(schema: Any, phrase: str) -> None:
    """A schema's bounds are put in words."""
    assert describe(schema, {}) == phrase
