"""Each transaction of the record by itself: what it changes, and what it leaves as it was."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa
from bfl_batch import database as database_module
from bfl_batch import ledger as ledger_module
from bfl_batch.database import PATIENCE, Database, url_of
from bfl_batch.jobs import Jobs, JobsError
from bfl_batch.ledger import Ledger
from bfl_batch.stopping import Stop
from bfl_batch.store import LOST, LeaseLost, Store, Turn, jobs, metadata, submissions, workers
from bfl_batch.worker import Lease
from bfl_client import ConfigurationError
from bfl_client.specification import ENDPOINTS
from sqlalchemy.exc import OperationalError

from tests.needs import EDITING, PICTURE

ENDPOINT = PICTURE


class Records:
    """A record with two workers, and a look at its rows."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(url_of(folder, None))
        self.database.create(metadata)
        self.ledger = Ledger(self.database)
        self.one, self.two = Store(self.database, "one"), Store(self.database, "two")
        for worker in ("one", "two"):
            self.ledger.enlist(worker, alone=False)

    def take(self, *names: str, endpoint: str = ENDPOINT) -> None:
        lines = [{"endpoint": endpoint, "prompt": name, "name": name} for name in names]
        with Jobs(lines, validate=False) as given:
            given.check()
            self.ledger.take(given, "", lambda unsaved, known: None)

    def claim(self, worker: str = "one", concurrency: int = 5) -> list[Turn]:
        return self.ledger.claim(worker, concurrency, ())

    def begun(self, name: str = "fox") -> Turn:
        """A job that worker one is submitting."""
        self.take(name)
        (turn,) = self.claim()
        assert self.one.begin(turn, 3.0) == "send"
        return turn

    def job(self, name: str = "fox") -> Any:
        with self.database.reading() as connection:
            return connection.execute(sa.select(jobs).where(jobs.c.name == name)).one()

    def rows(self) -> list[Any]:
        with self.database.reading() as connection:
            return list(connection.execute(sa.select(submissions).order_by(submissions.c.job, submissions.c.number)))

    def change(self, name: str = "fox", **values: Any) -> None:
        with self.database.writing() as connection:
            connection.execute(sa.update(jobs).where(jobs.c.name == name).values(**values))


@pytest.fixture
def records(tmp_path: Path) -> Iterator[Records]:
    found = Records(tmp_path)
    yield found
    found.database.close()


def handle(name: str = "fox", cost: float | None = 2.5) -> dict[str, Any]:
    at = "2026-11-26T00:00:00+00:00"
    return {"id": f"task-{name}", "polling_url": "u", "endpoint": ENDPOINT, "cost": cost, "submitted_at": at}


def test_a_submission_is_a_row_before_it_is_sent(records: Records) -> None:
    """begin() writes one row with its worker and price, and moves the job; a second begin() sends nothing."""
    turn = records.begun()
    (row,) = records.rows()
    assert (row.job, row.number, row.endpoint, row.worker, row.held) == ("fox", 1, ENDPOINT, "one", 3.0)
    assert (row.answer, row.cost) == (None, None)
    assert (records.job().state, records.job().owner) == ("submitting", "one")
    assert records.one.begin(turn, 3.0) == "gone"
    assert records.two.begin(turn, 3.0) == "gone"
    assert len(records.rows()) == 1


@pytest.mark.parametrize("answered", [True, False])
def test_a_submission_that_was_made_already_is_followed_or_lost(records: Records, answered: bool) -> None:
    """A job that waits although its submission is in the record is not sent: its task is followed, or it is lost."""
    turn = records.begun()
    if answered:
        records.one.answer(turn, handle())
    records.change(state="waiting", task=None, task_id=None, error="an error")
    assert records.one.begin(turn, 3.0) == "gone"
    job = records.job()
    assert job.owner is None
    if answered:
        assert (job.state, job.task_id, job.cost, job.error) == ("submitted", "task-fox", 2.5, None)
        assert json.loads(job.task) == handle()
    else:
        assert (job.state, job.error) == ("uncertain", LOST)
    assert len(records.rows()) == 1


def test_a_job_of_a_line_that_is_gone_is_not_sent(records: Records) -> None:
    """begin() refuses a job that is no longer listed, is another's, or was taken by a worker thought dead."""
    records.take("fox", "owl")
    fox, owl = records.claim()
    records.change("fox", listed=False)
    records.change("owl", owner="two")
    assert [records.one.begin(turn, 1.0) for turn in (fox, owl)] == ["gone", "gone"]
    records.ledger.strike("one")
    with pytest.raises(LeaseLost):
        records.one.begin(owl, 1.0)
    assert records.rows() == []


def test_what_was_not_carried_out_is_taken_back(records: Records) -> None:
    """withdraw() removes the row and lets the job wait; after an answer, or by another worker, it changes nothing."""
    turn = records.begun()
    records.two.withdraw(turn)
    assert len(records.rows()) == 1
    records.one.withdraw(turn)
    assert records.rows() == []
    assert (records.job().state, records.job().owner) == ("waiting", "one")
    assert records.one.begin(turn, 3.0) == "send"
    records.one.answer(turn, handle())
    records.one.withdraw(turn)
    assert (len(records.rows()), records.job().state) == (1, "submitted")


def test_what_was_thought_lost_waits_again_once_it_is_taken_back(records: Records) -> None:
    """A job of a worker thought dead is uncertain, until that worker says that nothing was sent."""
    turn = records.begun()
    records.take("fox", "owl")
    records.ledger.strike("one")
    assert (records.job().state, records.job().error, records.job().owner) == ("uncertain", LOST, None)
    assert (records.job("owl").state, records.job("owl").owner) == ("waiting", None)
    records.one.withdraw(turn)
    assert (records.job().state, records.job().error, records.rows()) == ("waiting", None, [])


def test_an_answer_is_kept_whatever_became_of_the_job(records: Records) -> None:
    """answer() gives the task to its worker; late, to anybody, unless the job has moved on; a row must be there."""
    turn = records.begun()
    assert records.one.answer(turn, handle())
    job, (row,) = records.job(), records.rows()
    assert (job.state, job.owner, job.task_id, job.submitted_at) == (
        "submitted",
        "one",
        "task-fox",
        handle()["submitted_at"],
    )
    assert (json.loads(row.answer), row.cost) == (handle(), 2.5)
    assert not records.one.answer(turn._replace(submission=7), handle())
    late: list[tuple[dict[str, Any], str]] = [
        ({"state": "uncertain", "owner": None, "error": LOST}, "submitted"),
        ({"state": "submitting", "owner": "two"}, "submitted"),
        ({"state": "waiting", "owner": None, "submission": 2}, "submitted"),
        ({"state": "waiting", "owner": None, "submission": 1}, "waiting"),
        ({"state": "done", "owner": None, "submission": 1}, "done"),
        ({"state": "uncertain", "owner": None, "submission": 2}, "uncertain"),
    ]  # fmt: skip
    for values, state in late:
        records.change(**{"submission": 1, "task_id": None, "error": None, **values})
        assert not records.one.answer(turn, handle())
        assert (records.job().state, records.job().task_id) == (state, "task-fox" if state == "submitted" else None)
        assert records.job().owner is None or state != "submitted"


@pytest.mark.parametrize(
    ("before", "state", "after"),
    [
        ("submitted", "done", True), ("waiting", "done", False), ("submitting", "done", False),
        ("submitted", "failed", True), ("waiting", "failed", True), ("submitting", "failed", False),
        ("submitting", "uncertain", True), ("submitted", "uncertain", False), ("waiting", "uncertain", False),
        ("submitted", "submitted", True), ("waiting", "submitted", False), ("done", "failed", False),
    ],
)  # fmt: skip
def test_a_job_ends_only_from_the_states_before(records: Records, before: str, state: str, after: bool) -> None:
    """end() moves a job of this worker from an expected state alone, with its reason, cost and facts."""
    turn = records.begun()
    records.change(state=before, retry=True)
    records.two.end(turn, state, "not mine")
    assert (records.job().state, records.job().error) == (before, None)
    records.one.end(turn, state, "a reason", 4.5, path="fox.jpg")
    job, (row,) = records.job(), records.rows()
    if after:
        assert (job.state, job.owner, job.error, job.retry) == (state, None, "a reason", False)
        assert (job.cost, job.path) == (4.5, "fox.jpg")
    else:
        assert (job.state, job.owner, job.error, job.path, job.retry) == (before, "one", None, None, True)
    assert row.cost == (4.5 if after else None)


def test_a_job_is_given_up_in_any_state(records: Records) -> None:
    """release() leaves a job for anybody; one that was being submitted is uncertain; another's is not touched."""
    turn = records.begun()
    records.two.release(turn)
    assert records.job().state == "submitting"
    records.one.release(turn)
    assert (records.job().state, records.job().owner, records.job().error) == ("uncertain", None, LOST)
    for state in ("waiting", "submitted"):
        records.change(state=state, owner="one", error=None)
        records.one.release(turn)
        assert (records.job().state, records.job().owner, records.job().error) == (state, None, None)


def test_a_job_that_is_being_submitted_anew_is_not_given_up(records: Records) -> None:
    """release() of an earlier submission leaves a later one of the same worker alone while it is being sent."""
    turn = records.begun()
    records.change(submission=2)
    records.one.release(turn)
    assert (records.job().state, records.job().owner) == ("submitting", "one")


def test_a_retry_is_one_more_submission(records: Records) -> None:
    """renew() raises the number once, as ordered, and forgets the old task; without an order it does nothing."""
    turn = records.begun()
    records.one.answer(turn, handle())
    assert records.one.renew(turn) is None
    records.change(retry=True)
    again = records.one.renew(turn)
    assert again is not None
    assert (again.state, again.submission, again.retry, again.task) == ("waiting", 2, False, None)
    job = records.job()
    assert (job.state, job.submission, job.retry, job.task, job.task_id, job.cost) == (
        "waiting",
        2,
        False,
        None,
        None,
        None,
    )
    assert records.one.renew(turn) is None


def settle(records: Records, *more: tuple[str, str]) -> Turn:
    """The turn of a second job, fox, beside the first one, owl, of which three credits are held."""
    lines = [{"endpoint": endpoint, "prompt": name, "name": name} for name, endpoint in (("owl", ENDPOINT), *more)]
    with Jobs(lines) as given:
        given.check()
        records.ledger.take(given, "", lambda unsaved, known: None)
    records.ledger.counts()  # which endpoints have open jobs
    return next(turn for turn in records.claim() if turn.name == "fox")


@pytest.mark.parametrize(
    ("budget", "price", "answer"),
    [(6.0, 3.0, "send"), (5.9, 3.0, "pending"), (3.0, 3.0, "pending"), (3.0, 0.0, "pending"), (3.1, 0.1, "send")],
)
def test_a_budget_holds_back_what_is_not_settled(records: Records, budget: float, price: float, answer: str) -> None:
    """With three credits held for one job, another is sent only if both fit, to the last credit."""
    records.begun("owl")
    turn = settle(records, ("fox", ENDPOINT))
    assert Store(records.database, "one", budget).begin(turn, price) == answer


@pytest.mark.parametrize(("budget", "answer"), [(6.0, "budget"), (8.9, "budget"), (11.9, "budget"), (12.0, "send")])
def test_a_budget_counts_what_was_stated(records: Records, budget: float, answer: str) -> None:
    """A stated cost replaces what was held; an endpoint that cost more than that is expected to do so again."""
    first = records.begun("owl")
    records.one.answer(first, handle("owl", 6.0))
    records.one.end(first._replace(state="submitted"), "done")
    turn = settle(records, ("fox", ENDPOINT))
    assert Store(records.database, "one", budget).begin(turn, 3.0) == answer
    assert [row.held for row in records.rows()] == ([6.0, 3.0] if answer == "send" else [3.0])


def test_a_dear_endpoint_says_nothing_of_another(records: Records) -> None:
    """That one endpoint cost twice what was held for it changes nothing for another."""
    first = records.begun("owl")
    records.one.answer(first, handle("owl", 6.0))
    turn = settle(records, ("fox", EDITING))
    assert Store(records.database, "one", 9.0).begin(turn, 3.0) == "send"


def test_an_endpoint_that_cost_less_is_held_back_in_full(records: Records) -> None:
    """That an endpoint once cost a third of its price is no reason to hold less back for its next request."""
    first = records.begun("owl")
    records.one.answer(first, handle("owl", 1.0))
    records.one.end(first._replace(state="submitted"), "done")
    turn = settle(records, ("fox", ENDPOINT))
    assert Store(records.database, "one", 3.9).begin(turn, 3.0) == "budget"


def test_a_sign_of_life_keeps_a_worker(records: Records) -> None:
    """beat() counts up for a worker that is known; a strike with an old count, or of nobody, strikes nobody."""
    assert records.ledger.alive() == {"one": 0, "two": 0}
    assert records.ledger.beat("one")
    assert records.ledger.beat("one")
    assert not records.ledger.beat("three")
    assert records.ledger.alive() == {"one": 2, "two": 0}
    records.take("fox")
    records.claim()
    records.ledger.strike("one", 1)
    records.ledger.strike("three")
    assert records.ledger.alive() == {"one": 2, "two": 0}
    assert records.job().owner == "one"
    records.ledger.strike("one", 2)
    assert records.ledger.alive() == {"two": 0}
    assert (records.job().owner, records.job().state) == (None, "waiting")
    assert not records.ledger.beat("one")
    with pytest.raises(LeaseLost):
        records.claim("one")
    records.ledger.strike("two")
    assert records.ledger.alive() == {}


def test_the_jobs_of_a_silent_process_are_taken_over() -> None:
    """While a process is awake, it strikes one whose signs have not changed for a whole lease, and no other one."""
    struck, over, signs = list[tuple[str, int]](), threading.Event(), itertools.count()

    def strike(worker: str, beats: int) -> None:
        struck.append((worker, beats))
        over.set()

    alive: Any = SimpleNamespace(
        beat=lambda worker: True, alive=lambda: {"one": 0, "two": 7, "three": next(signs)}, strike=strike
    )
    with Lease(alive, "one", Stop(), 0.5):
        assert over.wait(30)
    assert set(struck) == {("two", 7)}


def test_one_that_is_alone_takes_the_others_for_dead(records: Records) -> None:
    """enlist(alone=True) strikes every other worker, and is the same when it is done twice."""
    records.begun()
    records.ledger.enlist("three", alone=True)
    records.ledger.enlist("three", alone=True)
    assert records.ledger.alive() == {"three": 0}
    assert (records.job().state, records.job().owner) == ("uncertain", None)
    with records.database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(workers)).scalar_one() == 1


@pytest.mark.parametrize("page", [1, 2, 3, 7, 500])
def test_rows_come_in_the_order_of_the_lines(records: Records, page: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every job comes once, by line and then by name, however many fit on a page; moved lines are told apart."""
    monkeypatch.setattr(ledger_module, "PAGE", page)
    names = ["owl", "fox", "hare", "cat", "dog", "elk", "bee"]
    records.take(*names)
    assert [row.name for row in records.ledger.rows()] == names
    records.take(*names[3:], "ant")
    found = [(row.number, row.name) for row in records.ledger.rows()]
    assert found == sorted(found)
    assert {name for _, name in found} == {*names, "ant"}
    assert {row.name for row in records.ledger.rows() if row.listed} == {*names[3:], "ant"}
    records.take(*names)
    assert {row.name for row in records.ledger.rows() if row.listed} == set(names)


def test_paid_jobs_are_claimed_first_within_the_limits(records: Records) -> None:
    """A claim takes tasks that nobody follows before jobs that wait, in the order of the lines, up to the limit."""
    records.take("a", "b", "c", "d")
    records.change("c", state="submitted", task="{}")
    records.change("d", state="submitted", task="{}", error="left for another run")
    first = records.claim(concurrency=2)
    assert [turn.name for turn in first] == ["c", "a"]
    assert [turn.name for turn in records.claim("two", concurrency=2)] == []
    assert [turn.name for turn in records.claim("two", concurrency=3)] == ["b"]
    assert [turn.name for turn in records.claim("one", concurrency=0)] == [turn.name for turn in first]
    assert records.job("a").begun == 1


def test_the_figures_of_a_batch(records: Records) -> None:
    """counts() tells states, what is left, and the credits stated; a job being submitted is waiting to others."""
    turn = records.begun()
    records.take("fox", "owl", "hare", "cat")
    records.change("owl", state="done")
    records.change("hare", state="submitted", task="{}", error="left")
    counts = records.ledger.counts()
    assert counts.states == {"waiting": 2, "done": 1, "submitted": 1}
    assert (counts.left, counts.credits) == (2, 0.0)
    records.one.answer(turn, handle())
    records.change("hare", error=None)
    counts = records.ledger.counts()
    assert (counts.left, counts.credits) == (3, 2.5)


def test_what_failed_is_followed_or_sent_again_as_ordered(records: Records) -> None:
    """reopen() lets left tasks be followed; with retry_failed, failed jobs too: by their task, or sent anew."""
    records.take("a", "b", "c", "d")
    records.change("a", state="failed", task="{}", error="x", finished_at="t")
    records.change("b", state="failed", error="x", finished_at="t")
    records.change("c", state="submitted", task="{}", error="left")
    records.change("d", state="failed", error="x", listed=False)
    records.ledger.reopen(retry_failed=False)
    assert [records.job(name).state for name in "abcd"] == ["failed", "failed", "submitted", "failed"]
    assert records.job("c").error is None
    records.ledger.reopen(retry_failed=True)
    a, b, d = (records.job(name) for name in "abd")
    assert (a.state, a.retry, a.submission, a.error, a.finished_at) == ("submitted", True, 1, None, None)
    assert (b.state, b.retry, b.submission, b.error, b.finished_at) == ("waiting", False, 2, None, None)
    assert (d.state, d.submission) == ("failed", 1)


def test_what_is_uncertain_is_sent_again_once_as_ordered(records: Records) -> None:
    """resubmit() raises the number of each listed uncertain job that nobody has, once in a run."""
    records.take("a", "b", "c", "d")
    for name, more in (("a", {}), ("b", {}), ("c", {"owner": "one"}), ("d", {"listed": False})):
        records.change(name, state="uncertain", error="x", **more)
    ordered = {"b"}
    assert records.ledger.resubmit(ordered)
    assert ordered == {"a", "b"}
    assert [records.job(name).state for name in "abcd"] == ["waiting", "uncertain", "uncertain", "uncertain"]
    assert [records.job(name).submission for name in "abcd"] == [2, 1, 1, 1]
    assert records.job("a").error is None
    assert not records.ledger.resubmit(ordered)


def test_a_job_without_a_price_holds_nothing_and_forgets_its_error(records: Records) -> None:
    """What was said of a job before is gone once it is sent; without a price nothing is held for it."""
    records.take("fox")
    (turn,) = records.claim()
    records.change(error="was too busy")
    assert records.one.begin(turn, None) == "send"
    assert (records.job().error, records.rows()[0].held) == (None, 0.0)


@pytest.mark.parametrize(("budget", "answer"), [(0.5, "send"), (0.4, "budget")])
def test_a_budget_begins_at_nothing(records: Records, budget: float, answer: str) -> None:
    """Before anything is sent nothing is spent."""
    records.take("fox")
    (turn,) = records.claim()
    assert Store(records.database, "one", budget).begin(turn, 0.5) == answer


def test_what_costs_more_than_one_credit_is_expected_to_do_so_again(records: Records) -> None:
    """An endpoint that cost two credits where one was held has two held for it."""
    records.take("owl")
    (owl,) = records.claim()
    records.one.begin(owl, 1.0)
    records.one.answer(owl, handle("owl", 2.0))
    turn = settle(records, ("fox", ENDPOINT))
    assert Store(records.database, "one", 4.0).begin(turn, 1.0) == "send"
    assert [row.held for row in records.rows()] == [2.0, 1.0]


@pytest.mark.parametrize(
    ("owner", "state", "cost", "answer"),
    [
        ("one", "submitted", None, "pending"), ("two", "submitting", None, "pending"),
        ("one", "submitted", 3.0, "budget"), (None, "submitted", None, "budget"), (None, "done", None, "budget"),
        ("one", "waiting", None, "budget"), (None, "uncertain", None, "budget"),
    ],
)  # fmt: skip
def test_only_what_may_still_be_settled_is_waited_for(
    records: Records, owner: str | None, state: str, cost: float | None, answer: str
) -> None:
    """A budget is pending only while another job's cost is open and somebody works on it, else it is used up."""
    records.begun("owl")
    turn = settle(records, ("fox", ENDPOINT), ("elk", ENDPOINT))
    with records.database.writing() as connection:
        connection.execute(sa.update(submissions).values(cost=cost))
        settled = {"number": 1, "endpoint": ENDPOINT, "worker": "one", "made_at": "t", "held": 0.0, "cost": 0.0}
        connection.execute(sa.insert(submissions).values(job="elk", **settled))
    records.change("owl", owner=owner, state=state)
    records.change("elk", owner="one", state="submitted")
    assert Store(records.database, "one", 5.0).begin(turn, 3.0) == answer


def test_a_line_may_change_until_it_is_paid_for(records: Records) -> None:
    """A changed line replaces a job that waits or has failed, as one more submission; later it is a mistake."""

    def take(prompt: str) -> None:
        with Jobs([{"endpoint": ENDPOINT, "prompt": prompt, "name": "fox"}]) as given:
            given.check()
            records.ledger.take(given, "", lambda unsaved, known: None)

    take("first")
    take("second")
    assert (records.job().submission, json.loads(records.job().body)["prompt"]) == (2, "second")
    records.change(state="failed", error="x")
    take("third")
    assert (records.job().submission, records.job().state, records.job().error) == (3, "waiting", None)
    for state in ("submitted", "submitting", "done", "uncertain"):
        records.change(state=state)
        with pytest.raises(JobsError):
            take("fourth")
        assert (records.job().submission, records.job().state) == (3, state)


def test_lines_that_moved_are_claimed_in_their_new_order(records: Records) -> None:
    """Of jobs whose lines changed places, the one that now stands first is claimed first."""
    records.take("a", "b", "c")
    records.take("c", "b", "a")
    assert [turn.name for turn in records.claim(concurrency=1)] == ["c"]
    assert [turn.name for turn in records.claim(concurrency=2) if turn.name != "c"] == ["b"]


def test_the_order_of_its_keys_is_no_change_of_a_line(records: Records) -> None:
    """A paid job whose line comes again with its keys in another order is the same job."""
    for keys in (("prompt", "width", "height"), ("height", "width", "prompt")):
        values = {"prompt": "a fox", "width": 512, "height": 256}
        with Jobs([{"endpoint": ENDPOINT, "name": "fox", **{key: values[key] for key in keys}}]) as given:
            given.check()
            records.ledger.take(given, "", lambda unsaved, known: None)
        records.change(state="submitted", task="{}")
    assert records.job().submission == 1


def test_files_that_are_not_saved_yet_are_named_before_anything_is_sent(records: Records) -> None:
    """take() shows the listed jobs whose file cannot be there yet, by line, and whether the folder is known."""
    seen = list[Any]()

    def take(*names: str) -> None:
        with Jobs([{"endpoint": ENDPOINT, "prompt": "x", "name": name} for name in names]) as given:
            given.check()
            records.ledger.take(given, "here", lambda unsaved, known: seen.append((list(unsaved), known)))

    take("owl", "fox", "elk", "cat", "dog")
    records.change("fox", state="done")
    records.change("elk", state="submitted", task="{}")
    records.change("cat", state="failed")
    take("dog", "owl", "fox", "elk", "cat")
    assert seen == [
        ([(1, "owl"), (2, "fox"), (3, "elk"), (4, "cat"), (5, "dog")], False),
        ([(1, "dog"), (2, "owl"), (5, "cat")], True),
    ]


def test_the_limit_of_an_endpoint_counts_tasks_and_jobs_together(records: Records) -> None:
    """Of an endpoint that allows few active tasks, tasks to be followed and jobs to be sent share what is free."""
    narrow = min(ENDPOINTS.values(), key=lambda endpoint: endpoint.active_limit)
    names = [f"{number:02}" for number in range(2 * narrow.active_limit)]
    records.take(*names, endpoint=narrow.name)
    paid = names[-(narrow.active_limit - 1) :]
    for name in paid:
        records.change(name, state="submitted", task="{}")
    assert [turn.name for turn in records.claim(concurrency=100)] == [*paid, names[0]]


def test_jobs_of_several_endpoints_are_claimed_in_the_order_of_their_lines(records: Records) -> None:
    """The first lines are claimed first, whatever their names and endpoints."""
    other = next(name for name in ENDPOINTS if name != ENDPOINT)
    lines = [("z", ENDPOINT), ("y", other), ("a", ENDPOINT), ("b", other)]
    with Jobs(
        [{"endpoint": endpoint, "prompt": "x", "name": name} for name, endpoint in lines], validate=False
    ) as given:
        given.check()
        records.ledger.take(given, "", lambda unsaved, known: None)
    records.ledger.counts()
    assert [turn.name for turn in records.claim(concurrency=2)] == ["z", "y"]


# A database that goes away


class Away(OperationalError):
    """What a database that cannot be reached raises."""

    def __init__(self, *, invalidated: bool = False) -> None:
        super().__init__(
            "SELECT 1", None, Exception("server closed the connection"), connection_invalidated=invalidated
        )


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Database, list[float]]]:
    """A database that behaves as one that is shared, and its pauses; its clock moves in them alone."""
    pauses, base = list[float](), Database(url_of(tmp_path, None))
    base.shared = True
    clock = SimpleNamespace(sleep=pauses.append, monotonic=lambda: 100.0 + sum(pauses))
    monkeypatch.setattr(database_module, "time", clock)
    yield base, pauses
    base.close()


def failing(times: int, **how: bool) -> Callable[[], str]:
    """What raises so many times, then returns."""
    left = iter(range(times))

    def work() -> str:
        for _ in left:
            raise Away(**how)
        return "done"

    return work


def test_a_database_that_was_reached_is_waited_for(shared: tuple[Database, list[float]]) -> None:
    """Once it has answered, a lost database is asked again for eight seconds, counted anew after each answer."""
    base, pauses = shared
    assert base.repeat(failing(0)) == "done"
    for _ in range(3):
        assert base.repeat(failing(30)) == "done"
    assert len(pauses) == 90
    with pytest.raises(Away):
        base.repeat(failing(1000))
    assert len(pauses) - 90 == pytest.approx(PATIENCE / 0.2, abs=1)


def test_a_database_that_was_never_reached_is_not(shared: tuple[Database, list[float]]) -> None:
    """The first error is raised at once, for the address may be wrong; a connection that was open is another matter."""
    base, pauses = shared
    with pytest.raises(Away):
        base.repeat(failing(1))
    assert not pauses
    assert base.repeat(failing(1, invalidated=True)) == "done"
    assert pauses == [0.2]


def test_the_batchs_own_file_is_not_waited_for(tmp_path: Path) -> None:
    """An error of SQLite is raised at once: it waits by itself."""
    with closing(Database(url_of(tmp_path, None))) as base:
        assert base.repeat(failing(0)) == "done"
        with pytest.raises(Away):
            base.repeat(failing(1))


def test_a_commit_is_on_the_disk_and_no_reader_waits(tmp_path: Path) -> None:
    """SQLite is told to wait for the disk at each commit, and to let `bfl batch status` read beside a writer."""
    with closing(Database(url_of(tmp_path, None))) as base, base.reading() as connection:
        told = [connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("synchronous", "journal_mode")]
    assert told == [2, "wal"]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_the_address_of_a_database_may_have_a_password(tmp_path: Path, scheme: str) -> None:
    """Every usual form of an address of PostgreSQL is taken; one that cannot be read is refused without quoting it."""
    url = url_of(tmp_path, f"{scheme}://fox:secret@db.example:5433/batches")
    assert (url.drivername, url.username, url.password) == ("postgresql+psycopg", "fox", "secret")
    assert (url.host, url.port, url.database) == ("db.example", 5433, "batches")
    for wrong in ("fox:se@cret@db.example/batches", "fox:secret@db.example:port/batches"):
        with pytest.raises(ConfigurationError) as caught:
            url_of(tmp_path, f"{scheme}://{wrong}")
        assert "secret" not in f"{caught.value}{caught.value.remedy}"
        assert "cret@" not in f"{caught.value}{caught.value.remedy}"


def test_a_server_ends_the_transaction_of_a_process_that_sleeps(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is told in its milliseconds how many seconds a transaction may rest, unless the address says it."""
    asked = list[dict[str, Any]]()

    def connect(*_: Any, **given: Any) -> None:
        asked.append(given)
        raise psycopg.OperationalError("no such host")

    monkeypatch.setattr(psycopg, "connect", connect)
    for more in ("", "?options=-c%20statement_timeout%3D1s"):
        base = Database(url_of(Path(), f"postgresql://db.example/b{more}"), asleep=2.5)
        with pytest.raises(OperationalError), base.reading():
            pass
    first, second = asked
    assert (first["options"], first["connect_timeout"]) == ("-c idle_in_transaction_session_timeout=2500", 5)
    assert second["options"] == "-c statement_timeout=1s"
