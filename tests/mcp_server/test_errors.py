"""Errors as a model gets them: the remedy that helps, in the words of the tools, and the paid task."""

from __future__ import annotations

from typing import Any

import pytest
from bfl_client import errors
from bfl_client.errors import BFLError, ConstraintError, Remedy, Violation
from bfl_client.tasks import Handle
from bfl_mcp import refusals
from bfl_mcp.refusals import Refused


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (errors.InsufficientCreditsError(402), "add credits"),
        (errors.AuthenticationError(403), "BFL_API_KEY"),
        (errors.RateLimitError(429), "wait until other tasks have ended"),
        (errors.ServerError(500), "try again later"),
        (errors.NotFoundError(404), "try again later"),
        (errors.InvalidRequestError(422), "describe_endpoint"),
        (errors.ServerError(500, maybe_submitted=True), "may have been carried out and paid for"),
        (errors.TransportError("cut", maybe_submitted=True), "may have been carried out and paid for"),
        (errors.TransportError("cut"), "try again later"),
        (errors.TaskTimeout("not ready"), "task with this id and the action wait"),
        (errors.DownloadError("cut"), "task with this id and the action fetch"),
        (errors.RequestModerated("refused"), "do not send it again unchanged"),
        (errors.ContentModerated("refused"), "seed"),
        (errors.GenerationFailed("failed"), "submitting once more"),
        (errors.TaskNotFound("unknown"), "too old"),
        (errors.UntrustedURLError("elsewhere"), ""),
        (errors.TransportError("no proxy", Remedy("…", "proxy", variable="HTTPS_PROXY")), "correct HTTPS_PROXY"),
        (errors.ConfigurationError("no extra", Remedy("…", "install", extra="mcp")), "bfl-client[mcp]"),
        (errors.BFLError("something", Remedy("do this", "an action of tomorrow")), "do this"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_each_error_has_its_remedy(error: BFLError, remedy: str) -> None:
    """What helps depends on the error: pay, wait, correct, fetch later, or ask first what became of it."""
    found = refusals.facts_of(error)
    assert found["kind"] == type(error).__name__
    assert found["message"] == error.message
    assert remedy in found["remedy"]
    assert bool(found["remedy"]) == bool(remedy)
    assert "{" not in found["remedy"]


def test_the_task_of_an_error_is_told() -> None:
    """An error after a paid submit has the task's id among its facts and in its text; one before it has neither."""
    error = errors.DownloadError("cut", task_id="a-task", polling_url="https://api.bfl.ai/v1/get_result?id=1")
    found = refusals.facts_of(error)
    assert found["task_id"] == "a-task"
    assert "polling_url" not in found
    lines = refusals.in_lines(found, str).splitlines()
    assert lines[0] == "cut"
    assert lines[-1] == "Task: a-task"
    assert "fetch" in lines[1]
    assert "Task" not in refusals.in_lines(refusals.facts_of(errors.DownloadError("cut")), str)


def test_a_bug_tells_the_task_that_was_paid() -> None:
    """If something unforeseen happens after a submit, the error names the task, and not what happened."""
    bug = LookupError("bfl_0123456789abcdef")
    bug.handle = Handle.of({"id": "a-task", "polling_url": None}, None)  # type: ignore[attr-defined]
    found = refusals.facts_of(bug)
    assert (found["kind"], found["message"], found["task_id"]) == ("internal", "LookupError", "a-task")
    assert refusals.facts_of(LookupError())["task_id"] is None


def test_what_is_refused_here_is_told_as_it_is() -> None:
    """A refusal of this server keeps its kind, its remedy and its task."""
    found = refusals.facts_of(Refused("budget", "too much", "ask for less", "a-task"))
    assert found == {"kind": "budget", "message": "too much", "remedy": "ask for less", "task_id": "a-task"}
    assert refusals.in_lines(refusals.facts_of(Refused("budget", "too much")), str) == "too much"


def test_every_violation_is_told_with_its_remedy() -> None:
    """Each violation of a request is a line, with the parameter, the value and what to do in the words of the tools."""
    violations = [
        Violation("promt", "", "unknown parameter", Remedy("…", "unknown-parameter", nearest="prompt")),
        Violation("image_promt", "", "was renamed", Remedy("…", "rename", name="image_prompt")),
        Violation("width", "7", "must be at least 64"),
    ]
    found = refusals.facts_of(ConstraintError("flux-dev", violations))
    assert "flux-dev" in found["message"]
    assert "describe_endpoint" in found["remedy"]
    expected = [
        "promt: unknown parameter; did you mean 'prompt'? describe_endpoint lists the parameters",
        "image_promt: was renamed; rename it to image_prompt",
        "width: must be at least 64 (got 7)",
    ]
    assert found["violations"] == expected
    assert refusals.in_lines(found, str).splitlines()[1:4] == [f"- {each}" for each in expected]


def test_an_unknown_endpoint_has_the_list_as_remedy() -> None:
    """Whoever names an unknown endpoint is told the nearest one and the tool that lists them, not to describe it."""
    unknown = Violation("endpoint", "flux", "unknown endpoint", Remedy("…", "endpoints", nearest="flux-dev"))
    found = refusals.facts_of(ConstraintError("flux", [unknown]))
    assert "list_endpoints" in found["remedy"]
    assert "describe_endpoint" not in found["remedy"]
    (said,) = found["violations"]
    assert "did you mean 'flux-dev'?" in said


def test_secrets_are_taken_out_of_the_whole_text() -> None:
    """The text of an error is redacted as a whole, its violations, its remedy and its task included."""
    facts: dict[str, Any] = {"message": "secret", "violations": ["secret"], "remedy": "secret", "task_id": "secret"}
    assert "secret" not in refusals.in_lines(facts, lambda text: text.replace("secret", "…"))
