"""Polling: what each answer means, what is asked again, and when waiting ends. Both clients, in virtual time."""

from __future__ import annotations

import logging
from typing import Any

import httpx
import pytest
from bfl_client import APIError, AuthenticationError, InvalidRequestError, Poll, errors, policy

from .conftest import KEY, NAME, POLLING_URL, SAMPLE, Played, World, html, left_early, ready, state


def wait(world: World, **arguments: Any) -> Any:
    return world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait(**arguments))


def test_polling_uses_the_url_verbatim_and_sends_the_key_to_api_hosts(world: World) -> None:
    """Polls go to the polling URL as it came, with the key, until Ready."""
    world.script = [state("Pending"), state("Pending", progress=0.5), ready()]
    seen: list[str] = []
    result = wait(world, on_update=lambda update: seen.append(update.status))
    assert {str(request.url) for request in world.requests} == {POLLING_URL}
    assert all(request.headers["x-key"] == KEY for request in world.requests)
    assert seen == ["Pending", "Pending", "Ready"]
    assert (result.url, result.seed, result.prompt, result.kind) == (SAMPLE, 42, "a fox", "image")


@pytest.mark.parametrize("seed", [None, True, "42", 4.5, [42]])
def test_a_seed_is_an_integer(world: World, seed: object) -> None:
    """A seed that is not an integer counts as not stated."""
    world.script = [ready(seed=seed)]
    assert wait(world).seed is None


@pytest.mark.parametrize("status", ["Queued", "Uploading", "Whatever Comes Next", "failed?", "ready"])
def test_an_unknown_status_means_still_running(world: World, status: str) -> None:
    """A status that nobody knows is polled past."""
    world.script = [state(status), state(status), ready()]
    assert wait(world).url == SAMPLE


def test_an_unknown_status_is_logged_once(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """Three polls with the same unknown status leave one warning."""
    world.script = [state("Simmering"), state("Simmering"), state("Simmering"), ready()]
    with caplog.at_level(logging.WARNING, "bfl_client"):
        wait(world)
    assert [record.getMessage().count("Simmering") for record in caplog.records] == [1]


@pytest.mark.parametrize("code", [200, 422, 500, 503])
@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("Error", errors.GenerationFailed),
        ("Failed", errors.GenerationFailed),
        ("Request Moderated", errors.RequestModerated),
        ("Content Moderated", errors.ContentModerated),
    ],
)
def test_a_failed_task_is_known_by_its_status(
    world: World, code: int, status: str, kind: type[errors.TaskError]
) -> None:
    """A failed task ends the wait at the first poll, whatever the HTTP code of its answer."""
    world.script = [state(status, code, details={"Moderation Reasons": ["hat", "boots"]}, cost=2.5)]
    with pytest.raises(kind, match="Moderation Reasons: hat, boots; ") as caught:
        wait(world)
    assert len(world.requests) == 1
    error = caught.value
    assert (error.status, error.cost, error.task_id, error.polling_url) == (status, 2.5, "task-1", POLLING_URL)
    assert POLLING_URL not in str(error) + repr(error)


@pytest.mark.parametrize(
    "passing",
    [
        html(503),
        html(520),
        httpx.Response(200, content=b""),
        httpx.Response(200, content=b"<html>"),
        httpx.Response(200, json={"status": 7}),
        httpx.Response(429, json={"detail": "slow down"}),
        httpx.Response(500, json={"detail": "oh"}),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("gone"),
    ],
)
def test_a_failed_poll_is_repeated(world: World, passing: Any) -> None:
    """A poll that fails for a passing reason is followed by another one."""
    world.script = [passing, passing, ready()]
    assert wait(world).url == SAMPLE
    assert len(world.requests) == 3


def test_failed_polls_in_a_row_end_the_wait_with_the_handle(world: World) -> None:
    """After a bounded number of failed polls the error leaves, with the task's id and polling URL."""
    world.script = [httpx.ConnectError("gone")]
    with pytest.raises(errors.TransportError) as caught:
        wait(world)
    assert len(world.requests) == policy.POLL_FAILURES
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)
    assert not caught.value.maybe_submitted


@pytest.mark.parametrize("code", [400, 402, 422])
def test_a_refused_poll_is_not_repeated(world: World, code: int) -> None:
    """A poll refused for good raises at once, with the task's id."""
    world.script = [httpx.Response(code, json={"detail": "no"})]
    with pytest.raises(errors.APIError) as caught:
        wait(world)
    assert len(world.requests) == 1
    assert caught.value.task_id == "task-1"


@pytest.mark.parametrize("code", [401, 403])
def test_a_refused_key_is_believed_when_it_is_refused_in_a_row(world: World, code: int) -> None:
    """A key refused by POLL_REFUSALS polls in a row is an error with the handle; by fewer, it is asked again."""
    refusal = httpx.Response(code, json={"detail": "no"})
    some = [refusal] * (policy.POLL_REFUSALS - 1)
    world.script = [*some, state("Pending"), *some, ready()]
    assert wait(world).url == SAMPLE
    world.requests.clear()
    world.script = [refusal]
    with pytest.raises(errors.AuthenticationError) as caught:
        wait(world)
    assert len(world.requests) == policy.POLL_REFUSALS == 3
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)


SAMPLELESS: list[Any] = [None, {}, [], "text", {"sample": None}, {"sample": 7}]
DOUBTFUL = {
    "not found": (state("Task not found"), errors.TaskNotFound),
    "not found, as 404": (state("Task not found", 404), errors.TaskNotFound),
    "a page, as 404": (html(404), errors.TaskNotFound),
    **{
        f"ready, its result {result!r}": (state("Ready", result=result), errors.GenerationFailed)
        for result in SAMPLELESS
    },
}
"""Answers that may be mistaken, and the error that each one is once it is believed."""
doubtful = pytest.mark.parametrize(("answer", "error"), DOUBTFUL.values(), ids=DOUBTFUL)


@doubtful
@pytest.mark.parametrize("floor", [0.5, 20.0])
def test_a_doubtful_answer_is_believed_after_30_seconds_and_five_polls(
    world: World, answer: httpx.Response, error: type[errors.TaskError], floor: float
) -> None:
    """Neither five polls nor 30 seconds alone make a doubtful answer final, and both together do at once."""
    world.settings = {"poll": Poll(floor=floor, ceiling=floor)}
    world.script = [answer]
    with pytest.raises(error) as caught:
        wait(world)
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)
    polls, waited = len(world.requests), sum(world.sleeps)
    assert polls >= 5
    assert waited >= 30
    assert polls == 5 or waited - world.sleeps[-1] < 30


@doubtful
def test_a_doubtful_answer_at_any_age_means_still_running(
    world: World, answer: httpx.Response, error: type[errors.TaskError]
) -> None:
    """A doubtful answer, first or after another status, is asked again, and the task's result is taken."""
    for before in ([], [state("Pending")], [state("Generating")] * 20):
        world.script = [*before, answer, answer, answer, ready()]
        assert wait(world).url == SAMPLE


@doubtful
def test_another_answer_takes_the_doubt_away(
    world: World, answer: httpx.Response, error: type[errors.TaskError]
) -> None:
    """Only answers in a row count: four doubtful ones, a Pending, and four more over minutes end nothing."""
    world.settings = {"poll": Poll(floor=20, ceiling=20)}
    world.script = [*[answer] * 4, state("Pending"), *[answer] * 4, ready()]
    assert wait(world).url == SAMPLE


@doubtful
def test_a_wait_that_ends_in_doubt_is_a_timeout(
    world: World, answer: httpx.Response, error: type[errors.TaskError]
) -> None:
    """A deadline that comes before the doubt is over gives TaskTimeout, whose remedy is to wait again."""
    world.script = [answer]
    with pytest.raises(errors.TaskTimeout) as caught:
        wait(world, timeout=25)
    assert caught.value.remedy.action == "wait-again"


@pytest.mark.parametrize("status", ["Pending", "Ready", "Error", "Content Moderated", "Task not found"])
def test_an_answer_about_another_task_is_no_answer(world: World, status: str) -> None:
    """A poll answered with another task's id is asked again, and counts as a failed one."""
    other = state(status, id="task-2", result={"sample": "https://delivery-eu4.bfl.ai/results/of-another.png"})
    world.script = [other, state("Pending"), other, ready()]
    assert wait(world).url == SAMPLE
    world.requests.clear()
    world.script = [other]
    with pytest.raises(errors.TransportError) as caught:
        wait(world)
    assert len(world.requests) == policy.POLL_FAILURES
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)


@pytest.mark.parametrize("named", [{"id": "task-1"}, {}, {"id": None}, {"id": 7}])
def test_an_answer_that_names_no_other_task_is_taken(world: World, named: dict[str, Any]) -> None:
    """An answer with the task's own id, or without one, is about the task."""
    content = {"status": "Ready", "result": {"sample": SAMPLE}, **named}
    world.script = [httpx.Response(200, json=content)]
    assert wait(world).url == SAMPLE
    assert len(world.requests) == 1


def test_the_deadline_is_kept_exactly(world: World) -> None:
    """A task that never ends is given up exactly at the deadline, the last sleep trimmed to it."""
    world.script = [state("Pending")]
    with pytest.raises(errors.TaskTimeout) as caught:
        wait(world, timeout=33.0)
    assert world.now == pytest.approx(1033.0)
    assert caught.value.status == "Pending"
    assert caught.value.polling_url == POLLING_URL


def test_the_default_deadline_is_that_of_the_kind(world: World) -> None:
    """Without a timeout a picture is given up after 600 seconds of virtual time."""
    world.script = [state("Pending")]
    with pytest.raises(errors.TaskTimeout):
        wait(world)
    assert world.now == pytest.approx(1600.0)


def test_failures_count_against_the_deadline(world: World) -> None:
    """Failed polls and their pauses end at the deadline, too."""
    world.latency = 4.0
    world.script = [httpx.ReadTimeout("slow")]
    with pytest.raises((errors.TaskTimeout, errors.TransportError)):
        wait(world, timeout=10.0)
    assert world.now <= 1014.0


def test_pauses_grow_with_age(world: World) -> None:
    """Pauses start at the floor, grow with the task's age and stay under the ceiling, a tenth of jitter aside."""
    world.settings = {"poll": Poll(floor=1, ceiling=5, share=0.1)}
    world.script = [*[state("Pending")] * 60, ready()]
    wait(world)
    assert world.sleeps[0] == pytest.approx(1, rel=0.11)
    assert world.sleeps[-1] == pytest.approx(5, rel=0.11)
    assert max(world.sleeps) <= 5.5


@pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
def test_a_wait_for_ever_is_refused(world: World, timeout: float) -> None:
    """A timeout that is not a positive finite number is a ConfigurationError."""
    world.script = [ready()]
    with pytest.raises(errors.ConfigurationError):
        wait(world, timeout=timeout)


@left_early
def test_an_endless_answer_is_cut(world: World) -> None:
    """An answer longer than the cap is read no further, and the poll is repeated."""
    piece = b"x" * 1024 * 1024
    world.script = [httpx.Response(200, stream=Played(*[piece] * 64, error=MemoryError())), ready()]
    assert wait(world).url == SAMPLE


def test_a_redirect_is_not_followed(world: World) -> None:
    """A redirect of a poll is an error, and the key goes nowhere else."""
    world.script = [httpx.Response(307, headers={"location": "https://evil.example/"}), ready()]
    with pytest.raises(errors.APIError):
        wait(world)
    assert [request.url.host for request in world.requests] == ["api.eu4.bfl.ai"]


def test_polling_urls_stay_out_of_the_log(world: World, caplog: pytest.LogCaptureFixture) -> None:
    """httpx's own request log shows neither the polling URL nor the signed URL of our requests."""
    world.script = [ready(), httpx.Response(200, content=b"picture")]
    with caplog.at_level(logging.DEBUG):
        result = wait(world)
        world.do(lambda _: result.read())
    assert "get_result" not in caplog.text
    assert "sig=" not in caplog.text
    assert "api.eu4.bfl.ai" in caplog.text


@pytest.mark.parametrize(("code", "error"), [(401, AuthenticationError), (422, InvalidRequestError)])
def test_an_error_with_an_unknown_word_for_status_is_an_error(world: World, code: int, error: type[APIError]) -> None:
    """An HTTP error whose body has a status that no task has is that error, not a task still running."""
    world.script = [httpx.Response(code, json={"status": "forbidden", "detail": "go away"})]
    with pytest.raises(error) as caught:
        wait(world, timeout=10)
    assert caught.value.polling_url == POLLING_URL
    assert len(world.requests) == (policy.POLL_REFUSALS if code == 401 else 1)


def test_the_time_that_a_callback_takes_counts(world: World) -> None:
    """While on_update runs the task grows older: the pause after it is a tenth of the age then."""

    def slow(update: Any) -> None:
        world.now += 60

    world.script = [state("Pending"), ready()]
    world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait(on_update=slow))
    assert world.sleeps == [pytest.approx(6, rel=0.15)]


def test_a_callback_that_outlasts_the_wait_ends_it(world: World) -> None:
    """If on_update returns after the deadline, the wait ends with a TaskTimeout, and no pause is negative."""

    def slow(update: Any) -> None:
        world.now += 60

    world.script = [state("Pending")]
    with pytest.raises(errors.TaskTimeout):
        world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait(timeout=30, on_update=slow))
    assert len(world.requests) == 1
    assert min(world.sleeps, default=0) >= 0
