"""What a request orders, as the marks of its operation and of its schema say."""

import base64
import io
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from PIL import Image

from .conftest import connected

pytestmark = pytest.mark.anyio


def _png(width: int, height: int) -> str:
    file = io.BytesIO()
    Image.new("RGB", (width, height), (90, 120, 60)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def _paint(small: dict[str, Any], schema: dict[str, Any] | None = None, **marks: Any) -> dict[str, Any]:
    """Return the small specification with marks at the operation that paints, and at its schema."""
    small["paths"]["/v1/paint"]["post"] |= {f"x-bfl-{name}": mark for name, mark in marks.items()}
    small["components"]["schemas"]["Paint"] |= {f"x-bfl-{name}": mark for name, mark in (schema or {}).items()}
    return small


async def _made(specification: dict[str, Any], **body: Any) -> tuple[dict[str, Any], dict[str, Any], Any]:
    """Submit, and return the receipt, the last poll, and what is drawn."""
    emulator = Emulator(specification=specification, speed=float("inf"), check=True)
    async with connected(emulator) as client:
        answer = await client.post("/v1/paint", json={"prompt": "x", **body})
        assert answer.status_code == 200, answer.text
        receipt = answer.json()
        poll = (await client.get(receipt["polling_url"])).json()
    return receipt, poll, emulator.tasks[receipt["id"]].picture


@pytest.mark.parametrize(
    ("image", "words"),
    [((40, 90), "at least 64"), ((90, 900), "more than 0.05 megapixels"), ((64, 64), None)],
)
async def test_marks_of_operation_and_schema(small: dict[str, Any], image: tuple[int, int], words: str | None) -> None:
    """Limits of the operation and of the schema both hold; of two for the same thing, the schema's."""
    marked = _paint(small, {"input": {"min-side": 64}}, emulate="edit", input={"min-side": 80, "max-mp": 0.05})
    _, poll, _ = await _made(marked, images=_png(*image))
    assert poll["status"] == ("Ready" if words is None else "Error")
    assert words is None or words in poll["details"]["error"]


async def test_price_of_the_schema(small: dict[str, Any]) -> None:
    """A price at the schema comes before the operation's: a branch of a union may have one of its own."""
    price = {"per": "picture", "credits": 5}
    receipt, _, _ = await _made(_paint(small, {"price": {"per": "picture", "credits": 2}}, price=price))
    assert receipt["cost"] == 2


async def test_price_of_inputs(small: dict[str, Any]) -> None:
    """Where megapixels are charged, those of every input are, at the price of further ones."""
    marked = _paint(small, emulate="edit", price={"per": "megapixel", "credits": 3, "further": 1.5})
    receipt, _, _ = await _made(marked, images=[_png(1024, 1024), _png(1024, 1025)], width=512, height=512)
    assert (receipt["cost"], receipt["input_mp"], receipt["output_mp"]) == (3 + 3 * 1.5, 2.0, 0.25)


async def test_input_megapixels_of_a_failed_task(small: dict[str, Any]) -> None:
    """If only the output is refused, the receipt counts the megapixels of the pictures all the same."""
    marked = _paint(small, emulate="edit", output={"max-mp": 0.5})
    receipt, poll, _ = await _made(marked, images=_png(1024, 512), width=1024, height=1024)
    assert (poll["status"], receipt["input_mp"]) == ("Error", 0.5)


async def test_url_that_is_ignored(small: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where inputs are ignored, their URLs are not fetched; where they count, they are."""
    asked: list[str] = []

    def answer(self: Any, request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, stream=httpx.ByteStream(base64.b64decode(_png(70, 80))))

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", answer)
    _, _, picture = await _made(small, images="http://localhost/ignored.png")
    assert (picture.width, picture.height) == (1024, 1024)
    assert not asked
    _, _, picture = await _made(_paint(small, emulate="edit"), images="http://localhost/edited.png")
    assert (picture.width, picture.height) == (70, 80)
    assert asked == ["/edited.png"]


async def test_prompt_and_fault(small: dict[str, Any]) -> None:
    """An ending that the prompt asks for comes before a fault of the inputs."""
    _, poll, _ = await _made(_paint(small, emulate="edit"), prompt="#content-moderated", images="aGVsbG8=")
    assert poll["status"] == "Content Moderated"


async def test_no_prompt(small: dict[str, Any]) -> None:
    """A task without a prompt has an empty one."""
    small["components"]["schemas"]["Paint"]["properties"]["prompt"] = {"type": ["string", "null"]}
    _, poll, _ = await _made(small, prompt=None)
    assert poll["result"]["prompt"] == ""


async def test_limit_on_everything_together(small: dict[str, Any]) -> None:
    """A limit on inputs and output together holds only where there is an input."""
    marked = _paint(small, emulate="edit", input={"max-total-mp": 0.5})
    _, poll, _ = await _made(marked, width=1024, height=1024)
    assert poll["status"] == "Ready"
    _, poll, _ = await _made(marked, width=1024, height=512, images=_png(64, 64))
    assert "more than 0.5 megapixels together" in poll["details"]["error"]
