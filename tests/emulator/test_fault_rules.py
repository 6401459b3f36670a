"""The rules of a script: what they match, and which of them are refused."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from bfl_emulator.script import Occasion, Script, load

from .conftest import Clock, connected


def _which(rules: list[dict[str, Any]], seed: int, count: int = 200) -> list[int]:
    script = Script(lambda: 0.0)
    script.add(rules, seed)
    return [number for number in range(count) if script.next(Occasion("poll", "paint", "cluster")) is not None]


def test_chance() -> None:
    """The same seed picks the same requests, about as many as the probability says; another seed picks others."""
    rules = [{"fault": "html", "probability": 0.2}]
    assert _which(rules, 1) == _which(rules, 1) != _which(rules, 2)
    assert 20 < len(_which(rules, 1)) < 60


@pytest.mark.anyio
async def test_the_seed_of_a_file(small: dict[str, Any], tmp_path: Path) -> None:
    """A script file may name its seed; the one that an emulator is given beats it."""
    rules = [{"fault": "html", "probability": 0.5}]
    path = tmp_path / "rules.json"
    path.write_text(json.dumps({"seed": 7, "rules": rules}))

    async def met(**given: Any) -> list[int]:
        async with connected(Emulator(specification=small, **given)) as client:
            return [(await client.get("/v1/credits")).status_code for _ in range(40)]

    assert await met(script=path) == await met(script=rules, seed=7)
    assert await met(script=path, seed=8) == await met(script=rules, seed=8) != await met(script=path)


def test_chance_without_a_seed() -> None:
    """Without a seed, the same script picks the same requests in every run."""

    def picked() -> list[int]:
        script = Script(lambda: 0.0)
        script.add([{"fault": "html", "probability": 0.5}])
        return [number for number in range(200) if script.next(Occasion("poll", "paint", "cluster")) is not None]

    assert picked() == picked()


def test_between_counts_from_the_rule(clock: Clock) -> None:
    """A rule's span of seconds begins when the rule is added, and the log of faults tells when one was sent."""
    script = Script(clock)
    script.add([{"fault": "html", "between": [10, 20]}])
    met = []
    for seconds in (9, 1, 11):
        clock.now += seconds
        met.append(script.next(Occasion("poll", "paint", "cluster")) is not None)
    assert met == [False, True, False]
    script.log("html", Occasion("poll", "paint", "cluster"))
    assert [fault.at for fault in script.sent] == [clock.now]


def test_an_impossible_rule_adds_none() -> None:
    """If one of several rules is impossible, none of them is added."""
    script = Script(lambda: 0.0)
    with pytest.raises(ValueError):
        script.add([{"fault": "html"}, {"fault": "no such fault"}])
    assert script.next(Occasion("poll", "paint", "cluster")) is None


def test_where_a_rule_applies() -> None:
    """A rule counts and matches only requests of its operation, endpoint pattern and listener."""
    script = Script(lambda: 0.0)
    script.add([{"fault": "html", "operation": "poll", "endpoint": "pai*", "listener": "cluster", "nth": [2]}])
    occasions = [
        Occasion("poll", "paint", "cluster"),
        Occasion("submit", "paint", "cluster"),
        Occasion("poll", "strict", "cluster"),
        Occasion("poll", "paint", "submit"),
        Occasion("poll", "paint", "cluster"),
        Occasion("poll", "paint", "cluster"),
    ]
    assert [script.next(occasion) is not None for occasion in occasions] == [False] * 4 + [True, False]


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"fault": "earthquake"},
        {"fault": "html", "colour": "red"},
        {"fault": "html", "operation": "dance"},
        {"fault": "html", "listener": "moon"},
        {"fault": "late", "operation": "poll"},
        {"fault": "html", "listener": "submit-2"},
        {"fault": "html", "nth": 0},
        {"fault": "html", "nth": [1, 0]},
        {"fault": "html", "times": True},
        {"fault": "html", "times": -1},
        {"fault": "html", "between": [1, 2, 3]},
        {"fault": "html", "probability": 2},
        {"fault": "reset", "when": "tomorrow"},
        {"fault": "answer", "status": 600},
        {"fault": "answer", "status": 101},
        {"fault": "outcome", "code": 500},
        {"fault": "bomb", "encoding": "br"},
        {"fault": "refuse"},
    ],
    ids=str,
)
def test_impossible_rules(rule: dict[str, Any]) -> None:
    """A rule that is unknown or can never apply is a ValueError."""
    with pytest.raises(ValueError):
        Emulator(script=[rule])


_YAML = """
seed: 7
rules:
- fault: answer
  operation: poll
  nth: [1, 2]
  status: 503
  body: {detail: over capacity}
- {fault: refuse, listener: delivery, between: [60, null]}
"""


def test_file(tmp_path: Path, small: dict[str, Any]) -> None:
    """An emulator takes the path of a YAML file with rules and a seed."""
    path = tmp_path / "script.yml"
    path.write_text(_YAML)
    rules, seed = load(path)
    assert (len(rules), seed) == (2, 7)
    with Emulator(specification=small, script=path) as emulator:
        answer = httpx.get(f"{emulator.cluster_url}/v1/poll?id=x")
    assert (answer.status_code, answer.json()) == (503, {"detail": "over capacity"})


@pytest.mark.parametrize(
    "text", ["", "fault: html", "rules: 5", "rules: [1]", "rules: []\ncolour: red", "{", "seed: x\nrules: []"]
)
def test_file_that_is_not_a_script(tmp_path: Path, text: str) -> None:
    """A file that is not a script is a ValueError."""
    path = tmp_path / "script.yml"
    path.write_text(text)
    with pytest.raises(ValueError):
        load(path)


@pytest.mark.parametrize(
    "rule",
    [
        {"fault": "html", "probability": "often"},
        {"fault": "html", "probability": float("nan")},
        {"fault": "html", "between": 5},
        {"fault": "html", "between": ["a", 2]},
        {"fault": "html", "times": "twice"},
        {"fault": "html", "nth": []},
        {"fault": "html", "endpoint": ["paint"]},
        {"fault": "html", "status": None},
        {"fault": "answer", "headers": 5},
        {"fault": "answer", "headers": {"x-broken": "two\r\nlines"}},
        {"fault": "answer", "body": {"day": object()}},
        {"fault": "outcome", "details": {1, 2}},
        {"fault": "slow", "seconds": "long"},
        {"fault": "drip", "seconds": None},
        {"fault": "truncate", "bytes": -3},
        {"fault": "redirect", "location": "https://elsewhere.example/\r\nx: y"},
        {"fault": "late", "seconds": None},
        {"fault": "status", "status": 5},
        {"fault": "html", 1: 2},
    ],
)
def test_values_of_the_wrong_type(rule: Any) -> None:
    """A rule with a value of the wrong type is a ValueError at once, not an error of the server later."""
    with pytest.raises(ValueError, match=r"."):
        Emulator(script=[rule])
