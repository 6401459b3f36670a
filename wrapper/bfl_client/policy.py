"""How often to poll, how often to repeat, how long to wait: frozen values and the decisions made from them."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, Self

from .errors import ConfigurationError

Kind = Literal["image", "video"]

DEADLINES: dict[str, float] = {"image": 600.0, "video": 2700.0}
"""Seconds to wait by default. Queues of more than 15 minutes were seen for video; clients in production wait 45."""

NOT_FOUND_GRACE = 3
"""Polls for which "Task not found" is believed to be a task not registered yet. Its real length is not documented."""

POLL_FAILURES = 10
"""Failed polls in a row before a paid task is handed back with its error."""

SAMPLE_LIMIT = 4 * 1024**3
"""Bytes that a download may bring before it is given up; the longest films are far below."""

DOWNLOAD_DEADLINE = 1800.0
"""Seconds that one download may take, repeats included."""


def _check(policy: str, least: float, **values: float) -> None:
    for name, value in values.items():
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < least:
            raise ConfigurationError(f"{policy}({name}=…) must be a finite number of at least {least:g}")


class _Poll(NamedTuple):
    floor: float
    ceiling: float
    share: float
    deadline: float | None


class Poll(_Poll):
    """How a task is followed.

    The pause before the next poll is `share` of the task's age, kept between `floor` and `ceiling`, give or take a
    tenth: what is lost after completion stays a small part of the generation's own time, at few polls.

    Args:
        floor: shortest pause, seconds.
        ceiling: longest pause, seconds.
        share: pause as a part of the task's age.
        deadline: seconds to wait in all; None means 600 for pictures, 2700 for video.

    Raises:
        ConfigurationError: a value that is not a positive finite number.
    """

    __slots__ = ()

    def __new__(
        cls, *, floor: float = 0.5, ceiling: float = 10.0, share: float = 0.1, deadline: float | None = None
    ) -> Self:
        _check("Poll", 0.001, floor=floor, ceiling=ceiling, share=share)
        if deadline is not None:
            _check("Poll", 0.001, deadline=deadline)
        return super().__new__(cls, floor, ceiling, share, deadline)

    def pause(self, age: float, jitter: float) -> float:
        """Seconds to wait before the next poll of a task `age` seconds old; `jitter` lies in 0..1."""
        return min(max(age * self.share, self.floor), self.ceiling) * (0.9 + 0.2 * jitter)

    def timeout(self, kind: str) -> float:
        """Seconds to wait for a task of this kind when the caller names no limit."""
        return self.deadline if self.deadline is not None else DEADLINES.get(kind, DEADLINES["video"])


class _Retry(NamedTuple):
    attempts: int
    initial: float
    factor: float
    ceiling: float


class Retry(_Retry):
    """How a request that was certainly not carried out, or that costs nothing, is repeated.

    Args:
        attempts: requests in all, the first included.
        initial: pause before the second, seconds.
        factor: each further pause is this many times longer.
        ceiling: longest pause, seconds; a ``Retry-After`` is clamped to it as well.

    Raises:
        ConfigurationError: a value that is no finite number, or too small.
    """

    __slots__ = ()

    def __new__(cls, *, attempts: int = 4, initial: float = 0.5, factor: float = 2.0, ceiling: float = 30.0) -> Self:
        _check("Retry", 1, attempts=attempts, factor=factor)
        _check("Retry", 0.001, initial=initial, ceiling=ceiling)
        return super().__new__(cls, attempts, initial, factor, ceiling)

    def pause(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after so many failures (at least 1), or as the service asked."""
        wanted = self.initial * self.factor ** min(failures - 1, 30)
        return min(max(wanted, retry_after or 0.0), self.ceiling)
