"""Takes in the pictures and clips of a request, decoded under limits, and says what is wrong with them."""

import hashlib
import io
import math
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn

from PIL import Image
from PIL.GifImagePlugin import GifImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from . import clips, drafts
from .fetching import FetchError, fetch
from .media import Reference, Size, content_of, is_url
from .refusals import Refusal
from .sizes import MEGAPIXEL
from .specification import Node
from .store import Store

MAX_BYTES = 64 * 1024 * 1024  # of one input; 50 MB are documented for clips
MAX_MEGAPIXELS = 24  # of one picture, where its endpoint has no limit of its own; 20 are documented at most
_KEPT = 256 * 1024 * 1024  # bytes of inputs that are kept until what they are for is drawn
# Pillow reads many more formats, some of them by starting other programs.
_FORMATS = [str(plugin.format) for plugin in (JpegImageFile, PngImageFile, WebPImageFile, GifImageFile)]
_DECODING = threading.BoundedSemaphore(2)  # a decoded picture may take a hundred megabytes


class Unfit(Exception):
    """An input or a size that the service finds fault with while it works: the task ends in Error with this message."""


@dataclass(frozen=True)
class Input:
    """A picture or clip that came with a request; `moment` is its time in seconds, `seconds` a clip's length."""

    parameter: str
    digest: str
    size: Size
    moment: float | None = None
    seconds: float = 0.0


class Inputs:
    """The inputs of an emulated service: at most 256 MB of them, equal ones kept once, oldest out first.

    own: returns the file that a URL of the emulator's own names, or None for another URL; the emulator does not ask
    itself over the network. allow_outbound: whether URLs may lead to other machines.
    """

    def __init__(self, own: Callable[[str], bytes | None], allow_outbound: bool) -> None:
        self._own, self._allow_outbound, self._store = own, allow_outbound, Store(_KEPT)

    def take(self, reference: Reference, rules: Node, kind: str, *, fetched: bool) -> Input:
        """Fetch or decode an input and hold it to the rules of its endpoint's ``x-bfl-input`` mark.

        kind: picture, clip or draft. fetched: whether a URL is fetched, or as good as a file that cannot be read.
        Raises Unfit, or Refusal where the rules say with which status.
        """
        try:
            if is_url(reference.text) and not fetched:
                raise Unfit("a URL that is not fetched")
            content = self._content(reference.text, int(rules.get("max-bytes", MAX_BYTES)))
            size, seconds = _EXAMINED[kind](content, rules)
        except (FetchError, clips.ClipError, drafts.DraftError) as error:
            raise Unfit(f"{reference.parameter}: {error}") from None
        except Unfit as error:
            raise Unfit(f"{reference.parameter}: {error}") from None
        digest = hashlib.sha256(content).hexdigest()
        self._store.put(digest, content)
        return Input(reference.parameter, digest, size, reference.moment, seconds)

    def add(self, parameter: str, content: bytes, moment: float) -> Input:
        """Keep a picture that was not sent as such, like a frame of a clip. Raises Unfit."""
        size, _ = _picture(content, {})
        digest = hashlib.sha256(content).hexdigest()
        self._store.put(digest, content)
        return Input(parameter, digest, size, moment)

    def content(self, item: Input) -> bytes:
        """Return the bytes of an input. Raises Refusal (410) if newer ones have taken its room."""
        content = self._store.get(item.digest)
        if content is None:
            raise Refusal(410, "The emulator no longer keeps the inputs of this task")
        return content

    def picture(self, item: Input) -> Image.Image:
        """Return a picture input, decoded, with its transparency if it has some."""
        with Image.open(io.BytesIO(self.content(item)), formats=_FORMATS) as picture:
            return picture.convert("RGBA" if picture.has_transparency_data else "RGB")

    def _content(self, text: str, limit: int) -> bytes:
        if is_url(text):
            content = self._own(text)
            return fetch(text, limit, self._allow_outbound) if content is None else content
        most = limit + 256  # bytes; a data URI has some more in front
        content = content_of(text) if len(text) * 3 // 4 <= most else None
        if content is None or len(content) > limit:
            raise Unfit(f"the file is larger than {limit} bytes")
        return content


def check_together(inputs: Iterable[Input], output: Size, rules: Node) -> None:
    """Hold the inputs of a request to what limits them together. Raises Unfit."""
    pictures = list(inputs)
    if len(pictures) > rules.get("max-count", math.inf):
        raise Unfit(f"at most {rules['max-count']} pictures may be sent, not {len(pictures)}")
    total = sum(math.prod(item.size) for item in pictures) + math.prod(output)
    if pictures and total > rules.get("max-total-mp", math.inf) * MEGAPIXEL:
        raise Unfit(f"input and output have more than {rules['max-total-mp']} megapixels together")


def _picture(content: bytes, rules: Node) -> tuple[Size, float]:
    """Read the header first: half a megabyte of PNG can stand for two thirds of a gigabyte of pixels."""
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as picture:
            _hold(picture.size, rules)
            with _DECODING:
                picture.load()
            return picture.size, 0.0
    except (Unfit, Refusal):
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        _too_large(rules)
    except Exception:  # Pillow raises errors of many kinds for broken files
        raise Unfit("the file is no picture that can be decoded") from None


def _clip(content: bytes, rules: Node) -> tuple[Size, float]:
    clip = clips.examine(content)
    _hold(clip.size, rules)
    if clip.seconds > rules.get("max-seconds", 60):
        raise Unfit(f"the clip is longer than {rules.get('max-seconds', 60)} seconds")
    if clip.frames < rules.get("min-frames", 1):
        raise Unfit(f"the clip has fewer than {rules['min-frames']} frames")
    return clip.size, clip.seconds


def _draft(content: bytes, rules: Node) -> tuple[Size, float]:
    drafts.read(content)
    return (1, 1), 0.0


def _hold(size: Size, rules: Node) -> None:
    least, widest = rules.get("min-side", 1), rules.get("max-size")
    if min(size) < least:
        raise Unfit(f"{size[0]}x{size[1]} pixels are too few: each side must have at least {least}")
    if math.prod(size) > rules.get("max-mp", MAX_MEGAPIXELS) * MEGAPIXEL:
        _too_large(rules)
    if widest and (max(size) > max(widest) or min(size) > min(widest)):
        raise Unfit(f"{size[0]}x{size[1]} pixels are more than {widest[0]}x{widest[1]}")


def _too_large(rules: Node) -> NoReturn:
    message = f"the picture has more than {rules.get('max-mp', MAX_MEGAPIXELS)} megapixels"
    if "status" in rules:
        raise Refusal(rules["status"], message[0].upper() + message[1:])
    raise Unfit(message)


_EXAMINED: dict[str, Callable[[bytes, Node], tuple[Size, float]]] = {
    "picture": _picture,
    "clip": _clip,
    "draft": _draft,
}
