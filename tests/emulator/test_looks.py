"""What the drawings look like: a thumbnail of each kind, compared with the one in `looks.png`.

After a change that is meant to be seen, ``python -m tests.emulator.test_looks`` draws that file anew: look at it.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from bfl_emulator.drawing import clips
from bfl_emulator.drawing.films import Film
from bfl_emulator.drawing.pictures import Edit, Input, Picture, banner
from PIL import Image, ImageChops, ImageDraw, ImageStat

_SHEET = Path(__file__).with_name("looks.png")
_SIDE, _ACROSS = 16, 8  # cells of a thumbnail, and thumbnails in a row of the sheet
_OFF, _MOST = 1.0, 6  # of 255: how far the cells may be off on average, and each; Pillow 11 and 13 differ by less

Draw = Callable[[], Image.Image]


def _card(size: tuple[int, int] = (240, 160)) -> Image.Image:
    """A test card: a colour of its own at every place, edges, and dark and light."""
    across = Image.linear_gradient("L").rotate(90)
    image = Image.merge("RGB", (Image.linear_gradient("L"), across, Image.radial_gradient("L"))).resize(size)
    width, height = size
    draw = ImageDraw.Draw(image)
    for index in range(0, 8, 2):
        draw.rectangle((width * index // 8, height // 8, width * (index + 1) // 8, height // 4), fill="white")
        draw.rectangle((width // 8, height * index // 8, width // 5, height * (index + 1) // 8), fill="navy")
    draw.ellipse((width // 2, height // 3, width * 7 // 8, height * 3 // 4), fill="orange")
    return image


def _mask(*box: Any) -> Image.Image:
    mask = Image.new("L", (240, 160))
    mask.paste(255, box)
    return mask


def _holed() -> Image.Image:
    image = _card().convert("RGBA")
    image.paste((0, 0, 0, 0), (60, 20, 200, 70))
    return image


_PICTURES: Mapping[str, Callable[[], Image.Image]] = {
    "card": _card,
    "small": lambda: _card((96, 64)),
    "upright": lambda: _card((150, 220)),
    "turned": lambda: _card().transpose(Image.Transpose.ROTATE_180),
    "garment": lambda: Image.new("RGB", (60, 80), (230, 60, 90)),
    "holed": _holed,
    "wide": lambda: _mask(30, 60, 220, 110),
    "half": lambda: _mask(0, 70, 240, 160),
    "corner": lambda: _mask(150, 80, 230, 150),
}


def _input(name: str, moment: float | None = None) -> Input:
    return Input("image", name, _PICTURES[name]().size, moment)


def _opened(item: Input) -> Image.Image:
    return _PICTURES[item.digest]()


def _picture(seed: int, size: tuple[int, int] = (256, 192), edit: Edit | None = None) -> Image.Image:
    return Image.open(io.BytesIO(Picture("paint", "a fox", seed, *size, "png", edit).draw(_opened)))


def _edited(effect: str, size: tuple[int, int] = (240, 160), /, others: str = "", **given: Any) -> Draw:
    """Edit pictures: those in `given` that are named by text play a role, and the rest of it are values."""
    roles = {role: _input(name) for role, name in given.items() if isinstance(name, str)}
    values = {name: value for name, value in given.items() if name not in roles}
    edit = Edit(effect, roles, tuple(map(_input, others.split())), values)
    return partial(_picture, 1, size, edit)


_FILM = Film("film", "a fox", 16, 192, 128, 1.0)
_FILMS: Mapping[str, Film] = {
    "landscape": _FILM,
    "small landscape": replace(_FILM, width=64, height=64),
    "stills": replace(_FILM, stills=(_input("card", 0.2), _input("turned", 0.8))),
    "still": replace(_FILM, stills=(_input("card", 0.5),)),
    "continued": replace(_FILM, effect="continue", stills=(_input("card", 0.0),)),
    "relit": replace(_FILM, effect="edit-clip", source=_input("card", 0.0)),
    "upscaled": replace(_FILM, effect="upscale", source=_input("card", 0.0), width=288, height=192),
}


def _filmed(film: Film) -> Image.Image:
    """Four frames of a video in one picture, the first and the last among them."""
    pytest.importorskip("av")
    content = film.draw(_opened, lambda item: _FILMS["stills"].draw(_opened))
    frames = list(clips.frames(content, clips.rate((film.width, film.height))))
    sheet = Image.new("RGB", (2 * film.width, 2 * film.height))
    for index, frame in enumerate((frames[0], frames[3], frames[6], frames[-1])):
        sheet.paste(frame, (index % 2 * film.width, index // 2 * film.height))
    return sheet


def _banner(width: int, height: int) -> Image.Image:
    prompt = "A fox and Étienne's généreux hérisson, crossing the ríver at night " * 9
    image = Image.new("RGB", (width, height), "white")
    image.paste(strip := banner(width, height, "paint", prompt, "seed 1"), (0, 0), strip)
    return image.crop((0, 0, *strip.size))


_LOOKS: Mapping[str, Draw] = {
    **{f"landscape {seed}": partial(_picture, seed) for seed in (0, 1, 4, 7, 11, 12, 15, 16, 19)},
    "upright landscape": partial(_picture, 6, (128, 320)),
    "wide landscape": partial(_picture, 27, (400, 100)),
    "inpaint": _edited("inpaint", image="card", mask="wide"),
    "inpaint alpha": _edited("inpaint", image="holed"),
    "erase": _edited("erase", image="card", mask="corner", dilate=6),
    "erase half": _edited("erase", image="card", mask="half"),
    "expand": _edited("expand", (300, 400), image="card", left=60, bottom=240),
    "expand above": _edited("expand", (96, 160), image="small", top=96),
    "expand all": _edited("expand", (360, 280), image="card", left=60, right=60, top=60, bottom=60),
    "outpaint": _edited("outpaint", (400, 240), image="card"),
    "outpaint at": _edited("outpaint", (400, 240), image="card", x=150, y=-30),
    "deblur": _edited("deblur", image="card"),
    "try on": _edited("try-on", (150, 220), person="upright", garment="garment"),
    "edit nothing": _edited("edit"),
    "edit": _edited("edit", (480, 320), others="card"),
    "edit with cards": _edited("edit", (480, 320), others="card turned upright"),
    "remix": _edited("remix", (480, 320), others="card turned", strength=0.0),
    "remix strongly": _edited("remix", others="card", strength=1.0),
    "banner": partial(_banner, 400, 300),
    "narrow banner": partial(_banner, 90, 300),
    "flat banner": partial(_banner, 300, 66),
    "low banner": partial(_banner, 300, 60),
    **{f"film {name}": partial(_filmed, film) for name, film in _FILMS.items()},
}


def _thumbnail(image: Image.Image) -> Image.Image:
    return image.convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BOX)


def _place(name: str) -> tuple[int, int]:
    down, across = divmod(list(_LOOKS).index(name), _ACROSS)
    return across * _SIDE, down * _SIDE


@pytest.mark.parametrize("name", _LOOKS)
def test_looks(name: str) -> None:
    """A drawing of each kind has the colours of its stored thumbnail, in every place."""
    left, upper = _place(name)
    with Image.open(_SHEET) as sheet:
        known = sheet.crop((left, upper, left + _SIDE, upper + _SIDE))
    off = ImageStat.Stat(ImageChops.difference(_thumbnail(_LOOKS[name]()), known))
    assert max(off.mean) <= _OFF
    assert max(high for _, high in off.extrema) <= _MOST


def _renew() -> None:
    sheet = Image.new("RGB", (_ACROSS * _SIDE, -(-len(_LOOKS) // _ACROSS) * _SIDE))
    for name, draw in _LOOKS.items():
        sheet.paste(_thumbnail(draw()), _place(name))
    sheet.save(_SHEET, optimize=True)


if __name__ == "__main__":
    _renew()
