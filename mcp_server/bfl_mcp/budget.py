"""The budget: what each request may cost is entered before it is sent, and settled when its cost is known.

An SQLite transaction decides whether there is room, so concurrent requests, even of several servers with one file, do
not spend the same credits. An entry whose end is not known, because the server was killed or an answer was lost, keeps
counting: the budget errs on the side of the user.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bfl_client.specification import credits_in_words

from .refusals import Refused

_TABLE = """
CREATE TABLE IF NOT EXISTS spending (
    id INTEGER PRIMARY KEY,
    endpoint TEXT NOT NULL,
    credits REAL NOT NULL CHECK (credits >= 0),
    state TEXT NOT NULL CHECK (state IN ('reserved', 'submitted', 'settled')),
    task_id TEXT,
    at TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP
)
"""
_PATIENCE = 10.0  # seconds to wait for another server's transaction
_ROUNDING = 1e-6  # sums of floats


class Budget:
    """Credits spent and reserved, in a file or for the life of this object.

    Args:
        limit: what may be spent in all; None for no limit.
        path: the file; None keeps the record in memory.

    Raises:
        sqlite3.Error: the file cannot be used.
    """

    def __init__(self, limit: float | None, path: Path | None = None) -> None:
        self.limit = limit
        self._database = sqlite3.connect(path or ":memory:", timeout=_PATIENCE, isolation_level=None)
        self._database.execute(_TABLE)

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    @contextmanager
    def _alone(self) -> Iterator[sqlite3.Connection]:
        """A transaction beside which no other one writes."""
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def check(self, most: float) -> None:
        """Raise Refused if there is no room now; only `reserve` makes sure of it."""
        (spent,) = self._database.execute("SELECT coalesce(sum(credits), 0) FROM spending").fetchone()
        if self.limit is not None and spent + most > self.limit + _ROUNDING:
            raise _exceeded(most, spent, self.limit)

    def reserve(self, endpoint: str, most: float) -> int:
        """Enter the most that a request may cost, and return its number. Raises Refused if there is no room."""
        with self._alone() as database:
            self.check(most)
            added = database.execute(
                "INSERT INTO spending (endpoint, credits, state) VALUES (?, ?, 'reserved')", (endpoint, most)
            )
        return int(added.lastrowid or 0)

    def submitted(self, entry: int, task_id: str) -> None:
        """Enter the task that a request became."""
        self._database.execute("UPDATE spending SET state = 'submitted', task_id = ? WHERE id = ?", (task_id, entry))

    def release(self, entry: int) -> None:
        """Remove the entry of a request that was certainly not carried out."""
        self._database.execute("DELETE FROM spending WHERE id = ? AND state = 'reserved'", (entry,))

    def settle(self, task_id: str, cost: float | None) -> None:
        """Enter what a task cost in the end; if that is unknown, what was reserved for it counts as its cost."""
        known = None if cost is None or not math.isfinite(cost) else max(cost, 0.0)
        self._database.execute(
            "UPDATE spending SET credits = coalesce(?, credits), state = 'settled' WHERE task_id = ?", (known, task_id)
        )

    def summary(self) -> dict[str, Any]:
        """Limit, credits settled, credits reserved for what is not settled yet, and what is left."""
        sums = dict(
            self._database.execute("SELECT state = 'settled', coalesce(sum(credits), 0) FROM spending GROUP BY 1")
        )
        settled, reserved = float(sums.get(1, 0.0)), float(sums.get(0, 0.0))
        left = None if self.limit is None else max(self.limit - settled - reserved, 0.0)
        return {"limit": self.limit, "settled": settled, "reserved": reserved, "left": left}


def _exceeded(most: float, spent: float, limit: float) -> Refused:
    said = [credits_in_words(each) for each in (most, limit, max(limit - spent, 0.0))]
    return Refused(
        "budget",
        f"this may cost {said[0]} credits, but only {said[2]} of the budget of {said[1]} are left; nothing was sent",
        "ask for less (price shows the cost; sizes and durations that are left open count as the largest), or let the "
        "user start the server with a higher --budget",
    )
