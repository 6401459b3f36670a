"""What becomes of a task that has ended: its file is fetched, again if need be, and its facts are recorded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_batch.collecting import PAUSES
from bfl_batch.stopping import Stop

from .service import Service, line


class Breaking(Service):
    """A service whose file host answers only once a batch has waited often enough.

    Attributes:
        waited: the seconds, of one and more, for which the batch has waited; they take none.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, waits: int) -> None:
        super().__init__()
        self.waited, self._waits = list[float](), waits
        monkeypatch.setattr(Stop, "under_way", lambda stop, seconds: self.waited.extend([seconds] * (seconds >= 1)))

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith(".png") and len(self.waited) < self._waits:
            raise httpx.ReadError("broken")
        return super().__call__(request)


def test_a_download_that_fails_is_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that cannot be fetched is asked for again, after pauses that double, and no task is paid for again."""
    service = Breaking(monkeypatch, 2)
    assert service.run([line("fox")], tmp_path).ok
    assert service.waited == [1.0, 2.0]
    assert service.posts == {"fox": 1}


def test_a_download_that_keeps_failing_is_left_to_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last pause the job is left as it is, with the reason; the next run fetches its file."""
    service = Breaking(monkeypatch, len(PAUSES))
    report = service.run([line("fox")], tmp_path)
    assert service.waited == [1.0, 2.0, 4.0]
    assert (report.done, report.failed) == (0, 0)
    assert "its result could not be fetched yet" in (report.troubles[0].error or "")
    monkeypatch.undo()
    service.waited += PAUSES
    assert service.run([line("fox")], tmp_path).ok
    assert service.posts == {"fox": 1}


@pytest.mark.parametrize("seed", [2**63 - 1, 2**63, 1 - 2**63, -(2**63)])
def test_a_seed_that_the_record_cannot_take_is_left_out(tmp_path: Path, seed: int) -> None:
    """A seed of more than 63 bits, which no database takes, does not keep a job from being done."""
    service = Service()

    def polled(made: str, number: int) -> httpx.Response:
        result = {"sample": f"{service.base}/{made}.png", "seed": seed}
        return httpx.Response(200, json={"id": made, "status": "Ready", "result": result})

    service.on_poll = polled
    assert service.run([line("fox")], tmp_path).ok
    found: dict[str, Any] = json.loads((tmp_path / "results.jsonl").read_text())
    assert found["seed"] == (seed if abs(seed) < 2**63 else None)
