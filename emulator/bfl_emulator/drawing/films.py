"""Clips to be drawn: landscapes that move, pictures that blend into each other, and clips that were sent, edited."""

import base64
import binascii
import hashlib
import io
import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from PIL import Image, ImageChops, ImageFilter, ImageOps

from . import clips
from .landscapes import MovingLandscape, generator, paint
from .pictures import Input, Open, banner, lay, no_input
from .sizes import Size

_DRAWN = 500_000  # pixels of a frame that are drawn at most; larger frames are enlarged by the encoder
_STILL_SIDE = 1280  # pixels a side of a still in the data of a draft
_HEAD = b"BFL-EMULATOR-DRAFT-1\n"

Still = tuple[float, Image.Image]
Read = Callable[[Input], bytes]


class DraftError(Exception):
    """Data that are not a draft of this emulator."""


@dataclass(frozen=True)
class Draft:
    """The data of a draft clip (``draft_cache``): what it takes to make the same clip again in full quality.

    Prompt, seed, ratio (width to height), length in seconds, and the stills, each a moment in seconds and a JPEG file.
    """

    prompt: str
    seed: int
    effect: str
    ratio: float
    seconds: float
    audio: bool
    stills: tuple[tuple[float, bytes], ...]

    def to_bytes(self) -> bytes:
        """Return the draft as a file, with a checksum."""
        stills = [(moment, base64.b64encode(content).decode()) for moment, content in self.stills]
        body = json.dumps({**vars(self), "stills": stills}).encode()
        return _HEAD + hashlib.sha256(body).digest() + body

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Read a draft. Raises DraftError for anything that `to_bytes` did not write."""
        head, digest, body = content[: len(_HEAD)], content[len(_HEAD) : len(_HEAD) + 32], content[len(_HEAD) + 32 :]
        try:
            value: dict[str, Any] = json.loads(body) if (head, digest) == (_HEAD, hashlib.sha256(body).digest()) else {}
            stills = tuple((float(moment), binascii.a2b_base64(text)) for moment, text in value["stills"])
            effect, ratio, seconds = str(value["effect"]), float(value["ratio"]), float(value["seconds"])
            if not (0.1 <= ratio <= 10 and 0 < seconds <= 60):  # anybody can write a checksum
                raise ValueError("impossible values")
            return cls(str(value["prompt"]), int(value["seed"]), effect, ratio, seconds, bool(value["audio"]), stills)
        except (ValueError, TypeError, KeyError, RecursionError):
            raise DraftError("the file is not the draft data of a clip") from None


@dataclass(frozen=True)
class Film:
    """What decides a clip: frame size in pixels, length in seconds, and what it is made from.

    effect: ``animate`` blends one still into the next, ``continue`` blends its last still into a landscape,
    ``edit-clip`` and ``upscale`` show `source`. draft: whether it comes with the data of a draft.
    """

    endpoint: str
    prompt: str
    seed: int
    width: int
    height: int
    seconds: float
    effect: str = "animate"
    stills: tuple[Input, ...] = ()
    source: Input | None = None
    audio: bool = False
    draft: bool = False
    format: str = "mp4"
    content_type: str = "video/mp4"

    def draw(self, opened: Open = no_input, read: Read | None = None) -> bytes:
        """Draw and encode the clip: about 1.5 s for five seconds in hd."""
        size = self.width, self.height
        scale = min(1.0, math.sqrt(_DRAWN / (self.width * self.height)))
        drawn = max(2, round(self.width * scale)), max(2, round(self.height * scale))
        if self.source is not None and read is not None:
            frames = self._edited(drawn, read(self.source))
        else:
            frames = self._frames(drawn, [(item.moment or 0.0, opened(item)) for item in self.stills])
        prompt = self.prompt[:10_000].replace("\0", " ")
        about = {"title": f"Emulated clip, {self.endpoint}, seed {self.seed}", "comment": prompt}
        return clips.encode(self._marked(drawn, frames), size, about, self.seconds if self.audio else None)

    def draft_data(self, opened: Open = no_input) -> bytes:
        """Return the data from which the clip can be made again in full quality."""
        stills = tuple((item.moment or 0.0, _jpeg(opened(item))) for item in self.stills)
        ratio = self.width / self.height
        return Draft(self.prompt, self.seed, self.effect, ratio, self.seconds, self.audio, stills).to_bytes()

    def _frames(self, size: Size, given: Sequence[Still]) -> Iterator[Image.Image]:
        stills = [(moment, ImageOps.fit(image.convert("RGB"), size)) for moment, image in given]
        count = clips.frame_count(self.seconds, (self.width, self.height))
        ends_in_landscape = not stills or self.effect == "continue"
        random, large = generator(self.seed, self.prompt), (max(64, size[0]), max(64, size[1]))
        landscape = MovingLandscape(large, random) if ends_in_landscape else None
        for index in range(count):
            share = index / max(1, count - 1)
            image = _between(stills, share * self.seconds, self.seconds) if stills else None
            if landscape is not None:
                fresh = landscape.at(share).resize(size)
                image = fresh if image is None else Image.blend(image, fresh, _smooth((share - 0.25) / 0.5))
            if image is not None:
                yield image

    def _edited(self, size: Size, source: bytes) -> Iterator[Image.Image]:
        random, large = generator(self.seed, self.prompt), (max(64, size[0]), max(64, size[1]))
        scene = paint(large, random).resize(size)
        light = Image.blend(Image.new("RGB", size, (128, 128, 128)), scene, 0.8)
        for frame in clips.frames(source, clips.rate((self.width, self.height))):
            image = frame.resize(size, Image.Resampling.BILINEAR)
            if self.effect == "upscale":
                yield image.filter(ImageFilter.SHARPEN)
            else:
                yield Image.blend(ImageChops.soft_light(image, light), scene, 0.18)

    def _marked(self, size: Size, frames: Iterator[Image.Image]) -> Iterator[Image.Image]:
        note = f"seed {self.seed}   {self.width} x {self.height}   {self.seconds:g} s"
        strip = banner(*size, self.endpoint, self.prompt, note)
        for frame in frames:
            lay(frame, strip, (0, size[1]))
            yield frame


def _between(stills: Sequence[Still], now: float, end: float) -> Image.Image:
    """Show a still at its moment; in between, zoom in slowly and blend one into the next."""
    before = max((still for still in stills if still[0] <= now), key=lambda still: still[0], default=None)
    after = min((still for still in stills if still[0] > now), key=lambda still: still[0], default=None)
    if before is None or after is None:
        moment, image = before or after or stills[0]
        return _zoomed(image, abs(now - moment) / end)
    share = (now - before[0]) / (after[0] - before[0])
    return Image.blend(_zoomed(before[1], share), _zoomed(after[1], 1 - share), _smooth(share))


def _zoomed(image: Image.Image, share: float) -> Image.Image:
    """Zoom towards the middle of a picture, by a seventh at most."""
    if share <= 0:
        return image.copy()
    across, down = (side * share * 0.07 for side in image.size)
    box = across, down, image.width - across, image.height - down
    return image.resize(image.size, Image.Resampling.BILINEAR, box=box)


def _smooth(share: float) -> float:
    share = min(1.0, max(0.0, share))
    return share * share * (3 - 2 * share)


def _jpeg(image: Image.Image) -> bytes:
    file = io.BytesIO()
    ImageOps.contain(image.convert("RGB"), (_STILL_SIDE, _STILL_SIDE)).save(file, "JPEG", quality=92)
    return file.getvalue()
