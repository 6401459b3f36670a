"""The pool of connections: no request loses its connection to another one, and none is sent on a closed one."""

from __future__ import annotations

import asyncio
import importlib
import itertools
import json
import socket
import ssl
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
import trustme
from bfl_client import AsyncClient, Client, Retry, client
from bfl_client.library import _Glancing
from bfl_client.transport import http_options

from tests.cli.shell import LIMIT

from .conftest import KEY, NAME
from .loopback import Loopback
from .test_transport import KINDS, server

ONCE = Retry(1)


@pytest.fixture
def crowd(loopback: Loopback) -> Loopback:
    """A service that answers once four posts have arrived."""
    loopback.gate.clear()
    loopback.crowd = 4
    return loopback


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool takes connections that are in use for idle ones that have expired, as it does when it looks too late."""
    for core, kind in itertools.product(("httpcore", "httpcore2"), ("sync", "async")):
        with suppress(ImportError):
            module = importlib.import_module(f"{core}._{kind}.http11")
            connection = module.HTTP11Connection if kind == "sync" else module.AsyncHTTP11Connection
            monkeypatch.setattr(connection, "has_expired", lambda self: self._state.name == "ACTIVE")


async def submitted(client: AsyncClient, loopback: Loopback, count: int) -> list[str]:
    """The ids of tasks: the first is under way when the others begin."""
    first = asyncio.create_task(client.submit(NAME, prompt="0"))
    await asyncio.to_thread(loopback.arrived.wait, LIMIT)
    others = [client.submit(NAME, prompt=str(number)) for number in range(1, count)]
    return [task.id for task in await asyncio.gather(first, *others)]


@pytest.mark.usefixtures("hasty")
def test_no_thread_closes_the_connection_of_another_ones_request(crowd: Loopback) -> None:
    """Paid requests of several threads are each answered, though the pool takes their connections for idle ones."""
    with Client(KEY, crowd.url, timeout=LIMIT, retry=ONCE) as client, ThreadPoolExecutor(4) as pool:
        ids = list(pool.map(lambda number: client.submit(NAME, prompt=str(number)).id, range(4)))
    assert ids == [f"task-{number}" for number in range(4)]


@pytest.mark.usefixtures("hasty")
def test_no_asyncio_task_closes_the_connection_of_another_ones_request(crowd: Loopback) -> None:
    """The same of asyncio tasks that share a client."""

    async def run() -> list[str]:
        async with AsyncClient(KEY, crowd.url, timeout=LIMIT, retry=ONCE) as client:
            return await submitted(client, crowd, 4)

    assert asyncio.run(run()) == [f"task-{number}" for number in range(4)]


def test_there_are_no_more_connections_than_the_limit(crowd: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests beyond the limit wait for a connection that is free again, and are carried out."""

    def few(timeout: httpx.Timeout) -> dict[str, Any]:
        return {**http_options(timeout), "limits": httpx.Limits(max_connections=4)}

    monkeypatch.setattr(client, "http_options", few)

    async def run() -> list[str]:
        async with AsyncClient(KEY, crowd.url, retry=ONCE) as client:
            return await submitted(client, crowd, 12)

    assert asyncio.run(run()) == [f"task-{number}" for number in range(12)]
    assert len({post.port for post in crowd.posts}) == 4


@KINDS
@pytest.mark.parametrize("ending", ["closed", "reset", "closed with TLS"])
def test_nothing_is_paid_on_a_connection_that_was_closed(
    kind: str, ending: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Once the service has closed an idle connection, the next paid request goes out on a new one."""
    context, arrived, hung_up = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), threading.Event(), threading.Event()
    secure = ending == "closed with TLS"
    if secure:
        authority = trustme.CA()
        authority.issue_cert("127.0.0.1").configure_cert(context)
        authority.cert_pem.write_to_path(tmp_path / "authority.pem")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))

    def answer_once(connection: socket.socket) -> None:
        with context.wrap_socket(connection, server_side=True) if secure else nullcontext(connection) as spoken:
            spoken.recv(65536)
            receipt = json.dumps({"id": f"task-{len(accepted)}", "polling_url": f"{url}/v1/get_result?id=x"}).encode()
            spoken.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(receipt), receipt))
            arrived.wait(LIMIT)
            if ending == "reset" and len(accepted) == 1:
                spoken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                spoken.close()
            else:
                spoken.shutdown(socket.SHUT_RDWR)
        hung_up.set()

    def wait_for_the_end() -> None:
        arrived.set()
        hung_up.wait(LIMIT)

    async def run() -> list[str]:
        async with AsyncClient(KEY, url, retry=ONCE) as client:
            first = await client.submit(NAME, prompt="x")
            await anyio.to_thread.run_sync(wait_for_the_end)
            return [first.id, (await client.submit(NAME, prompt="x")).id]

    with server(answer_once) as (address, accepted):
        url = f"http{'s' * secure}://{address}"
        if kind == "sync":
            with Client(KEY, url, retry=ONCE) as client:
                first = client.submit(NAME, prompt="x")
                wait_for_the_end()
                ids = [first.id, client.submit(NAME, prompt="x").id]
        else:
            ids = anyio.run(run, backend=kind)
    assert ids == ["task-1", "task-2"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no poll: the library asks by itself")
def test_a_connection_without_a_socket_is_no_idle_one() -> None:
    """A socket that is closed on this side is reported as one that the other side has closed: it is not used again."""
    here, there = socket.socketpair()
    glancing = _Glancing(SimpleNamespace(get_extra_info=lambda info: here))
    assert glancing.get_extra_info("is_readable") is False
    there.close()
    assert glancing.get_extra_info("is_readable") is True
    here.close()
    assert glancing.get_extra_info("is_readable") is True
