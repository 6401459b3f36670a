"""The errors: one tree, what they say and what they carry."""

from __future__ import annotations

import copy
import pickle
from functools import partial
from typing import Any

import httpx
import pytest
from bfl_client import BFLError, errors
from bfl_client.errors import Remedy, Violation

from .conftest import NAME, POLLING_URL, SAMPLE, World, state, submit


def test_every_error_is_in_the_drawn_tree() -> None:
    """The tree in the docstring of errors names every error class, and no other."""
    drawn = {word for word in (errors.__doc__ or "").split() if word[0].isupper() and hasattr(errors, word)}
    kinds = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, BFLError)}
    assert {word for word in drawn if isinstance(getattr(errors, word), type)} == kinds


def test_a_message_says_what_happened_and_a_remedy_what_to_do() -> None:
    """str() of an error is its message, then "; " and its remedy if there is one; the message alone has no remedy."""
    error = BFLError("it broke", Remedy("mend it", "mend", part="leg"))
    assert (str(error), error.message) == ("it broke; mend it", "it broke")
    assert (error.remedy, error.remedy.action, error.remedy.facts) == ("mend it", "mend", {"part": "leg"})
    plain = BFLError("it broke")
    assert (str(plain), plain.remedy, plain.remedy.action, plain.remedy.facts) == ("it broke", "", "", {})
    assert not plain.remedy
    silent = BFLError("it broke", Remedy("", "base-url"))
    assert (str(silent), silent.remedy.action) == ("it broke", "base-url")


@pytest.mark.parametrize(
    "error", [errors.TransportError, lambda *words, **facts: errors.APIError(500, *words, **facts)]
)
def test_what_may_be_paid_has_its_remedy(error: Any) -> None:
    """maybe_submitted brings the remedy check-credits, outside the message; without it there is none."""
    uncertain, certain = error("no answer", maybe_submitted=True), error("no answer")
    assert uncertain.message == certain.message == str(certain)
    assert (uncertain.remedy.action, certain.remedy.action) == ("check-credits", "")
    assert str(uncertain) == f"{uncertain.message}; {uncertain.remedy}"


@pytest.mark.parametrize(
    "kind",
    [
        partial(errors.AuthenticationError, 403),
        partial(errors.InsufficientCreditsError, 402),
        partial(errors.RateLimitError, 429),
        partial(errors.ServerError, 503),
        errors.RequestModerated,
        errors.ContentModerated,
        errors.GenerationFailed,
        errors.TaskNotFound,
    ],
)
def test_what_the_service_refuses_has_a_remedy_of_its_own(kind: Any) -> None:
    """Each refusal that a user can do something about says what, unless it may have been paid all the same."""
    error = kind("no")
    assert error.remedy.action
    assert str(error) == f"{error.message}; {error.remedy}"
    assert kind("no", maybe_submitted=True).remedy.action == "check-credits"


def test_a_violation_is_one_line() -> None:
    """str() of a violation is its field, message, remedy and value; text() puts other words for the remedy."""
    violation = Violation("width", "'1'", "must be even", Remedy("add one", "add"))
    assert str(violation) == "width: must be even; add one (got '1')"
    assert violation.text("subtract one") == "width: must be even; subtract one (got '1')"
    assert violation.text("") == "width: must be even (got '1')"
    assert str(Violation("", "", "cannot be read")) == "request: cannot be read"


def test_a_refused_request_lists_its_violations() -> None:
    """str() of a ConstraintError has a line for each violation; its message has none of them."""
    violations = [Violation("a", "1", "is odd", Remedy("add one")), Violation("b", "", "is required")]
    error = errors.ConstraintError(NAME, violations)
    assert str(error) == f"{error.message}:\n  a: is odd; add one (got 1)\n  b: is required"
    assert "odd" not in error.message
    assert error.violations == tuple(violations)


def test_errors_travel() -> None:
    """All errors can be copied and pickled, and keep what they carry."""
    api = errors.InvalidRequestError(422, [{"loc": ["a"], "msg": "bad"}], retry_after=3)
    api.task_id = "task-1"
    constraint = errors.ConstraintError(NAME, [Violation("a", "b", "c")])
    timeout = errors.TaskTimeout("x", Remedy("wait", "wait-again", seconds=3), status="Pending")
    for error in (api, constraint, timeout, errors.DownloadError("x", expired=True)):
        for back in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error)):
            assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))
            assert vars(back.remedy) == vars(error.remedy)


def test_urls_in_messages_show_their_host_only() -> None:
    """A detail that echoes a signed or polling URL keeps it out of the message."""
    error = errors.APIError(400, f"cannot read {SAMPLE} nor https://user:pw@host.example/x?y")
    assert "https://delivery-eu4.bfl.ai/…" in str(error)
    assert "sig=" not in str(error)
    assert "pw" not in str(error)


def test_a_shown_url_keeps_its_whole_host() -> None:
    """A URL in a message shows its host to the last letter, with or without a path behind it, and nothing else."""
    assert errors.shorten("https://api.bfl.ai") == "https://api.bfl.ai/…"
    assert errors.shorten("https://user:word@api.bfl.ai/v1?sig=x") == "https://api.bfl.ai/…"


def test_a_hostile_status_is_printable_in_the_message(world: World) -> None:
    """A status with control characters stays out of the terminal."""
    world.script = [state("\x1b[31m\nFAKE" + "x" * 900)]
    with pytest.raises(errors.TaskTimeout) as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL).wait(timeout=2))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_deeply_nested_details_do_not_break_messages(world: World) -> None:
    """A detail nested as deep as it still parses is an APIError, not a RecursionError."""
    for depth in range(900, 1000, 3):
        world.script = [httpx.Response(400, content=b'{"detail":' + b"[" * depth + b"]" * depth + b"}")]
        with pytest.raises(BFLError):
            submit(world)


def test_a_notebook_shows_a_refusal_in_few_lines() -> None:
    """What IPython asks of a ConstraintError is its message, a line for each violation, and no traceback."""
    error = errors.ConstraintError("some-endpoint", [Violation("width", "7", "must be at least 64")])
    assert error._render_traceback_() == [
        "ConstraintError: some-endpoint refuses this request; nothing was sent:",
        "  width: must be at least 64 (got 7)",
    ]


@pytest.mark.parametrize(
    ("detail", "line"),
    [([], "[]"), ({"a": 1}, "{'a': 1}"), ("no", "no"), (None, "no detail given"), ([{"msg": "bad"}], "request: bad")],
)
def test_a_detail_is_one_line_whatever_it_is(detail: Any, line: str) -> None:
    """Lists of reasons are joined; everything else is shown as it is."""
    assert errors.in_a_line(detail) == line


def test_the_services_own_request_id_is_named_before_a_proxys() -> None:
    """Of several ids that an answer gives a request, the one of the service is named to its support."""
    error = errors.APIError(500)
    error.headers = {"cf-ray": "proxy", "x-request-id": "service"}
    assert error.request_id == "service"


def test_a_path_is_shown_in_one_line_as_it_is() -> None:
    """A path keeps bytes that are not UTF-8, by which it can be found, and loses what would move the cursor."""
    assert errors.in_line("f\u00f6x\udcff.png") == "f\u00f6x\udcff.png"
    assert errors.in_line("fox\x1b[2J\n.png") == "fox\ufffd[2J\ufffd.png"


def test_a_long_name_of_an_endpoint_is_cut_in_the_error() -> None:
    """The error of a request names its endpoint with 80 characters at most."""
    error = errors.ConstraintError("x" * 5000, [Violation("width", "1", "is too small")])
    assert error.endpoint == "x" * 79 + "\N{HORIZONTAL ELLIPSIS}"
    assert len(str(error)) < 200
