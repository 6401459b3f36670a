"""The two lines, and the numbers at the end of a run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import tally
from .generation import MAKERS, SEED
from .line import Line
from .operations import OPERATIONS


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BFL_API_KEY", "BFL_BASE_URL", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module", params=["sync", "async"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Each client, on a line where requests are written down."""
    line = Line(request.param)
    yield line
    line.close()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begin to make cases for the operations that the selected tests are about."""
    calls = [item.callspec for item in session.items if isinstance(item, pytest.Function) and hasattr(item, "callspec")]
    named = {str(call.params.get("operation")) for call in calls}
    for operation in OPERATIONS:
        if str(operation) in named and not session.config.option.collectonly:
            MAKERS.ask(operation)


def pytest_unconfigure() -> None:
    MAKERS.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    lines = tally.lines()
    if lines:
        terminalreporter.section(f"contract, seed {SEED}")
        for each in lines:
            terminalreporter.write_line(each)
