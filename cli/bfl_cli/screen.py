"""What a command writes: results on standard output, everything else on standard error; no secret, no control code.

Secrets are keys, and what follows the host in a URL: it may be a capability, or signed.
"""

from __future__ import annotations

import json
import math
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from .exits import Problem

_URL = re.compile(r"(https?://)(?:[^/\s@'\"]*@)?([^/\s?#'\"]+)/[^\s'\"]*")
_KEY = re.compile(r"\bbfl_[A-Za-z0-9_-]{12,}")
_LONG = re.compile(r"[A-Za-z0-9_-]{20,}")
_OPTION = re.compile(r"--?(?:bfl[-_])?(?:x|api)?[-_]?(?:key|token|secret)(?:=.*)?", re.IGNORECASE | re.DOTALL)
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")  # not \t and \n
HIDDEN = "…"


class Screen:
    """The two streams of a command, and how much to print on them: the common options."""

    def __init__(self, *, as_json: bool = False, quiet: bool = False, debug: bool = False) -> None:
        self.as_json, self.quiet, self.debug = as_json, quiet, debug
        self.secrets: list[str] = [key for key in [os.environ.get("BFL_API_KEY", "").strip()] if key]
        if debug:
            self._log()

    def result(self, text: str, data: Any) -> None:
        """Print a result: the text for a person, the data with ``--json``; URLs stay whole, secrets do not."""
        hide = partial(without, secrets=self.secrets)
        write(sys.stdout, f"{strict_json(data, hide)}\n" if self.as_json else f"{printable(hide(text))}\n")

    def note(self, message: str) -> None:
        """Print something worth knowing, unless ``--quiet``."""
        if not self.quiet:
            self.error(message)

    def error(self, message: str) -> None:
        """Print something a person must know; redacted."""
        write(sys.stderr, f"{printable(redact(message, self.secrets))}\n")

    def problem(self, problem: Problem, cause: BaseException) -> int:
        """Print how the command ended: one line, one remedy; with ``--debug`` the traceback. Returns the exit code."""
        if self.debug:
            self.error("".join(traceback.format_exception(cause)).rstrip())
        self.error(f"bfl: {problem.message}")
        if problem.remedy:
            self.error(f"  try: {problem.remedy}")
        data = problem.to_dict()
        if self.as_json:
            write(sys.stdout, f"{strict_json(data, partial(redact, secrets=self.secrets))}\n")
        return int(data["error"]["exit_code"])

    def _log(self) -> None:
        import logging

        from bfl_client.library import NAMES

        error = self.error

        class Log(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                error(self.format(record))

        log = Log()
        log.setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s"))
        for name in ("bfl_client", *NAMES):
            logging.getLogger(name).addHandler(log)
            logging.getLogger(name).setLevel(logging.DEBUG)


def strict_json(data: Any, change: Callable[[str], str] = str) -> str:
    """Data as JSON that every parser reads: each text changed first, null for numbers that JSON does not have."""

    def plain(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {change(str(key)): plain(each) for key, each in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [plain(each) for each in value]
        if value is None or isinstance(value, bool | int):
            return value
        if isinstance(value, float):
            return value if math.isfinite(value) else None
        return change(str(value).encode("utf-8", "replace").decode())  # a lone surrogate is not a character

    return json.dumps(plain(data), allow_nan=False)


def printable(text: str) -> str:
    """The text without control characters, which could move the cursor or reverse the text."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text)


def without(text: str, secrets: Iterable[str]) -> str:
    """The text without the given secrets."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, HIDDEN)
    return text


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, without what looks like a key, and with URLs cut off after their host."""
    return _KEY.sub(HIDDEN, _URL.sub(rf"\1\2/{HIDDEN}", without(text, secrets)))


def key_given(arguments: Sequence[str], secrets: Iterable[str] = ()) -> bool:
    """True if the arguments of a command line contain a key, or an option that would take one."""
    known = set(secrets)
    options = takewhile(lambda argument: argument != "--", arguments)
    return any(each in known or _KEY.fullmatch(each) for each in arguments) or any(map(_OPTION.fullmatch, options))


def mask(text: str) -> str:
    """Mistyped text, with long words that contain a digit hidden: one of them may be a key."""
    return _LONG.sub(lambda found: HIDDEN if re.search(r"[0-9]", found[0]) else found[0], text)


def write(stream: TextIO | None, text: str | bytes) -> None:
    """Write at once, whatever the text and the encoding: file names need not be UTF-8, and terminals may be ASCII.

    Standard error that cannot be written ends nothing: a paid task goes on. Raises OSError for other streams.
    """
    if stream is None:  # closed by whoever started us
        return
    data = text if isinstance(text, bytes) else _encoded(text, stream.encoding or "utf-8")
    try:
        stream.flush()
        stream.buffer.write(data)
        stream.buffer.flush()
    except RuntimeError:  # a signal came in the middle of another write, and its handler has something to say
        os.write(stream.fileno(), data)
    except OSError as error:
        error.filename = "standard output"
        discard(stream)
        if stream is not sys.stderr:
            raise


def discard(stream: TextIO) -> None:
    """Let a stream that cannot be written lead nowhere, or Python would report what it still holds at its exit."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")


def moves(stream: TextIO | None) -> bool:
    """True if the stream is a terminal on which a line can be redrawn."""
    return stream is not None and stream.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown", "")
