"""What a broken promise prints: the case, the reason, and the command that shows it again."""

from __future__ import annotations

import pytest

from .generation import Case
from .operations import TASKS
from .promises import hold

CASES = [Case(TASKS[0], {"prompt": "x" * number}, {}, True) for number in range(5)]


def not_raised(case: Case) -> None:
    """A promise that nothing keeps: pytest.raises then fails in its own way."""
    with pytest.raises(ValueError, match="never"):
        pass


def wrong(case: Case) -> None:
    assert not case.body["prompt"]


@pytest.mark.parametrize(("promise", "said"), [(not_raised, "DID NOT RAISE"), (wrong, "assert")])
def test_a_broken_promise_is_reported_with_its_command(promise: object, said: str) -> None:
    """Whatever breaks a promise, the report has the smallest case, the reason and the command, and counts the cases."""
    with pytest.raises(pytest.fail.Exception) as caught:
        hold(CASES, promise)  # type: ignore[arg-type]
    report = str(caught.value)
    assert said in report
    assert "broken by 3 of the first" in report
    assert "BFL_CONTRACT_CASE=" in report
    assert TASKS[0].path in report


def test_promises_that_are_kept_are_counted() -> None:
    """hold() returns how many cases kept the promise."""
    assert hold(CASES, lambda case: None) == len(CASES)
