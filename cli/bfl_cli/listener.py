"""A small HTTP server that takes webhooks: POSTs of any path, a body of limited size, nothing else."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bfl_client import webhooks
from bfl_client.errors import WebhookError

from .screen import Screen

if TYPE_CHECKING:
    from bfl_client.answers import Update

_PATIENCE = 10.0  # seconds that a sender may be silent


class Listener:
    """Listens in threads of its own; `updates` gives what verified, in the order of arrival.

    Raises:
        OSError: the address cannot be listened on.
    """

    def __init__(self, host: str, port: int, secret: str | None, form: Any, screen: Screen) -> None:
        self._arrived: queue.SimpleQueue[Update] = queue.SimpleQueue()
        arrived = self._arrived

        class Handler(BaseHTTPRequestHandler):
            timeout = _PATIENCE
            server_version, sys_version = "bfl", ""

            def do_POST(self) -> None:
                length = self.headers.get("content-length", "")
                if not length.isdecimal() or int(length[:20]) > webhooks.BODY_LIMIT:
                    self._answer(413 if length else 411)
                    return
                try:
                    update = webhooks.parse(self.rfile.read(int(length)), dict(self.headers), secret, form=form)
                except WebhookError as error:
                    screen.note(f"refused: {error}")
                    self._answer(403)
                    return
                self._answer(200)
                arrived.put(update)

            def _answer(self, status: int) -> None:
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing; what matters is said elsewhere."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True

    @property
    def url(self) -> str:
        """Where to send deliveries."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}/"

    def updates(self) -> Iterator[Update]:
        """Every update that verified; waits for the next, without end."""
        while True:
            try:
                yield self._arrived.get(timeout=0.5)  # in pieces, because Windows interrupts no endless wait
            except queue.Empty:
                continue

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
