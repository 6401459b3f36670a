"""The service's rules around a task: hosts, credits, limits, statuses and how a task ends other than well."""

from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator
from bfl_emulator.prices import cost
from bfl_emulator.specification import Specification

pytestmark = pytest.mark.anyio

_PRICE = {"per": "megapixel", "credits": 3, "further": 1.5}


def _priced(small: dict[str, Any], **marks: Any) -> dict[str, Any]:
    marks = {f"x-bfl-{name.replace('_', '-')}": value for name, value in marks.items()}
    small["paths"]["/v1/paint"]["post"].update(marks)
    return small


def _connected(emulator: Emulator) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(emulator.app)
    return httpx.AsyncClient(transport=transport, base_url=emulator.base_url, headers={"x-key": emulator.api_key})


async def test_other_hosts(client: httpx.AsyncClient, anonymous: httpx.AsyncClient, emulator: Emulator) -> None:
    """A task is found on the cluster only, a file on the delivery host only, and no API on the delivery host."""
    receipt = (await client.post("/v1/strict", json={"prompt": "x"})).json()
    wrong = await client.get(f"{emulator.base_url}/v1/poll", params={"id": receipt["id"]})
    assert (wrong.status_code, wrong.json()["status"]) == (404, "Task not found")
    assert (await client.get(receipt["polling_url"])).json()["status"] == "Pending"
    assert (await client.get(f"{emulator.delivery_url}/v1/credits")).status_code == 404
    assert len({emulator.base_url, emulator.cluster_url, emulator.delivery_url}) == 3


async def test_files_on_one_host(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, emulator: Any, clock: Any
) -> None:
    """A signed URL does not work with another host in it."""
    receipt = (await client.post("/v1/strict", json={"prompt": "x"})).json()
    clock.now += 10
    sample = (await client.get(receipt["polling_url"])).json()["result"]["sample"]
    assert sample.startswith(emulator.delivery_url + "/")
    moved = sample.replace(emulator.delivery_url, emulator.cluster_url)
    assert (await anonymous.get(moved)).status_code == 404


async def test_one_host(small: dict[str, Any], clock: Any) -> None:
    """With one host, a client that builds its own polling URL finds its task."""
    emulator = Emulator(specification=small, clock=clock, one_host=True)
    async with _connected(emulator) as client:
        receipt = (await client.post("/v1/paint", json={"prompt": "x"})).json()
        assert receipt["polling_url"].startswith(emulator.base_url + "/")
        assert (await client.get("/v1/poll", params={"id": receipt["id"]})).json()["status"] == "Pending"


async def test_credits_run_down(small: dict[str, Any], clock: Any) -> None:
    """Each picture takes its price off the credits; what they do not suffice for is refused with 402, for nothing."""
    emulator = Emulator(specification=_priced(small, price=_PRICE), clock=clock, credits=7.5, check=True)
    async with _connected(emulator) as client:
        large = {"prompt": "x", "width": 1024, "height": 2048}
        answers = [await client.post("/v1/paint", json=large) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 402]
        assert (answers[0].json()["cost"], answers[0].json()["output_mp"]) == (4.5, 2.0)
        assert (await client.post("/v1/paint", json={"prompt": "x"})).json()["cost"] == 3
        assert (await client.get("/v1/credits")).json() == {"credits": 0}
        assert (await client.post("/v1/strict", json={"prompt": "x"})).status_code == 402
    assert emulator.credits == 0


async def test_receipt_without_cost(small: dict[str, Any], clock: Any) -> None:
    """Where receipts tell no cost, the credits run down all the same."""
    emulator = Emulator(specification=_priced(small, price={**_PRICE, "receipt": False}), clock=clock, credits=10)
    async with _connected(emulator) as client:
        assert (await client.post("/v1/paint", json={"prompt": "x"})).json()["cost"] is None
    assert emulator.credits == 7


@pytest.mark.parametrize(
    ("mark", "body", "expected"),
    [
        (None, {}, None),
        ({"per": "picture", "credits": 4}, {}, 4),
        ({"per": "megapixel", "credits": 7, "further": 3}, {}, 7 + 3 + 1.5),
        ({"per": "picture", "by": "resolution", "credits": {"1k": 2, "4k": 9}}, {"resolution": "1k"}, 2),
        ({"per": "picture", "by": "resolution", "credits": {"1k": 2, "4k": 9}}, {}, 9),
        ({"per": "second", "by": "resolution", "credits": {"1k": 17}}, {"resolution": "1k"}, 102),
        ({"per": "second", "credits": 17, "draft": 6}, {"draft": True}, 36),
        ({"per": "megapixel-second", "credits": 7}, {}, 84),
    ],
)
def test_prices(mark: Any, body: dict[str, Any], expected: float | None) -> None:
    """Each form of the mark gives its price: two megapixels from half a one, six seconds."""
    schema = {"properties": {"resolution": {}, "draft": {"default": False}}}
    assert cost(mark, body, schema, inputs=0.5, output=2.0, seconds=6) == expected


def test_every_price_mark(specification: dict[str, Any]) -> None:
    """Every price mark of the packaged specification can be worked out, and names a property that its schema has."""
    document = Specification(specification)
    priced = 0
    for operation in document.operations:
        for schema in document.variants(operation.body) if operation.task and operation.body else ():
            mark = schema.get("x-bfl-price", operation.task and operation.task.price)
            if mark is not None:
                assert mark.get("by") is None or mark["by"] in schema["properties"]
                assert (cost(mark, {}, schema, inputs=0, output=1, seconds=5) or 0) > 0
                priced += 1
    assert priced


@pytest.mark.parametrize(("path", "limit"), [("/v1/paint", 3), ("/v1/strict", 2)])
async def test_active_tasks(small: dict[str, Any], clock: Any, path: str, limit: int) -> None:
    """Only so many tasks may be active, fewer on an endpoint with a mark; more get 429 until one is done."""
    small["x-bfl-defaults"]["active-limit"] = 3
    small["paths"]["/v1/strict"]["post"]["x-bfl-active-limit"] = 2
    emulator = Emulator(specification=small, clock=clock, check=True)
    async with _connected(emulator) as client:
        codes = [(await client.post(path, json={"prompt": "x"})).status_code for _ in range(limit + 1)]
        assert codes == [200] * limit + [429]
        clock.now += 10
        assert (await client.post(path, json={"prompt": "x"})).status_code == 200
    assert len(emulator.tasks) == limit + 1


async def test_limit_over_all_endpoints(small: dict[str, Any], clock: Any) -> None:
    """Tasks of other endpoints count too, and a refused task costs nothing."""
    small["x-bfl-defaults"]["active-limit"] = 1
    emulator = Emulator(specification=_priced(small, price=_PRICE), clock=clock, credits=5)
    async with _connected(emulator) as client:
        await client.post("/v1/strict", json={"prompt": "x"})
        answer = await client.post("/v1/paint", json={"prompt": "x"})
        assert (answer.status_code, answer.json()) == (429, {"detail": "too many active tasks"})
    assert emulator.credits == 5


async def test_no_limits(small: dict[str, Any], clock: Any) -> None:
    """Without limits any number of tasks may be active."""
    emulator = Emulator(specification=small, clock=clock, limits=False)
    async with _connected(emulator) as client:
        for _ in range(30):
            assert (await client.post("/v1/paint", json={"prompt": "x"})).status_code == 200


async def test_polls_without_progress(small: dict[str, Any], clock: Any) -> None:
    """Polls of an endpoint whose mark says so tell no progress at any time."""
    emulator = Emulator(specification=_priced(small, progress=False), clock=clock, check=True)
    async with _connected(emulator) as client:
        url = (await client.post("/v1/paint", json={"prompt": "x"})).json()["polling_url"]
        seen = set()
        for seconds in (1, 5, 9.9, 10):
            clock.now = 5000 + seconds
            seen.add((await client.get(url)).json()["progress"])
    assert seen == {None}


async def test_statuses(small: dict[str, Any], clock: Any) -> None:
    """A poll goes through the statuses of the mark: the first in the queue, the others during the work."""
    small = _priced(small, statuses=["Pending", "Reasoning", "Generating"])
    emulator = Emulator(specification=small, clock=clock, check=True)
    async with _connected(emulator) as client:
        url = (await client.post("/v1/paint", json={"prompt": "x"})).json()["polling_url"]
        seen = []
        for seconds in (1, 2, 5.9, 6.1, 9.9, 10):
            clock.now = 5000 + seconds
            seen.append((await client.get(url)).json()["status"])
    assert seen == ["Pending", "Reasoning", "Reasoning", "Generating", "Generating", "Ready"]


@pytest.mark.parametrize(
    ("prompt", "code", "status", "details"),
    [
        ("a fox #request-moderated", 200, "Request Moderated", {"Moderation Reasons": ["Safety"]}),
        (
            "#content-moderated=violence,hate a fox",
            200,
            "Content Moderated",
            {"Moderation Reasons": ["violence", "hate"]},
        ),
        ("a fox #error", 200, "Error", {"error": "The prompt asked for it (#error)"}),
        ("a fox #error-503", 503, "Error", {"error": "The prompt asked for it (#error-503)"}),
        ("a fox #failed-422, please", 422, "Failed", {"error": "The prompt asked for it (#failed-422)"}),
        ("a fox #errors #failed-500", 200, "Ready", None),
    ],
)
async def test_prompt_words(
    client: httpx.AsyncClient, clock: Any, prompt: str, code: int, status: str, details: Any
) -> None:
    """A word in the prompt decides how the task ends: status, details and HTTP status, without a result."""
    url = (await client.post("/v1/paint", json={"prompt": prompt})).json()["polling_url"]
    assert (await client.get(url)).json()["status"] == "Pending"
    clock.now += 10
    answer = await client.get(url)
    body = answer.json()
    assert (answer.status_code, body["status"], body["details"]) == (code, status, details)
    assert (body["result"] is None) == (status != "Ready")


async def test_early_refusal(client: httpx.AsyncClient, clock: Any) -> None:
    """A refused input is known when the task leaves the queue, a refused output only after the work."""
    urls = [
        (await client.post("/v1/paint", json={"prompt": word})).json()["polling_url"]
        for word in ("#request-moderated", "#content-moderated")
    ]
    clock.now += 2
    assert [(await client.get(url)).json()["status"] for url in urls] == ["Request Moderated", "Pending"]
