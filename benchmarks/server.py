"""A plain server to measure against: it answers at once and looks at as little as it can, to cost little itself.

``python -m benchmarks.server`` prints its port. POST gives a task that is ready at its first poll; ``/sample/N`` gives
N bytes; below ``/faulty`` every fifth answer is a 503 that sheds load; ``/first`` returns the monotonic time, in
seconds, at which the first request since the last one arrived.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time

_numbers = itertools.count()  # a task's id is its own: the client takes one that it knows for a mixed-up answer
_answers = itertools.count()
_SHED = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 13\r\n\r\nshedding load"
PIECE = b"\0" * 65536


class Connection(asyncio.Protocol):
    """One connection with keep-alive; bodies are counted and dropped."""

    first: float | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.head = b""
        self.left = 0

    def data_received(self, data: bytes) -> None:
        while data:
            if self.left:
                self.left, data = max(self.left - len(data), 0), data[self.left :]
                if not self.left:
                    self._answer()
                continue
            self.head, _, data = self._header(data)
            if not self.head.endswith(b"\r\n\r\n"):
                return
            self.left = self._length()
            if not self.left:
                self._answer()

    def _header(self, data: bytes) -> tuple[bytes, bytes, bytes]:
        if self.head.endswith(b"\r\n\r\n"):
            self.head = b""
        head, end, rest = (self.head + data).partition(b"\r\n\r\n")
        return head + end, end, rest

    def _length(self) -> int:
        for line in self.head.lower().split(b"\r\n"):
            if line.startswith(b"content-length:"):
                return int(line[15:])
        return 0

    def _answer(self) -> None:
        method, target, _ = self.head.split(b" ", 2)
        host = self.transport.get_extra_info("sockname")
        if target == b"/first":
            body = json.dumps({"first": Connection.first}).encode()
            Connection.first = None
        elif Connection.first is None:
            Connection.first = time.monotonic()
        faulty = b"/faulty" if target.startswith(b"/faulty") else b""
        target = target.removeprefix(faulty)
        if faulty and next(_answers) % 5 == 4:
            return self.transport.write(_SHED)
        if method == b"POST":
            task = f"t{next(_numbers)}"
            body = json.dumps(
                {"id": task, "polling_url": f"http://127.0.0.1:{host[1]}{faulty.decode()}/v1/get_result?id={task}"}
            ).encode()
        elif target.startswith(b"/v1/get_result"):
            sample, task = f"http://127.0.0.1:{host[1]}/sample/100000000", target.rpartition(b"=")[2].decode()
            body = json.dumps({"id": task, "status": "Ready", "result": {"sample": sample, "seed": 1}}).encode()
        elif target.startswith(b"/sample/"):
            return self._sample(int(target[8:]))
        elif target != b"/first":
            body = b"{}"
        self.transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
        )

    def _sample(self, size: int) -> None:
        head = b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\ncontent-length: %d\r\n\r\n" % size
        self.transport.write(head)
        for start in range(0, size, len(PIECE)):
            self.transport.write(PIECE[: size - start])


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
