"""Pictures and numbers as people have them: PIL images of every mode, arrays, and what is no picture at all."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from bfl_client import constraints, formats, media
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from .conftest import refuse, wire
from .test_downloads import WHOLE

pytestmark = pytest.mark.about("flux-dev")
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def sent(value: Any) -> Image.Image:
    """The picture that arrives."""
    body = wire("flux-dev", {"image_prompt": value})
    return Image.open(io.BytesIO(base64.b64decode(body["image_prompt"])))


def two_colours(mode: str = "RGB") -> Image.Image:
    """A picture of 24 x 16 pixels, red at its top left and blue elsewhere: turned, it is another one."""
    image = Image.new("RGB", (24, 16), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 8, 8))
    return image.convert(mode)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_sent_upright(orientation: int, tmp_path: Path) -> None:
    """For every EXIF orientation an image opened from a file arrives as the file itself is seen, pixel by pixel."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "turned.png"
    two_colours().save(path, exif=exif)
    with Image.open(path) as image:
        arrived = sent(image)
    with Image.open(path) as seen:
        expected = ImageOps.exif_transpose(seen)
        assert arrived.size == expected.size == ((24, 16) if orientation < 5 else (16, 24))
        assert arrived.convert("RGB").tobytes() == expected.convert("RGB").tobytes()
    assert arrived.getexif().get(0x0112, 1) == 1


MODES = ["1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "HSV", "RGBX", "RGBa", "LA", "La", "PA"]


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_sent_with_its_colours(mode: str) -> None:
    """A picture of every mode of Pillow arrives in one that a PNG has, red where it was red, up to a few shades."""
    if mode == "LAB":
        lab = ImageCms.createProfile("LAB")
        image = ImageCms.profileToProfile(two_colours(), ImageCms.createProfile("sRGB"), lab, outputMode="LAB")
        assert image is not None
    elif mode in ("La", "RGBa", "PA"):
        image = two_colours("LA" if mode == "La" else "RGBA" if mode == "RGBa" else "P").convert(mode)
    else:
        image = two_colours(mode)
    arrived = sent(image)
    assert arrived.mode in ("1", "L", "LA", "P", "RGB", "RGBA")
    if mode == "1":
        return
    plain, near = ("L", 2) if mode in ("L", "LA", "La") else ("RGB", 32 if mode == "LAB" else 8)
    for at in ((2, 2), (20, 12)):
        expected, found = (np.asarray(each.convert(plain))[at[::-1]].astype(int) for each in (two_colours(), arrived))
        assert np.abs(expected - found).max() <= near, (expected, found)


@pytest.mark.parametrize("mode", ["LA", "RGBA", "RGBa", "P"])
def test_transparency_is_kept(mode: str) -> None:
    """What was transparent arrives transparent, also in a palette."""
    image = two_colours("RGBA")
    image.putpixel((1, 1), (255, 0, 0, 0))
    if mode == "P":
        image = image.convert("P")
        image.info["transparency"] = image.getpixel((1, 1))
    arrived = sent(image.convert(mode)).convert("RGBA")
    assert arrived.getpixel((1, 1))[3] == 0  # type: ignore[index]
    assert arrived.getpixel((20, 12))[3] == 255  # type: ignore[index]


@pytest.mark.parametrize(
    ("mode", "value", "shade"),
    [("I;16", 65535, 255), ("I;16", 32896, 128), ("I", 65535, 255), ("I", 257, 1), ("F", 1.0, 255), ("F", 200.0, 200)],
)
def test_deep_pictures_become_eight_bits(mode: str, value: float, shade: int) -> None:
    """Pixels of 16 or 32 bits and floats arrive as the same share of white."""
    arrived = sent(Image.new(mode, (4, 4), value))
    assert (arrived.mode, arrived.getpixel((1, 1))) == ("L", shade)


@pytest.mark.parametrize(("mode", "value"), [("I", 70000), ("I", -1), ("F", float("nan")), ("F", 300.0), ("F", -0.5)])
def test_pixels_out_of_range_are_refused(mode: str, value: float) -> None:
    """Pixels that no share of white can be given to are refused with the range."""
    found = refuse("flux-dev", {"image_prompt": Image.new(mode, (2, 2), value)})["image_prompt"]
    assert "its pixels must lie between 0 and" in found.message


def test_colours_of_a_profile_arrive_in_srgb() -> None:
    """A picture with an ICC profile arrives in sRGB and without one; a broken profile is left aside."""
    image = two_colours()
    image.info["icc_profile"] = SRGB
    arrived = sent(image)
    assert "icc_profile" not in arrived.info
    assert arrived.getpixel((2, 2)) == (255, 0, 0)
    swapped = SRGB.replace(b"rXYZ", b"xXYZ").replace(b"bXYZ", b"rXYZ").replace(b"xXYZ", b"bXYZ")
    image.info["icc_profile"] = swapped  # in which red is blue
    assert sent(image).getpixel((2, 2)) == (0, 0, 255)
    image.info["icc_profile"] = b"broken"
    assert sent(image).getpixel((2, 2)) == (255, 0, 0)
    clear = Image.new("RGBA", (4, 4), (255, 0, 0, 77))
    clear.info["icc_profile"] = SRGB
    assert sent(clear).getpixel((2, 2)) == (255, 0, 0, 77)


@pytest.mark.parametrize("shape", [(16, 24), (16, 24, 1), (16, 24, 3), (16, 24, 4)])
@pytest.mark.parametrize("kind", ["uint8", "float32", "float64", "float16", "bool"])
def test_arrays_are_pictures(shape: tuple[int, ...], kind: str) -> None:
    """An array, height first, of the usual shapes and types arrives as the picture that it is."""
    ramp = np.zeros(shape, dtype="uint8")
    ramp[:8, :8] = 255
    array = ramp if kind == "uint8" else ramp.astype(bool) if kind == "bool" else (ramp / 255).astype(kind)
    arrived = sent(array)
    assert arrived.size == (24, 16)
    assert np.array_equal(np.asarray(arrived).reshape(ramp.squeeze().shape), ramp.squeeze())


@given(st.integers(0, 1000))
def test_a_float_is_the_nearest_of_256_shades(share: int) -> None:
    """A float from 0 to 1 becomes the shade that it is nearest to, not the one below."""
    arrived = sent(np.full((8, 8), share / 1000))
    assert abs(np.asarray(arrived).flat[0] - share * 255 / 1000) <= 0.5


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((4,)), "an array of shape (4,) is not a picture: height x width, or that x 3 or 4"),
        (np.zeros((4, 4, 2)), "an array of shape (4, 4, 2) is not a picture"),
        (np.zeros((0, 4)), "an array of shape (0, 4) is not a picture"),
        (np.full((4, 4), 2.0), "an array of floats must lie between 0 and 1, not 2 and 2"),
        (np.full((4, 4), 1.004), "an array of floats must lie between 0 and 1"),
        (np.full((4, 4), -0.004), "an array of floats must lie between 0 and 1"),
        (np.full((4, 4), np.nan), "an array of floats must lie between 0 and 1"),
        (np.zeros((4, 4), "int64"), "an array of i8 is not a picture: use uint8, or floats from 0 to 1"),
    ],
)
def test_other_arrays_are_refused_with_what_would_do(array: Any, said: str) -> None:
    """An array that is no picture is refused with its shape or type and what is taken."""
    assert said in refuse("flux-dev", {"image_prompt": array})["image_prompt"].message


class NAType:
    """Like pandas.NA: its comparisons and its truth raise."""

    def __eq__(self, other: object) -> bool:
        raise TypeError("boolean value of NA is ambiguous")

    __hash__ = None  # type: ignore[assignment]

    def __bool__(self) -> bool:
        raise TypeError("boolean value of NA is ambiguous")


@pytest.mark.parametrize("value", [np.int64(512), np.uint8(64), np.float64(512), Decimal(512), np.array(512), 512.0])
@pytest.mark.about("flux-dev:seed")
def test_numbers_of_other_libraries_are_numbers(value: Any) -> None:
    """A whole number of NumPy or decimal is sent as a number, as is 512.0."""
    sent = wire("flux-dev", {"width": value} if value >= 256 else {"seed": value}).popitem()[1]
    assert sent == value
    assert isinstance(sent, float if isinstance(value, float) else int)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6, places=3))
def test_a_decimal_is_sent_exactly(value: Decimal) -> None:
    """A decimal that a JSON number can carry arrives as the same number."""
    assert Decimal(repr(wire("flux-dev", {"guidance": value}, validate=False)["guidance"])) == value


def test_switches_of_other_libraries_are_true_or_false() -> None:
    """np.bool_ is true or false, np.float32 and np.str_ are a number and a text."""
    body = {"prompt_upsampling": np.bool_(True), "guidance": np.float32(2.5), "prompt": np.str_("x")}
    assert wire("flux-dev", body) == {"prompt_upsampling": True, "guidance": 2.5, "prompt": "x"}


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float32("nan"), Decimal("nan"), Decimal("-inf"), NAType()]
)
def test_what_is_no_number_is_refused_by_name(value: Any) -> None:
    """NaN, infinity and pandas.NA are refused with the field and what to do."""
    message = refuse("flux-dev", {"seed": 1, "guidance": value})["guidance"].message
    assert message == "cannot be sent: it is not a number; leave the parameter out"


def test_a_decimal_with_too_many_digits_is_refused() -> None:
    """A decimal that no JSON number can carry is refused rather than rounded."""
    found = refuse("flux-dev", {"guidance": Decimal("2.00000000000000000001")})["guidance"]
    assert found.message == "cannot be sent: it has more digits than can be sent; round it"


# What is no picture


def heif(brand: bytes) -> bytes:
    return b"\x00\x00\x00\x18ftyp" + brand + b"\x00\x00\x00\x00mif1" + brand + b"\x00" * 40


NO_PICTURES = {
    "a web page": (b"<!DOCTYPE html><html>oh</html>", "is a web page, not a picture"),
    "a web page after blanks": (b"\xef\xbb\xbf \n<html>oh</html>", "is a web page, not a picture"),
    "JSON": (b'{"detail": "Not Found"}', "is JSON, not a picture"),
    "a list": (b"[1, 2]", "is JSON, not a picture"),
    "text": ("fünf Füchse\n".encode(), "is text, not a picture"),
    "text cut in a character": (("x" * 1023 + "ü").encode(), "is text, not a picture"),
    "text cut in a long character": (("x" * 1021 + "🦊").encode(), "is text, not a picture"),
    "XML": (b"<?xml version='1.0'?><x/>", "is XML, not a picture"),
    "a PDF of plain characters": (b"%PDF-1.4\n1 0 obj\n<< >>\nendobj", "is a PDF document, not a picture"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is an SVG drawing, not a picture"),
    "HEIC": (heif(b"heic"), "is a picture in HEIC, which is not accepted: convert it to JPEG or PNG"),
    "AVIF": (heif(b"avif"), "is a picture in AVIF, which is not accepted: convert it to JPEG or PNG"),
    "several AVIF": (heif(b"avis"), "is a picture in AVIF, which is not accepted: convert it to JPEG or PNG"),
    "a video": (WHOLE["mp4"], "not a picture"),
    "a PDF": (b"%PDF-1.7\n\xff\xff\xff\xff" + bytes(40), "not a picture"),
    "an archive": (b"\x1f\x8b\x08\x00" + bytes(40), "not a picture"),
    "half a PNG": (WHOLE["png"][:-20], "but the file is truncated"),
    "half a JPEG": (WHOLE["jpeg"][:-20], "but the file is truncated"),
}


@pytest.mark.parametrize(("content", "said"), NO_PICTURES.values(), ids=NO_PICTURES)
def test_what_is_no_picture_is_not_sent(content: bytes, said: str, tmp_path: Path) -> None:
    """A file, open file or bytes that are no picture are refused with what they are; validate=False sends them."""
    path = tmp_path / "page-named.jpg"
    path.write_bytes(content)
    for value in (path, content, io.BytesIO(content)):
        assert refuse("flux-dev", {"image_prompt": value})["image_prompt"].message.endswith(said)
        assert wire("flux-dev", {"image_prompt": value}, validate=False)
    moved = io.BytesIO(b"before" + content)
    moved.seek(6)
    assert refuse("flux-dev", {"image_prompt": moved})["image_prompt"].message.endswith(said)


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_pictures_are_sent(kind: str) -> None:
    """Whole pictures of each documented format pass, as does a file that nobody knows."""
    for content in (WHOLE[kind], WHOLE[kind] + b"\n", bytes(range(256))):
        assert wire("flux-dev", {"image_prompt": content})


@pytest.mark.about("flux-3-video")
def test_a_film_is_what_a_parameter_for_films_takes() -> None:
    """A parameter for videos refuses a picture and takes a video; one for any file takes both."""
    film = {"mode": "v2v", "prompt": "x", "start_video": WHOLE["mp4"]}
    assert constraints.check("flux-3-video", film)
    late = io.BytesIO(b"head" + WHOLE["mp4"])
    late.seek(4)
    assert constraints.check("flux-3-video", {**film, "start_video": late})
    found = refuse("flux-3-video", {**film, "start_video": WHOLE["png"]})
    assert found["start_video"].message.endswith(", not a video")
    for content in (WHOLE["png"], WHOLE["mp4"], b"text"):
        assert constraints.check("flux-3-video", {"mode": "draft_enhance", "draft_cache": content})


def test_mistakes_with_files_name_the_way_out(tmp_path: Path) -> None:
    """A file at its end, a folder, a pair of name and bytes, and an upload each have their words."""

    class Upload:
        filename = "fox.png"

        async def read(self) -> bytes:
            return WHOLE["png"]

    at_its_end = io.BytesIO(WHOLE["png"])
    at_its_end.read()
    said = {
        "it has been read to its end; seek(0) goes back to its beginning": at_its_end,
        "it is a folder": tmp_path,
        "pass the bytes or the file alone, without a name": ("fox.png", WHOLE["png"]),
        "its read() is asynchronous; pass its .file, or the bytes": Upload(),
    }
    for words, value in said.items():
        assert refuse("flux-dev", {"image_prompt": value})["image_prompt"].message == f"cannot be sent: {words}"


@given(st.binary(max_size=200))
def test_any_bytes_are_something(head: bytes) -> None:
    """Whatever a file begins with, it is identified without an error, and text is text."""
    found = formats.identified(head)
    assert found.name
    text = head.decode(errors="ignore").encode() == head and head.decode().isprintable() and head.strip()
    assert not text or found.kind == "text"


@pytest.mark.parametrize(("value", "gray"), [(0.999, 255), (0.5, 128), (0.001, 0), (0.0, 0)])
def test_a_picture_of_floats_is_rounded(value: float, gray: int) -> None:
    """Each pixel of a picture of floats is sent as the nearest of 256 shades."""
    sent = base64.b64decode(wire("flux-dev", {"image_prompt": Image.new("F", (2, 2), value)})["image_prompt"])
    assert Image.open(io.BytesIO(sent)).getpixel((0, 0)) == gray


@pytest.mark.parametrize("size", [16, 512, 1024])
def test_zeros_say_nothing_of_a_file(size: int) -> None:
    """A file that begins with zeros, as those of many old programs do, is of unknown type and may be sent."""
    assert formats.identified(bytes(size)).kind == ""
    assert formats.refusal(io.BytesIO(bytes(size)), "image") is None


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_pictures_of_other_usual_kinds_are_sent(kind: str) -> None:
    """Nothing is known against pictures of these kinds, so they are not refused."""
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(file, kind)
    assert formats.refusal(io.BytesIO(file.getvalue()), "image") is None
    assert formats.identified(file.getvalue()[:1000]).kind == "image"


@pytest.mark.parametrize("kind", ["jpeg", "png"])
def test_a_picture_may_have_a_tail(kind: str) -> None:
    """Tens of kilobytes that a program has appended do not make a picture truncated; a cut before its end does."""
    assert formats.unfinished(io.BytesIO(WHOLE[kind] + b"x" * 60_000)) is None
    assert formats.unfinished(io.BytesIO(WHOLE[kind][:-12])) == "the file is truncated"


def test_a_very_large_picture_is_measured() -> None:
    """The size of a picture is known from its beginning, also where Pillow would warn of it."""
    file = io.BytesIO()
    Image.new("L", (8, 8)).save(file, "PNG")
    content = file.getvalue()
    header = b"IHDR" + struct.pack(">II", 12_000, 11_000) + content[24:29]
    large = content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    found = media.measured(large)
    assert found is not None
    assert found[:2] == (12_000, 11_000)


@pytest.mark.parametrize("value", [-0.5, 1.5, float("nan")])
def test_an_array_of_floats_lies_between_0_and_1(value: float) -> None:
    """An array with a pixel below 0 or above 1 is refused rather than sent with another colour."""
    array = np.full((4, 4, 3), 0.5)
    array[1, 2, 0] = value
    assert "must lie between 0 and 1" in refuse("flux-dev", {"image_prompt": array})["image_prompt"].message
