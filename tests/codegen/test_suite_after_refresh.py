"""The whole fast suite after a refresh: it is green whatever the vendor changed, and says what it could not test."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from tests.ordinary import ELSEWHERE

from .changes import posts
from .conftest import ROOT
from .test_refresh_of_changes import drop_unused

PACKAGES = ("generated", "wrapper", "cli", "batch", "emulator", "mcp_server")
CONTRACT = (
    "--ignore=tests/contract"  # a refresh runs them by itself, and test_refresh_of_changes.py has changes like these
)
ABOUT = "it is about "  # how the reason of the mark `about` begins
LARGEST_PART = 0.1
"""Of the tests, those that may be skipped, for whatever reason."""


def properties_of(document: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the properties of an endpoint's body; none if it is one of several."""
    body = document["paths"][f"/v1/{name}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    schema = document["components"]["schemas"].get(body.get("$ref", "").rpartition("/")[2], {})
    found: dict[str, Any] = schema.get("properties", {})
    return found


def most_used(document: dict[str, Any], *having: str) -> str:
    """Return the endpoint that the tests name most often, of those with these parameters."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py")]
    names = [path.removeprefix("/v1/") for path, _ in posts(document)]
    found = [name for name in names if set(having) <= set(properties_of(document, name))]
    return max(found, key=lambda name: sum(len(re.findall(rf'"{re.escape(name)}[":]', text)) for text in texts))


def much_has_changed(document: dict[str, Any]) -> None:
    """The two endpoints that tests name most, and a parameter, are gone; one is new; names, bounds, defaults differ."""
    added = copy.deepcopy(document["paths"][f"/v1/{most_used(document)}"])
    added["post"]["operationId"] = "not_known_yet"
    for _ in range(2):
        del document["paths"][f"/v1/{most_used(document)}"]
    document["paths"]["/v1/flux-not-known-yet"] = added
    drop_unused(document)
    for schema in document["components"]["schemas"].values():
        schema.get("properties", {}).pop("steps", None)
        if "maximum" in schema.get("properties", {}).get("width", {}):
            schema["properties"]["width"]["maximum"] = 2048
    renamed = properties_of(document, most_used(document, "seed"))
    renamed["seed_number"] = renamed.pop("seed")
    properties_of(document, most_used(document, "height", "prompt_upsampling"))["height"]["default"] = 512


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project, in which a refresh may write."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    for name in listed.stdout.decode().split("\0"):
        if name and (ROOT / name).is_file():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.timeout(1800)
def test_the_suite_is_green_after_a_refresh(project: Path, document: dict[str, Any]) -> None:
    """After changes of each kind are adopted no test fails; few are skipped, each with what is gone as the reason."""
    changed = copy.deepcopy(document)
    much_has_changed(changed)
    (project / "new.json").write_text(json.dumps(changed), encoding="utf-8")
    places = [str(project / name) for name in PACKAGES]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*places, str(project)])}
    refresh = [sys.executable, "-m", "codegen", "refresh", "new.json", "--contract", ""]
    assert subprocess.run(refresh, cwd=project, env=env, capture_output=True).returncode in (0, 1, 2)
    (project / "new.json").unlink()
    elsewhere = [each for each in ELSEWHERE if "test_endpoints" not in each]  # also each new endpoint's page
    suite = [sys.executable, "-m", "pytest", "-q", "-n", "auto", CONTRACT, *elsewhere]
    done = subprocess.run([*suite, "--junitxml=found.xml"], cwd=project, env=env, capture_output=True, text=True)
    if done.returncode == 1:  # what failed by chance passes when it is tried again; what the change broke does not
        done = subprocess.run([*suite, "--lf"], cwd=project, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:]
    skipped = Counter(str(each.get("message")) for each in ET.parse(project / "found.xml").iter("skipped"))
    about = {reason: count for reason, count in skipped.items() if reason.startswith(ABOUT)}
    cases = list(ET.parse(project / "found.xml").iter("testcase"))
    assert about
    assert skipped.total() < LARGEST_PART * len(cases), skipped
    alive = {each.get("classname") for each in cases if each.find("skipped") is None}
    lost = [each for each in cases if each.get("classname") not in alive]  # whole files are skipped for one reason only
    assert all(str(each.find("skipped").get("message")).startswith(ABOUT) for each in lost), lost  # type: ignore[union-attr]
