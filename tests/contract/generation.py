"""Requests made from the specification by schemathesis: examples, coverage and fuzzing, positive and negative.

They are made once for each operation and shared by all tests; the seed is pinned unless BFL_CONTRACT_SEED names another
or says "random". BFL_CONTRACT_CASE picks a single case by the digest that a failure printed.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import random
import sys
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from types import ModuleType
from typing import Any, NamedTuple

import hypothesis
import schemathesis
from hypothesis import HealthCheck, Phase
from hypothesis.errors import Unsatisfiable
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.core import NOT_SET
from schemathesis.engine import events, from_schema

from . import oracle, tally
from .operations import DOCUMENT, OPERATIONS, Operation
from .pictures import ENCODED, media, ratios

ASKED = os.environ.get("BFL_CONTRACT_SEED", "")
SEED = random.randrange(2**32) if ASKED == "random" else int(ASKED or 20261001)
EXAMPLES = 40  # cases of the fuzzing phase in each mode, for each operation
FILM = "'x-bfl-media-kind': 'video'"
NEITHER = "gICA"  # base64 of no known format
SLOW = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
schemathesis.openapi.format("bfl-media", media())
schemathesis.openapi.format("bfl-ratio", ratios())


class Case(NamedTuple):
    """One request: its body (None if it has none) and its query, and whether the specification allows the body."""

    operation: Operation
    body: Any
    query: dict[str, Any]
    valid: bool

    @property
    def digest(self) -> str:
        """A short name for the case."""
        return hashlib.sha256(canonical([self.body, self.query]).encode()).hexdigest()[:12]


class Made(NamedTuple):
    """What was made for one operation: body, query and validity of each case, smallest first; cases by phase."""

    cases: list[tuple[Any, dict[str, Any], bool]]
    phases: Counter[str]


def canonical(value: Any) -> str:
    """A JSON value as text, the same for the same value and for no other: 1, 1.0 and true differ."""
    return json.dumps(value, sort_keys=True)


class Makers:
    """Processes that make cases: two, with none of the modules that a test run happens to load.

    Hypothesis draws constants from the source of whatever is loaded; in the tests' own process, the cases would depend
    on which tests were selected.
    """

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._made: dict[int, Future[Made]] = {}
        self._cases: dict[int, tuple[Case, ...]] = {}

    def ask(self, operation: Operation) -> Future[Made]:
        """Have the cases of an operation made, unless they are already."""
        if self._pool is None:
            self._pool = ProcessPoolExecutor(2, multiprocessing.get_context("spawn"), _forget_the_script)
        number = OPERATIONS.index(operation)
        if number not in self._made:
            self._made[number] = self._pool.submit(make, number, SEED)
        return self._made[number]

    def cases(self, operation: Operation) -> tuple[Case, ...]:
        """The distinct cases of an operation, smallest first."""
        number = OPERATIONS.index(operation)
        if number not in self._cases:
            made = self.ask(operation).result()
            found = [Case(operation, *each) for each in made.cases]
            _measure(operation, made, found)
            wanted = os.environ.get("BFL_CONTRACT_CASE")
            self._cases[number] = tuple(case for case in found if not wanted or case.digest == wanted)
        return self._cases[number]

    def close(self) -> None:
        """End the processes."""
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


MAKERS = Makers()
cases = MAKERS.cases


def _forget_the_script() -> None:
    """Hide from Hypothesis the script that started the tests: `pytest` and `python -m pytest` get the same cases."""
    for name in ("__main__", "__mp_main__"):
        vars(sys.modules.get(name, ModuleType(name))).pop("__file__", None)


def make(number: int, seed: int) -> Made:
    """Make the cases of the operation of that number."""
    operation = OPERATIONS[number]
    found: dict[str, tuple[Any, dict[str, Any], bool]] = {}
    phases = Counter[str]()
    for phase, generated in (*_listed(operation, seed), *_fuzzed(operation, seed)):
        try:
            body = None if generated.body is NOT_SET else json.loads(json.dumps(generated.body))
            query = json.loads(json.dumps(dict(generated.query or {})))
        except TypeError:  # bytes, for a body that shall not be JSON at all
            continue
        phases[phase] += 1
        body = _suited(operation, body)
        valid = operation.body is None or oracle.is_valid(operation, body)
        found.setdefault(canonical([body, query]), (body, query, valid))
    return Made([found[key] for key in sorted(found, key=lambda key: (len(key), key))], phases)


def _suited(operation: Operation, body: Any) -> Any:
    """The body without pictures where it takes a video, which the client would refuse: the schema has one format."""
    if not isinstance(body, dict):
        return body
    films = {name for name, node in operation.branch(body).get("properties", {}).items() if FILM in str(node)}
    pictured = {name: NEITHER for name in films if str(body.get(name)).endswith(tuple(ENCODED))}
    return {**body, **pictured}


def _measure(operation: Operation, made: Made, found: Iterable[Case]) -> None:
    for phase, number in made.phases.items():
        tally.count(f"cases from the {phase} phase", number)
    for case in found if operation.body is not None else ():
        tally.count(f"distinct {'valid' if case.valid else 'invalid'} pairs of operation and body")
        tally.BODIES.add(canonical(case.body))


def _schema(operation: Operation, settings: dict[str, Any]) -> Any:
    """The specification with this operation alone, as schemathesis sees it."""
    node = {**operation.node, "responses": {"200": {"description": "Any."}}, "security": []}
    alone = {**DOCUMENT, "paths": {operation.path: {operation.method: node}}}
    return schemathesis.openapi.from_dict(alone, config=schemathesis.Config.from_dict(settings))


def _listed(operation: Operation, seed: int) -> Iterator[tuple[str, Any]]:
    """Cases of the examples and coverage phases, with their phase."""
    settings = {
        "base-url": "http://127.0.0.1",
        "seed": seed,
        "checks": {"enabled": False},
        "generation": {"deterministic": True, "database": "none", "with-security-parameters": False},
        "phases": {"fuzzing": {"enabled": False}, "stateful": {"enabled": False}},
    }
    schema = _schema(operation, settings)
    schema.app = _answer_anything
    for event in from_schema(schema).execute():
        assert not isinstance(event, events.NonFatalError | events.FatalError), repr(event)
        if isinstance(event, events.ScenarioFinished):
            yield from ((event.phase.value, each.value) for each in event.recorder.cases.values())


def _answer_anything(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
    """A server: schemathesis hands its cases out only while it sends them somewhere."""
    start_response("200 OK", [("Content-Type", "application/json")])
    return [b"{}"]


def _fuzzed(operation: Operation, seed: int) -> Iterator[tuple[str, Any]]:
    """Cases of the fuzzing phase. Many that are asked for as invalid are valid; the oracle judges each."""
    if operation.body is None and not operation.parameters:
        return
    schema = _schema(operation, {"generation": {"with-security-parameters": False}})
    for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
        strategy = schema[operation.path][operation.method].as_strategy(generation_mode=mode)
        own = zlib.crc32(f"{seed} {mode} {operation.path}".encode())
        yield from (("fuzzing", case) for case in _drawn(strategy, own))


def _drawn(strategy: SearchStrategy[Any], seed: int) -> list[Any]:
    drawn: list[Any] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(max_examples=EXAMPLES, database=None, phases=[Phase.generate], suppress_health_check=SLOW)
    @hypothesis.given(strategy)
    def collect(case: Any) -> None:
        drawn.append(case)

    with suppress(Unsatisfiable):  # nothing is wrong in this mode, as with a path parameter that may be any text
        collect()
    return drawn
