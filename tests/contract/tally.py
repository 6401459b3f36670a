"""What a run of the contract tests did, in numbers."""

from __future__ import annotations

from collections import Counter

COUNTS: Counter[str] = Counter()
"""What happened, and how often, in the order in which it first did."""

BODIES: set[str] = set()
"""The distinct bodies made, as canonical JSON."""

NOTES: dict[str, str] = {}
"""What was left out, and why."""


def count(event: str, number: int = 1) -> None:
    """Count an event."""
    COUNTS[event] += number


def lines() -> list[str]:
    """The numbers as lines of text; none if no contract test ran."""
    rows = [f"{number:>8,}  {event}" for event, number in COUNTS.items()]
    if BODIES:
        rows.insert(0, f"{len(BODIES):>8,}  distinct bodies")
    return [*rows, *(f"left out: {what}: {reason}" for what, reason in NOTES.items())]
