"""A project to refresh: copies of what is written, and a quick command in place of the contract tests."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bfl_api
import pytest

from codegen.__main__ import main

from .changes import Case

ROOT = Path(__file__).parents[2]
WRITTEN = ("openapi.json", "CHANGELOG.md", "bfl_api")


@dataclass
class Workshop:
    """A folder with a specification, a changelog and a generated package that may be changed."""

    folder: Path

    def options(self, contract: str | None = "") -> list[str]:
        """Return the options that point the commands to this folder; `contract` None means the real contract tests."""
        paths = {"--spec": "openapi.json", "--changelog": "CHANGELOG.md", "--output": "bfl_api"}
        given = [part for name, path in paths.items() for part in (name, str(self.folder / path))]
        return given if contract is None else [*given, "--contract", contract]

    def refresh(self, document: Any, *more: str, contract: str | None = "") -> int:
        """Run the command on a document (or on bytes) within this process and return its exit code."""
        path = self.folder / "new.json"
        path.write_bytes(document if isinstance(document, bytes) else json.dumps(document).encode())
        return main(["refresh", str(path), *self.options(contract), *more])

    def contents(self) -> dict[str, bytes]:
        """Return everything that a refresh writes, byte for byte."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.name != "new.json"
        }


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A copy of the project's specification and package, and a changelog."""
    shutil.copy(ROOT / "openapi.json", tmp_path / "openapi.json")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- All.\n", encoding="utf-8")
    shutil.copytree(bfl_api.__path__[0], tmp_path / "bfl_api", ignore=shutil.ignore_patterns("__pycache__"))
    return Workshop(tmp_path)


@pytest.fixture
def document() -> dict[str, Any]:
    """The project's specification as it is published."""
    found: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    return found


def applied(case: Case, document: dict[str, Any]) -> dict[str, Any]:
    """Return the changed document; skip where an older specification has no place for the change."""
    try:
        return case.applied(document)
    except (StopIteration, LookupError, ValueError) as error:
        pytest.skip(f"the specification has no place for this change: {error!r}")


def codegen(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command of codegen in a process of its own."""
    command = [sys.executable, "-m", "codegen", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8")
