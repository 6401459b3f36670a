"""What a program does with a result: a file, an open file, an image, a notebook; and who is told while it waits."""

from __future__ import annotations

import base64
import builtins
import functools
import inspect
import io
import json
import sys
import typing
from pathlib import Path
from typing import Any

import bfl_client
import httpx
import pytest
from bfl_client import ConfigurationError, DownloadError, WebhookError, errors, specification, webhooks
from bfl_client.tasks import SHOWN_LIMIT
from PIL import Image

from .conftest import NAME, POLLING_URL, SAMPLE, World, broken, picture, ready, state, submitted
from .test_downloads import result


def png(size: tuple[int, int] = (8, 6)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "red").save(file, "PNG")
    return file.getvalue()


def test_an_open_file_gets_everything_at_its_position(world: World, tmp_path: Path) -> None:
    """save(file) writes the bytes where the file stands, leaves it open, and returns None."""
    world.script = [picture(b"all of it")]
    found = result(world)
    with (tmp_path / "archive").open("wb") as file:
        file.write(b"head ")
        assert world.do(lambda _: found.save(file)) is None
        file.write(b" tail")
    assert (tmp_path / "archive").read_bytes() == b"head all of it tail"


def test_an_open_file_gets_nothing_of_a_broken_download(world: World) -> None:
    """A download that fails writes no byte into the open file."""
    world.script = [httpx.Response(200, stream=broken(b"half"))]
    found, file = result(world), io.BytesIO()
    with pytest.raises(DownloadError):
        world.do(lambda _: found.save(file))
    assert file.getvalue() == b""


class Pipe:
    """What can be written to, and nothing else."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, content: bytes) -> int:
        self.content += content
        return len(content)


@pytest.mark.parametrize("part", ["save", "save_draft"])
def test_what_can_only_be_written_to_gets_everything(world: World, part: str) -> None:
    """The file that save() and save_draft() write to needs nothing but write()."""
    world.script = [picture(b"all of it")]
    found, pipe = result(world, draft_cache=f"{SAMPLE}&draft"), Pipe()
    world.do(lambda _: getattr(found, part)(pipe))
    assert pipe.content == b"all of it"
    assert str(world.requests[0].url) == (SAMPLE if part == "save" else f"{SAMPLE}&draft")


class Full(io.BytesIO):
    """A file that cannot be written."""

    def write(self, content: Any) -> int:
        raise RuntimeError("no room")


def test_an_open_file_that_refuses_is_a_download_error(world: World) -> None:
    """Whatever write() raises leaves as a DownloadError that says `unwritable` and names the task."""
    world.script = [picture(b"all of it")]
    found = result(world)
    with pytest.raises(DownloadError, match="no room") as caught:
        world.do(lambda _: found.save(Full()))
    assert caught.value.unwritable
    assert caught.value.task_id == "task-1"


def test_a_task_saves_to_an_open_file(world: World) -> None:
    """task.save(file) waits, then writes the bytes."""
    world.script = [state("Pending"), ready(), picture(b"all of it")]
    file = io.BytesIO()
    assert world.do(lambda client: client.task("task-1", POLLING_URL, NAME).save(file)) is None
    assert file.getvalue() == b"all of it"


def test_a_picture_becomes_an_image(world: World) -> None:
    """image() is the picture as PIL has it, with its size and pixels."""
    world.script = [picture(png())]
    found = result(world)
    image = world.do(lambda _: found.image())
    assert image.size == (8, 6)
    assert image.getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize(
    "content", [b"\x89PNG nothing more", b"\0\0\0\x20ftypisom", b"?", png((90, 60)).replace(b"IDAT", b"IDAT?")]
)
def test_what_is_no_picture_is_a_download_error(world: World, content: bytes) -> None:
    """image() of a video or a broken picture is a DownloadError that names read()."""
    world.script = [picture(content)]
    found = result(world)
    with pytest.raises(DownloadError, match="read"):
        world.do(lambda _: found.image())


def test_an_image_without_pillow_names_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Pillow image() is a ConfigurationError that says how to install it, and nothing is fetched."""
    found = result(world)
    real = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name.startswith("PIL"):
            raise ModuleNotFoundError("No module named 'PIL'", name="PIL")
        return real(name, *more)

    for name in [name for name in sys.modules if name.split(".")[0] == "PIL"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ConfigurationError, match="pip install pillow"):
        world.do(lambda _: found.image())
    assert not world.requests


def shown(content: httpx.Response | Exception, times: int = 1) -> tuple[dict[str, str], int]:
    """What a notebook shows of a result that is downloaded so, and how many requests that took."""
    world = World("sync", [content], settings={"retry": bfl_client.Retry(attempts=1)})
    found = result(world)
    bundles = [found._repr_mimebundle_() for _ in range(times)]
    assert all(each == bundles[0] for each in bundles)
    return bundles[0], len(world.requests)


def test_a_notebook_shows_the_picture_and_fetches_it_once() -> None:
    """The bundle has the picture's own bytes by their type, and a second look fetches nothing."""
    bundle, requests = shown(picture(png()), times=2)
    assert base64.b64decode(bundle["image/png"]) == png()
    assert "task-1" in bundle["text/plain"]
    assert requests == 1


def test_a_notebook_plays_the_film() -> None:
    """A video is shown by a video element that contains it."""
    film = b"\0\0\0\x20ftypisom" + bytes(100)
    bundle, _ = shown(httpx.Response(200, content=film, headers={"content-type": "video/mp4"}))
    assert base64.b64encode(film).decode() in bundle["text/html"]


@pytest.mark.parametrize(
    ("gone", "said"),
    [(httpx.Response(500), "HTTP 500"), (httpx.ConnectError("no network"), "the download failed"), (picture(b"?"), "")],
)
def test_a_notebook_shows_text_where_there_is_no_picture(gone: Any, said: str) -> None:
    """Without the picture the bundle is text alone that says why; nothing is raised, nor a signed URL shown."""
    bundle, _ = shown(gone)
    assert set(bundle) == {"text/plain"}
    assert said in bundle["text/plain"]
    assert "sig=" not in bundle["text/plain"]


def test_a_notebook_does_not_swallow_huge_files() -> None:
    """What is larger than SHOWN_LIMIT does not become part of the notebook."""
    bundle, _ = shown(picture(b"\x89PNG\r\n\x1a\n" + bytes(SHOWN_LIMIT)))
    assert set(bundle) == {"text/plain"}


# From a webhook


def delivered(**body: Any) -> Any:
    """The update of a verified delivery."""
    content = json.dumps({"id": "task-1", "status": "Ready", "result": {"sample": SAMPLE}} | body).encode()
    return webhooks.parse(content, {"x-webhook-secret": "s3cret"}, "s3cret")


def test_a_delivery_becomes_a_result_that_is_saved(world: World, tmp_path: Path) -> None:
    """client.result(update) is saved like any other result, without a poll and without the key."""
    world.script = [picture(b"all of it")]
    path = world.do(lambda client: client.result(delivered(cost=4.0), NAME).save(tmp_path))
    assert path == tmp_path / "task-1.png"
    assert path.read_bytes() == b"all of it"
    assert [str(request.url) for request in world.requests] == [SAMPLE]
    assert "x-key" not in world.requests[0].headers


def test_what_is_resumed_knows_its_endpoint(world: World) -> None:
    """A task that is resumed, and a delivery, belong to the endpoint that was named, or to none."""
    delivery = delivered()

    def named(client: Any) -> list[str | None]:
        tasks = [client.task("task-1", POLLING_URL, NAME), client.task("task-1", POLLING_URL)]
        tasks += [client.result(delivery, NAME).task, client.result(delivery).task]
        return [task.endpoint for task in tasks]

    assert world.each(named) == [[NAME, None, NAME, None]]


def test_a_delivery_of_a_failure_raises_it(world: World) -> None:
    """A delivered failure is the error that waiting would have raised, with the task's id."""
    with pytest.raises(errors.ContentModerated, match="Safety") as caught:
        update = delivered(status="Content Moderated", result=None, details={"Moderation Reasons": ["Safety Filter"]})
        world.do(lambda client: client.result(update))
    assert caught.value.task_id == "task-1"


@pytest.mark.parametrize("update", [delivered(status="Pending"), delivered(id=None), delivered(id=5), None, {}])
def test_what_is_no_finished_delivery_is_refused(world: World, update: Any) -> None:
    """An update that has not ended or names no task, and anything else, is a WebhookError."""
    with pytest.raises(WebhookError):
        world.do(lambda client: client.result(update))


def test_a_delivered_url_that_has_expired_says_so(world: World, tmp_path: Path) -> None:
    """An expired URL of a delivery is a DownloadError with `expired`: there is nothing to poll for a new one."""
    world.script = [httpx.Response(403)]
    with pytest.raises(DownloadError) as caught:
        world.do(lambda client: client.result(delivered()).save(tmp_path))
    assert caught.value.expired


# Waiting


def test_generate_by_name_takes_a_timeout(world: World) -> None:
    """generate("name", timeout=…) waits that long, and the error carries the task."""
    world.script = [submitted(), state("Pending")]
    with pytest.raises(errors.TaskTimeout, match="3 s") as caught:
        world.do(lambda client: client.generate(NAME, prompt="a fox", timeout=3))
    assert caught.value.task_id == "task-1"
    assert sum(world.sleeps) == pytest.approx(3)
    assert json.loads(world.requests[0].content) == {"prompt": "a fox"}


def test_generate_by_name_reports_each_poll(world: World) -> None:
    """generate("name", on_update=…) calls it with every update, and sends none of it."""
    world.script = [submitted(), state("Pending"), ready()]
    seen: list[Any] = []
    world.do(lambda client: client.generate(NAME, {"prompt": "a fox"}, on_update=seen.append))
    assert [update.status for update in seen] == ["Pending", "Ready"]
    assert json.loads(world.requests[0].content) == {"prompt": "a fox"}


def test_a_parameter_of_the_endpoint_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the specification has a parameter called timeout, that is what generate(…, timeout=…) sends."""
    known = {**specification.parameters(NAME), "timeout": None}
    monkeypatch.setattr(specification, "parameters", lambda name: known)
    world.script = [submitted(), ready()]
    world.do(lambda client: client.generate(NAME, prompt="a fox", timeout=3, validate=False))
    assert json.loads(world.requests[0].content) == {"prompt": "a fox", "timeout": 3}


@pytest.mark.parametrize("wrong", [{"timeout": -1}, {"timeout": "long"}, {"on_update": 5}])
def test_a_wrong_way_to_wait_is_refused_before_paying(world: World, wrong: dict[str, Any]) -> None:
    """A timeout or callback that cannot be used is a ConfigurationError, and nothing is sent."""
    with pytest.raises(ConfigurationError):
        world.do(lambda client: client.generate(NAME, prompt="a fox", **wrong))
    assert not world.requests


class Told:
    """Something asynchronous that can be called."""

    def __init__(self) -> None:
        self.statuses: list[str] = []

    async def __call__(self, update: Any) -> None:
        self.statuses.append(update.status)


def asynchronous(told: Told) -> list[Any]:
    async def function(update: Any) -> None:
        await told(update)

    return [told, function, functools.partial(function), lambda update: told(update)]


@pytest.mark.parametrize("which", range(4))
def test_an_asynchronous_callback_is_awaited_or_refused(world: World, which: int) -> None:
    """The asynchronous client awaits an asynchronous on_update; the synchronous one refuses it by name."""
    told = Told()
    world.script = [state("Pending"), ready()]

    def wait(client: Any) -> Any:
        return client.task("task-1", POLLING_URL, NAME).wait(on_update=asynchronous(told)[which])

    if world.kind == "sync":
        with pytest.raises(ConfigurationError, match="plain function"):
            world.do(wait)
        assert not told.statuses
    else:
        world.do(wait)
        assert told.statuses == ["Pending", "Ready"]


def test_an_asynchronous_callback_is_refused_before_paying() -> None:
    """The synchronous client refuses an async def as on_update before it submits."""
    world = World("sync")
    with pytest.raises(ConfigurationError, match="plain function"):
        world.do(lambda client: client.generate(NAME, prompt="a fox", on_update=Told()))
    assert not world.requests


def test_stop_iteration_of_a_callback_is_named(world: World) -> None:
    """StopIteration from on_update leaves as a RuntimeError that names on_update, with the task's handle."""
    world.script = [state("Pending"), ready()]

    def stop(update: Any) -> None:
        raise StopIteration

    with pytest.raises(RuntimeError, match="on_update raised StopIteration") as caught:
        world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait(on_update=stop))
    assert caught.value.handle.id == "task-1"  # type: ignore[attr-defined]


def public() -> list[Any]:
    """Every public callable of the package: functions, classes, and their public methods."""
    found: list[Any] = []
    for name in bfl_client.__all__:
        each = getattr(bfl_client, name)
        if callable(each):
            found.append(each)
        if inspect.isclass(each):
            members = (value for key, value in inspect.getmembers(each) if not key.startswith("_"))
            found += [member for member in members if inspect.isfunction(member)]
    return found


@pytest.mark.parametrize("what", public(), ids=lambda each: getattr(each, "__qualname__", str(each)))
def test_annotations_can_be_evaluated(what: Any) -> None:
    """Tools for injection and documentation can evaluate the annotations of everything public."""
    typing.get_type_hints(what.__init__ if inspect.isclass(what) and "__init__" in vars(what) else what)
    if not (inspect.isclass(what) and issubclass(what, tuple)):
        inspect.signature(what, eval_str=True)


@pytest.mark.parametrize("path", [pytest.param(10**6000, id="huge"), None, b"x", "\0", "\ud800"])
def test_a_place_that_is_none_is_a_download_error(world: World, path: Any) -> None:
    """Whatever is taken for the path of a file, nothing but a DownloadError says that it is none."""
    world.script = [picture()]
    found = result(world)
    with pytest.raises(DownloadError) as caught:
        world.do(lambda _: found.save(path))
    assert caught.value.unwritable


@pytest.mark.parametrize("stem", [5, ["a"], b"a"])
def test_a_stem_that_is_no_text_is_a_download_error(world: World, tmp_path: Path, stem: Any) -> None:
    """What is not text is refused as the name of a file, and nothing is left in the folder."""
    world.script = [picture()]
    found = result(world)
    with pytest.raises(DownloadError):
        world.do(lambda _: found.save(tmp_path, stem=stem))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("wrong", [{"raw": None}, {"raw": []}, {"status": []}, {"status": None}])
def test_an_update_of_other_types_is_refused(world: World, wrong: dict[str, Any]) -> None:
    """An update that was made by hand, of values of other types, is a WebhookError."""
    with pytest.raises(WebhookError):
        world.do(lambda client: client.result(delivered()._replace(**wrong)))
