"""Leaving in the middle: a cancelled task and Ctrl-C leave no open connection and no file, and every task continues."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from bfl_client import AsyncClient, AsyncTask, Client, Poll, Task, specification
from bfl_client.transport import http_options
from bfl_emulator import Emulator

from .conftest import ANY, NAME, left_early

BACKENDS = pytest.mark.parametrize("backend", ["asyncio", "trio"])
QUICK = Poll(floor=0.001, ceiling=0.01)


def _smallest() -> tuple[str, dict[str, Any]]:
    """An endpoint that makes pictures from words, and a small body for it."""
    if ANY.kind != "image" or not {"width", "height"} <= specification.parameters(NAME).keys():
        pytest.skip("this specification has no endpoint that makes a picture from a prompt, width and height")
    return NAME, {"prompt": "a fox", "width": 256, "height": 256}


class Still:
    """A clock that stands still, or has passed all there is to wait for."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Still:
    return Still()


@pytest.fixture
def emulator(clock: Still) -> Iterator[Emulator]:
    with Emulator(clock=clock) as emulator:
        yield emulator
    emulator.assert_no_leaks()


async def _until(condition: Callable[[], object]) -> None:
    with anyio.fail_after(30):
        while not condition():
            await anyio.sleep(0.005)


def _asked(emulator: Emulator, operation: str) -> set[str]:
    """The tasks that were polled, or downloaded."""
    if operation == "poll":
        return {each.query["id"] for each in list(emulator.requests) if each.query.keys() == {"id"}}
    return {each.path.split("/")[2] for each in list(emulator.requests) if "sig" in each.query}


@asynccontextmanager
async def _connected(emulator: Emulator) -> AsyncIterator[tuple[AsyncClient, Callable[[], list[object]]]]:
    """A client of the emulator's, and what lists its connections on which something is still under way."""
    async with httpx.AsyncClient(**http_options(httpx.Timeout(60.0))) as http:
        pool: Any = http._transport

        def busy() -> list[object]:
            return [connection for connection in pool._pool.connections if not connection.is_idle()]

        yield AsyncClient(emulator.api_key, emulator.base_url, poll=QUICK, http_client=http), busy


@left_early
@BACKENDS
@pytest.mark.parametrize("operation", ["poll", "download"])
def test_a_cancelled_task(operation: str, backend: str, emulator: Emulator, clock: Still, tmp_path: Path) -> None:
    """Cancelled during a poll or a download, a task leaves no connection in use and no file, and can be resumed."""
    endpoint, body = _smallest()
    (tmp_path / "kept.jpg").write_bytes(b"an older one")

    async def run() -> None:
        async with _connected(emulator) as (client, busy):
            task = await client.submit(endpoint, body)
            clock.now += 100
            emulator.script({"fault": "drip", "operation": operation, "seconds": 1.0, "times": 1})
            async with anyio.create_task_group() as group:
                group.start_soon(task.save, tmp_path / "kept.jpg")
                await _until(lambda: _asked(emulator, operation))
                group.cancel_scope.cancel()
            assert busy() == []
            assert [path.name for path in tmp_path.iterdir()] == ["kept.jpg"]
            assert (tmp_path / "kept.jpg").read_bytes() == b"an older one"
            resumed = AsyncTask.from_dict(json.loads(json.dumps(task.to_dict())), client)
            assert (await resumed.save(tmp_path / "kept.jpg")).stat().st_size > 1000

    anyio.run(run, backend=backend)


@BACKENDS
def test_a_map_left_in_the_middle(backend: str, emulator: Emulator, clock: Still) -> None:
    """A map left early leaves no connection in use, and a handle of each of its tasks with which it is resumed."""
    endpoint, body = _smallest()

    async def run() -> None:
        async with _connected(emulator) as (client, busy):
            async with client.map(endpoint, [body] * 3) as outcomes, anyio.create_task_group() as group:
                group.start_soon(outcomes.__anext__)
                await _until(lambda: len(emulator.tasks) == 3)
                group.cancel_scope.cancel()
            assert busy() == []
            assert {task.id for task in outcomes.unfinished} == set(emulator.tasks)
            clock.now += 100
            for task in outcomes.unfinished:
                assert await (await task.wait()).read()

    anyio.run(run, backend=backend)


PROGRAM = """
import json, os, sys
from bfl_client import Client, Poll
endpoint, body, way, folder = json.loads(sys.argv[1])
with Client(poll=Poll(floor=0.001, ceiling=0.01)) as client:
    if way == "map":
        with client.map(endpoint, [body] * 3) as outcomes:
            try:
                list(outcomes)
            except KeyboardInterrupt:
                pass
        tasks = outcomes.unfinished
    else:
        tasks = [client.submit(endpoint, body)]
        try:
            tasks[0].save(folder)
        except KeyboardInterrupt:
            pass
    print(json.dumps([task.to_dict() for task in tasks]))
folder = "/proc/self/fd"
fds = [os.path.join(folder, fd) for fd in os.listdir(folder)] if os.path.isdir(folder) else []
sys.exit(sum("socket:" in os.readlink(fd) for fd in fds if os.path.islink(fd)))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a single process cannot be sent Ctrl-C there")
@pytest.mark.parametrize("way", ["map", "wait", "download"])
def test_ctrl_c(way: str, emulator: Emulator, clock: Still, tmp_path: Path) -> None:
    """Ctrl-C while a map, a task or a download is waited for leaves no open connection, no file, and every handle."""
    endpoint, body = _smallest()
    count = 3 if way == "map" else 1
    if way == "download":
        emulator.script({"fault": "drip", "operation": "download", "seconds": 0.2, "times": 1})
    command = [sys.executable, "-c", PROGRAM, json.dumps([endpoint, body, way, str(tmp_path)])]
    variables = {**os.environ, "BFL_API_KEY": emulator.api_key, "BFL_BASE_URL": emulator.base_url}
    with subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, text=True) as program:
        reached = threading.Event()

        def watch() -> None:
            while not reached.wait(0.01) and program.poll() is None:
                polled = _asked(emulator, "poll")
                if way == "download" and polled:
                    clock.now = 100
                if len(polled) == count and (way != "download" or _asked(emulator, "download")):
                    reached.set()

        watcher = threading.Thread(target=watch)
        watcher.start()
        assert reached.wait(60)
        watcher.join()
        program.send_signal(signal.SIGINT)
        output, _ = program.communicate(timeout=60)
    assert program.returncode == 0
    assert list(tmp_path.iterdir()) == []
    handles = json.loads(output)
    assert {handle["id"] for handle in handles} == set(emulator.tasks)
    clock.now += 100
    with Client(emulator.api_key, emulator.base_url, poll=QUICK) as client:
        for handle in handles:
            assert Task.from_dict(handle, client).wait().read()
