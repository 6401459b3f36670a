"""Thumbnails of a batch's files: small WebP pictures, made once and kept beside the files.

The files come from the network, so they are treated as hostile: only regular files inside the folder are opened, only
as the few formats that the service delivers, and nothing is decoded before its number of pixels is known to be bounded.
"""

from __future__ import annotations

import hashlib
import io
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

from bfl_client import files
from PIL import Image

Kind = Literal["picture", "film", "missing", "unreadable"]
EDGE = 256
"""Pixels of a thumbnail's longer side. One page may contain ten thousand of them, some 5 kB each: keep them small."""
_PIXELS = 64_000_000  # several times what any endpoint makes; also the limit for a video's frame
_FORMATS = ("PNG", "JPEG", "WEBP")
_QUALITY = 50
_VERSION = f"1 {EDGE} {_QUALITY}"  # part of a kept thumbnail's name, so that a changed recipe makes new ones


class Thumbnail(NamedTuple):
    """What a file is, and its WebP: None where there is nothing to show."""

    kind: Kind
    webp: bytes | None


def thumbnail(folder: Path, path: str) -> Thumbnail:
    """The thumbnail of the file at `path` within the folder, from `.thumbnails` there if it was made before.

    Never raises because of a file's content: one that cannot be shown has no WebP. A video needs PyAV for one.
    Safe to call from several threads, for instance as soon as each file is saved.
    """
    try:
        file = (folder / path).resolve(strict=True)
        status = file.stat()
        if not (file.is_relative_to(folder.resolve()) and stat.S_ISREG(status.st_mode)):
            return Thumbnail("unreadable", None)
        with file.open("rb") as opened:
            kind: Kind = "film" if opened.read(12)[4:8] == b"ftyp" else "picture"  # ISO base media: MP4
    except (OSError, ValueError, RuntimeError):  # a NUL or a lone surrogate in the path; a circle of links
        return Thumbnail("missing", None)
    identity = f"{_VERSION}\0{path}\0{status.st_size}\0{status.st_mtime_ns}".encode(errors="surrogatepass")
    kept = folder / ".thumbnails" / f"{hashlib.blake2b(identity, digest_size=16).hexdigest()}.webp"
    webp = _read(kept) or _make(file, kind, kept)
    return Thumbnail(kind if webp or kind == "film" else "unreadable", webp)


def _read(kept: Path) -> bytes | None:
    with suppress(OSError):
        content = kept.read_bytes()
        return content if content[:4] == b"RIFF" else None
    return None


def _make(file: Path, kind: Kind, kept: Path) -> bytes | None:
    """A new thumbnail, kept if that is possible: it can be made again."""
    try:
        content = _encoded(_poster(file) if kind == "film" else _picture(file))
    except Exception:  # decoders raise nearly anything for a damaged file; one tile must not cost the sheet
        return None
    with suppress(OSError):  # a folder that cannot be written, a full disk
        kept.parent.mkdir(mode=0o700, exist_ok=True)
        files.write(kept, content, private=True)
    return content


def _picture(file: Path) -> Image.Image:
    with Image.open(file, formats=_FORMATS) as picture:  # reads the header only
        _bound(picture.width, picture.height)
        picture.draft("RGB", (EDGE, EDGE))  # a JPEG is decoded at a fraction of its size
        picture.load()
        return picture.copy()


def _poster(file: Path) -> Image.Image:
    """The video's first frame; the format is named, and no path given, so that FFmpeg opens nothing else."""
    import av

    with file.open("rb") as opened, av.open(opened, "r", format="mp4") as container:
        stream = container.streams.video[0]
        _bound(stream.codec_context.width, stream.codec_context.height)
        stream.codec_context.options = {"max_pixels": str(_PIXELS)}  # the header may lie
        frame: Any = next(container.decode(stream))
        picture: Image.Image = frame.to_image()
        return picture


def _bound(width: int, height: int) -> None:
    if not 0 < width * height <= _PIXELS:
        raise ValueError(f"{width} x {height} pixels are not decoded")


def _encoded(frame: Image.Image) -> bytes:
    frame = frame.convert("RGBA" if frame.has_transparency_data else "RGB")
    frame.thumbnail((EDGE, EDGE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    buffer = io.BytesIO()
    frame.save(buffer, "WEBP", quality=_QUALITY, method=2)
    return buffer.getvalue()
