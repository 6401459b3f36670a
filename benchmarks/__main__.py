"""``python -m benchmarks [async]``: run every measurement (or those of many tasks at once), print the table of ratios.

Exit status 1 if a figure is not reached.

Medians of several fresh processes; both sides of a ratio are run in turn, so that a busy machine burdens both.
"""

from __future__ import annotations

import json
import os
import platform
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from bfl_client import Poll

ROUNDS = 7
PICTURE = 10_000_000
MEGABYTE = 1_000_000


class Figure(NamedTuple):
    """One line of the table."""

    name: str
    value: float
    bound: float
    unit: str
    plain: str


def run(*arguments: str) -> str:
    """The output of a fresh Python."""
    return subprocess.run([sys.executable, *arguments], check=True, capture_output=True, text=True).stdout


def cpu_of(*codes: str) -> list[float]:
    """CPU seconds of a fresh Python that runs each code, less those of one that runs none; all are run in turn."""

    def used(source: str) -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        run("-c", source)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    rounds = [[used(code) for code in ("pass", *codes)] for _ in range(3 * ROUNDS)]
    none, *medians = (statistics.median(found) for found in zip(*rounds, strict=True))
    return [median - none for median in medians]


class Bench:
    """Measures jobs against one server."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder

    def job(self, name: str, side: str) -> dict[str, float]:
        """One run of a job in a fresh process."""
        found: dict[str, float] = json.loads(run("-m", "benchmarks.jobs", name, side, self.url, str(self.folder)))
        return found

    def both(self, name: str, what: str) -> tuple[float, float]:
        """Medians of both sides, run in turn."""
        pairs = [(self.job(name, "ours")[what], self.job(name, "plain")[what]) for _ in range(ROUNDS)]
        return statistics.median(pair[0] for pair in pairs), statistics.median(pair[1] for pair in pairs)

    def ratio(self, name: str, what: str) -> tuple[float, float]:
        """Ours as a multiple of plain, and plain itself."""
        ours, plain = self.both(name, what)
        return ours / plain, plain

    def first(self, side: str) -> float:
        """Seconds from the start of a process to its first request on the wire."""
        with urlopen(f"{self.url}/first") as answer:
            answer.read()
        started = time.monotonic()
        self.job("first", side)
        with urlopen(f"{self.url}/first") as answer:
            return float(json.load(answer)["first"]) - started

    def extra_memory(self, name: str, without: str) -> tuple[float, float]:
        """Peak memory beyond that of the same program without the large thing, in megabytes: ours and plain."""
        ours, plain = self.both(name, "peak")
        none_ours, none_plain = self.both(without, "peak")
        return (ours - none_ours) / MEGABYTE, (plain - none_plain) / MEGABYTE


def polling(pause: Callable[[float, float], float], rounds: int = 20_000) -> tuple[float, int]:
    """Mean delay after completion in percent of the generation time (1 to 60 s), and most polls for a 30 s task."""
    chance = random.Random(1)

    def follow(needed: float) -> tuple[float, int]:
        age, polls = 0.0, 1
        while age < needed:
            age += pause(age, chance.random())
            polls += 1
        return age, polls

    times = [chance.uniform(1, 60) for _ in range(rounds)]
    share = statistics.fmean((follow(needed)[0] - needed) / needed for needed in times)
    return share * 100, max(follow(30)[1] for _ in range(1000))


def asynchronous(bench: Bench) -> Iterator[Figure]:
    """The figures of many tasks at once, which depend most on the HTTP library: the one that is installed."""
    fast = find_spec("httpx2") is not None
    library = "httpx2" if fast else "httpx"
    for count in (24, 100):
        ratio, plain = bench.ratio(f"many{count}", "cpu")
        name = f"1,000 async tasks, {count} at a time, {library}"
        yield Figure(f"{name}, CPU", ratio, 0.5 if fast else 1.0, "x", f"{plain * 1000:.2f} ms each")
    ratio, plain = bench.ratio("many100", "wall")
    yield Figure(f"{name}, time", ratio, 1.3, "x", f"{plain * 1000:.2f} ms each")
    pairs = [(bench.job("faulty", "async")["cpu"], bench.job("faulty", "sync")["cpu"]) for _ in range(3)]
    ratio, sync = (statistics.median(each) for each in zip(*((a / s, s) for a, s in pairs), strict=True))
    name = f"3,000 tasks, a fifth of the answers 503, async, {library}"
    yield Figure(f"{name}, CPU", ratio, 1.0 if fast else 2.0, "x", f"sync {sync * 1000:.2f} ms each")


def figures(bench: Bench) -> Iterator[Figure]:
    """Every figure, as it is measured."""
    httpx, package, client = cpu_of("import httpx", "import bfl_client", "from bfl_client import Client")
    yield Figure("import bfl_client, CPU", package / httpx, 0.25, "x", f"{httpx * 1000:.0f} ms")
    yield Figure("from bfl_client import Client, CPU", client / httpx, 1.25, "x", f"{httpx * 1000:.0f} ms")
    firsts = [(bench.first("ours"), bench.first("plain")) for _ in range(2 * ROUNDS)]
    ours, plain = (statistics.median(pair[side] for pair in firsts) for side in (0, 1))
    yield Figure("process start to first request", ours / plain, 1.5, "x", f"{plain * 1000:.0f} ms")
    ratio, plain = bench.ratio("pair", "cpu")
    yield Figure("submit + one poll, CPU", ratio, 1.3, "x", f"{plain * 1000:.2f} ms")
    yield from asynchronous(bench)
    for name in ("four", "eight"):
        extra, plain = bench.extra_memory(name, "none")
        yield Figure(f"extra memory, {name} pictures of 10 MB", extra, 4, "MB", f"{plain:.0f} MB")
    ratio, plain = bench.ratio("four", "cpu")
    yield Figure("four pictures of 10 MB, CPU", ratio, 0.5, "x", f"{plain:.2f} s")
    extra, plain = bench.extra_memory("film", "none")
    yield Figure("extra memory, saving a film of 100 MB", extra, 4, "MB", f"{plain:.0f} MB")
    (share, polls), (often, many) = polling(Poll().pause), polling(lambda age, chance: 0.5)
    yield Figure("delay after completion, 1 to 60 s (plain: every half second)", share, 6, "%", f"{often:.2f} %")
    yield Figure("polls for a task of 30 s (plain: every half second)", polls, 45, "", f"{many}")


@contextmanager
def server() -> Iterator[str]:
    """The plain server in a process of its own."""
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.server"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.communicate()


def keep(lines: list[str]) -> None:
    """Write the table beside this file, with what it was measured on; pages take their figures from there."""
    library = "httpx2" if find_spec("httpx2") else "httpx"
    versions = f"Python {platform.python_version()}, {library} {version(library)}, {os.cpu_count()} cores"
    text = "\n".join([f"Measured on {date.today()} with {versions}.", "", *lines, ""])
    Path(__file__).with_name(f"results-{library}.md").write_text(text, encoding="utf-8")


def main() -> int:
    """Measure, print, write down, and tell whether everything was reached."""
    missed, chosen = 0, asynchronous if sys.argv[1:] == ["async"] else figures
    lines = [f"| {'figure':66} | {'ours':>9} | {'to reach':>9} | {'plain httpx':>17} |"]
    lines += [f"|{'-' * 68}|{'-' * 11}|{'-' * 11}|{'-' * 19}|"]
    print(*lines, sep="\n", flush=True)
    with tempfile.TemporaryDirectory() as name, server() as url:
        (Path(name) / "picture.bin").write_bytes(os.urandom(PICTURE))
        for figure in chosen(Bench(url, Path(name))):
            missed += figure.value > figure.bound
            ours, bound = f"{figure.value:.2f} {figure.unit}", f"{figure.bound:g} {figure.unit}"
            lines += [f"| {figure.name:66} | {ours:>9} | {bound:>9} | {figure.plain:>17} |"]
            print(lines[-1], flush=True)
    keep(lines)
    print(f"{missed} figures were not reached" if missed else "every figure was reached")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
