"""Checking a promise with every case, and printing the command that repeats a failure."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable

import pytest
from bfl_client import ConstraintError

from .generation import SEED, Case, canonical

Promise = Callable[[Case], object]


def hold(cases: Iterable[Case], promise: Promise) -> int:
    """Try a promise on every case, smallest first, until three have broken it; return how many there were.

    Fails with the smallest case that breaks it, and with the command that shows this case again; also if there is none,
    unless a single one was asked for.
    """
    broken: list[tuple[Case, BaseException]] = []
    tried = 0
    for case in cases:
        tried += 1
        try:
            promise(case)
        except (Exception, pytest.fail.Exception) as error:  # the latter, of pytest.raises, is no Exception
            broken.append((case, error))
            if len(broken) == 3:  # each may take until a deadline
                break
    if broken:
        case, reason = broken[0]
        pytest.fail(
            f"broken by {len(broken)} of the first {tried} cases; the smallest:\n{_report(case)}\n\n"
            f"{type(reason).__name__}: {reason}\n\nAgain: {_command(case)}"
        )
    if not tried and not os.environ.get("BFL_CONTRACT_CASE"):
        pytest.fail("there is no case to try, so that nothing was promised")
    return tried


def _report(case: Case) -> str:
    text = canonical(case.body)
    shown = text if len(text) < 1000 else f"{text[:1000]}… ({len(text):,} characters)"
    return f"{case.operation.method.upper()} {case.operation.path} {case.query or ''}\n{shown}"


def _command(case: Case) -> str:
    test = os.environ.get("PYTEST_CURRENT_TEST", "tests/contract").rpartition(" ")[0]
    return f"BFL_CONTRACT_SEED={SEED} BFL_CONTRACT_CASE={case.digest} python -m pytest '{test}'"


def named(error: ConstraintError, expected: set[str]) -> None:
    """Fail unless the error names each expected key, and no other; long names are shortened.

    The key "" means that a body fits no branch of a union: then the client says what the nearest one lacks.
    """
    fields = [violation.field for violation in error.violations]
    if "" in expected:
        assert fields
        return
    for key in expected:
        assert any(_belongs(field, key) for field in fields), f"{key!r} is not named in {fields}"
    for field in fields:
        assert any(_belongs(field, key) for key in expected), f"{field!r} is named, only {expected} were wrong"


def _belongs(field: str, key: str) -> bool:
    """True if a field is the key, or lies in it; of a long name, or of a URL, only the beginning is shown."""
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in key)
    beginning, cut, _ = field.partition("…")
    return (
        field == shown
        or field.startswith((f"{shown}.", f"{shown}["))
        or bool(cut and shown.startswith(beginning.rstrip("/")))
    )
