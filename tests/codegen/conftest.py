"""Packages generated from the project's specification and a small one, and projects in which a refresh can be tried."""

from __future__ import annotations

import importlib
import importlib.util
import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import bfl_api
import pytest

from codegen.__main__ import main
from codegen.pipeline import Sources, generate
from codegen.reading import read
from codegen.report import Report

from .changes import Case

ROOT = Path(__file__).parents[2]
ALIAS = "freshly_generated"
WRITTEN = ("openapi.json", "CHANGELOG.md", "bfl_api")
"""What a refresh writes, by name."""


@dataclass
class Workshop:
    """A folder with a document, an overlay and settings of its own, to generate from."""

    folder: Path
    document: dict[str, Any]
    actions: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    said: StringIO = field(default_factory=StringIO)

    @property
    def output(self) -> Path:
        """Where the package goes."""
        return self.folder / "bfl_api"

    def generate(self) -> list[str]:
        """Generate the package and return the warnings."""
        overlay = {"overlay": "1.0.0", "info": {"title": "test", "version": "1"}, "actions": self.actions}
        for name, content in {"spec": self.document, "overlay": overlay, "settings": self.settings}.items():
            (self.folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        report = Report(self.said)
        sources = Sources(*(self.folder / f"{name}.json" for name in ("spec", "overlay", "settings")))
        generate(sources, self.output, report)
        return report.warnings

    def text(self, name: str) -> str:
        """Return one generated file."""
        return (self.output / name).read_text(encoding="utf-8")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    """A small specification with one task endpoint, `/v1/paint`."""
    return Workshop(tmp_path, small_document())


@pytest.fixture
def document() -> dict[str, Any]:
    """The project's specification as it is published, without the overlay."""
    found: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="session")
def sources() -> Sources:
    """The project's own sources."""
    return Sources(ROOT / "openapi.json", ROOT / "openapi-overlay.yml", ROOT / "generator-config.yml")


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory, sources: Sources) -> Path:
    """The package generated from the project's own sources, once for all tests."""
    output = tmp_path_factory.mktemp("generated") / "bfl_api"
    generate(sources, output, Report(StringIO()))
    return output


@contextmanager
def imported(package: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Make the package of a folder importable under an alias, beside the package that is installed."""
    init = package / "__init__.py"
    spec = importlib.util.spec_from_file_location(ALIAS, init, submodule_search_locations=[str(package)])
    assert spec is not None
    assert spec.loader is not None
    sys.modules[ALIAS] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    try:
        yield lambda name: importlib.import_module(f"{ALIAS}.{name}")
    finally:
        for name in [name for name in sys.modules if name == ALIAS or name.startswith(f"{ALIAS}.")]:
            del sys.modules[name]


@pytest.fixture
def load(package: Path) -> Iterator[Callable[[str], ModuleType]]:
    """Import modules of the package that is generated from the project's own sources."""
    with imported(package) as load_module:
        yield load_module


def small_document() -> dict[str, Any]:
    """Return a specification with one task endpoint and nothing else."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Small", "version": "1"},
        "servers": [{"url": "https://api.example.com"}],
        "x-bfl-defaults": {"kind": "image", "duration": 8, "url-lifetime": 600, "active-limit": 24},
        "paths": {"/v1/paint": {"post": task("PaintInputs")}},
        "components": {
            "schemas": {
                "PaintInputs": {
                    "type": "object",
                    "required": ["prompt"],
                    "properties": {"prompt": {"type": "string"}, "width": {"type": "integer", "default": 64}},
                },
                "Receipt": {
                    "type": "object",
                    "required": ["id", "polling_url"],
                    "properties": {"id": {"type": "string"}, "polling_url": {"type": "string"}},
                },
            }
        },
    }


def task(schema: str) -> dict[str, Any]:
    """Return the operation of a task endpoint with that body."""
    receipt = {"$ref": "#/components/schemas/Receipt"}
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}},
        },
        "responses": {"200": {"description": "ok", "content": {"application/json": {"schema": receipt}}}},
    }


@dataclass
class Checkout:
    """A folder with a specification, an overlay, a changelog and a generated package that may be changed."""

    folder: Path
    overlay: Path

    def options(self, contract: str | None = "") -> list[str]:
        """Return the options that point `refresh` to this folder; `contract` None means the real contract tests."""
        given = [*self.sources, "--changelog", str(self.folder / "CHANGELOG.md")]
        return given if contract is None else [*given, "--contract", contract]

    @property
    def sources(self) -> list[str]:
        """The options that point `drift` and `refresh` to this folder."""
        spec, output = (str(self.folder / name) for name in ("openapi.json", "bfl_api"))
        return ["--spec", spec, "--overlay", str(self.overlay), "--output", output]

    def refresh(self, document: Any, *more: str, contract: str | None = "") -> int:
        """Run `refresh` on a document (or on bytes) within this process and return its exit code."""
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


def checked_out(folder: Path, document: dict[str, Any], overlay: Path, package: Path) -> Checkout:
    """Fill a folder with a specification, a changelog and a copy of a package."""
    (folder / "openapi.json").write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (folder / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n\n### Added\n\n- All.\n", encoding="utf-8")
    shutil.copytree(package, folder / "bfl_api", ignore=shutil.ignore_patterns("__pycache__"))
    return Checkout(folder, overlay)


@pytest.fixture
def checkout(tmp_path: Path, document: dict[str, Any], sources: Sources) -> Checkout:
    """The project's specification, overlay and package."""
    return checked_out(tmp_path, document, sources.overlay, Path(bfl_api.__path__[0]))


@pytest.fixture(scope="session")
def small_package(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """The package of the small specification, generated once for all tests."""
    settings = read(ROOT / "generator-config.yml")
    made = Workshop(tmp_path_factory.mktemp("small"), small_document(), settings=settings)
    made.generate()
    return made


@pytest.fixture
def small_checkout(tmp_path: Path, small_package: Workshop) -> Checkout:
    """The small specification, no overlay, and its package: a refresh of it takes a fifth of the time."""
    return checked_out(tmp_path, small_document(), small_package.folder / "overlay.json", small_package.output)


def applied(case: Case, document: dict[str, Any]) -> dict[str, Any]:
    """Return the changed document; skip where an older specification has no place for the change."""
    try:
        return case.applied(document)
    except (StopIteration, LookupError, ValueError) as error:
        pytest.skip(f"the specification has no place for this change: {error!r}")
