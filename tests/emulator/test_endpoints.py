"""Every operation of the packaged specification, from a body that the specification alone decides."""

import io
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from bfl_api import specification as packaged
from bfl_emulator import Emulator
from bfl_emulator.instances import minimal
from bfl_emulator.sizes import value_of
from bfl_emulator.specification import Operation, Specification
from bfl_emulator.validation import Contract
from PIL import Image

pytestmark = pytest.mark.anyio

_SPECIFICATION = Specification(packaged.load())
_TASKS = [operation for operation in _SPECIFICATION.operations if operation.task is not None]
_FORMATS = ["jpeg", "png", "webp"]


def _bodies(operation: Operation) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the smallest body of each branch, with the branch."""
    assert operation.body is not None
    schema = _SPECIFICATION.resolve(operation.body)
    for branch in schema.get("oneOf", [schema]):
        yield minimal(_SPECIFICATION, branch), dict(_SPECIFICATION.resolve(branch))


@pytest.fixture
def emulator(specification: dict[str, Any], clock: Any) -> Emulator:
    return Emulator(specification=specification, clock=clock, check=True, finetunes=["one", "two"])


@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
def test_smallest_body(operation: Operation) -> None:
    """The smallest body of every branch of every task endpoint is valid."""
    for body, _ in _bodies(operation):
        Contract(_SPECIFICATION).body(operation, body)


@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
async def test_task(operation: Operation, client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: Any) -> None:
    """A picture endpoint leads from its smallest body to a picture of its default size and format; others say 501."""
    assert operation.task is not None
    for body, schema in _bodies(operation):
        receipt = await client.post(operation.path, json=body)
        if operation.task.kind != "image":
            assert receipt.status_code == 501
            continue
        assert receipt.status_code == 200, receipt.text
        assert (await anonymous.get(receipt.json()["polling_url"])).json()["status"] == "Pending"
        clock.now += operation.task.duration
        result = (await anonymous.get(receipt.json()["polling_url"])).json()
        image = Image.open(io.BytesIO((await anonymous.get(result["result"]["sample"])).content))
        assert (image.format or "").lower() == (value_of(body, schema, "output_format") or "png")
        sides = [value_of(body, schema, name) for name in ("width", "height")]
        assert not all(sides) or list(image.size) == sides


@pytest.mark.parametrize("name", _FORMATS)
@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
async def test_format(operation: Operation, name: str, client: httpx.AsyncClient, emulator: Emulator) -> None:
    """Every endpoint that has output_format makes a picture of each format."""
    for body, schema in _bodies(operation):
        if "output_format" in schema["properties"]:
            receipt = await client.post(operation.path, json={**body, "output_format": name})
            assert emulator.tasks[receipt.json()["id"]].picture.format == name


@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
async def test_webhook(operation: Operation, client: httpx.AsyncClient) -> None:
    """Every picture endpoint that has webhook_url answers with the webhook's receipt."""
    for body, schema in _bodies(operation):
        if "webhook_url" in schema["properties"] and operation.task and operation.task.kind == "image":
            receipt = await client.post(operation.path, json={**body, "webhook_url": "https://example.com/hook"})
            assert receipt.json()["webhook_url"] == "https://example.com/hook"


@pytest.mark.parametrize("operation", _SPECIFICATION.operations, ids=lambda operation: operation.path)
async def test_key(operation: Operation, anonymous: httpx.AsyncClient) -> None:
    """Every operation that declares a key refuses a request without one."""
    answer = await anonymous.request(operation.method, operation.path)
    assert (answer.status_code == 403) == operation.needs_key


async def test_finetunes(client: httpx.AsyncClient) -> None:
    """Finetunes are listed, described, and gone once they are deleted; an unknown one is answered with 404."""
    paths = {operation.emulate: operation.path for operation in _SPECIFICATION.operations}
    details, delete = paths["finetune-details"], paths["delete-finetune"]
    assert (await client.get(paths["list-finetunes"])).json() == {"finetunes": ["one", "two"]}
    described = await client.get(details, params={"finetune_id": "one"})
    assert described.json()["finetune_details"]["finetune_id"] == "one"
    deleted = await client.post(delete, json={"finetune_id": "one"})
    assert deleted.json()["deleted_finetune_id"] == "one"
    assert (await client.get(paths["list-finetunes"])).json() == {"finetunes": ["two"]}
    answers = [
        await client.get(details, params={"finetune_id": "one"}),
        await client.post(delete, json={"finetune_id": "one"}),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
