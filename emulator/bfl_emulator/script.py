"""Scripts of faults: which request meets which fault, reproducibly, from Python or a YAML file."""

import json
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from random import Random
from typing import Any

from .addresses import LISTENERS

MAX_FAULTS = 5_000  # faults remembered
OPERATIONS = ("submit", "poll", "download", "webhook", "utility")
_ANSWERED = ("submit", "poll", "download", "utility")
# Fault -> the operations it can happen to, and its options with their defaults.
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
    "status": (("poll",), {"status": "Pondering", "code": 200}),
    "expired": (("download",), {}),
    "late": (("webhook",), {"seconds": 60.0}),
    "double": (("webhook",), {}),
    "overtaken": (("webhook",), {}),
    "refuse": ((), {}),
}
_PLACE = ("operation", "endpoint", "listener", "nth", "probability", "times", "between")
_CHOICES: Mapping[str, tuple[Any, ...]] = {
    "when": ("before-reading", "after-reading", "after-answering"),
    "code": (200, 404, 422, 503),
    "encoding": ("gzip", "deflate"),
}
_NUMBER = re.compile(r"(?<=^cluster)-[1-9]\d*$", re.ASCII)  # of a further cluster
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: ([^\s\0]([^\r\n\0]*[^\s\0])?)?")


@dataclass(frozen=True)
class Occasion:
    """Something that a fault can happen to; `task_id` is set if the task is known beforehand."""

    operation: str
    endpoint: str | None
    listener: str
    task_id: str | None = None


@dataclass(frozen=True, kw_only=True)
class SentFault(Occasion):
    """A fault that was really sent; `at` is seconds on the emulator's clock."""

    fault: str
    at: float


@dataclass
class Rule:
    """One fault, and what it happens to.

    operation: submit, poll, download, webhook or utility. endpoint: its name, or a pattern with ``*``. listener:
    submit, cluster (cluster-2, ...) or delivery. nth: which of the matching requests, counted from 1, one number or
    several. probability: of each. times: how often at most. between: seconds of the emulator's clock since the rule was
    added.
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
    added_at: float = 0.0
    _seen: int = 0
    _fired: int = 0

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Rule":
        """Read a rule from a mapping. Raises ValueError for anything unknown or impossible."""
        given = dict(entry)
        if not all(isinstance(key, str) for key in given):
            raise ValueError("the keys of a rule must be text")
        name = given.pop("fault", None)
        if not isinstance(name, str) or name not in FAULTS:
            raise ValueError(f"unknown fault {name!r}; the faults are {', '.join(FAULTS)}")
        operations, defaults = FAULTS[name]
        place = {key: given.pop(key) for key in _PLACE if key in given}
        if unknown := given.keys() - defaults.keys():
            options = ", ".join([*defaults, *_PLACE])
            raise ValueError(f"the fault {name!r} has no {', '.join(sorted(unknown))}; it has {options}")
        if len(operations) == 1:
            place.setdefault("operation", operations[0])
        rule = cls(name, **_checked_place(place), options={**defaults, **given})
        if rule.operation is not None and rule.operation not in operations:
            raise ValueError(f"the fault {name!r} cannot happen to {rule.operation!r}")
        if name == "refuse" and rule.listener is None:
            raise ValueError("the fault 'refuse' needs a listener")
        for option, default in defaults.items():
            _check_option(option, default, rule.options[option])
        return rule

    def fires(self, occasion: Occasion, now: float, random: Random) -> bool:
        """Count the occasion if it matches, and return whether the fault happens to it."""
        if not (self._matches(occasion) and self.applies(now)):
            return False
        self._seen += 1
        chance = self.probability >= 1 or random.random() < self.probability
        fires = chance and (self.nth is None or self._seen in self.nth) and self._fired != self.times
        self._fired += fires
        return fires

    def applies(self, now: float) -> bool:
        """Return whether this moment of the clock is in the rule's interval."""
        return self.between[0] <= now - self.added_at < self.between[1]

    def _matches(self, occasion: Occasion) -> bool:
        operations, _ = FAULTS[self.fault]
        return (
            (self.operation == occasion.operation if self.operation else occasion.operation in operations)
            and (self.endpoint is None or fnmatchcase(occasion.endpoint or "", self.endpoint))
            and self.listener in (None, occasion.listener)
        )


class Script:
    """The rules, in the order in which they are tried, and the log of the faults that were sent."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock, self._random = clock, Random(0)  # noqa: S311  (it decides about faults, it protects no secret)
        self._lock = threading.Lock()
        self.rules: list[Rule] = []
        self.sent: deque[SentFault] = deque(maxlen=MAX_FAULTS)
        self.promised: dict[str, Rule] = {}

    def add(self, entries: Iterable[Mapping[str, Any]], seed: int | None = None) -> None:
        """Add rules after the existing ones; a `seed` restarts the chances. Raises ValueError, and then adds none."""
        rules = [Rule.of(entry) for entry in entries]
        for rule in rules:
            rule.added_at = self._clock()
        if seed is not None:
            self._random.seed(seed)
        self.rules = [*self.rules, *rules]

    def next(self, occasion: Occasion) -> Rule | None:
        """Return the first rule that fires. Every matching rule counts the occasion, even if another one fires."""
        if not self.rules:
            return None
        with self._lock:  # submissions may be handled in other threads
            now = self._clock()
            return next(iter([rule for rule in self.rules if rule.fires(occasion, now, self._random)]), None)

    def refuses(self, listener: str) -> bool:
        """Return whether a listener is to refuse connections now."""
        now = self._clock()
        return any(rule.fault == "refuse" and rule.listener == listener and rule.applies(now) for rule in self.rules)

    def promise(self, task_id: str, rule: Rule) -> None:
        """Remember that the script decides how a task ends; that fault is sent once the client learns of it."""
        self.promised[task_id] = rule
        while len(self.promised) > MAX_FAULTS:
            del self.promised[next(iter(self.promised))]

    def log(self, fault: str, occasion: Occasion) -> SentFault:
        """Record a fault that is being sent."""
        record = SentFault(**vars(occasion), fault=fault, at=self._clock())
        self.sent.append(record)
        return record


def load(path: str | Path) -> tuple[list[Mapping[str, Any]], int | None]:
    """Read rules and seed from a YAML file: a list of rules, or ``{seed: ..., rules: [...]}``.

    Raises OSError for a file that cannot be read, ValueError for one that is not a script.
    """
    text = Path(path).read_text(encoding="utf-8")
    return rules_of(_parsed(text, str(path)), str(path))


def rules_of(document: Any, name: str) -> tuple[list[Mapping[str, Any]], int | None]:
    """Return the rules and the seed in a document; `name` identifies it in errors. Raises ValueError."""
    rules, seed = (document.get("rules"), document.get("seed")) if isinstance(document, dict) else (document, None)
    if isinstance(document, dict) and (unknown := document.keys() - {"rules", "seed"}):
        raise ValueError(f"{name} has unknown keys: {', '.join(map(str, sorted(unknown, key=str)))}")
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise ValueError(f"{name} does not contain a list of rules")
    if not (seed is None or isinstance(seed, int)):
        raise ValueError(f"{name}: the seed must be an integer")
    return rules, seed


def _parsed(text: str, name: str) -> Any:
    import yaml  # here, because most emulators have no script

    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ValueError(f"{name} is not YAML: {' '.join(str(error).split())}") from None


# Rules are checked when they are added: at their turn it would be too late to complain.


def _checked_place(place: dict[str, Any]) -> dict[str, Any]:
    """Check and convert what a rule says about where it applies. Raises ValueError."""
    for key, known in (("operation", OPERATIONS), ("listener", LISTENERS)):
        name = _NUMBER.sub("", place[key]) if key == "listener" and isinstance(place.get(key), str) else place.get(key)
        if name is not None and name not in known:
            raise ValueError(f"unknown {key} {place[key]!r}; it is one of {', '.join(known)}")
    if not isinstance(place.get("endpoint"), str | None):
        raise ValueError(f"endpoint must be a name or a pattern, not {place['endpoint']!r}")
    if (nth := place.get("nth")) is not None:
        given = nth if isinstance(nth, list | tuple | set | frozenset | range) else [nth]
        if not given or not all(isinstance(number, int) and number > 0 for number in given):
            raise ValueError(f"nth counts from 1, so it cannot be {nth!r}")
        place = {**place, "nth": frozenset(given)}
    if not 0 <= _number(float, "probability", place.get("probability", 1.0)) <= 1:
        raise ValueError(f"probability must be between 0 and 1, not {place['probability']!r}")
    if place.get("times") is not None:
        place = {**place, "times": _number(int, "times", place["times"])}
    if "between" in place:
        if not isinstance(between := place["between"], list | tuple) or len(between) != 2:
            raise ValueError(f"between must be two numbers of seconds, not {between!r}")
        first, last = (_number(float, "between", float("inf") if end is None else end) for end in between)
        place = {**place, "between": (first, last)}
    return place


def _number(kind: type[int] | type[float], name: str, value: Any) -> float:
    try:
        if (number := kind(value)) >= 0 and not isinstance(value, bool):
            return number
    except (TypeError, ValueError, OverflowError):
        pass
    raise ValueError(f"{name} must be a number of at least 0, not {value!r}")


def _check_option(name: str, default: Any, value: Any) -> None:
    """Check that a value can be sent when its turn comes: a header, a number, JSON. Raises ValueError."""
    if name == "headers" and not (isinstance(value, Mapping) and all(map(_is_header, value.items()))):
        raise ValueError(f"headers must be names with values of one line, not {value!r}")
    if isinstance(default, str) and not isinstance(value, str):
        raise ValueError(f"{name} must be text, not {value!r}")
    if name == "location" and not _is_header((name, value)):
        raise ValueError(f"{name} must be one line of text, not {value!r}")
    if isinstance(default, int | float) or (name == "bytes" and value is not None):
        number = _number(float if isinstance(default, float) else int, name, value)
        if name == "status" and not 200 <= number <= 599:
            raise ValueError(f"{name} must be an HTTP status between 200 and 599, not {value!r}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"{name} must be one of {', '.join(map(str, _CHOICES[name]))}, not {value!r}")
    if name in ("body", "details"):
        try:
            json.dumps(value)
        except (TypeError, ValueError, RecursionError):
            raise ValueError(f"{name} must be text or JSON") from None


def _is_header(pair: tuple[Any, Any]) -> bool:
    name, value = pair
    return isinstance(name, str) and _HEADER.fullmatch(f"{name}: {value}") is not None
