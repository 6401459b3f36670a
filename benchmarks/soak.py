"""``python -m benchmarks.soak [TASKS]``: thousands of tasks through a faulty service, every one accounted for.

Half of the tasks go through `Client`, half through `AsyncClient`. One answer in five is faulty, redirects lead to a
host that must never be asked, and halfway through each half the emulator is stopped and started again. A tap beneath
the client notes how each POST ended. Exit status 1 if a task was lost or created twice, if a POST was repeated although
the one before it may have been carried out, or if the other host was asked.
"""

from __future__ import annotations

import asyncio
import http.server
import json
import logging
import socket
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from bfl_client import AsyncClient, BFLError, Client, Poll
from bfl_emulator import Emulator

ENDPOINT = "flux-dev"
CONCURRENCY = 24
POLL = Poll(floor=0.01, ceiling=0.5)


def faults(elsewhere: str) -> list[dict[str, Any]]:
    """Return rules that together spoil about one answer in five."""
    return [
        {"fault": "html", "operation": "poll", "probability": 0.06},
        {"fault": "answer", "operation": "poll", "status": 503, "body": {"detail": "overloaded"}, "probability": 0.04},
        {"fault": "reset", "operation": "poll", "probability": 0.04},
        {"fault": "truncate", "operation": "poll", "probability": 0.02},
        {"fault": "status", "operation": "poll", "probability": 0.04},
        {"fault": "answer", "operation": "submit", "status": 429, "body": {"detail": "busy"}, "probability": 0.1},
        {"fault": "answer", "operation": "submit", "status": 503, "body": {"detail": "shedding"}, "probability": 0.04},
        {"fault": "reset", "operation": "submit", "when": "before-reading", "probability": 0.02},
        {"fault": "reset", "operation": "submit", "when": "after-answering", "probability": 0.02},
        {"fault": "redirect", "operation": "poll", "location": elsewhere, "probability": 0.01},
        {"fault": "polling-url", "operation": "submit", "url": "https://elsewhere.example/x", "probability": 0.01},
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


class Tap(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """A transport that notes how each POST of a prompt ended: its HTTP status, or the error that it raised."""

    def __init__(self, transport: Any, ended: dict[str, list[str]]) -> None:
        self.transport, self.ended = transport, ended

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        sent = request.stream = _Noted(request.stream)
        try:
            response: httpx.Response = self.transport.handle_request(request)
        except httpx.TransportError as error:
            self.note(request, sent, type(error).__name__)
            raise
        self.note(request, sent, str(response.status_code))
        return response

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        sent = request.stream = _Noted(request.stream)
        try:
            response: httpx.Response = await self.transport.handle_async_request(request)
        except httpx.TransportError as error:
            self.note(request, sent, type(error).__name__)
            raise
        self.note(request, sent, str(response.status_code))
        return response

    def note(self, request: httpx.Request, sent: _Noted, outcome: str) -> None:
        """Note an outcome under the prompt; a request of which nothing was read has none."""
        if request.method == "POST" and sent.content:
            self.ended[json.loads(sent.content)["prompt"]].append(outcome)


class _Noted(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A request's body that keeps what was read of it."""

    def __init__(self, stream: Any) -> None:
        self.stream, self.content = stream, b""

    def __iter__(self) -> Iterator[bytes]:
        for piece in self.stream:
            self.content += piece
            yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self.stream:
            self.content += piece
            yield piece


class Tally:
    """What became of every task, from both sides."""

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.prompts: dict[str, str] = {}  # task -> prompt, as the emulator saw it
        self.accounted: set[str] = set()
        self.ended: dict[str, list[str]] = defaultdict(list)

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
        else:
            self.outcomes["refused, not created"] += 1

    def counted(self, emulator: Emulator, of: int) -> bool:
        """Look at the emulator now and then; true at the moment to restart it, halfway."""
        number = self.outcomes.total()
        if number % 100 == 0:
            self.look(emulator)
            print(f"\r{number:,} of {of:,}", end="", file=sys.stderr)
        return number == of // 2

    def repeated(self) -> Counter[str]:
        """How the POSTs that were followed by another one of the same prompt had ended."""
        return Counter(outcome for outcomes in self.ended.values() for outcome in outcomes[:-1])


EXPLAINED = {"429", "503", "ConnectError", "ConnectTimeout"}
"""Outcomes after which a POST may be repeated; the 503 here says that it sheds load."""


def bodies(prompts: list[str]) -> Iterator[dict[str, Any]]:
    """Yield one request for each prompt."""
    return ({"prompt": prompt, "width": 256, "height": 256} for prompt in prompts)


def run_sync(emulator: Emulator, prompts: list[str], tally: Tally) -> None:
    """Put the prompts through one map of a `Client`; restart the emulator halfway."""
    with (
        httpx.Client(transport=Tap(httpx.HTTPTransport(), tally.ended)) as tap,
        Client(emulator.api_key, emulator.base_url, poll=POLL, http_client=tap) as client,
        client.map(ENDPOINT, bodies(prompts), concurrency=CONCURRENCY) as outcomes,
    ):
        for prompt, outcome in zip(prompts, outcomes, strict=True):
            tally.note(prompt, outcome)
            if tally.counted(emulator, len(prompts)):
                emulator.stop()
                emulator.start()


async def run_async(emulator: Emulator, prompts: list[str], tally: Tally) -> None:
    """`run_sync`, through an `AsyncClient`."""
    left = iter(prompts)
    async with (
        httpx.AsyncClient(transport=Tap(httpx.AsyncHTTPTransport(), tally.ended)) as tap,
        AsyncClient(emulator.api_key, emulator.base_url, poll=POLL, http_client=tap) as client,
        client.map(ENDPOINT, bodies(prompts), concurrency=CONCURRENCY) as outcomes,
    ):
        async for outcome in outcomes:
            tally.note(next(left), outcome)
            if tally.counted(emulator, len(prompts)):
                await asyncio.to_thread(emulator.stop)
                await asyncio.to_thread(emulator.start)


def soak(name: str, prompts: list[str]) -> bool:
    """Put prompts through one of the clients, and print the tally; true if every task is accounted for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started, tally = time.monotonic(), Tally()
    options: dict[str, Any] = {"one_host": True, "limits": False, "credits": 1e9}
    with sink() as (elsewhere, asked):
        script = faults(elsewhere)
        with Emulator(port=port, speed=float("inf"), script=script, seed=1, **options) as emulator:
            if name == "Client":
                run_sync(emulator, prompts, tally)
            else:
                asyncio.run(run_async(emulator, prompts, tally))
            tally.look(emulator)
    created = Counter(tally.prompts.values())
    twice = sum(many > 1 for many in created.values())
    lost = len(prompts) - len(tally.accounted)
    repeated = tally.repeated()
    print(f"\n{name}: asked {len(prompts):,}; created {len(created):,}; {time.monotonic() - started:.0f} s")
    for outcome, many in sorted(tally.outcomes.items()):
        print(f"  {outcome:24} {many:7,}")
    print(f"  created twice {twice}; lost {lost}; requests (and keys) elsewhere {len(asked)}")
    print(f"  POSTs repeated, by how the one before had ended: {dict(repeated)}")
    return not (twice or lost or asked or repeated.keys() - EXPLAINED)


def main(count: int) -> int:
    """Soak both clients, with half of the tasks each."""
    logging.getLogger("bfl_client").setLevel(logging.ERROR)  # the unknown statuses are meant
    prompts = [f"task {number}" for number in range(count)]
    sound = [soak("Client", prompts[: count // 2]), soak("AsyncClient", prompts[count // 2 :])]
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000))
