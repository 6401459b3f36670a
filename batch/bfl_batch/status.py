"""How far a batch is, read from its record while it runs or afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import sqlalchemy as sa

from . import database
from .ledger import Ledger
from .store import Store

STATES = ("done", "failed", "uncertain", "submitted", "waiting")


class Status(NamedTuple):
    """How far a batch is."""

    jobs: int
    states: dict[str, int]
    credits: float
    """What the answers so far have told."""
    processes: int
    """Processes that are, or died, at work on it."""


def look(folder: Path, database_url: str | None = None) -> Status | None:
    """How far the batch of a folder, or of a database, is; None if there is none.

    Raises:
        ConfigurationError, OSError: its record cannot be read.
    """
    url = database.url_of(folder, database_url)
    if database_url is None and not (folder / database.FILE).is_file():
        return None
    engine = database.engine_of(url, synced=False)
    schema = database.SCHEMA if database_url is not None else None
    try:
        with database.reachable(url):
            if not sa.inspect(engine).has_table("jobs", schema=schema):
                return None
            ledger = Ledger(Store(engine, schema))
            counts, alive = ledger.counts(), ledger.alive()
    finally:
        engine.dispose()
    states = {state: counts.states[state] for state in STATES if counts.states[state]}
    return Status(counts.states.total(), states, counts.credits, len(alive))
