"""``python -m benchmarks.load [TASKS]``: how much load the emulator bears, as ratios within one run.

First its throughput, compared with an empty Starlette route behind the same listener under the same requests; then
2,000 tasks in flight at once, each of which must come back with its own prompt and seed; then the memory of its process
over 20,000 tasks (or TASKS). Exit status 1 if a figure is not reached.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, NamedTuple

from bfl_client import AsyncClient, AsyncTask

KEY = "bfl_benchmark"
ENDPOINT = "flux-dev"
CONNECTIONS = 24
PAIRS = 2_000  # submits and polls in one round
ROUNDS = 5
IN_FLIGHT = 2_000
SLOW = 0.3  # of the service's speed: the first task is still under way when the last one is submitted
TASKS = 20_000
SMALL = {"width": 256, "height": 256}


class Figure(NamedTuple):
    """One line of the table; `above` says whether the value must be above the bound."""

    name: str
    value: float
    bound: float
    above: bool = False

    @property
    def reached(self) -> bool:
        """Whether the figure is on the right side of its bound."""
        return self.value >= self.bound if self.above else self.value <= self.bound


def serve(what: str) -> None:
    """Print the address, and serve one of the two until standard input ends."""
    from bfl_emulator import Emulator
    from bfl_emulator.listener import Listener
    from bfl_emulator.script import Script
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import JSONResponse
    from starlette.routing import Route

    if what == "empty":

        async def empty(request: Request) -> JSONResponse:
            await request.body()
            return JSONResponse({"id": "x", "polling_url": "/x"})

        app = Starlette(routes=[Route("/{path:path}", empty, methods=["GET", "POST"])])
        listener = Listener(app, "127.0.0.1", {"submit": 0}, Script(time.monotonic))
        listener.start()
        print(f"http://127.0.0.1:{listener.ports['submit']}", flush=True)
        sys.stdin.read()
        listener.stop()
        return
    options: dict[str, Any] = {"api_key": KEY, "limits": False, "credits": 1e9, "one_host": True}
    with Emulator(speed=float("inf") if what == "ready" else SLOW, **options) as emulator:
        print(emulator.base_url, flush=True)
        sys.stdin.read()


class Server:
    """One of the two servers, in a process of its own."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url
        self.port = int(url.rpartition(":")[2])

    def memory(self) -> float:
        """Return the resident memory in megabytes."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def server(what: str) -> Iterator[Server]:
    """Start one of the two servers, and stop it at the end."""
    command = [sys.executable, "-m", "benchmarks.load", "serve", what]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Server(process, process.stdout.readline().strip())
    finally:
        process.communicate(timeout=30)


class Line:
    """A connection that costs little on the measuring side: one request at a time, written by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    async def ask(self, method: str, path: str, body: bytes = b"") -> Any:
        """Send a request and return its answer, which must be a 200."""
        head = f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nx-key: {KEY}\r\ncontent-type: application/json\r\n"
        self._writer.write(f"{head}content-length: {len(body)}\r\n\r\n".encode() + body)
        answer = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = int(answer.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        content = await self._reader.readexactly(length)
        assert answer.startswith(b"http/1.1 200"), content
        return json.loads(content)

    async def close(self) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()


async def over(port: int, count: int, work: Callable[[Line, int], Awaitable[None]]) -> None:
    """Do numbered pieces of work over several connections."""
    numbers = iter(range(count))

    async def one() -> None:
        line = Line(*await asyncio.open_connection("127.0.0.1", port))
        for number in numbers:
            await work(line, number)
        await line.close()

    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))


async def pair(line: Line, number: int) -> None:
    """Submit a task and poll it once."""
    body = json.dumps({"prompt": f"task {number}", **SMALL}).encode()
    task = await line.ask("POST", f"/v1/{ENDPOINT}", body)
    await line.ask("GET", f"/v1/get_result?id={task['id']}")


def rate(port: int) -> float:
    """Return the pairs a second."""
    started = time.perf_counter()
    asyncio.run(over(port, PAIRS, pair))
    return PAIRS / (time.perf_counter() - started)


def throughput() -> Figure:
    """Compare submits and polls a second with the empty route: the best of alternating rounds, for busy machines."""
    with server("ready") as emulator, server("empty") as empty:
        pairs = [(rate(emulator.port), rate(empty.port)) for _ in range(ROUNDS)]
    ours, plain = (max(found[side] for found in pairs) for side in (0, 1))
    print(f"  {ours:,.0f} pairs a second; the empty route {plain:,.0f}", file=sys.stderr)
    return Figure("submit + poll, share of an empty route", ours / plain, 0.35, above=True)


async def flight(url: str) -> tuple[int, int, int]:
    """Put tasks in flight at once; return how many were waiting, how many were lost, and how many mixed up."""
    async with AsyncClient(KEY, url) as client:
        slots = asyncio.Semaphore(CONNECTIONS)

        async def each(work: Callable[[Any], Awaitable[Any]], inputs: Iterable[Any]) -> list[Any]:
            async def one(given: Any) -> Any:
                async with slots:
                    return await work(given)

            return await asyncio.gather(*map(one, inputs), return_exceptions=True)

        async def submit(number: int) -> AsyncTask:
            return await client.submit(ENDPOINT, {"prompt": f"task {number}", "seed": number, **SMALL})

        tasks = await each(submit, range(IN_FLIGHT))
        waiting = sum(look.status != "Ready" for look in await each(AsyncTask.status, tasks))
        results = await each(AsyncTask.wait, tasks)
        whole = [(n, r) for n, r in enumerate(results) if not isinstance(r, BaseException)]
        crossed = sum(r.prompt != f"task {n}" or r.seed != n for n, r in whole)
        return waiting, len(results) - len(whole), crossed


def in_flight() -> Iterator[Figure]:
    """Check that each of the tasks in flight at once gets its own result."""
    with server("slow") as emulator:
        waiting, missing, crossed = asyncio.run(flight(emulator.url))
    yield Figure("tasks in flight at once", waiting, IN_FLIGHT, above=True)
    yield Figure("of them lost", missing, 0)
    yield Figure("of them mixed up", crossed, 0)


async def fetched(line: Line, number: int, drawn: Callable[[str], Any]) -> None:
    """Submit a task and poll it; download the picture of every tenth."""
    body = json.dumps({"prompt": f"task {number}", **SMALL}).encode()
    task = await line.ask("POST", f"/v1/{ENDPOINT}", body)
    answer = await line.ask("GET", f"/v1/get_result?id={task['id']}")
    if number % 10 == 0:
        await asyncio.to_thread(drawn, answer["result"]["sample"])


def memory(count: int) -> Figure:
    """Compare the memory at the end with that at half time, when everything that is bounded is full."""
    import httpx

    with server("ready") as emulator, httpx.Client() as http:
        lock = threading.Lock()

        def drawn(url: str) -> None:
            with lock:
                http.get(url).raise_for_status()

        seen = []
        for part in range(4):
            asyncio.run(over(emulator.port, count // 4, partial(fetched, drawn=drawn)))
            seen.append(emulator.memory())
            print(f"  {(part + 1) * count // 4:,} tasks: {seen[-1]:.0f} MB", file=sys.stderr)
    return Figure(f"memory after {count:,} tasks, of that at half", seen[3] / seen[1], 1.05)


def main(count: int) -> int:
    """Measure, print the table, and return 1 if a figure was not reached."""
    missed = 0
    for figure in (throughput(), *in_flight(), memory(count)):
        missed += not figure.reached
        sign = "at least" if figure.above else "at most"
        print(f"| {figure.name:44} | {figure.value:9,.2f} | {sign:8} {figure.bound:8,.2f} |", flush=True)
    print(f"{missed} figures were not reached" if missed else "every figure was reached")
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(sys.argv[2])
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else TASKS))
