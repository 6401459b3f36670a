"""Text in pictures, in the font that comes with Pillow: ASCII and a few signs more.

Accents are drawn over its letters, ligatures and some letters of Latin alphabets are spelled out, and everything else,
such as a letter of another script, is a box.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

from .sizes import Size

BOX = "\ufffd"  # the font has no glyph for it, and draws a box
_SPELLED: Mapping[str, str] = {
    **{"ß": "ss", "ẞ": "SS", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "þ": "th", "Þ": "Th", "ø": "o", "Ø": "O"},
    **{"ł": "l", "Ł": "L", "đ": "d", "Đ": "D", "ð": "d", "Ð": "D", "ħ": "h", "ı": "i", "€": "EUR", "£": "GBP"},
    **{"–": "-", "—": "-", "−": "-", "‐": "-", "‑": "-", "•": "·", "„": "“", "‚": "‘", "×": "x", "¿": "?", "¡": "!"},
}
# Accents as lines, in parts of the font's size from the middle of a letter: above its top, or below its foot.
_ACCENTS: Mapping[str, Sequence[Sequence[tuple[float, float]]]] = {
    "\u0300": [[(-0.09, -0.2), (0.04, -0.09)]],  # grave
    "\u0301": [[(0.09, -0.2), (-0.04, -0.09)]],  # acute
    "\u0302": [[(-0.12, -0.09), (0, -0.2), (0.12, -0.09)]],  # circumflex
    "\u0303": [[(-0.15, -0.1), (-0.06, -0.17), (0.06, -0.1), (0.15, -0.17)]],  # tilde
    "\u0304": [[(-0.13, -0.14), (0.13, -0.14)]],  # macron
    "\u0306": [[(-0.12, -0.2), (-0.05, -0.1), (0.05, -0.1), (0.12, -0.2)]],  # breve
    "\u0307": [[(-0.05, -0.14), (0.05, -0.14)]],  # dot
    "\u0308": [[(-0.17, -0.14), (-0.08, -0.14)], [(0.08, -0.14), (0.17, -0.14)]],  # diaeresis
    "\u030a": [[(-0.08, -0.14), (0, -0.22), (0.08, -0.14), (0, -0.06), (-0.08, -0.14)]],  # ring
    "\u030b": [[(-0.02, -0.2), (-0.12, -0.09)], [(0.14, -0.2), (0.04, -0.09)]],  # two acutes
    "\u030c": [[(-0.12, -0.2), (0, -0.09), (0.12, -0.2)]],  # caron
    "\u0323": [[(-0.05, 0.14), (0.05, 0.14)]],  # dot below
    "\u0326": [[(0.02, 0.08), (-0.05, 0.2)]],  # comma
    "\u0327": [[(0, 0.02), (0.06, 0.1), (-0.06, 0.18)]],  # cedilla
    "\u0328": [[(0.08, 0.02), (0.02, 0.12), (0.12, 0.18)]],  # ogonek
}


@lru_cache(maxsize=64)
def font_of(size: int) -> ImageFont.FreeTypeFont:
    """Return the font in a size in pixels. Raises RuntimeError if Pillow was built without FreeType."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise RuntimeError("this Pillow was built without FreeType; its wheels have it")
    return font


def legible(text: str) -> str:
    """Return a text as one line that can be written, with a box for each letter that cannot."""
    shown = "".join(_shown(character) for character in unicodedata.normalize("NFC", text))
    return " ".join(shown.split())


def wrapped(text: str, font: ImageFont.FreeTypeFont, width: float, lines: int) -> list[str]:
    """Break a text into at most `lines` lines of at most `width` pixels, within words where necessary."""
    broken: list[str] = []
    while text and len(broken) < lines:
        plain = _plain(text)
        fits = max(1, bisect_right(range(len(text) + 1), width, key=lambda end: font.getlength(plain[:end])) - 1)
        if fits < len(text):
            space = text.rfind(" ", 0, fits + 1)
            fits = space if space > 0 else fits
        broken.append(text[:fits].rstrip())
        text = text[fits:].lstrip()
    if text:
        broken[-1] = broken[-1][:-2].rstrip(" …") + "…"
    return broken


def write(draw: ImageDraw.ImageDraw, place: Size, text: str, grey: int, font: ImageFont.FreeTypeFont) -> None:
    """Write a line, its upper left corner at `place`, in a shade of grey from 0 to 255."""
    plain, colour, size = _plain(text), (grey, grey, grey, 255), font.size
    draw.text(place, plain, fill=colour, font=font)
    for index, character in enumerate(text):
        left, top, right, bottom = font.getbbox(plain[index])
        middle = place[0] + font.getlength(plain[:index]) + (left + right) / 2
        for level, accent in enumerate(unicodedata.normalize("NFD", character)[1:]):
            for line in _ACCENTS.get(accent, ()):
                edge = place[1] + (bottom if line[0][1] > 0 else top - 0.12 * level * size)
                points = [(middle + x * size, edge + y * size) for x, y in line]
                draw.line(points, fill=colour, width=max(1, round(0.08 * size)))


def _plain(text: str) -> str:
    """Return the letters without their accents, one for each."""
    return "".join(unicodedata.normalize("NFD", character)[0] for character in text)


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    if character.isspace():
        return " "
    if unicodedata.category(character) in ("Mn", "Me", "Cc", "Cf", "Cn"):  # no letters by themselves
        return ""
    if _in_font(unicodedata.normalize("NFD", character)[0]):
        return character
    parts = [part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part)]
    return _SPELLED.get(character) or ("".join(parts) if all(map(_in_font, parts)) else BOX)


@lru_cache(maxsize=4096)
def _in_font(character: str) -> bool:
    return _shape(character) != _shape(BOX)


def _shape(character: str) -> bytes:
    canvas = Image.new("L", (40, 40))
    ImageDraw.Draw(canvas).text((0, 0), character, fill=255, font=font_of(20))
    return canvas.tobytes()
