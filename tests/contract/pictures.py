"""Media for the generator: real small pictures in every form that the service accepts, beside URLs and other base64."""

from __future__ import annotations

import base64
import importlib
import io

from hypothesis import strategies
from hypothesis.strategies import SearchStrategy
from PIL import Image

SIDE = 320  # pixels; above every documented minimum, and the same for pictures and masks, which have to fit


def picture(kind: str, colour: str) -> bytes:
    """A square picture of one colour."""
    file = io.BytesIO()
    Image.new("RGB", (SIDE, SIDE), colour).save(file, kind)
    return file.getvalue()


PICTURES = [picture(kind, colour) for kind in ("png", "jpeg", "webp") for colour in ("white", "teal")]
ENCODED = [base64.b64encode(content).decode() for content in PICTURES]
URLS = ["https://example.com/cat.png", "http://example.com/a%20cat.jpg?size=2#top", "https://example.com:8443/ü.webp"]
NO_MEDIA = ["cat.png", "/tmp/cat.png", "C:\\cat.png", "~/cat.png", "file:///cat.png", "ftp://example.com/cat.png"]
NO_MEDIA += ["", " ", "abc", "https://", "http://exa mple.com/a.png", "data:image/png;base64,%%%%", "data:image/png"]
"""Strings that are neither URL, nor data URI, nor base64: above all, paths."""


def clip() -> str | None:
    """A playable clip of two seconds as base64; None where PyAV (the extra `video`) is not installed."""
    try:
        av = importlib.import_module("av")
    except ImportError:
        return None
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=12)
        stream.width, stream.height, stream.pix_fmt = SIDE, SIDE, "yuv420p"
        for shade in range(24):
            frame = av.VideoFrame.from_image(Image.new("RGB", (SIDE, SIDE), (10 * shade, 80, 80)))
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return base64.b64encode(file.getvalue()).decode()


def ratios() -> SearchStrategy[str]:
    """Ratios of width to height that a parameter for them accepts."""
    sides = strategies.tuples(strategies.integers(1, 64), strategies.integers(1, 64))
    return sides.filter(lambda pair: 9 * max(pair) <= 21 * min(pair)).map(lambda pair: f"{pair[0]}:{pair[1]}")


def media() -> SearchStrategy[str]:
    """Strings that a media parameter accepts, mostly real pictures."""
    pictures = strategies.sampled_from(ENCODED)
    uris = strategies.tuples(strategies.sampled_from(["png", "jpeg", "webp"]), pictures).map(
        lambda pair: f"data:image/{pair[0]};base64,{pair[1]}"
    )
    # not by chance a text, which the client would not send
    other = strategies.binary(max_size=60).map(lambda content: base64.b64encode(b"\x80" + content).decode())
    return strategies.one_of(pictures, uris, strategies.sampled_from(URLS), other)
