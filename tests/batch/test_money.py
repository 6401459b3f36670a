"""No credit is spent twice, and no more of them than a budget allows."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from bfl_batch import Progress, look, submitting
from bfl_batch.stopping import Stop
from bfl_client import ConfigurationError
from bfl_client.policy import Poll, Retry
from bfl_client.tasks import Handle

from tests.needs import EDITING, PICTURE

from .processes import Process, watched
from .service import Answer, Service, line


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


# Failed jobs


@pytest.mark.parametrize("then", [[], ["Pending"]], ids=["ready", "running"])
def test_a_retry_takes_the_result_that_the_old_task_has(service: Service, out: Path, then: list[str]) -> None:
    """A task that failed, and is found running or ready at the retry, is followed; nothing is submitted anew."""
    answers = ["Error", *then]
    service.on_poll = lambda made, number: service.status(made, answers.pop(0)) if answers else None
    assert service.run([line("fox")], out).failed == 1
    assert service.run([line("fox")], out, retry_failed=True).ok
    assert service.posts == {"fox": 1}


def test_a_retry_submits_anew_what_has_ended_without_a_result(service: Service, out: Path) -> None:
    """A task that is found failed at the retry, too, is replaced by one new task, and by one only."""
    service.on_poll = lambda made, number: service.status(made, "Error") if made == "fox-1" else None
    assert service.run([line("fox")], out).failed == 1
    assert service.run([line("fox")], out).failed == 1
    assert service.posts == {"fox": 1}
    assert service.run([line("fox")], out, retry_failed=True).ok
    assert service.run([line("fox")], out, retry_failed=True).ok
    assert service.posts == {"fox": 2}


def test_a_retry_submits_anew_what_can_no_longer_be_fetched(service: Service, out: Path) -> None:
    """A task that is found ready at the retry, but whose file has expired for good, is replaced by one new task."""

    def expired(request: httpx.Request) -> httpx.Response:
        return httpx.Response(403) if request.url.path == "/fox-1.png" else service(request)

    service.on_poll = lambda made, number: service.status(made, "Error") if service.polls[made] == 1 else None
    assert service.run([line("fox")], out).failed == 1
    service.on_poll = lambda made, number: None
    assert service.run([line("fox")], out, retry_failed=True, transport=expired).ok
    assert service.posts == {"fox": 2}


def test_a_retry_that_runs_out_of_time_pays_for_nothing(service: Service, out: Path) -> None:
    """An old task that is found running, and does not end in time, is left to a later run, not replaced."""
    service.on_poll = lambda made, number: service.status(made, "Error" if number == 1 else "Pending")
    assert service.run([line("fox")], out).failed == 1
    report = service.run([line("fox")], out, retry_failed=True, poll=Poll(floor=0.01, deadline=0.1))
    assert (report.submitted, report.failed) == (1, 0)
    assert service.posts == {"fox": 1}


# Lost answers


def drop(service: Service, *names: str) -> None:
    """Carry out the first submits of some prompts, but lose the answers."""

    def lost(prompt: str) -> Answer:
        if prompt in names and service.posts[prompt] == 1:
            raise httpx.ReadError("the connection was reset")
        return None

    service.on_post = lost


def test_what_a_killed_process_left_is_resubmitted_in_the_same_run(service: Service, out: Path) -> None:
    """Jobs that are found uncertain only now, for the process that submitted them was killed, are resubmitted at once
    where that was ordered: the same command need not be given twice."""
    with watched():
        Process(service, out, at="after POST", dies=True).start().end()
        report = Process(service, out, on_uncertain="resubmit").start().end()
    assert report.ok
    assert service.posts.total() in (3, 4)  # of the two, one had been sent for certain


def test_an_answer_lost_in_this_run_is_resubmitted_once(service: Service, out: Path) -> None:
    """Where resubmitting is ordered, a job is submitted once more in a run, and is then uncertain: a run ends."""
    drop(service, "fox")
    assert service.run([line("fox"), line("owl")], out, on_uncertain="resubmit").ok
    assert service.posts == {"fox": 2, "owl": 1}

    def always(prompt: str) -> Answer:
        raise httpx.ReadError("the connection was reset")

    service.on_post = always
    report = service.run([line("hare")], out.parent / "other", on_uncertain="resubmit")
    assert report.uncertain == 1
    assert service.posts["hare"] == 2


def test_an_unexpected_error_after_the_post_is_uncertain(
    service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong between a POST and the record of its answer leaves the job uncertain, never failed."""

    def full(prompt: str) -> Answer:
        raise MemoryError

    service.on_post = full
    assert service.run([line("fox")], out).uncertain == 1
    assert service.run([line("fox")], out, retry_failed=True).uncertain == 1
    service.on_post = lambda prompt: None
    with monkeypatch.context() as patched:
        patched.setattr(Handle, "to_dict", full)
        assert service.run([line("fox"), line("owl")], out).uncertain == 2
    assert service.posts == {"fox": 1, "owl": 1}


def test_an_unexpected_error_before_the_post_is_a_failure(
    service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong before anything is recorded as submitted is a failure of the job, and may be retried."""
    from bfl_batch import submitting

    def broken(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patched:
        patched.setattr(submitting, "with_files", broken)
        assert service.run([line("fox")], out).failed == 1
    assert service.run([line("fox")], out, retry_failed=True).ok
    assert service.posts == {"fox": 1}


def test_an_answer_that_the_record_does_not_take_is_kept_in_the_folder(
    service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The handle of a paid task that cannot be recorded is noted by the next run, which fetches its result."""
    from bfl_batch.store import Store
    from sqlalchemy.exc import OperationalError

    def full(*_: object) -> bool:
        raise OperationalError("", {}, Exception("database or disk is full"))

    with monkeypatch.context() as patched:
        patched.setattr(Store, "answer", full)
        report = service.run([line("fox")], out)
    assert report.stopped is not None
    assert report.stopped.kind == "output"
    assert service.run([line("fox")], out).ok
    assert service.posts == {"fox": 1}
    assert not list(out.glob(".answer.*"))


# One refusal


def test_one_refusal_of_one_poll_stops_nothing(service: Service, out: Path) -> None:
    """A single 403 on a poll is not believed: the key has just submitted. All jobs are done."""
    refusal = httpx.Response(403, json={"detail": "Not authenticated - Invalid Authentication"})
    service.on_poll = lambda made, number: refusal if (made, number) == ("fox 3-1", 1) else None
    report = service.run([line(f"fox {number}") for number in range(20)], out, concurrency=4)
    assert report.ok
    assert report.stopped is None


def test_polls_that_are_always_refused_stop_the_batch(service: Service, out: Path) -> None:
    """A key that is refused again and again ends the run, and what was paid for is followed by the next one."""
    refusal = httpx.Response(403, json={"detail": "Not authenticated - Invalid Authentication"})
    service.on_poll = lambda made, number: refusal
    report = service.run([line(f"fox {number}") for number in range(20)], out, concurrency=2)
    assert report.stopped is not None
    assert report.stopped.kind == "auth"
    assert report.waiting >= 16
    service.on_poll = lambda made, number: None
    assert service.run([line(f"fox {number}") for number in range(20)], out).ok
    assert set(service.posts.values()) == {1}


# Budgets

FILM = {"endpoint": "flux-3-video", "mode": "t2v"}


@pytest.mark.about("flux-3-video")
def test_a_film_of_unknown_length_is_held_back_at_its_longest(service: Service, out: Path) -> None:
    """Videos whose length the service chooses do not overshoot a budget, and what they did not need is used again."""
    most = 20 * 29.0  # seconds, and credits a second in the default resolution at most
    service.on_post = lambda prompt: service.created(f"{prompt}-1", cost=None)
    service.on_poll = lambda made, number: service.ready(made, cost=85.0)
    films = [line(f"film {number}", **FILM) for number in range(24)]
    report = service.run(films, out, budget=100)
    assert report.stopped is not None
    assert report.stopped.kind == "budget"
    assert service.posts.total() == 0
    report = service.run(films, out, budget=1000)
    assert report.stopped is not None
    assert 1000 - most - 85 < report.credits <= 1000
    assert report.credits == 85 * service.posts.total()


@pytest.mark.about("flux-dev")  # for which no price is known
def test_an_endpoint_without_a_price_is_refused_under_a_budget(service: Service, out: Path) -> None:
    """Without a price a budget cannot be kept: that is said before anything is sent, unless it is waived."""
    with pytest.raises(ConfigurationError, match=PICTURE) as caught:
        service.run([line("fox")], out, budget=10)
    assert caught.value.remedy.action == "unpriced"
    assert not out.exists()
    assert service.run([line("fox")], out, budget=10, unpriced=True).ok
    assert service.run([line("fox"), line("owl")], out).ok  # the budget is kept, and so is the waiver


@pytest.mark.about("flux-2-pro", "flux-dev")  # for the price of the one, and for that of the other, which is not known
def test_a_budget_of_an_earlier_run_refuses_what_has_no_price(service: Service, out: Path) -> None:
    """A batch that goes on without naming its budget again sends nothing whose price is not known, either."""
    fox = line("fox", endpoint=EDITING, width=512, height=512)
    assert service.run([fox], out, budget=10).ok
    with pytest.raises(ConfigurationError, match=PICTURE):
        service.run([fox, line("owl")], out)
    assert service.posts == {"fox": 1}


@pytest.mark.about("flux-2-pro")  # for its price
def test_a_price_that_has_risen_is_noticed(service: Service, out: Path) -> None:
    """Once an endpoint costs more than its listed price, as much is held back for its next requests."""
    service.on_post = lambda prompt: service.created(f"{prompt}-1", cost=6.0)
    foxes = [line(f"fox {number}", endpoint=EDITING, width=512, height=512) for number in range(8)]
    report = service.run(foxes, out, budget=13, concurrency=1)
    assert report.credits == 12


@pytest.mark.about("flux-2-pro")  # for its price
def test_a_budget_holds_among_many_threads(service: Service, out: Path) -> None:
    """Requests that are all under way at once do not pass a budget together."""
    gate = threading.Barrier(4)

    def slow(prompt: str) -> Answer:
        gate.wait(30)  # all that the budget has room for are under way
        return None

    service.on_post = slow
    foxes = [line(f"fox {number}", endpoint=EDITING, width=512, height=512) for number in range(12)]
    report = service.run(foxes, out, budget=14)
    assert report.credits == 12
    assert service.posts.total() == 4
    status = look(out)
    assert status is not None
    assert status.states == {"done": 4, "waiting": 8}


# Outages


def test_a_picture_is_followed_for_as_long_as_pictures_are(
    service: Service, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A task that is never ready is left to a later run after the time of its kind, which is shorter for pictures."""
    monkeypatch.setattr("bfl_client.policy.DEADLINES", {"image": 0.1, "video": 30.0})
    service.on_poll = lambda made, number: service.status(made, "Pending")
    report = service.run([line("fox")], out)
    assert report.submitted == 1
    assert "not ready after 1 s" in report.troubles[0].summary


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses before a submit, of which each takes no time, and a hundred times its length by the batch's clock."""
    taken = list[float]()
    monkeypatch.setattr(Stop, "before_submit", lambda stop, seconds: taken.append(seconds))
    monkeypatch.setattr(submitting, "time", SimpleNamespace(monotonic=lambda: 5000.0 + 100 * sum(taken)))
    return taken


@pytest.mark.parametrize(("failures", "ends"), [(3, True), (100, False)])
def test_an_outage_is_waited_out_for_half_an_hour(
    service: Service, out: Path, pauses: list[float], failures: int, ends: bool
) -> None:
    """Once the service has answered, a submit that does not reach it is repeated, but not for longer."""
    left = {"owl": failures, "hare": failures}

    def unreachable(prompt: str) -> None:
        if left.get(prompt):
            left[prompt] -= 1
            raise httpx.ConnectError("there is no route")

    service.on_post, once = unreachable, Retry(attempts=1)
    jobs = [line(name) for name in ("fox", "owl", "hare")]
    report = service.run(jobs, out, retry=once, concurrency=1)
    assert report.ok == ends
    if ends:
        assert pauses == [5.0] * 2 * failures
    else:
        assert report.stopped is not None
        assert report.stopped.kind == "network"
        assert pauses == [5.0] * 4  # 2,000 seconds
        assert (report.done, report.waiting) == (1, 2)


def test_the_clients_own_pauses_are_the_batchs(service: Service, out: Path, pauses: list[float]) -> None:
    """Between its attempts a submit pauses as its `Retry` says, in a way that the end of the batch interrupts."""
    left = [1, 1]

    def unreachable(prompt: str) -> None:
        if left:
            left.pop()
            raise httpx.ConnectError("there is no route")

    service.on_post = unreachable
    assert service.run([line("fox")], out, retry=Retry(attempts=3, initial=2.0)).ok
    assert pauses == [2.0, 4.0]


def test_a_service_that_was_never_reached_is_not_waited_for(service: Service, out: Path, pauses: list[float]) -> None:
    """The first submit that does not reach the service ends the batch: its address may be wrong."""

    def unreachable(prompt: str) -> None:
        raise httpx.ConnectError("there is no route")

    service.on_post = unreachable
    report = service.run([line("fox")], out, retry=Retry(attempts=1))
    assert report.stopped is not None
    assert report.stopped.kind == "network"
    assert not pauses


# Drafts


@pytest.mark.about("flux-3-video")
def test_a_draft_that_is_gone_does_not_cost_its_film(service: Service, out: Path) -> None:
    """A video whose draft cache cannot be fetched is done, with a word about the draft; nothing is submitted again."""
    result = {"sample": f"{service.base}/film.png", "draft_cache": "http://elsewhere.example/draft.bin"}
    service.on_poll = lambda made, number: httpx.Response(
        200, json={"id": made, "status": "Ready", "result": result, "cost": 30.0}
    )
    report = service.run([line("film", **FILM, draft=True)], out)
    assert (report.done, report.ok) == (1, True)
    assert "its draft could not be fetched" in report.troubles[0].summary
    assert service.run([line("film", **FILM, draft=True)], out, retry_failed=True).ok
    assert service.posts == {"film": 1}


@pytest.mark.about("flux-3-video")
def test_a_draft_is_saved_beside_its_film(service: Service, out: Path) -> None:
    """The draft cache of a video is saved under the job's name."""
    result = {"sample": f"{service.base}/film.png", "draft_cache": f"{service.base}/draft.bin"}
    service.on_poll = lambda made, number: httpx.Response(
        200, json={"id": made, "status": "Ready", "result": result, "cost": 30.0}
    )
    assert service.run([line("film", **FILM, draft=True)], out).ok
    assert (out / "film.draft.bin").read_bytes().endswith(b"/draft.bin")
    if sys.platform != "win32":  # which has no such modes
        assert {(out / f"film.{end}").stat().st_mode & 0o777 for end in ("png", "draft.bin")} == {0o600}


@pytest.mark.about("flux-3-video")
def test_a_draft_replaces_no_file(service: Service, out: Path) -> None:
    """A file that has taken the draft's name meanwhile stays, and its job is reported until the name is free."""
    result = {"sample": f"{service.base}/film.png", "draft_cache": f"{service.base}/draft.bin"}

    def appear(made: str, number: int) -> httpx.Response:
        if service.polls.total() == 1:
            (out / "film.draft.bin").write_bytes(b"my notes")
        return httpx.Response(200, json={"id": made, "status": "Ready", "result": result, "cost": 30.0})

    service.on_poll = appear
    report = service.run([line("film", **FILM, draft=True)], out)
    assert (out / "film.draft.bin").read_bytes() == b"my notes"
    assert "film.draft.bin already exists" in report.troubles[0].summary
    (out / "film.draft.bin").unlink()
    assert service.run([line("film", **FILM, draft=True)], out).ok
    assert service.posts == {"film": 1}


def test_an_error_in_the_callers_code_leaves_what_is_paid_for_in_the_record(service: Service, out: Path) -> None:
    """What `on_progress` raises leaves `run` as it is, within seconds; the next run follows what was submitted."""
    service.on_poll = lambda made, number: service.status(made, "Pending")

    def broken(progress: Progress) -> None:
        if service.polls:
            raise ValueError("a bug of the caller's")

    with pytest.raises(ValueError, match="a bug of the caller's"):
        service.run([line("fox"), line("owl")], out, on_progress=broken)
    service.on_poll = lambda made, number: None
    assert service.run([line("fox"), line("owl")], out).ok
    assert service.posts == {"fox": 1, "owl": 1}
