"""Submitting: what is sent, what is repeated and what never, what each answer means. Both clients, in virtual time."""

from __future__ import annotations

import copy
import gzip
import io
import json
import pickle
import re
from typing import Any

import httpx
import pytest
from bfl_api.types import UNSET, Unset
from bfl_client import (
    BFLError,
    Client,
    ConfigurationError,
    ConstraintError,
    Retry,
    constraints,
    errors,
    specification,
)

from .conftest import (
    ANY,
    KEY,
    METHOD,
    NAME,
    POLLING_URL,
    SAMPLE,
    Played,
    World,
    html,
    model,
    ready,
    state,
    submit,
    submitted,
)


def _json(text: str) -> bytes:
    return json.dumps(text).encode()


def test_a_submit_sends_the_given_parameters_and_nothing_else(world: World) -> None:
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
def test_a_paid_request_that_was_not_carried_out_is_sent_again(world: World, refusal: Any) -> None:
    """No connection, 429 and a shedding 503 are each followed by a second POST."""
    world.script = [refusal, submitted()]
    assert submit(world).id == "task-1"
    assert [request.method for request in world.requests] == ["POST", "POST"]
    assert len(world.sleeps) == 1


@pytest.mark.parametrize("error", [httpx.ReadTimeout("x"), httpx.ReadError("x"), httpx.RemoteProtocolError("x")])
def test_a_lost_answer_is_never_a_second_post(world: World, error: Exception) -> None:
    """A connection lost after sending is an error with maybe_submitted, and one POST."""
    world.script = [error, submitted()]
    with pytest.raises(errors.TransportError) as caught:
        submit(world)
    assert caught.value.maybe_submitted
    assert caught.value.remedy.action == "check-credits"
    assert len(world.requests) == 1


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_server_error_on_a_submit_is_not_repeated(world: World, status: int) -> None:
    """A 5xx that does not say it sheds load gives ServerError with maybe_submitted after one POST."""
    world.script = [html(status), submitted()]
    with pytest.raises(errors.ServerError) as caught:
        submit(world)
    assert caught.value.status_code == status
    assert caught.value.maybe_submitted
    assert not hasattr(caught.value, "__notes__"), "it is said once"
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
@pytest.mark.parametrize("detail", ["a string", [{"loc": ["body", "width"], "msg": "too big", "input": "x" * 9000}]])
def test_each_refusal_has_its_error(world: World, status: int, kind: type[errors.APIError], detail: Any) -> None:
    """A refusal becomes the error of its status, with the detail as it came and a short message."""
    world.script = [httpx.Response(status, json={"detail": detail})]
    with pytest.raises(kind) as caught:
        submit(world)
    assert caught.value.detail == detail
    assert len(str(caught.value)) < 400
    assert len(world.requests) == 1


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"null", b'{"id": 7}', b"{", b'{"id": ""}', b"[" * 9000])
def test_an_unreadable_answer_to_a_submit_says_that_it_may_be_paid(world: World, content: bytes) -> None:
    """A 200 without a usable id is a TransportError with maybe_submitted."""
    world.script = [httpx.Response(200, content=content)]
    with pytest.raises(errors.TransportError) as caught:
        submit(world)
    assert caught.value.maybe_submitted


def test_attempts_are_bounded(world: World) -> None:
    """A service that always answers 429 is asked `attempts` times, with growing pauses."""
    world.settings = {"retry": Retry(attempts=3, initial=1, factor=3)}
    world.script = [httpx.Response(429, json={"detail": "busy"})]
    with pytest.raises(errors.RateLimitError):
        submit(world)
    assert len(world.requests) == 3
    assert world.sleeps == [1, 3]


def test_retry_after_lengthens_the_pause(world: World) -> None:
    """A Retry-After longer than the planned pause is kept to, up to the ceiling."""
    world.settings = {"retry": Retry(initial=1, ceiling=20)}
    world.script = [
        httpx.Response(429, headers={"retry-after": "7"}),
        httpx.Response(429, headers={"retry-after": "9999"}),
        submitted(),
    ]
    submit(world)
    assert world.sleeps == [7, 20]


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
        "https://\u0378.bfl.ai/",
        "https://xn--.bfl.ai/" if httpx.__name__ == "httpx" else "https://\u2028.bfl.ai/",  # httpx2 takes the first
        "",
    ],
)
def test_an_untrusted_polling_url_is_reported_with_the_task(world: World, url: str) -> None:
    """A polling URL off the API's hosts is not asked; the error carries the id and the URL, not in its message."""
    world.script = [httpx.Response(200, content=b'{"id":"task-1","polling_url":' + _json(url) + b"}")]
    with pytest.raises(errors.UntrustedURLError) as caught:
        submit(world)
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", url)
    assert len(world.requests) == 1
    assert not url or url not in str(caught.value)


def test_a_region_is_not_left(world: World) -> None:
    """With region="eu", a polling URL outside the region is refused, and one inside is polled."""
    world.settings = {"region": "eu"}
    world.script = [submitted(polling_url="https://gateway.bfl.ai/v1/get_result?id=task-1")]
    with pytest.raises(errors.UntrustedURLError, match="region") as caught:
        submit(world)
    assert caught.value.task_id == "task-1"
    assert str(world.requests[0].url) == f"https://api.eu.bfl.ai{ANY.path}"
    world.script = [submitted()]
    assert submit(world).polling_url == POLLING_URL


def test_a_compressed_answer_does_not_lose_the_task(world: World) -> None:
    """An answer compressed against our wish still gives the task."""
    packed = gzip.compress(submitted(detail="a fox " * 1000).content)
    world.script = [httpx.Response(200, headers={"content-encoding": "gzip"}, stream=Played(packed))]
    assert submit(world).id == "task-1"


def test_an_unknown_endpoint_is_sent_unchecked(world: World) -> None:
    """An endpoint that this version does not know is posted to as given."""
    world.script = [submitted()]
    task = world.do(lambda client: client.submit("flux-9-hyper", prompt="x", novelty=True))
    assert str(world.requests[0].url) == "https://api.bfl.ai/v1/flux-9-hyper"
    assert world.requests[0].content == b'{"prompt":"x","novelty":true}'
    assert task.endpoint == "flux-9-hyper"


def test_a_misspelt_endpoint_is_explained(world: World) -> None:
    """The 404 of a misspelt endpoint names the nearest one."""
    world.script = [httpx.Response(404, json={"detail": "Not Found"})]
    with pytest.raises(errors.NotFoundError, match=re.escape(NAME)) as caught:
        world.do(lambda client: client.submit(f"{NAME}z", prompt="x"))
    assert (caught.value.remedy.action, caught.value.remedy.facts) == ("endpoints", {"nearest": NAME})


@pytest.mark.parametrize(
    "name", ["../v1/credits", "flux-dev?x=1", "a//b", "", "https://evil.example", "a b", "flux-dev#"]
)
def test_a_name_that_is_none_is_refused(world: World, name: str) -> None:
    """A name that is not an endpoint name reaches no server."""
    world.script = [submitted()]
    with pytest.raises(errors.ConstraintError):
        world.do(lambda client: client.submit(name, prompt="x"))
    assert not world.requests


@pytest.mark.parametrize("word", ["upstream finished, response lost", "worker crashed", "established", "published"])
def test_not_every_word_with_shed_in_it_is_a_refusal(world: World, word: str) -> None:
    """A 503 that merely contains the letters of "shed" is not taken for a request that was turned away."""
    world.script = [httpx.Response(503, json={"detail": word}), submitted()]
    with pytest.raises(errors.ServerError) as caught:
        submit(world)
    assert caught.value.maybe_submitted
    assert len(world.requests) == 1


@pytest.mark.parametrize("location", ["https:foo", "x:y", "mailto:a@b", "https://xn--a/", "https://xn--/"])
def test_an_odd_redirect_of_a_paid_request_is_not_repeated(world: World, location: str) -> None:
    """A redirect whose Location cannot be read is an answer: the POST may have been carried out."""
    world.script = [httpx.Response(302, headers={"location": location}), submitted()]
    with pytest.raises(BFLError):
        submit(world)
    assert len(world.requests) == 1


def test_a_huge_number_does_not_lose_the_task(world: World) -> None:
    """A submit answer with a number beyond Python's digit limit still gives the task."""
    content = submitted().content[:-1] + b', "input_mp": ' + b"9" * 5000 + b"}"
    world.script = [httpx.Response(200, content=content)]
    assert submit(world).id == "task-1"


def test_an_id_seen_before_is_no_answer_to_a_submit(world: World) -> None:
    """A client that gets the id of an earlier task for a paid request says that it may be paid, and gives no task."""
    world.script = [submitted(), submitted(), submitted(id="task-2")]
    first, second, third = world.each(*[lambda client: client.submit(NAME, prompt="a fox")] * 3)
    assert (first.id, third.id) == ("task-1", "task-2")
    assert isinstance(second, errors.TransportError)
    assert second.maybe_submitted
    assert second.remedy.action == "check-credits"
    assert second.task_id is None
    assert len(world.requests) == 3


def test_the_id_of_a_resumed_task_is_no_answer_to_a_submit(world: World) -> None:
    """A second copy of a poll's answer, read in place of a submit's, makes no task, whoever submitted the first."""
    world.script = [state("Pending"), state("Pending")]
    _, second = world.each(
        lambda client: client.task("task-1", POLLING_URL).status(), lambda client: client.submit(NAME, prompt="a fox")
    )
    assert isinstance(second, errors.TransportError)
    assert second.maybe_submitted


def test_an_id_seen_before_is_no_answer_to_a_generate(world: World) -> None:
    """generate, too, follows no task that an earlier request was answered with."""
    world.script = [submitted(), submitted()]
    _, second = world.each(
        lambda client: client.submit(NAME, prompt="a fox"), lambda client: client.generate(NAME, prompt="a hare")
    )
    assert isinstance(second, errors.TransportError)
    assert second.maybe_submitted
    assert [request.method for request in world.requests] == ["POST", "POST"]


def test_generate_with_a_webhook_is_refused_before_it_is_sent(world: World) -> None:
    """generate with webhook_url, which would pay and then have nothing to poll, sends nothing; the remedy is submit."""
    body = {"prompt": "a fox", "webhook_url": "https://a.b/"}
    for action in (
        lambda client: client.generate(NAME, body),
        lambda client: getattr(client.generate, METHOD)(**body),
        lambda client: client.generate(NAME, {"prompt": "a fox"}, extra={"webhook_url": "https://a.b/"}),
    ):
        with pytest.raises(ConfigurationError) as caught:
            world.do(action)
        assert caught.value.remedy.action == "submit"
    assert not world.requests


def test_generate_without_a_webhook_gives_the_result(world: World) -> None:
    """generate submits once, polls until Ready, and gives the result with its task."""
    world.script = [submitted(), state("Pending"), ready()]
    body = {"prompt": "a fox", "webhook_url": None}
    result = world.do(lambda client: client.generate(NAME, body, validate=False))
    assert (result.url, result.task.id, result.cost) == (SAMPLE, "task-1", 3.0)
    assert [request.method for request in world.requests] == ["POST", "GET", "GET"]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_a_model_that_was_copied_sends_no_unset_field(world: World, copied: Any) -> None:
    """A model that was deep-copied or unpickled sends what the original sends."""
    world.script = [submitted()]
    world.do(lambda client: client.submit(NAME, copied(model()(prompt="x"))))
    assert world.requests[0].content == b'{"prompt":"x"}'


def test_an_error_keeps_what_the_service_said(world: World) -> None:
    """An error has the headers of the answer, but for cookies and URLs, and the id that it gives the request."""
    headers = {
        "X-Request-Id": "r-1", "X-Other": "y" * 5000, "Set-Cookie": "a=b", "Location": "https://x/?sig=1",
        "X-Next": "see https://x/?sig=1", "X-Key-Seen": KEY, "Link": "</next?sig=1>; rel=next", "Refresh": "5;/x?sig=1",
        "Content-Location": "/x?sig=1", "Cookie": "a=b",
    }  # fmt: skip
    world.script = [httpx.Response(402, headers=headers, json={"detail": "no credits"})]
    with pytest.raises(errors.InsufficientCreditsError) as caught:
        submit(world)
    error = caught.value
    assert error.request_id == "r-1"
    assert {name: error.headers.get(name) for name in map(str.lower, headers)} == {
        "x-request-id": "r-1", "x-other": "y" * 1000, "set-cookie": None, "location": None, "x-next": None,
        "x-key-seen": "(the API key)", "link": None, "refresh": None, "content-location": None, "cookie": None,
    }  # fmt: skip
    assert pickle.loads(pickle.dumps(error)).request_id == "r-1"
    world.script = [httpx.Response(200, headers={"cf-ray": "c-1"}, content=b"[]")]
    with pytest.raises(errors.TransportError) as unreadable:
        submit(world)
    assert unreadable.value.request_id == "c-1"
    world.script = [httpx.ReadError("gone")]
    with pytest.raises(errors.TransportError) as lost:
        submit(world)
    assert (lost.value.request_id, dict(lost.value.headers)) == (None, {})


def test_a_task_keeps_its_receipt(world: World) -> None:
    """task.raw is the whole answer to the submit; a resumed task has none, and no repr shows it."""
    world.script = [submitted(input_mp=0.5, output_mp=1.25, news="from the service")]
    task = submit(world)
    assert task.raw["news"] == "from the service"
    assert (task.input_mp, task.output_mp) == (0.5, 1.25)
    assert "news" not in repr(task) + repr(task.handle)
    resumed = world.do(lambda client: type(task).from_dict(task.to_dict(), client))
    assert resumed.raw is None


class Reader:
    """A file that gives a text, and cannot be rewound."""

    def read(self) -> str:
        return "a fox"


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)
TWICE: list[Any] = []
TWICE += [TWICE, TWICE]
DEEP: Any = "a fox"
for _ in range(5000):
    DEEP = [DEEP]


@pytest.mark.parametrize("validate", [True, False])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        (CIRCLE, "nested more than"),
        (TWICE, "nested more than"),
        (DEEP, "nested more than"),
        ({"a": {1: 2}}, "every key must be a string"),
        (Reader(), r"its read\(\) does not return bytes"),
        (io.StringIO("a fox"), 'it is a text file; open it with mode "rb"'),
        (object(), "a object cannot be sent as JSON"),
    ],
    ids=["circle", "twice", "deep", "key", "reader", "text file", "object"],
)
def test_what_cannot_be_written_as_json_is_refused(world: World, value: Any, message: str, validate: bool) -> None:
    """A value that no JSON stands for is refused by name, whether or not the request is checked; nothing is sent."""
    with pytest.raises(ConstraintError, match=message):
        world.do(lambda client: client.submit(NAME, {"prompt": "a fox", "extra": value}, validate=validate))
    assert not world.requests


def test_an_http_client_that_is_closed_is_said_to_be(world: World) -> None:
    """The caller's own HTTP client, once it is closed, gives a ConfigurationError, not one of httpx."""
    http = httpx.Client()
    http.close()
    with pytest.raises(ConfigurationError, match="the http_client is closed"), Client(KEY, http_client=http) as client:
        client.submit(NAME, prompt="a fox")


@pytest.mark.parametrize("value", [CIRCLE, TWICE, DEEP], ids=["circle", "twice", "deep"])
def test_a_list_without_end_is_refused_where_media_belong(value: list[Any]) -> None:
    """Every parameter that takes media refuses a list that contains itself or is nested too deep."""
    marked = [(name, each) for name in specification.ENDPOINTS for each in specification.marked_media(name)]
    assert marked
    for name, parameter in marked:
        with pytest.raises(ConstraintError, match="nested more than"):
            constraints.check(name, {parameter: value})


def test_what_is_unset_is_not_sent(world: World) -> None:
    """An Unset is dropped from a mapping, a nested mapping, a list and the keywords, even one that is not UNSET."""
    unset = Unset()
    assert unset is not UNSET
    world.script = [submitted()]
    body = {"a": unset, "b": {"c": unset, "d": 1}, "e": [unset, {"f": UNSET}, [1, 2]]}
    world.do(lambda client: client.submit("x", body, g=unset))
    (request,) = world.requests
    assert json.loads(request.content) == {"b": {"d": 1}, "e": [{}, [1, 2]]}
