"""Whether a file is whole by its own account: pictures and films say where they end."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

_TRAILING = 64 * 1024  # bytes in which the end of a JPEG or PNG is looked for: some programs append to them


def problem(file: BinaryIO) -> str | None:
    """What is wrong with a downloaded picture or film: it is cut, or is a page of text; None if nothing is known.

    JPEG, PNG, WebP, GIF, MP4 and QuickTime are known by their first bytes. Leaves the position anywhere.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(16)
    if head.lstrip()[:1] in (b"<", b"{"):  # HTML, XML and JSON; no picture or film begins so
        return "the answer is text, neither a picture nor a film"
    if head.startswith(b"\xff\xd8\xff"):
        whole = b"\xff\xd9" in _tail(file, size)
    elif head.startswith(b"\x89PNG"):
        whole = b"IEND\xaeB`\x82" in _tail(file, size)
    elif head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        whole = size >= struct.unpack("<I", head[4:8])[0] + 8
    elif head[4:8] == b"ftyp":
        whole = _boxes(file, size)
    else:
        return None
    return None if whole else "the file is cut"


def _tail(file: BinaryIO, size: int) -> bytes:
    file.seek(max(size - _TRAILING, 0))
    return file.read(_TRAILING)


def _boxes(file: BinaryIO, size: int) -> bool:
    """True if the boxes of an MP4 end where the file does, and the one with its index is among them."""
    start, names = 0, set[bytes]()
    while start + 8 <= size:
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # a long one: its length follows
            length = int.from_bytes(head[8:16], "big")
        names.add(head[4:8])
        if length == 0:  # to the end of the file
            start = size
        elif length < 8:
            return False
        else:
            start += length
    return 0 <= size - start < 8 and b"moov" in names
