"""``python -m benchmarks.batch [JOBS]``: jobs a second, end to end, and memory, against the emulator beside it.

The record is SQLite, the concurrency 24, every task is ready at once. Exit status 1 if a job is not done, there are
fewer than 15 jobs a second, or memory grows by more than 40 MB after the first tenth of the jobs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import bfl_batch
from bfl_batch.reports import Progress

ENDPOINT = "flux-dev"
LEAST = 15.0  # jobs a second
MOST = 40.0  # MB


def memory() -> float:
    """MB of this process that are in memory."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def main() -> int:
    """Measure, and print what was measured."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    seen: dict[int, float] = {}

    def look(progress: Progress) -> None:
        tenth = 10 * progress.done // progress.jobs
        if tenth not in seen:
            seen[tenth] = memory()
            print(f"{progress.done:>6,} done  {memory():6.1f} MB  {progress.seconds:6.1f} s", flush=True)

    command = [sys.executable, "-m", "bfl_emulator", "--speed", "inf"]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as emulator,
    ):
        assert emulator.stdout is not None
        told = json.loads(emulator.stdout.readline())
        keyed = {"api_key": told["api_key"], "base_url": told["base_url"]}
        jobs = Path(folder) / "jobs.jsonl"
        with open(jobs, "w") as file:
            for number in range(count):
                job = {"endpoint": ENDPOINT, "prompt": f"fox {number}", "width": 256, "height": 256}
                file.write(f"{json.dumps(job)}\n")
        started, worked = time.monotonic(), time.process_time()
        report = bfl_batch.run(jobs, out=Path(folder) / "out", on_progress=look, **keyed)
        seconds, cpu = time.monotonic() - started, time.process_time() - worked
        emulator.terminate()
    grown = memory() - seen.get(1, memory())
    print(f"{report.done:,} of {count:,} done, {count / seconds:.1f} a second, {1000 * cpu / count:.1f} ms of CPU each")
    for trouble in report.troubles:
        print(f"line {trouble.number}: {trouble.state}: {trouble.error}")
    print(f"memory grew by {grown:.1f} MB after the first tenth")
    return int(not report.ok or count / seconds < LEAST or grown > MOST)


if __name__ == "__main__":
    sys.exit(main())
