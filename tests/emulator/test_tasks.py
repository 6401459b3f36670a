"""A task from its receipt to its result, and how it ends other than well."""

import uuid
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator, service

from .conftest import connected

pytestmark = pytest.mark.anyio


async def test_polls_without_progress(small: dict[str, Any], clock: Any) -> None:
    """Where a mark says so, polls never report progress."""
    small["paths"]["/v1/paint"]["post"]["x-bfl-progress"] = False
    emulator = Emulator(specification=small, clock=clock, check=True)
    async with connected(emulator) as client:
        url = (await client.post("/v1/paint", json={"prompt": "x"})).json()["polling_url"]
        seen = set()
        for seconds in (1, 5, 9.9, 10):
            clock.now = 5000 + seconds
            seen.add((await client.get(url)).json()["progress"])
    assert seen == {None}


async def test_statuses(small: dict[str, Any], clock: Any) -> None:
    """Polls go through the statuses in the mark: the first in the queue, the others during the work."""
    small["paths"]["/v1/paint"]["post"]["x-bfl-statuses"] = ["Pending", "Reasoning", "Generating"]
    emulator = Emulator(specification=small, clock=clock, check=True)
    async with connected(emulator) as client:
        url = (await client.post("/v1/paint", json={"prompt": "x"})).json()["polling_url"]
        seen = []
        for seconds in (1, 2, 5.9, 6.1, 9.9, 10):
            clock.now = 5000 + seconds
            seen.append((await client.get(url)).json()["status"])
    assert seen == ["Pending", "Reasoning", "Reasoning", "Generating", "Generating", "Ready"]


@pytest.mark.parametrize(
    ("prompt", "code", "status", "details"),
    [
        ("a fox #request-moderated", 200, "Request Moderated", {"Moderation Reasons": ["Safety Filter"]}),
        (
            "#content-moderated=violence,hate a fox",
            200,
            "Content Moderated",
            {"Moderation Reasons": ["violence", "hate"]},
        ),
        (
            "a fox #no-card-generated",
            200,
            "No Card Generated",
            {"error": "The prompt asked for it (#no-card-generated)"},
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
    """A word in the prompt decides how a task ends: status, details and HTTP status, without a result."""
    url = (await client.post("/v1/paint", json={"prompt": prompt})).json()["polling_url"]
    early = await client.get(url)
    assert (early.status_code, early.json()["status"]) == (200, "Pending")
    clock.now += 10
    answer = await client.get(url)
    body = answer.json()
    assert ("x-ratelimit-remaining" in answer.headers) == (code == 200)
    assert (answer.status_code, body["status"], body["details"]) == (code, status, details)
    assert (body["result"] is None) == (status != "Ready")
    assert ("preview" in body) == ("Moderated" not in status)


async def test_early_refusal(client: httpx.AsyncClient, clock: Any) -> None:
    """An input is refused when the task leaves the queue, an output only after the work."""
    urls = [
        (await client.post("/v1/paint", json={"prompt": word})).json()["polling_url"]
        for word in ("#request-moderated", "#content-moderated")
    ]
    clock.now += 2
    assert [(await client.get(url)).json()["status"] for url in urls] == ["Request Moderated", "Pending"]


async def _submit(client: httpx.AsyncClient, **body: Any) -> dict[str, Any]:
    answer = await client.post("/v1/paint", json={"prompt": "a fox", **body})
    assert answer.status_code == 200, answer.text
    receipt: dict[str, Any] = answer.json()
    return receipt


async def test_receipt(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """A receipt has a UUID, a polling URL on the cluster, no cost without a price mark, and the megapixels."""
    receipt = await _submit(client, width=256, height=256)
    assert uuid.UUID(receipt["id"]).version == 4
    assert receipt["polling_url"] == f"{emulator.cluster_url}/v1/poll?id={receipt['id']}"
    assert (receipt["cost"], receipt["input_mp"], receipt["output_mp"]) == (None, 0.0, 0.06)


async def test_webhook_receipt(client: httpx.AsyncClient) -> None:
    """The receipt of a request with a webhook repeats its URL and has no polling URL."""
    receipt = await _submit(client, webhook_url="https://example.com/hook")
    assert receipt["webhook_url"] == "https://example.com/hook"
    assert "polling_url" not in receipt


async def test_webhook_without_such_a_receipt(client: httpx.AsyncClient, small: dict[str, Any]) -> None:
    """Where the specification has no webhook receipt, a request with a webhook gets a polling URL."""
    schema = small["paths"]["/v1/paint"]["post"]["responses"]["200"]["content"]["application/json"]
    schema["schema"]["anyOf"].pop()
    assert "polling_url" in await _submit(client, webhook_url="https://example.com/hook")


async def test_states(client: httpx.AsyncClient, clock: Any) -> None:
    """A task of ten seconds is queued for two and ready after ten; shortly before, progress goes from 1 to null."""
    url = (await _submit(client))["polling_url"]
    seen = []
    for seconds in (0, 1.9, 2, 6, 9.1, 9.9, 10, 1000):
        clock.now = 5000 + seconds
        body = (await client.get(url)).json()
        seen.append((body["status"], body["progress"], body["result"] is None))
    assert seen == [
        ("Pending", None, True),
        ("Pending", None, True),
        ("Pending", 0.1, True),
        ("Pending", 0.6, True),
        ("Pending", 1.0, True),
        ("Pending", None, True),
        ("Ready", None, False),
        ("Ready", None, False),
    ]


@pytest.mark.parametrize(("speed", "seconds"), [(1.0, 10), (4.0, 2.5), (0.5, 20), (float("inf"), 0)])
async def test_speed(small: dict[str, Any], clock: Any, speed: float, seconds: float) -> None:
    """A task takes its usual duration divided by the speed; at infinite speed it is ready at the first poll."""
    emulator = Emulator(specification=small, clock=clock, speed=speed)
    async with connected(emulator) as client:
        url = (await client.post("/v1/paint", json={"prompt": "x"})).json()["polling_url"]
        clock.now += seconds
        assert (await client.get(url)).json()["status"] == "Ready"
        clock.now -= 0.01
        assert (await client.get(url)).json()["status"] == "Pending"


async def test_result(client: httpx.AsyncClient, clock: Any) -> None:
    """A result repeats prompt and seed, and says when the work began and ended."""
    url = (await _submit(client, seed=42))["polling_url"]
    clock.now += 10
    result = (await client.get(url)).json()["result"]
    assert (result["prompt"], result["seed"], result["duration"]) == ("a fox", 42, 8)
    assert result["end_time"] - result["start_time"] == pytest.approx(8)


async def test_seed_zero_and_no_prompt(client: httpx.AsyncClient, clock: Any) -> None:
    """Seed 0 and an empty prompt are a seed and a prompt: the result repeats them."""
    url = (await _submit(client, seed=0, prompt=""))["polling_url"]
    clock.now += 10
    result = (await client.get(url)).json()["result"]
    assert (result["prompt"], result["seed"]) == ("", 0)


async def test_whole_float_as_seed(client: httpx.AsyncClient, clock: Any) -> None:
    """The seed 5.0 is an integer in JSON, and the result says 5; a prompt is repeated at any length."""
    url = (await _submit(client, seed=5.0, prompt="a fox " * 1000))["polling_url"]
    clock.now += 10
    result = (await client.get(url)).json()["result"]
    assert (repr(result["seed"]), result["prompt"]) == ("5", "a fox " * 1000)


async def test_random_seed(client: httpx.AsyncClient, clock: Any) -> None:
    """Each task without a seed gets one of its own, of 32 bits."""
    urls = [(await _submit(client))["polling_url"] for _ in range(24)]
    clock.now += 10
    seeds = {(await client.get(url)).json()["result"]["seed"] for url in urls}
    assert len(seeds) == 24
    assert 0 <= min(seeds) <= max(seeds) < 2**32


async def test_no_seed_where_there_is_no_such_parameter(client: httpx.AsyncClient, clock: Any) -> None:
    """The result of an endpoint without a seed parameter has no seed."""
    receipt = await client.post("/v1/strict", json={"prompt": "x"})
    clock.now += 10
    assert "seed" not in (await client.get(receipt.json()["polling_url"])).json()["result"]


async def test_keys_of_a_result(small: dict[str, Any], clock: Any) -> None:
    """A result has the keys that its mark names, in that order, and no other."""
    small["paths"]["/v1/paint"]["post"]["x-bfl-result"] = ["start_time", "sample"]
    emulator = Emulator(specification=small, speed=float("inf"), check=True)
    async with connected(emulator) as client:
        answer = await client.get((await _submit(client))["polling_url"])
    assert list(answer.json()["result"]) == ["start_time", "sample"]


async def test_fresh_signature(client: httpx.AsyncClient, clock: Any) -> None:
    """Two polls of a finished task get the same body, but for the signature and expiry of the sample URL."""
    url = (await _submit(client))["polling_url"]
    clock.now += 10
    first = (await client.get(url)).json()
    clock.now += 300
    second = (await client.get(url)).json()
    samples = [body["result"].pop("sample") for body in (first, second)]
    assert first == second
    assert samples[0] != samples[1]
    assert samples[0].partition("?")[0] == samples[1].partition("?")[0]


async def test_poll_without_key(anonymous: httpx.AsyncClient, client: httpx.AsyncClient) -> None:
    """Polling needs no key."""
    assert (await anonymous.get((await _submit(client))["polling_url"])).status_code == 200


async def test_unknown_task(client: httpx.AsyncClient) -> None:
    """An unknown id is answered with 404 and a result body that says so."""
    answer = await client.get("/v1/poll?id=nothing")
    assert answer.status_code == 404
    assert (answer.json()["id"], answer.json()["status"]) == ("nothing", "Task not found")


async def test_poll_headers(client: httpx.AsyncClient, clock: Any) -> None:
    """A poll says how many are left in its second; a receipt has no such header."""
    answer = await client.post("/v1/paint", json={"prompt": "x"})
    assert "x-ratelimit-limit" not in answer.headers
    url = answer.json()["polling_url"]
    polls = [await client.get(url) for _ in range(3)]
    clock.now += 1
    polls.append(await client.get(url))
    assert [poll.headers["x-ratelimit-remaining"] for poll in polls] == ["1199", "1198", "1197", "1199"]
    assert {(poll.headers["retry-after"], poll.headers["x-ratelimit-limit"]) for poll in polls} == {("1", "1200")}


def test_a_window_of_polls_ends_with_its_second() -> None:
    """The time at which a poll says that the count starts anew is the end of the second that it was in."""
    assert service.PollCounter().headers(1764288000.25)["X-Ratelimit-Reset"] == "1764288001.0"


async def test_tasks(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """The emulator shows its tasks by id."""
    receipt = await _submit(client, seed=3)
    task = emulator.tasks[receipt["id"]]
    assert (task.endpoint, task.seed, task.submitted_at) == ("paint", 3, 5000)


async def test_many_tasks(client: httpx.AsyncClient, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the number of tasks that are kept, the oldest is forgotten."""
    monkeypatch.setattr(service, "MAX_TASKS", 2)
    ids = [(await _submit(client))["id"] for _ in range(3)]
    assert list(emulator.tasks) == ids[1:]


async def test_forgotten_files(generate: Any, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawn files of a forgotten task are dropped."""
    monkeypatch.setattr(service, "MAX_TASKS", 1)
    drawn = emulator._service.files._drawn
    for _ in range(2):
        assert (await generate({"prompt": "x", "width": 64, "height": 64})).status_code == 200
        assert len(drawn) == 1


async def test_other_success(small: dict[str, Any]) -> None:
    """An operation answers with the lowest 2xx status that it declares, whether it makes a task or not."""
    for path in ("/v1/paint", "/v1/note"):
        responses = small["paths"][path]["post"]["responses"]
        responses["202"] = responses["201"] = responses.pop("200")
    emulator = Emulator(specification=small, check=True)
    async with connected(emulator) as client:
        answers = [await client.post(path, json={"prompt": "x"}) for path in ("/v1/paint", "/v1/note")]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len(emulator.tasks) == 1


async def test_other_polling_parameter(small: dict[str, Any]) -> None:
    """A polling URL names the id as the polling operation does in the specification."""
    small["paths"]["/v1/poll"]["get"]["parameters"][0]["name"] = "task"
    async with connected(Emulator(specification=small, check=True)) as client:
        receipt = await _submit(client)
        assert receipt["polling_url"].endswith(f"/v1/poll?task={receipt['id']}")
        assert (await client.get(receipt["polling_url"])).json()["id"] == receipt["id"]


async def test_no_task(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """An operation whose answer has an id but no polling URL makes no task."""
    assert (await client.post("/v1/note", json={"prompt": "x"})).json() == {"id": "x"}
    assert not emulator.tasks


async def test_broken_answer(small: dict[str, Any], clock: Any) -> None:
    """With check, an answer that breaks the specification is an AssertionError, and a 500 is sent instead."""
    schema = small["paths"]["/v1/credits"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    schema["required"] = ["something else"]
    emulator = Emulator(specification=small, check=True)
    async with connected(emulator) as client:
        with pytest.raises(AssertionError, match="something else"):
            await client.get("/v1/credits")
    transport, headers = httpx.ASGITransport(emulator.app, raise_app_exceptions=False), {"x-key": emulator.api_key}
    async with httpx.AsyncClient(transport=transport, base_url=emulator.base_url, headers=headers) as client:
        answer = await client.get("/v1/credits")
    assert (answer.status_code, answer.json()) == (500, {"detail": "Internal Server Error"})


@pytest.mark.parametrize("anyio_backend", ["asyncio", "trio"])
async def test_any_event_loop(generate: Any) -> None:
    """In-process, the application works on asyncio and on trio."""
    assert (await generate({"prompt": "x", "width": 64, "height": 64})).status_code == 200
