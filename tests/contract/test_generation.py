"""What the other tests rely on: enough cases, the same in every run, and an oracle that is not the client's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from . import oracle, tally
from .generation import MAKERS, SEED, cases
from .operations import OPERATIONS, TASKS
from .pictures import ENCODED, NO_MEDIA, URLS

ROOT = Path(__file__).parents[2]


def test_there_are_thousands_of_distinct_bodies() -> None:
    """The specification gives at least 4,000 distinct pairs of endpoint and body, or 120 for each endpoint it has."""
    if os.environ.get("BFL_CONTRACT_CASE"):
        pytest.skip("a single case was asked for")
    pairs = sum(len(cases(operation)) for operation in OPERATIONS if operation.body is not None)
    assert pairs >= min(4000, 120 * len(TASKS))
    assert tally.BODIES


@pytest.mark.parametrize("operation", TASKS, ids=repr)
def test_every_endpoint_gets_both_kinds(operation: object) -> None:
    """Every endpoint gets at least ten valid bodies and ten invalid ones."""
    if os.environ.get("BFL_CONTRACT_CASE"):
        pytest.skip("a single case was asked for")
    kinds = [case.valid for case in cases(operation)]  # type: ignore[arg-type]
    assert kinds.count(True) >= 10
    assert kinds.count(False) >= 10


def test_another_process_makes_the_same_cases() -> None:
    """A process with another hash seed makes the same cases in the same order."""
    code = f"from tests.contract.generation import make; print(make({OPERATIONS.index(TASKS[0])}, {SEED}).cases)"
    environment = {**os.environ, "PYTHONHASHSEED": "4711", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(MAKERS.ask(TASKS[0]).result().cases)


@pytest.mark.parametrize("text", [*ENCODED, *URLS, f"data:image/png;base64,{ENCODED[0]}"], ids=lambda text: text[:30])
def test_the_oracle_accepts_media(text: str) -> None:
    """A URL, a data URI and the base64 of a real picture are media."""
    assert oracle.is_media(text)


@pytest.mark.parametrize("text", NO_MEDIA)
def test_the_oracle_refuses_paths(text: str) -> None:
    """A path, a broken URL and broken base64 are not media."""
    assert not oracle.is_media(text)
