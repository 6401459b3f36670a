"""How often to poll, how often to repeat, how long to wait: frozen values and the decisions made from them."""

from __future__ import annotations

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
"""Failed polls in a row before a paid task is handed back with its error."""

POLL_REFUSALS = 3
"""Polls in a row that refuse the key before that is believed: the same key has just submitted."""

REQUEST_DEADLINE = 900.0
"""Seconds that one API request may take in all, its body included, however its answer drips."""

SAMPLE_LIMIT = 4 * 1024**3
"""Bytes that a download may bring before it is given up; the longest films are far below."""

DOWNLOAD_DEADLINE = 1800.0
"""Seconds that one download may take, repeats included."""


def seconds(name: str, value: Any, least: float = 0.001) -> float:
    """The value, if it is a finite number of at least `least`. Raises ConfigurationError: it is not."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not least <= value < 1e9:
        raise ConfigurationError(f"{name} must be a finite number of at least {least:g}")
    return float(value)


class Poll(NamedTuple):
    """How a task is followed.

    The pause before the next poll is `share` of the task's age, kept between `floor` and `ceiling`, give or take a
    tenth: what is lost after completion stays a small part of the generation's own time, at few polls.
    """

    floor: float = 0.5
    """Shortest pause, seconds."""
    ceiling: float = 10.0
    """Longest pause, seconds."""
    share: float = 0.1
    """Pause as a part of the task's age."""
    deadline: float | None = None
    """Seconds to wait in all; None means 600 for pictures, 2700 for video."""

    def checked(self) -> Self:
        """The same policy, its values looked at; raises ConfigurationError for nonsense. The client calls it."""
        for name in ("floor", "ceiling", "share"):
            seconds(f"Poll({name}=…)", getattr(self, name))
        if self.deadline is not None:
            seconds("Poll(deadline=…)", self.deadline)
        return self

    def pause(self, age: float, jitter: float) -> float:
        """Seconds to wait before the next poll of a task `age` seconds old; `jitter` lies in 0..1."""
        return min(max(age * self.share, self.floor), self.ceiling) * (0.9 + 0.2 * jitter)

    def timeout(self, kind: str) -> float:
        """Seconds to wait for a task of this kind when the caller names no limit."""
        return self.deadline if self.deadline is not None else DEADLINES.get(kind, DEADLINES["video"])


class Retry(NamedTuple):
    """How a request that was certainly not carried out, or that costs nothing, is repeated."""

    attempts: int = 4
    """Requests in all, the first included."""
    initial: float = 0.5
    """Pause before the second, seconds."""
    factor: float = 2.0
    """Each further pause is this many times longer."""
    ceiling: float = 30.0
    """Longest pause, seconds; a ``Retry-After`` is clamped to it as well."""

    def checked(self) -> Self:
        """The same policy, its values looked at; raises ConfigurationError for nonsense. The client calls it."""
        if not isinstance(self.attempts, int):
            raise ConfigurationError("Retry(attempts=…) must be an integer")
        for name, least in (("attempts", 1), ("factor", 1), ("initial", 0.001), ("ceiling", 0.001)):
            seconds(f"Retry({name}=…)", getattr(self, name), least)
        return self

    def pause(self, failures: int, retry_after: float | None = None) -> float:
        """Seconds to wait after so many failures (at least 1), or as the service asked."""
        wanted = self.initial * self.factor ** min(failures - 1, 30)
        return min(max(wanted, retry_after or 0.0), self.ceiling)
