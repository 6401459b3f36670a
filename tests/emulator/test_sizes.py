"""The size of a picture or clip, from parameters, inputs and marks."""

from typing import Any

import pytest
from bfl_emulator.drawing.editing import EFFECTS
from bfl_emulator.drawing.sizes import SizeError, check_size, clip_size, picture_size, resolution_size

Sizes = list[tuple[int, int]]


@pytest.mark.parametrize(
    ("given", "inputs", "rules", "size"),
    [
        ({}, [], {}, (1024, 1024)),
        ({}, [], {"mp": 4}, (2048, 2048)),
        ({"aspect_ratio": "1:1"}, [], {"mp": 4}, (2048, 2048)),
        ({"resolution": "1k"}, [], {"mp": 4}, (1024, 1024)),
        ({"resolution": "768sq"}, [], {}, (768, 768)),
        ({"resolution": "1.5k"}, [], {}, (1536, 1536)),
        ({"resolution": "4k"}, [], {}, (4096, 4096)),
        ({"aspect_ratio": "1:0"}, [], {}, (1024, 1024)),
        ({"aspect_ratio": "0:1"}, [], {}, (1024, 1024)),
        ({"aspect_ratio": "2:1 "}, [], {}, (1024, 1024)),
        ({"aspect_ratio": "4:1", "resolution": "4k"}, [], {}, (6256, 2672)),
        ({"aspect_ratio": "1:1"}, [(300, 100)], {}, (1024, 1024)),
        ({"width": 128}, [(100, 50)], {}, (128, 720)),
        ({"height": 128}, [(100, 50)], {}, (1440, 128)),
        ({"width": 8, "height": 100}, [], {"step": 16}, (16, 96)),
        ({"width": 96, "height": 95}, [], {"step": 16}, (96, 80)),
        ({}, [(100, 50), (64, 64)], {"step": 16}, (96, 48)),
        ({}, [(100, 51)], {}, (100, 51)),
    ],
    ids=str,
)
def test_picture(given: dict[str, Any], inputs: Sizes, rules: dict[str, Any], size: tuple[int, int]) -> None:
    """A picture has the sides asked for, or those of a ratio or resolution, or those of the first input."""
    assert picture_size(given.get, inputs, rules) == size


@pytest.mark.parametrize(
    ("given", "inputs", "rules", "size"),
    [
        ({}, [], {}, (1280, 720)),
        ({"resolution": "something new"}, [], {}, (1280, 720)),
        ({"resolution": "hd"}, [(100, 100), (200, 100)], {}, (960, 960)),
        ({"resolution": "hd", "aspect_ratio": "1:1"}, [(200, 100)], {}, (960, 960)),
        ({"resolution": "fhd"}, [], {}, (1920, 1080)),
        ({"resolution": "qhd"}, [], {}, (2560, 1440)),
        ({"resolution": "uhd"}, [], {}, (3840, 2160)),
        ({"resolution": "uhd"}, [], {"step": 32}, (3840, 2176)),
        ({"resolution": "hd"}, [(140, 100)], {}, (1136, 812)),
        ({"resolution": "hd"}, [(140, 100)], {"step": 1}, (1136, 812)),
        ({"resolution": "hd"}, [(1000, 100)], {}, (1466, 628)),
        ({"resolution": "hd"}, [(100, 1000)], {}, (628, 1466)),
    ],
    ids=str,
)
def test_clip(given: dict[str, Any], inputs: Sizes, rules: dict[str, Any], size: tuple[int, int]) -> None:
    """A clip has as many pixels as its resolution, whatever its shape: that asked for, or that of the first input."""
    assert clip_size(given.get, inputs, rules) == size


def test_smallest_side() -> None:
    """A side has one step at least."""
    assert resolution_size("hd", 1.0, {"step": 2000}) == (2000, 2000)


@pytest.mark.parametrize(
    ("size", "rules", "words"),
    [
        ((2048, 2048), {"max-mp": 4}, None),
        ((2049, 2048), {"max-mp": 4}, "2049x2048 pixels are more than 4 megapixels"),
        ((800, 100), {"max-ratio": 8}, None),
        ((100, 800), {"max-ratio": 8}, None),
        ((801, 100), {"max-ratio": 8}, "801x100 pixels are longer than 8 to 1"),
        ((100, 801), {"max-ratio": 8}, "longer than 8 to 1"),
        ((1, 1), {}, None),
        ((0, 100), {}, "16383 a side"),
        ((100, -3), {}, "16383 a side"),
        ((16384, 1), {}, "16383 a side"),
    ],
    ids=str,
)
def test_limits(size: tuple[int, int], rules: dict[str, Any], words: str | None) -> None:
    """A size just at the limits is made; one beyond them, or without any pixels, is not, with the limit as reason."""
    if words is None:
        check_size(size, rules)
    else:
        with pytest.raises(SizeError, match=words):
            check_size(size, rules)


@pytest.mark.parametrize(
    ("effect", "values", "size", "made"),
    [
        ("try-on", {}, (2048, 2048), (2048, 2048)),
        ("try-on", {}, (4096, 1025), (2047, 512)),
        ("expand", {"left": 1, "right": 20, "top": 300, "bottom": 4000}, (50, 60), (71, 4360)),
        ("expand", {"left": None}, (50, 60), (50, 60)),
        ("deblur", {}, (50, 60), (50, 60)),
    ],
)
def test_effects(effect: str, values: dict[str, Any], size: tuple[int, int], made: tuple[int, int]) -> None:
    """Persons of more than four megapixels are shrunk to about one; margins are added; all else keeps its size."""
    role = EFFECTS[effect].roles[0]
    assert EFFECTS[effect].size(values, {role: size}) == made
