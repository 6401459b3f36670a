"""The record alone, used by several workers in any order, some of them asleep or dead without knowing it.

Whatever they do, and whoever is taken for dead, a job is paid for once, and once more for each time that a person
ordered it; and no POST goes out without a row that says so.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bfl_batch.database import Database, url_of
from bfl_batch.jobs import Jobs, JobsError
from bfl_batch.ledger import Ledger
from bfl_batch.store import LeaseLost, Store, Turn, jobs, metadata, submissions
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from tests.needs import PICTURE

from .processes import LARGE

pytestmark = pytest.mark.large

WORKERS = ("one", "two")
NAMES = ("fox", "owl")
ENDPOINT = PICTURE
who = st.sampled_from(WORKERS)
which = st.sampled_from(NAMES)


class Record(RuleBasedStateMachine):
    """The record, and what a judge outside it knows: every POST, and every order."""

    turns = Bundle("turns")  # (worker, turn): what a worker believes to have, rightly or not
    cleared = Bundle("cleared")  # (worker, turn): recorded as being submitted; the POST may go out at any later time
    sent = Bundle("sent")  # (worker, turn): the POST went out, and was carried out; its answer may arrive at any time

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.mkdtemp()
        self.database = Database(url_of(Path(self.folder), None))
        self.database.create(metadata)
        self.ledger = Ledger(self.database)
        self.stores = {name: Store(self.database, name) for name in WORKERS}
        self.bodies: dict[str, str] = dict.fromkeys(NAMES, "as it was")
        self.posts = Counter[tuple[str, int]]()
        self.orders = Counter[str]()
        self.order(self.take)
        for worker in WORKERS:
            self.ledger.enlist(worker, alone=False)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)

    def take(self) -> None:
        lines = [{"endpoint": ENDPOINT, "prompt": prompt, "name": name} for name, prompt in self.bodies.items()]
        with Jobs(lines) as given:
            given.check()
            self.ledger.take(given, "", lambda unsaved, known: None)

    def numbers(self) -> dict[str, int]:
        with self.database.reading() as connection:
            return {row.name: row.submission for row in connection.execute(sa.select(jobs.c.name, jobs.c.submission))}

    def order(self, ordered: Any) -> None:
        """Do what a person orders: each number that goes up by it is one more submission that may be paid for."""
        before = self.numbers()
        ordered()
        for name, number in self.numbers().items():
            assert number - before.get(name, 0) in (0, 1)
            self.orders[name] += number - before.get(name, 0)

    def claimed(self, worker: str) -> list[tuple[str, Turn]]:
        try:
            return [(worker, turn) for turn in self.ledger.claim(worker, 5, ())]
        except LeaseLost:
            return []

    def began(self, pair: tuple[str, Turn]) -> bool:
        worker, turn = pair
        try:
            return self.stores[worker].begin(turn, 3.0) == "send"
        except LeaseLost:
            return False

    @rule(target=turns, worker=who)
    def claim(self, worker: str) -> Any:
        return multiple(*self.claimed(worker))

    @rule(target=cleared, worker=who)
    def claim_and_clear(self, worker: str) -> Any:
        return multiple(*filter(self.began, self.claimed(worker)))

    @rule(target=cleared, pair=turns)
    def clear(self, pair: tuple[str, Turn]) -> Any:
        return pair if self.began(pair) else multiple()

    @rule(target=sent, pair=consumes(cleared))
    def post(self, pair: tuple[str, Turn]) -> Any:
        _, turn = pair
        self.posts[turn.name, turn.submission] += 1
        return pair

    @rule(target=turns, pair=consumes(cleared))
    def withdraw(self, pair: tuple[str, Turn]) -> Any:
        worker, turn = pair
        self.stores[worker].withdraw(turn)
        return pair

    @rule(target=turns, pair=consumes(sent))
    def answer(self, pair: tuple[str, Turn]) -> Any:
        worker, turn = pair
        made = {"id": f"{turn.name} {turn.submission}", "polling_url": None, "endpoint": ENDPOINT, "cost": 3.0}
        made["submitted_at"] = "2026-11-26T00:00:00+00:00"
        followed = self.stores[worker].answer(turn, made)
        return (worker, turn._replace(state="submitted", task=json.dumps(made))) if followed else multiple()

    @rule(pair=consumes(sent))
    def lose_the_answer(self, pair: tuple[str, Turn]) -> None:
        worker, turn = pair
        self.stores[worker].end(turn, "uncertain", "lost")

    @rule(pair=turns, state=st.sampled_from(["done", "failed", "submitted"]))
    def end(self, pair: tuple[str, Turn], state: str) -> None:
        worker, turn = pair
        if turn.task is not None or state == "failed":
            self.stores[worker].end(turn, state, None if state == "done" else "a reason")

    @rule(pair=turns)
    def release(self, pair: tuple[str, Turn]) -> None:
        worker, turn = pair
        self.stores[worker].release(turn)

    @rule(target=turns, pair=turns)
    def renew(self, pair: tuple[str, Turn]) -> Any:
        """A retry was ordered before; that it is due now is found by whoever follows the old task."""
        worker, turn = pair
        renewed = list[Turn | None]()
        self.order(lambda: renewed.append(self.stores[worker].renew(turn)))
        return (worker, renewed[0]) if renewed[0] is not None else multiple()

    @rule(worker=who, back=st.booleans())
    def strike(self, worker: str, back: bool) -> None:
        """A worker is taken for dead; it may be asleep, and another run of its process may follow under its name."""
        self.ledger.strike(worker, self.ledger.alive().get(worker, 0))
        if back:
            self.ledger.enlist(worker, alone=False)

    @rule()
    def resubmit(self) -> None:
        self.order(lambda: self.ledger.resubmit(set()))

    @rule(retry=st.booleans())
    def reopen(self, retry: bool) -> None:
        self.order(lambda: self.ledger.reopen(retry_failed=retry))

    @rule(name=which, prompt=st.sampled_from(["as it was", "another"]))
    def change_a_line(self, name: str, prompt: str) -> None:
        before = dict(self.bodies)
        self.bodies[name] = prompt
        try:
            self.order(self.take)
        except JobsError:  # it is paid for
            self.bodies = before

    @invariant()
    def nothing_is_paid_for_unordered(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.reading() as connection:
            rows = {(row.job, row.number): row for row in connection.execute(sa.select(submissions))}
        assert set(self.posts.values()) <= {1}, "two POSTs with one row"
        assert set(self.posts) <= set(rows), "a POST without a row"
        for name in NAMES:
            assert sum(job == name for job, _ in self.posts) <= self.orders[name]
            assert sum(job == name and row.answer is None for (job, _), row in rows.items()) <= self.orders[name]


Record.TestCase.settings = settings(max_examples=1000 if LARGE else 40, stateful_step_count=30, deadline=None)
TestRecord = pytest.mark.timeout(300)(Record.TestCase)
TestRecord.__doc__ = __doc__
