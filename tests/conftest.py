"""Settings for all tests, the mark of those that are about certain endpoints, and figures at the end of a run."""

import logging
import os
import signal
import sys
from typing import Any

import pytest
from bfl_api import specification
from bfl_client.specification import parameters
from hypothesis import settings

settings.register_profile(
    "project", deadline=None
)  # two busy cores: the suite has a time limit, its examples have none
settings.load_profile("project")

if "httpx2" not in sys.modules and "BFL_TESTS_ON_HTTPX2" not in os.environ:
    # The extra mcp brings httpx2, which the client would use; but the tests hand it clients and transports of httpx.
    sys.modules["httpx2"] = None  # type: ignore[assignment]
    import bfl_client.library  # noqa: F401

    del sys.modules["httpx2"]

FIGURES = pytest.StashKey[dict[str, list[str]]]()
"""Lines to print at the end of a run, by heading; also those that a worker of pytest-xdist leaves here."""


def pytest_configure(config: pytest.Config) -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell ignores it for what it runs in the background
    if sys.platform != "win32" and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:  # as under nohup
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # In development mode asyncio logs each step that took 0.1 seconds or longer: a busy machine is not tested.
    logging.getLogger("asyncio").addFilter(lambda record: not record.getMessage().startswith("Executing <"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):  # the tests speak to this machine alone
        for spelling in (name, name.lower()):
            os.environ.pop(spelling, None)
    config.addinivalue_line(
        "markers", "about(*names): skipped where no such endpoint is, or no such ENDPOINT:PARAMETER"
    )
    config.addinivalue_line("markers", "large: the session `batch` runs it, with BFL_BATCH_LARGE=1 at full size")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is about an endpoint that the specification does not have; a refresh may adopt an older one."""
    for mark in item.iter_markers("about"):
        for name in mark.args:
            endpoint, _, parameter = name.partition(":")
            known = f"/v1/{endpoint}" in specification.load()["paths"]
            if not known or (parameter and parameter not in parameters(endpoint)):
                pytest.skip(f"it is about {name}, which the specification does not have")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give all contract tests to one worker, beside the others: they share their cases and their figures."""
    from xdist.scheduler import LoadScopeScheduling

    class OneWorkerForContract(LoadScopeScheduling):  # type: ignore[misc]  # pytest-xdist has no types
        def _split_scope(self, nodeid: str) -> str:
            return "contract" if nodeid.startswith("tests/contract/") else nodeid

    return OneWorkerForContract(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In a worker of pytest-xdist, hand the figures to the process that prints them."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        output["figures"] = session.config.stash.get(FIGURES, {})


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take the figures of a worker."""
    node.config.stash.setdefault(FIGURES, {}).update(getattr(node, "workeroutput", {}).get("figures", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    for heading, lines in config.stash.get(FIGURES, {}).items():
        terminalreporter.section(heading)
        for line in lines:
            terminalreporter.write_line(line)
