"""What the service counts: polls in a second, and tasks that are not finished."""

import heapq
import math
from collections import defaultdict

from .refusals import Refusal
from .specification import TaskEndpoint

POLLS_A_SECOND = 1200  # recorded in X-Ratelimit-Limit (2025-08, 2025-12)


class PollWindow:
    """Counts polls in windows of one second.

    The emulator reports the count and refuses nothing: what the service does beyond it is not recorded.
    """

    def __init__(self) -> None:
        self._window, self._used = -1, 0

    def headers(self, now: float) -> dict[str, str]:
        """Count one poll at `now` (seconds since 1970) and return the headers recorded on every answered one."""
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
    """Counts tasks that are not finished: 24 at a time, fewer on some endpoints (documented 2026-09).

    Finished is a matter of time alone, so a task is counted by the moment at which it will be.
    """

    def __init__(self, limit: int, *, enforced: bool) -> None:
        self._limit, self._enforced = limit, enforced
        self._ends = defaultdict[str, list[float]](list)

    def admit(self, endpoint: TaskEndpoint, now: float) -> None:
        """Raise Refusal (429) if one more would be too many.

        The words are those seen for FLUX 3; no Retry-After is known on submissions.
        """
        if not self._enforced:
            return
        for ends in self._ends.values():
            while ends and ends[0] <= now:
                heapq.heappop(ends)
        total = sum(map(len, self._ends.values()))
        if len(self._ends[endpoint.name]) >= endpoint.active_limit or total >= self._limit:
            raise Refusal(429, "too many active tasks")

    def add(self, endpoint: TaskEndpoint, until: float) -> None:
        """Count a task as active until this reading of the clock."""
        if self._enforced:
            heapq.heappush(self._ends[endpoint.name], until)
