"""Tests of applications freeze the time: client and emulator work all the same, and the emulator stops."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Any

import anyio
import freezegun
import pytest
import time_machine
from bfl_api.table import ENDPOINTS
from bfl_client import AsyncClient, Client, TaskTimeout
from bfl_emulator import Emulator
from bfl_emulator.listener import Listener

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)
NAME = next(name for name, endpoint in ENDPOINTS.items() if endpoint.kind == "image")
FREEZERS: dict[str, Callable[[], AbstractContextManager[Any]]] = {
    "freezegun": lambda: freezegun.freeze_time(MOMENT, real_asyncio=True),  # else the caller's own loop stands still
    "time-machine": lambda: time_machine.travel(MOMENT, tick=False),
}


@pytest.mark.parametrize("freezer", FREEZERS)
@pytest.mark.timeout(60)
def test_a_frozen_clock_stops_neither_client_nor_emulator(freezer: str) -> None:
    """With the time frozen a task is submitted, followed and downloaded by both clients, and stop() returns."""
    with FREEZERS[freezer](), Emulator(speed=1000) as emulator:
        with Client(emulator.api_key, emulator.base_url) as client:
            result = client.generate(NAME, prompt="a fox")
            assert result.task.submitted_at == MOMENT
            assert len(result.read()) > 100

        async def generate() -> bytes:
            async with AsyncClient(emulator.api_key, emulator.base_url) as client:
                return await (await client.generate(NAME, prompt="a fox")).read()

        assert len(anyio.run(generate)) > 100


@pytest.mark.parametrize("freezer", FREEZERS)
@pytest.mark.timeout(60)
def test_deadlines_hold_though_the_clock_is_frozen(freezer: str) -> None:
    """A wait ends at its deadline in real time, whatever the application's clock says."""
    frozen, slow = FREEZERS[freezer](), Emulator(speed=0.01)
    with frozen, slow as emulator, Client(emulator.api_key, emulator.base_url) as client, pytest.raises(TaskTimeout):
        client.generate(NAME, prompt="a fox", timeout=0.3)


def test_a_server_that_does_not_stop_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """stop() of an emulator whose thread does not end raises instead of waiting for ever."""
    monkeypatch.setattr("bfl_emulator.listener._LONGEST", 0.01)
    emulator, free = Emulator(), threading.Event()
    emulator.start()
    hold = emulator._listener
    assert isinstance(hold, Listener)
    hold._loop.call_soon_threadsafe(free.wait)
    try:
        with pytest.raises(RuntimeError, match="did not stop within"):
            emulator.stop()
    finally:
        free.set()
        monkeypatch.undo()
        hold.stop()
