"""How a command ends: the documented exit codes, which error leads to which, and what to do next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple


class Exit(NamedTuple):
    """One exit code; `remedy` is what to do about it, if the error itself does not say."""

    code: int
    meaning: str
    remedy: str = ""


EXITS: dict[str, Exit] = {
    "ok": Exit(0, "It worked."),
    "internal": Exit(1, "A bug in bfl.", "please report it, with the output of --debug"),
    "usage": Exit(2, "The command line cannot be understood."),
    "constraint": Exit(
        3, "The request is refused, before it is sent or by the service (400, 422).", "bfl describe ENDPOINT"
    ),
    "configuration": Exit(4, "No key, an unusable setting, an unknown task, or a missing extra."),
    "auth": Exit(5, "The service refuses the key (401, 403)."),
    "credits": Exit(6, "Too few credits (402)."),
    "moderated": Exit(7, "Moderation refused the request or its result."),
    "failed": Exit(8, "The service failed, is too busy, or found nothing (404, 429, 5xx).", "try again later"),
    "timeout": Exit(9, "The task is not ready in time; it continues."),
    "network": Exit(10, "No connection, a broken one, or an untrusted URL.", "check the network and BFL_BASE_URL"),
    "output": Exit(11, "A file or standard output cannot be read or written."),
    "interrupted": Exit(130, "Ended by Ctrl-C, SIGTERM or SIGHUP; a submitted task continues."),
    "pipe": Exit(141, "The reader of standard output went away; nothing is printed about it."),
}
"""Name -> exit code. The names are the ``kind`` of an error with ``--json``."""

_ERRORS = {
    "constraint": ("ConstraintError", "InvalidRequestError"),
    "auth": ("AuthenticationError",),
    "credits": ("InsufficientCreditsError",),
    "moderated": ("RequestModerated", "ContentModerated"),
    "timeout": ("TaskTimeout",),
    "failed": ("TaskError", "APIError"),
    "network": ("TransportError", "UntrustedURLError", "DownloadError"),
}
"""Kind -> classes of errors. Every other error of the client is a configuration problem."""

ACTIONS = {
    "check-key": "bfl auth status shows which key is used",
    "add-credits": "add credits; bfl credits shows what is left",
    "wait-for-others": "wait until other tasks have ended",
    "later": "try again later",
    "change-input": "change the prompt, or the picture sent",
    "change-input-or-seed": "change the prompt, the picture sent or the seed",
    "submit-again": "submit it once more",
    "other-host": "it may be on another host, or too old; see bfl tasks",
    "set-key": "set BFL_API_KEY, or store a key with bfl auth login",
    "pass-file": "for a file write @{path}",
    "ratio": "",
    "each-picture": "--endpoint {endpoint} -p {parameter}=@{{file}} sends each picture",
    "rename": "rename it to {name}",
    "unknown-parameter": "",  # the refusal ends with the way around
    "unchecked": "--no-validate sends it unchecked",
    "check-credits": "it may have been carried out and paid for: check bfl credits before you repeat it",
    "wait-again": "bfl task resumes it",
    "save-again": "bfl task fetches the result again",
    "handle": "give the handle that bfl or Task.to_dict() wrote",
    "install": 'pip install "bfl-client[{extra}]"',
    "install-pillow": "pip install pillow",
    "endpoints": "bfl endpoints lists them all",
    "other-region": "check that BFL_BASE_URL is the region the task was submitted to",
    "base-url": "check that BFL_BASE_URL is the host the task was submitted to",
    "correct-base-url": "correct BFL_BASE_URL, or unset it for the service itself",
    "insecure-base-url": "correct BFL_BASE_URL, or unset it for the service itself",
    "correct-lines": "correct the lines, then run the same command again",
    "correct-or-unchecked": 'correct the lines; "validate": false in a line, or --no-validate, sends it unchecked',
    "unpriced": "--unpriced sends them without counting their price",
    "names-taken": "move them, or choose another folder",
    "database-url": "with --database-url several processes share one batch",
    "proxy": "correct {variable}, or exempt the host in NO_PROXY",
    "certificates": "set SSL_CERT_FILE to the certificates of your network",
    "configure": "write special characters in its user or password percent-encoded, @ as %40",
}
"""`Remedy.action` -> the remedy in the words of the command line, filled in with `Remedy.facts`."""


class Problem(Exception):
    """An error that ends a command; `kind` is a name of `EXITS`, `facts` are for ``--json``."""

    def __init__(self, kind: str, message: str, remedy: str = "", **facts: Any) -> None:
        super().__init__(message)
        self.kind, self.message, self.remedy, self.facts = kind, message, remedy, facts

    def to_dict(self) -> dict[str, Any]:
        """The error as ``--json`` prints it."""
        facts = {name: fact for name, fact in self.facts.items() if fact is not None}
        error = {"kind": self.kind, "exit_code": EXITS[self.kind].code, "message": self.message, "remedy": self.remedy}
        return {"error": {**error, **facts}}


def problem_of(error: BaseException) -> Problem:
    """The problem to report for an exception."""
    from bfl_client.errors import BFLError, in_line

    if isinstance(error, Problem):
        return error
    if isinstance(error, KeyboardInterrupt):
        return Problem("interrupted", "interrupted")
    if isinstance(error, BFLError):
        return _of_ours(error)
    if isinstance(error, ModuleNotFoundError) and not (error.name or "bfl_").startswith("bfl_"):
        return _not_installed(error, "all")
    if isinstance(error, OSError):
        name = error.filename if isinstance(error.filename, str) else "a file"
        return Problem("output", f"{in_line(name)}: {error.strerror or error}")
    return Problem("internal", f"{type(error).__name__}: {in_line(error)}", EXITS["internal"].remedy)


def _of_ours(error: Any) -> Problem:
    names = [each.__name__ for each in type(error).__mro__]
    kinds = {name: kind for kind, classes in _ERRORS.items() for name in classes}
    kind = next((kinds[name] for name in names if name in kinds), "configuration")
    if "ConstraintError" in names:
        return _refusal(error)
    if getattr(error, "unwritable", False):
        kind = "output"
    remedy = worded(error.remedy) or ("" if names[0] == "NotFoundError" else EXITS[kind].remedy)
    if error.remedy.action == "install":  # in one line, like every missing package
        return Problem(kind, f"{error.message}: {remedy}")
    names = ["task_id", "status_code", "maybe_submitted", *(["status"] if kind == "moderated" else [])]
    return Problem(kind, error.message, remedy, **{name: getattr(error, name, None) or None for name in names})


def _refusal(error: Any) -> Problem:
    lines = "".join(f"\n  {each.text(worded(each.remedy))}" for each in error.violations)
    violations = [{**each._asdict(), "remedy": worded(each.remedy)} for each in error.violations]
    remedy = "; ".join(filter(None, [f"bfl describe {error.endpoint}", worded(error.remedy)]))
    return Problem("constraint", f"{error.message}:{lines}", remedy, violations=violations)


def worded(remedy: Any) -> str:
    """A remedy of the client in the words of the command line; empty if there is none."""
    nearest = remedy.facts.get("nearest")
    hint = f"did you mean {nearest!r}?" if nearest else ""
    words = ACTIONS[remedy.action].format_map(remedy.facts) if remedy.action in ACTIONS else str(remedy)
    return " ".join(filter(None, [hint, words]))


def _not_installed(error: ModuleNotFoundError, extra: str) -> Problem:
    why = f"this needs {error.name}, which is not installed"
    return Problem("configuration", f'{why}: pip install "bfl-client[{extra}]"')


@contextmanager
def extra(name: str) -> Iterator[None]:
    """For imports that need an extra; raises a Problem whose one line says how to install it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "bfl_").startswith("bfl_"):  # our own bug, not a missing package
            raise
        raise _not_installed(error, name) from error
