"""Downloads: whole or not at all, resumed when broken, polled anew when expired, never with the key."""

from __future__ import annotations

import errno
import io
import os
import sys
import warnings
from pathlib import Path
from typing import Any
from unittest import mock

import av
import httpx
import pytest
from bfl_client import Retry, errors, formats, tasks
from bfl_client.tasks import SuffixWarning
from PIL import Image

from .conftest import NAME, POLLING_URL, SAMPLE, Played, World, broken, left_early, picture, ready, state

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


@left_early
@pytest.mark.parametrize("way", ["read", "image"])
def test_what_is_read_into_memory_has_a_limit(world: World, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """read() and image() of more than READ_LIMIT are a DownloadError; save() streams, and takes more."""
    monkeypatch.setattr(tasks, "READ_LIMIT", 8)
    world.script = [picture(b"all of it")]
    found = result(world)
    with pytest.raises(errors.DownloadError, match="longer than 8 bytes"):
        world.do(lambda _: getattr(found, way)())
    file = io.BytesIO()
    world.do(lambda _: found.save(file))
    assert file.getvalue() == b"all of it"


def test_an_id_that_is_no_file_name_becomes_one(world: World, tmp_path: Path) -> None:
    """A file in a folder is named after the task's id, whose characters that a path could be made of are replaced."""
    world.script = [state("Ready", id="../a:b", result={"sample": SAMPLE})]
    found = world.do(lambda client: client.task("../a:b", POLLING_URL, NAME).wait())
    world.script = [picture()]
    assert world.do(lambda _: found.save(tmp_path)) == tmp_path / "___a_b.png"


def test_a_folder_gets_a_file_named_after_the_task(world: World, tmp_path: Path) -> None:
    """In a folder the file is called after the task's id and its content type."""
    world.script = [picture()]
    assert save(world, tmp_path) == tmp_path / "task-1.png"


DATE = "Wed, 25 Nov 2026 07:28:00 GMT"
CHANGED = "the file has changed while it was being downloaded"


def rest(**headers: str) -> httpx.Response:
    """The answer with the second half of a file of ten bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(206, headers={"content-range": "bytes 5-9/10", **named}, content=b"-last")


def half(**headers: str) -> httpx.Response:
    """The answer whose transfer breaks off after the first half of such a file."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(200, headers={"content-length": "10", **named}, stream=broken(b"first"))


@pytest.mark.parametrize(
    ("there", "validator"),
    [
        ({"etag": '"a"'}, '"a"'),
        ({"etag": '"a"', "last_modified": DATE}, '"a"'),
        ({"last_modified": DATE}, DATE),
        ({"etag": 'W/"a"', "last_modified": DATE}, DATE),
    ],
)
def test_a_broken_transfer_is_resumed(world: World, tmp_path: Path, there: dict[str, str], validator: str) -> None:
    """After a break the rest of the same file is asked for, by its ETag or date, and the parts are joined."""
    world.script = [half(**there), rest(**there)]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"first-last"
    assert world.requests[1].headers["range"] == "bytes=5-"
    assert world.requests[1].headers["if-range"] == validator


@pytest.mark.parametrize("there", [{}, {"etag": 'W/"a"'}])
def test_a_transfer_that_nothing_identifies_begins_anew(world: World, tmp_path: Path, there: dict[str, str]) -> None:
    """Without a strong ETag or a date nobody can say whether a rest belongs to the first part: it is not asked for."""
    world.script = [half(**there), httpx.Response(200, content=b"first-last")]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"first-last"
    assert not {"range", "if-range"} & world.requests[1].headers.keys()


@pytest.mark.parametrize(
    "other",
    [rest(etag='"b"'), rest(etag='"a"', content_range="bytes 5-9/11"), rest(etag='"a"', last_modified=DATE)],
)
def test_two_files_are_not_mixed(world: World, tmp_path: Path, other: httpx.Response) -> None:
    """A rest with another ETag, date or total length than the first part is thrown away, and all of it is asked for."""
    world.script = [half(etag='"a"'), other, httpx.Response(200, content=b"other-file")]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"other-file"
    assert "range" not in world.requests[2].headers
    world.script = [half(etag='"a"'), other]
    world.settings = {"retry": Retry(attempts=2)}
    with pytest.raises(errors.DownloadError, match=f"{CHANGED}|bytes arrived"):
        save(world, tmp_path / "owl.png")
    assert not (tmp_path / "owl.png").exists()


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
        httpx.Response(200, headers={"content-length": "10", "etag": '"a"'}, stream=broken(b"wrong")),
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


def answering(answer: Any, content: bytes) -> Any:
    """Answers every request anew."""
    return lambda request: answer(content)


def drawn(kind: str) -> bytes:
    """A small picture or video."""
    file = io.BytesIO()
    if kind != "mp4":
        Image.effect_noise((40, 30), 80).convert("RGB").save(file, kind)
        return file.getvalue()
    with av.open(file, "w", format="mp4") as film:
        stream = film.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for shade in range(5):
            picture = Image.new("RGB", (64, 48), (shade * 50, 0, 0))
            frame: Any = av.VideoFrame
            film.mux(stream.encode(frame.from_image(picture)))
        film.mux(stream.encode(None))
    return file.getvalue()


WHOLE = {kind: drawn(kind) for kind in ("jpeg", "png", "webp", "mp4")}
CUT = "the file is truncated"


@pytest.mark.parametrize("kind", WHOLE)
def test_a_file_says_itself_whether_it_is_whole(kind: str) -> None:
    """A whole picture or video passes, with or without something after it; cut anywhere after its head, it does not."""
    whole = WHOLE[kind]
    assert formats.unfinished(io.BytesIO(whole)) is None
    assert formats.unfinished(io.BytesIO(whole + b"xx")) is None
    for size in range(16, len(whole) - (8 if kind == "mp4" else 0)):  # of which half a box is no box
        assert formats.unfinished(io.BytesIO(whole[:size])) == CUT, size


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b" \n<html>oh</html>", "the answer is text, neither a picture nor a video"),
        (b'{"detail": "oh"}', "the answer is text, neither a picture nor a video"),
        (b"\x00\x00\x00\x01ftyp\x00\x00\x00\x00\x00\x00\x00\x07", CUT),
        (b"\x00\x00\x00\x00ftyp", CUT),
        (b"\x00\x00\x00\x08ftyp\x00\x00\x00\x00moov", None),
        (b"\x00\x00\x00\x08ftyp\x00\x00\x00\x01moov\x00\x00\x00\x00\x00\x00\x00\x10", None),
        (b"\x00\x00\x00\x08ftyp\x00\x00\x00\x01moov\x00\x00\x00\x00\x00\x00\x00\x18cut", CUT),
        (b"\x00\x00\x00\x08ftyp\x00\x00\x00\x03moov", CUT),
        (b"a format that nobody knows", None),
        (b"", None),
    ],
)
def test_what_is_said_of_other_files(content: bytes, said: str | None) -> None:
    """Text is neither a picture nor a video; a video needs boxes to its end and an index; nothing else is judged."""
    assert formats.unfinished(io.BytesIO(content)) == said


@pytest.mark.parametrize("kind", WHOLE)
def test_a_transfer_of_unknown_length_is_judged_by_its_end(world: World, tmp_path: Path, kind: str) -> None:
    """Without a length, a file that is cut is fetched again, and is an error if it stays cut."""
    whole = WHOLE[kind]

    def answer(content: bytes) -> httpx.Response:
        return httpx.Response(200, stream=Played(content))

    world.script = [answer(whole[:-20]), answer(whole)]
    assert save(world, tmp_path / "fox").read_bytes() == whole
    world.settings = {"retry": Retry(attempts=2)}
    for content, said in ((whole[:-20], CUT), (b"<html>", "the answer is text, neither a picture nor a video")):
        world.script = [answering(answer, content)]
        with pytest.raises(errors.DownloadError) as caught:
            save(world, tmp_path / "owl")
        assert caught.value.message == f"the download failed: {said}"
    assert not (tmp_path / "owl").exists()


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


@pytest.mark.parametrize("doubtful", [state("Task not found", 404), state("Ready", result={})])
def test_the_poll_for_a_new_url_is_repeated_while_its_answer_may_be_mistaken(
    world: World, tmp_path: Path, doubtful: httpx.Response
) -> None:
    """ "Task not found" and "Ready" without a sample, once, do not end the search for a fresh URL."""
    world.script = [httpx.Response(403), doubtful, ready(sample=OTHER), picture(b"late")]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"late"


@pytest.mark.parametrize(
    "passing", [httpx.ConnectError("gone"), httpx.Response(500), httpx.Response(429), state("Ready", id="task-2")]
)
def test_the_poll_for_a_new_url_is_repeated_when_it_fails(world: World, tmp_path: Path, passing: Any) -> None:
    """A poll that fails for a passing reason, or is about another task, does not end the search for a fresh URL."""
    world.script = [httpx.Response(403), passing, ready(sample=OTHER), picture(b"late")]
    assert save(world, tmp_path / "fox.png").read_bytes() == b"late"


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
    """A missing folder, and a target that is not a file, are DownloadErrors before anything is fetched."""
    world.script = [picture()]
    for path in (tmp_path / "missing" / "fox.png", Path(os.devnull)):
        with pytest.raises(errors.DownloadError) as caught:
            save(world, path)
        assert caught.value.unwritable
        assert caught.value.remedy.action == "save-again"
    assert not world.requests
    assert sys.platform == "win32" or Path(os.devnull).is_char_device()


class _FullDisk(io.FileIO):
    def write(self, data: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@left_early
@pytest.mark.parametrize("size", [100, 100_000])
def test_a_full_disk_is_a_download_error(
    world: World, tmp_path: Path, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Running out of space, at once or when the file is closed, is a DownloadError that names the reason."""
    world.script = [picture(b"x" * size)]
    found = result(world)
    with monkeypatch.context() as patched, pytest.raises(errors.DownloadError, match="No space left") as caught:
        patched.setattr(os, "fdopen", lambda opened, mode: io.BufferedRandom(_FullDisk(opened, "r+b")))
        world.do(lambda _: found.save(tmp_path / "fox.png"))
    assert caught.value.unwritable
    assert caught.value.message == f"cannot write {tmp_path / 'fox.png'}: No space left on device"
    assert caught.value.remedy.action == "save-again"
    assert isinstance(caught.value.__cause__, OSError)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="permissions are another matter there")
@pytest.mark.parametrize("part", ["save", "save_draft"])
def test_a_private_file_is_its_owners_alone(world: World, tmp_path: Path, part: str) -> None:
    """With private=True nobody else may read the file, be it the result or the draft's cache."""
    world.script = [picture()]
    found = result(world, draft_cache=OTHER)
    path = world.do(lambda _: getattr(found, part)(tmp_path / "fox.png", private=True))
    assert path.stat().st_mode & 0o777 == 0o600


def test_the_draft_cache_is_saved(world: World, tmp_path: Path) -> None:
    """save_draft writes the draft cache under the name given, whatever it is, and says so where there is none."""
    cache = b"\0\0\0\x10ftypisom\0\0\0\0" + b"\0\0\0\x08moov"
    world.script = [picture(cache, **{"content-type": "application/octet-stream"})]
    found = result(world, draft_cache=OTHER)
    world.do(lambda _: found.save_draft(tmp_path / "draft.bin"))
    assert (tmp_path / "draft.bin").read_bytes() == cache
    assert str(world.requests[0].url) == OTHER
    assert world.do(lambda _: found.save_draft(tmp_path / "draft.png")) == tmp_path / "draft.png"
    assert world.do(lambda _: found.save_draft(tmp_path / "draft")) == tmp_path / "draft"
    without = result(world)
    with pytest.raises(errors.DownloadError, match="draft_cache"):
        world.do(lambda _: without.save_draft(tmp_path / "none.bin"))


@pytest.mark.parametrize("path", [5, None, b"x", "a\0b", "x" * 300, "missing/x", os.devnull])
def test_bad_targets_are_download_errors_with_the_handle(world: World, path: Any) -> None:
    """Whatever is passed for a path, a DownloadError with the task's id leaves."""
    world.script = [picture()]
    with pytest.raises(errors.DownloadError) as caught:
        save(world, path)
    assert caught.value.task_id == "task-1"


def test_an_empty_path_is_this_folder(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty path means the current folder, as it does everywhere in pathlib."""
    monkeypatch.chdir(tmp_path)
    world.script = [picture()]
    assert save(world, Path("")) == Path("task-1.png")
    assert (tmp_path / "task-1.png").exists()


def test_a_missing_part_of_unknown_total_is_noticed(world: World, tmp_path: Path) -> None:
    """A 206 that says neither total nor all of its bytes is not taken for the whole."""
    world.settings = {"retry": Retry(attempts=1)}
    world.script = [httpx.Response(206, headers={"content-range": "bytes 0-99/*"}, stream=Played(b"abc"))]
    with pytest.raises(errors.DownloadError):
        save(world, tmp_path / "x.png")


@pytest.mark.parametrize(
    ("headers", "saved"),
    [
        ({"content-type": "application/xhtml+xml"}, False),
        ({"content-type": "application/problem+json"}, False),
        ({"content-type": "image/png", "content-encoding": "Identity"}, True),
    ],
)
def test_content_type_and_encoding_of_a_download(world: World, headers: dict[str, str], saved: bool) -> None:
    """A page in XHTML or JSON is not a picture whatever its type is called; the encoding identity is accepted."""
    world.settings = {"retry": Retry(attempts=1)}
    world.script = [httpx.Response(200, stream=Played(b"content"), headers=headers)]
    found = result(world)
    if saved:
        assert world.do(lambda _: found.read()) == b"content"
    else:
        with pytest.raises(errors.DownloadError):
            world.do(lambda _: found.read())


@pytest.mark.parametrize("place", ["task-1.png", ""])
def test_a_name_that_is_taken_is_kept_with_overwrite_false(world: World, tmp_path: Path, place: str) -> None:
    """With overwrite=False an existing file stays as it was, named or in a folder, and the error is `unwritable`."""
    (tmp_path / "task-1.png").write_bytes(b"precious")
    world.script = [picture()]
    found = result(world)
    with pytest.raises(errors.DownloadError) as caught:
        world.do(lambda _: found.save(tmp_path / place, overwrite=False))
    assert caught.value.unwritable
    assert isinstance(caught.value.__cause__, FileExistsError)
    assert [path.name for path in tmp_path.iterdir()] == ["task-1.png"]
    assert (tmp_path / "task-1.png").read_bytes() == b"precious"


def test_a_file_in_a_folder_is_called_after_its_stem_and_content(world: World, tmp_path: Path) -> None:
    """save(folder, stem=…) takes the extension from the content, whatever the answer calls it."""
    world.script = [picture(b"\xff\xd8\xff a JPEG", **{"content-type": "image/png"})]
    found = result(world)
    assert world.do(lambda _: found.save(tmp_path, stem="fox", overwrite=False)) == tmp_path / "fox.jpg"


@pytest.mark.parametrize("stem", ["../fox", "a/b", "/fox", ".."])
def test_a_stem_leads_out_of_no_folder(world: World, tmp_path: Path, stem: str) -> None:
    """A stem that is not a plain file name is a DownloadError, and nothing is written."""
    (tmp_path / "in").mkdir()
    world.script = [picture()]
    found = result(world)
    with pytest.raises(errors.DownloadError):
        world.do(lambda _: found.save(tmp_path / "in", stem=stem))
    assert [path.name for path in tmp_path.rglob("*")] == ["in"]


@pytest.mark.skipif(sys.platform == "win32", reason="modes of files mean nothing there")
def test_a_private_file_is_its_owners(world: World, tmp_path: Path) -> None:
    """save(private=True) writes a file that others cannot read."""
    world.script = [picture()]
    found = result(world)
    path = world.do(lambda _: found.save(tmp_path / "fox.png", private=True))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_full_disk_is_named_whatever_notices_it(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that is full when the file is emptied for a new beginning is an error of the file, and not repeated."""

    class Full(io.BytesIO):
        def truncate(self, size: int | None = None) -> int:
            raise OSError(28, "No space left on device")

    def opened(descriptor: int, mode: str) -> io.BytesIO:
        os.close(descriptor)
        return Full()

    monkeypatch.setattr("bfl_client.files.os.fdopen", opened)
    world.script = [picture()]
    with pytest.raises(errors.DownloadError, match="No space left") as caught:
        save(world, tmp_path / "fox.png")
    assert caught.value.unwritable
    assert len(world.requests) == 1


def test_a_file_without_a_suffix_gets_that_of_its_content(world: World, tmp_path: Path) -> None:
    """save("out") writes out.png for a PNG and returns that path; content that nobody knows gets none."""
    world.script = [picture(WHOLE["png"])]
    assert save(world, tmp_path / "out") == tmp_path / "out.png"
    world.script = [httpx.Response(200, content=WHOLE["webp"], headers={"content-type": "application/octet-stream"})]
    assert save(world, tmp_path / "other") == tmp_path / "other.webp"
    world.script = [httpx.Response(200, content=b"\x00\x01\x02")]
    assert save(world, tmp_path / "unknown") == tmp_path / "unknown"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other.webp", "out.png", "unknown"]


@pytest.mark.parametrize(
    ("name", "kind", "way"),
    [
        ("fox.png", "jpeg", "is a .jpg file, as the service made it: output_format='png' makes it a .png file"),
        ("fox.gif", "jpeg", "is a .jpg file, as the service made it: rename it to fox.jpg"),
        ("fox.JPG", "png", "is a .png file, as the service made it: output_format='jpeg' makes it a .JPG file"),
        ("fox.mp4", "png", "is a .png file, as the service made it: rename it to fox.png"),
        ("fox.JPEG", "jpeg", None),
        ("fox.jpe", "jpeg", None),
        ("fox.part", "jpeg", None),
        ("fox.v2", "png", None),
        ("fox.png", "png", None),
    ],
)
def test_a_suffix_that_contradicts_the_content_is_not_silent(
    world: World, tmp_path: Path, name: str, kind: str, way: str | None
) -> None:
    """The paid file is written under its name all the same, with a warning that says how to get what was meant."""
    world.script = [picture(WHOLE[kind])]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert save(world, tmp_path / name).read_bytes() == WHOLE[kind]
    found = [each.message for each in caught if isinstance(each.message, SuffixWarning)]
    said = [str(each) for each in found]
    assert said == [f"{each.message}: {each.remedy}" for each in found]
    assert said == ([f"{tmp_path / name} {way}"] if way else [])


def test_a_video_of_millions_of_boxes_is_not_looked_through() -> None:
    """A file that is nothing but the beginnings of boxes counts as cut, before looking at them takes minutes."""
    with mock.patch.object(formats, "_BOXES", 3):
        assert formats.unfinished(io.BytesIO(b"\0\0\0\x08ftyp" + b"\0\0\0\x08moov" * 3)) is not None
        assert formats.unfinished(io.BytesIO(b"\0\0\0\x08ftyp" + b"\0\0\0\x08moov" * 2)) is None
