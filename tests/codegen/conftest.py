"""Fixtures for the tests of codegen: one generation from the project's sources, and quick ones from small documents."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from codegen.pipeline import Sources, generate
from codegen.report import Report

ROOT = Path(__file__).parents[2]
ALIAS = "freshly_generated"


@dataclass
class Workshop:
    """A folder with a document, an overlay and settings of its own, to generate from."""

    folder: Path
    document: dict[str, Any]
    actions: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def output(self) -> Path:
        """Where the package goes."""
        return self.folder / "bfl_api"

    def generate(self) -> list[str]:
        """Generate the package and return the warnings."""
        overlay = {"overlay": "1.0.0", "info": {"title": "test", "version": "1"}, "actions": self.actions}
        for name, content in {"spec": self.document, "overlay": overlay, "settings": self.settings}.items():
            (self.folder / f"{name}.json").write_text(json.dumps(content), encoding="utf-8")
        report = Report(StringIO())
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
def real_document() -> dict[str, Any]:
    """The project's own specification, without the overlay."""
    document: dict[str, Any] = json.loads((ROOT / "openapi.json").read_text(encoding="utf-8"))
    return document


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
