"""The state of one emulated service: key, credits, limits, clock, tasks, and what arrived."""

import heapq
import itertools
import math
import re
import threading
import time
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from typing import Any

from .addresses import Addresses
from .requests import ReceivedRequest, Refusal
from .samples import SampleFiles, Signer
from .script import Script
from .specification import Node, Specification, TaskEndpoint
from .tasks import TaskRecord
from .validation import Contract
from .webhooks import Postman

MAX_TASKS = 10_000  # tasks remembered; how long the service keeps one is not known
MAX_REQUESTS = 5_000  # requests remembered
POLLS_A_SECOND = 1200  # recorded in X-Ratelimit-Limit (2025-08, 2025-12)
_KEY = re.compile(r"[!-~]+", re.ASCII)
_KEY_LENGTH = 8  # characters; anything shorter cannot be one of the service's keys


class Account:
    """The credits of the one project that the emulator knows."""

    def __init__(self, credits: float) -> None:
        self.credits = credits

    def charge(self, cost: float) -> None:
        """Charge for a task. Raises Refusal (402, documented) if the credits do not suffice or are used up."""
        if self.credits <= 0 or cost > self.credits:
            raise Refusal(402, "Insufficient credits")  # the service's own wording is not known
        self.credits = round(self.credits - cost, 4)

    def refund(self, cost: float) -> None:
        """Give back what was charged."""
        self.credits = round(self.credits + cost, 4)


class PollCounter:
    """Counts polls in windows of one second, and refuses none: what the service does beyond its limit is not known."""

    def __init__(self) -> None:
        self._window, self._used = -1, 0

    def headers(self, now: float) -> dict[str, str]:
        """Count a poll at `now` (seconds since 1970) and return the headers recorded on every successful one."""
        window = math.floor(now)
        self._used = self._used + 1 if window == self._window else 1
        self._window = window
        return {
            "Retry-After": "1",
            "X-Ratelimit-Limit": str(POLLS_A_SECOND),
            "X-Ratelimit-Remaining": str(max(0, POLLS_A_SECOND - self._used)),
            "X-Ratelimit-Reset": f"{window + 1:.1f}",
        }


class ActiveTasks:
    """Counts tasks that have not ended: 24 at a time, fewer on some endpoints (documented 2026-09)."""

    def __init__(self, limit: int, *, enforced: bool) -> None:
        self._limit, self._enforced = limit, enforced
        self._ends = defaultdict[str, list[float]](list)  # when each task ends, which is known from the start

    def admit(self, endpoint: TaskEndpoint, now: float) -> None:
        """Raise Refusal (429) if one more would be too many."""
        if not self._enforced:
            return
        for ends in self._ends.values():
            while ends and ends[0] <= now:
                heapq.heappop(ends)
        total = sum(map(len, self._ends.values()))
        if len(self._ends[endpoint.name]) >= endpoint.active_limit or total >= self._limit:
            raise Refusal(429, "too many active tasks")  # as seen for FLUX 3; no Retry-After is known here

    def add(self, endpoint: TaskEndpoint, until: float) -> None:
        """Count a task as active until this moment of the clock."""
        if self._enforced:
            heapq.heappush(self._ends[endpoint.name], until)


class Service:
    """Everything that the parts of one emulated service share.

    clock: returns monotonic seconds; whatever takes time or expires follows it. limits: whether the number of active
    tasks is limited. outbound: whether webhooks and URLs in requests may lead to other machines. signed: whether
    webhooks carry an HMAC. strict: whether the file host refuses requests with the key. Raises ValueError for a speed
    that is not above 0, and for a key that no header can carry.
    """

    def __init__(
        self,
        document: Node,
        *,
        api_key: str,
        speed: float,
        credits: float,
        finetunes: Iterable[str],
        clock: Callable[[], float],
        addresses: Addresses,
        limits: bool,
        outbound: bool,
        signed: bool,
        strict: bool,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed!r}")
        if not _KEY.fullmatch(api_key):
            raise ValueError("an API key consists of printable ASCII characters without spaces")
        self.specification = Specification(document)
        self.contract = Contract(self.specification)
        self.api_key, self.speed, self.addresses, self.strict = api_key, speed, addresses, strict
        self.account, self.lock = Account(credits), threading.Lock()
        self.active = ActiveTasks(self.specification.active_limit, enforced=limits)
        self.finetunes: dict[str, dict[str, Any]] = {name: {"finetune_id": name} for name in finetunes}
        self._any_finetune = not self.finetunes
        self.clock, self._epoch = clock, time.time() - clock()
        self.polls, self.script = PollCounter(), Script(clock)
        self.webhooks = Postman(clock, self.script, outbound=outbound, signed=signed)
        self.tasks: OrderedDict[str, TaskRecord] = OrderedDict()
        self.signer = Signer(lambda: self.epoch(self.clock()))
        self.files = SampleFiles(self.tasks, self.signer, outbound=outbound)
        self.requests: deque[ReceivedRequest] = deque(maxlen=MAX_REQUESTS)
        self.leaks: deque[ReceivedRequest] = deque(maxlen=MAX_REQUESTS)
        self._turns = itertools.count()

    def epoch(self, moment: float) -> float:
        """Convert a moment of the clock to seconds since 1970."""
        return self._epoch + moment

    def knows_finetune(self, name: str) -> bool:
        """Return whether a finetune exists, also as ``owner/name``; without a list of finetunes, every one does."""
        return self._any_finetune or name in self.finetunes or name.rpartition("/")[2] in self.finetunes

    def next_cluster(self) -> str:
        """Return the listener that is to know the next task: each cluster in turn."""
        clusters = self.addresses.clusters
        return clusters[next(self._turns) % len(clusters)]

    def remember(self, task: TaskRecord) -> None:
        """Keep a task so that it can be polled; beyond MAX_TASKS, forget the oldest and its files."""
        self.tasks[task.id] = task
        while len(self.tasks) > MAX_TASKS:
            self.files.forget(self.tasks.popitem(last=False)[1])


def well_formed(key: str) -> bool:
    """Return whether this could be a key at all: the service answers a malformed key with 422, a wrong one with 403."""
    return len(key) >= _KEY_LENGTH and _KEY.fullmatch(key) is not None
