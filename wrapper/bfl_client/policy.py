"""How often to poll, how often to repeat, how long to wait: frozen values and the decisions made from them."""

from __future__ import annotations

import math
from typing import Any, Literal

from attrs import Attribute, field, frozen

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


def _at_least(bound: float) -> Any:
    def check(policy: object, attribute: Attribute[Any], value: Any) -> None:
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or value < bound:
            raise ConfigurationError(
                f"{type(policy).__name__}({attribute.name}=…) must be a finite number of at least {bound:g}"
            )

    return check


def _optional(check: Any) -> Any:
    return lambda policy, attribute, value: None if value is None else check(policy, attribute, value)


_positive = _at_least(0.001)


@frozen(kw_only=True)
class Poll:
    """How a task is followed.

    The pause before the next poll is `share` of the task's age, kept between `floor` and `ceiling`, give or take a
    tenth: what is lost after completion stays a small part of the generation's own time, at few polls.

    Args:
        floor: shortest pause, seconds.
        ceiling: longest pause, seconds.
        share: pause as a part of the task's age.
        deadline: seconds to wait in all; None means 600 for pictures, 2700 for video.
    """

    floor: float = field(default=0.5, validator=_positive)
    ceiling: float = field(default=10.0, validator=_positive)
    share: float = field(default=0.1, validator=_positive)
    deadline: float | None = field(default=None, validator=_optional(_positive))

    def pause(self, age: float, jitter: float) -> float:
        """Seconds to wait before the next poll of a task `age` seconds old; `jitter` lies in 0..1."""
        return min(max(age * self.share, self.floor), self.ceiling) * (0.9 + 0.2 * jitter)

    def timeout(self, kind: str) -> float:
        """Seconds to wait for a task of this kind when the caller names no limit."""
        return self.deadline if self.deadline is not None else DEADLINES.get(kind, DEADLINES["video"])


@frozen(kw_only=True)
class Retry:
    """How a request that was certainly not carried out, or that costs nothing, is repeated.

    Args:
        attempts: requests in all, the first included.
        initial: pause before the second, seconds.
        factor: each further pause is this many times longer.
        ceiling: longest pause, seconds; a ``Retry-After`` is clamped to it as well.
    """

    attempts: int = field(default=4, validator=_at_least(1))
    initial: float = field(default=0.5, validator=_positive)
    factor: float = field(default=2.0, validator=_at_least(1))
    ceiling: float = field(default=30.0, validator=_positive)

    def pause(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after so many failures (at least 1), or as the service asked."""
        wanted = self.initial * self.factor ** min(failures - 1, 30)
        return min(max(wanted, retry_after or 0.0), self.ceiling)
