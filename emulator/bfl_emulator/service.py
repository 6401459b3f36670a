"""The state of one emulated service, shared by everything that answers for it."""

import re
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .journal import ReceivedRequest
from .limits import PollWindow
from .samples import Signer
from .specification import Node, Operation, Specification
from .validation import Contract

if TYPE_CHECKING:
    from .tasks import Task

MAX_TASKS = 100_000  # tasks remembered; how long the service keeps one is not known
MAX_REQUESTS = 10_000  # requests remembered
_KEY = re.compile(r"[!-~]+", re.ASCII)
_KEY_LENGTH = 8  # characters; anything shorter cannot be one of the service's keys


@dataclass(frozen=True)
class Call:
    """A request that passed validation: `schema` is the object schema that its body obeys."""

    operation: Operation
    parameters: dict[str, Any]
    body: dict[str, Any]
    schema: Node


class Service:
    """Key, credits, finetunes, tasks and clock of one emulated service.

    `clock` gives monotonic seconds; all that takes time or expires follows it. `base_url` has no slash at its end.
    Raises ValueError for a speed that is not above 0 and for a key that no header can carry.
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
        base_url: str,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed!r}")
        if not _KEY.fullmatch(api_key):
            raise ValueError("an API key consists of printable ASCII characters without spaces")
        self.specification = Specification(document)
        self.contract = Contract(self.specification)
        self.api_key, self.speed, self.credits, self.base_url = api_key, speed, credits, base_url
        self.finetunes: dict[str, dict[str, Any]] = {name: {"finetune_id": name} for name in finetunes}
        self.clock, self._epoch = clock, time.time() - clock()
        self.signer, self.polls = Signer(), PollWindow()
        self.tasks: dict[str, Task] = {}
        self.requests: deque[ReceivedRequest] = deque(maxlen=MAX_REQUESTS)

    def epoch(self, moment: float) -> float:
        """Convert a reading of the clock to seconds since 1970."""
        return self._epoch + moment

    def remember(self, task: "Task") -> None:
        """Keep a task so that it can be polled; beyond MAX_TASKS the oldest is forgotten."""
        self.tasks[task.id] = task
        while len(self.tasks) > MAX_TASKS:
            del self.tasks[next(iter(self.tasks))]


def well_formed(key: str) -> bool:
    """Tell whether a key could be one at all: the service tells a malformed key (422) from a wrong one (403)."""
    return len(key) >= _KEY_LENGTH and _KEY.fullmatch(key) is not None
