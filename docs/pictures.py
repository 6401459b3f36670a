"""What the emulator makes of the examples: small pictures for the pages, and the files that the examples send."""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import Path

from bfl_client import Client
from bfl_emulator import Emulator
from bfl_emulator.drawing import clips
from bfl_emulator.drawing.films import Draft, Film
from bfl_emulator.drawing.landscapes import generator, paint
from PIL import Image, ImageDraw

from .requests import Request

SIDE = 480
"""Pixels of a picture's longer side on a page."""
_SIZE = 768, 512


def write_inputs(folder: Path) -> None:
    """Write the files that the examples send."""
    paint(_SIZE, generator(7, "photo")).save(folder / "photo.jpg", quality=90)
    mask = Image.new("L", _SIZE)
    ImageDraw.Draw(mask).ellipse((_SIZE[0] // 3, _SIZE[1] // 3, _SIZE[0] * 2 // 3, _SIZE[1] * 5 // 6), fill=255)
    mask.save(folder / "mask.png")
    for name, seed in (("person", 11), ("garment", 23)):
        paint((512, 512), generator(seed, name)).save(folder / f"{name}.png")
    (folder / "clip.mp4").write_bytes(Film("clip", "", 7, 320, 192, 2.0).draw())
    (folder / "video.draft").write_bytes(Draft("a fox in the snow", 7, "animate", 1.5, 5.0, False, ()).to_bytes())


def write_pictures(requests: Iterable[Request], inputs: Path, folder: Path) -> None:
    """Make each request with an emulator, and write a small copy of what it makes, or of a video's first frame."""
    with Emulator(speed=float("inf"), credits=1e6) as emulator, Client(emulator.api_key, emulator.base_url) as client:
        for request in requests:
            made = client.generate(request.endpoint.name, request.placed(inputs)).read()
            film = request.endpoint.kind == "video"
            picture = next(clips.frames(made, 1)) if film else Image.open(io.BytesIO(made))
            picture.thumbnail((SIDE, SIDE))
            target = folder / f"{request.name}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            picture.convert("RGB").save(target, quality=80)


def write_strip(files: list[Path], target: Path) -> None:
    """Write pictures in a row, cut to squares."""
    side = SIDE // 2
    strip = Image.new("RGB", (side * len(files), side))
    for number, file in enumerate(files):
        picture = Image.open(file)
        shorter = min(picture.size)
        left, top = (picture.width - shorter) // 2, (picture.height - shorter) // 2
        square = picture.crop((left, top, left + shorter, top + shorter)).resize((side, side))
        strip.paste(square, (side * number, 0))
    strip.save(target, quality=80)
