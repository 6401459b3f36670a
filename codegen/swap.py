"""Putting a finished package in the place of the old one, and telling the two apart."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

from .render import HEADER
from .report import CodegenError

_SHOWN_LINES = 20


def refuse_foreign(output: Path) -> None:
    """Raise CodegenError if `output` is anything but missing, empty or an earlier output: it would be deleted."""
    if not output.exists():
        return
    if not output.is_dir():
        raise CodegenError(f"{output} is not a folder")
    init = output / "__init__.py"
    if any(output.iterdir()) and not (init.is_file() and init.read_text(encoding="utf-8").startswith(HEADER)):
        raise CodegenError(f"{output} holds something that codegen did not write; it is left alone")


def swap(package: Path, output: Path) -> None:
    """Rename `package` to `output`; an older output goes beside `package`, and comes back if the renaming fails."""
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
    """Yield, for each file that is not the same byte for byte in both packages, its name and a short unified diff."""
    files = {path.relative_to(root).as_posix() for root in (old, new) for path in root.rglob("*") if path.is_file()}
    for name in sorted(file for file in files if "__pycache__" not in file):
        before, after = (root / name for root in (old, new))
        if not after.is_file():
            yield f"{name}: is not generated any more"
        elif not before.is_file():
            yield f"{name}: is missing"
        elif before.read_bytes() != after.read_bytes():
            yield _difference(name, before, after)


def _difference(name: str, before: Path, after: Path) -> str:
    old, new = (path.read_text(encoding="utf-8", errors="replace").splitlines() for path in (before, after))
    lines = list(difflib.unified_diff(old, new, f"{name} (as it is)", f"{name} (generated)", lineterm="", n=1))
    more = [f"... {len(lines) - _SHOWN_LINES} more lines"] if len(lines) > _SHOWN_LINES else []
    return "\n".join([*(lines[:_SHOWN_LINES] or [f"{name}: line ends differ"]), *more])
