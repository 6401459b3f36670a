"""Settings for all tests, and the mark of those that are about certain endpoints."""

import pytest
from bfl_api import specification
from hypothesis import settings

settings.register_profile(
    "project", deadline=None
)  # two busy cores: the suite has a time limit, its examples have none
settings.load_profile("project")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "about(*names): skipped where the specification has no such endpoint")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what is about an endpoint that the specification does not have; a refresh may bring an older one."""
    for mark in item.iter_markers("about"):
        for name in mark.args:
            if f"/v1/{name}" not in specification.load()["paths"]:
                pytest.skip(f"it is about {name}, which the specification does not have")
