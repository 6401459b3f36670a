"""Chaos at size: two processes on PostgreSQL, killed and put to sleep again and again while their POSTs are slow.

Runs with BFL_BATCH_LARGE=1 alone, as ``nox -s batch`` sets it: it takes minutes.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_client import constraints
from bfl_client.errors import ConstraintError
from bfl_client.specification import ENDPOINTS

from .processes import LARGE
from .running import BFL, LIMIT, kill
from .service import Answer, Service

if sys.platform == "win32":
    pytest.skip("Windows cannot put a process to sleep", allow_module_level=True)

pytestmark = [pytest.mark.large, pytest.mark.skipif(not LARGE, reason="BFL_BATCH_LARGE=1 asks for it")]

JOBS, CONCURRENCY = 1500, 144
KILLS, SLEEPS = 12, 6
LEASE = 2.0  # seconds
SLOW = 1.5  # seconds for which a POST is under way, its task made
POLLS = 14  # until a task is ready
ASLEEP = 5.7  # seconds


def endpoints() -> Iterator[str]:
    """Endpoints that need a prompt and nothing else, and have as many active tasks as any."""
    for name, endpoint in ENDPOINTS.items():
        try:
            constraints.check(name, {"prompt": "a fox"})
        except ConstraintError:
            continue
        if endpoint.active_limit == CONCURRENCY // 6:
            yield name


@contextmanager
def listening(service: Service) -> Iterator[str]:
    """The service on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            content = self.rfile.read(int(self.headers.get("content-length", 0)))
            answer = service(httpx.Request(self.command, f"{url}{self.path}", content=content))
            self.send_response(answer.status_code)
            for name in ("content-type", "content-length"):
                self.send_header(name, answer.headers[name])
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: thousands of requests come."""

    class Server(ThreadingHTTPServer):
        request_queue_size = 256

        def handle_error(self, request: object, client_address: object) -> None:
            """Nothing: clients are killed here."""

    with Server(("127.0.0.1", 0), Handler) as server:
        url = service.base = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield url
        server.shutdown()


class Fleet:
    """Two processes that share a batch."""

    def __init__(self, here: Path, url: str, database: str) -> None:
        names = [name for name, _ in zip(endpoints(), range(6), strict=False)]
        lines = [{"endpoint": names[n % 6], "prompt": f"fox {n}", "name": f"fox {n}"} for n in range(JOBS)]
        (here / "jobs.jsonl").write_text("".join(f"{json.dumps(each)}\n" for each in lines))
        kept = {name: value for name, value in os.environ.items() if not name.startswith("BFL_")}
        self._environment = {**kept, "BFL_BASE_URL": url, "BFL_API_KEY": "bfl_key_of_nobody", "HOME": str(here)}
        self._here, self._shared = here, ["--database-url", database, "--lease", str(LEASE), "-q", "--json"]

    def start(self, folder: str) -> subprocess.Popen[str]:
        """One more process."""
        command = [*BFL, "jobs.jsonl", "-o", folder, "--concurrency", str(CONCURRENCY), *self._shared]
        where: dict[str, Any] = {"cwd": self._here, "env": self._environment}
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **where)

    def rows(self, folder: str) -> list[dict[str, str]]:
        """The results that a process wrote."""
        return [json.loads(row) for row in (self._here / folder / "results.jsonl").read_text().splitlines()]


@pytest.mark.timeout(1200)
def test_killed_and_asleep_again_and_again_nothing_is_doubled_or_lost(database: str, tmp_path: Path) -> None:
    """After ten kills and five sleeps longer than the lease, no job was submitted twice, and each one is done or
    reported as uncertain."""
    chance, service = random.Random(11), Service()
    moment = threading.Event()

    def slow(prompt: str) -> Answer:
        moment.wait(SLOW)
        return None

    service.on_post = slow
    service.on_poll = lambda made, number: service.status(made, "Pending") if number < POLLS else None
    with listening(service) as url:
        fleet = Fleet(tmp_path, url, database)
        running = {folder: fleet.start(folder) for folder in ("first", "second")}
        deeds = ["kill"] * KILLS + ["sleep"] * SLEEPS
        chance.shuffle(deeds)
        done = Counter[str]()
        while deeds and service.posts.total() < JOBS:
            moment.wait(chance.uniform(2.0, 4.5))  # a process needs some of it to start
            folder = chance.choice(list(running))
            process = running[folder]
            if process.poll() is not None:
                process.communicate()
                running[folder] = fleet.start(folder)
                continue
            deed = deeds.pop()
            done[deed] += 1
            if deed == "kill":
                kill(process)
                running[folder] = fleet.start(folder)
            else:
                process.send_signal(signal.SIGSTOP)
                moment.wait(ASLEEP)
                process.send_signal(signal.SIGCONT)
        for process in running.values():
            process.communicate(timeout=LIMIT * 4)
        last = fleet.start("last")
        _, err = last.communicate(timeout=LIMIT * 4)
        assert last.returncode in (0, 8), err
    doubled = {prompt: count for prompt, count in service.posts.items() if count > 1}
    states = {row["name"]: row["state"] for row in fleet.rows("last")}
    lost = [name for name in service.posts if states[name] not in ("done", "uncertain")]
    print(f"{done['kill']} kills, {done['sleep']} sleeps, {service.posts.total()} POSTs, {Counter(states.values())}")
    assert done["kill"] >= 10 and done["sleep"] >= 5
    assert doubled == {}
    assert lost == []
    assert len(states) == JOBS
    assert set(states.values()) <= {"done", "uncertain"}
