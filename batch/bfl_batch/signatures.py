"""What a file is, from its first bytes: a name's extension is not left to what a server says."""

from __future__ import annotations

from pathlib import Path

_BEGINNINGS = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"\x1a\x45\xdf\xa3", ".webm"))


def extension(path: Path) -> str:
    """The extension for a file's content; ``.bin`` for what is not known.

    Raises:
        OSError: the file cannot be read.
    """
    with open(path, "rb") as file:
        head = file.read(16)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[4:8] == b"ftyp":
        return ".mp4"
    return next((found for beginning, found in _BEGINNINGS if head.startswith(beginning)), ".bin")
