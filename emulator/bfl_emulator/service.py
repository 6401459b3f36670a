"""The state of one emulated service, shared by everything that answers for it."""

import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .files import Files
from .hosts import Hosts
from .journal import ReceivedRequest
from .limits import ActiveTasks, PollWindow
from .prices import Account
from .samples import Signer
from .script import Script
from .specification import Node, Operation, Specification
from .validation import Contract
from .webhooks import Postman

if TYPE_CHECKING:
    from .tasks import Task

MAX_TASKS = 10_000  # tasks remembered; how long the service keeps one is not known
MAX_REQUESTS = 5_000  # requests remembered
_KEY = re.compile(r"[!-~]+", re.ASCII)
_KEY_LENGTH = 8  # characters; anything shorter cannot be one of the service's keys


@dataclass(frozen=True)
class Call:
    """A request that passed validation: `schema` is the object schema that its body obeys.

    `polls_here` tells whether it came to the host that knows the tasks.
    """

    operation: Operation
    parameters: dict[str, Any]
    body: dict[str, Any]
    schema: Node
    polls_here: bool = True


class Service:
    """Key, credits, finetunes, tasks and clock of one emulated service.

    `clock` gives monotonic seconds; all that takes time or expires follows it. `limits` tells whether the number of
    active tasks is limited, `outbound` whether webhooks may leave this machine, `signed` whether they carry an HMAC.
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
        hosts: Hosts,
        limits: bool,
        outbound: bool,
        signed: bool,
    ) -> None:
        if not speed > 0:
            raise ValueError(f"speed must be above 0, not {speed!r}")
        if not _KEY.fullmatch(api_key):
            raise ValueError("an API key consists of printable ASCII characters without spaces")
        self.specification = Specification(document)
        self.contract = Contract(self.specification)
        self.api_key, self.speed, self.hosts = api_key, speed, hosts
        self.account, self.lock = Account(credits), threading.Lock()
        self.active = ActiveTasks(self.specification.active_limit, enforced=limits)
        self.finetunes: dict[str, dict[str, Any]] = {name: {"finetune_id": name} for name in finetunes}
        self.clock, self._epoch = clock, time.time() - clock()
        self.signer, self.polls = Signer(), PollWindow()
        self.script, self.webhooks = Script(clock), Postman(self, outbound=outbound, signed=signed)
        self.tasks: OrderedDict[str, Task] = OrderedDict()
        self.files = Files(self, outbound)
        self.requests: deque[ReceivedRequest] = deque(maxlen=MAX_REQUESTS)

    def epoch(self, moment: float) -> float:
        """Convert a reading of the clock to seconds since 1970."""
        return self._epoch + moment

    def remember(self, task: "Task") -> None:
        """Keep a task so that it can be polled; beyond MAX_TASKS the oldest is forgotten, and its files with it."""
        self.tasks[task.id] = task
        while len(self.tasks) > MAX_TASKS:
            self.files.forget(self.tasks.popitem(last=False)[1])


def well_formed(key: str) -> bool:
    """Tell whether a key could be one at all: the service tells a malformed key (422) from a wrong one (403)."""
    return len(key) >= _KEY_LENGTH and _KEY.fullmatch(key) is not None
