"""Clients written by others, over real sockets: they work unchanged, whatever they send and however they poll."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bfl_api import specification as packaged
from bfl_emulator import Emulator
from bfl_emulator.inputs import media_in
from bfl_emulator.specification import Operation, Specification, minimal

_SPECIFICATION = Specification(packaged.load())
_POLLING = next(each for each in _SPECIFICATION.operations if each.emulate == "get-result").path


@pytest.fixture
def emulator(clock: Any) -> Iterator[Emulator]:
    with Emulator(clock=clock, one_host=True, check=True) as emulator:
        yield emulator
    emulator.assert_no_leaks()


def _fetch(url: str, key: str | None = None, body: Any = None) -> tuple[int, bytes]:
    """Return the status and body that urllib gets."""
    headers = {"X-Key": key} if key else {}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers | ({"Content-Type": "application/json"} if data else {}))
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def _chatty(operation: Operation) -> dict[str, Any] | None:
    """Return the body of a client that sends every parameter: null where it is allowed, else the default.

    None where a picture must be sent, or one kind of body must be chosen: that is the subject of other tests.
    """
    assert operation.body is not None
    schema = _SPECIFICATION.resolve(operation.body)
    if "oneOf" in schema:
        return None
    body: dict[str, Any] = minimal(_SPECIFICATION, schema)
    if list(media_in(_SPECIFICATION, body, schema)):
        return None
    for name, node in schema["properties"].items():
        if any(each.get("type") == "null" for each in node.get("anyOf", ())):
            body.setdefault(name, None)
        elif "default" in node:
            body.setdefault(name, node["default"])
    return body


def _small(operation: Operation) -> dict[str, Any]:
    """Return the smallest body, with short sides if there are any."""
    assert operation.body is not None
    schema = _SPECIFICATION.resolve(operation.body)
    sides = {name: 256 for name in ("width", "height") if name in schema["properties"]}
    return {**minimal(_SPECIFICATION, schema), **sides}


_PICTURES = [
    each
    for each in _SPECIFICATION.operations
    if each.task is not None and each.task.kind == "image" and _chatty(each) is not None
]


@pytest.mark.parametrize("operation", _PICTURES, ids=lambda operation: operation.path)
def test_nulls_and_defaults(operation: Operation, emulator: Emulator) -> None:
    """A client that sends explicit nulls and every default is accepted."""
    body = _chatty(operation)
    status, answer = _fetch(emulator.base_url + operation.path, emulator.api_key, body)
    assert status == 200, answer
    assert json.loads(answer)["polling_url"]


def test_own_polling_url(emulator: Emulator, clock: Any) -> None:
    """With one host for all, a client that builds its own polling URL and polls ten times a second gets its picture."""
    operation = _PICTURES[0]
    _, receipt = _fetch(emulator.base_url + operation.path, emulator.api_key, _small(operation))
    statuses: list[str] = []
    answer: dict[str, Any] = {}
    while not statuses or statuses[-1] == "Pending":
        clock.now += 0.1
        url = f"{emulator.base_url}{_POLLING}?id={json.loads(receipt)['id']}"
        answer = json.loads(_fetch(url, emulator.api_key)[1])
        statuses.append(answer["status"])
    assert statuses[-1] == "Ready"
    assert len(statuses) > 10
    assert _fetch(answer["result"]["sample"])[1][:2] in (b"\xff\xd8", b"\x89P", b"RI")


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl(emulator: Emulator, clock: Any, tmp_path: Path) -> None:
    """curl submits, polls and downloads as in the vendor's examples, without the key for the download."""
    operation = _PICTURES[0]

    def curl(*arguments: str) -> Any:
        command = ["curl", "--silent", "--show-error", "--fail", "--max-time", "30", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    key = f"x-key: {emulator.api_key}"
    body = json.dumps(_small(operation))
    content = ["-H", "Content-Type: application/json", "-d", body]
    receipt = json.loads(curl("-X", "POST", emulator.base_url + operation.path, "-H", key, *content))
    clock.now += 300
    result = json.loads(curl(receipt["polling_url"], "-H", key, "-H", "accept: application/json"))
    curl(result["result"]["sample"], "-o", str(tmp_path / "sample"))
    assert (tmp_path / "sample").stat().st_size > 1000
