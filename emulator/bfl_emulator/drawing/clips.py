"""Reads and writes MP4 clips with PyAV (extra ``video``), which is imported with the first clip."""

import functools
import importlib.util
import io
import math
import tempfile
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image

from .sizes import Size

if TYPE_CHECKING:
    import av
    from av.container import InputContainer, OutputContainer

_FPS, _FPS_LARGE = 12, 6  # frames a second: so few that drawing a clip takes less time than playing it
_LARGE = 4_200_000  # pixels of a frame; larger ones get the lower rate
_RATE = 44_100  # samples a second of the sound
_MAX_PIXELS = 4096 * 2304  # of a frame that is read


class ClipError(Exception):
    """A file that is not a readable clip."""


@dataclass(frozen=True)
class Clip:
    """Frame size in pixels, length in seconds and number of frames of a clip."""

    size: Size
    seconds: float
    frames: int


@functools.cache
def available() -> bool:
    """Return whether PyAV is installed, without importing it."""
    return importlib.util.find_spec("av") is not None


def examine(content: bytes) -> Clip:
    """Read the header of an MP4 clip and decode its first frame. Raises ClipError."""
    first = next(_decoded(content), None)
    if first is None:
        raise ClipError("the clip has no frames")
    return Clip((first.width, first.height), *_length(content))


def rate(size: Size) -> int:
    """Return the frames a second of a clip written in this size."""
    return _FPS if size[0] * size[1] <= _LARGE else _FPS_LARGE


def frame_count(seconds: float, size: Size) -> int:
    """Return how many frames a clip of this length and size has."""
    return max(1, round(seconds * rate(size)))


def frames(content: bytes, a_second: int) -> Iterator[Image.Image]:
    """Yield what a clip shows at `a_second` moments of each second. Raises ClipError."""
    wanted = 0
    for index, frame in enumerate(_decoded(content)):
        moment, image = (frame.time if frame.time is not None else index / a_second), None
        while moment + 1e-3 >= wanted / a_second:
            image = _image(frame) if image is None else image
            yield image
            wanted += 1


def last_frame(content: bytes) -> Image.Image:
    """Return the last frame of a clip. Raises ClipError."""
    newest = deque(_decoded(content), maxlen=1)
    if not newest:
        raise ClipError("the clip has no frames")
    return _image(newest[0])


def encode(images: Iterable[Image.Image], size: Size, about: dict[str, str], audio: float | None) -> bytes:
    """Encode frames as an MP4 file (H.264) that plays while it loads; `audio`: seconds of a soft chord (AAC).

    Frames are scaled to `size`, whose sides must be even. Moving the index to the front takes a real file: it is
    written in a temporary folder, which is removed.
    """
    import av

    with tempfile.TemporaryDirectory(prefix="bfl_emulator_") as folder:
        path = Path(folder) / "clip.mp4"
        with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            container.metadata.update(about)
            _write(container, images, size, audio)
        return path.read_bytes()


def _write(container: "OutputContainer", images: Iterable[Image.Image], size: Size, audio: Any) -> None:
    import av

    frame_of: Any = av.VideoFrame.from_image  # PyAV does not declare the type
    options = {"preset": "ultrafast", "crf": "26"}
    film = container.add_stream("libx264", rate=rate(size), options=options)
    film.width, film.height = size
    film.pix_fmt = "yuv420p"
    film.thread_count = 2
    sound = container.add_stream("aac", rate=_RATE, layout="mono") if audio else None
    for index, image in enumerate(images):
        frame = frame_of(image).reformat(width=size[0], height=size[1], format="yuv420p", interpolation="BILINEAR")
        frame.pts, frame.time_base = index, Fraction(1, rate(size))
        container.mux(film.encode(frame))
    container.mux(film.encode())
    if sound is not None:
        for block in _tone(audio):
            container.mux(sound.encode(block))
        container.mux(sound.encode())


def _tone(seconds: float) -> Iterator["av.AudioFrame"]:
    import av

    total, second = round(seconds * _RATE), _second()
    for start in range(0, total, _RATE):
        length = min(_RATE, total - start)
        block = av.AudioFrame(format="s16", layout="mono", samples=length)
        block.planes[0].update(second[: 2 * length].ljust(block.planes[0].buffer_size, b"\0"))
        block.sample_rate, block.pts, block.time_base = _RATE, start, Fraction(1, _RATE)
        yield block


@functools.cache
def _second() -> bytes:
    """Return one second of a quiet chord, at whole numbers of hertz, so that it repeats without a click."""
    chord = (220, 277, 330)
    wave = (sum(math.sin(2 * math.pi * tone * index / _RATE) for tone in chord) for index in range(_RATE))
    return array("h", (round(500 * value) for value in wave)).tobytes()


def _image(frame: Any) -> Image.Image:
    image: Image.Image = frame.to_image()  # here neither
    return image


def _length(content: bytes) -> tuple[float, int]:
    """Return length and number of frames. Raises ClipError for a clip with fewer frames than its header says."""
    with _opened(content) as container:
        stream = container.streams.video[0]
        if stream.duration is not None and stream.time_base is not None:
            seconds = float(stream.duration * stream.time_base)
        else:
            seconds = (container.duration or 0) / 1_000_000
        count = sum(1 for packet in container.demux(stream) if packet.size)
        if count < stream.frames:
            raise ClipError("the clip is cut off")
        return seconds, count


def _decoded(content: bytes) -> Iterator["av.VideoFrame"]:
    """Yield frames as long as they can be decoded. Raises ClipError if not even the first can."""
    decoded = False
    try:
        with _opened(content) as container:
            if not container.streams.video:
                raise ClipError("the file has no video track")
            stream = container.streams.video[0]
            if stream.width * stream.height > _MAX_PIXELS:
                raise ClipError(f"the clip has more than {_MAX_PIXELS} pixels")
            for frame in container.decode(stream):
                decoded = True
                yield frame
    except ClipError:
        if not decoded:
            raise


@contextmanager
def _opened(content: bytes) -> Iterator["InputContainer"]:
    """Open a clip. Raises ClipError for it, and for anything that goes wrong while it is read."""
    import av
    from av.error import FFmpegError

    try:
        # This format only: others, such as playlists, name further files and addresses to read.
        with av.open(io.BytesIO(content), "r", format="mov") as container:
            yield container
    except (FFmpegError, ValueError, OSError, EOFError, AttributeError):  # the last one: a track with an unknown codec
        raise ClipError("the file is not an MP4 clip that can be decoded") from None
