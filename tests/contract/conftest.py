"""Both clients without a network, the cases, and the figures at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import FIGURES

from . import tally
from .generation import MAKERS, SEED
from .line import Line
from .operations import OPERATIONS

FOLDER = Path(__file__).parent


@pytest.fixture(scope="session", autouse=True)
def _cases(request: pytest.FixtureRequest) -> Iterator[None]:
    """Make cases for the operations that the selected tests are about; report at the end what was done with them."""
    items = [item for item in request.session.items if item.path.is_relative_to(FOLDER)]
    calls = [item.callspec for item in items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    named = {str(call.params.get("operation")) for call in calls}
    for operation in OPERATIONS:
        if str(operation) in named:
            MAKERS.ask(operation)
    yield
    MAKERS.close()
    request.config.stash[FIGURES] = {f"contract, seed {SEED}": tally.lines()}


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BFL_API_KEY", "BFL_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module", params=["sync", "async"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Each client, without a network; its requests are recorded."""
    line = Line(request.param)
    yield line
    line.close()
