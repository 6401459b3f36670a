"""Pictures: their size by every rule, their format, and what they contain."""

import base64
import io
import unicodedata
from typing import Any

import httpx
import pytest
from bfl_emulator.drawing.lettering import BOX, font_of, legible, wrapped, write
from bfl_emulator.drawing.pictures import Picture
from PIL import Image, ImageChops, ImageDraw, ImageStat

pytestmark = pytest.mark.anyio


def _base64(width: int, height: int) -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _open(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def _draw(prompt: str = "a fox", seed: int = 1, size: tuple[int, int] = (256, 192), name: str = "png") -> bytes:
    return Picture("paint", prompt, seed, *size, name).draw()


@pytest.mark.parametrize(
    ("body", "size"),
    [
        ({"width": 128, "height": 77}, (128, 77)),
        ({"aspect_ratio": "16:9"}, (1360, 768)),
        ({"aspect_ratio": "9:16"}, (768, 1360)),
        ({"aspect_ratio": "1:1"}, (1024, 1024)),
        ({"aspect_ratio": "99:1"}, (1552, 656)),
        ({"aspect_ratio": "1:99"}, (656, 1552)),
        ({"aspect_ratio": "anything"}, (1024, 1024)),
        ({"resolution": "2k"}, (2048, 2048)),
        ({"resolution": "2k", "aspect_ratio": "2:1"}, (2896, 1440)),
        ({"width": 128}, (128, 1024)),
        ({"images": _base64(100, 50)}, (100, 50)),
        ({"images": ["https://example.com/a.png", "data:image/png;base64," + _base64(30, 40)]}, (30, 40)),
        ({"images": _base64(200, 100), "resolution": "1k"}, (1440, 720)),
        ({"images": _base64(200, 100), "aspect_ratio": "1:1"}, (1024, 1024)),
        ({"images": base64.b64encode(b"no picture at all, only some bytes").decode()}, (1024, 1024)),
        ({"unknown": 5}, (1024, 1024)),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_size(generate: Any, body: dict[str, Any], size: tuple[int, int]) -> None:
    """A picture has the size that its request asks for or implies."""
    assert _open((await generate({"prompt": "x", **body})).content).size == size


async def test_size_from_default(generate: Any, small: dict[str, Any]) -> None:
    """Without a size in the request the schema's default applies; a property it does not know has no effect."""
    properties = small["components"]["schemas"]["Strict"]["properties"]
    properties |= {"width": {"type": "integer", "default": 192}, "height": {"type": "integer", "default": 96}}
    small["components"]["schemas"]["Strict"]["additionalProperties"] = True
    answer = await generate({"prompt": "x", "aspect_ratio": "1:1"}, "/v1/strict")
    assert _open(answer.content).size == (192, 96)


async def test_size_that_is_ignored(generate: Any) -> None:
    """Width and height have no effect where the chosen branch of a schema does not know them."""
    answer = await generate({"mode": "r", "width": 64, "height": 64}, "/v1/either")
    assert _open(answer.content).size == (1024, 1024)


async def test_input_megapixels(client: httpx.AsyncClient) -> None:
    """A receipt counts the megapixels of all pictures that were sent as base64."""
    images = [_base64(1024, 512), _base64(1024, 1024)]
    answer = await client.post("/v1/paint", json={"prompt": "x", "images": images})
    assert answer.json()["input_mp"] == 1.5


@pytest.mark.parametrize("body", [{"width": 1440, "height": 12_000}, {"width": 64, "height": 20_000}])
async def test_too_large(client: httpx.AsyncClient, clock: Any, body: dict[str, Any]) -> None:
    """A task for more than 16 megapixels, or for a side longer than WebP allows, ends in Error."""
    receipt = await client.post("/v1/paint", json={"prompt": "x", **body})
    clock.now += 10
    answer = (await client.get(receipt.json()["polling_url"])).json()
    assert answer["status"] == "Error"
    assert "at most" in answer["details"]["error"]


@pytest.mark.parametrize(("name", "kind"), [("jpeg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"), (None, "JPEG")])
async def test_format(generate: Any, name: str | None, kind: str) -> None:
    """A picture has the requested format, or the schema's default, and is served as such."""
    answer = await generate({"prompt": "x", "width": 64, "height": 64, "output_format": name})
    assert _open(answer.content).format == kind
    assert answer.headers["content-type"] == f"image/{kind.lower()}"


async def test_png_without_the_parameter(generate: Any) -> None:
    """An endpoint without output_format gives PNG."""
    assert _open((await generate({"prompt": "x"}, "/v1/strict")).content).format == "PNG"


async def test_a_format_of_a_newer_specification(generate: Any, small: dict[str, Any]) -> None:
    """A format that only a newer specification knows gives a PNG; the letter case of a known format does not matter."""
    small["components"]["schemas"]["Format"]["enum"] += ["avif", "WEBP"]
    for name, made in (("avif", "PNG"), ("WEBP", "WEBP")):
        assert _open((await generate({"prompt": "x", "output_format": name})).content).format == made


@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
def test_deterministic(name: str) -> None:
    """Prompt and seed decide every byte of a picture."""
    assert _draw(name=name) == _draw(name=name)
    assert len({_draw(name=name), _draw(seed=2, name=name), _draw("a cat", name=name)}) == 3


@pytest.mark.parametrize("other", [{"prompt": "a cat"}, {"seed": 2}])
def test_scene(other: dict[str, Any]) -> None:
    """Prompt and seed decide the scene itself, not only the banner at its foot."""
    scenes = [_open(_draw(**changes)).crop((0, 0, 256, 100)).tobytes() for changes in ({}, other)]
    assert scenes[0] != scenes[1]


@pytest.mark.parametrize("seed", range(12))
def test_not_flat(seed: int) -> None:
    """A picture varies in brightness and has thousands of colours."""
    image = _open(_draw(seed=seed)).convert("RGB")
    assert ImageStat.Stat(image.convert("L")).stddev[0] > 15
    assert len(image.getcolors(maxcolors=10**6) or []) > 2000


def test_marked() -> None:
    """Pictures of two endpoints differ only at the foot, where the endpoint's name is."""
    one, other = (_open(Picture(name, "x", 1, 512, 384, "png").draw()).convert("RGB") for name in ("one", "other"))
    assert one.crop((0, 0, 512, 250)).tobytes() == other.crop((0, 0, 512, 250)).tobytes()
    assert one.tobytes() != other.tobytes()


def test_metadata() -> None:
    """In each format the metadata say that the picture is emulated, with its seed and its whole prompt."""
    prompt = "a fox, " * 200
    png = _open(_draw(prompt, seed=77)).info
    exif = [_open(_draw(prompt, seed=77, name=name)).getexif() for name in ("jpeg", "webp")]
    assert {png["Software"], *(each[0x0131] for each in exif)} == {"bfl_emulator"}
    for text in (png["Description"], *(each[0x010E] for each in exif)):
        assert text.startswith("Emulated picture, paint, seed 77: a fox")
        assert text.endswith(prompt.strip()) or text.endswith(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " \t\n\r\0\x1b[31m",
        "一只红狐狸",
        "ثعلب في الثلج",
        "👩‍👩‍👧 e\u0301\u0302\u0303" + "\u0301" * 500,
        "\ufffe\uffff\U0010ffff\u202e",
        "x" * 100_000,
        "word " * 50_000,
        "naïve café",
        "Ấ ḉ ﬁ ½ Ａ €",
    ],
    ids=[
        *("empty", "control", "chinese", "arabic", "combining", "noncharacters", "long word", "many words", "accents"),
        "composed",
    ],
)
@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
def test_any_prompt(prompt: str, name: str) -> None:
    """A picture is drawn for any prompt, in whatever script and of whatever length."""
    assert _open(_draw(prompt, name=name)).size == (256, 192)


def _written(text: str) -> Image.Image:
    image = Image.new("RGB", (60, 60))
    write(ImageDraw.Draw(image), (10, 10), text, 255, font_of(40))
    return image.convert("L")


def _others(letter: str) -> list[str]:
    """Return the same letter with the accents that it does not have, as far as that is one character."""
    base, accent = list(unicodedata.normalize("NFD", letter))
    accents = (other for other in "\u0300\u0301\u0302\u0303\u0308" if other != accent)
    return [whole for other in accents if len(whole := unicodedata.normalize("NFC", base + other)) == 1]


@pytest.mark.parametrize("letter", "ÄÖÜäöüéàêñčåžōğőṅ")
def test_accents(letter: str) -> None:
    """A letter with an accent is the same letter with more ink above it, and differs from that with another accent."""
    plain, accented = (_written(text) for text in (unicodedata.normalize("NFD", letter)[0], legible(letter)))
    added, ink = ImageChops.difference(accented, plain).getbbox(), plain.getbbox()
    assert added and ink and added[3] <= ink[1] + 1
    assert all(ImageChops.difference(accented, _written(other)).getbbox() for other in _others(letter))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Füße", "Füsse"),
        ("Grüße – „schön“", "Grüsse - “schön“"),
        ("e\u0301", "é"),
        ("Ａ½", "A1⁄2"),
        ("лиса", BOX * 4),
        ("a 狐狸\n\n b", f"a {BOX * 2} b"),
        ("👩\u200d👧", BOX * 2),
        ("\u202e\0", ""),
    ],
)
def test_legible(text: str, shown: str) -> None:
    """What the font lacks is spelled out, or is one box for each letter; what is no letter is left out."""
    assert legible(text) == shown


def test_lines() -> None:
    """A text is broken between words into lines that fit, within a word that is too long, and cut with an ellipsis."""
    font = font_of(20)
    width = max(font.getlength(line) for line in ("a fox in", "the snow")) + 1
    assert wrapped("a fox in the snow", font, 1000, 3) == ["a fox in the snow"]
    assert wrapped("a fox in the snow", font, width, 3) == ["a fox in", "the snow"]
    cut = wrapped("a fox in the snow " * 9, font, width, 3)
    assert (cut[:2], len(cut), cut[2][-1]) == (["a fox in", "the snow"], 3, "…")
    whole = wrapped("x" * 100, font, 200, 30)
    assert "".join(whole) == "x" * 100
    assert max(font.getlength(line) for line in whole) <= 200


def test_boxes() -> None:
    """A box has ink, and two have more."""
    inks = [ImageStat.Stat(_written(text)).sum[0] for text in ("", BOX, BOX * 2)]
    assert inks[0] == 0 < inks[1] < inks[2]


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (16, 16), (64, 64), (4000, 64), (64, 4000)])
@pytest.mark.parametrize("seed", range(4))
def test_any_size(size: tuple[int, int], seed: int) -> None:
    """No size is too small or too narrow to be drawn."""
    assert _open(_draw(size=size, seed=seed)).size == size


def test_any_seed() -> None:
    """Seeds may be negative or larger than any machine integer."""
    assert _draw(seed=-(10**60)) != _draw(seed=10**60)
