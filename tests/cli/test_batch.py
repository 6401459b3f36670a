"""`bfl batch` as it is typed; the batch itself has tests of its own."""

from __future__ import annotations

import json

import pytest

from .conftest import Shell

FOXES = [{"endpoint": "flux-2-pro", "prompt": f"fox {number}", "width": 1024, "height": 1024} for number in range(10)]


@pytest.mark.about("flux-2-pro")  # for its price
@pytest.mark.parametrize(
    ("budget", "said"),
    [("12", "the budget of 12 credits is enough for about 4 of them"), ("30", "")],
)
def test_a_dry_run_says_how_far_the_budget_goes(budget: str, said: str, shell: Shell) -> None:
    """--dry-run says for how many jobs a budget is enough, if it is not enough for all."""
    (shell.here / "jobs.jsonl").write_text("\n".join(map(json.dumps, FOXES)), encoding="utf-8")
    done = shell.run("batch", "jobs.jsonl", "--dry-run", "--budget", budget)
    assert done.code == 0, done.err
    assert [line for line in done.out.splitlines() if "budget" in line] == ([said] if said else [])
