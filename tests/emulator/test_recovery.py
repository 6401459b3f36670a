"""The client against the emulator, end to end: how a paid task survives what goes wrong after it was submitted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bfl_client import Client, ContentModerated, Poll
from bfl_emulator import Emulator
from PIL import Image

_BODY = {"prompt": "a fox", "width": 256, "height": 256}

pytestmark = pytest.mark.about("flux-dev")


@pytest.fixture
def emulator(clock: Any) -> Iterator[Emulator]:
    with Emulator(clock=clock, clusters=2, check=True) as emulator:
        yield emulator
    emulator.assert_no_leaks()


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    with Client(emulator.api_key, emulator.base_url, poll=Poll(floor=0.001, ceiling=0.001)) as client:
        yield client


def _size(path: Path) -> tuple[int, int]:
    with Image.open(path) as image:
        return image.size


def test_expired_url(client: Client, emulator: Emulator, clock: Any, tmp_path: Path) -> None:
    """A result whose URL expired long ago is saved all the same: one more poll gets a fresh one."""
    task = client.submit("flux-dev", _BODY)
    clock.now += 60
    result = task.wait()
    clock.now += 3600
    path = result.save(tmp_path / "fox.jpg")
    assert _size(path) == (256, 256)
    done = [(request.path.split("/")[1], request.method) for request in emulator.requests]
    assert done == [("v1", "POST"), ("v1", "GET"), ("delivery", "GET"), ("v1", "GET"), ("delivery", "GET")]


def test_cluster_that_denies_a_task(client: Client, emulator: Emulator, clock: Any, tmp_path: Path) -> None:
    """A cluster that denies a task which it knew a moment ago does not lose it."""
    emulator.script({"fault": "status", "status": "Task not found", "code": 404, "nth": [2, 3]})
    task = client.submit("flux-dev", _BODY)
    assert task.status().status == "Pending"
    clock.now += 60
    assert _size(task.wait().save(tmp_path / "fox.jpg")) == (256, 256)
    assert [fault.fault for fault in emulator.faults] == ["status", "status"]
    assert len(emulator.tasks) == 1


def test_denied_by_one_of_two_clusters(client: Client, emulator: Emulator, clock: Any) -> None:
    """Tasks of two clusters are polled where each is known."""
    tasks = [client.submit("flux-dev", _BODY) for _ in range(4)]
    clock.now += 60
    assert {task.wait().url.partition("?")[0] for task in tasks} == {
        f"{emulator.delivery_url}{task.sample_path}" for task in emulator.tasks.values()
    }
    assert len({(task.polling_url or "").partition("?")[0] for task in tasks}) == 2
    assert all(request.path == "/v1/get_result" for request in list(emulator.requests)[4:])


def test_moderated(client: Client, clock: Any) -> None:
    """A refusal ends the waiting with the reasons of the service."""
    task = client.submit("flux-dev", {**_BODY, "prompt": "#content-moderated"})
    clock.now += 60
    with pytest.raises(ContentModerated, match="Safety Filter"):
        task.wait()
