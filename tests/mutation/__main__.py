"""``python -m tests.mutation PACKAGE [COUNT [SEED]]``: which of COUNT random mutants of a package its tests notice.

Each mutant is one change of `changes` in a line that some test runs, in a copy of the project; it is judged by the
tests of the package's own folder that run this line, first by those that run little else. If it survives them, the
whole folder judges: which tests run a line in another process, or as they import it, is not known. A mutant that
outlasts its time is not judged. What only changes looks or speed is listed in `equivalent.txt`, with the reason. The
survivors are printed at the end. SEED picks the same mutants when others come or go.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .changes import Change, changes

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "bfl_client": ("wrapper/bfl_client", ["tests/client"]),
    "bfl_cli": ("cli/bfl_cli", ["tests/cli"]),
    "bfl_batch": ("batch/bfl_batch", ["tests/batch"]),
    "bfl_emulator": ("emulator/bfl_emulator", ["tests/emulator"]),
    "bfl_mcp": ("mcp_server/bfl_mcp", ["tests/mcp_server"]),
    "codegen": ("codegen", ["tests/codegen"]),
}
"""Package -> its folder, and those of its own tests."""
LIMIT = 30.0  # seconds for the tests of one mutant, and half a second more for each
FIRST = 60  # tests for one mutant, before all others that run its line
WHOLE = 600.0  # seconds for all tests of a package
EQUIVALENT = Path(__file__).with_name("equivalent.txt")


class Mutant(NamedTuple):
    """One change of one file, and the tests that run its line.

    Attributes:
        name: what stays the same when lines move: file, place, both sources, and a number from the second such change.
    """

    file: str
    change: Change
    name: str
    tests: tuple[str, ...]


def main(package: str, count: int = 150, seed: int = 1) -> int:
    """Try the mutants, print what became of each, and return 0 unless nothing can be learned."""
    folder, tests = PACKAGES[package]
    equivalent = {line.partition("  # ")[0] for line in EQUIVALENT.read_text(encoding="utf-8").splitlines()}
    with tempfile.TemporaryDirectory(prefix="mutation-") as name:
        copy = copied(Path(name))
        ran = coverage_of(copy, folder, tests)
        found = [mutant for mutant in mutants(copy, folder, ran) if mutant.name not in equivalent]
        found.sort(key=lambda mutant: random.Random(f"{seed} {mutant.name}").random())
        verdicts = {mutant.name: judged(copy, mutant, tests) for mutant in found[:count]}
    tally = Counter(verdicts.values())
    print(*(f"{verdict}: {name}" for name, verdict in sorted(verdicts.items()) if verdict != "killed"), sep="\n")
    share = tally["killed"] / max(tally["killed"] + tally["survived"], 1)
    print(f"{package}: {dict(tally)} of {len(found):,} mutants, seed {seed}: {share:.0%} killed")
    return 0


def copied(folder: Path) -> Path:
    """A copy of what git knows."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True).stdout
    for each in filter(None, listed.split("\0")):
        (folder / each).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / each, folder / each)
    return folder


def pytest(copy: Path, *arguments: str, timeout: float | None = None) -> int:
    """Run pytest on the copy's own packages."""
    places = [copy / place for place in ("generated", "wrapper", "cli", "batch", "emulator", "mcp_server", ".")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places)), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(command, cwd=copy, env=env, capture_output=True, timeout=timeout).returncode


def coverage_of(copy: Path, folder: str, tests: list[str]) -> dict[str, dict[int, list[str]]]:
    """Which tests run which lines: file -> line -> tests. Raises RuntimeError if a test fails without a mutant."""
    import coverage

    options = [f"--cov={folder}", "--cov-context=test", "--cov-report=", "-n", "auto"]
    if pytest(copy, *options, *tests, *_elsewhere(copy)):
        raise RuntimeError("the tests fail without a mutant")
    data: Any = coverage.CoverageData(str(copy / ".coverage"))
    data.read()
    found: dict[str, dict[int, list[str]]] = {}
    for file in data.measured_files():
        contexts = data.contexts_by_lineno(file)
        lines = {line: [each.rpartition("|")[0] for each in names if each] for line, names in contexts.items()}
        found[str(Path(file).relative_to(copy))] = {line: names for line, names in lines.items() if names}
    return found


def _elsewhere(copy: Path) -> list[str]:
    from tests.ordinary import ELSEWHERE

    return ELSEWHERE


def mutants(copy: Path, folder: str, ran: dict[str, dict[int, list[str]]]) -> Iterator[Mutant]:
    """Every mutant whose line a test runs."""
    reach = Counter(test for lines in ran.values() for tests in lines.values() for test in tests)
    for path in sorted((copy / folder).rglob("*.py")):
        file, seen = str(path.relative_to(copy)), Counter[str]()
        for change in changes(path.read_text(encoding="utf-8")):
            name = f"{file} {change.place}: {change.old} -> {change.new}"
            seen[name] += 1
            tests = set(ran.get(file, {}).get(change.line, ()))
            if tests:
                numbered = name if seen[name] == 1 else f"{name} #{seen[name]}"
                yield Mutant(file, change, numbered, tuple(sorted(tests, key=lambda test: (reach[test], test))))


def judged(copy: Path, mutant: Mutant, folder: list[str]) -> str:
    """Apply a mutant, run its tests, and take it back: killed, survived, or not judged."""
    path = copy / mutant.file
    source = path.read_text(encoding="utf-8")
    path.write_text(mutant.change.applied(source), encoding="utf-8")
    try:
        parts = mutant.tests[:FIRST], mutant.tests[FIRST:]
        whole = ("-n", "auto", *folder, *_elsewhere(copy))
        killed = any(_fail(copy, part) for part in parts) or pytest(copy, *whole, timeout=WHOLE)
        verdict = "killed" if killed else "survived"
    except subprocess.TimeoutExpired:
        verdict = "not judged"
    finally:
        path.write_text(source, encoding="utf-8")
    print(f"{verdict}: {mutant.name}", file=sys.stderr, flush=True)
    return verdict


def _fail(copy: Path, tests: Sequence[str]) -> bool:
    return bool(tests and pytest(copy, "-n", "0", *tests, timeout=LIMIT + len(tests) / 2))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
