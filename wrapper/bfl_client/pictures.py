"""Pictures in memory, PIL images and arrays, as the PNG that is sent: upright, in sRGB, transparency kept.

Pillow is imported only here, when a picture is sent: whoever has an image has Pillow; an array needs it too.
"""

from __future__ import annotations

import io
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from .errors import ConfigurationError, Remedy

if TYPE_CHECKING:
    from PIL import Image

_PLAIN = ("1", "L", "LA", "P", "RGB", "RGBA")  # modes that a PNG has; the others are converted
_CONVERTED = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA"}


def check_installed() -> None:
    """Raise ConfigurationError unless Pillow is installed."""
    try:
        import PIL.Image  # noqa: F401
    except ModuleNotFoundError as error:
        raise ConfigurationError("this needs Pillow", Remedy("pip install pillow", "install-pillow")) from error


def opened(content: bytes) -> Image.Image:
    """A picture as a PIL image, decoded. Raises ValueError, in words that follow "this picture", if Pillow cannot."""
    from PIL import Image

    try:
        image = Image.open(io.BytesIO(content))
        image.load()
        return image
    except Exception as error:  # Pillow raises many kinds of errors for broken files
        raise ValueError("cannot be opened by Pillow") from error


class Measured(NamedTuple):
    """A picture or video: width and height in pixels, length in seconds (0 for a picture)."""

    width: int
    height: int
    seconds: float = 0.0


def measured(file: BinaryIO) -> Measured | None:
    """How large a picture or video is; None if the file does not say, or without Pillow (pictures) or PyAV (videos)."""
    with suppress(Exception):  # Pillow is not installed, or the file is none that it knows
        from PIL import Image

        with warnings.catch_warnings(action="ignore"):  # of sizes that are suspiciously large
            return Measured(*Image.open(file).size)
    with suppress(Exception):
        import av

        file.seek(0)
        with av.open(file, "r") as film:
            stream = film.streams.video[0]
            seconds = float(film.duration or 0) / av.time_base
            return Measured(stream.width, stream.height, seconds) if seconds else None
    return None


def from_image(image: Any) -> bytes:
    """A PIL image as PNG, as people see it: turned by its EXIF orientation, colours of its ICC profile in sRGB.

    Raises ValueError if it cannot be converted.
    """
    from PIL import ImageOps

    upright = ImageOps.exif_transpose(image)
    picture = _gray(upright) if upright.mode[0] in "IF" else _in_srgb(upright)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", icc_profile=None)  # lossless
    return buffer.getvalue()


def _in_srgb(image: Image.Image) -> Image.Image:
    from PIL import ImageCms

    transparent = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in image.info
    plain = "RGBA" if transparent and image.mode not in ("LA", "La") else _CONVERTED.get(image.mode, "RGB")
    profile = image.info.get("icc_profile")
    if image.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return _transformed(image, lab, srgb, "RGB") or image.convert("RGB")
    if profile and image.mode in ("RGB", "CMYK", "L", "RGBA"):
        mode = "RGBA" if image.mode == "RGBA" else "L" if image.mode == "L" else "RGB"
        converted = _transformed(image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), mode)
        if converted is not None:
            return converted
    return image if image.mode in _PLAIN and not (image.mode == "P" and transparent) else image.convert(plain)


def _transformed(image: Image.Image, given: Any, wanted: Any, mode: str) -> Image.Image | None:
    """The image in another colour space; None if its profile is broken, or is for another mode."""
    from PIL import ImageCms

    try:
        return ImageCms.profileToProfile(image, given, wanted, outputMode=mode)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def _gray(image: Image.Image) -> Image.Image:
    """A picture of 16 or 32 bits a pixel, or of floats, in 8 bits."""
    low, high = image.convert("F").getextrema() if image.mode != "F" else image.getextrema()
    if not (isinstance(low, float) and isinstance(high, float) and 0 <= low <= high <= 65535):
        raise ValueError("its pixels must lie between 0 and 65535")
    most = 65535 if image.mode.startswith("I") else 1 if high <= 1 else 255
    if high > most:
        raise ValueError(f"its pixels must lie between 0 and {most}")
    return image.convert("F").point(lambda value: value * (255 / most) + 0.5).convert("L")


def from_array(array: Any) -> bytes:
    """An array of height x width or height x width x 3 or 4 as PNG: uint8, booleans, or floats from 0 to 1.

    Any object with NumPy's `__array_interface__` and methods will do. Raises ValueError for other shapes and types.
    """
    from PIL import Image

    interface = array.__array_interface__
    shape, kind = interface["shape"], interface["typestr"][1:]
    if len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)) or 0 in shape:
        raise ValueError(f"an array of shape {shape} is not a picture: height x width, or that x 3 or 4")
    if kind[0] == "f":
        low, high = float(array.min()), float(array.max())
        if not 0 <= low <= high <= 1:
            raise ValueError(f"an array of floats must lie between 0 and 1, not {low:g} and {high:g}")
        array = (array * 255 + 0.5).astype("uint8")
    elif kind[0] == "b":
        array = array.astype("uint8") * 255
    elif kind != "u1":
        raise ValueError(f"an array of {kind} is not a picture: use uint8, or floats from 0 to 1")
    return from_image(Image.fromarray(array[:, :, 0] if len(shape) == 3 and shape[2] == 1 else array))
