"""Every operation of the packaged specification, with bodies built from the specification alone."""

import base64
import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import httpx
import pytest
from bfl_api import specification as packaged
from bfl_emulator import Emulator
from bfl_emulator.drawing.films import Draft, Film
from bfl_emulator.drawing.pictures import CONTENT_TYPES
from bfl_emulator.inputs import media_in
from bfl_emulator.ordering import CLIP_EFFECTS
from bfl_emulator.specification import Operation, Specification, minimal, value_of
from bfl_emulator.validation import Contract
from PIL import Image

pytestmark = pytest.mark.anyio

_SPECIFICATION = Specification(packaged.load())
_TASKS = [operation for operation in _SPECIFICATION.operations if operation.task is not None]
_FORMATS = packaged.load()["components"]["schemas"]["OutputFormat"].get("enum", ["png"])


@lru_cache
def _files() -> dict[str, str]:
    """Return a file of each kind that endpoints accept, as base64."""
    photo = io.BytesIO()
    Image.new("RGBA", (300, 260), (0, 128, 128, 100)).save(photo, "PNG")
    contents = {
        "picture": photo.getvalue(),
        "clip": Film("film", "", 1, 320, 192, 2.0).draw(),
        "draft": Draft("", 1, "animate", 1.5, 5.0, False, ()).to_bytes(),
    }
    return {kind: base64.b64encode(content).decode() for kind, content in contents.items()}


def _with_files(operation: Operation, body: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Return the body with real files in place of its URLs."""
    mark = schema.get("x-bfl-emulate") or operation.marks.get("x-bfl-emulate")
    content = _files()[CLIP_EFFECTS.get(mark, "picture") if isinstance(mark, str) else "picture"]
    return body | {item.parameter: content for item in media_in(_SPECIFICATION, body, schema)}


def _bodies(operation: Operation) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Yield the smallest body of each branch, with a finetune that exists if it needs one, and the branch."""
    assert operation.body is not None
    schema = _SPECIFICATION.resolve(operation.body)
    for branch in schema.get("oneOf", [schema]):
        body = minimal(_SPECIFICATION, branch)
        named = {"finetune_id": "one"} if "finetune_id" in body else {}
        yield body | named, dict(_SPECIFICATION.resolve(branch))


def _choices(schema: dict[str, Any]) -> list[Any]:
    """Return the values that a schema lists, itself or in a branch."""
    node = _SPECIFICATION.resolve(schema)
    return [*node.get("enum", ()), *(value for branch in node.get("anyOf", ()) for value in _choices(branch))]


@pytest.fixture
def emulator(specification: dict[str, Any], clock: Any) -> Iterator[Emulator]:
    emulator = Emulator(specification=specification, clock=clock, check=True, finetunes=["one", "two"])
    yield emulator
    emulator.assert_no_leaks()


@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
def test_smallest_body(operation: Operation) -> None:
    """The smallest body of every branch of every task endpoint is valid."""
    for body, _ in _bodies(operation):
        Contract(_SPECIFICATION).body(operation, body)


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"anyOf": [{"type": "null"}, {"type": "string", "minLength": 3}]}, "xxx"),
        ({"type": "integer", "exclusiveMinimum": 64, "multipleOf": 32}, 96),
        ({"type": "array", "minItems": 2, "items": {"enum": ["a", "b"]}}, ["a", "a"]),
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}, "b": {}}}, {"a": False}),
    ],
)
def test_minimal(schema: dict[str, Any], instance: Any) -> None:
    """The smallest instance meets every bound, prefers anything to null, and contains nothing optional."""
    assert minimal(_SPECIFICATION, schema) == instance


@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
async def test_task(operation: Operation, client: httpx.AsyncClient, anonymous: httpx.AsyncClient, clock: Any) -> None:
    """Every endpoint leads from its smallest body to a result; a picture has the default size and format."""
    assert operation.task is not None
    for body, schema in _bodies(operation):
        receipt = await client.post(operation.path, json=_with_files(operation, body, schema))
        assert receipt.status_code == 200, receipt.text
        assert (await anonymous.get(receipt.json()["polling_url"])).json()["status"] == "Pending"
        clock.now += operation.task.duration
        result = (await anonymous.get(receipt.json()["polling_url"])).json()
        assert result["status"] == "Ready", result
        if operation.task.kind != "image":
            continue  # drawing them takes seconds; other tests do
        image = Image.open(io.BytesIO((await anonymous.get(result["result"]["sample"])).content))
        assert (image.format or "").lower() == (value_of(body, schema, "output_format") or "png")
        sides = [value_of(body, schema, name) for name in ("width", "height")]
        assert not all(sides) or list(image.size) == sides


def _recorded(name: str, figures: bool, keys: str, parameter: str = "prompt") -> Any:
    """One endpoint whose answers are known: whether its receipt has figures, and the keys of its result."""
    return pytest.param(name, figures, keys.split(), marks=pytest.mark.about(f"{name}:{parameter}"), id=name)


@pytest.mark.parametrize(
    ("name", "figures", "keys"),
    [
        _recorded("flux-dev", False, "sample prompt seed start_time end_time duration", "seed"),
        _recorded("flux-2-pro", True, "start_time prompt seed sample", "seed"),
        _recorded("flux-2-max", True, "start_time prompt seed sample", "seed"),
        _recorded("flux-3-image", True, "sample prompt duration"),
        _recorded("flux-tools/video-upscale-v1", False, "sample duration prompt seed"),
    ],
)
async def test_recorded_keys(name: str, figures: bool, keys: list[str], client: httpx.AsyncClient, clock: Any) -> None:
    """Receipts and results have the keys that were recorded, in their order; some receipts have nulls for figures."""
    operation = next(operation for operation in _TASKS if operation.path == f"/v1/{name}")
    body, schema = next(_bodies(operation))
    receipt = (await client.post(operation.path, json=_with_files(operation, body, schema))).json()
    assert list(receipt) == ["id", "polling_url", "cost", "input_mp", "output_mp"]
    assert [receipt[key] is not None for key in ("cost", "input_mp", "output_mp")] == [figures] * 3
    clock.now += 1000
    answer = (await client.get(receipt["polling_url"])).json()
    assert list(answer["result"]) == keys
    assert list(answer)[:6] == ["id", "status", "result", "progress", "details", "preview"]


@pytest.mark.parametrize("name", _FORMATS)
@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
async def test_format(operation: Operation, name: str, client: httpx.AsyncClient, emulator: Emulator) -> None:
    """Every endpoint makes a picture of each output_format that it takes, or a PNG for a format unknown here."""
    for body, schema in _bodies(operation):
        if name in _choices(schema["properties"].get("output_format", {"enum": []})):
            receipt = await client.post(operation.path, json={**body, "output_format": name})
            made = name.lower() if name.lower() in CONTENT_TYPES else "png"
            assert emulator.tasks[receipt.json()["id"]].picture.format == made


@pytest.mark.parametrize("operation", _TASKS, ids=lambda operation: operation.path)
async def test_webhook(operation: Operation, client: httpx.AsyncClient) -> None:
    """Every picture endpoint with webhook_url answers with a webhook receipt."""
    for body, schema in _bodies(operation):
        if "webhook_url" in schema["properties"] and operation.task and operation.task.kind == "image":
            receipt = await client.post(operation.path, json={**body, "webhook_url": "https://example.com/hook"})
            assert receipt.json()["webhook_url"] == "https://example.com/hook"


@pytest.mark.parametrize("operation", _SPECIFICATION.operations, ids=lambda operation: operation.path)
async def test_key(operation: Operation, anonymous: httpx.AsyncClient) -> None:
    """Every operation that declares a key refuses a request without one."""
    answer = await anonymous.request(operation.method, operation.path)
    assert (answer.status_code == 403) == operation.needs_key


@pytest.mark.parametrize(
    ("name", "status"), [("one", 200), ("somebody/two", 200), ("three", 400), ("one/three", 400), ("", 400)]
)
async def test_unknown_finetune(client: httpx.AsyncClient, emulator: Emulator, name: str, status: int) -> None:
    """A request with a finetune that does not exist is refused, and costs nothing; one without any list is not."""
    taking = [each for each in _TASKS if "finetune_id" in next(_bodies(each))[0]]
    for operation in taking:
        answer = await client.post(operation.path, json=next(_bodies(operation))[0] | {"finetune_id": name})
        assert answer.status_code == status
        assert status == 200 or answer.json() == {"detail": "Finetune not found or not ready"}
    assert status == 200 or emulator.credits == 10_000
    assert Emulator()._service.knows_finetune(name)


@pytest.mark.about("my_finetunes", "finetune_details", "delete_finetune")
async def test_finetunes(client: httpx.AsyncClient) -> None:
    """Finetunes can be listed, described and deleted; an unknown one is answered with 404."""
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
    assert (await client.post(delete, json={"finetune_id": "two"})).status_code == 200
    taking = next(each for each in _TASKS if "finetune_id" in next(_bodies(each))[0])
    refused = await client.post(taking.path, json=next(_bodies(taking))[0] | {"finetune_id": "two"})
    assert refused.status_code == 400, "the last one is deleted, and all are taken again"
