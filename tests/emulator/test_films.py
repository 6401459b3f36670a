"""Clips: what is in their files, how requests decide them, and drafts that are finished."""

import base64
import io
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator, clips
from bfl_emulator.drafts import Draft, DraftError, read, write
from bfl_emulator.films import Film
from bfl_emulator.inputs import Input
from bfl_emulator.scenery import paint
from PIL import Image, ImageChops, ImageStat

av = pytest.importorskip("av")
_FILM = Film("film", "a fox", 1, 192, 128, 1.0)
_PHOTOS = {name: Image.new("RGB", (192, 128), name) for name in ("red", "blue")}


def _still(name: str, moment: float) -> Input:
    return Input("keyframes", name, (192, 128), moment)


def _draw(film: Film, source: bytes = b"") -> bytes:
    return film.draw(lambda item: _PHOTOS[item.digest], lambda item: source)


def _frames(content: bytes) -> list[Image.Image]:
    """The frames of a clip without the words at their foot."""
    with av.open(io.BytesIO(content)) as container:
        images = [frame.to_image() for frame in container.decode(video=0)]
    return [image.crop((0, 0, image.width, image.height // 2)) for image in images]


def _difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_file() -> None:
    """A clip is H.264 in an MP4 file with its index in front, of the length and size that were asked for."""
    content = _draw(replace(_FILM, seconds=2.0))
    assert content.find(b"moov") < content.find(b"mdat")
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 192, 128)
        assert float(stream.duration * stream.time_base) == 2.0
        assert container.metadata["title"].startswith("Emulated clip, film")
        assert container.metadata["comment"] == "a fox"


def test_sound() -> None:
    """With sound a clip has a track of AAC, as long as itself."""
    with av.open(io.BytesIO(_draw(replace(_FILM, audio=True)))) as container:
        (stream,) = container.streams.audio
        assert stream.codec_context.name == "aac"
        assert float(stream.duration * stream.time_base) == pytest.approx(1.0, abs=0.1)


def test_motion() -> None:
    """A landscape moves from frame to frame; prompt and seed decide it."""
    frames = _frames(_draw(_FILM))
    assert len(frames) == 12
    assert all(_difference(one, other) > 0.1 for one, other in pairwise(frames))
    assert _draw(_FILM) == _draw(_FILM)
    assert _difference(frames[0], _frames(_draw(replace(_FILM, seed=2)))[0]) > 5


def test_keyframes() -> None:
    """A clip shows each keyframe at its moment, and goes over from one to the next."""
    frames = _frames(_draw(replace(_FILM, stills=(_still("red", 0.0), _still("blue", 1.0)))))
    means = [ImageStat.Stat(frame).mean for frame in (frames[0], frames[6], frames[-1])]
    assert means[0][0] > 230 > 30 > means[0][2]
    assert min(means[1][0], means[1][2]) > 50
    assert means[2][2] > 230 > 30 > means[2][0]


def test_continuation() -> None:
    """A continuation begins with the picture it goes on from and ends in a landscape."""
    frames = _frames(_draw(replace(_FILM, effect="continue", stills=(_still("red", 0.0),))))
    assert ImageStat.Stat(frames[0]).mean[0] > 230
    assert _difference(frames[-1], _frames(_draw(_FILM))[-1]) < 12


@pytest.mark.parametrize(("effect", "size"), [("edit-clip", (192, 128)), ("upscale", (288, 192))])
def test_reworked(effect: str, size: tuple[int, int]) -> None:
    """An edited clip keeps length and motion of the one that was sent; an enlarged one its look too."""
    source, item = _draw(_FILM), Input("video", "source", (192, 128), seconds=1.0)
    film = replace(_FILM, effect=effect, source=item, width=size[0], height=size[1], prompt="night")
    frames, before = _frames(_draw(film, source)), _frames(source)
    assert (len(frames), frames[0].size) == (12, (size[0], size[1] // 2))
    changes = [_difference(frame.resize(old.size), old) for frame, old in zip(frames, before, strict=True)]
    assert max(changes) < 20 if effect == "upscale" else min(changes) > 20


@pytest.mark.parametrize(
    "content", [b"", b"no clip", b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", b"\0\0\0\x20ftypisom"]
)
def test_no_clip(content: bytes) -> None:
    """What is no MP4 file, a playlist of other files included, is refused."""
    with pytest.raises(clips.ClipError):
        clips.examine(content)


def test_clip_cut_off() -> None:
    """A clip whose end is missing is refused when it arrives, not when something is to be made of it."""
    whole = clips.encode([Image.effect_noise((64, 64), 60).convert("RGB") for _ in range(12)], (64, 64), {}, None)
    assert clips.examine(whole).frames == 12
    with pytest.raises(clips.ClipError):
        clips.examine(whole[: len(whole) // 2])


def test_clip_broken_in_the_middle() -> None:
    """A clip whose last frames cannot be decoded is shown as far as it can be."""
    whole = clips.encode([Image.effect_noise((64, 64), 60).convert("RGB") for _ in range(12)], (64, 64), {}, None)
    broken = whole[: len(whole) // 2].ljust(len(whole), b"\0")
    assert 1 <= len(list(clips.frames(broken, 12))) < 12
    assert clips.last_frame(broken).size == (64, 64)


def test_draft() -> None:
    """The data of a draft give it back; changed data, or such with impossible values, are refused."""
    draft = Draft("a fox", 3, "animate", 1.5, 5.0, True, ((0.0, b"jpeg"),))
    assert read(write(draft)) == draft
    for content in (
        b"",
        b"x" * 99,
        write(draft)[:-1],
        write(replace(draft, seconds=1e9)),
        write(replace(draft, ratio=0)),
    ):
        with pytest.raises(DraftError):
            read(content)


def _jpeg(name: str = "red") -> str:
    file = io.BytesIO()
    _PHOTOS[name].save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def small(small: dict[str, Any]) -> dict[str, Any]:
    """The small specification with an endpoint that makes clips in every way."""
    media: dict[str, Any] = {"type": "string", "format": "bfl-media"}
    small["components"]["schemas"]["Film"] = {
        "type": "object",
        "properties": {
            "prompt": {"type": "string"},
            "keyframes": {
                "anyOf": [media, {"type": "array", "items": {"anyOf": [media, {"prefixItems": [{}, media]}]}}]
            },
            "start_video": media,
            "draft_cache": media,
            "video": media,
            "aspect_ratio": {"type": "string", "default": "auto"},
            "resolution": {"type": "string", "default": "hd"},
            "duration": {"default": "auto"},
            "draft": {"type": "boolean", "default": False},
        },
    }
    for effect in ("animate", "continue", "enhance", "edit-clip", "upscale"):
        operation = {**small["paths"]["/v1/film"]["post"], "x-bfl-emulate": effect}
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Film"}}}
        operation |= {"requestBody": {"required": True, "content": content}}
        operation |= {"x-bfl-output": {"step": 32, "draft-only": "hd", "within": [160, 90]}}
        operation |= {"x-bfl-input": {"min-frames": 10, "max-seconds": 3, "failed-code": 422}}
        small["paths"][f"/v1/{effect}"] = {"post": operation}
    return small


async def _order(emulator: Emulator, clock: Any, effect: str, **body: Any) -> Any:
    """Submit, and return the film, or the answer to the poll of a failed task."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator.app)) as client:
        key = {"x-key": emulator.api_key}
        receipt = await client.post(f"{emulator.base_url}/v1/{effect}", json={"prompt": "a fox", **body}, headers=key)
        clock.now += 10
        answer = await client.get(receipt.json()["polling_url"])
        ready = answer.json()["status"] == "Ready"
        return emulator.tasks[receipt.json()["id"]].picture if ready else answer


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "size", "seconds", "moments"),
    [
        ({}, (1280, 736), 5.0, []),
        ({"resolution": "uhd", "duration": 7}, (3840, 2176), 7.0, []),
        ({"aspect_ratio": "1:1", "resolution": "fhd"}, (1440, 1440), 5.0, []),
        ({"keyframes": _jpeg()}, (1184, 768), 5.0, [0.0]),
        ({"keyframes": [_jpeg(), _jpeg("blue")], "duration": 8}, (1184, 768), 8.0, [0.0, 8.0]),
        ({"keyframes": [_jpeg()] * 3, "duration": 6}, (1184, 768), 6.0, [0.0, 3.0, 6.0]),
        ({"keyframes": [[1, _jpeg()], [6.5, _jpeg("blue")]], "aspect_ratio": "9:16"}, (736, 1280), 7.0, [1.0, 6.5]),
        ({"keyframes": [2, _jpeg()]}, (1184, 768), 5.0, [2.0]),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_order(
    emulator: Emulator, clock: Any, body: dict[str, Any], size: tuple[int, int], seconds: float, moments: list[float]
) -> None:
    """Ratio, resolution, duration and keyframes decide size, length and what is shown when."""
    film = await _order(emulator, clock, "animate", **body)
    assert ((film.width, film.height), film.seconds) == (size, seconds)
    assert [still.moment for still in film.stills] == moments


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("effect", "body", "words"),
    [
        ("animate", {"keyframes": [_jpeg()] * 3}, "need a duration"),
        ("animate", {"keyframes": [9, _jpeg()], "duration": 5}, "not within"),
        ("animate", {"draft": True, "resolution": "fhd"}, "hd only"),
        ("continue", {"start_video": _jpeg()}, "no MP4 clip"),
        ("edit-clip", {"video": base64.b64encode(_draw(replace(_FILM, seconds=0.5))).decode()}, "fewer than 10 frames"),
        ("edit-clip", {"video": base64.b64encode(_draw(replace(_FILM, seconds=4))).decode()}, "longer than 3 seconds"),
        ("enhance", {"draft_cache": _jpeg()}, "not the draft data"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_failure(emulator: Emulator, clock: Any, effect: str, body: dict[str, Any], words: str) -> None:
    """What cannot be made ends in Error, told with the HTTP status that the marks name."""
    answer = await _order(emulator, clock, effect, **body)
    assert (answer.status_code, answer.json()["status"]) == (422, "Error")
    assert words in answer.json()["details"]["error"]


@pytest.mark.anyio
async def test_clip_sent(emulator: Emulator, clock: Any) -> None:
    """A clip that was sent decides the length, and the size as far as the endpoint goes."""
    clip = base64.b64encode(_draw(_FILM)).decode()
    film = await _order(emulator, clock, "edit-clip", video=clip)
    assert ((film.width, film.height), film.seconds) == ((136, 90), 1.0)
    film = await _order(emulator, clock, "continue", start_video=clip, prompt="on")
    assert (len(film.stills), film.effect) == (1, "continue")


@pytest.mark.anyio
async def test_draft_enhanced(emulator: Emulator, clock: Any) -> None:
    """The data of a draft lead, by URL or as base64, to the same clip in another size."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator.app)) as client:
        body, key = {"prompt": "a fox", "keyframes": _jpeg(), "draft": True}, {"x-key": emulator.api_key}
        receipt = await client.post(emulator.base_url + "/v1/animate", json=body, headers=key)
        clock.now += 10
        url = (await client.get(receipt.json()["polling_url"])).json()["result"]["draft_cache"]
        answer = await client.get(url)
    assert answer.headers["content-type"] == "application/octet-stream"
    draft = emulator.tasks[receipt.json()["id"]].picture
    for data in (url, base64.b64encode(answer.content).decode()):
        film = await _order(emulator, clock, "enhance", draft_cache=data, resolution="fhd")
        assert (film.width, film.height, film.prompt, film.seed) == (1792, 1152, "a fox", draft.seed)
        assert len(film.stills) == 1


@pytest.mark.anyio
async def test_without_the_extra(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyAV a clip is answered with 501 that says what to install, and no task is made."""
    monkeypatch.setattr(clips, "available", lambda: False)
    transport = httpx.ASGITransport(emulator.app)
    async with httpx.AsyncClient(transport=transport, headers={"x-key": emulator.api_key}) as client:
        answer = await client.post(emulator.base_url + "/v1/animate", json={"prompt": "a fox"})
    assert answer.status_code == 501
    assert "bfl-client[video]" in answer.json()["detail"]
    assert not emulator.tasks


def test_nothing_left_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder that a clip is written in is gone afterwards."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _draw(_FILM)
    assert not list(tmp_path.iterdir())


def test_scaled() -> None:
    """A clip larger than what is drawn has the size that was asked for all the same."""
    frame = _frames(_draw(replace(_FILM, width=1280, height=736, seconds=0.2)))[0]
    assert frame.size == (1280, 368)
    assert _difference(frame, paint((1280, 736), Random("x")).crop((0, 0, 1280, 368))) > 1
