"""Clips in MP4 (H.264): landscapes that move, pictures that lead into each other, and clips that were sent, edited."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageChops, ImageFilter, ImageOps

from . import clips, drafts
from .banner import banner, lay
from .inputs import Input
from .media import Size
from .moving import MovingLandscape
from .pictures import Open, _nothing
from .scenery import paint

_DRAWN = 500_000  # pixels of a frame that are drawn at most; larger frames are enlarged while they are encoded
_STILL_SIDE = 1280  # pixels a side of a still within the data of a draft

Still = tuple[float, Image.Image]
Read = Callable[[Input], bytes]


@dataclass(frozen=True)
class Film:
    """What decides a clip: frame size in pixels, length in seconds, and what it is made from.

    effect: ``animate`` leads through the stills, ``continue`` leads from its last still into a landscape, ``edit-clip``
    and ``upscale`` show `source`. draft: whether it comes with the data of a draft.
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

    def draw(self, opened: Open = _nothing, read: Read | None = None) -> bytes:
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

    def draft_data(self, opened: Open = _nothing) -> bytes:
        """Return the data from which the clip can be made again in full quality."""
        stills = tuple((item.moment or 0.0, _jpeg(opened(item))) for item in self.stills)
        ratio = self.width / self.height
        return drafts.write(drafts.Draft(self.prompt, self.seed, self.effect, ratio, self.seconds, self.audio, stills))

    @property
    def _random(self) -> Random:
        return Random(f"{self.seed}:{self.prompt}")  # noqa: S311  (it decides what is painted, no secret)

    def _frames(self, size: Size, given: Sequence[Still]) -> Iterator[Image.Image]:
        stills = [(moment, ImageOps.fit(image.convert("RGB"), size)) for moment, image in given]
        count = clips.frame_count(self.seconds, (self.width, self.height))
        leads_on = not stills or self.effect == "continue"
        landscape = MovingLandscape((max(64, size[0]), max(64, size[1])), self._random) if leads_on else None
        for index in range(count):
            share = index / max(1, count - 1)
            image = _between(stills, share * self.seconds, self.seconds) if stills else None
            if landscape is not None:
                fresh = landscape.at(share).resize(size)
                image = fresh if image is None else Image.blend(image, fresh, _smooth((share - 0.25) / 0.5))
            if image is not None:
                yield image

    def _edited(self, size: Size, source: bytes) -> Iterator[Image.Image]:
        scene = paint((max(64, size[0]), max(64, size[1])), self._random).resize(size)
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
    """Show a still at its moment; before, after and in between move slowly into it, and from one to the next."""
    before = max((still for still in stills if still[0] <= now), key=lambda still: still[0], default=None)
    after = min((still for still in stills if still[0] > now), key=lambda still: still[0], default=None)
    if before is None or after is None:
        moment, image = before or after or stills[0]
        return _zoomed(image, abs(now - moment) / end)
    share = (now - before[0]) / (after[0] - before[0])
    return Image.blend(_zoomed(before[1], share), _zoomed(after[1], 1 - share), _smooth(share))


def _zoomed(image: Image.Image, share: float) -> Image.Image:
    """Go nearer to the middle of a picture, by a seventh of it at most."""
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
