"""``python -m benchmarks.cli``: the CPU time of ``bfl --help`` as a multiple of importing typer; exit 1 if above 2.5.

Medians of fresh processes, the two run in turn; needs the extra ``cli`` and compiled modules.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys

ROUNDS = 15
BOUND = 2.5
TYPER = ["-c", "import typer"]
HELP = ["-m", "bfl_cli", "--help"]


def cpu(arguments: list[str]) -> float:
    """CPU seconds of a fresh Python."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL, env=env, timeout=60)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    """Measure and print; returns 1 if the bound is exceeded."""
    for arguments in (TYPER, HELP):
        cpu(arguments)  # compiles
    pairs = [(cpu(HELP), cpu(TYPER)) for _ in range(ROUNDS)]
    ours, typer = (statistics.median(pair[side] for pair in pairs) for side in (0, 1))
    measured = f"bfl --help {ours * 1000:.0f} ms, import typer {typer * 1000:.0f} ms"
    print(f"{measured}: {ours / typer:.2f} x (at most: {BOUND} x)")
    return 1 if ours / typer > BOUND else 0


if __name__ == "__main__":
    sys.exit(main())
