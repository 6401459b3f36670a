"""What codegen tells the person who runs it: progress, warnings, and the one kind of failure."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class CodegenError(Exception):
    """Generation cannot go on; the message names the path, schema, action or file at fault."""


@contextmanager
def located(where: str) -> Iterator[None]:
    """Name the place where a document turns out to be otherwise than a specification has to be."""
    try:
        yield
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CodegenError(f"{where} is malformed: {type(error).__name__}: {error}") from error


class Report:
    """Writes one line per stage and one per warning, and keeps the warnings."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.warnings: list[str] = []

    def stage(self, text: str) -> None:
        """Say what is being done now."""
        self._write(text)

    def warn(self, text: str) -> None:
        """Say what was ignored or guessed; generation goes on."""
        self.warnings.append(text)
        self._write(f"warning: {text}")

    def _write(self, text: str) -> None:
        self._stream.write(f"codegen: {text}\n")
        self._stream.flush()
