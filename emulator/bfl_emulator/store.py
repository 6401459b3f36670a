"""Keeps files in memory up to a number of bytes; the oldest go first."""

import threading
from collections.abc import Callable


class Store:
    """Files by name, at most `limit` bytes of them; one that is larger than the limit is not kept."""

    def __init__(self, limit: int) -> None:
        self._limit, self.size = limit, 0
        self._files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, name: str, content: bytes) -> None:
        """Keep a file as the newest, and drop the oldest ones that there is no room for any more."""
        with self._lock:
            self.size -= len(self._files.pop(name, b""))
            if len(content) > self._limit:
                return
            self._files[name] = content
            self.size += len(content)
            while self.size > self._limit:
                self.size -= len(self._files.pop(next(iter(self._files))))

    def drop(self, name: str) -> None:
        """Forget a file, if it is kept."""
        with self._lock:
            self.size -= len(self._files.pop(name, b""))

    def get(self, name: str) -> bytes | None:
        """Return a file, or None if it is not kept (any more)."""
        with self._lock:
            return self._files.get(name)

    def made(self, name: str, make: Callable[[], bytes]) -> bytes:
        """Return a file, making it if it is not kept."""
        content = self.get(name)
        if content is None:
            self.put(name, content := make())
        return content

    def __len__(self) -> int:
        return len(self._files)
