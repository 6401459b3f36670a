"""Pictures and films in a request: found by the value's type, sent as base64, streamed piece by piece.

A request body is *prepared* once: `bytes`, `Path`, binary files and PIL images, wherever they stand, are replaced by
short tokens, so that the rest can be validated and serialised as plain JSON. When the body is sent, each token gives
way to its media, encoded as it is read: memory stays small however large the files are, and a body can be sent again.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import Any, BinaryIO

from .errors import ConstraintError, Violation

CHUNK = 48 * 1024  # bytes read at a time; a multiple of three, so that the pieces of base64 join without padding
DEPTH = 64  # levels of nesting; the specification's deepest request has four


class Media:
    """One picture or film: its size in bytes, and a way to open it anew for every sending."""

    def __init__(self, size: int, open_it: Callable[[], BinaryIO], label: str, close: bool = True) -> None:
        self.size = size
        self.label = label
        self._open = open_it
        self._close = close

    @property
    def encoded_length(self) -> int:
        """Bytes of base64."""
        return 4 * ((self.size + 2) // 3)

    def pieces(self) -> Iterator[bytes]:
        """The media as base64, 64 KiB at a time.

        Raises:
            OSError: it cannot be read, or its size has changed since it was prepared.
        """
        source = self._open()
        try:
            left = self.size
            while left:
                chunk = _read_exactly(source, min(CHUNK, left))
                left -= len(chunk)
                yield base64.b64encode(chunk)
        finally:
            if self._close:
                source.close()


def _read_exactly(source: BinaryIO, size: int) -> bytes:
    chunk = source.read(size)
    while len(chunk) < size:
        more = source.read(size - len(chunk))
        if not more:
            raise OSError("it became shorter while it was being sent")
        chunk += more
    return chunk


def from_value(value: Any) -> Media | None:
    """The value as media, or None if it is not of a media type.

    Raises:
        OSError: the file cannot be opened. ValueError: a text file, or an empty one.
    """
    media: Media | None = None
    if isinstance(value, (bytes, bytearray, memoryview)):
        media = _from_bytes(bytes(value) if isinstance(value, (bytearray, memoryview)) else value)
    elif isinstance(value, os.PathLike):
        media = _from_path(value)
    elif hasattr(value, "read"):
        media = _from_file(value)
    elif hasattr(value, "save") and hasattr(value, "format"):
        media = _from_image(value)
    if media is not None and media.size == 0:
        raise ValueError("it is empty")
    return media


def _from_bytes(data: bytes) -> Media:
    return Media(len(data), lambda: io.BytesIO(data), f"<{len(data):,} bytes>")


def _from_path(path: os.PathLike[Any]) -> Media:
    name = os.fspath(path)
    if not os.path.isfile(name):  # also: never wait on a pipe or a device
        raise OSError("there is no such file")
    with open(name, "rb") as probe:
        size = os.fstat(probe.fileno()).st_size
    return Media(size, lambda: open(name, "rb"), f"<file of {size:,} bytes>")


def _from_file(file: Any) -> Media:
    if isinstance(file, io.TextIOBase):
        raise ValueError('it is a text file; open it with mode "rb"')
    if not (hasattr(file, "seekable") and file.seekable()):
        return _from_bytes(file.read())
    start = file.tell()
    size = file.seek(0, io.SEEK_END) - start
    file.seek(start)

    def rewind() -> BinaryIO:
        file.seek(start)
        return file  # type: ignore[no-any-return]  # whatever the caller gave us, with read()

    return Media(size, rewind, f"<file of {size:,} bytes>", close=False)


def _from_image(image: Any) -> Media:
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")  # lossless, and every mode that the service could use
    return _from_bytes(buffer.getvalue())


class Body:
    """A request body: its exact length in bytes, and its bytes as often as they are needed.

    Attributes:
        plain: the body as plain JSON values, media replaced by tokens that are themselves valid base64.
        media: what each token stands for.
    """

    def __init__(self, plain: dict[str, Any], media: dict[str, Media]) -> None:
        self.plain = plain
        self.media = media
        text = json.dumps(plain, allow_nan=False, separators=(",", ":"))
        split = re.split("(" + "|".join(media) + ")", text) if media else [text]
        self._parts: list[bytes | Media] = [media[part] if part in media else part.encode("ascii") for part in split]
        self.length = sum(part.encoded_length if isinstance(part, Media) else len(part) for part in self._parts)

    def __iter__(self) -> Iterator[bytes]:
        for part in self._parts:
            if isinstance(part, Media):
                yield from self._encoded(part)
            elif part:
                yield part

    async def stream(self) -> AsyncIterator[bytes]:
        """The same bytes for an asynchronous client."""
        for chunk in self:
            yield chunk

    @staticmethod
    def _encoded(media: Media) -> Iterator[bytes]:
        try:
            yield from media.pieces()
        except (OSError, ValueError) as error:
            violation = Violation("", media.label, f"a file could not be read to its end: {error}")
            raise ConstraintError("the request", [violation]) from error


def prepare(endpoint: str, body: Mapping[str, Any]) -> Body:
    """The body as it will be sent.

    Raises:
        ConstraintError: a value that cannot be sent at all, each one named.
    """
    media: dict[str, Media] = {}
    violations: list[Violation] = []
    nonce = secrets.token_hex(16)

    def plain(value: Any, field: str, depth: int) -> Any:
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        if depth > DEPTH:
            raise ValueError(f"nested more than {DEPTH} levels deep")
        if isinstance(value, Mapping):
            if not all(isinstance(key, str) for key in value):
                raise ValueError("every key must be a string")
            return {key: walk(item, f"{field}.{key}" if field else str(key), depth) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [walk(item, f"{field}[{index}]", depth) for index, item in enumerate(value)]
        found = from_value(value)
        if found is None:
            raise ValueError(f"a {type(value).__name__} cannot be sent as JSON")
        token = f"{nonce}{len(media):04d}"
        media[token] = found
        return token

    def walk(value: Any, field: str, depth: int) -> Any:
        try:
            return plain(value, field, depth + 1)
        except (OSError, ValueError) as error:
            violations.append(Violation(field, _named(value), f"cannot be sent: {_reason(error)}"))
            return None

    result = {key: walk(value, str(key), 0) for key, value in body.items()}
    if not violations:
        try:
            return Body(result, media)
        except (TypeError, ValueError, RecursionError) as error:
            violations.append(Violation("", "", f"cannot be written as JSON: {_reason(error)}"))
    raise ConstraintError(endpoint, violations)


def _named(value: Any) -> str:
    return os.fspath(value) if isinstance(value, os.PathLike) else f"<{type(value).__name__}>"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
