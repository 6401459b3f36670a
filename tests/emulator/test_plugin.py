"""The pytest plugin, used as in somebody's own tests."""

import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from tests.needs import PICTURE

pytest_plugins = ["pytester"]

# Without the plugins that take longest to load; ours is loaded by its entry point.
_OPTIONS = ["--strict-markers", "-W", "error", "-pno:cacheprovider", "-pno:schemathesis", "-pno:hypothesispytest"]
_PLUGIN = "bfl_emulator.plugin"
if _PLUGIN not in entry_points(group="pytest11").names:  # not installed, but run from a source folder
    _OPTIONS += ["-p", _PLUGIN]


@pytest.mark.about("credits")
def test_use(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test gets an emulator, can point its application at it, script faults, and see what arrived."""
    monkeypatch.delenv("BFL_BASE_URL", raising=False)
    monkeypatch.delenv("BFL_API_KEY", raising=False)
    pytester.makepyfile(
        """
        import json, os, urllib.error, urllib.request
        import pytest

        def credits():
            url = os.environ["BFL_BASE_URL"] + "/v1/credits"
            request = urllib.request.Request(url, headers={"X-Key": os.environ["BFL_API_KEY"]})
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)["credits"]

        def test_by_hand(bfl_emulator, monkeypatch):
            assert "BFL_BASE_URL" not in os.environ
            bfl_emulator.use(monkeypatch)
            bfl_emulator.script({"fault": "html", "nth": 1})
            with pytest.raises(urllib.error.HTTPError) as refused:
                credits()
            refused.value.close()
            assert credits() == 10000
            assert [request.path for request in bfl_emulator.requests] == ["/v1/credits"] * 2
            assert bfl_emulator.api_key not in repr(list(bfl_emulator.requests))
            assert not bfl_emulator.tasks and len(bfl_emulator.faults) == 1

        @pytest.mark.bfl_emulator(env=True, credits=3)
        def test_by_marker(bfl_emulator):
            assert credits() == 3

        def test_afterwards():
            assert "BFL_BASE_URL" not in os.environ
        """
    )
    pytester.runpytest_subprocess(*_OPTIONS).assert_outcomes(passed=3)


def test_speed(pytester: pytest.Pytester) -> None:
    """A test's tasks are ready at once, unless its marker asks for another speed."""
    pytester.makepyfile(
        f"""
        import httpx, pytest

        def status(emulator):
            key = {{"x-key": emulator.api_key}}
            receipt = httpx.post(emulator.base_url + "/v1/{PICTURE}", json={{"prompt": "a fox"}}, headers=key).json()
            return httpx.get(receipt["polling_url"], headers=key).json()["status"]

        def test_at_once(bfl_emulator):
            assert status(bfl_emulator) == "Ready"

        @pytest.mark.bfl_emulator(speed=0.001)
        def test_slow(bfl_emulator):
            assert status(bfl_emulator) == "Pending"
        """
    )
    pytester.runpytest_subprocess(*_OPTIONS).assert_outcomes(passed=2)


def test_loading() -> None:
    """Loading the plugin imports neither the emulator's server nor what it needs."""
    code = "import sys, bfl_emulator.plugin; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"starlette", "uvicorn", "PIL", "jsonschema_rs", "anyio", "httpx", "bfl_api", "bfl_emulator.server"}
    assert not heavy & set(loaded)


def test_without_a_library(pytester: pytest.Pytester) -> None:
    """Where the extra is not installed, the fixture says in one line what to install, and shows no traceback."""
    pytester.makeconftest("import sys; sys.modules['starlette'] = None")
    pytester.makepyfile("def test_it(bfl_emulator): pass")
    result = pytester.runpytest_subprocess(*_OPTIONS)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(
        ['the emulator needs starlette, which is not installed: pip install "bfl-client?emulator?"']
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*server.py*")
