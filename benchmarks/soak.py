"""``python -m benchmarks.soak [TASKS]``: thousands of tasks through a faulty service, every one accounted for.

One answer in ten is faulty, redirects lead to a host that must never be asked, and halfway through the
emulator is stopped and started again. Exit status 1 if a task was lost or created twice, or the other host was asked.
"""

from __future__ import annotations

import asyncio
import http.server
import logging
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bfl_client import AsyncClient, BFLError, Poll
from bfl_emulator import Emulator

ENDPOINT = "flux-dev"
CONCURRENCY = 24


def faults(elsewhere: str) -> list[dict[str, Any]]:
    """Return rules that together spoil about one answer in ten."""
    return [
        {"fault": "html", "operation": "poll", "probability": 0.03},
        {"fault": "answer", "operation": "poll", "status": 503, "body": {"detail": "overloaded"}, "probability": 0.02},
        {"fault": "reset", "operation": "poll", "probability": 0.02},
        {"fault": "truncate", "operation": "poll", "probability": 0.01},
        {"fault": "status", "operation": "poll", "probability": 0.02},
        {"fault": "answer", "operation": "submit", "status": 429, "body": {"detail": "busy"}, "probability": 0.04},
        {"fault": "reset", "operation": "submit", "when": "before-reading", "probability": 0.01},
        {"fault": "reset", "operation": "submit", "when": "after-answering", "probability": 0.01},
        {"fault": "redirect", "operation": "poll", "location": elsewhere, "probability": 0.005},
        {"fault": "polling-url", "operation": "submit", "url": "https://elsewhere.example/x", "probability": 0.005},
    ]


@contextmanager
def sink() -> Iterator[tuple[str, list[str]]]:
    """Run a server that must not be asked; yield its URL and what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(str(self.headers))
            self.send_error(404)

        def log_message(self, format: str, *_: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/", asked
        server.shutdown()
        thread.join()


class Tally:
    """What became of every task, from both sides."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.prompts: dict[str, str] = {}  # task -> prompt, as the emulator saw it
        self.uncertain: set[str] = set()
        self.accounted: set[str] = set()

    def look(self, emulator: Emulator) -> None:
        """Note the tasks that exist; the emulator keeps only the latest."""
        for task in list(emulator.tasks.values()):
            self.prompts[task.id] = task.picture.prompt

    def note(self, prompt: str, outcome: Any) -> None:
        """Note one outcome."""
        self.accounted.add(prompt)
        if not isinstance(outcome, BFLError):
            self.outcomes["done"] += 1
        elif outcome.task_id and outcome.polling_url:
            self.outcomes["failed with a handle"] += 1
        elif getattr(outcome, "maybe_submitted", False):
            self.outcomes["uncertain, and said so"] += 1
            self.uncertain.add(prompt)
        else:
            self.outcomes["refused, not created"] += 1


async def run(emulator: Emulator, count: int) -> Tally:
    """Put all tasks through one map; restart the emulator halfway through."""
    tally = Tally()
    prompts = [f"task {number}" for number in range(count)]
    poll = Poll(floor=0.01, ceiling=0.5)
    async with AsyncClient(emulator.api_key, emulator.base_url, poll=poll) as client:
        bodies = ({"prompt": prompt, "width": 256, "height": 256} for prompt in prompts)
        async with client.map(ENDPOINT, bodies, concurrency=CONCURRENCY) as outcomes:
            number = 0
            async for outcome in outcomes:
                tally.note(prompts[number], outcome)
                number += 1
                if number % 100 == 0:
                    tally.look(emulator)
                    print(f"\r{number:,} of {count:,}", end="", file=sys.stderr)
                if number == count // 2:
                    await asyncio.to_thread(emulator.stop)
                    await asyncio.to_thread(emulator.start)
    tally.look(emulator)
    return tally


def main(count: int) -> int:
    """Run, and print the tally."""
    logging.getLogger("bfl_client").setLevel(logging.ERROR)  # the unknown statuses are meant
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()
    with sink() as (elsewhere, asked):
        script = faults(elsewhere)
        options: dict[str, Any] = {"one_host": True, "limits": False, "credits": 1e9}
        with Emulator(port=port, speed=float("inf"), script=script, seed=1, **options) as emulator:
            tally = asyncio.run(run(emulator, count))
            sent = len(emulator.faults)
    created = Counter(tally.prompts.values())
    twice = sum(many > 1 for many in created.values())
    lost = count - len(tally.accounted)
    print(f"\nasked {count:,}; seen by the emulator {len(created):,}; faults sent (of the last 5,000) {sent:,}")
    for name, many in sorted(tally.outcomes.items()):
        print(f"{name:24} {many:7,}")
    print(f"created twice {twice}; lost {lost}; requests (and keys) elsewhere {len(asked)}")
    print(f"{time.monotonic() - started:.0f} s")
    return 1 if twice or lost or asked else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
