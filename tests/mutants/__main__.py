"""Applies each mutant to a copy of the repository, runs what must catch it, and prints what did.

    python -m tests.mutants [WORD ...]      all mutants, or those whose name contains one of the words

Exits with 1 if a mutant survives, and with 2 if nothing can be learned: a check fails without any defect, or a defect
cannot be applied because the text that it changes is gone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from .defects import DEFECTS, Defect

ROOT = Path(__file__).parents[2]
PARTS = ("codegen", "emulator", "generated", "tests", "wrapper")
FILES = ("generator-config.yml", "openapi-overlay.yml", "openapi.json", "pyproject.toml", "CHANGELOG.md", "README.md")
LIMIT = 240.0  # seconds for one mutant, which may hang


def main(words: Sequence[str]) -> int:
    """Try the mutants one by one; return the exit code."""
    chosen = [each for each in DEFECTS if not words or any(word in each.name for word in words)]
    survivors = []
    if broken := unharmed(chosen):
        print(f"without any defect, this fails already: {broken}", file=sys.stderr)
        return 2
    with ThreadPoolExecutor(os.cpu_count()) as workers:  # the work is that of processes
        tried = {workers.submit(caught_by, defect): defect for defect in chosen}
        for number, one in enumerate(as_completed(tried), start=1):
            defect = tried[one]
            try:
                catcher = one.result()
            except LookupError as gone:
                print(f"{defect.name}: {gone}", file=sys.stderr)
                workers.shutdown(cancel_futures=True)
                return 2
            verdict = f"caught by {catcher}" if catcher else "SURVIVED" if catcher is None else "NOT JUDGED: too slow"
            print(f"[{number}/{len(chosen)}] {defect.name}: {verdict}", flush=True)
            survivors += [] if catcher else [defect.name]
    print(
        f"{len(chosen) - len(survivors)} of {len(chosen)} mutants caught" + "".join(f"\n  {name}" for name in survivors)
    )
    return 1 if survivors else 0


def unharmed(chosen: Sequence[Defect]) -> str | None:
    """Run all commands without a defect; return what fails, which would then say nothing about a mutant."""
    commands = dict.fromkeys(command for defect in chosen for command in defect.commands)
    with ThreadPoolExecutor(os.cpu_count()) as workers:
        return next(filter(None, workers.map(_run_unharmed, commands)), None)


def _run_unharmed(command: Sequence[str]) -> str | None:
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        _copy(Path(name))
        return _run(Path(name), command, LIMIT)


def caught_by(defect: Defect) -> str | None:
    """Apply a defect in a copy and run its commands; return what caught it, or nothing: None if all have passed.

    A test that hangs fails by its own time limit; a command that still takes too long has caught nothing. Raises
    LookupError if the defect does not apply.
    """
    with tempfile.TemporaryDirectory(prefix="mutant-") as name:
        folder = Path(name)
        _copy(folder)
        _apply(folder, defect)
        for stray in defect.strays:
            (folder / stray).write_text("", encoding="utf-8")
        deadline = time.monotonic() + LIMIT
        for command in defect.commands:
            try:
                failure = _run(folder, command, deadline - time.monotonic())
            except subprocess.TimeoutExpired:
                return ""
            if failure:
                return failure
    return None


def _copy(folder: Path) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info")
    for part in PARTS:
        shutil.copytree(ROOT / part, folder / part, ignore=ignored)
    for file in FILES:
        shutil.copy(ROOT / file, folder / file)


def _apply(folder: Path, defect: Defect) -> None:
    path = folder / defect.file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    if text.count(defect.old) != 1:
        raise LookupError(f"{defect.file} contains the text {text.count(defect.old)} times, not once: {defect.old!r}")
    path.write_text(text.replace(defect.old, defect.new), encoding="utf-8")


def _run(folder: Path, command: Sequence[str], limit: float) -> str | None:
    """Run a module of Python in the copy; return what failed, or None."""
    sources = [folder, *(folder / part for part in ("generated", "wrapper", "emulator"))]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(map(str, sources)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "BFL_CONTRACT_SEED": "",
        "BFL_CONTRACT_CASE": "",
    }
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=max(limit, 1.0),
    )
    if done.returncode == 0:
        return None
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", done.stdout, re.MULTILINE)
    said = (done.stdout.strip() or done.stderr.strip() or "no word").splitlines()
    return failed[1] if failed else f"{' '.join(command)}: {said[0][:200]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
