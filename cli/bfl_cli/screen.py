"""What a command writes: results on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import shutil
import sys
import traceback
from typing import Any, TextIO

from .exits import Problem
from .redaction import redact


class Screen:
    """The two streams of a command, and how much it shall say on them.

    Args:
        as_json: results and errors are one line of JSON each, on standard output.
        quiet: nothing but errors on standard error.
        debug: with errors, where they came from, redacted.
    """

    def __init__(self, *, as_json: bool = False, quiet: bool = False, debug: bool = False) -> None:
        self.as_json, self.quiet, self.debug = as_json, quiet, debug
        self.secrets: list[str] = [key for key in [os.environ.get("BFL_API_KEY", "").strip()] if key]
        if debug:
            self._log()

    def result(self, text: str, data: Any) -> None:
        """A result: the text for a person, the data with ``--json``."""
        write(sys.stdout, f"{json.dumps(data)}\n" if self.as_json else f"{text}\n")

    def note(self, message: str) -> None:
        """Something a person may like to know."""
        if not self.quiet:
            self.error(message)

    def listening(self, url: str) -> None:
        """Where a server of ours listens; its address is no secret."""
        if not self.quiet:
            write(sys.stderr, f"listening on {url}\n")

    def error(self, message: str) -> None:
        """Something a person must know; redacted."""
        write(sys.stderr, f"{redact(message, self.secrets)}\n")

    def problem(self, problem: Problem, cause: BaseException) -> None:
        """How the command ended: one line, one remedy; with ``--debug`` all there is to know."""
        if self.debug:
            self.error("".join(traceback.format_exception(cause)).rstrip())
        self.error(f"bfl: {problem.message}")
        if problem.remedy:
            self.error(f"  try: {problem.remedy}")
        if self.as_json:
            write(sys.stdout, f"{redact(json.dumps(problem.to_dict()), self.secrets)}\n")

    def _log(self) -> None:
        import logging

        secrets = self.secrets

        class Redacted(logging.Formatter):
            def format(self, record: logging.LogRecord) -> str:
                return redact(super().format(record), secrets)

        handler = logging.StreamHandler()
        handler.setFormatter(Redacted("%(asctime)s %(name)s: %(message)s"))
        for name in ("bfl_client", "httpx"):
            logging.getLogger(name).addHandler(handler)
            logging.getLogger(name).setLevel(logging.DEBUG)


def write(stream: TextIO | None, text: str | bytes) -> None:
    """Write at once, whatever the text and the encoding: file names may be no UTF-8, and terminals ASCII.

    Raises:
        OSError: the stream cannot be written; BrokenPipeError among them.
    """
    if stream is None:  # closed by whoever started us
        return
    try:
        stream.flush()
        stream.buffer.write(text if isinstance(text, bytes) else _encoded(text, stream.encoding or "utf-8"))
        stream.buffer.flush()
    except OSError:
        _abandon(stream)
        raise


def _encoded(text: str, encoding: str) -> bytes:
    try:
        return text.encode(encoding, "surrogateescape")
    except UnicodeEncodeError:
        return text.encode(encoding, "backslashreplace")


def _abandon(stream: TextIO) -> None:
    """Let what is left in the buffer go nowhere, or Python would complain of it when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def width() -> int:
    """Columns of the terminal, or 80; at least 20."""
    return max(shutil.get_terminal_size().columns, 20)
