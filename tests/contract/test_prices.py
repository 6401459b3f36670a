"""The price is computed twice, by the client and by the emulator: what the one foretells is what the other charges."""

from __future__ import annotations

import base64
import io
from typing import Any

import pytest
from bfl_client import Client, specification
from bfl_emulator import Emulator
from PIL import Image

from . import tally
from .generation import cases
from .operations import TASKS, Operation
from .pictures import clip, picture
from .test_loop import drawable

SIZES = [(1024, 1024), (1040, 1024), (1440, 1440), (704, 1392)]
"""Widths and heights that cost one, two, two and one megapixels."""


def bodies(operation: Operation) -> list[dict[str, Any]]:
    """Bodies whose price the client can know: the valid ones, and one with real media in every place for some."""
    found = [operation.split(case.body)[0] for case in cases(operation) if case.valid and drawable(case)]
    known = specification.parameters(str(operation))
    full = next(iter(found), {})
    filled = {name: picture("png", "teal") for name in specification.marked_media(str(operation)) if name in known}
    films = {name: base64.b64decode(clip() or "") for name in filled if "'video'" in str(known[name].schema)}
    sized = [dict(zip(("width", "height"), size, strict=True)) for size in SIZES] if "width" in known else []
    return [*found, {**full, **filled, **films}, *({**full, **size} for size in sized)]


def charged(client: Client, emulator: Emulator, operation: Operation, body: dict[str, Any]) -> float | None:
    """What the emulator takes for a request from the account; None if it refuses it, or its task ends badly."""
    before = emulator.credits
    body = {name: value for name, value in body.items() if name != "webhook_url"}
    try:
        client.generate(str(operation), body, validate=False)
    except Exception:  # for the media that was made up: not what this is about
        return None
    return before - emulator.credits


@pytest.mark.timeout(600)
@pytest.mark.parametrize("operation", TASKS, ids=repr)
def test_what_is_foretold_is_charged(operation: Operation) -> None:
    """Where client.price knows the price of a request, the emulator charges it; it never charges more than the most."""
    foretold = compared = 0
    with Emulator(speed=1e6, credits=1e9) as emulator, Client(emulator.api_key, emulator.base_url) as client:
        for body in bodies(operation):
            price = specification.price(str(operation), body)
            most = specification.highest_price(str(operation), body)
            if (paid := charged(client, emulator, operation, body)) is None:
                continue
            compared += 1
            foretold += price is not None
            assert price is None or paid == pytest.approx(price), body
            assert most is None or paid <= most + 0.01, body
    tally.count("prices compared with what was charged", compared)
    endpoint = operation.endpoint
    if endpoint and specification.price_in_words(endpoint.name) and (endpoint.kind == "image" or clip()):
        assert foretold, "no request with a known price ended well"


def file(size: tuple[int, int]) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "teal").save(content, "JPEG")
    return content.getvalue()


BY_MEGAPIXEL = next(
    (each for each in TASKS if "input_image" in specification.parameters(str(each))
     and "further" in str(each.node.get("x-bfl-price", ""))),
    None,
)  # fmt: skip


@pytest.mark.skipif(BY_MEGAPIXEL is None, reason="no endpoint counts the megapixels of pictures sent")
@pytest.mark.parametrize("size", [(512, 512), (1100, 1000), (1600, 1600)])
def test_pictures_that_are_sent_are_measured(size: tuple[int, int], tmp_path: Any) -> None:
    """The price counts each picture sent, as bytes, a path, an image or base64, and it is what is charged."""
    assert BY_MEGAPIXEL
    name, content = str(BY_MEGAPIXEL), file(size)
    path = tmp_path / "fox.jpg"
    path.write_bytes(content)
    with Image.open(path) as image:
        forms = [content, path, io.BytesIO(content), image, base64.b64encode(content).decode()]
        prices = {specification.price(name, {"prompt": "x", "input_image": form}) for form in forms}
    assert len(prices) == 1
    with Emulator(speed=1e6, credits=1e9) as emulator, Client(emulator.api_key, emulator.base_url) as client:
        body = {"prompt": "x", "input_image": content}
        assert charged(client, emulator, BY_MEGAPIXEL, body) == pytest.approx(prices.pop())
