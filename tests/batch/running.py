"""A batch as a user runs it: a jobs file, a folder, a service to talk to; and what the service's own log says of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import bfl_batch
from bfl_batch.reports import Report
from bfl_client.policy import Poll, Retry
from bfl_emulator import Emulator
from PIL import Image

from tests.needs import PICTURE

BFL = [sys.executable, "-m", "bfl_cli", "batch"]
LIMIT = 100  # seconds for one process
QUICK: dict[str, Any] = {"poll": Poll(floor=0.05), "retry": Retry(initial=0.01, ceiling=0.1)}


def job(number: int, endpoint: str = PICTURE, **parameters: Any) -> dict[str, Any]:
    """A small job whose prompt contains its number."""
    return {"endpoint": endpoint, "prompt": f"fox {number}", "width": 256, "height": 256, **parameters}


class Batch:
    """One batch.

    Attributes:
        here: the folder in which bfl is run.
        out: the batch's folder.
        file: the jobs file.
    """

    def __init__(self, here: Path, emulator: Emulator) -> None:
        here.mkdir(exist_ok=True)
        self.here, self.emulator = here, emulator
        self.out, self.file = here / "out", here / "jobs.jsonl"

    def write(self, jobs: Iterable[Mapping[str, Any]]) -> None:
        """Write the jobs file."""
        self.file.write_text("".join(f"{json.dumps(each)}\n" for each in jobs), encoding="utf-8")

    def run(self, **options: Any) -> Report:
        """Run the batch in this process."""
        keyed = {"api_key": self.emulator.api_key, "base_url": self.emulator.base_url}
        return bfl_batch.run(self.file, **{"out": self.out, **QUICK, **keyed, **options})

    def environment(self, **more: str) -> dict[str, str]:
        """What a process of bfl gets: nothing of the user who runs the tests."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BFL_", "XDG_", "DBOS"))}
        reached = {"BFL_BASE_URL": self.emulator.base_url, "BFL_API_KEY": self.emulator.api_key}
        plain = {"HOME": str(self.here), "COLUMNS": "120", "TERM": "dumb", "PYTHONWARNINGS": "error"}
        return {**kept, **plain, **reached, **more}

    def bfl(self, *arguments: str, size: int | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        """Run ``bfl batch`` to its end; `size` limits, in bytes, the files that it may write."""

        def limited() -> None:
            if sys.platform != "win32" and size is not None:
                import resource

                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        return subprocess.run(
            [*BFL, *arguments],
            cwd=self.here,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=LIMIT,
            preexec_fn=limited if size is not None else None,
        )

    def start(self, *arguments: str, out: str = "out", **more: str) -> subprocess.Popen[str]:
        """A ``bfl batch JOBS -o DIR`` that runs while the test does something."""
        return subprocess.Popen(
            [*BFL, self.file.name, "-o", out, *arguments],
            cwd=self.here,
            env=self.environment(**more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The results."""
        return [json.loads(line) for line in (self.out / "results.jsonl").read_text("utf-8").splitlines()]

    @property
    def states(self) -> Counter[str]:
        """How many jobs are in which state, by the results."""
        return Counter(row["state"] for row in self.rows)

    @property
    def created(self) -> Counter[str]:
        """How often the service has created a task of each prompt."""
        return Counter(task.picture.prompt for task in list(self.emulator.tasks.values()))

    def whole(self) -> int:
        """How many pictures there are; fails if one of them is not whole."""
        paths = [path for path in self.out.iterdir() if path.suffix in (".jpg", ".png", ".webp")]
        for path in paths:
            with Image.open(path) as picture:
                picture.load()
        return len(paths)


def wait_for(condition: Callable[[], Any], process: subprocess.Popen[str] | None = None) -> None:
    """Wait until something is true; fails after a time, or when the process has ended before."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        if process is not None and process.poll() is not None and not condition():
            raise AssertionError(process.communicate())
        time.sleep(0.01)


def kill(process: subprocess.Popen[str]) -> None:
    """``kill -9``, and wait for the end."""
    process.kill()
    process.communicate(timeout=LIMIT)
