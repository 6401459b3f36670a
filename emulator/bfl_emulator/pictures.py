"""Real picture files of the requested size and format, drawn from prompt and seed, and marked as emulated."""

import io
import math
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from PIL import Image, ImageDraw, ImageFont
from PIL.PngImagePlugin import PngInfo

from .media import Size
from .scenery import paint

CONTENT_TYPES = {"jpeg": "image/jpeg", "png": "image/png", "webp": "image/webp"}

_PAINTED = 1_250_000  # pixels that are painted at most; a larger picture is enlarged, in a fraction of the time
_READ = 400  # characters of a prompt that are considered for the banner


@dataclass(frozen=True)
class Picture:
    """What decides a picture; `width` and `height` in pixels, `format` a key of CONTENT_TYPES."""

    endpoint: str
    prompt: str
    seed: int
    width: int
    height: int
    format: str

    @property
    def content_type(self) -> str:
        """The picture's media type."""
        return CONTENT_TYPES[self.format]

    def draw(self) -> bytes:
        """Draw and encode the picture: the same bytes each time, at about 0.2 s a megapixel."""
        # A seed of type str is hashed with SHA-512: the same on every machine.
        random = Random(f"{self.seed}:{self.prompt}")  # noqa: S311  (it decides what is painted, no secret)
        scene = paint(_painted_size(self.width, self.height), random)
        image = scene.resize((self.width, self.height), Image.Resampling.BICUBIC)
        _banner(image, self)
        return _encode(image, self)


def _painted_size(width: int, height: int) -> Size:
    scale = min(1.0, math.sqrt(_PAINTED / (width * height)))
    return max(64, round(width * scale)), max(64, round(height * scale))


def _encode(image: Image.Image, picture: Picture) -> bytes:
    about = {
        "Software": "bfl_emulator",
        "Description": f"Emulated picture, {picture.endpoint}, seed {picture.seed}: {picture.prompt}",
    }
    file = io.BytesIO()
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


def _banner(image: Image.Image, picture: Picture) -> None:
    """Lay a dark strip over the foot of the picture that says what it is."""
    unit = max(7, min(round(min(image.size) / 30), image.width // 9, image.height // 4))
    margin, large, small = unit, _font(unit), _font(max(6, round(unit * 0.72)))
    title = f"EMULATED  {picture.endpoint}"
    lines = 3 if image.height > 10 * unit else 1
    prompt = _wrapped(_legible(picture.prompt, large), large, image.width - 2 * margin, lines)
    rows = [(title, small, 190), *((line, large, 255) for line in prompt)]
    rows.append((f"seed {picture.seed}   {picture.width} x {picture.height}"[:80], small, 190))
    top = image.height - margin // 2 - sum(round(font.size * 1.45) for _, font, _ in rows)
    strip = image.crop((0, max(0, top - margin // 2), *image.size))
    image.paste(Image.blend(strip, Image.new("RGB", strip.size, (10, 12, 18)), 0.62), (0, max(0, top - margin // 2)))
    draw = ImageDraw.Draw(image)
    for text, font, grey in rows:
        draw.text((margin, top), text, fill=(grey, grey, grey), font=font)
        top += round(font.size * 1.45)


@lru_cache(maxsize=64)
def _font(size: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("Pillow was built without FreeType, which its wheels have")
    return font


def _legible(text: str, font: ImageFont.FreeTypeFont) -> str:
    """Put an ellipsis where the font has no letter, even without its accent; the metadata have the whole prompt."""
    known = ""
    for character in unicodedata.normalize("NFC", text[:_READ]):
        letters = " " if character.isspace() else character + unicodedata.normalize("NFKD", character)[0]
        known += next((letter for letter in letters if letter == " " or _drawable(letter, font)), "…")
    return " ".join(re.sub(r"…[… ]*", "… ", known).split())


def _drawable(character: str, font: ImageFont.FreeTypeFont) -> bool:
    # U+FFFF is no character: what the font draws for it, it draws for all that it does not have.
    return unicodedata.category(character)[0] in "LNPSM" and _shape(character, font) != _shape("\uffff", font)


@lru_cache(maxsize=4096)
def _shape(character: str, font: ImageFont.FreeTypeFont) -> bytes:
    canvas = Image.new("L", (round(2 * font.size), round(2 * font.size)))
    ImageDraw.Draw(canvas).text((0, 0), character, fill=255, font=font)
    return canvas.tobytes()


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: int, lines: int) -> list[str]:
    """Break a text into lines of at most `width` pixels, within words where it must, at most so many lines."""
    broken: list[str] = []
    while text and len(broken) < lines:
        fits = next((end for end in range(len(text), 1, -1) if font.getlength(text[:end]) <= width), 1)
        if fits < len(text):
            space = text.rfind(" ", 0, fits + 1)
            fits = space if space > 0 else fits
        broken.append(text[:fits].rstrip())
        text = text[fits:].lstrip()
    if text:
        broken[-1] = broken[-1][:-2].rstrip(" …") + "…"
    return broken
