"""Defects that were found once, each held by the test that would have found it."""

from __future__ import annotations

import asyncio
import copy
import enum
import gc
import io
import json
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from bfl_client import AsyncClient, BFLError, Client, ConfigurationError, ConstraintError, Poll, Retry, errors
from bfl_client.media import prepare

from .conftest import (
    KEY,
    NAME,
    POLLING_URL,
    SAMPLE,
    Played,
    World,
    function,
    left_early,
    model,
    picture,
    ready,
    state,
    submitted,
)


def submit(world: World) -> Any:
    return world.do(lambda client: client.submit(NAME, prompt="a fox"))


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


def test_waiting_out_429_leaves_the_ordinary_attempts(world: World) -> None:
    """Many 429 in a map do not use up the attempts for a lost connection."""
    from bfl_client import flows
    from bfl_client.steps import Call

    world.script = [*[httpx.Response(429)] * 9, httpx.ConnectError("x"), submitted()]
    call = Call("POST", "https://api.bfl.ai/v1/x", paid=True)
    answer = world.do(lambda client: client.run(flows.request(call, Retry(), patience=20)))
    assert answer["id"] == "task-1"


def test_one_open_file_serves_many_requests_at_once(tmp_path: Path) -> None:
    """A file object used in several requests at once is sent whole in each, and stands where it stood."""
    data = bytes(range(256)) * 2000
    path = tmp_path / "picture.bin"
    path.write_bytes(b"head" + data)
    with path.open("rb") as file:
        file.seek(4)
        bodies = [prepare("x", {"image": file}) for _ in range(8)]
        with ThreadPoolExecutor(8) as pool:
            sent = list(pool.map(lambda body: b"".join(body), bodies))
        assert file.tell() == 4
    assert len(set(sent)) == 1
    assert len(sent[0]) == bodies[0].length


@pytest.mark.parametrize("kind", ["asyncio", "trio"])
def test_a_map_left_early_keeps_the_tasks_of_requests_under_way(kind: str) -> None:
    """Tasks whose submits were under way when a map was left are among its unfinished ones."""
    posts: list[str] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"status": "Ready", "result": {"sample": SAMPLE}})
        name = json.loads(request.content)["prompt"]
        posts.append(name)
        if name != "0":
            await anyio.sleep(0.05)
        return httpx.Response(200, json={"id": name, "polling_url": POLLING_URL})

    async def run() -> list[Any]:
        http = httpx.AsyncClient(transport=httpx.MockTransport(answer))
        bodies = [{"prompt": str(n)} for n in range(8)]
        async with AsyncClient(KEY, http_client=http).map(NAME, bodies) as outcomes:
            async for _ in outcomes:
                break
        return outcomes.unfinished

    unfinished = anyio.run(run, backend=kind)
    assert {task.id for task in unfinished} == set(posts) - {"0"}


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_a_bad_item_of_a_map_is_a_value(kind: str) -> None:
    """An item that is no body, and one with a bad key, are ConstraintErrors in their places."""
    bodies: list[Any] = ["oops", {1: 2}, 5]

    async def run() -> list[Any]:
        async with AsyncClient(KEY).map(NAME, bodies) as outcomes:
            return [outcome async for outcome in outcomes]

    if kind == "sync":
        with Client(KEY).map(NAME, bodies) as outcomes:
            got: list[Any] = list(outcomes)
    else:
        got = anyio.run(run)
    assert [type(outcome) for outcome in got] == [ConstraintError] * 3


def test_a_map_is_one_iteration() -> None:
    """Taking one outcome and then the rest gives each outcome once."""
    bodies = [{"width": n} for n in range(10)]
    with Client(KEY).map(NAME, bodies) as outcomes:
        first = next(iter(outcomes))
        rest = list(outcomes)
    assert len({id(first), *map(id, rest)}) == 10


@pytest.mark.parametrize("name", ["prompt", "user", "webhook_secret"])
def test_bytes_where_no_picture_belongs_are_refused(name: str, tmp_path: Path) -> None:
    """bytes, a Path and a file for a parameter that takes no media are violations of that parameter."""
    path = tmp_path / "x"
    path.write_bytes(b"x")
    for value in (b"a fox", path, io.BytesIO(b"x")):
        with pytest.raises(ConstraintError) as caught:
            Client(KEY).request(NAME, {name: value})
        assert [violation.field for violation in caught.value.violations] == [name]


class Fails:
    """A file object that fails in its own way."""

    def read(self, size: int = -1) -> bytes:
        raise RuntimeError("mine")


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.submit(5),
        lambda client: client.submit(None),
        lambda client: client.submit(NAME, "body"),
        lambda client: client.submit(NAME, ["body"]),
        lambda client: client.submit(NAME, {1: 2}),
        lambda client: client.submit(NAME, {"prompt": Fails()}),
        lambda client: client.submit(NAME, {}, extra="abc"),
        lambda client: client.submit(NAME, {}, extra={1: 2}),
        lambda client: client.task("id", POLLING_URL).wait("5"),
        lambda client: client.task("id", POLLING_URL).wait(10**400),
        lambda client: client.task("id", POLLING_URL).wait(True),
        lambda client: client.task(5, POLLING_URL),
        lambda client: client.task("id", 5),
        lambda client: client.map(NAME, [], timeout="5"),
        pytest.param(lambda client: client.utility.finetune_details(None), marks=pytest.mark.about("finetune_details")),
    ],
)
def test_bad_arguments_are_errors_of_ours(world: World, call: Any) -> None:
    """Whatever is passed for a parameter, a BFLError leaves, and nothing was sent."""
    world.script = [ready()]
    with pytest.raises(BFLError):
        world.do(call)
    assert not world.requests


@pytest.mark.parametrize(
    "settings",
    [
        {"api_key": 5},
        {"api_key": b"key"},
        {"base_url": b"https://api.bfl.ai"},
        {"retry": 3},
        {"poll": 5},
        {"retry": Retry(attempts=3.0)},  # type: ignore[arg-type]
        {"http_client": "x"},
        {"timeout": "1"},
    ],
)
def test_bad_settings_are_refused_when_the_client_is_made(settings: Any) -> None:
    """A setting of a wrong type is a ConfigurationError before any task exists."""
    with pytest.raises(ConfigurationError):
        Client(**{"api_key": KEY, **settings})
    with pytest.raises(ConfigurationError):
        Client(KEY, http_client=httpx.AsyncClient())  # type: ignore[arg-type]


@pytest.mark.parametrize("path", [5, None, b"x", "a\0b", "x" * 300, "", "missing/x", "/dev/null"])
def test_bad_targets_are_download_errors_with_the_handle(world: World, path: Any) -> None:
    """Whatever is passed for a path, a DownloadError with the task's id leaves."""
    world.script = [ready(), picture()]
    result = world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait())
    if path == "":
        return
    with pytest.raises(errors.DownloadError) as caught:
        world.do(lambda _: result.save(path))
    assert caught.value.task_id == "task-1"


@pytest.mark.about("credits")
@pytest.mark.parametrize("credits", ["abc", None, [], {}, True, float("nan"), 10**400])
def test_credits_that_are_no_number_are_an_error_of_ours(world: World, credits: Any) -> None:
    """Credits told in any other form are a BFLError."""
    world.script = [httpx.Response(200, content=json.dumps({"credits": credits}).encode())]
    with pytest.raises(BFLError):
        world.do(lambda client: client.credits())


def test_deeply_nested_details_do_not_break_messages(world: World) -> None:
    """A detail nested as deep as it still parses is an APIError, not a RecursionError."""
    for depth in range(900, 1000, 3):
        world.script = [httpx.Response(400, content=b'{"detail":' + b"[" * depth + b"]" * depth + b"}")]
        with pytest.raises(BFLError):
            submit(world)


@left_early
@pytest.mark.parametrize("content", [b"<html>", b"[]", b"null", b"{" + b" " * 9_000_000])
def test_the_escape_hatch_raises_our_errors_for_unreadable_answers(world: World, content: bytes) -> None:
    """A 200 that is no JSON object is a TransportError with maybe_submitted also for generated functions."""
    world.script = [httpx.Response(200, stream=Played(content))]
    call = function().sync if world.kind == "sync" else function().asyncio
    with pytest.raises(errors.TransportError) as caught:
        world.do(lambda client: call(client=client.api, body=model()(prompt="x")))
    assert caught.value.maybe_submitted


def test_policies_and_errors_travel() -> None:
    """Policies and all errors can be copied and pickled, and keep what they carry."""
    for policy in (Poll(floor=1), Retry(attempts=2)):
        assert pickle.loads(pickle.dumps(policy)) == copy.deepcopy(policy) == policy
    api = errors.InvalidRequestError(422, [{"loc": ["a"], "msg": "bad"}], retry_after=3)
    api.task_id = "task-1"
    constraint = errors.ConstraintError(NAME, [errors.Violation("a", "b", "c")])
    for error in (api, constraint, errors.TaskTimeout("x", status="Pending"), errors.DownloadError("x", expired=True)):
        back = pickle.loads(pickle.dumps(error))
        assert (type(back), str(back), vars(back)) == (type(error), str(error), vars(error))


def test_a_cause_holds_no_key(world: World) -> None:
    """The httpx error behind ours shows neither the key nor the URL of the request."""
    world.script = [httpx.ReadTimeout("slow")]
    with pytest.raises(errors.TransportError) as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL).status())
    cause = caught.value.__cause__
    assert isinstance(cause, httpx.RequestError)
    assert KEY not in f"{cause.request!r} {cause.request.headers!r}"
    assert "get_result" not in str(cause.request.url)


def test_urls_in_messages_show_their_host_only() -> None:
    """A detail that echoes a signed or polling URL keeps it out of the message."""
    error = errors.APIError(400, f"cannot read {SAMPLE} nor https://user:pw@host.example/x?y")
    assert "https://delivery-eu4.bfl.ai/…" in str(error)
    assert "sig=" not in str(error)
    assert "pw" not in str(error)


def test_a_hostile_status_is_printable_in_the_message(world: World) -> None:
    """A status with control characters stays out of the terminal."""
    world.script = [state("\x1b[31m\nFAKE" + "x" * 900)]
    with pytest.raises(errors.TaskTimeout) as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL).wait(timeout=2))
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300


def test_a_huge_number_does_not_lose_the_task(world: World) -> None:
    """A submit answer with a number beyond Python's digit limit still gives the task."""
    content = submitted().content[:-1] + b', "input_mp": ' + b"9" * 5000 + b"}"
    world.script = [httpx.Response(200, content=content)]
    assert submit(world).id == "task-1"


def test_a_missing_part_of_unknown_total_is_noticed(world: World, tmp_path: Path) -> None:
    """A 206 that says neither total nor all of its bytes is not taken for the whole."""
    part = httpx.Response(206, headers={"content-range": "bytes 0-99/*"}, stream=Played(b"abc"))
    world.settings = {"retry": Retry(attempts=1)}
    world.script = [ready(), part]
    result = world.do(lambda client: client.task("task-1", POLLING_URL).wait())
    with pytest.raises(errors.DownloadError):
        world.do(lambda _: result.save(tmp_path / "x.png"))


def test_a_task_once_seen_is_not_forgiven_for_vanishing(world: World) -> None:
    """ "Task not found" after another status is final at once."""
    world.script = [state("Pending"), state("Task not found")]
    with pytest.raises(errors.TaskNotFound):
        world.do(lambda client: client.task("task-1", POLLING_URL).wait())
    assert len(world.requests) == 2


class Colour(str, enum.Enum):  # noqa: UP042  # the older form is the one that trips serialisers
    PNG = "png"


class Number(float):
    """As numerical libraries have them."""


@pytest.mark.about("flux-dev")
def test_subclasses_are_sent_as_what_they_are() -> None:
    """Members of string enumerations and float subclasses pass validation and arrive as plain values."""
    body = Client(KEY).request(NAME, {"output_format": Colour.PNG, "guidance": Number(2.5)}).body
    assert json.loads(b"".join(body)) == {"output_format": "png", "guidance": 2.5}


@pytest.mark.about("flux-3-video")
@pytest.mark.parametrize("keyframes", [["cat.png"], [[0, "cat.png"]], "cat.png"])
def test_a_wrong_keyframe_is_named_with_the_remedy(keyframes: Any) -> None:
    """A path given as a string deep in a union is named where it stands, with the Path to pass instead."""
    with pytest.raises(ConstraintError, match=r"Path\('cat.png'\)") as caught:
        Client(KEY).request("flux-3-video", {"mode": "i2v", "prompt": "x", "keyframes": keyframes})
    (violation,) = caught.value.violations
    assert violation.field.startswith("keyframes")


@pytest.mark.about("flux-3-video")
def test_a_union_tells_all_that_it_takes() -> None:
    """A value of no branch is told every branch."""
    with pytest.raises(ConstraintError, match="an integer from 5 to 20 or 'auto'"):
        Client(KEY).request("flux-3-video", {"mode": "t2v", "prompt": "x", "duration": "x"})


@pytest.mark.about("credits")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # the first loop left its connection
def test_a_client_serves_one_event_loop_after_another() -> None:
    """An AsyncClient that was used in one asyncio.run works in the next."""
    import http.server

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            body = b'{"credits": 5}'
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None: ...

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        client = AsyncClient(KEY, f"http://127.0.0.1:{server.server_address[1]}")

        async def ask(last: bool) -> float:
            credits = await client.credits()
            if last:
                await client.close()
            return credits

        assert [asyncio.run(ask(False)), asyncio.run(ask(True))] == [5, 5]
        gc.collect()  # within this test, which allows for it
        server.shutdown()
        thread.join()
