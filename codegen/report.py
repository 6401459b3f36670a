"""What codegen reports to the person who runs it: progress, warnings, and its one kind of error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO


class CodegenError(Exception):
    """The command has failed. The message names the path, schema, action or file at fault."""


@contextmanager
def located(where: str) -> Iterator[None]:
    """Turn the errors of reading a malformed document into a CodegenError that names the place."""
    try:
        yield
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise CodegenError(f"{where} is malformed: {type(error).__name__}: {error}") from error


class Report:
    """Writes one line for each stage and each warning, and keeps the warnings."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.warnings: list[str] = []

    def stage(self, text: str) -> None:
        """Report what is being done now."""
        self._write(text)

    def warn(self, text: str) -> None:
        """Report what was ignored or guessed."""
        self.warnings.append(text)
        self._write(f"warning: {text}")

    def _write(self, text: str) -> None:
        self._stream.write(f"codegen: {text}\n")
        self._stream.flush()
