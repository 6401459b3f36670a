"""Submitting and polling: what is repeated, what is not, what each answer means. Both clients, in virtual time."""

from __future__ import annotations

import gzip
import json
import logging
import re
from typing import Any

import httpx
import pytest
from bfl_client import errors
from bfl_client.policy import NOT_FOUND_GRACE, POLL_FAILURES, Poll, Retry

from .conftest import ANY, KEY, METHOD, NAME, POLLING_URL, SAMPLE, Played, World, left_early, ready, state, submitted


def submit(world: World) -> Any:
    return world.do(lambda client: getattr(client.submit, METHOD)(prompt="a fox"))


def wait(world: World, **arguments: Any) -> Any:
    return world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait(**arguments))


def html(status: int) -> httpx.Response:
    return httpx.Response(status, content=b"<html>oh</html>", headers={"content-type": "text/html"})


class TestSubmit:
    def test_a_submit_sends_the_given_parameters_and_nothing_else(self, world: World) -> None:
        """The body on the wire holds the given parameters only, with its exact length, and the key in x-key."""
        world.script = [submitted()]
        task = world.do(lambda client: getattr(client.submit, METHOD)(prompt="a fox", width=1024, seed=None))
        (request,) = world.requests
        assert request.content == b'{"prompt":"a fox","width":1024}'
        assert request.headers["content-length"] == str(len(request.content))
        assert str(request.url) == f"https://api.bfl.ai{ANY.path}"
        assert request.headers["x-key"] == KEY
        assert request.headers["accept-encoding"] == "identity"
        assert (task.id, task.polling_url, task.cost, task.endpoint) == ("task-1", POLLING_URL, 3.0, NAME)

    @pytest.mark.parametrize(
        "refusal",
        [
            httpx.ConnectError("no route"),
            httpx.ConnectTimeout("slow"),
            httpx.Response(429, json={"detail": "too many active tasks"}),
            httpx.Response(503, json={"detail": "The model is over capacity and temporarily shedding requests"}),
        ],
    )
    def test_a_paid_request_that_was_not_carried_out_is_sent_again(self, world: World, refusal: Any) -> None:
        """No connection, 429 and a shedding 503 are each followed by a second POST."""
        world.script = [refusal, submitted()]
        assert submit(world).id == "task-1"
        assert [request.method for request in world.requests] == ["POST", "POST"]
        assert len(world.sleeps) == 1

    @pytest.mark.parametrize("error", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x")])
    def test_a_lost_answer_is_never_a_second_post(self, world: World, error: Exception) -> None:
        """A connection lost after sending is an error with maybe_submitted, and one POST."""
        world.script = [error, submitted()]
        with pytest.raises(errors.TransportError) as caught:
            submit(world)
        assert caught.value.maybe_submitted
        assert len(world.requests) == 1

    @pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
    def test_a_server_error_on_a_submit_is_not_repeated(self, world: World, status: int) -> None:
        """A 5xx that does not say it sheds load gives ServerError with maybe_submitted after one POST."""
        world.script = [html(status), submitted()]
        with pytest.raises(errors.ServerError) as caught:
            submit(world)
        assert caught.value.status_code == status
        assert caught.value.maybe_submitted
        assert len(world.requests) == 1

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (400, errors.InvalidRequestError),
            (401, errors.AuthenticationError),
            (402, errors.InsufficientCreditsError),
            (403, errors.AuthenticationError),
            (404, errors.NotFoundError),
            (418, errors.APIError),
            (302, errors.APIError),
            (422, errors.InvalidRequestError),
        ],
    )
    @pytest.mark.parametrize(
        "detail", ["a string", [{"loc": ["body", "width"], "msg": "too big", "input": "x" * 9000}]]
    )
    def test_each_refusal_has_its_error(
        self, world: World, status: int, kind: type[errors.APIError], detail: Any
    ) -> None:
        """A refusal becomes the error of its status, with the detail as it came and a short message."""
        world.script = [httpx.Response(status, json={"detail": detail})]
        with pytest.raises(kind) as caught:
            submit(world)
        assert caught.value.detail == detail
        assert len(str(caught.value)) < 400
        assert len(world.requests) == 1

    @pytest.mark.parametrize(
        "content", [b"", b"<html>", b"[]", b"null", b'{"id": 7}', b"{", b'{"id": ""}', b"[" * 9000]
    )
    def test_an_unreadable_answer_to_a_submit_says_that_it_may_be_paid(self, world: World, content: bytes) -> None:
        """A 200 without a usable id is a TransportError with maybe_submitted."""
        world.script = [httpx.Response(200, content=content)]
        with pytest.raises(errors.TransportError) as caught:
            submit(world)
        assert caught.value.maybe_submitted

    def test_attempts_are_bounded(self, world: World) -> None:
        """A service that always answers 429 is asked `attempts` times, with growing pauses."""
        world.settings = {"retry": Retry(attempts=3, initial=1, factor=3)}
        world.script = [httpx.Response(429, json={"detail": "busy"})]
        with pytest.raises(errors.RateLimitError):
            submit(world)
        assert len(world.requests) == 3
        assert world.sleeps == [1, 3]

    def test_retry_after_lengthens_the_pause(self, world: World) -> None:
        """A Retry-After longer than the planned pause is kept to, up to the ceiling."""
        world.settings = {"retry": Retry(initial=1, ceiling=20)}
        world.script = [
            httpx.Response(429, headers={"retry-after": "7"}),
            httpx.Response(429, headers={"retry-after": "9999"}),
            submitted(),
        ]
        submit(world)
        assert world.sleeps == [7, 20]

    def test_a_webhook_submit_has_no_polling_url(self, world: World) -> None:
        """A task submitted with a webhook has polling_url None, and waiting for it is a ConfigurationError."""
        world.script = [httpx.Response(200, json={"id": "task-1", "status": "Pending", "webhook_url": "https://a.b/"})]
        task = world.do(lambda client: getattr(client.submit, METHOD)(prompt="x", webhook_url="https://a.b/"))
        assert task.polling_url is None
        with pytest.raises(errors.ConfigurationError) as caught:
            world.do(lambda _: task.wait())
        assert caught.value.task_id == "task-1"

    def test_a_long_id_is_not_in_the_message(self, world: World) -> None:
        """An id of thousands of characters is kept in the error, and cut in its message."""
        world.script = [httpx.Response(200, json={"id": "A" * 5000})]
        task = submit(world)
        with pytest.raises(errors.ConfigurationError) as caught:
            world.do(lambda _: task.wait())
        assert caught.value.task_id == "A" * 5000
        assert len(str(caught.value)) < 400

    @pytest.mark.parametrize(
        "url",
        [
            "https://evil.example/v1/get_result?id=task-1",
            "http://api.bfl.ai/v1/get_result?id=task-1",
            "https://api.bfl.ai@evil.example/",
            "https://api.bfl.ai.evil.example/",
            "https://evilbfl.ai/",
            "https://api.bfl.ai:8443/",
            "https://delivery-eu1.bfl.ai/v1/get_result",
            "https://user:pw@api.bfl.ai/",
            "http://127.0.0.1/",
            "file:///etc/passwd",
            "https://\ud800.bfl.ai/",
            "https://xn--.bfl.ai/",
            "",
        ],
    )
    def test_an_untrusted_polling_url_is_reported_with_the_task(self, world: World, url: str) -> None:
        """A polling URL off the API's hosts is not asked; the error carries the id and the URL, not in its message."""
        world.script = [httpx.Response(200, content=b'{"id":"task-1","polling_url":' + _json(url) + b"}")]
        with pytest.raises(errors.UntrustedURLError) as caught:
            submit(world)
        assert (caught.value.task_id, caught.value.polling_url) == ("task-1", url)
        assert len(world.requests) == 1
        assert not url or url not in str(caught.value)

    def test_a_region_is_not_left(self, world: World) -> None:
        """With region="eu", a polling URL outside the region is refused, and one inside is polled."""
        world.settings = {"region": "eu"}
        world.script = [submitted(polling_url="https://gateway.bfl.ai/v1/get_result?id=task-1")]
        with pytest.raises(errors.UntrustedURLError, match="region") as caught:
            submit(world)
        assert caught.value.task_id == "task-1"
        assert str(world.requests[0].url) == f"https://api.eu.bfl.ai{ANY.path}"
        world.script = [submitted()]
        assert submit(world).polling_url == POLLING_URL

    def test_a_compressed_answer_does_not_lose_the_task(self, world: World) -> None:
        """An answer compressed against our wish still gives the task."""
        packed = gzip.compress(submitted().content)
        world.script = [httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Played(packed))]
        assert submit(world).id == "task-1"

    def test_an_unknown_endpoint_is_sent_unchecked(self, world: World) -> None:
        """An endpoint that this version does not know is posted to as given."""
        world.script = [submitted()]
        task = world.do(lambda client: client.submit("flux-9-hyper", prompt="x", novelty=True))
        assert str(world.requests[0].url) == "https://api.bfl.ai/v1/flux-9-hyper"
        assert world.requests[0].content == b'{"prompt":"x","novelty":true}'
        assert task.endpoint == "flux-9-hyper"

    def test_a_misspelt_endpoint_is_explained(self, world: World) -> None:
        """The 404 of a misspelt endpoint names the nearest one."""
        world.script = [httpx.Response(404, json={"detail": "Not Found"})]
        with pytest.raises(errors.NotFoundError, match=re.escape(NAME)):
            world.do(lambda client: client.submit(f"{NAME}z", prompt="x"))

    @pytest.mark.parametrize(
        "name", ["../v1/credits", "flux-dev?x=1", "a//b", "", "https://evil.example", "a b", "flux-dev#"]
    )
    def test_a_name_that_is_none_is_refused(self, world: World, name: str) -> None:
        """What is no endpoint name reaches no server."""
        world.script = [submitted()]
        with pytest.raises(errors.ConstraintError):
            world.do(lambda client: client.submit(name, prompt="x"))
        assert not world.requests


def _json(text: str) -> bytes:
    return json.dumps(text).encode()


class TestWait:
    def test_polling_uses_the_url_verbatim_and_sends_the_key_to_api_hosts(self, world: World) -> None:
        """Polls go to the polling URL as it came, with the key, until Ready."""
        world.script = [state("Pending"), state("Pending", progress=0.5), ready()]
        seen: list[str] = []
        result = wait(world, on_update=lambda update: seen.append(update.status))
        assert {str(request.url) for request in world.requests} == {POLLING_URL}
        assert all(request.headers["x-key"] == KEY for request in world.requests)
        assert seen == ["Pending", "Pending", "Ready"]
        assert (result.url, result.seed, result.prompt, result.kind) == (SAMPLE, 42, "a fox", "image")

    @pytest.mark.parametrize("status", ["Queued", "Uploading", "Whatever Comes Next", "failed?", "ready"])
    def test_an_unknown_status_means_still_running(self, world: World, status: str) -> None:
        """A status that nobody knows is polled past."""
        world.script = [state(status), state(status), ready()]
        assert wait(world).url == SAMPLE

    def test_an_unknown_status_is_logged_once(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
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
        self, world: World, code: int, status: str, kind: type[errors.TaskError]
    ) -> None:
        """A failed task ends the wait at the first poll, whatever the HTTP code of its answer."""
        world.script = [state(status, code, details={"Moderation Reasons": ["hat", "boots"]}, cost=2.5)]
        with pytest.raises(kind, match="Moderation Reasons: hat, boots$") as caught:
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
    def test_a_failed_poll_is_repeated(self, world: World, passing: Any) -> None:
        """A poll that fails for a passing reason is followed by another one."""
        world.script = [passing, passing, ready()]
        assert wait(world).url == SAMPLE
        assert len(world.requests) == 3

    def test_failed_polls_in_a_row_end_the_wait_with_the_handle(self, world: World) -> None:
        """After a bounded number of failed polls the error leaves, with the task's id and polling URL."""
        world.script = [httpx.ConnectError("gone")]
        with pytest.raises(errors.TransportError) as caught:
            wait(world)
        assert len(world.requests) == POLL_FAILURES
        assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)
        assert not caught.value.maybe_submitted

    @pytest.mark.parametrize("code", [400, 401, 402, 403, 422])
    def test_a_refused_poll_is_not_repeated(self, world: World, code: int) -> None:
        """A poll refused for good raises at once, with the task's id."""
        world.script = [httpx.Response(code, json={"detail": "no"})]
        with pytest.raises(errors.APIError) as caught:
            wait(world)
        assert len(world.requests) == 1
        assert caught.value.task_id == "task-1"

    @pytest.mark.parametrize("missing", [state("Task not found"), state("Task not found", 404), html(404)])
    def test_not_found_is_tolerated_for_a_few_polls(self, world: World, missing: httpx.Response) -> None:
        """A task not found right after its submit is polled again; after the grace it is TaskNotFound."""
        world.script = [missing, missing, ready()]
        assert wait(world).url == SAMPLE
        world.requests.clear()
        world.script = [missing]
        with pytest.raises(errors.TaskNotFound):
            wait(world)
        assert len(world.requests) == NOT_FOUND_GRACE

    @pytest.mark.parametrize("result", [None, {}, [], "text", {"sample": None}, {"sample": 7}])
    def test_ready_without_a_sample_is_a_failure(self, world: World, result: Any) -> None:
        """Ready without a sample URL is GenerationFailed, not a crash."""
        world.script = [state("Ready", result=result)]
        with pytest.raises(errors.GenerationFailed):
            wait(world)

    def test_the_deadline_is_kept_exactly(self, world: World) -> None:
        """A task that never ends is given up exactly at the deadline, the last sleep trimmed to it."""
        world.script = [state("Pending")]
        with pytest.raises(errors.TaskTimeout) as caught:
            wait(world, timeout=33.0)
        assert world.now == pytest.approx(1033.0)
        assert caught.value.status == "Pending"
        assert caught.value.polling_url == POLLING_URL

    def test_the_default_deadline_is_that_of_the_kind(self, world: World) -> None:
        """Without a timeout a picture is given up after 600 seconds of virtual time."""
        world.script = [state("Pending")]
        with pytest.raises(errors.TaskTimeout):
            wait(world)
        assert world.now == pytest.approx(1600.0)

    def test_failures_count_against_the_deadline(self, world: World) -> None:
        """Failed polls and their pauses end at the deadline, too."""
        world.latency = 4.0
        world.script = [httpx.ReadTimeout("slow")]
        with pytest.raises((errors.TaskTimeout, errors.TransportError)):
            wait(world, timeout=10.0)
        assert world.now <= 1014.0

    def test_pauses_grow_with_age(self, world: World) -> None:
        """Pauses start at the floor, grow with the task's age and stay under the ceiling, a tenth of jitter aside."""
        world.settings = {"poll": Poll(floor=1, ceiling=5, share=0.1)}
        world.script = [*[state("Pending")] * 60, ready()]
        wait(world)
        assert world.sleeps[0] == pytest.approx(1, rel=0.11)
        assert world.sleeps[-1] == pytest.approx(5, rel=0.11)
        assert max(world.sleeps) <= 5.5

    @pytest.mark.parametrize("timeout", [0, -1, float("inf"), float("nan")])
    def test_a_wait_for_ever_is_refused(self, world: World, timeout: float) -> None:
        """A timeout that is not a positive finite number is a ConfigurationError."""
        world.script = [ready()]
        with pytest.raises(errors.ConfigurationError):
            wait(world, timeout=timeout)

    @left_early
    def test_an_endless_answer_is_cut(self, world: World) -> None:
        """An answer longer than the cap is read no further, and the poll is repeated."""
        piece = b"x" * 1024 * 1024
        world.script = [httpx.Response(200, stream=Played(*[piece] * 64, error=MemoryError())), ready()]
        assert wait(world).url == SAMPLE

    def test_a_redirect_is_not_followed(self, world: World) -> None:
        """A redirect of a poll is an error, and the key goes nowhere else."""
        world.script = [httpx.Response(307, headers={"location": "https://evil.example/"}), ready()]
        with pytest.raises(errors.APIError):
            wait(world)
        assert [request.url.host for request in world.requests] == ["api.eu4.bfl.ai"]

    def test_polling_urls_stay_out_of_the_log(self, world: World, caplog: pytest.LogCaptureFixture) -> None:
        """httpx's own request log shows neither the polling URL nor the signed URL of our requests."""
        world.script = [ready(), httpx.Response(200, content=b"picture")]
        with caplog.at_level(logging.DEBUG):
            result = wait(world)
            world.do(lambda _: result.read())
        assert "get_result" not in caplog.text
        assert "sig=" not in caplog.text
        assert "api.eu4.bfl.ai" in caplog.text

    def test_status_looks_once(self, world: World) -> None:
        """status() is one poll, and a failed task is an update there, not an error."""
        world.script = [state("Error", 503, details="broken")]
        update = world.do(lambda client: client.task("task-1", POLLING_URL).status())
        assert (update.status, update.details, update.ended) == ("Error", "broken", True)
        assert len(world.requests) == 1
