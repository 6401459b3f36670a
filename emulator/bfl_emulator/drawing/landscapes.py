"""Paints landscapes: a sky with sun or moon and clouds, ridges, and water, woods or hills in front; still or moving."""

import colorsys
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from PIL import Image, ImageChops, ImageDraw, ImageFilter

from .sizes import Size

Colour = tuple[int, int, int]

# Colours of the zenith, the middle of the sky, the horizon, the light and the nearest ground. Each picture shifts the
# hues a little.
_MOODS: Sequence[Sequence[Colour]] = (
    ((38, 52, 104), (150, 96, 138), (255, 170, 120), (255, 226, 176), (24, 24, 48)),  # dusk
    ((58, 124, 190), (140, 190, 224), (240, 232, 210), (255, 250, 226), (22, 58, 52)),  # morning
    ((10, 14, 40), (28, 40, 92), (80, 96, 150), (232, 238, 255), (6, 8, 22)),  # night
    ((196, 102, 82), (246, 168, 112), (255, 226, 170), (255, 246, 214), (92, 36, 44)),  # heat
    ((64, 92, 112), (132, 160, 168), (206, 214, 208), (246, 246, 234), (26, 40, 44)),  # mist
    ((60, 24, 92), (172, 62, 132), (255, 138, 118), (255, 214, 150), (30, 10, 48)),  # afterglow
    ((18, 74, 92), (72, 158, 152), (214, 226, 170), (255, 244, 190), (10, 40, 44)),  # lagoon
    ((120, 150, 196), (198, 190, 214), (250, 214, 206), (255, 240, 230), (54, 48, 84)),  # pastel
)
_SMOOTH = Image.Resampling.BICUBIC


@dataclass(frozen=True)
class Scene:
    """A landscape in progress: its canvas, horizon (a row) and colours, and the generator that decides everything else.

    `cover` is a mask of the land painted so far.
    """

    canvas: Image.Image
    cover: Image.Image
    horizon: int
    random: Random
    top: Colour
    middle: Colour
    far: Colour
    light: Colour
    ground: Colour


@dataclass(frozen=True)
class Layer:
    """A colour, or a picture, to paste through a mask whose upper left corner is at `place`."""

    colours: Colour | Image.Image
    mask: Image.Image
    place: Size


def generator(seed: int, prompt: str) -> Random:
    """Return the generator that decides a landscape, in the same way on every machine: it hashes text with SHA-512."""
    return Random(f"{seed}:{prompt}")  # noqa: S311  (it protects no secret)


def paint(size: Size, random: Random) -> Image.Image:
    """Paint a landscape, at least 64 pixels a side; the same state of the generator gives the same picture."""
    scene = _begin(size, random)
    for layer in (*_sun(scene), _clouds(scene)):
        scene.canvas.paste(layer.colours, layer.place, layer.mask)
    _land(scene)
    return scene.canvas


class MovingLandscape:
    """A landscape over time: the sun travels, the clouds drift, the land stays."""

    def __init__(self, size: Size, random: Random) -> None:
        scene = _begin(size, random)
        self._size, self._sky = size, scene.canvas.copy()
        self._sun, self._clouds = _sun(scene), _clouds(scene, round(size[0] * 1.5))
        for layer in (*self._sun[:-1], self._clouds):  # not the disc: water would mirror it where it began
            colours = layer.colours if isinstance(layer.colours, tuple) else layer.colours.crop((0, 0, *size))
            mask = layer.mask if isinstance(layer.colours, tuple) else layer.mask.crop((0, 0, *size))
            scene.canvas.paste(colours, layer.place, mask)
        _land(scene)
        self._land, self._cover = scene.canvas, scene.cover

    def at(self, moment: float) -> Image.Image:
        """Paint the landscape at a moment from 0 (the beginning) to 1 (the end)."""
        width, height = self._size
        image = self._sky.copy()
        for layer in self._sun:
            x, y = layer.place
            rise = math.sin(math.pi * moment) * height * 0.08
            image.paste(layer.colours, (round(x + (moment - 0.5) * width * 0.3), round(y - rise)), layer.mask)
        drift, mask = moment * width * 0.5, self._clouds.mask
        box = (round(drift), 0, round(drift) + width, mask.height)
        if isinstance(self._clouds.colours, Image.Image):
            image.paste(self._clouds.colours.crop(box), (0, 0), mask.crop(box))
        image.paste(self._land, (0, 0), self._cover)
        return image


def _begin(size: Size, random: Random) -> Scene:
    """Start a landscape: choose its colours and horizon and paint the empty sky."""
    shift, colours = random.uniform(-0.05, 0.05), list[Colour]()
    for red, green, blue in random.choice(_MOODS):
        hue, lightness, saturation = colorsys.rgb_to_hls(red / 255, green / 255, blue / 255)
        colours.append(_colour(255 * part for part in colorsys.hls_to_rgb((hue + shift) % 1, lightness, saturation)))
    top, middle, far, light, ground = colours
    horizon = int(size[1] * random.uniform(0.52, 0.68))
    canvas, cover = Image.new("RGB", size, far), Image.new("L", size)
    canvas.paste(_gradient((size[0], horizon), top, middle, far))
    cover.paste(255, (0, horizon, *size))
    scene = Scene(canvas, cover, horizon, random, top, middle, far, light, ground)
    if sum(top) < 150:
        _stars(scene)
    return scene


def _land(scene: Scene) -> None:
    """Paint ridges, and water, woods or hills in front of them."""
    _ridges(scene)
    scene.random.choice((_lake, _woods, _hills))(scene)


def _stars(scene: Scene) -> None:
    width, horizon = scene.canvas.width, scene.horizon
    draw = ImageDraw.Draw(scene.canvas)
    for _ in range(min(400, width * horizon // 2500)):
        x, y = scene.random.randrange(width), int(horizon * scene.random.random() ** 1.5)
        radius = round(min(scene.canvas.size) / 350 * scene.random.random())
        brightness = scene.random.random() * (1 - y / horizon)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_mix(scene.top, scene.light, brightness))


def _sun(scene: Scene) -> list[Layer]:
    """Return the sun or moon as layers: two halos and a disc."""
    unit, random, layers = min(scene.canvas.size), scene.random, list[Layer]()
    centre = int(scene.canvas.width * random.uniform(0.2, 0.8)), int(scene.horizon * random.uniform(0.3, 0.85))
    for breadth, falloff, strength in ((1.9, 2.2, 0.75), (0.5, 2.0, 0.7)):
        halo = [round(255 * strength * max(0.0, 1 - distance / 180) ** falloff) for distance in range(256)]
        layers.append(_disc(Image.radial_gradient("L").point(halo), centre, int(unit * breadth), scene.light))
    disc = Image.new("L", (256, 256))
    ImageDraw.Draw(disc).ellipse((4, 4, 251, 251), fill=255)
    bright = _mix(scene.light, (255, 255, 255), 0.5)
    return [*layers, _disc(disc, centre, int(unit * random.uniform(0.09, 0.17)), bright)]


def _disc(shape: Image.Image, centre: Size, diameter: int, colour: Colour) -> Layer:
    diameter = max(2, diameter)
    place = centre[0] - diameter // 2, centre[1] - diameter // 2
    return Layer(colour, shape.resize((diameter, diameter), _SMOOTH), place)


def _clouds(scene: Scene, width: int | None = None) -> Layer:
    """Return the clouds as a layer; clouds that drift need more `width` (pixels) than the canvas has."""
    size = width or scene.canvas.width, scene.horizon
    unit, least = min(scene.canvas.size), scene.random.uniform(118, 150)
    cover = _noise(size, scene.random, (unit * 0.9, unit * 0.22), 4, lambda value: (value - least) * 5)
    band = Image.linear_gradient("L").resize(size)
    band = band.point(_curve(lambda value: 158 * math.sin(math.pi * value / 255) ** 0.7))
    colours = _gradient(size, _mix(scene.middle, scene.light, 0.45), _mix(scene.far, scene.light, 0.6))
    return Layer(colours, ImageChops.multiply(cover, band), (0, 0))


def _ridges(scene: Scene) -> None:
    height, count = scene.canvas.height, scene.random.randint(3, 5)
    for index in range(count):
        near = index / (count - 1)
        base = scene.horizon - height * (0.16 * (1 - near) ** 1.3 - 0.02)
        relief = height * (0.13 - 0.05 * near) * scene.random.uniform(0.7, 1.3)
        _ridge(scene, base, relief, near, 0.18 + 0.6 * near**1.2)


def _ridge(scene: Scene, base: float, relief: float, near: float, dark: float) -> list[tuple[float, float]]:
    """Draw one ridge around the row `base`, and everything below it; return its outline."""
    width, height = scene.canvas.size
    outline = [(x * width, base - relief * (y + 0.25)) for x, y in _profile(scene.random)]
    crest = min(max(0, int(min(y for _, y in outline))), height - 1)
    # Drawn at twice the size and then reduced, because Pillow's polygons have hard edges.
    mask = Image.new("L", (2 * width, 2 * (height - crest)))
    corners = [(2 * x, 2 * (y - crest)) for x, y in outline]
    ImageDraw.Draw(mask).polygon([*corners, (2 * width, 2 * height), (0, 2 * height)], fill=255)
    colour = _mix(scene.far, scene.ground, dark)
    foot = _mix(colour, scene.far, 0.45 * (1 - 0.6 * near))
    scene.canvas.paste(_gradient((width, height - crest), colour, foot), (0, crest), mask := mask.reduce(2))
    scene.cover.paste(255, (0, crest), mask)
    return outline


def _profile(random: Random) -> list[tuple[float, float]]:
    """Return a fractal outline, x from 0 to 1, heights about -1 to 1, by moving midpoints of ever smaller pieces."""
    heights, reach, roughness = [random.uniform(-1, 1), random.uniform(-1, 1)], 1.0, random.uniform(0.46, 0.56)
    for _ in range(9):
        reach *= roughness
        middles = [(a + b) / 2 + random.uniform(-reach, reach) for a, b in pairwise(heights)]
        heights = [height for pair in zip(heights, middles, strict=False) for height in pair] + heights[-1:]
    return [(index / (len(heights) - 1), height) for index, height in enumerate(heights)]


def _lake(scene: Scene) -> None:
    """Paint water that mirrors what is above the horizon, with ripples and glints."""
    width, horizon = scene.canvas.width, scene.horizon
    size = width, scene.canvas.height - horizon
    above = scene.canvas.crop((0, max(0, horizon - int(size[1] * 1.15)), width, horizon))
    mirror = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(size)
    blurred = mirror.filter(ImageFilter.GaussianBlur(max(1, width / 500)))
    shifted = blurred.transform(size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -max(2, size[1] // 40)))
    ripples = _noise(size, scene.random, (width * 0.35, size[1] * 0.03), 3, lambda value: (value - 118) * 12)
    depth = _gradient(size, _mix(scene.far, scene.middle, 0.5), _mix(scene.ground, scene.top, 0.4))
    water = Image.blend(Image.composite(mirror, shifted, ripples), depth, 0.35)
    glints = _noise(size, scene.random, (width * 0.12, size[1] * 0.012), 2, lambda value: (value - 176) * 6)
    fade = Image.linear_gradient("L").transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize(size)
    fade = fade.point(_curve(lambda value: value * 0.45))
    water.paste(scene.light, (0, 0), ImageChops.multiply(glints, fade))
    scene.canvas.paste(water, (0, horizon))


def _woods(scene: Scene) -> None:
    """Paint rows of firs, darker and taller towards the viewer."""
    height = scene.canvas.height
    for row in range(3):
        near = row / 2
        base = scene.horizon + (height - scene.horizon) * (0.2 + 0.3 * row)
        outline = _ridge(scene, base, height * 0.05, 1.0, 0.78 + 0.2 * near)
        _firs(scene, outline, height * (0.05 + 0.05 * near), _mix(scene.far, scene.ground, 0.78 + 0.2 * near))


def _firs(scene: Scene, outline: list[tuple[float, float]], tall: float, colour: Colour) -> None:
    draws, x = ((ImageDraw.Draw(scene.canvas), colour), (ImageDraw.Draw(scene.cover), 255)), 0.0
    while x < scene.canvas.width:
        foot = outline[int(x / scene.canvas.width * (len(outline) - 1))][1] + tall * 0.1
        fir = tall * scene.random.uniform(0.5, 1.2)
        for draw, fill in draws:
            for tier in range(4):
                tip, spread = foot - fir * (1 - tier * 0.2), fir * (0.09 + tier * 0.05)
                draw.polygon([(x, tip), (x - spread, tip + fir * 0.34), (x + spread, tip + fir * 0.34)], fill=fill)
            draw.rectangle((x - fir * 0.03, foot - fir * 0.15, x + fir * 0.03, foot + fir * 0.1), fill=fill)
        x += tall * scene.random.uniform(0.15, 0.7)


def _hills(scene: Scene) -> None:
    """Paint more ridges, down to the viewer's feet."""
    for row in range(4):
        base = scene.horizon + (scene.canvas.height - scene.horizon) * (0.12 + 0.25 * row)
        _ridge(scene, base, scene.canvas.height * 0.06, 0.7, 0.7 + 0.1 * row)


def _noise(
    size: Size, random: Random, cell: tuple[float, float], octaves: int, curve: Callable[[int], float]
) -> Image.Image:
    """Return clouds of grey: random dots of about `cell` pixels, enlarged smoothly, under layers of ever finer ones.

    `curve` maps each grey value to another.
    """
    total = Image.new("L", size, 128)
    for octave in range(octaves):
        dots = [min(extent, max(2, round(extent / part * 2**octave))) for extent, part in zip(size, cell, strict=True)]
        layer = Image.frombytes("L", (dots[0], dots[1]), random.randbytes(dots[0] * dots[1])).resize(size, _SMOOTH)
        total = Image.blend(total, layer, 1 / (2**octave + 0.6)) if octave else layer
    return total.point(_curve(curve))


def _gradient(size: Size, *colours: Colour) -> Image.Image:
    strip = Image.new("RGB", (1, 256))
    for row in range(256):
        place = row / 255 * (len(colours) - 1)
        index = min(int(place), len(colours) - 2)
        strip.putpixel((0, row), _mix(colours[index], colours[index + 1], place - index))
    return strip.resize(size, _SMOOTH)


def _curve(function: Callable[[int], float]) -> list[int]:
    return [min(255, max(0, round(function(value)))) for value in range(256)]


def _mix(one: Colour, other: Colour, share: float) -> Colour:
    return _colour(a + (b - a) * share for a, b in zip(one, other, strict=True))


def _colour(parts: Iterable[float]) -> Colour:
    red, green, blue = (round(part) for part in parts)
    return red, green, blue
