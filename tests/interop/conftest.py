"""Where clients of others find the emulator; they are collected only in the session `interop`, which installs them."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from bfl_emulator import Emulator

collect_ignore_glob = [] if os.environ.get("BFL_INTEROP") else ["test_*.py"]


class Proxy:
    """An HTTPS proxy that leads every host to one port of this machine, for clients that accept the service's only."""

    def __init__(self, port: int) -> None:
        self._port, self._server = port, socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        """Accept nothing more."""
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):  # it was closed
            while True:
                caller, _ = self._server.accept()
                threading.Thread(target=self._lead, args=(caller,), daemon=True).start()

    def _lead(self, caller: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += caller.recv(4096) or b"\r\n\r\n"
        there = socket.create_connection(("127.0.0.1", self._port))
        caller.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=self._pass_on, args=(there, caller), daemon=True)
        back.start()
        self._pass_on(caller, there)
        back.join()
        caller.close()
        there.close()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):  # either side has gone
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def plain() -> Iterator[Emulator]:
    """An emulator on one address, for clients that take any base URL."""
    with Emulator(one_host=True, speed=float("inf")) as emulator:
        yield emulator


@pytest.fixture
def secure() -> Iterator[Emulator]:
    """An emulator that serves https, also under the service's own names."""
    with Emulator(one_host=True, tls=True, bfl_hosts=True, speed=float("inf")) as emulator:
        yield emulator


@pytest.fixture
def proxy(secure: Emulator) -> Iterator[Proxy]:
    """A proxy that leads to it."""
    found = Proxy(int(secure.base_url.rpartition(":")[2]))
    yield found
    found.close()
