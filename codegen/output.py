"""Replacing an earlier package by a finished one, together with the files that go with it, and comparing the two."""

from __future__ import annotations

import difflib
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from .render import HEADER
from .report import CodegenError

_SHOWN_LINES = 20


def refuse_foreign(output: Path) -> None:
    """Raise CodegenError unless `output` is missing, empty or an earlier output: it will be deleted."""
    if not output.exists():
        return
    if not output.is_dir():
        raise CodegenError(f"{output} is not a folder")
    init = output / "__init__.py"
    if any(output.iterdir()) and not (init.is_file() and init.read_text(encoding="utf-8").startswith(HEADER)):
        raise CodegenError(f"{output} contains something that codegen did not write; it is left alone")


def swap(package: Path, output: Path) -> None:
    """Rename `package` to `output`. An earlier output moves beside `package`, and back if the renaming fails."""
    refuse_foreign(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    old = package.with_name("old")
    had_one = output.exists()
    if had_one:
        output.rename(old)
    try:
        package.rename(output)
    except BaseException:
        if had_one and not output.exists():
            old.rename(output)
        raise


def differences(old: Path, new: Path) -> Iterator[str]:
    """Yield the name and a short diff of each file that is not the same, byte for byte, in both packages."""
    files = {path.relative_to(root).as_posix() for root in (old, new) for path in root.rglob("*") if path.is_file()}
    for name in sorted(file for file in files if "__pycache__" not in file):
        before, after = (root / name for root in (old, new))
        if not after.is_file():
            yield f"{name}: is no longer generated"
        elif not before.is_file():
            yield f"{name}: is missing"
        elif before.read_bytes() != after.read_bytes():
            yield _difference(name, before, after)


def _difference(name: str, before: Path, after: Path) -> str:
    old, new = (path.read_text(encoding="utf-8", errors="replace").splitlines() for path in (before, after))
    lines = list(difflib.unified_diff(old, new, f"{name} (as it is)", f"{name} (generated)", lineterm="", n=1))
    more = [f"... {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else []
    return "\n".join([*(lines[:_SHOWN_LINES] or [f"{name}: line ends differ"]), *more])


def commit(package: Path, output: Path, texts: Mapping[Path, str]) -> None:
    """Rename `package` to `output` and write each file: all of them, or none.

    Ctrl-C waits until this is done. `package` must be on the file system of `output`, in a folder of its own.
    Raises CodegenError if a file cannot be written; then everything is as before.
    """
    try:
        _commit(package, output, texts)
    except OSError as error:
        raise CodegenError(f"the result cannot be put in place; everything is as before: {error}") from error


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
    """Undo a swap."""
    old = package.with_name("old")
    if package.exists():
        return  # it was not moved
    output.rename(package)
    if old.exists():
        old.rename(output)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Ignore SIGINT and SIGTERM during the few renames that belong together."""
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
