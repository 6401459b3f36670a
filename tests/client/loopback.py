"""The service on loopback: real sockets, and a ledger of every POST that arrived."""

from __future__ import annotations

import http.server
import json
import math
import threading
from functools import partial
from types import TracebackType
from typing import Any, NamedTuple, Self

PICTURE = b"\x89PNG picture"


class Post(NamedTuple):
    """A paid request that arrived."""

    prompt: str
    port: int
    """Of the connection on which it came: another port is another connection."""


class Loopback:
    """Answers like the service: the task of the prompt ``x`` is ``task-x``, and is ready at its first poll.

    Attributes:
        posts: the ledger, in order of arrival.
        arrived: set while there is a POST in the ledger.
        gate: what is posted is answered once this is set.
        crowd: so many posts set the gate.
        silent: prompts that are never answered: their connection is closed instead.
        status: of the answers to POSTs.
        refusals: bytes that are sent in place of the next answers to POSTs.
    """

    def __init__(self) -> None:
        self.posts: list[Post] = []
        self.arrived, self.gate = threading.Event(), threading.Event()
        self.gate.set()
        self.crowd = math.inf
        self.silent: set[str] = set()
        self.status = 200
        self.refusals: list[bytes] = []
        self._server = _Server(("127.0.0.1", 0), partial(_Handler, self))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.gate.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    block_on_close = False  # idle connections of clients that are not closed must not hold up the end of a test


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(self, here: Loopback, *connection: Any) -> None:
        self._here = here
        super().__init__(*connection)  # which serves the whole connection

    def do_POST(self) -> None:
        """Write the request down, and answer it with its task."""
        here = self._here
        prompt = json.loads(self.rfile.read(int(self.headers["content-length"])))["prompt"]
        here.posts.append(Post(prompt, self.client_address[1]))
        here.arrived.set()
        if len(here.posts) >= here.crowd:
            here.gate.set()
        here.gate.wait(30)
        if here.refusals:
            self.wfile.write(here.refusals.pop(0))
            return
        if prompt in here.silent:
            self.close_connection = True
            return
        task = f"task-{prompt}"
        polling_url = f"{here.url}/v1/get_result?id={task}"
        self._answer(here.status, json.dumps({"id": task, "polling_url": polling_url, "cost": 3}).encode())

    def do_GET(self) -> None:
        """Answer a poll, a download, or the question for the credits."""
        path, _, query = self.path.partition("?id=")
        if path == "/sample":
            self._answer(200, PICTURE, "image/png")
        elif query:
            result = {"sample": f"{self._here.url}/sample", "prompt": query}
            self._answer(200, json.dumps({"id": query, "status": "Ready", "result": result}).encode())
        else:
            self._answer(200, b'{"credits": 5}')

    def _answer(self, status: int, content: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Write no log."""
