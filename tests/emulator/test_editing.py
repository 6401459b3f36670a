"""Endpoints that edit the pictures they are sent, as the marks in a specification say."""

import base64
import io
from collections.abc import Awaitable, Callable
from copy import deepcopy
from random import Random
from typing import Any

import pytest
from bfl_emulator import Emulator
from bfl_emulator.drawing.landscapes import paint
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageStat

from .conftest import connected

pytestmark = pytest.mark.anyio

Edit = Callable[..., Awaitable[Image.Image]]
_MEDIA = {"anyOf": [{"type": "string", "format": "bfl-media"}, {"type": "null"}]}
_NAMES = ("image", "mask", "person", "garment", "input_image", "input_image_2")
_NUMBERS = (
    "dilate_pixels",
    "top",
    "bottom",
    "left",
    "right",
    "reference_offset_x",
    "reference_offset_y",
    "width",
    "height",
    "image_prompt_strength",
)


def _photo(size: tuple[int, int] = (240, 160), seed: str = "photo") -> Image.Image:
    return paint(size, Random(seed))


def _sent(image: Image.Image, kind: str = "PNG") -> str:
    file = io.BytesIO()
    image.save(file, kind)
    return base64.b64encode(file.getvalue()).decode()


def _same(one: Image.Image, other: Image.Image) -> bool:
    return one.size == other.size and ImageChops.difference(one.convert("RGB"), other.convert("RGB")).getbbox() is None


def _difference(one: Image.Image, other: Image.Image) -> float:
    return sum(ImageStat.Stat(ImageChops.difference(one.convert("RGB"), other.convert("RGB"))).mean)


def _pixel(image: Image.Image, place: tuple[int, int]) -> tuple[int, ...]:
    pixel = image.convert("RGB").getpixel(place)
    assert isinstance(pixel, tuple)
    return tuple(round(part) for part in pixel)


def _specification(small: dict[str, Any], marks: dict[str, Any]) -> dict[str, Any]:
    """Return the small specification with an endpoint that takes pictures and has these marks."""
    document = deepcopy(small)
    operation = deepcopy(document["paths"]["/v1/paint"]["post"])
    operation["requestBody"]["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/Edit"}
    document["paths"]["/v1/change"] = {"post": operation | {f"x-bfl-{name}": mark for name, mark in marks.items()}}
    properties: dict[str, Any] = dict.fromkeys(_NAMES, _MEDIA) | {name: {"type": "integer"} for name in _NUMBERS}
    properties |= {"prompt": {"type": "string"}, "seed": {"type": "integer"}}
    document["components"]["schemas"]["Edit"] = {"type": "object", "properties": properties}
    return document


@pytest.fixture
def edit(small: dict[str, Any]) -> Edit:
    """Submit pictures and parameters to an endpoint with these marks, and return the result."""

    async def run(marks: dict[str, Any], **body: Any) -> Image.Image:
        emulator = Emulator(specification=_specification(small, marks), speed=float("inf"), check=True)
        body = {name: _sent(value) if isinstance(value, Image.Image) else value for name, value in body.items()}
        async with connected(emulator) as client:
            receipt = await client.post("/v1/change", json={"prompt": "a hare", "seed": 4, **body})
            answer = (await client.get(receipt.json()["polling_url"])).json()
            assert answer["status"] == "Ready", answer
            del client.headers["x-key"]  # a download must not carry it
            return Image.open(io.BytesIO((await client.get(answer["result"]["sample"])).content))

    return run


async def test_inpaint(edit: Edit) -> None:
    """Inpainting changes what is white in the mask, and not one pixel elsewhere."""
    photo, mask = _photo(), Image.new("L", (240, 160))
    ImageDraw.Draw(mask).ellipse((80, 40, 160, 130), fill=255)
    made = await edit({"emulate": "inpaint"}, image=photo, mask=mask)
    assert _same(Image.composite(photo, made, mask), Image.composite(photo, photo, mask))
    assert _difference(made.crop((100, 60, 140, 100)), photo.crop((100, 60, 140, 100))) > 30


async def test_inpaint_alpha(edit: Edit) -> None:
    """Without a mask, the transparent part is repainted."""
    photo = _photo()
    holed = photo.copy()
    holed.putalpha(255)
    holed.paste((0, 0, 0, 0), (50, 50, 120, 120))
    made = await edit({"emulate": "inpaint"}, image=holed)
    assert _same(made.crop((0, 0, 240, 50)), photo.crop((0, 0, 240, 50)))
    assert _difference(made.crop((60, 60, 110, 90)), photo.crop((60, 60, 110, 90))) > 10


async def test_inpaint_colour(edit: Edit) -> None:
    """The transparent part may be that of one colour, which a PNG names, too."""
    photo = _photo()
    holed = photo.copy()
    holed.paste((1, 2, 3), (50, 50, 120, 120))
    holed.info["transparency"] = (1, 2, 3)
    made = await edit({"emulate": "inpaint"}, image=holed)
    assert _same(made.crop((0, 0, 240, 50)), photo.crop((0, 0, 240, 50)))
    assert _difference(made.crop((60, 60, 110, 90)), holed.crop((60, 60, 110, 90))) > 10


@pytest.mark.parametrize("effect", ["inpaint", "erase"])
@pytest.mark.parametrize("colour", ["black", "white"])
async def test_mask_in_alpha(edit: Edit, effect: str, colour: str) -> None:
    """Of a mask that is transparent in parts, the opaque part is repainted, whatever its colour; the rest stays."""
    photo, mask = _photo(), Image.new("RGBA", (240, 160), (255, 255, 255, 0))
    ImageDraw.Draw(mask).ellipse((80, 40, 160, 130), fill=colour)
    made = await edit({"emulate": effect}, image=photo, mask=mask)
    shape = mask.getchannel("A")
    assert _same(Image.composite(photo, made, shape), photo)
    assert not _same(made, photo)


@pytest.mark.parametrize(
    "mask", [None, Image.new("RGBA", (240, 160), "black"), Image.new("L", (240, 160)), Image.new("RGBA", (240, 160))]
)
async def test_nothing_masked(small: dict[str, Any], mask: Image.Image | None) -> None:
    """A fill that says nowhere what to paint ends in Error, and costs nothing, whatever its receipt says."""
    document = _specification(small, {"emulate": "inpaint", "price": {"per": "picture", "credits": 5}})
    emulator = Emulator(specification=document, speed=float("inf"), check=True, credits=10)
    body = {"prompt": "a hare", "image": _sent(_photo())} | ({"mask": _sent(mask)} if mask else {})
    async with connected(emulator) as client:
        receipt = (await client.post("/v1/change", json=body)).json()
        answer = (await client.get(receipt["polling_url"])).json()
    assert (answer["status"], receipt["cost"]) == ("Error", 5)
    assert "mask" in answer["details"]["error"]
    assert emulator.credits == 10


@pytest.mark.parametrize("size", [(240, 159), (239, 160), (160, 240)])
async def test_mask_of_another_size(small: dict[str, Any], size: tuple[int, int]) -> None:
    """A mask that differs from its picture in width or height ends the task in Error, which names both sizes."""
    document = _specification(small, {"emulate": "erase"})
    emulator = Emulator(specification=document, speed=float("inf"), check=True)
    body = {"image": _sent(_photo()), "mask": _sent(Image.new("L", size, 255))}
    async with connected(emulator) as client:
        receipt = (await client.post("/v1/change", json=body)).json()
        answer = (await client.get(receipt["polling_url"])).json()
    assert answer["status"] == "Error"
    assert f"mask: the mask has {size[0]}x{size[1]} pixels, its picture 240x160" in answer["details"]["error"]


@pytest.mark.parametrize("effect", ["inpaint", "expand", "try-on"])
async def test_missing_picture(small: dict[str, Any], effect: str) -> None:
    """An effect without its picture ends the task in Error, and says which one is missing."""
    emulator = Emulator(specification=_specification(small, {"emulate": effect}), speed=float("inf"), check=True)
    async with connected(emulator) as client:
        body = {"mask": _sent(_photo()), "person": _sent(_photo())}
        receipt = (await client.post("/v1/change", json=body)).json()
        answer = (await client.get(receipt["polling_url"])).json()
    name = "garment" if effect == "try-on" else "image"
    assert (answer["status"], answer["details"]["error"]) == ("Error", f"{name}: the picture is missing")


async def test_renamed_parameter(edit: Edit) -> None:
    """A mark can give another name to a parameter that plays a role in an effect."""
    photo = _photo()
    mark = {"effect": "outpaint", "image": "input_image", "x": "left", "y": "top"}
    made = await edit({"emulate": mark}, input_image=photo, width=400, height=240, left=7, top=9)
    assert _same(made.crop((7, 9, 247, 169)), photo)


async def test_erase(edit: Edit) -> None:
    """What the mask covers, widened by so many pixels, takes on the colours around it; the rest stays."""
    photo, mask = Image.new("RGB", (120, 90), (40, 90, 160)), Image.new("L", (120, 90))
    photo.paste((255, 0, 0), (50, 30, 70, 50))
    mask.paste(255, (53, 33, 67, 47))
    made = await edit({"emulate": "erase"}, image=photo, mask=mask, dilate_pixels=3)
    assert _difference(made, Image.new("RGB", (120, 90), (40, 90, 160))) < 0.5
    made = await edit({"emulate": "erase"}, image=photo, mask=mask, dilate_pixels=0)
    assert _pixel(made, (51, 31)) == (255, 0, 0)


async def test_expand(edit: Edit) -> None:
    """Expanding adds so many pixels on each side, paints them, and leaves the picture as it was."""
    photo = _photo()
    made = await edit({"emulate": "expand"}, image=photo, top=60, left=30, right=20, bottom=10)
    assert made.size == (290, 230)
    assert _same(made.crop((30, 60, 270, 220)), photo)
    assert len(made.crop((0, 0, 290, 60)).getcolors(10**6) or []) > 200


@pytest.mark.parametrize(
    ("offset", "corner"),
    [
        ({}, (80, 40)),
        ({"reference_offset_x": 5, "reference_offset_y": 0}, (5, 0)),
        ({"reference_offset_x": 160}, (160, 40)),
    ],
)
async def test_outpaint(edit: Edit, offset: dict[str, int], corner: tuple[int, int]) -> None:
    """Outpainting places the picture in the middle of the canvas, or where the offsets say."""
    photo, (x, y) = _photo(), corner
    mark = {"effect": "outpaint", "image": "input_image"}
    made = await edit({"emulate": mark}, input_image=photo, width=400, height=240, **offset)
    assert made.size == (400, 240)
    assert _same(made.crop((x, y, x + 240, y + 160)), photo)


@pytest.mark.parametrize("offset", [-10_000, 10**12])
async def test_outpaint_elsewhere(edit: Edit, offset: int) -> None:
    """If the picture lies outside the canvas, the whole canvas is painted."""
    mark = {"effect": "outpaint", "image": "input_image"}
    made = await edit({"emulate": mark}, input_image=_photo(), width=300, height=200, reference_offset_x=offset)
    assert len(made.getcolors(10**6) or []) > 2000


async def test_deblur(edit: Edit) -> None:
    """Deblurring makes edges stronger."""
    blurred = _photo().filter(ImageFilter.GaussianBlur(2))
    made = await edit({"emulate": "deblur"}, image=blurred)
    outlined = [item.convert("L").crop((0, 0, 240, 100)).filter(ImageFilter.FIND_EDGES) for item in (made, blurred)]
    edges = [ImageStat.Stat(item).sum[0] for item in outlined]
    assert edges[0] > 1.2 * edges[1]


async def test_try_on(edit: Edit) -> None:
    """Trying on puts the garment's colours on the body, and leaves the head alone."""
    person, garment = Image.new("RGB", (200, 300), (120, 130, 140)), Image.new("RGB", (50, 50), (250, 0, 0))
    made = await edit({"emulate": "try-on"}, person=person, garment=garment)
    red, green, _ = _pixel(made, (100, 180))
    assert red > 100 > green
    assert _pixel(made, (100, 40)) == (120, 130, 140)


@pytest.mark.parametrize("effect", ["edit", "remix"])
async def test_reference(edit: Edit, effect: str) -> None:
    """Different reference pictures give different results, and the same ones give the same."""
    red, green = (Image.new("RGB", (128, 128), colour) for colour in ((250, 0, 0), (0, 250, 0)))
    mark = {"emulate": effect}
    one, two = await edit(mark, input_image=red), await edit(mark, input_image=green)
    reds = [ImageStat.Stat(item.convert("RGB").crop((0, 0, 60, 60))).mean for item in (one, two)]
    assert reds[0][0] - reds[0][1] > reds[1][0] - reds[1][1] + 30
    assert _same(one, await edit(mark, input_image=red))
    assert not _same(one, await edit(mark, input_image=red, input_image_2=green))


async def test_first_of_two(edit: Edit) -> None:
    """Of two pictures the first is edited; the other is only shown."""
    red, green = (Image.new("RGB", (128, 128), colour) for colour in ((250, 0, 0), (0, 250, 0)))
    made = await edit({"emulate": "edit"}, input_image=red, input_image_2=green)
    mean = ImageStat.Stat(made.convert("RGB").crop((0, 40, 60, 80))).mean
    assert mean[0] > mean[1] + 30


async def test_strength(edit: Edit) -> None:
    """The stronger a picture guides a new one, the more of its colour there is."""
    red = Image.new("RGB", (128, 128), (250, 0, 0))
    made = [await edit({"emulate": "remix"}, input_image=red, image_prompt_strength=strength) for strength in (0, 1)]
    weak, strong = (ImageStat.Stat(item.convert("RGB").crop((0, 0, 60, 60))).mean for item in made)
    assert strong[0] - strong[1] > weak[0] - weak[1] + 10


async def test_unmarked(edit: Edit) -> None:
    """Without a mark, only the size of a picture matters."""
    made = [await edit({}, image=Image.new("RGB", (96, 64), colour)) for colour in ("red", "blue")]
    assert made[0].size == (96, 64)
    assert _same(*made)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "P", "1", "LA"])
async def test_kind(edit: Edit, kind: str, mode: str) -> None:
    """Pictures of every usual format and mode can be edited."""
    picture = _photo((64, 64)).convert("L" if kind == "JPEG" and mode in ("RGBA", "P", "LA") else mode)
    assert (await edit({"emulate": "edit"}, input_image=_sent(picture, kind))).size == (64, 64)


@pytest.mark.parametrize("effect", ["inpaint", "erase", "expand", "deblur", "edit", "remix"])
@pytest.mark.parametrize("size", [(1, 1), (1, 90), (90, 1), (7, 5)])
async def test_tiny(edit: Edit, effect: str, size: tuple[int, int]) -> None:
    """Without a bound in the marks, no picture is too small for an effect."""
    pictures = {"image": _photo(size=(64, 64)).resize(size), "mask": Image.new("L", size, 255)}
    assert (await edit({"emulate": effect}, **pictures, left=1)).width >= size[0]
