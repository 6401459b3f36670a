"""Clips: what their files contain, how requests decide them, and how drafts are finished."""

import base64
import io
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from bfl_emulator.drawing import clips
from bfl_emulator.drawing.films import Draft, DraftError, Film
from bfl_emulator.drawing.landscapes import paint
from bfl_emulator.drawing.pictures import Input
from bfl_emulator.inputs import InputError, Inputs, Medium
from bfl_emulator.operations import conclude
from bfl_emulator.tasks import Ending
from PIL import Image, ImageChops, ImageStat

from .conftest import connected

av = pytest.importorskip("av")
_FILM = Film("film", "a fox", 1, 192, 128, 1.0)
_PHOTOS = {name: Image.new("RGB", (192, 128), name) for name in ("red", "blue")}


def _still(name: str, moment: float) -> Input:
    return Input("keyframes", name, (192, 128), moment)


def _draw(film: Film, source: bytes = b"") -> bytes:
    return film.draw(lambda item: _PHOTOS[item.digest], lambda item: source)


def _frames(content: bytes) -> list[Image.Image]:
    """Return the frames of a clip without the banner at their foot."""
    with av.open(io.BytesIO(content)) as container:
        images = [frame.to_image() for frame in container.decode(video=0)]
    return [image.crop((0, 0, image.width, image.height // 2)) for image in images]


def _difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def test_file() -> None:
    """A clip is an MP4 file of the requested length and size, encoded as H.264, with its index in front."""
    content = _draw(replace(_FILM, seconds=2.0))
    assert content.find(b"moov") < content.find(b"mdat")
    with av.open(io.BytesIO(content)) as container:
        (stream,) = container.streams
        assert (stream.codec_context.name, stream.width, stream.height) == ("h264", 192, 128)
        assert stream.codec_context.pix_fmt == "yuv420p"  # all that browsers play
        assert float(stream.duration * stream.time_base) == 2.0
        assert container.metadata["title"].startswith("Emulated clip, film")
        assert container.metadata["comment"] == "a fox"


def test_length_of_a_large_clip() -> None:
    """The largest clips are as long as asked for, or as the clip that they enlarge."""
    film = replace(_FILM, width=3072, height=1408, seconds=0.5)
    source = _draw(replace(_FILM, seconds=0.5))
    for each in (film, replace(film, effect="upscale", source=Input("video", "source", (192, 128), seconds=0.5))):
        clip = clips.examine(_draw(each, source))
        assert (clip.size, clip.seconds) == ((3072, 1408), 0.5)


def test_marked() -> None:
    """Clips of two endpoints differ at the foot only, where the endpoint's name is; each is served as MP4."""
    film, shown = replace(_FILM, width=512, height=384, seconds=0.1), list[Image.Image]()
    for each in (film, replace(film, endpoint="another")):
        assert each.content_type == "video/mp4"
        with av.open(io.BytesIO(_draw(each))) as container:
            shown.append(next(container.decode(video=0)).to_image())
    tops, feet = ([image.crop((0, top, 512, top + 192)) for image in shown] for top in (0, 192))
    assert _difference(*tops) < 0.5 < _difference(*feet)


def test_frames_of_other_rates() -> None:
    """A clip can be read at more or fewer frames a second than it has, and keeps its length."""
    content = _draw(_FILM)
    assert len(list(clips.frames(content, 12))) == 12
    assert len(list(clips.frames(content, 6))) == 6
    assert 22 <= len(list(clips.frames(content, 24))) <= 24


def test_frames_of_a_length() -> None:
    """A clip whose length is no whole number of frames has the nearest number of them."""
    assert clips.examine(_draw(replace(_FILM, seconds=0.3))).frames == round(0.3 * 12) == 4


@pytest.mark.parametrize("prompt", ["a\0fox", "long " * 10_000])
def test_any_prompt(prompt: str) -> None:
    """A clip says in its metadata what the prompt was, whatever that contains; of a very long one, the beginning."""
    with av.open(io.BytesIO(_draw(replace(_FILM, prompt=prompt, seconds=0.1)))) as container:
        assert container.metadata["comment"].startswith(prompt[:5000].replace("\0", " "))


def test_larger_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clip with more pixels than are read is refused by its header."""
    content = _draw(replace(_FILM, seconds=0.1))
    monkeypatch.setattr(clips, "_MAX_PIXELS", 192 * 128)
    assert clips.examine(content).size == (192, 128)
    monkeypatch.setattr(clips, "_MAX_PIXELS", 192 * 128 - 1)
    with pytest.raises(clips.ClipError, match="more than 24575 pixels"):
        clips.examine(content)


def test_sound_only() -> None:
    """A file with sound and no picture is not a clip."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        for block in clips._tone(0.5):
            container.mux(stream.encode(block))
        container.mux(stream.encode())
    with pytest.raises(clips.ClipError, match="no video track"):
        clips.examine(file.getvalue())


def test_shorter_than_a_frame() -> None:
    """A clip has one frame at least."""
    assert len(_frames(_draw(replace(_FILM, seconds=0.01)))) == 1


def test_last_frame() -> None:
    """The last frame of a clip is what it ends with."""
    content = clips.encode([_PHOTOS["red"], _PHOTOS["red"], _PHOTOS["blue"]], (192, 128), {}, None)
    assert _difference(clips.last_frame(content), _PHOTOS["blue"]) < 10


def test_sound() -> None:
    """With sound, a clip has an AAC track as long as itself."""
    for seconds in (0.5, 2.5):
        with av.open(io.BytesIO(_draw(replace(_FILM, audio=True, seconds=seconds)))) as container:
            (stream,) = container.streams.audio
            assert stream.codec_context.name == "aac"
            assert float(stream.duration * stream.time_base) == pytest.approx(seconds, abs=0.1)


def test_motion() -> None:
    """A landscape moves from frame to frame, and prompt and seed decide it."""
    frames = _frames(_draw(_FILM))
    assert len(frames) == 12
    assert all(_difference(one, other) > 0.1 for one, other in pairwise(frames))
    assert _draw(_FILM) == _draw(_FILM)
    assert _difference(frames[0], _frames(_draw(replace(_FILM, seed=2)))[0]) > 5


def test_keyframes() -> None:
    """A clip shows each keyframe at its moment, and blends one into the next."""
    stills = _still("red", 0.0), _still("blue", 2.0)
    frames = _frames(_draw(replace(_FILM, seconds=2.0, stills=stills)))
    means = [ImageStat.Stat(frame).mean for frame in (frames[0], frames[12], frames[-1])]
    assert means[0][0] > 230 > 30 > means[0][2]
    assert min(means[1][0], means[1][2]) > 50
    assert means[2][2] > 230 > 30 > means[2][0]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_three_keyframes(order: tuple[int, ...]) -> None:
    """A clip passes through all its keyframes, in the order of their moments."""
    stills = [_still("red", 0.0), _still("blue", 0.5), _still("red", 1.0)]
    frames = _frames(_draw(replace(_FILM, stills=tuple(stills[index] for index in order))))
    means = [ImageStat.Stat(frame).mean for frame in (frames[0], frames[6], frames[-1])]
    assert min(means[0][0], means[2][0]) > 230 > 100 > means[1][0]
    assert means[1][2] > 150 > 30 > max(means[0][2], means[2][2])


def test_draft_data() -> None:
    """The data of a draft say what decides its clip: what it does, its shape, length, sound and keyframes."""
    film = replace(_FILM, effect="continue", seconds=2.0, audio=True, draft=True, stills=(_still("red", 1.5),))
    transparent = _PHOTOS["red"].convert("RGBA")
    for opened in (lambda item: _PHOTOS[item.digest], lambda item: transparent):
        draft = Draft.from_bytes(film.draft_data(opened))
        assert (draft.prompt, draft.seed, draft.effect, draft.ratio) == ("a fox", 1, "continue", 1.5)
        assert (draft.seconds, draft.audio) == (2.0, True)
        ((moment, content),) = draft.stills
        with Image.open(io.BytesIO(content)) as still:
            assert (moment, still.format) == (1.5, "JPEG")
            assert still.width / still.height == pytest.approx(1.5, abs=0.01)


def test_continuation() -> None:
    """A continuation begins with the picture that it continues, and ends in a landscape."""
    frames = _frames(_draw(replace(_FILM, effect="continue", stills=(_still("red", 0.0),))))
    assert ImageStat.Stat(frames[0]).mean[0] > 230
    assert _difference(frames[-1], _frames(_draw(_FILM))[-1]) < 12


@pytest.mark.parametrize(("effect", "size"), [("edit-clip", (192, 128)), ("upscale", (288, 192))])
def test_reworked(effect: str, size: tuple[int, int]) -> None:
    """An edited clip keeps the length of the clip that was sent; an enlarged one also keeps its look."""
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
    """Anything but an MP4 file is refused, even a playlist of other files."""
    with pytest.raises(clips.ClipError):
        clips.examine(content)


def test_clip_cut_off() -> None:
    """A clip whose end is missing is refused when it is examined."""
    whole = clips.encode([Image.effect_noise((64, 64), 60).convert("RGB") for _ in range(12)], (64, 64), {}, None)
    assert clips.examine(whole).frames == 12
    with pytest.raises(clips.ClipError):
        clips.examine(whole[: len(whole) // 2])


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        ({"max-seconds": 1, "min-frames": 12, "min-side": 128, "max-size": [192, 128]}, None),
        ({"max-seconds": 0.99}, "longer than 0.99 seconds"),
        ({"min-frames": 13}, "fewer than 13 frames"),
        ({"min-side": 129}, "at least 129"),
        ({"max-size": [190, 128]}, "more than 190x128"),
        ({"max-mp": 0.01}, "more than 0.01 megapixels"),
    ],
)
def test_bounds(rules: dict[str, Any], words: str | None) -> None:
    """Length, frames and size of a clip that is sent may be just at the bounds of its endpoint, and not beyond."""
    inputs = Inputs(lambda url: None, allow_outbound=False)
    medium = Medium("video", base64.b64encode(_draw(_FILM)).decode())
    if words is None:
        taken = inputs.take(medium, rules, "clip", fetched=False)
        assert (taken.size, taken.seconds) == ((192, 128), 1.0)
    else:
        with pytest.raises(InputError, match=f"video: .*{words}"):
            inputs.take(medium, rules, "clip", fetched=False)


def test_longest_clip() -> None:
    """A clip that is sent may last a minute, where its endpoint has no limit of its own, and not longer."""
    inputs, still = Inputs(lambda url: None, allow_outbound=False), Image.new("RGB", (16, 16))
    whole, longer = (
        Medium("video", base64.b64encode(clips.encode([still] * (seconds * 12), (16, 16), {}, None)).decode())
        for seconds in (60, 61)
    )
    assert inputs.take(whole, {}, "clip", fetched=False).seconds == 60
    with pytest.raises(InputError, match="longer than 60 seconds"):
        inputs.take(longer, {}, "clip", fetched=False)


def test_clip_broken_in_the_middle() -> None:
    """A clip whose last frames cannot be decoded is shown as far as possible."""
    whole = clips.encode([Image.effect_noise((64, 64), 60).convert("RGB") for _ in range(12)], (64, 64), {}, None)
    broken = whole[: len(whole) // 2].ljust(len(whole), b"\0")
    assert 1 <= len(list(clips.frames(broken, 12))) < 12
    assert clips.last_frame(broken).size == (64, 64)


def test_draft() -> None:
    """A draft can be read back from its data; changed data, or data with impossible values, are refused."""
    draft = Draft("a fox", 3, "animate", 1.5, 5.0, True, ((0.0, b"jpeg"),))
    assert Draft.from_bytes(draft.to_bytes()) == draft
    for content in (
        b"",
        b"x" * 99,
        draft.to_bytes()[:-1],
        draft.to_bytes().replace(b"a fox", b"a cat"),
        replace(draft, seconds=1e9).to_bytes(),
        replace(draft, seconds=0).to_bytes(),
        replace(draft, ratio=0).to_bytes(),
    ):
        with pytest.raises(DraftError):
            Draft.from_bytes(content)


def _jpeg(name: str = "red") -> str:
    file = io.BytesIO()
    _PHOTOS[name].save(file, "JPEG")
    return base64.b64encode(file.getvalue()).decode()


@pytest.fixture
def small(small: dict[str, Any]) -> dict[str, Any]:
    """The small specification with an endpoint for each way of making clips."""
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
            "generate_audio": {"type": "boolean", "default": False},
            "upscale_factor": {"type": "number", "default": None},
        },
    }
    for effect in ("animate", "continue", "enhance", "edit-clip", "upscale"):
        operation = {**small["paths"]["/v1/film"]["post"], "x-bfl-emulate": effect}
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Film"}}}
        operation |= {"requestBody": {"required": True, "content": content}}
        operation |= {"x-bfl-output": {"step": 32, "draft-only": "hd", "within": [160, 90]}}
        operation |= {"x-bfl-input": {"min-frames": 10, "max-seconds": 3, "failed-code": 422, "max-count": 3}}
        small["paths"][f"/v1/{effect}"] = {"post": operation}
    return small


async def _order(emulator: Emulator, clock: Any, effect: str, **body: Any) -> Any:
    """Submit, and return the video, or the answer to the poll of a failed task."""
    async with connected(emulator) as client:
        receipt = await client.post(f"/v1/{effect}", json={"prompt": "a fox", **body})
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
        ({"duration": 7.5}, (1280, 736), 7.5, []),
        ({"aspect_ratio": "1:1", "resolution": "fhd"}, (1440, 1440), 5.0, []),
        ({"keyframes": _jpeg()}, (1184, 768), 5.0, [0.0]),
        ({"keyframes": [_jpeg(), _jpeg("blue")], "duration": 8}, (1184, 768), 8.0, [0.0, 8.0]),
        ({"keyframes": [_jpeg()] * 3, "duration": 6}, (1184, 768), 6.0, [0.0, 3.0, 6.0]),
        ({"keyframes": [[1, _jpeg()], [6.5, _jpeg("blue")]], "aspect_ratio": "9:16"}, (736, 1280), 7.0, [1.0, 6.5]),
        ({"keyframes": [2, _jpeg()]}, (1184, 768), 5.0, [2.0]),
        ({"keyframes": [[3, _jpeg()], [0, _jpeg()], [5, _jpeg()]]}, (1184, 768), 5.0, [3.0, 0.0, 5.0]),
        ({"keyframes": [[20, _jpeg()]]}, (1184, 768), 20.0, [20.0]),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_order(
    emulator: Emulator, clock: Any, body: dict[str, Any], size: tuple[int, int], seconds: float, moments: list[float]
) -> None:
    """Ratio, resolution, duration and keyframes decide the size and length of a clip, and what it shows when."""
    film = await _order(emulator, clock, "animate", **body)
    assert ((film.width, film.height), film.seconds) == (size, seconds)
    assert (film.audio, film.draft) == (False, False)
    assert [still.moment for still in film.stills] == moments


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("effect", "body", "words"),
    [
        ("animate", {"keyframes": [_jpeg()] * 3}, "need a duration"),
        ("animate", {"keyframes": [9, _jpeg()], "duration": 5}, "not within"),
        ("animate", {"keyframes": [[20.5, _jpeg()]]}, "not within the clip's 20 seconds"),
        ("animate", {"keyframes": [[-1, _jpeg()], [2, _jpeg()]]}, "not within"),
        ("animate", {"keyframes": [_jpeg()] * 4, "duration": 6}, "at most 3 pictures"),
        ("animate", {"draft": True, "resolution": "fhd"}, "hd only"),
        ("continue", {"start_video": _jpeg()}, "not an MP4 clip"),
        ("edit-clip", {"video": base64.b64encode(_draw(replace(_FILM, seconds=0.5))).decode()}, "fewer than 10 frames"),
        ("edit-clip", {"video": base64.b64encode(_draw(replace(_FILM, seconds=4))).decode()}, "longer than 3 seconds"),
        ("enhance", {"draft_cache": _jpeg()}, "not the draft data"),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_failure(emulator: Emulator, clock: Any, effect: str, body: dict[str, Any], words: str) -> None:
    """A clip that cannot be made ends in Error, reported with the HTTP status in the marks."""
    answer = await _order(emulator, clock, effect, **body)
    assert (answer.status_code, answer.json()["status"]) == (422, "Error")
    assert words in answer.json()["details"]["error"]


@pytest.mark.anyio
@pytest.mark.parametrize("effect", ["animate", "continue", "enhance", "edit-clip", "upscale"])
async def test_nothing_sent(emulator: Emulator, clock: Any, effect: str) -> None:
    """Where nothing was sent and the schema does not mind, a clip of five seconds is made from the prompt alone."""
    film = await _order(emulator, clock, effect)
    assert (film.stills, film.source, film.seconds, film.prompt) == ((), None, 5.0, "a fox")


@pytest.mark.anyio
async def test_clip_sent(emulator: Emulator, clock: Any) -> None:
    """A clip that was sent decides the length, and the size up to the endpoint's largest."""
    clip = base64.b64encode(_draw(_FILM)).decode()
    film = await _order(emulator, clock, "edit-clip", video=clip)
    assert ((film.width, film.height), film.seconds) == ((136, 90), 1.0)
    film = await _order(emulator, clock, "continue", start_video=clip, prompt="on")
    assert (len(film.stills), film.effect, film.width, film.height) == (1, "continue", 1184, 768)
    shown = emulator._service.files.inputs.picture(film.stills[0]).crop((0, 0, 192, 64))
    assert _difference(shown, _frames(_draw(_FILM))[-1]) < 10


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("size", "factor", "marks", "made"),
    [
        ((192, 128), 1.5, {}, (288, 192)),
        ((192, 128), None, {}, (192, 128)),
        ((192, 128), 1.3, {}, (250, 166)),
        ((128, 192), None, {"within": [160, 90]}, (90, 136)),
        ((128, 120), None, {"within": [160, 90]}, (96, 90)),
        ((96, 64), None, {"within": [160, 90]}, (96, 64)),
        ((192, 128), 2, {"within": [160, 90]}, (136, 90)),
        ((192, 128), 3, {"max-mp": 0.2}, None),
    ],
)
async def test_reworked_size(
    small: dict[str, Any],
    clock: Any,
    size: tuple[int, int],
    factor: float | None,
    marks: dict[str, Any],
    made: tuple[int, int] | None,
) -> None:
    """A clip grows by the factor asked for, in even sides, and shrinks to what the marks allow, lying or standing."""
    small["paths"]["/v1/upscale"]["post"]["x-bfl-output"] = marks
    emulator = Emulator(specification=small, clock=clock, check=True)
    clip = base64.b64encode(_draw(replace(_FILM, width=size[0], height=size[1]))).decode()
    film = await _order(emulator, clock, "upscale", video=clip, **({"upscale_factor": factor} if factor else {}))
    if made is None:
        assert "more than 0.2 megapixels" in film.json()["details"]["error"]
    else:
        assert (film.width, film.height, film.seconds, film.effect) == (*made, 1.0, "upscale")


@pytest.mark.anyio
async def test_settled_at_the_end(small: dict[str, Any], clock: Any) -> None:
    """What a clip costs is charged at once but reported by its last poll; one that ends badly costs nothing."""
    for effect in ("animate", "enhance"):
        small["paths"][f"/v1/{effect}"]["post"]["x-bfl-price"] = {"per": "second", "credits": 2}
    emulator, answers = Emulator(specification=small, clock=clock, credits=100, check=True), []
    async with connected(emulator) as client:
        for path, body in (
            ("animate", {"duration": 7.5}),
            ("animate", {"prompt": "#failed"}),
            ("enhance", {"draft_cache": _jpeg()}),
        ):
            receipt = (await client.post(f"/v1/{path}", json={"prompt": "a fox", **body})).json()
            assert receipt["cost"] is None
            assert receipt["output_mp"] is not None
            first = (await client.get(receipt["polling_url"])).json()
            assert "cost" not in first
            clock.now += 10
            answers.append((await client.get(receipt["polling_url"])).json())
            assert emulator.credits == 85
    assert [(answer["status"], answer["cost"]) for answer in answers] == [("Ready", 15), ("Failed", 0), ("Error", 0)]
    assert isinstance(answers[0]["result"]["seed"], int)
    assert "draft_cache" not in answers[0]["result"]
    assert httpx.URL(answers[0]["result"]["sample"]).path.endswith("/sample.mp4")


@pytest.mark.anyio
async def test_refunded_once(small: dict[str, Any], clock: Any) -> None:
    """A clip whose ending is changed twice is refunded once, and its last poll says that it cost nothing."""
    small["paths"]["/v1/animate"]["post"]["x-bfl-price"] = {"per": "second", "credits": 2}
    emulator = Emulator(specification=small, clock=clock, credits=100)
    async with connected(emulator) as client:
        receipt = (await client.post("/v1/animate", json={"prompt": "a fox"})).json()
        assert emulator.credits == 90
        for status in ("Failed", "Error"):
            conclude(emulator._service, emulator.tasks[receipt["id"]], Ending(status))
            assert emulator.credits == 100
        assert (await client.get(receipt["polling_url"])).json()["status"] == "Pending"
        clock.now += 10
        answer = (await client.get(receipt["polling_url"])).json()
    assert (answer["status"], answer["cost"]) == ("Error", 0)


@pytest.mark.anyio
async def test_draft_enhanced(emulator: Emulator, clock: Any) -> None:
    """The data of a draft, by URL or as base64, give the same clip in another size."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(emulator.app)) as client:
        body = {"prompt": "a fox", "keyframes": [3, _jpeg()], "draft": True, "generate_audio": True, "duration": 6}
        headers = {"x-key": emulator.api_key}
        receipt = await client.post(emulator.base_url + "/v1/animate", json=body, headers=headers)
        clock.now += 10
        url = (await client.get(receipt.json()["polling_url"])).json()["result"]["draft_cache"]
        answer = await client.get(url)
    assert answer.headers["content-type"] == "application/octet-stream"
    draft = emulator.tasks[receipt.json()["id"]].picture
    for data in (url, base64.b64encode(answer.content).decode()):
        film = await _order(emulator, clock, "enhance", draft_cache=data, resolution="fhd", prompt="else")
        assert (film.width, film.height, film.prompt, film.seed) == (1792, 1152, "a fox", draft.seed)
        assert (film.seconds, film.audio, film.draft, film.effect) == (6, True, False, "animate")
        assert [still.moment for still in film.stills] == [3]


@pytest.mark.anyio
async def test_without_the_extra(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyAV, a request for a clip gets a 501 that says what to install, and makes no task."""
    monkeypatch.setattr(clips, "available", lambda: False)
    async with connected(emulator) as client:
        answer = await client.post("/v1/animate", json={"prompt": "a fox"})
    assert answer.status_code == 501
    assert "bfl-client[video]" in answer.json()["detail"]
    assert not emulator.tasks


def test_nothing_left_behind(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The temporary folder of a clip is removed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    _draw(_FILM)
    assert not list(tmp_path.iterdir())


def test_scaled() -> None:
    """A clip larger than what is drawn has the requested size all the same."""
    frame = _frames(_draw(replace(_FILM, width=1280, height=736, seconds=0.2)))[0]
    assert frame.size == (1280, 368)
    assert _difference(frame, paint((1280, 736), Random("x")).crop((0, 0, 1280, 368))) > 1
