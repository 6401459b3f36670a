"""Writes on a picture or clip what it is: an emulated one, of which endpoint, from which prompt and seed."""

import math
import re
import unicodedata
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

_READ = 400  # characters of a prompt that are considered
_BACKGROUND = (10, 12, 18, 176)


def banner(width: int, height: int, endpoint: str, prompt: str, note: str) -> Image.Image:
    """Return a dark translucent strip for the foot of a picture of this size in pixels; `note` is its last line."""
    unit = max(7, min(round(math.sqrt(width * height) / 36), width // 9, height // 4))
    margin, large, small = unit, _font(unit), _font(max(6, round(unit * 0.72)))
    lines = _wrapped(_legible(prompt, large), large, width - 2 * margin, 3 if height > 10 * unit else 1)
    rows = [(f"EMULATED  {endpoint}", small, 190), *((line, large, 255) for line in lines), (note[:80], small, 190)]
    if height < 9 * unit:  # no room for more than the name
        rows = rows[:1]
    strip = Image.new("RGBA", (width, margin + sum(round(font.size * 1.45) for _, font, _ in rows)), _BACKGROUND)
    draw, top = ImageDraw.Draw(strip), margin // 2
    for text, font, grey in rows:
        draw.text((margin, top), text, fill=(grey, grey, grey, 255), font=font)
        top += round(font.size * 1.45)
    return strip


def lay(image: Image.Image, strip: Image.Image, foot: tuple[int, int]) -> None:
    """Lay a strip over an image, its lower left corner at `foot`."""
    image.paste(strip, (foot[0], foot[1] - strip.height), strip)


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
