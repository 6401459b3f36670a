"""Faults by plan: which request meets which fault, reproducibly, in Python or from a YAML file."""

import json
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any

from .checks import OPERATIONS, check_options, check_place

MAX_FAULTS = 5_000  # faults remembered
_ANSWERED = OPERATIONS[:3] + OPERATIONS[4:]
# Fault -> where it can happen, and its options with their defaults.
FAULTS: Mapping[str, tuple[tuple[str, ...], Mapping[str, Any]]] = {
    "answer": (_ANSWERED, {"status": 500, "body": {"detail": "Internal Server Error"}, "headers": {}}),
    "html": (_ANSWERED, {"status": 502}),
    "reset": (_ANSWERED, {"when": "after-reading"}),
    "truncate": (_ANSWERED, {"bytes": None}),
    "slow": (_ANSWERED, {"seconds": 1.0}),
    "drip": (_ANSWERED, {"bytes": 1, "seconds": 0.1}),
    "bomb": (_ANSWERED, {"bytes": 64 * 1024 * 1024, "encoding": "gzip"}),
    "redirect": (_ANSWERED, {"status": 307, "location": "https://elsewhere.example/"}),
    "polling-url": (("submit",), {"url": "https://elsewhere.example/v1/get_result?id=1"}),
    "outcome": (("submit",), {"status": "Error", "code": 200, "details": None}),
    "status": (("poll",), {"status": "Pondering"}),
    "expired": (("download",), {}),
    "late": (("webhook",), {"seconds": 60.0}),
    "double": (("webhook",), {}),
    "overtaken": (("webhook",), {}),
    "refuse": ((), {}),
}
_PLACE = ("operation", "endpoint", "listener", "nth", "probability", "times", "between")


@dataclass(frozen=True)
class Occasion:
    """Something that a fault can happen to; `task_id` is there where one is known beforehand."""

    operation: str
    endpoint: str | None
    listener: str
    task_id: str | None = None


@dataclass(frozen=True)
class SentFault:
    """A fault that was really sent; `at` is the reading of the emulator's clock in seconds."""

    fault: str
    operation: str
    endpoint: str | None
    listener: str
    task_id: str | None
    at: float


@dataclass
class Rule:
    """One fault, and what it happens to.

    operation: submit, poll, download, webhook or utility; endpoint: its name, or a pattern with ``*``; listener:
    submit, cluster or delivery. nth: which of the matching requests, counted from 1, one or several; probability: of
    each; times: how often at most; between: seconds of the emulator's clock, counted from when the rule was made.
    """

    fault: str
    operation: str | None = None
    endpoint: str | None = None
    listener: str | None = None
    nth: frozenset[int] | None = None
    probability: float = 1.0
    times: int | None = None
    between: tuple[float, float] = (0.0, float("inf"))
    options: dict[str, Any] = field(default_factory=dict)
    made_at: float = 0.0
    _seen: int = 0
    _fired: int = 0

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Rule":
        """Read a rule from a mapping. Raises ValueError for what is unknown, impossible or never could happen."""
        given = dict(entry)
        if not all(isinstance(key, str) for key in given):
            raise ValueError("the keys of a rule are words")
        name = given.pop("fault", None)
        if not isinstance(name, str) or name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; there are {', '.join(FAULTS)}")
        operations, defaults = FAULTS[name]
        place = {key: given.pop(key) for key in _PLACE if key in given}
        if unknown := given.keys() - defaults.keys():
            options = ", ".join([*defaults, *_PLACE])
            raise ValueError(f"the fault {name!r} has no {', '.join(sorted(unknown))}; it has {options}")
        if len(operations) == 1:
            place.setdefault("operation", operations[0])
        rule = cls(name, **check_place(place), options={**defaults, **given})
        if rule.operation is not None and rule.operation not in operations:
            raise ValueError(f"the fault {name!r} cannot happen to {rule.operation!r}")
        if name == "refuse" and rule.listener is None:
            raise ValueError("the fault 'refuse' needs a listener")
        check_options(name, rule.options, defaults)
        return rule

    def fires(self, occasion: Occasion, now: float, random: Random) -> bool:
        """Count the occasion if it matches, and tell whether the fault happens to it."""
        if not (self._matches(occasion) and self.holds(now)):
            return False
        self._seen += 1
        chance = self.probability >= 1 or random.random() < self.probability
        fires = chance and (self.nth is None or self._seen in self.nth) and self._fired != self.times
        self._fired += fires
        return fires

    def holds(self, now: float) -> bool:
        """Tell whether a reading of the clock is between the rule's two."""
        return self.between[0] <= now - self.made_at < self.between[1]

    def _matches(self, occasion: Occasion) -> bool:
        operations, _ = FAULTS[self.fault]
        return (
            (self.operation == occasion.operation if self.operation else occasion.operation in operations)
            and (self.endpoint is None or fnmatchcase(occasion.endpoint or "", self.endpoint))
            and self.listener in (None, occasion.listener)
        )


class Script:
    """The rules, in the order in which they are asked, and the log of the faults that were sent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._random = clock, Random(0)  # noqa: S311  (it decides about faults, no secret)
        self._lock = threading.Lock()
        self.rules: list[Rule] = []
        self.sent: deque[SentFault] = deque(maxlen=MAX_FAULTS)
        self.promised: dict[str, Rule] = {}

    def add(self, entries: Iterable[Mapping[str, Any]], seed: int | None = None) -> None:
        """Add rules after those that are there. A `seed` starts the chances anew. Raises ValueError, then adds none."""
        rules = [Rule.of(entry) for entry in entries]
        for rule in rules:
            rule.made_at = self._clock()
        if seed is not None:
            self._random.seed(seed)
        self.rules = [*self.rules, *rules]

    def next(self, occasion: Occasion) -> Rule | None:
        """Return the first rule that fires. Every matching rule counts the occasion, so that none depends on others."""
        if not self.rules:
            return None
        with self._lock:  # submissions may be handled beside the event loop
            now = self._clock()
            return next(iter([rule for rule in self.rules if rule.fires(occasion, now, self._random)]), None)

    def refuses(self, listener: str) -> bool:
        """Tell whether a listener is to refuse connections now."""
        now = self._clock()
        return any(rule.fault == "refuse" and rule.listener == listener and rule.holds(now) for rule in self.rules)

    def promise(self, task_id: str, rule: Rule) -> None:
        """Remember that a task has an outcome from the script, which is sent when it is told."""
        self.promised[task_id] = rule
        while len(self.promised) > MAX_FAULTS:
            del self.promised[next(iter(self.promised))]

    def log(self, rule: str, occasion: Occasion) -> SentFault:
        """Take down a fault that is being sent."""
        record = SentFault(
            rule, occasion.operation, occasion.endpoint, occasion.listener, occasion.task_id, self._clock()
        )
        self.sent.append(record)
        return record


def load(path: str | Path) -> tuple[list[Mapping[str, Any]], int | None]:
    """Read rules and seed from a YAML file: a list of rules, or ``{seed: ..., rules: [...]}``.

    Raises OSError for a file that cannot be read, ValueError for one that is no script.
    """
    text = Path(path).read_text(encoding="utf-8")
    return rules_of(_parsed(text, str(path)), str(path))


def rules_of(document: Any, name: str) -> tuple[list[Mapping[str, Any]], int | None]:
    """Take rules and seed out of a document; `name` says in errors where it is from. Raises ValueError."""
    rules, seed = (document.get("rules"), document.get("seed")) if isinstance(document, dict) else (document, None)
    if isinstance(document, dict) and (unknown := document.keys() - {"rules", "seed"}):
        raise ValueError(f"{name} has unknown keys: {', '.join(map(str, sorted(unknown, key=str)))}")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError(f"{name} holds no list of rules")
    if not (seed is None or isinstance(seed, int)):
        raise ValueError(f"{name}: the seed must be an integer")
    return rules, seed


def _parsed(text: str, name: str) -> Any:
    try:
        import yaml
    except ModuleNotFoundError:
        try:
            return json.loads(text)  # JSON is YAML too
        except ValueError:
            raise ValueError(f'{name} is no JSON, and YAML needs PyYAML: pip install "bfl-client[emulator]"') from None
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{name} is no YAML: {' '.join(str(error).split())}") from None
