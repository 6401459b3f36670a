"""Pictures and videos in a request: found by the value's type, sent as base64, streamed piece by piece.

A request body is *prepared* once: `bytes`, `Path`, binary files, PIL images and arrays, wherever they stand, become
short tokens, so that the rest can be validated and serialised as plain JSON. When the body is sent, each token gives
way to its media, encoded as it is read: memory stays small however large the files are, and a body can be sent again.
"""

from __future__ import annotations

import base64
import inspect
import io
import json
import math
import os
import re
import threading
from collections.abc import AsyncGenerator, Callable, Container, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from . import formats, pictures
from .errors import ConstraintError, Violation, shorten

CHUNK = 48 * 1024  # bytes read at a time; a multiple of three, so that the pieces of base64 join without padding
DEPTH = 64  # levels of nesting; the specification's deepest request has four
_TOO_DEEP = f"nested more than {DEPTH} levels deep"


_BASE64 = r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{4}|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{2}==)"  # compiled when first used
_ENCODER = json.JSONEncoder(allow_nan=False, separators=(",", ":"))


class Media:
    """One picture or video: its size in bytes, and a way to open it each time it is sent.

    Attributes:
        path: where it stands in the request, keys and indices.
    """

    path: tuple[str | int, ...] = ()

    def __init__(self, size: int, open_it: Callable[[], BinaryIO], label: str) -> None:
        self.size = size
        self.label = label
        self._open = open_it

    @property
    def encoded_length(self) -> int:
        """Bytes of base64."""
        return 4 * ((self.size + 2) // 3)

    def refusal(self, wanted: formats.Kind) -> str | None:
        """Why it is not a picture or video that can be sent, in words that follow "is"; None if it may be one."""
        try:
            with self._open() as source:
                return formats.refusal(source, wanted)
        except OSError:  # which is told when it is sent
            return None

    def pieces(self) -> Iterator[bytes]:
        """The media as base64, 64 KiB at a time.

        Raises OSError: it cannot be read, or its size has changed since it was prepared.
        """
        with self._open() as source:
            left = self.size
            while left:
                chunk = _read_exactly(source, min(CHUNK, left))
                left -= len(chunk)
                yield base64.b64encode(chunk)


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    chunk = source.read(size)
    while len(chunk) < size:
        more = source.read(size - len(chunk))
        if not more:
            raise OSError("it became shorter while it was being sent")
        chunk += more
    return chunk


_files = threading.Lock()
"""Held during each read of a file that the caller opened: several requests may send it at once."""


class _Window(io.RawIOBase):
    """The caller's open file from its position at the start; every read restores that position."""

    def __init__(self, file: Any, start: int, size: int) -> None:
        self._file, self._start, self._size, self._done = file, start, size, 0

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._done = offset + (self._size if whence == io.SEEK_END else 0)
        return self._done

    def read(self, size: int = -1) -> bytes:
        left = max(self._size - self._done, 0)  # what is appended meanwhile is not read, or reading might never end
        with _files:
            self._file.seek(self._start + self._done)
            chunk: bytes = self._file.read(left if size < 0 else min(size, left)) if left else b""
            self._file.seek(self._start)
        self._done += len(chunk)
        return chunk


def from_value(value: Any) -> Media | None:
    """The value as media, or None if it is not of a media type.

    Raises OSError if the file cannot be opened, ValueError if it is a text file, empty, or no picture.
    """
    media: Media | None = None
    if isinstance(value, (bytes, bytearray, memoryview)):
        media = _from_bytes(bytes(value) if isinstance(value, (bytearray, memoryview)) else value)
    elif isinstance(value, os.PathLike):
        media = _from_path(value)
    elif hasattr(value, "read"):
        media = _from_file(value)
    elif hasattr(value, "save") and hasattr(value, "format"):
        media = _from_bytes(pictures.from_image(value))
    elif hasattr(value, "__array_interface__"):
        media = _from_bytes(pictures.from_array(value))
    if media is not None and media.size == 0:
        raise ValueError("it is empty")
    return media


def from_base64(text: str) -> Media | None:
    """The media in a base64 text or a base64 data URI; None for any other text."""
    data = _base64_in(text)
    if not re.fullmatch(_BASE64, data):
        return None
    content = base64.b64decode(data)
    return Media(len(content), lambda: io.BytesIO(content), f"<base64 of {len(content):,} bytes>")


def is_media(text: str) -> bool:
    """True if a media parameter takes the text as it stands: an http(s) URL, a base64 data URI or base64, no path."""
    if text[:8].lower().startswith(("http://", "https://")):
        try:
            return bool(urlsplit(text).hostname) and not re.search(r"\s", text)
        except ValueError:
            return False
    return bool(re.fullmatch(_BASE64, _base64_in(text)))


def is_base64_of_media(text: str) -> bool:
    """True for base64 of a picture or video, judged by its beginning; a short word can look like base64, too."""
    try:
        return formats.identified(base64.b64decode(_base64_in(text)[:1364])).kind in ("image", "video")
    except ValueError:
        return False


def in_one_line(body: Mapping[str, Any], marked: Container[str]) -> dict[str, Any]:
    """The body with the base64 of its `marked` parameters in one line, padded and in the usual alphabet."""
    return {name: _in_one_line(value) if name in marked else value for name, value in body.items()}


def _in_one_line(value: Any) -> Any:
    if type(value) in (list, tuple):
        return type(value)(map(_in_one_line, value))
    if type(value) is not str or is_media(value):
        return value
    given = _base64_in(value)
    plain = "".join(map(str.strip, given.splitlines())).replace("-", "+").replace("_", "/").rstrip("=")
    padded = plain + "=" * (-len(plain) % 4)
    # a short word would pass for base64 without padding: only what is a picture or video is padded
    whole = len(plain) == len(padded) or "=" in given or is_base64_of_media(padded)
    return value.removesuffix(given) + padded if whole and re.fullmatch(_BASE64, padded) else value


def _base64_in(text: str) -> str:
    """What of a text should be base64: the data of a base64 data URI, nothing of any other, or all of it."""
    if text[:5].lower() != "data:":
        return text
    header, _, data = text.partition(",")
    return data if header.lower().endswith(";base64") else ""


def measured(value: Any) -> pictures.Measured | None:
    """How large a picture or video in a request is, without sending it; None if that cannot be known, as for a URL."""
    try:
        if hasattr(value, "save") and hasattr(value, "format"):
            return pictures.Measured(*value.size)
        found = from_base64(_in_one_line(value)) if isinstance(value, str) else from_value(value)
        if found is None:
            return None
        with found._open() as file:
            return pictures.measured(file)
    except Exception:  # the value is the caller's; whether it can be sent is checked elsewhere
        return None


def _from_bytes(data: bytes) -> Media:
    return Media(len(data), lambda: io.BytesIO(data), f"<{len(data):,} bytes>")


def _from_path(path: os.PathLike[Any]) -> Media:
    name = os.fspath(path)
    if os.path.isdir(name):
        raise OSError("it is a folder")
    if not os.path.isfile(name):  # also: never wait on a pipe or a device
        raise OSError("there is no such file")
    with open(name, "rb") as probe:
        size = os.fstat(probe.fileno()).st_size
    return Media(size, lambda: open(name, "rb"), f"<file of {size:,} bytes>")


def _from_file(file: Any) -> Media:
    if inspect.iscoroutinefunction(file.read):
        raise ValueError("its read() is asynchronous; pass its .file, or the bytes")
    if isinstance(file, io.TextIOBase):
        raise ValueError('it is a text file; open it with mode "rb"')
    if not (hasattr(file, "seekable") and file.seekable()):
        content = file.read()
        if not isinstance(content, bytes):
            raise ValueError("its read() does not return bytes")
        return _from_bytes(content)
    with _files:
        start = file.tell()
        size = file.seek(0, io.SEEK_END) - start
        file.seek(start)
    if size <= 0 < start:
        raise ValueError("it has been read to its end; seek(0) goes back to its beginning")
    return Media(size, lambda: cast(BinaryIO, _Window(file, start, size)), f"<file of {size:,} bytes>")


class Body:
    """A request body: its exact length in bytes, and its bytes, which can be read repeatedly.

    Attributes:
        plain: the body as plain JSON values, media replaced by tokens that are themselves valid base64.
        media: what each token stands for.
    """

    def __init__(self, plain: dict[str, Any], media: dict[str, Media]) -> None:
        self.plain = plain
        self.media = media
        text = _ENCODER.encode(plain)
        split = re.split("(" + "|".join(media) + ")", text) if media else [text]
        self._parts: list[bytes | Media] = [media[part] if part in media else part.encode("ascii") for part in split]
        self.length = sum(part.encoded_length if isinstance(part, Media) else len(part) for part in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, Media):
                yield from self._encoded(part)
            elif part:
                yield part

    async def stream(self) -> AsyncGenerator[bytes, None]:
        """The same bytes for an asynchronous client."""
        for chunk in self:
            yield chunk

    @staticmethod
    def _encoded(media: Media) -> Iterator[bytes]:
        try:
            yield from media.pieces()
        except Exception as error:  # the caller's file object may raise anything
            violation = Violation("", media.label, f"a file could not be read to its end: {_reason(error)}")
            raise ConstraintError("the request", [violation]) from error


class _Preparation:
    """A body being prepared: the media found so far, and what cannot be sent."""

    def __init__(self) -> None:
        self.media: dict[str, Media] = {}
        self.violations: list[Violation] = []
        self._nonce = os.urandom(16).hex()
        self._too_deep = False

    def walk(self, value: Any, path: tuple[str | int, ...]) -> Any:
        """The value as plain JSON; what cannot be sent is noted, and becomes None."""
        if self._too_deep:  # what contains itself twice would never come to an end
            return None
        try:
            return self._plain(value, path)
        except Exception as error:  # media objects are the caller's, and may raise anything
            message = f"cannot be sent: {_reason(error)}"
            self.violations.append(Violation(field_name(path), _named(value), message))
            return None

    def _plain(self, value: Any, path: tuple[str | int, ...]) -> Any:
        plainly = (str, bool, int)
        if value is None or type(value) in plainly or type(value := _number(value)) in plainly:
            return value
        for kind, plain in _SUBCLASSES:
            if isinstance(value, kind):
                return plain(value)
        if len(path) > DEPTH:
            self._too_deep = True
            raise ValueError(_TOO_DEEP)
        if isinstance(value, Mapping):
            if not all(isinstance(key, str) for key in value):
                raise ValueError("every key must be a string")
            kept = ((key, item) for key, item in value.items() if not _is_unset(item))
            return {str.__str__(key): self.walk(item, (*path, key)) for key, item in kept}
        if isinstance(value, tuple) and len(value) > 1 and isinstance(value[0], str) and from_value(value[1]):
            raise ValueError("pass the bytes or the file alone, without a name")
        if isinstance(value, (list, tuple)):
            items = [item for item in value if not _is_unset(item)]
            return [self.walk(item, (*path, index)) for index, item in enumerate(items)]
        return self._token(value, path)

    def _token(self, value: Any, path: tuple[str | int, ...]) -> str:
        found = from_value(value)
        if found is None:
            raise ValueError(f"a {type(value).__name__} cannot be sent as JSON")
        found.path = path
        token = f"{self._nonce}{len(self.media):08d}"
        self.media[token] = found
        return token


_SUBCLASSES: tuple[tuple[type, Callable[[Any], Any]], ...] = ((str, str.__str__), (int, int), (float, float))
"""Subclasses, such as enum members and NumPy's floats, are sent as plain strings and numbers."""


def _number(value: Any) -> Any:
    """A number of NumPy, pandas or decimal as Python's own; anything else as it is. Raises ValueError for no number."""
    interface = getattr(value, "__array_interface__", None)
    if isinstance(interface, Mapping) and interface.get("shape") == ():
        value = value.item()
    if is_missing(value) or (isinstance(value, (float, Decimal)) and math.isinf(value)):
        raise ValueError("it is not a number; leave the parameter out")
    if not isinstance(value, Decimal):
        return value
    plain = int(value) if value == int(value) else float(value)
    if Decimal(repr(plain)) != value:
        raise ValueError("it has more digits than can be sent; round it")
    return plain


def _is_unset(value: Any) -> bool:
    """True for the placeholder of an optional field of a generated model, which is not sent."""
    return type(value).__name__ == "Unset"  # by its name, since importing the models' types is slow


def is_missing(value: Any) -> bool:
    """True for what stands for "no value" in tables: NaN, and the NA and NaT of pandas."""
    if isinstance(value, (float, Decimal)):
        return math.isnan(value)
    return type(value).__name__ in ("NAType", "NaTType")


def with_leaves(value: Any, leaf: Callable[[Any], Any], depth: int = 0) -> Any:
    """The value with `leaf(each)` for all that is no mapping or list. Raises ValueError if it is nested too deep."""
    if depth > DEPTH:
        raise ValueError(_TOO_DEEP)
    if isinstance(value, Mapping):
        return {str(key): with_leaves(item, leaf, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [with_leaves(item, leaf, depth + 1) for item in value]
    return leaf(value)


def readable(endpoint: Any, body: Any) -> Any:
    """A mapping or generated model as a dictionary; anything else as it is.

    Raises ConstraintError: it cannot be read. A model raises anything when a field was given a value of another type.
    """
    try:
        if not isinstance(body, Mapping | type) and callable(getattr(body, "to_dict", None)):
            body = body.to_dict()
        return dict(body) if isinstance(body, Mapping) else body
    except Exception as error:
        message = f"cannot be serialised: {_reason(error)}"
        raise ConstraintError(shorten(endpoint), [Violation("", f"<{type(body).__name__}>", message)]) from error


def prepare(endpoint: str, body: Any, marked: Container[str] = ()) -> Body:
    """The body as it will be sent, the base64 of `marked` parameters as `in_one_line` gives it.

    Raises ConstraintError, naming every value that cannot be sent at all.
    """
    preparation = _Preparation()
    plain: Any = None
    if isinstance(body, Mapping):
        plain = preparation.walk(body, ())
    else:
        preparation.violations.append(Violation("", _named(body), "must be a mapping or a generated model"))
    if not preparation.violations:
        try:
            return Body(in_one_line(plain, marked), preparation.media)
        except (TypeError, ValueError, RecursionError) as error:
            preparation.violations.append(Violation("", "", f"cannot be written as JSON: {_reason(error)}"))
    raise ConstraintError(endpoint, preparation.violations)


def field_name(path: Iterable[str | int]) -> str:
    """A path of keys and indices as ``keyframes[0][1]``."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return shorten("".join(parts).lstrip("."), 80)


def _named(value: Any) -> str:
    return shorten(value, 60) if isinstance(value, os.PathLike) else f"<{type(value).__name__}>"


def _reason(error: Exception) -> str:
    return shorten((error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__, 100)
