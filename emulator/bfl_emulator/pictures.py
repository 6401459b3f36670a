"""Real picture files of the requested size and format, drawn from prompt, seed and inputs, and marked as emulated."""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

from .banner import banner, lay
from .editing import EFFECTS, Bench, Edited
from .inputs import Input
from .media import Size
from .scenery import paint

CONTENT_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

_PAINTED = 1_250_000  # pixels that are painted at most; a larger picture is enlarged, in a fraction of the time
Open = Callable[[Input], Image.Image]


@dataclass(frozen=True)
class Edit:
    """How a picture is made from others: the effect's name, its pictures by role, the others, its parameters."""

    effect: str
    roles: Mapping[str, Input] = field(default_factory=dict)
    others: tuple[Input, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def _nothing(item: Input) -> Image.Image:
    raise LookupError(item.parameter)


@dataclass(frozen=True)
class Picture:
    """What decides a picture; `width` and `height` in pixels, `format` a key of CONTENT_TYPES."""

    endpoint: str
    prompt: str
    seed: int
    width: int
    height: int
    format: str
    edit: Edit | None = None

    @property
    def content_type(self) -> str:
        """The picture's media type."""
        return CONTENT_TYPES[self.format]

    @property
    def about(self) -> dict[str, str]:
        """What its metadata say."""
        kind = f"Emulated picture, {self.endpoint}, seed {self.seed}: {self.prompt}"
        return {"Software": "bfl_emulator", "Description": kind}

    def draw(self, opened: Open = _nothing) -> bytes:
        """Draw and encode the picture: the same bytes each time, at about 0.2 s a megapixel.

        `opened` decodes an input; whatever it raises passes through.
        """
        return _encode(self._image(opened), self)

    def _image(self, opened: Open) -> Image.Image:
        # A seed of type str is hashed with SHA-512: the same on every machine.
        random = Random(f"{self.seed}:{self.prompt}")  # noqa: S311  (it decides what is painted, no secret)
        size = self.width, self.height

        def painted(extent: Size) -> Image.Image:
            return paint(_painted_size(*extent), random).resize(extent, Image.Resampling.BICUBIC)

        if self.edit is None:
            edited = Edited(painted(size), (0, 0, *size))
        else:
            roles = {role: opened(item) for role, item in self.edit.roles.items()}
            others = [opened(item) for item in self.edit.others]
            edited = EFFECTS[self.edit.effect].draw(Bench(size, roles, others, self.edit.values, painted))
        _mark(edited, self)
        return edited.image if edited.kept is None else Image.composite(edited.image, *edited.kept)


def _mark(edited: Edited, picture: Picture) -> None:
    """Lay the banner where the effect leaves room for it; the metadata are marked in any case."""
    if edited.room is not None:
        left, upper, right, lower = edited.room
        note = f"seed {picture.seed}   {picture.width} x {picture.height}"
        strip = banner(right - left, lower - upper, picture.endpoint, picture.prompt, note)
        lay(edited.image, strip, (left, lower))


def _painted_size(width: int, height: int) -> Size:
    scale = min(1.0, math.sqrt(_PAINTED / (width * height)))
    return max(64, round(width * scale)), max(64, round(height * scale))


def _encode(image: Image.Image, picture: Picture) -> bytes:
    about, file = picture.about, io.BytesIO()
    if picture.format == "png":
        chunk = PngInfo()
        for name, text in about.items():
            chunk.add_itxt(name, text)
        image.save(file, "PNG", pnginfo=chunk, compress_level=1)
    else:
        exif = Image.Exif()
        exif[0x0131] = about["Software"]
        # EXIF holds ASCII, in one block of at most 64 kB.
        exif[0x010E] = about["Description"][:10_000].encode("ascii", "replace").decode()
        image.save(file, picture.format, exif=exif, quality=90, method=2)
    return file.getvalue()
