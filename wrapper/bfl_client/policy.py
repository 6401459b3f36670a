"""How often to poll, how often to repeat, how long to wait: frozen values and the decisions made from them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Self

from .errors import ConfigurationError

Kind = Literal["image", "video"]
DEADLINES: dict[str, float] = {"image": 600.0, "video": 2700.0}
"""Seconds to wait by default. Queues of more than 15 minutes were seen for video; clients in production wait 45."""
DOUBTED_POLLS = 5
"""How many answers in a row must say "Task not found", or "Ready" without a sample, before that is believed."""
DOUBTED_SECONDS = 30.0
"""How long they must have said so. Clusters answer for tasks that they do not own, at any age of a task (captured)."""
POLL_FAILURES = 10
"""Failed polls in a row before the waiting ends with their error."""
POLL_REFUSALS = 3
"""Polls in a row that refuse the key before that is believed: the same key has just submitted."""
REQUEST_DEADLINE = 900.0
"""Seconds that one API request may take in all, its body included, however slowly its answer arrives."""
DOWNLOAD_DEADLINE = 1800.0
"""Seconds that one download may take, repeats included."""
SAMPLE_LIMIT = 4 * 1024**3
"""The most bytes of a download; the longest videos are far smaller."""


MOST_AT_ONCE = 10_000
"""The most tasks of a map or batch at once: each is a thread, and the service allows far fewer."""


def require(sound: Mapping[str, bool]) -> None:
    """Raise ConfigurationError with the first message that does not hold."""
    for message, holds in sound.items():
        if not holds:
            raise ConfigurationError(message)


def finite(name: str, value: Any, least: float = 0.001) -> float:
    """The value, if it is a number from `least` to a billion; otherwise raises ConfigurationError."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not least <= value <= 1e9:
        raise ConfigurationError(f"{name} must be a number from {least:g} to 1,000,000,000")
    return float(value)


def check_concurrency(value: Any) -> None:
    """Raise ConfigurationError unless that many tasks can be awaited at once."""
    if type(value) is not int or not 1 <= value <= MOST_AT_ONCE:
        raise ConfigurationError(f"concurrency must be an integer from 1 to {MOST_AT_ONCE}")


def check_callback(name: str, value: Any, awaited: bool = False) -> None:
    """Raise ConfigurationError if a callback cannot be called, or is asynchronous and would not be awaited."""
    if value is not None and not callable(value):
        raise ConfigurationError(f"{name} must be a function")
    functions = (value, getattr(value, "__call__", None))  # noqa: B004  # objects may have an async one
    if not awaited and any(map(inspect.iscoroutinefunction, functions)):
        raise ConfigurationError(f"{name} is asynchronous, and nothing would await it: pass a plain function")


class Poll(NamedTuple):
    """How a task is followed; times are seconds.

    The pause before the next poll is `share` of the task's age, kept between `floor` and `ceiling`, give or take a
    tenth: few polls are needed, and the delay after completion stays a small part of the generation time. `deadline`
    is the time to wait in all; None means 600 for pictures, 2700 for video.
    """

    floor: float = 0.5
    ceiling: float = 10.0
    share: float = 0.1
    deadline: float | None = None

    def checked(self) -> Self:
        """Return this policy; raises ConfigurationError if its values make no sense. The client calls it."""
        for name, value in self._asdict().items():
            if name != "deadline" or value is not None:
                finite(f"Poll({name}=…)", value)
        return self

    def pause(self, age: float, jitter: float) -> float:
        """Seconds to wait before the next poll of a task `age` seconds old; `jitter` lies in 0..1."""
        return min(max(age * self.share, self.floor), self.ceiling) * (0.9 + 0.2 * jitter)

    def timeout(self, kind: str) -> float:
        """Seconds to wait for a task of this kind when the caller names no limit."""
        return self.deadline if self.deadline is not None else DEADLINES.get(kind, DEADLINES["video"])


class Retry(NamedTuple):
    """How a request that was certainly not carried out, or that costs nothing, is repeated.

    There are `attempts` requests in all. The first pause is `initial` seconds, each further one `factor` times longer,
    up to `ceiling`, to which a ``Retry-After`` is clamped as well.
    """

    attempts: int = 4
    initial: float = 0.5
    factor: float = 2.0
    ceiling: float = 30.0

    def checked(self) -> Self:
        """Return this policy; raises ConfigurationError if its values make no sense. The client calls it."""
        if not isinstance(self.attempts, int):
            raise ConfigurationError("Retry(attempts=…) must be an integer")
        for name, value in self._asdict().items():
            finite(f"Retry({name}=…)", value, 1 if name in ("attempts", "factor") else 0.001)
        return self

    def pause(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after this many failures (at least 1), or as long as the service asked."""
        wanted = self.initial * self.factor ** min(failures - 1, 30)
        return min(max(wanted, retry_after or 0.0), self.ceiling)
