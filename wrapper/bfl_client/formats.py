"""What a file is, judged by its bytes: before a picture or video is sent and paid for, and before one is saved."""

from __future__ import annotations

import os
import struct
from functools import lru_cache
from typing import BinaryIO, Literal, NamedTuple

Kind = Literal["image", "video"]
_TRAILING = 64 * 1024  # bytes in which the end of a JPEG or PNG is looked for: some programs append to them
_BOXES = 1_000_000  # of an MP4; a day of video in fragments has tens of thousands
_SENT = {"jpeg", "png", "webp", "gif", "bmp", "x-ms-bmp", "tiff"}
"""Types of pictures that are sent. JPEG, PNG and WebP are documented; nothing is known against the others."""
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")
_BEGINNINGS = ((b"\xff\xd8\xff", ".jpg"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"\x1a\x45\xdf\xa3", ".webm"))
_CONTENT_TYPES = {"image/jpeg": ".jpg", "image/png": ".png", "image/webp": ".webp", "video/mp4": ".mp4"}
_NOUNS = {"image": "a picture", "video": "a video"}


class Format(NamedTuple):
    """What a file seems to be.

    Attributes:
        kind: image, video, text or other; empty if its bytes say nothing.
        subtype: the second part of its media type.
        name: for people.
    """

    kind: str
    subtype: str
    name: str


_UNKNOWN = Format("", "", "a file of unknown type")


def refusal(file: BinaryIO, wanted: Kind) -> str | None:
    """Why a file cannot be sent as a picture or video, in words that follow "is"; None if it can or may be sent."""
    found = identified(file.read(1024))
    if found.kind not in ("", wanted):
        return f"{found.name}, not {_NOUNS[wanted]}"
    if wanted == "image" and found.kind and found.subtype not in _SENT:
        return f"{found.name}, which is not accepted: convert it to JPEG or PNG"
    return f"{found.name}, but {problem}" if (problem := unfinished(file)) else None


@lru_cache(maxsize=64)  # puremagic compares with all that it knows, and many requests send the same picture
def identified(head: bytes) -> Format:
    """What a file is, by its first bytes (about a thousand)."""
    text = _text(head)
    if text:
        return Format("text", "", text)
    if head[4:8] == b"ftyp" and head[8:12] in (*_HEIC, b"avif", b"avis"):  # they begin like videos
        name = "AVIF" if head[8:11] == b"avi" else "HEIC"
        return Format("image", name.lower(), f"a picture in {name}")
    import puremagic

    try:
        best = puremagic.magic_string(head)[0]
    except (puremagic.PureError, ValueError, IndexError):
        return _UNKNOWN
    kind, _, subtype = best.mime_type.partition("/")
    if not subtype or not best.byte_match.strip(b"\0"):  # a guess: many formats of old programs begin with zeros
        return _UNKNOWN
    return Format(kind if kind in _NOUNS else "other", subtype, best.name or f"a {best.extension} file")


def _text(head: bytes) -> str:
    """What kind of text it is; empty if it is none."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(b"%pdf-"):
        return "a PDF document"
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page"
    if start.startswith(b"<"):
        return "an SVG drawing" if b"<svg" in start else "XML"
    try:
        text = head.decode()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3 or not error.start:  # not just a character that is cut at the end
            return ""
        text = head[: error.start].decode()
    if not text or not all(character.isprintable() or character.isspace() for character in text):
        return ""
    return "JSON" if start[:1] in (b"{", b"[") else "text"


def extension(head: bytes, content_type: str = "") -> str:
    """The extension for a file by its first 16 bytes, else by its content type; ``.bin`` if both are unknown."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return ".webp"
    if head[4:8] == b"ftyp":
        return ".mp4"
    declared = _CONTENT_TYPES.get(content_type.partition(";")[0].strip().lower(), ".bin")
    return next((found for beginning, found in _BEGINNINGS if head.startswith(beginning)), declared)


def unfinished(file: BinaryIO) -> str | None:
    """What shows that a picture or video is truncated, or that an answer is a page of text; None if nothing does.

    JPEG, PNG, WebP and MP4 are known. Leaves the position anywhere.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    head = file.read(16)
    if head.lstrip()[:1] in (b"<", b"{"):  # HTML, XML and JSON; no picture or video begins so
        return "the answer is text, neither a picture nor a video"
    kind = extension(head)
    if kind == ".jpg":
        whole = b"\xff\xd9" in _tail(file, size)
    elif kind == ".png":
        whole = b"IEND\xaeB`\x82" in _tail(file, size)
    elif kind == ".webp":
        whole = size >= struct.unpack("<I", head[4:8])[0] + 8
    elif kind == ".mp4":
        whole = _boxes(file, size)
    else:
        return None
    return None if whole else "the file is truncated"


def _tail(file: BinaryIO, size: int) -> bytes:
    file.seek(max(size - _TRAILING, 0))
    return file.read(_TRAILING)


def _boxes(file: BinaryIO, size: int) -> bool:
    """True if the boxes of an MP4 end where the file does, and the one with its index is among them."""
    start, boxes, indexed = 0, 0, False
    while start + 8 <= size:
        file.seek(start)
        head = file.read(16)
        length = int.from_bytes(head[:4], "big")
        if length == 1:  # a long one: its length follows
            length = int.from_bytes(head[8:16], "big")
        boxes, indexed = boxes + 1, indexed or head[4:8] == b"moov"
        if boxes > _BOXES:  # no video has so many, and looking through gigabytes of them would take minutes
            return False
        if length == 0:  # to the end of the file
            start = size
        elif length < 8:
            return False
        else:
            start += length
    return 0 <= size - start < 8 and indexed
