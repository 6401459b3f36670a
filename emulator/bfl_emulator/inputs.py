"""The pictures and clips that requests carry: as base64, data URI or URL; fetched, decoded within limits, and kept.

The forms are documented, and recorded (2025-08).
"""

import binascii
import hashlib
import io
import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from urllib.parse import urlsplit

from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from .addresses import is_loopback
from .clock import now
from .drawing import clips
from .drawing.editing import hole
from .drawing.films import Draft, DraftError
from .drawing.pictures import Input
from .drawing.sizes import MEGAPIXEL, Size
from .requests import Refusal
from .specification import Node, Specification

MAX_BYTES = 64 * 1024 * 1024  # of one input; 50 MB are documented for clips
MAX_MEGAPIXELS = 24  # of one picture whose endpoint has no limit of its own; 20 is the most that is documented
_KEPT = 256 * 1024 * 1024  # bytes of inputs that are kept until they are drawn from
_SECONDS = 10.0  # for a whole download; how long the service waits is not known
# Pillow reads many more formats, some of them by starting other programs.
_FORMATS = [str(plugin.format) for plugin in (JpegImageFile, PngImageFile, WebPImageFile, GifImageFile)]
_DECODING = threading.BoundedSemaphore(2)  # a decoded picture may take a hundred megabytes


class InputError(Exception):
    """A fault in the inputs that the service finds while it works: the task ends in Error with this message."""


@dataclass(frozen=True)
class Medium:
    """A picture or clip as a body names it; `moment` is the time in seconds beside it, if there is one."""

    parameter: str
    text: str
    moment: float | None = None


def is_media(value: str) -> bool:
    """Return whether a string is an http(s) URL with a host, a base64 data URI, or base64 (``format: bfl-media``)."""
    if _is_url(value):
        try:
            return bool(urlsplit(value).hostname) and not any(character.isspace() for character in value)
        except ValueError:
            return False
    return bool(_decoded(value))


def media_in(specification: Specification, body: Node, schema: Node) -> Iterator[Medium]:
    """Yield the media of a body, in the order of the schema's parameters."""
    for name, node in schema.get("properties", {}).items():
        value = body.get(name)
        if isinstance(value, str | list) and _takes_media(specification, node):
            yield from _media(name, value)


def _media(name: str, value: Any) -> Iterator[Medium]:
    match value:
        case str():
            yield Medium(name, value)
        case [int() | float() as moment, str() as text]:
            yield Medium(name, text, float(moment))
        case list():
            for item in value:
                yield from _media(name, item)


def _takes_media(specification: Specification, node: Node) -> bool:
    node = specification.resolve(node)
    parts = [part for keyword in ("anyOf", "oneOf", "prefixItems") for part in node.get(keyword, ())]
    parts += [node["items"]] if "items" in node else []
    return node.get("format") == "bfl-media" or any(_takes_media(specification, part) for part in parts)


def _is_url(value: str) -> bool:
    return value[:7].lower() == "http://" or value[:8].lower() == "https://"


def _decoded(value: str) -> bytes:
    """Decode base64 or a base64 data URI; return nothing for any other text."""
    if value[:5].lower() == "data:":
        head, _, value = value.partition(",")
        if not head.lower().endswith(";base64"):
            return b""
    if len(value) % 4 or value.endswith("==="):  # which the strict mode lets pass
        return b""
    try:
        return binascii.a2b_base64(value, strict_mode=True)
    except ValueError:
        return b""


def fetch(url: str, limit: int, allow_outbound: bool) -> bytes:
    """Download at most `limit` bytes within ten seconds. Raises InputError.

    Without `allow_outbound` the host must be written as a loopback name or address, and redirects are not followed:
    either could lead elsewhere. Proxies are not used, and nothing is decompressed.
    """
    if not (allow_outbound or is_loopback(url)):
        raise InputError("the emulator fetches from this machine only, unless allow_outbound is set")
    import httpx  # here, because most requests bring their pictures along

    end, content, headers = now() + _SECONDS, bytearray(), {"Accept-Encoding": "identity"}
    try:
        with (
            httpx.Client(trust_env=False, follow_redirects=allow_outbound, timeout=_SECONDS) as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            if response.status_code != 200:
                raise InputError(f"the URL was answered with status {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise InputError("the file is compressed")
            for piece in response.iter_raw():
                content += piece
                if len(content) > limit:
                    raise InputError(f"the file is larger than {limit} bytes")
                if now() > end:
                    raise InputError(f"the download took more than {_SECONDS:.0f} seconds")
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise InputError(f"the URL could not be fetched ({type(error).__name__})") from None
    return bytes(content)


class FileCache:
    """Keeps files in memory, at most `limit` bytes: the oldest go first, and a larger file is not kept at all."""

    def __init__(self, limit: int) -> None:
        self._limit, self.size = limit, 0
        self._files: dict[str, bytes] = {}
        self._lock = threading.Lock()

    def put(self, name: str, content: bytes) -> None:
        """Keep a file as the newest, and drop the oldest ones to make room."""
        with self._lock:
            self.size -= len(self._files.pop(name, b""))
            if len(content) > self._limit:
                return
            self._files[name] = content
            self.size += len(content)
            while self.size > self._limit:
                self.size -= len(self._files.pop(next(iter(self._files))))

    def drop(self, name: str) -> None:
        """Forget a file, if it is kept."""
        with self._lock:
            self.size -= len(self._files.pop(name, b""))

    def get(self, name: str) -> bytes | None:
        """Return a file, or None if it is not kept."""
        with self._lock:
            return self._files.get(name)

    def __len__(self) -> int:
        return len(self._files)


class Inputs:
    """The inputs of an emulated service: at most 256 MB, equal ones kept once, the oldest dropped first.

    own: returns the file that a URL of this emulator names, or None for any other URL; the emulator does not send
    itself requests. allow_outbound: whether URLs may lead to other machines.
    """

    def __init__(self, own: Callable[[str], bytes | None], allow_outbound: bool) -> None:
        self._own, self._allow_outbound, self._cache = own, allow_outbound, FileCache(_KEPT)

    def take(self, medium: Medium, rules: Node, kind: str, *, fetched: bool) -> Input:
        """Fetch or decode an input, check it against the mark ``x-bfl-input`` of its endpoint, and keep it.

        kind: picture, clip or draft. fetched: whether URLs are fetched; if not, a URL is an InputError. Raises
        InputError, or Refusal where the rules name a status.
        """
        try:
            if _is_url(medium.text) and not fetched:
                raise InputError("URLs are not fetched here")
            content = self._content(medium.text, int(rules.get("max-bytes", MAX_BYTES)))
            size, seconds = _EXAMINED[kind](content, rules)
        except (clips.ClipError, DraftError, InputError) as error:
            raise InputError(f"{medium.parameter}: {error}") from None
        return Input(medium.parameter, self._keep(content), size, medium.moment, seconds)

    def add(self, parameter: str, content: bytes, moment: float) -> Input:
        """Keep a picture that the request did not carry as such, like a frame of a clip. Raises InputError."""
        size, _ = _picture(content, {})
        return Input(parameter, self._keep(content), size, moment)

    def content(self, item: Input) -> bytes:
        """Return the bytes of an input. Raises Refusal (410) if they were dropped for newer ones."""
        content = self._cache.get(item.digest)
        if content is None:
            raise Refusal(410, "The emulator no longer keeps the inputs of this task")
        return content

    def picture(self, item: Input) -> Image.Image:
        """Return a picture, decoded, with its transparency if it has any. Raises Refusal (410) as `content` does."""
        with Image.open(io.BytesIO(self.content(item)), formats=_FORMATS) as picture:
            return picture.convert("RGBA" if picture.has_transparency_data else "RGB")

    def has_hole(self, roles: Mapping[str, Input]) -> bool:
        """Return whether these pictures, by role, say what to repaint. Raises Refusal as `content` does."""
        with _DECODING:
            return hole({role: self.picture(item) for role, item in roles.items()}).getbbox() is not None

    def _keep(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        self._cache.put(digest, content)
        return digest

    def _content(self, text: str, limit: int) -> bytes:
        if _is_url(text):
            content = self._own(text)
            return fetch(text, limit, self._allow_outbound) if content is None else content
        most = limit + 256  # bytes: the head of a data URI comes on top
        content = _decoded(text) if len(text) * 3 // 4 <= most else None
        if content is None or len(content) > limit:
            raise InputError(f"the file is larger than {limit} bytes")
        return content


def check_together(inputs: Iterable[Input], output: Size, rules: Node) -> None:
    """Check the limits on all inputs of a request together, and on inputs and output. Raises InputError."""
    pictures = list(inputs)
    if len(pictures) > rules.get("max-count", math.inf):
        raise InputError(f"at most {rules['max-count']} pictures may be sent, not {len(pictures)}")
    total = sum(math.prod(item.size) for item in pictures) + math.prod(output)
    if pictures and total > rules.get("max-total-mp", math.inf) * MEGAPIXEL:
        raise InputError(f"input and output have more than {rules['max-total-mp']} megapixels together")


def _picture(content: bytes, rules: Node) -> tuple[Size, float]:
    """Check the header before decoding: half a megabyte of PNG can stand for two thirds of a gigabyte of pixels."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            _check_size(picture.size, rules)
            with _DECODING:
                picture.load()
            return picture.size, 0.0
    except (InputError, Refusal):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        _too_large(rules)
    except Exception:  # Pillow raises many kinds of errors for broken files
        raise InputError("the file is not a picture that can be decoded") from None


def _clip(content: bytes, rules: Node) -> tuple[Size, float]:
    clip = clips.examine(content)
    _check_size(clip.size, rules)
    if clip.seconds > rules.get("max-seconds", 60):
        raise InputError(f"the clip is longer than {rules.get('max-seconds', 60)} seconds")
    if clip.frames < rules.get("min-frames", 1):
        raise InputError(f"the clip has fewer than {rules['min-frames']} frames")
    return clip.size, clip.seconds


def _draft(content: bytes, rules: Node) -> tuple[Size, float]:
    Draft.from_bytes(content)
    return (1, 1), 0.0


def _check_size(size: Size, rules: Node) -> None:
    least, most = rules.get("min-side", 1), rules.get("max-size")
    if min(size) < least:
        raise InputError(f"{size[0]}x{size[1]} pixels are too few: each side must have at least {least}")
    if math.prod(size) > rules.get("max-mp", MAX_MEGAPIXELS) * MEGAPIXEL:
        _too_large(rules)
    if most and (max(size) > max(most) or min(size) > min(most)):
        raise InputError(f"{size[0]}x{size[1]} pixels are more than {most[0]}x{most[1]}")


def _too_large(rules: Node) -> NoReturn:
    message = f"the picture has more than {rules.get('max-mp', MAX_MEGAPIXELS)} megapixels"
    if "status" in rules:
        raise Refusal(rules["status"], message[0].upper() + message[1:])
    raise InputError(message)


_EXAMINED: dict[str, Callable[[bytes, Node], tuple[Size, float]]] = {
    "picture": _picture,
    "clip": _clip,
    "draft": _draft,
}
