"""How a command ends: the documented exit codes, and which error leads to which."""

from __future__ import annotations

from typing import Any, NamedTuple


class Exit(NamedTuple):
    """One exit code."""

    code: int
    meaning: str
    remedy: str = ""
    """What to do about it, where the message itself does not say."""


EXITS: dict[str, Exit] = {
    "ok": Exit(0, "It worked."),
    "internal": Exit(1, "A mistake in bfl itself.", "please report it with what --debug adds"),
    "usage": Exit(2, "The command line cannot be understood."),
    "constraint": Exit(
        3,
        "The request is refused: before it is sent, or by the service as invalid (400, 422).",
        "bfl describe ENDPOINT",
    ),
    "configuration": Exit(4, "No key, an unusable setting, an unknown task, or an extra that is not installed."),
    "auth": Exit(5, "The service refuses the key (401, 403).", "bfl auth status shows which key is used"),
    "credits": Exit(6, "Too few credits (402).", "add credits; bfl credits shows what is left"),
    "moderated": Exit(7, "Moderation refused the request or its result.", "change the prompt, or the picture sent"),
    "failed": Exit(8, "The service failed, knows no such thing, or is too busy (404, 429, 5xx).", "try again later"),
    "timeout": Exit(9, "The task is not ready in time; it goes on."),
    "network": Exit(
        10,
        "No connection, a broken one, or a URL that is not trusted.",
        "check the network, the proxy and BFL_BASE_URL",
    ),
    "output": Exit(11, "A file or standard output cannot be read or written."),
    "interrupted": Exit(130, "Ended by Ctrl-C or SIGTERM; a task that was submitted goes on."),
    "pipe": Exit(141, "The reader of standard output went away; nothing is said about it."),
}
"""Name -> exit code. The names stand in the errors of ``--json``."""

_REMEDIES = {
    "NotFoundError": "",
    "TaskNotFound": "it may live on another host, or be too old; see bfl tasks",
    "GenerationFailed": "generate it once more",
    "RateLimitError": "wait for other tasks to end",
    "UntrustedURLError": "see whether BFL_BASE_URL is the host that the task was submitted to",
}
"""Class of error -> remedy, where that of its exit code would not help."""

_UNCERTAIN = "it may have been carried out, and paid: look at bfl credits before you repeat it"


class Problem(Exception):
    """What ends a command, as a person or a script is told.

    Attributes:
        kind: a name of `EXITS`.
        message: what happened.
        remedy: what to do, or empty.
        facts: more for ``--json``.
    """

    def __init__(self, kind: str, message: str, remedy: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.kind, self.message, self.remedy, self.facts = kind, message, remedy, facts

    @property
    def exit(self) -> Exit:
        """The exit code with its meaning."""
        return EXITS[self.kind]

    def to_dict(self) -> dict[str, Any]:
        """The error as ``--json`` tells it."""
        told = {"kind": self.kind, "exit_code": self.exit.code, "message": self.message, "remedy": self.remedy}
        return {"error": {**told, **{name: fact for name, fact in self.facts.items() if fact is not None}}}


def problem_of(error: BaseException) -> Problem:
    """The problem that an exception stands for."""
    from bfl_client.errors import BFLError

    if isinstance(error, Problem):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Problem("interrupted", "interrupted")
    if isinstance(error, BFLError):
        return _of_ours(error)
    if isinstance(error, OSError):
        name = error.filename if isinstance(error.filename, str) else "a file"
        return Problem("output", f"{name}: {error.strerror or error}")
    return Problem("internal", f"{type(error).__name__}: {error}", EXITS["internal"].remedy)


def _of_ours(error: Any) -> Problem:
    from bfl_client import errors

    kind = _kind(error)
    facts = {"task_id": error.task_id, "status_code": getattr(error, "status_code", None)}
    message, remedy = str(error), _REMEDIES.get(type(error).__name__, EXITS[kind].remedy)
    if isinstance(error, errors.ConstraintError):
        return _refusal(error)
    if isinstance(error, errors.TaskTimeout):
        message = message.partition("; it may still finish")[0]
    if getattr(error, "maybe_submitted", False):
        message, remedy = message.partition("; it may have")[0], _UNCERTAIN
        facts["maybe_submitted"] = True
    if isinstance(error, errors.RequestModerated | errors.ContentModerated):
        facts["status"] = error.status
    return Problem(kind, message, remedy, **facts)


def _kind(error: Any) -> str:
    from bfl_client import errors

    if isinstance(error, errors.DownloadError):
        return "output" if isinstance(error.__cause__, OSError) else "network"
    kinds: tuple[tuple[str, tuple[type[BaseException], ...]], ...] = (
        ("constraint", (errors.ConstraintError, errors.InvalidRequestError)),
        ("auth", (errors.AuthenticationError,)),
        ("credits", (errors.InsufficientCreditsError,)),
        ("moderated", (errors.RequestModerated, errors.ContentModerated)),
        ("timeout", (errors.TaskTimeout,)),
        ("failed", (errors.TaskError, errors.APIError)),
        ("network", (errors.TransportError, errors.UntrustedURLError)),
    )
    return next((kind for kind, classes in kinds if isinstance(error, classes)), "configuration")


def _refusal(error: Any) -> Problem:
    """A refusal in the words of the command line, which has no Path(…) and no extra={…}."""
    import re

    def said(message: str) -> str:
        message = re.sub(r"bytes or an open binary file; for a file on disk pass ", "or a file: ", message)
        message = re.sub(r"Path\((['\"])(.*?)\1\)", r"@\2", message)
        return message.replace("extra={…} sends it as it is", "--no-validate sends it as it is")

    found = [violation._replace(message=said(violation.message)) for violation in error.violations]
    lines = "".join(f"\n  {violation}" for violation in found)
    violations = [violation._asdict() for violation in found]
    message = f"{error.endpoint} refuses this request; nothing was sent:{lines}"
    return Problem("constraint", message, f"bfl describe {error.endpoint}", violations=violations)
