"""Downloads: whole or not at all, resumed when broken, polled anew when expired, never with the key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_client import errors
from bfl_client.policy import Retry

from .conftest import NAME, POLLING_URL, SAMPLE, World, broken, left_early, picture, ready, state

OTHER = "https://delivery-eu4.bfl.ai/results/renewed.png?sig=fresh"


def result(world: World, **more: Any) -> Any:
    """A finished task's result, with the requests so far forgotten."""
    script = world.script
    world.script = [ready(**more)]
    found = world.do(lambda client: client.task("task-1", POLLING_URL, NAME).wait())
    world.requests.clear()
    world.script = script
    return found


def save(world: World, path: Path, **more: Any) -> Any:
    found = result(world, **more)
    return world.do(lambda _: found.save(path))


def test_the_file_arrives_whole_and_without_the_key(world: World, tmp_path: Path) -> None:
    """save() writes the bytes that were sent, asks without x-key, and leaves no other file."""
    world.script = [picture(b"all of it")]
    assert save(world, tmp_path / "fox.png") == tmp_path / "fox.png"
    assert (tmp_path / "fox.png").read_bytes() == b"all of it"
    assert [path.name for path in tmp_path.iterdir()] == ["fox.png"]
    (request,) = world.requests
    assert str(request.url) == SAMPLE
    assert "x-key" not in request.headers


def test_read_gives_the_bytes(world: World) -> None:
    """read() gives the bytes that were sent."""
    world.script = [picture(b"all of it")]
    found = result(world)
    assert world.do(lambda _: found.read()) == b"all of it"


def test_a_folder_gets_a_file_named_after_the_task(world: World, tmp_path: Path) -> None:
    """In a folder the file is called after the task's id and its content type."""
    world.script = [picture()]
    assert save(world, tmp_path) == tmp_path / "task-1.png"


def test_a_broken_transfer_is_resumed(world: World, tmp_path: Path) -> None:
    """After a break the rest is asked for by Range, and the parts are joined."""
    world.script = [
        httpx.Response(200, headers={"content-length": "10"}, stream=broken(b"first")),
        httpx.Response(206, headers={"content-range": "bytes 5-9/10"}, content=b"-last"),
    ]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"first-last"
    assert world.requests[1].headers["range"] == "bytes=5-"


@pytest.mark.parametrize(
    "second",
    [
        httpx.Response(200, content=b"first-last"),
        httpx.Response(206, headers={"content-range": "bytes 0-9/10"}, content=b"first-last"),
        httpx.Response(416),
    ],
)
def test_a_server_that_cannot_resume_sends_everything_again(world: World, tmp_path: Path, second: Any) -> None:
    """Whatever a server answers to a Range, the file ends up right."""
    world.script = [
        httpx.Response(200, headers={"content-length": "10"}, stream=broken(b"wrong")),
        second,
        picture(b"first-last"),
        picture(b"first-last"),
    ]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"first-last"


@pytest.mark.parametrize(
    "bad",
    [
        httpx.Response(200, headers={"content-length": "10"}, stream=broken(b"short")),
        httpx.Response(200, content=b"<html>", headers={"content-type": "text/html"}),
        httpx.Response(200, content=b"{}", headers={"content-type": "application/json"}),
        httpx.Response(200, content=b""),
        httpx.Response(500),
        httpx.Response(302, headers={"location": "https://elsewhere.example/"}),
        httpx.ConnectError("gone"),
    ],
)
def test_a_failed_download_leaves_the_target_as_it_was(world: World, tmp_path: Path, bad: Any) -> None:
    """A download that fails raises DownloadError with the handle; target and folder stay as they were."""
    target = tmp_path / "fox.png"
    target.write_bytes(b"precious")
    world.settings = {"retry": Retry(attempts=1)}
    world.script = [bad]
    with pytest.raises(errors.DownloadError) as caught:
        save(world, target)
    assert target.read_bytes() == b"precious"
    assert [path.name for path in tmp_path.iterdir()] == ["fox.png"]
    assert (caught.value.task_id, caught.value.polling_url) == ("task-1", POLLING_URL)
    assert "sig" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 404, 410])
def test_an_expired_url_is_polled_anew_once(world: World, tmp_path: Path, status: int) -> None:
    """An expired URL leads to one more poll and its new URL; if that is dead too, the error says expired."""
    world.script = [httpx.Response(status), ready(sample=OTHER), picture(b"late")]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"late"
    assert [str(request.url) for request in world.requests] == [SAMPLE, POLLING_URL, OTHER]
    world.script = [httpx.Response(status), ready(sample=OTHER), httpx.Response(status)]
    with pytest.raises(errors.DownloadError) as caught:
        save(world, tmp_path / "other.png")
    assert caught.value.expired


def test_an_expired_url_of_a_forgotten_task_is_said(world: World, tmp_path: Path) -> None:
    """If the service has forgotten the task, the download error says expired."""
    world.script = [httpx.Response(403), state("Task not found")]
    with pytest.raises(errors.DownloadError) as caught:
        save(world, tmp_path / "fox.png")
    assert caught.value.expired


@pytest.mark.parametrize(
    "url",
    [
        "http://delivery.bfl.ai/x",
        "file:///etc/passwd",
        "https://127.0.0.1/x",
        "http://localhost/x",
        "ftp://a/b",
        "x",
        "",
    ],
)
def test_an_untrusted_sample_url_is_not_fetched(world: World, tmp_path: Path, url: str) -> None:
    """A sample URL that is not https on a public host is refused, with the handle."""
    world.script = [picture()]
    with pytest.raises(errors.UntrustedURLError) as caught:
        save(world, tmp_path / "fox.png", sample=url)
    assert not world.requests
    assert caught.value.task_id == "task-1"


def test_a_place_that_cannot_be_written_is_named(world: World, tmp_path: Path) -> None:
    """A missing folder, and a target that is no file, are DownloadErrors before anything is fetched."""
    world.script = [picture()]
    for path in (tmp_path / "missing" / "fox.png", Path("/dev/null")):
        with pytest.raises(errors.DownloadError):
            save(world, path)
    assert not world.requests
    assert Path("/dev/null").is_char_device()


@left_early
def test_a_full_disk_is_a_download_error(world: World) -> None:
    """Running out of space is a DownloadError that names the reason, not an OSError."""
    world.script = [picture()]
    found = result(world)
    with pytest.raises(errors.DownloadError, match="No space left"):
        world.do(lambda _: found._client.run(_into_full_device(found)))


def _into_full_device(found: Any) -> Any:
    with Path("/dev/full").open("wb", buffering=0) as full:
        yield from found.task._download(_Seekable(full), SAMPLE, "sample", 1000)


class _Seekable:
    """/dev/full with a position."""

    def __init__(self, file: Any) -> None:
        self.file = file

    def tell(self) -> int:
        return 0

    def seek(self, *_: int) -> int:
        return 0

    def truncate(self) -> int:
        return 0

    def write(self, data: bytes) -> int:
        return int(self.file.write(data))


def test_the_draft_cache_is_saved(world: World, tmp_path: Path) -> None:
    """save_draft writes the draft cache, and says so where there is none."""
    world.script = [picture(b"cache", **{"content-type": "application/octet-stream"})]
    found = result(world, draft_cache=OTHER)
    world.do(lambda _: found.save_draft(tmp_path / "draft.bin"))
    assert (tmp_path / "draft.bin").read_bytes() == b"cache"
    assert str(world.requests[0].url) == OTHER
    without = result(world)
    with pytest.raises(errors.DownloadError, match="draft_cache"):
        world.do(lambda _: without.save_draft(tmp_path / "none.bin"))
