"""What tasks cost, and how many may be active at a time."""

from functools import partial
from typing import Any

import pytest
from bfl_emulator import Emulator
from bfl_emulator.ordering import cost
from bfl_emulator.specification import Specification, value_of

from .conftest import connected

pytestmark = pytest.mark.anyio


_PRICE = {"per": "megapixel", "credits": 3, "further": 1.5}


def _priced(small: dict[str, Any], price: Any = _PRICE) -> dict[str, Any]:
    small["paths"]["/v1/paint"]["post"]["x-bfl-price"] = price
    return small


async def test_credits_run_down(small: dict[str, Any], clock: Any) -> None:
    """Each picture is charged; one that the credits do not cover is refused with 402 and not charged."""
    emulator = Emulator(specification=_priced(small), clock=clock, credits=7.5, check=True)
    async with connected(emulator) as client:
        large = {"prompt": "x", "width": 1024, "height": 2048}
        answers = [await client.post("/v1/paint", json=large) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 402]
        assert (answers[0].json()["cost"], answers[0].json()["output_mp"]) == (4.5, 2.0)
        assert (await client.post("/v1/paint", json={"prompt": "x"})).json()["cost"] == 3
        assert (await client.get("/v1/credits")).json() == {"credits": 0}
        assert (await client.post("/v1/strict", json={"prompt": "x"})).status_code == 402
    assert emulator.credits == 0


@pytest.mark.about("flux-3-video", "flux-2-pro")
async def test_a_clip_that_fails_is_refunded(clock: Any) -> None:
    """What a clip cost is given back if a script lets its task end badly; what a picture cost is not."""
    pytest.importorskip("av")
    emulator = Emulator(clock=clock, credits=1000)
    bodies = {
        "flux-3-video": {"mode": "t2v", "prompt": "x", "duration": 5, "resolution": "hd"},
        "flux-2-pro": {"prompt": "x"},
    }
    left = []
    async with connected(emulator) as client:
        for name, body in bodies.items():
            emulator.script({"fault": "outcome", "status": "Error"})
            assert (await client.post(f"/v1/{name}", json=body)).status_code == 200
            left.append(emulator.credits)
            emulator.clear_script()
    assert left == [1000, 997]


async def test_receipt_without_figures(small: dict[str, Any], clock: Any) -> None:
    """Tasks are charged even where a mark says that receipts have neither cost nor megapixels."""
    small["paths"]["/v1/paint"]["post"]["x-bfl-receipt"] = False
    emulator = Emulator(specification=_priced(small), clock=clock, credits=10)
    async with connected(emulator) as client:
        receipt = (await client.post("/v1/paint", json={"prompt": "x"})).json()
    assert [receipt[key] for key in ("cost", "input_mp", "output_mp")] == [None, None, None]
    assert emulator.credits == 7


@pytest.mark.parametrize(
    ("mark", "body", "expected"),
    [
        (None, {}, None),
        ({"per": "picture", "credits": 4}, {}, 4),
        ({"per": "megapixel", "credits": 7, "further": 3}, {}, 7 + 3 + 3),
        ({"per": "picture", "by": "resolution", "credits": {"1k": 2, "4k": 9}}, {"resolution": "1k"}, 2),
        ({"per": "picture", "by": "resolution", "credits": {"1k": 2, "4k": 9}}, {}, 9),
        ({"per": "picture", "by": "creativity", "credits": {"0": 2, "1": 9}}, {"creativity": 0}, 2),
        ({"per": "second", "by": "resolution", "credits": {"1k": 17}}, {"resolution": "1k"}, 102),
        ({"per": "second", "credits": 17, "draft": 6}, {"draft": True}, 36),
        ({"per": "second", "credits": 17, "draft": 6}, {"draft": False}, 102),
        ({"per": "megapixel-second", "credits": 7}, {}, 63),
        ({"per": "megapixel-second", "credits": 7.1}, {}, 63.9),
        ({"per": "megapixel-second", "credits": 7.1, "whole": True}, {}, 64),
        ({"per": "megapixel-second", "credits": 7.01, "whole": True}, {}, 64),
    ],
)
def test_prices(mark: Any, body: dict[str, Any], expected: float | None) -> None:
    """Each form of the mark gives its price, here for 1.5 megapixels made from half of one, and six seconds."""
    schema = {"properties": {"resolution": {}, "creativity": {}, "draft": {"default": False}}}
    value = partial(value_of, body, schema)
    assert cost(mark, value, inputs=[(1024, 512)], output=(1536, 1024), seconds=6) == expected


def test_a_whole_price_stays() -> None:
    """Fifteen seconds at 16.6 credits cost 249 whole credits, though the product of the floats is a hair more."""
    assert 16.6 * 15 > 249
    mark = {"per": "second", "credits": 16.6, "whole": True}
    assert cost(mark, dict[str, Any]().get, inputs=[], output=(64, 64), seconds=15) == 249


def test_every_price_mark(specification: dict[str, Any]) -> None:
    """Every price mark of the packaged specification gives a price, and names a property that its schema has."""
    document = Specification(specification)
    priced = 0
    for operation in document.operations:
        for schema in document.variants(operation.body) if operation.task and operation.body else ():
            mark = schema.get("x-bfl-price", operation.task and operation.task.price)
            if mark is not None:
                assert mark.get("by") is None or mark["by"] in schema["properties"]
                value = partial(value_of, {}, schema)
                assert (cost(mark, value, inputs=[], output=(1024, 1024), seconds=5) or 0) > 0
                priced += 1
    assert priced


@pytest.mark.parametrize(("path", "limit"), [("/v1/paint", 3), ("/v1/strict", 2)])
async def test_active_tasks(small: dict[str, Any], clock: Any, path: str, limit: int) -> None:
    """Beyond the limit on active tasks, or that of one endpoint, submissions get 429 until a task has ended."""
    small["x-bfl-defaults"]["active-limit"] = 3
    small["paths"]["/v1/strict"]["post"]["x-bfl-active-limit"] = 2
    emulator = Emulator(specification=small, clock=clock, check=True)
    async with connected(emulator) as client:
        codes = [(await client.post(path, json={"prompt": "x"})).status_code for _ in range(limit + 1)]
        assert codes == [200] * limit + [429]
        clock.now += 10
        assert (await client.post(path, json={"prompt": "x"})).status_code == 200
    assert len(emulator.tasks) == limit + 1


async def test_limit_over_all_endpoints(small: dict[str, Any], clock: Any) -> None:
    """Tasks of other endpoints count, too, and a refused task costs nothing."""
    small["x-bfl-defaults"]["active-limit"] = 1
    emulator = Emulator(specification=_priced(small), clock=clock, credits=5)
    async with connected(emulator) as client:
        await client.post("/v1/strict", json={"prompt": "x"})
        answer = await client.post("/v1/paint", json={"prompt": "x"})
        assert (answer.status_code, answer.json()) == (429, {"detail": "too many active tasks"})
    assert emulator.credits == 5


async def test_no_limits(small: dict[str, Any], clock: Any) -> None:
    """With limits switched off, any number of tasks may be active."""
    emulator = Emulator(specification=small, clock=clock, limits=False)
    async with connected(emulator) as client:
        for _ in range(30):
            assert (await client.post("/v1/paint", json={"prompt": "x"})).status_code == 200


async def test_a_picture_that_fails_is_charged(small: dict[str, Any], clock: Any) -> None:
    """A picture is charged even if the prompt asks for a failure or for moderation."""
    emulator = Emulator(specification=_priced(small), clock=clock, credits=10, check=True)
    async with connected(emulator) as client:
        for word, left in (("#error", 7), ("#content-moderated", 4), ("#request-moderated", 1)):
            assert (await client.post("/v1/paint", json={"prompt": word})).json()["cost"] == 3
            assert emulator.credits == left


async def test_a_moderated_request_is_active_no_longer(small: dict[str, Any], clock: Any) -> None:
    """A task that is refused when it leaves the queue counts as active until then only."""
    small["x-bfl-defaults"]["active-limit"] = 1
    emulator = Emulator(specification=small, clock=clock)
    async with connected(emulator) as client:
        codes = []
        for seconds in (0, 1.9, 0.1):
            clock.now += seconds
            codes.append((await client.post("/v1/paint", json={"prompt": "#request-moderated"})).status_code)
    assert codes == [200, 429, 200]


async def test_credits(small: dict[str, Any]) -> None:
    """The credits operation returns the credits that the emulator was given."""
    emulator = Emulator(specification=small, credits=12.5)
    async with connected(emulator) as client:
        answer = await client.get("/v1/credits")
    assert answer.json() == {"credits": 12.5}
