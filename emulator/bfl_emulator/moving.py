"""Lets a landscape live: the sun travels, the clouds drift, the land stays."""

import math
from random import Random

from PIL import Image

from .media import Size
from .scenery import begin, clouds, land, sun


class MovingLandscape:
    """A painted landscape at any moment between 0 (the beginning) and 1 (the end)."""

    def __init__(self, size: Size, random: Random) -> None:
        scene = begin(size, random)
        self._size, self._sky = size, scene.canvas.copy()
        self._sun, self._clouds = sun(scene), clouds(scene, round(size[0] * 1.5))
        for layer in (*self._sun[:-1], self._clouds):  # water that mirrors the disc would keep it where it began
            colours = layer.colours if isinstance(layer.colours, tuple) else layer.colours.crop((0, 0, *size))
            mask = layer.mask if isinstance(layer.colours, tuple) else layer.mask.crop((0, 0, *size))
            scene.canvas.paste(colours, layer.place, mask)
        land(scene)
        self._land, self._cover = scene.canvas, scene.cover

    def at(self, moment: float) -> Image.Image:
        """Paint the landscape as it is at a moment from 0 to 1."""
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
