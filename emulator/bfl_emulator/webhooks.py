"""Webhooks: the result of a task, sent to the URL that its submission named.

The payload is the body of a poll (documented 2026-02). The secret is sent as it is in ``X-Webhook-Secret``
(documented); as an option ``X-BFL-Signature: sha256=<hex>``, an HMAC of the body, replaces it. That form, and the
retries after 1, 5 and 30 seconds, are in the vendor's own material only (2026-01); no delivery was recorded.
"""

import hashlib
import heapq
import hmac
import itertools
import json
import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlsplit

from .addresses import is_loopback
from .clock import now
from .script import Occasion, Script

DELAYS = (1.0, 5.0, 30.0)  # seconds after each failure before the next attempt
MAX_DELIVERIES = 5_000  # deliveries remembered
_PATIENCE = 5.0  # seconds of real time that a receiver has to answer
_GLANCE = 0.01  # seconds between looks at a clock that does not run by itself
_logger = logging.getLogger("bfl_emulator.webhooks")


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver a webhook: the HTTP `status` of the answer, or the `error` that prevented one.

    `at` is seconds on the emulator's clock.
    """

    task_id: str
    url: str
    at: float
    status: int | None = None
    error: str | None = None


@dataclass(eq=False)
class _Letter:
    occasion: Occasion
    url: str
    secret: str | None
    body: Callable[[], Any]
    fault: str | None = None
    held: bool = False
    failures: int = 0


class Postman:
    """Delivers webhooks when they are due by the clock. outbound: whether they may leave this machine.

    signed: whether the secret signs the body rather than being sent.
    """

    def __init__(self, clock: Callable[[], float], script: Script, *, outbound: bool, signed: bool) -> None:
        self._clock, self._script, self._outbound, self._signed = clock, script, outbound, signed
        self._due: list[tuple[float, int, _Letter]] = []
        self._held: _Letter | None = None
        self._numbers, self._changed, self._round = itertools.count(), threading.Condition(), threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = False
        self.deliveries: deque[Delivery] = deque(maxlen=MAX_DELIVERIES)

    def expect(self, occasion: Occasion, at: float, url: str, secret: str | None, body: Callable[[], Any]) -> None:
        """Deliver to `url`, at this moment of the clock, what `body` returns then."""
        rule = self._script.next(occasion)
        letter = _Letter(occasion, url, secret, body, None if rule is None else rule.fault)
        self._enqueue(at + (float(rule.options["seconds"]) if rule and rule.fault == "late" else 0.0), letter)

    def deliver_due(self) -> int:
        """Deliver everything that is due, in this thread, and return the number of attempts."""
        count = 0
        with self._round:
            while letter := self._next():
                count += self._carry(letter)
        return count

    def start(self) -> None:
        """Deliver from a thread of its own until `stop`."""
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="bfl_emulator webhooks", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End that thread; a receiver that is being waited for has its five seconds."""
        thread, self._thread = self._thread, None
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while not self._stopping:
            self.deliver_due()
            with self._changed:
                if not self._stopping:
                    self._changed.wait(self._pause())

    def _pause(self) -> float | None:
        if not self._due:
            return None
        rest = max(0.0, self._due[0][0] - self._clock())
        return rest if self._clock is now else min(rest, _GLANCE)

    def _enqueue(self, at: float, letter: _Letter) -> None:
        with self._changed:
            heapq.heappush(self._due, (at, next(self._numbers), letter))
            self._changed.notify_all()

    def _next(self) -> _Letter | None:
        with self._changed:
            if self._stopping or not self._due or self._due[0][0] > self._clock():
                return None
            return heapq.heappop(self._due)[2]

    def _carry(self, letter: _Letter) -> int:
        """Make the attempts that are due for a letter: none if another is to overtake it, two if it is doubled."""
        if letter.fault == "overtaken" and not letter.held and self._held is None:
            letter.held, self._held = True, letter
            return 0
        arrived, count = self._attempt(letter), 1
        if not arrived:
            self._retry(letter)
            return count
        happened = letter.fault == "late" or letter.held
        if letter.fault == "double":
            happened, count = self._attempt(letter), 2
        self._log(letter, happened)
        if self._held is not None and self._held is not letter:
            late, self._held = self._held, None
            count += self._carry(late)
        return count

    def _retry(self, letter: _Letter) -> None:
        if letter.failures < len(DELAYS):
            letter.failures += 1
            self._enqueue(self._clock() + DELAYS[letter.failures - 1], letter)

    def _log(self, letter: _Letter, happened: bool) -> None:
        promised = self._script.promised.pop(letter.occasion.task_id or "", None)
        if happened and letter.fault is not None:
            self._script.log(letter.fault, letter.occasion)
        if promised is not None:
            self._script.log(promised.fault, letter.occasion)

    def _attempt(self, letter: _Letter) -> bool:
        body = json.dumps(letter.body()).encode()
        headers = {b"Content-Type": b"application/json", b"User-Agent": b"bfl_emulator"}
        if letter.secret is not None:
            secret = letter.secret.encode()
            name = b"X-BFL-Signature" if self._signed else b"X-Webhook-Secret"
            digest = hmac.digest(secret, body, hashlib.sha256).hex()
            headers[name] = f"sha256={digest}".encode() if self._signed else secret
        task_id, at = letter.occasion.task_id or "", self._clock()
        try:
            status = self._post(letter.url, body, headers)
        except (OSError, HTTPException, ValueError) as error:
            self.deliveries.append(Delivery(task_id, letter.url, at, error=f"{type(error).__name__}: {error}"))
            if not letter.failures:
                _logger.warning("the webhook of task %s to %s: %s", task_id, urlsplit(letter.url).hostname, error)
            return False
        self.deliveries.append(Delivery(task_id, letter.url, at, status))
        return 200 <= status < 300

    def _post(self, url: str, body: bytes, headers: dict[bytes, bytes]) -> int:
        """Send one POST, follow no redirect, and return the status. Raises ValueError for a URL that is not allowed."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http(s) URL")
        if not (self._outbound or is_loopback(url)):
            raise ValueError("the emulator delivers to this machine only, unless allow_outbound is set")
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname, parts.port, timeout=_PATIENCE)
        try:
            target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.putrequest("POST", target, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name, value)
            connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            return connection.getresponse().status
        finally:
            connection.close()
