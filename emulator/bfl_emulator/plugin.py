"""pytest plugin: the fixture ``bfl_emulator``, an emulator that listens for the duration of one test.

Loading the plugin imports nothing but pytest. The marker takes `env` and the options of `Emulator`::

    @pytest.mark.bfl_emulator(env=True, credits=3)
    def test_my_application(bfl_emulator):
        bfl_emulator.script({"fault": "html", "operation": "poll", "nth": 1})
        ...
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from .server import Emulator


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker, so that --strict-markers accepts it."""
    config.addinivalue_line(
        "markers",
        "bfl_emulator(env=False, **options): options of the Emulator that the fixture bfl_emulator starts; env=True "
        "sets BFL_BASE_URL and BFL_API_KEY for the test",
    )


def _emulator() -> "type[Emulator]":
    """Import the emulator, or fail the test with the one line that says what to install."""
    try:
        from . import Emulator
    except ModuleNotFoundError as error:
        problem = str(error)
    else:
        return Emulator
    pytest.fail(problem, pytrace=False)


@pytest.fixture
def bfl_emulator(request: pytest.FixtureRequest) -> "Iterator[Emulator]":
    """An emulated BFL API on a free port of this machine, whose tasks are ready at once unless a marker says otherwise.

    It has `base_url`, `api_key`, `requests`, `tasks`, `faults`, `script(...)`, `assert_no_leaks()`, and
    `use(monkeypatch)`, which sets BFL_BASE_URL and BFL_API_KEY for the test.
    """
    Emulator = _emulator()
    marker = request.node.get_closest_marker("bfl_emulator")
    options = {"speed": float("inf"), **(marker.kwargs if marker else {})}
    env = options.pop("env", False)
    with Emulator(**options) as emulator, pytest.MonkeyPatch.context() as monkeypatch:
        if env:
            emulator.use(monkeypatch)
        yield emulator
