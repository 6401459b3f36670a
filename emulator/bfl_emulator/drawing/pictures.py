"""Pictures to be drawn: real files of the requested size and format, made from prompt, seed and inputs.

A banner on each picture says that it is emulated.
"""

import io
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from .editing import EFFECTS, Edited, Materials
from .landscapes import generator, paint
from .lettering import font_of, legible, wrapped, write
from .sizes import Size

CONTENT_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

_PAINTED = 1_250_000  # pixels that are painted at most; larger pictures are enlarged, in a fraction of the time
_BANNER_PROMPT = 400  # characters of a prompt that are considered for the banner
_BANNER_COLOUR = (10, 12, 18, 176)


@dataclass(frozen=True)
class Input:
    """A picture or clip that came with a request.

    `parameter` brought it, `digest` identifies its bytes; `moment` is its time in a clip and `seconds` the length of a
    clip, in seconds.
    """

    parameter: str
    digest: str
    size: Size
    moment: float | None = None
    seconds: float = 0.0


Open = Callable[[Input], Image.Image]


@dataclass(frozen=True)
class Edit:
    """How a picture is made from others: the effect, its pictures by role, all other pictures, and its parameters."""

    effect: str
    roles: Mapping[str, Input] = field(default_factory=dict)
    others: tuple[Input, ...] = ()
    values: Mapping[str, Any] = field(default_factory=dict)


def no_input(item: Input) -> Image.Image:
    """Open nothing, for what is drawn without inputs. Raises LookupError."""
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

    def draw(self, opened: Open = no_input) -> bytes:
        """Draw and encode the picture, the same bytes each time, in 0.2 s a megapixel; `opened` decodes an input."""
        return _encode(self._image(opened), self)

    def _image(self, opened: Open) -> Image.Image:
        random, size = generator(self.seed, self.prompt), (self.width, self.height)

        def painted(extent: Size) -> Image.Image:
            return paint(_painted_size(*extent), random).resize(extent, Image.Resampling.BICUBIC)

        if self.edit is None:
            edited = Edited(painted(size), (0, 0, *size))
        else:
            roles = {role: opened(item) for role, item in self.edit.roles.items()}
            others = [opened(item) for item in self.edit.others]
            edited = EFFECTS[self.edit.effect].draw(Materials(size, roles, others, self.edit.values, painted))
        _mark(edited, self)
        return edited.image if edited.kept is None else Image.composite(edited.image, *edited.kept)


def _mark(edited: Edited, picture: Picture) -> None:
    """Lay the banner where the effect leaves room; the metadata say what the picture is in any case."""
    if edited.room is not None:
        left, upper, right, lower = edited.room
        note = f"seed {picture.seed}   {picture.width} x {picture.height}"
        strip = banner(right - left, lower - upper, picture.endpoint, picture.prompt, note)
        lay(edited.image, strip, (left, lower))


def _painted_size(width: int, height: int) -> Size:
    scale = min(1.0, math.sqrt(_PAINTED / (width * height)))
    return max(64, round(width * scale)), max(64, round(height * scale))


def _encode(image: Image.Image, picture: Picture) -> bytes:
    software, file = "bfl_emulator", io.BytesIO()
    description = f"Emulated picture, {picture.endpoint}, seed {picture.seed}: {picture.prompt}"
    if picture.format == "png":
        chunk = PngInfo()
        chunk.add_itxt("Software", software)
        chunk.add_itxt("Description", description)
        image.save(file, "PNG", pnginfo=chunk, compress_level=1)
    else:
        exif = Image.Exif()
        exif[0x0131] = software
        # EXIF takes ASCII only, in one block of at most 64 kB.
        exif[0x010E] = description[:10_000].encode("ascii", "replace").decode()
        image.save(file, picture.format, exif=exif, quality=90, method=2)
    return file.getvalue()


def banner(width: int, height: int, endpoint: str, prompt: str, note: str) -> Image.Image:
    """Return a dark translucent strip for the foot of a picture of this size in pixels.

    It names endpoint and prompt; its last line is `note`.
    """
    unit = max(7, min(round(math.sqrt(width * height) / 36), width // 9, height // 4))
    margin, large, small = unit, font_of(unit), font_of(max(6, round(unit * 0.72)))
    lines = wrapped(legible(prompt[:_BANNER_PROMPT]), large, width - 2 * margin, 3 if height > 10 * unit else 1)
    rows = [(f"EMULATED  {endpoint}", small, 190), *((line, large, 255) for line in lines), (note[:80], small, 190)]
    if height < 9 * unit:  # no room for more than the endpoint
        rows = rows[:1]
    strip = Image.new("RGBA", (width, margin + sum(round(font.size * 1.45) for _, font, _ in rows)), _BANNER_COLOUR)
    draw, top = ImageDraw.Draw(strip), margin // 2
    for text, font, grey in rows:
        write(draw, (margin, top), text, grey, font)
        top += round(font.size * 1.45)
    return strip


def lay(image: Image.Image, strip: Image.Image, foot: tuple[int, int]) -> None:
    """Lay a banner over an image, its lower left corner at `foot`."""
    image.paste(strip, (foot[0], foot[1] - strip.height), strip)
