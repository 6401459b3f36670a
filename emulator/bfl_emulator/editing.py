"""What editing endpoints make of the pictures they are sent, by the word in their ``x-bfl-emulate`` mark."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from .fill import filled
from .media import Size

Box = tuple[int, int, int, int]
_SHRUNK = 4 * 1024 * 1024  # pixels above which a picture to try on is shrunk to about one megapixel (documented)


@dataclass(frozen=True)
class Bench:
    """What an effect works with: the output's size, pictures by role, the others, parameters, and a painter."""

    size: Size
    roles: Mapping[str, Image.Image]
    others: Sequence[Image.Image]
    values: Mapping[str, Any]
    paint: Callable[[Size], Image.Image]


class Edited(NamedTuple):
    """An edited picture, where on it the banner may lie, and what stays as it was: a picture, shown where mask is 0."""

    image: Image.Image
    room: Box | None
    kept: tuple[Image.Image, Image.Image] | None = None


@dataclass(frozen=True)
class Effect:
    """How an endpoint edits; `roles` are its pictures and the parameters of it, with their usual names."""

    draw: Callable[[Bench], Edited]
    roles: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    size: Callable[[Mapping[str, Any], Mapping[str, Size]], Size | None] = lambda values, sizes: None


def _inpaint(bench: Bench) -> Edited:
    """Repaint what the mask shows white, or, without a mask, what is transparent."""
    picture, mask = bench.roles["image"], bench.roles.get("mask")
    if mask is not None:
        mask = mask.convert("L")
    elif picture.mode == "RGBA":
        mask = ImageChops.invert(picture.getchannel("A"))
    original = picture.convert("RGB")
    box = mask.getbbox() if mask is not None else None
    if mask is None or box is None:
        return Edited(original, None)
    image = original.copy()
    image.paste(bench.paint((box[2] - box[0], box[3] - box[1])), box[:2])
    return Edited(image, box, (original, mask))


def _erase(bench: Bench) -> Edited:
    """Let what surrounds the mask, widened by some pixels, grow into it; words there would spoil what was wanted."""
    original, mask = bench.roles["image"].convert("RGB"), bench.roles["mask"].convert("L")
    mask = mask.point([0] * 128 + [255] * 128)
    for _ in range(int(bench.values.get("dilate") or 0)):
        mask = mask.filter(ImageFilter.MaxFilter(3))
    return Edited(filled(original, mask), None, (original, mask))


def _expand(bench: Bench) -> Edited:
    picture = bench.roles["image"]
    corner = int(bench.values.get("left") or 0), int(bench.values.get("top") or 0)
    return _placed(bench, picture, corner)


def _outpaint(bench: Bench) -> Edited:
    """Place the picture on the canvas: in its middle, unless an offset says where."""
    picture = bench.roles["image"]
    x, y = bench.values.get("x"), bench.values.get("y")
    middle = [(canvas - side) // 2 for canvas, side in zip(bench.size, picture.size, strict=True)]
    return _placed(bench, picture, (middle[0] if x is None else int(x), middle[1] if y is None else int(y)))


def _placed(bench: Bench, picture: Image.Image, corner: Size) -> Edited:
    """Put a picture on a canvas whose rest goes on from its edges and turns into a landscape."""
    width, height = bench.size
    # An offset may lead off the canvas; Pillow's coordinates are 32 bits wide.
    x, y = (max(-side, min(room, place)) for side, room, place in zip(picture.size, bench.size, corner, strict=True))
    box = max(0, x), max(0, y), min(width, x + picture.width), min(height, y + picture.height)
    canvas, fresh = Image.new("RGB", bench.size), Image.new("L", bench.size, 255)
    canvas.paste(picture.convert("RGB"), (x, y))
    if box[0] < box[2] and box[1] < box[3]:
        fresh.paste(0, box)
    distance = fresh.filter(ImageFilter.BoxBlur(max(2, min(bench.size) // 5)))
    far = distance.point([max(0, min(255, round((value - 150) * 2.6))) for value in range(256)])
    image = Image.composite(bench.paint(bench.size), filled(canvas, fresh), far)
    return Edited(image, _widest(bench.size, box), (canvas, fresh))


def _widest(size: Size, box: Box) -> Box | None:
    """The largest margin around a box, or None where there is none."""
    width, height = size
    below, above = (0, box[3], width, height), (0, 0, width, box[1])
    sides = (0, 0, box[0], height), (box[2], 0, width, height)
    room = max((below, above, *sides), key=lambda part: (part[2] - part[0]) * (part[3] - part[1]))
    return room if min(room[2] - room[0], room[3] - room[1]) >= 16 else None


def _deblur(bench: Bench) -> Edited:
    picture = bench.roles["image"].convert("RGB")
    radius = max(2.0, min(picture.size) / 250)
    image = picture.filter(ImageFilter.UnsharpMask(radius, 220, 1)).filter(ImageFilter.UnsharpMask(radius / 2, 90, 2))
    return Edited(image, (0, 0, *image.size))


def _try_on(bench: Bench) -> Edited:
    """Lay the garment over the person's body, with the person's light and shade, and show it in a corner too."""
    person = bench.roles["person"].convert("RGB").resize(bench.size, Image.Resampling.BICUBIC)
    garment = bench.roles["garment"].convert("RGB")
    width, height = person.size
    body = Image.new("L", person.size)
    draw = ImageDraw.Draw(body)
    corners = [(0.38, 0.36), (0.62, 0.36), (0.76, 0.42), (0.84, 0.62), (0.72, 0.66), (0.7, 0.86), (0.3, 0.86)]
    corners += [(0.28, 0.66), (0.16, 0.62), (0.24, 0.42)]
    draw.polygon([(x * width, y * height) for x, y in corners], fill=255)
    draw.ellipse((0.42 * width, 0.31 * height, 0.58 * width, 0.4 * height), fill=0)
    body = body.filter(ImageFilter.GaussianBlur(max(1, min(person.size) / 120)))
    box = round(0.14 * width), round(0.3 * height), round(0.86 * width), round(0.88 * height)
    cloth = Image.new("RGB", person.size)
    cloth.paste(ImageOps.fit(garment, (max(1, box[2] - box[0]), max(1, box[3] - box[1]))), box[:2])
    shade = ImageOps.autocontrast(person.convert("L")).point([150 + round(value * 0.41) for value in range(256)])
    image = Image.composite(ImageChops.multiply(cloth, shade.convert("RGB")), person, body)
    _card(image, garment, (round(0.97 * width), round(0.03 * height)), round(0.2 * min(person.size)))
    return Edited(image, (0, 0, *image.size))


def _edit(bench: Bench) -> Edited:
    """Keep the first picture's forms, in the light of a landscape that the prompt decides; show the others as cards."""
    if not bench.others:
        return Edited(bench.paint(bench.size), (0, 0, *bench.size))
    base = ImageOps.fit(bench.others[0].convert("RGB"), bench.size, Image.Resampling.BICUBIC)
    scene = bench.paint(bench.size)
    light = Image.blend(Image.new("RGB", bench.size, (128, 128, 128)), scene, 0.8)
    image = Image.blend(ImageChops.soft_light(base, light), scene, 0.1)
    _cards(image, bench.others[1:])
    return Edited(image, (0, 0, *image.size))


def _remix(bench: Bench) -> Edited:
    """Paint a landscape in the colours of the pictures, which shine through it; show them as cards too."""
    scene = bench.paint(bench.size)
    if not bench.others:
        return Edited(scene, (0, 0, *scene.size))
    strength = 0.6 + 0.4 * min(1.0, max(0.0, float(bench.values.get("strength") or 0)))
    ghost = ImageOps.fit(bench.others[0].convert("RGB"), bench.size, Image.Resampling.BICUBIC)
    for index, other in enumerate(bench.others[1:], 2):
        ghost = Image.blend(ghost, ImageOps.fit(other.convert("RGB"), bench.size), 1 / index)
    soft = ghost.resize((32, 32), Image.Resampling.BOX).resize(bench.size, Image.Resampling.BICUBIC)
    colours = soft.convert("YCbCr").split()[1:]
    bright = Image.blend(scene.convert("L"), ghost.convert("L"), 0.2)
    image = Image.blend(scene, Image.merge("YCbCr", (bright, *colours)).convert("RGB"), strength)
    _cards(image, bench.others)
    return Edited(image, (0, 0, *image.size))


def _cards(image: Image.Image, pictures: Sequence[Image.Image]) -> None:
    """Show pictures in a row along the top, each in a white frame."""
    side = round(min(min(image.size) * 0.24, image.width * 0.94 / max(1, len(pictures)) / 1.1))
    for index, picture in enumerate(pictures):
        right = round(image.width * 0.97 - index * side * 1.1)
        _card(image, picture.convert("RGB"), (right, round(image.height * 0.03)), side)


def _card(image: Image.Image, picture: Image.Image, corner: Size, side: int) -> None:
    """Paste a picture in a white frame, its upper right corner at `corner`, at most `side` pixels a side."""
    if side < 8:
        return
    edge = max(1, side // 24)
    inner = ImageOps.contain(picture, (side - 2 * edge, side - 2 * edge))
    card = ImageOps.expand(inner, edge, (250, 250, 248))
    shadow = Image.new("L", card.size, 110)
    image.paste((0, 0, 0), (corner[0] - card.width + edge, corner[1] + edge), shadow)
    image.paste(card, (corner[0] - card.width, corner[1]))


def _enlarged(values: Mapping[str, Any], sizes: Mapping[str, Size]) -> Size:
    (width, height), added = sizes["image"], {side: int(values.get(side) or 0) for side in _SIDES}
    return width + added["left"] + added["right"], height + added["top"] + added["bottom"]


def _person(values: Mapping[str, Any], sizes: Mapping[str, Size]) -> Size:
    width, height = sizes["person"]
    scale = math.sqrt(1024 * 1024 / (width * height)) if width * height > _SHRUNK else 1
    return round(width * scale), round(height * scale)


def _same(values: Mapping[str, Any], sizes: Mapping[str, Size]) -> Size:
    return sizes["image"]


_SIDES = {side: side for side in ("top", "bottom", "left", "right")}
EFFECTS: Mapping[str, Effect] = {
    "inpaint": Effect(_inpaint, ("image", "mask"), size=_same),
    "erase": Effect(_erase, ("image", "mask"), {"dilate": "dilate_pixels"}, _same),
    "expand": Effect(_expand, ("image",), _SIDES, _enlarged),
    "outpaint": Effect(_outpaint, ("image",), {"x": "reference_offset_x", "y": "reference_offset_y"}),
    "deblur": Effect(_deblur, ("image",), size=_same),
    "try-on": Effect(_try_on, ("person", "garment"), size=_person),
    "edit": Effect(_edit),
    "remix": Effect(_remix, values={"strength": "image_prompt_strength"}),
}
