"""Errors as a model gets them: the cause, what to do next in the words of the tools, and the task's id."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bfl_client import errors
from bfl_client.errors import BFLError, ConstraintError, Remedy, shorten

ACTIONS = {
    "check-key": "the user must give this server a valid key in BFL_API_KEY",
    "add-credits": "the user must add credits to the account",
    "wait-for-others": "wait until other tasks have ended: tasks lists them",
    "later": "try again later",
    "change-input": "change the prompt or the picture; do not send it again unchanged",
    "change-input-or-seed": "change the prompt, the picture or the seed",
    "submit-again": "it is worth submitting once more",
    "other-host": "it may be too old, or on another host",
    "set-key": "the user must set BFL_API_KEY for this server, or run bfl auth login",
    "pass-file": "give the path of a file in an allowed folder, base64, or a URL",
    "ratio": "",
    "unknown-parameter": "describe_endpoint lists the parameters",
    "rename": "rename it to {name}",
    "unchecked": "describe_endpoint shows what is accepted",
    "check-credits": "it may have been carried out and paid for: look at tasks and credits before you repeat it",
    "wait-again": "call task with this id and the action wait",
    "save-again": "call task with this id and the action fetch",
    "handle": "the user must look into it: the service answered with something other than a task",
    "install": 'the user must run pip install "bfl-client[{extra}]"',
    "install-pillow": "the user must run pip install pillow",
    "endpoints": "list_endpoints lists them all",
    "submit": "call submit, which does not wait",
    "other-region": "the user must check that BFL_BASE_URL is the region the task was submitted to",
    "base-url": "the user must check that BFL_BASE_URL is the host the task was submitted to",
    "correct-base-url": "the user must correct BFL_BASE_URL",
    "insecure-base-url": "the user must correct BFL_BASE_URL",
    "proxy": "the user must correct {variable}, or exempt the host in NO_PROXY",
    "certificates": "the user must set SSL_CERT_FILE to the certificates of the network",
    "configure": "the user must correct the server's environment",
}
"""`Remedy.action` -> the remedy in the words of the tools, filled in with `Remedy.facts`."""

_REMEDIES: list[tuple[type[BFLError], str]] = [
    (errors.ConstraintError, "describe_endpoint shows what is accepted"),
    (errors.InvalidRequestError, "describe_endpoint shows what is accepted"),
    (errors.TaskTimeout, "it continues: call task with this id and the action wait"),
    (errors.DownloadError, "call task with this id and the action fetch"),
    (errors.TransportError, "try again later; with a task's id, call task instead of submitting again"),
    (errors.APIError, "try again later"),
]


class Refused(Exception):
    """Something that this server does not do: why, and what to do instead; nothing was paid."""

    def __init__(self, kind: str, message: str, remedy: str = "", task_id: str | None = None) -> None:
        super().__init__(message)
        self.kind, self.message, self.remedy, self.task_id = kind, message, remedy, task_id


def worded(remedy: Remedy) -> str:
    """A remedy of the client in the words of the tools; empty if there is none."""
    nearest = remedy.facts.get("nearest")
    hint = f"did you mean {nearest!r}?" if nearest else ""
    words = ACTIONS[remedy.action].format_map(remedy.facts) if remedy.action in ACTIONS else str(remedy)
    return " ".join(filter(None, [hint, words]))


def facts_of(error: BaseException) -> dict[str, Any]:
    """An exception as plain values: kind, message, remedy, task_id, and violations where there are any."""
    if isinstance(error, Refused):
        return {"kind": error.kind, "message": error.message, "remedy": error.remedy, "task_id": error.task_id}
    if not isinstance(error, BFLError):
        remedy = "please report it, with what the server printed"
        handle = getattr(error, "handle", None)
        task_id = getattr(handle, "id", None)
        return {"kind": "internal", "message": type(error).__name__, "remedy": remedy, "task_id": task_id}
    usual = next((words for kind, words in _REMEDIES if isinstance(error, kind)), "")
    violations = error.violations if isinstance(error, ConstraintError) else ()
    if any(each.field == "endpoint" for each in violations):
        usual = ACTIONS["endpoints"]
    found: dict[str, Any] = {
        "kind": type(error).__name__,
        "message": error.message,
        "remedy": worded(error.remedy) or usual,
        "task_id": error.task_id,
    }
    if isinstance(error, ConstraintError):
        found["violations"] = [each.text(worded(each.remedy)) for each in violations]
    return found


def in_lines(facts: dict[str, Any], redact: Callable[[str], str]) -> str:
    """The text of an error for a model."""
    lines = [facts["message"], *(f"- {each}" for each in facts.get("violations", ()))]
    if facts["remedy"]:
        lines.append(f"What to do: {facts['remedy']}")
    if facts["task_id"]:
        lines.append(f"Task: {shorten(facts['task_id'], 80)}")
    return redact("\n".join(lines))
