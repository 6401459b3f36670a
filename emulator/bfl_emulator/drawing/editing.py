"""Edits the pictures that a request carries, by the effect that its ``x-bfl-emulate`` mark names."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from .sizes import Size

Box = tuple[int, int, int, int]
_SHRUNK = 4 * 1024 * 1024  # pixels of a person; larger pictures are shrunk to about one megapixel (documented)


@dataclass(frozen=True)
class Materials:
    """What an effect works with.

    The size of the output, the pictures that play a role in the effect and all others, its parameters, and a function
    that paints a landscape of any size.
    """

    size: Size
    roles: Mapping[str, Image.Image]
    others: Sequence[Image.Image]
    values: Mapping[str, Any]
    paint: Callable[[Size], Image.Image]


class Edited(NamedTuple):
    """An edited picture, and where its banner may lie, if anywhere.

    `kept` is what must not change: a picture, and a mask that is 0 wherever this picture shows through.
    """

    image: Image.Image
    room: Box | None
    kept: tuple[Image.Image, Image.Image] | None = None


@dataclass(frozen=True)
class Effect:
    """How an endpoint edits: the roles of its pictures, and its other parameters with their usual names."""

    draw: Callable[[Materials], Edited]
    roles: Sequence[str] = ()
    values: Mapping[str, str] = field(default_factory=dict)
    size: Callable[[Mapping[str, Any], Mapping[str, Size]], Size | None] = lambda values, sizes: None


def hole(roles: Mapping[str, Image.Image]) -> Image.Image:
    """Return, as a mask, what is to be repainted.

    That is what is white in the mask; where a mask is transparent in parts and shows no white, what is opaque; and
    without a mask, what is transparent in the picture.
    """
    picture, mask = roles["image"], roles.get("mask")
    if mask is None:
        return ImageChops.invert(picture.convert("RGBA").getchannel("A"))
    white, opaque = mask.convert("L"), mask.convert("RGBA").getchannel("A")
    shown = ImageChops.multiply(white, opaque)
    return shown if shown.getbbox() or opaque.getextrema()[0] == 255 else opaque


def _inpaint(given: Materials) -> Edited:
    original, mask = given.roles["image"].convert("RGB"), hole(given.roles)
    box = mask.getbbox()
    if box is None:
        return Edited(original, None)
    image = original.copy()
    image.paste(given.paint((box[2] - box[0], box[3] - box[1])), box[:2])
    return Edited(image, box, (original, mask))


def _erase(given: Materials) -> Edited:
    """Let the surroundings grow into the mask, widened by `dilate` pixels. A banner there would spoil the result."""
    original, mask = given.roles["image"].convert("RGB"), hole(given.roles)
    mask = mask.point([0] * 128 + [255] * 128)
    for _ in range(int(given.values.get("dilate") or 0)):
        mask = mask.filter(ImageFilter.MaxFilter(3))
    return Edited(_filled(original, mask), None, (original, mask))


def _expand(given: Materials) -> Edited:
    corner = int(given.values.get("left") or 0), int(given.values.get("top") or 0)
    return _placed(given, given.roles["image"], corner)


def _outpaint(given: Materials) -> Edited:
    """Place the picture on the canvas: in the middle, unless an offset says where."""
    picture = given.roles["image"]
    x, y = given.values.get("x"), given.values.get("y")
    middle = [(canvas - side) // 2 for canvas, side in zip(given.size, picture.size, strict=True)]
    return _placed(given, picture, (middle[0] if x is None else int(x), middle[1] if y is None else int(y)))


def _placed(given: Materials, picture: Image.Image, corner: Size) -> Edited:
    """Put a picture on a canvas; around it, its edges continue and gradually turn into a landscape."""
    width, height = given.size
    # An offset may point far outside the canvas, and Pillow's coordinates have only 32 bits.
    x, y = (max(-side, min(room, place)) for side, room, place in zip(picture.size, given.size, corner, strict=True))
    box = max(0, x), max(0, y), min(width, x + picture.width), min(height, y + picture.height)
    canvas, fresh = Image.new("RGB", given.size), Image.new("L", given.size, 255)
    canvas.paste(picture.convert("RGB"), (x, y))
    if box[0] < box[2] and box[1] < box[3]:
        fresh.paste(0, box)
    distance = fresh.filter(ImageFilter.BoxBlur(max(2, min(given.size) // 5)))
    far = distance.point([max(0, min(255, round((value - 150) * 2.6))) for value in range(256)])
    image = Image.composite(given.paint(given.size), _filled(canvas, fresh), far)
    return Edited(image, _widest(given.size, box), (canvas, fresh))


def _filled(picture: Image.Image, hole: Image.Image) -> Image.Image:
    """Return a picture (RGB) whose hole (white in a mask of the same size) smoothly continues its surroundings.

    The known part is shrunk step by step, so that each level reaches further into the hole. Then the levels are laid
    over each other, the coarsest at the bottom: near the edge of the hole what is known nearby shows.
    """
    level = picture.copy()
    level.putalpha(ImageChops.invert(hole))
    levels = [level]
    while max(level.size) > 1:
        # Faster across than down: in most pictures, what is beside a thing is most like what is behind it.
        size = max(1, level.width // 4), max(1, level.height // 2)
        # Pillow weighs colours by their alpha here, so that unknown pixels do not count.
        level = level.resize(size, Image.Resampling.BOX)
        # A pixel that is known in part counts as known: its colour is right, and there is none better.
        level.putalpha(level.getchannel("A").point([min(255, 3 * value) for value in range(256)]))
        levels.append(level)
    result = levels.pop().convert("RGB")
    while levels:
        level = levels.pop()
        under = result.resize(level.size, Image.Resampling.BILINEAR)
        result = Image.composite(level.convert("RGB"), under, level.getchannel("A"))
    return result


def _widest(size: Size, box: Box) -> Box | None:
    """Return the largest margin around a box, or None if each is narrower than 16 pixels."""
    width, height = size
    below, above = (0, box[3], width, height), (0, 0, width, box[1])
    sides = (0, 0, box[0], height), (box[2], 0, width, height)
    room = max((below, above, *sides), key=lambda part: (part[2] - part[0]) * (part[3] - part[1]))
    return room if min(room[2] - room[0], room[3] - room[1]) >= 16 else None


def _deblur(given: Materials) -> Edited:
    picture = given.roles["image"].convert("RGB")
    radius = max(2.0, min(picture.size) / 250)
    image = picture.filter(ImageFilter.UnsharpMask(radius, 220, 1)).filter(ImageFilter.UnsharpMask(radius / 2, 90, 2))
    return Edited(image, (0, 0, *image.size))


def _try_on(given: Materials) -> Edited:
    """Lay the garment over the person's body in the person's own light and shade; show it in a corner, too."""
    person = given.roles["person"].convert("RGB").resize(given.size, Image.Resampling.BICUBIC)
    garment = given.roles["garment"].convert("RGB")
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


def _edit(given: Materials) -> Edited:
    """Show the first picture in the light of a landscape that the prompt decides, and the others as cards."""
    if not given.others:
        return Edited(given.paint(given.size), (0, 0, *given.size))
    base = ImageOps.fit(given.others[0].convert("RGB"), given.size, Image.Resampling.BICUBIC)
    scene = given.paint(given.size)
    light = Image.blend(Image.new("RGB", given.size, (128, 128, 128)), scene, 0.8)
    image = Image.blend(ImageChops.soft_light(base, light), scene, 0.1)
    _cards(image, given.others[1:])
    return Edited(image, (0, 0, *image.size))


def _remix(given: Materials) -> Edited:
    """Paint a landscape in the colours of the pictures, which shine through it; show them as cards, too."""
    scene = given.paint(given.size)
    if not given.others:
        return Edited(scene, (0, 0, *scene.size))
    strength = 0.6 + 0.4 * min(1.0, max(0.0, float(given.values.get("strength") or 0)))
    ghost = ImageOps.fit(given.others[0].convert("RGB"), given.size, Image.Resampling.BICUBIC)
    for index, other in enumerate(given.others[1:], 2):
        ghost = Image.blend(ghost, ImageOps.fit(other.convert("RGB"), given.size), 1 / index)
    soft = ghost.resize((32, 32), Image.Resampling.BOX).resize(given.size, Image.Resampling.BICUBIC)
    colours = soft.convert("YCbCr").split()[1:]
    bright = Image.blend(scene.convert("L"), ghost.convert("L"), 0.2)
    image = Image.blend(scene, Image.merge("YCbCr", (bright, *colours)).convert("RGB"), strength)
    _cards(image, given.others)
    return Edited(image, (0, 0, *image.size))


def _cards(image: Image.Image, pictures: Sequence[Image.Image]) -> None:
    """Paste pictures in a row along the top, each in a white frame."""
    side = round(min(min(image.size) * 0.24, image.width * 0.94 / max(1, len(pictures)) / 1.1))
    for index, picture in enumerate(pictures):
        right = round(image.width * 0.97 - index * side * 1.1)
        _card(image, picture.convert("RGB"), (right, round(image.height * 0.03)), side)


def _card(image: Image.Image, picture: Image.Image, corner: Size, side: int) -> None:
    """Paste a picture in a white frame, at most `side` pixels a side, its upper right corner at `corner`."""
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
