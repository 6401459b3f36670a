"""Pictures and videos in a request: found by the value's type, streamed as base64, and never a path in disguise."""

from __future__ import annotations

import base64
import io
import json
import os
import sys
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bfl_client import ConstraintError, constraints
from bfl_client.media import in_one_line, measured, prepare
from PIL import Image

from .conftest import refuse, wire

pytestmark = pytest.mark.about("flux-dev")


DATA = bytes(range(256)) * 1000


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cat.png"
    path.write_bytes(DATA)
    return path


def test_every_form_of_media_arrives_as_the_same_base64(path: Path) -> None:
    """bytes, bytearray, memoryview, Path, an open file and a stream all arrive as base64 of the bytes."""
    expected = base64.b64encode(DATA).decode()
    with path.open("rb") as file:
        for value in (DATA, bytearray(DATA), memoryview(DATA), path, file, io.BytesIO(DATA)):
            assert wire("flux-dev", {"image_prompt": value}) == {"image_prompt": expected}


def test_an_open_file_is_sent_from_where_it_stands(path: Path) -> None:
    """A file read half way is sent from there, at every sending."""
    with path.open("rb") as file:
        file.seek(1000)
        body = wire("flux-dev", {"image_prompt": file})
    assert base64.b64decode(body["image_prompt"]) == DATA[1000:]


def test_a_pil_image_is_sent_without_loss() -> None:
    """A PIL image arrives as a PNG of the same pixels."""
    image = Image.effect_noise((33, 21), 50)
    body = wire("flux-dev", {"image_prompt": image})
    arrived = Image.open(io.BytesIO(base64.b64decode(body["image_prompt"])))
    assert arrived.format == "PNG"
    assert arrived.tobytes() == image.tobytes()


@pytest.mark.about("flux-3-video")
def test_media_are_found_wherever_they_stand(path: Path) -> None:
    """Media in lists and in pairs are encoded in place."""
    expected = base64.b64encode(DATA).decode()
    body = {"prompt": "x", "mode": "i2v", "keyframes": [(0, path), (2.5, DATA)]}
    assert wire("flux-3-video", body)["keyframes"] == [[0, expected], [2.5, expected]]


@pytest.mark.parametrize("text", ["cat.png", "/etc/passwd", "./a.jpg", "C:\\cat.png", "~/x.png", "", "file:///x"])
def test_a_string_is_never_a_path(text: str) -> None:
    """A string that is neither URL, data URI nor base64 is refused, with the Path to pass instead."""
    violation = refuse("flux-dev", {"image_prompt": text})["image_prompt"]
    assert f"Path({text!r})" in violation.remedy
    assert (violation.remedy.action, violation.remedy.facts) == ("pass-file", {"path": text})
    assert "Path" not in violation.message


@pytest.mark.parametrize(
    "text",
    ["https://", "http:///x.png", "https://a.b/c d.png", "https://[a", "data:image/png,AAAA", "data:;base64,A-Z"],
)
def test_what_only_begins_like_a_url_is_refused(text: str) -> None:
    """A URL without a host or with a blank, and a data URI of anything but base64, are refused by their field."""
    assert list(refuse("flux-dev", {"image_prompt": text})) == ["image_prompt"]


@pytest.mark.parametrize(
    "text",
    ["https://a.b/c.png", "http://a.b/c", "HTTPS://A.B/c", "data:image/png;base64,AAAA", "DATA:;BASE64,AAAA", "AAAA"],
)
def test_urls_data_uris_and_base64_pass(text: str) -> None:
    """What the service takes as text is sent as it is."""
    assert wire("flux-dev", {"image_prompt": text}) == {"image_prompt": text}


def test_what_cannot_be_read_is_refused_by_name(tmp_path: Path) -> None:
    """A missing file, a folder, an empty file and a text file are violations of their field."""
    empty = tmp_path / "empty"
    empty.touch()
    for value in (tmp_path / "missing.png", tmp_path, empty, io.StringIO("x"), b""):
        assert list(refuse("flux-dev", {"image_prompt": value})) == ["image_prompt"]


@pytest.mark.skipif(sys.platform == "win32", reason="a pipe there has no path in a folder")
def test_a_pipe_is_refused_by_name(tmp_path: Path) -> None:
    """A pipe is a violation of its field, and is not waited for."""
    if sys.platform != "win32":  # type checkers do not know the mark
        os.mkfifo(tmp_path / "pipe")
    assert list(refuse("flux-dev", {"image_prompt": tmp_path / "pipe"})) == ["image_prompt"]


def test_a_file_that_shrinks_while_it_is_sent_is_an_error_of_ours(path: Path) -> None:
    """A file cut after it was measured raises ConstraintError instead of sending a wrong length."""
    body = constraints.check("flux-dev", {"image_prompt": path})
    path.write_bytes(b"short")
    with pytest.raises(ConstraintError):
        b"".join(body)


def test_large_media_do_not_fill_memory(tmp_path: Path) -> None:
    """Sending sixty-four megabytes from a file takes less than two of memory."""
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(64 * 1024**2)
    body = constraints.check("flux-dev", {"image_prompt": path})
    tracemalloc.start()
    sent = sum(len(piece) for piece in body)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sent == body.length
    assert peak < 2 * 1024**2


def test_a_secret_is_not_shown() -> None:
    """A refused webhook secret is not in the error."""
    with pytest.raises(ConstraintError) as caught:
        constraints.check("flux-dev", {"webhook_secret": 12345678})
    assert "12345678" not in str(caught.value) + repr(caught.value.violations)


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


def encoded_picture(size: tuple[int, int]) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, "PNG")
    return base64.b64encode(file.getvalue())


@pytest.mark.parametrize("width", range(1, 25))
def test_base64_is_sent_in_one_line(width: int) -> None:
    """Base64 of a picture in lines, without padding or in the alphabet of URLs arrives as the service takes it."""
    whole = encoded_picture((width, 3)).decode()
    lines = base64.encodebytes(base64.b64decode(whole)).decode()
    for given in (whole, lines, lines.rstrip("=\n"), whole.rstrip("="), whole.replace("+", "-").replace("/", "_")):
        for form in (given, f"data:image/png;base64,{given}"):
            found = in_one_line({"image": form, "images": [form], "prompt": form}, {"image", "images"})
            expected = form.removesuffix(given) + whole
            assert found == {"image": expected, "images": [expected], "prompt": form}


def test_base64_of_anything_is_joined() -> None:
    """Padded base64 need not be a picture to be joined; a short word that would have to be padded stays as it is."""
    for given, expected in {"Zm94\nZm94": "Zm94Zm94", "Zm9\n4Zg==": "Zm94Zg==", "fox": "fox", "fo-x": "fo+x"}.items():
        assert in_one_line({"image": given}, {"image"}) == {"image": expected}


def test_media_are_measured_in_every_form(path: Path) -> None:
    """The size of a picture is known from bytes, base64 in any form, a file and an image; not from a URL or a text."""
    text = encoded_picture((30, 20)).decode()
    path.write_bytes(base64.b64decode(text))
    forms: list[object] = [path, path.read_bytes(), text, text.rstrip("="), f"data:image/png;base64,{text}"]
    for value in [*forms, Image.new("L", (30, 20))]:
        found = measured(value)
        assert found is not None
        assert found[:2] == (30, 20)
    assert [measured(each) for each in ("https://bfl.example/fox.png", "a fox", DATA, None)] == [None] * 4


def test_what_is_appended_to_an_open_file_is_not_read() -> None:
    """An open file is looked at as long as it was when it was given; one that never ends holds up nothing."""

    class Endless(io.BytesIO):
        asked = 0

        def read(self, size: int | None = -1) -> bytes:
            self.asked += 1
            if self.asked > 100:
                raise OSError("it is read for ever")
            return b"\xff\xd8\xff" * 5

    file = Endless(b"\xff\xd8\xff" * 5)
    assert measured(file) is None
    assert file.asked < 100


def test_ten_thousand_pictures_keep_their_places() -> None:
    """Each of very many pictures of a request is sent in its own place."""
    contents = [f"picture {number}".encode() for number in range(10_020)]
    body = b"".join(prepare("x", {"images": contents}))
    assert json.loads(body)["images"] == [base64.b64encode(each).decode() for each in contents]


def test_large_base64_without_padding_is_padded() -> None:
    """Base64 of a picture of several kilobytes that lacks its padding is recognised by its beginning, and padded."""
    content = base64.b64decode(encoded_picture((30, 20)))
    whole = base64.b64encode(content + bytes(5000 - len(content))).decode()
    assert whole.endswith("=")
    assert in_one_line({"image": whole.rstrip("=")}, {"image"}) == {"image": whole}


def test_a_file_that_fails_while_it_is_sent_is_an_error_of_ours() -> None:
    """Whatever the caller's file raises when it is read for sending leaves as a ConstraintError that has its words."""

    class Fails(io.BytesIO):
        broken = False

        def read(self, size: int | None = -1) -> bytes:
            if self.broken:
                raise RuntimeError("the tape is torn")
            return super().read(size)

    file = Fails(DATA)
    body = prepare("flux-dev", {"image_prompt": file})
    file.broken = True
    with pytest.raises(ConstraintError, match="could not be read to its end: the tape is torn"):
        b"".join(body)


def test_a_list_may_be_nested_64_levels_deep() -> None:
    """What is nested 64 levels deep is sent, and what is nested deeper is refused."""
    value: object = 1
    for _ in range(64):
        value = [value]
    body = b"".join(prepare("x", {"a": value}))
    assert body == b'{"a":' + b"[" * 64 + b"1" + b"]" * 64 + b"}"
    with pytest.raises(ConstraintError, match="nested more than 64 levels deep"):
        prepare("x", {"a": [value]})


def test_a_file_that_vanishes_is_told_when_it_is_sent(path: Path) -> None:
    """A file that is deleted before the request is checked is an error of ours when it is to be sent."""
    body = prepare("flux-dev", {"image_prompt": path})
    path.unlink()
    constraints.check_body("flux-dev", "/v1/flux-dev", body)
    with pytest.raises(ConstraintError, match="could not be read to its end"):
        b"".join(body)


def test_base64_is_put_in_order_on_its_way() -> None:
    """Base64 in lines is sent in one; with validate=False a request is sent as it is."""
    whole = encoded_picture((90, 60)).decode()
    lines = base64.encodebytes(base64.b64decode(whole)).decode()
    assert lines.count("\n") > 1
    assert wire("flux-dev", {"image_prompt": lines}) == {"image_prompt": whole}
    assert wire("flux-dev", {"image_prompt": lines}, validate=False) == {"image_prompt": lines}
