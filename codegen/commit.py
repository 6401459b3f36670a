"""Putting a finished package and the files that go with it in place: all of them, or none."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .report import CodegenError
from .swap import swap


def commit(package: Path, output: Path, texts: Mapping[Path, str]) -> None:
    """Rename `package` to `output` and give each file its text; after any failure everything is as before.

    Interruptions do not count until it is done. `package` has to be on the file system of `output`, in a folder of its
    own. Raises CodegenError if a file cannot be written.
    """
    try:
        _commit(package, output, texts)
    except OSError as error:
        raise CodegenError(f"the result cannot be put in place, everything is as before: {error}") from error


def _commit(package: Path, output: Path, texts: Mapping[Path, str]) -> None:
    fresh = {path: package.parent / f"{number}-{path.name}" for number, path in enumerate(texts)}
    for path, beside in fresh.items():
        beside.write_text(texts[path], encoding="utf-8", newline="\n")
    before = {path: path.read_bytes() for path in texts}
    with _uninterrupted(), ExitStack() as undo:
        undo.callback(_put_back, package, output)
        swap(package, output)
        for path, beside in fresh.items():
            undo.callback(path.write_bytes, before[path])
            os.replace(beside, path)
        undo.pop_all()


def _put_back(package: Path, output: Path) -> None:
    """Undo a swap: what was in the place of the package goes back there."""
    old = package.with_name("old")
    if package.exists():
        return  # it never left
    output.rename(package)
    if old.exists():
        old.rename(output)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM for the few renames that have to go together."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers[number] = signal.signal(number, signal.SIG_IGN)
        yield
    finally:
        for ignored, handler in handlers.items():
            signal.signal(ignored, handler)
