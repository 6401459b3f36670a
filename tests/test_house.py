"""The rules of the house that can be checked: who imports whom, and that no hand-written code names an endpoint."""

from __future__ import annotations

import ast
import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_api.table import ENDPOINTS

OURS = ("bfl_client", "bfl_api", "bfl_emulator")
LEAVES = {"errors"}
ARROWS: dict[str, set[str]] = {
    "cli": {"", "batch", "client", "tasks", "answers", "bounds", "errors", "webhooks", "bfl_api", "bfl_emulator"},
    "batch": {"answers", "base", "client", "constraints", "errors", "mapping", "media", "tasks", "bfl_api"},
    "client": {"base", "mapping", "policy", "steps", "tasks", "transport", "wire", "hatch", "bfl_api"},
    "base": {"answers", "auth", "constraints", "errors", "flows", "handles", "media", "policy", "steps", "bfl_api"},
    "tasks": {"answers", "errors", "handles", "policy", "steps"},
    "downloads": {"answers", "errors", "flows", "policy", "steps"},
    "handles": {"answers", "downloads", "errors", "flows", "policy", "steps", "targets", "bfl_api"},
    "hatch": {"answers", "errors", "policy", "steps", "transport"},
    "flows": {"answers", "errors", "policy", "steps"},
    "transport": {"errors", "steps", "wire"},
    "wire": {"answers", "errors", "steps", "version"},
    "answers": {"errors", "steps"},
    "constraints": {"bounds", "errors", "media", "bfl_api"},
    "webhooks": {"answers", "errors"},
    "mapping": LEAVES,
    "auth": LEAVES,
    "media": LEAVES,
    "policy": LEAVES,
    "targets": LEAVES,
    "bounds": set(),
    "errors": set(),
    "steps": set(),
    "version": set(),
    "": {"answers", "client", "errors", "policy", "tasks", "version", "webhooks"},
}
"""Module of bfl_client -> what of ours it may import. Arrows run down only."""


def _folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent


def _sources(package: str) -> list[Path]:
    return sorted(_folder(package).rglob("*.py"))


def _imports(path: Path, package: str) -> Iterator[str]:
    """Full names of what of ours a module imports, also within functions, but not for type checkers alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    parts = [package, *path.relative_to(_folder(package)).with_suffix("").parts]
    home = parts[:-1]
    typing_only = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If)
        and "TYPE_CHECKING" in ast.unparse(node.test)
        and "not" not in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = (
                ".".join([*home[: len(home) - node.level + 1], *filter(None, [node.module])])
                if node.level
                else node.module
            )
            assert base is not None
            if base in OURS:
                yield from (f"{base}.{alias.name}" for alias in node.names)
            else:
                yield base


def _layer(name: str) -> str:
    """The layer of bfl_client that a full name belongs to, or another package's name."""
    package, _, rest = name.partition(".")
    if package != "bfl_client":
        return package
    first = rest.partition(".")[0]
    return first if (_folder("bfl_client") / f"{first}.py").exists() or (_folder("bfl_client") / first).is_dir() else ""


@pytest.mark.parametrize("path", _sources("bfl_client"), ids=lambda path: path.stem)
def test_imports_run_down_the_table(path: Path) -> None:
    """Each module of the wrapper imports of ours only what the table allows."""
    own = _layer("bfl_client." + ".".join(path.relative_to(_folder("bfl_client")).with_suffix("").parts))
    own = "" if path == _folder("bfl_client") / "__init__.py" else own
    found = {_layer(name) for name in _imports(path, "bfl_client") if name.partition(".")[0] in OURS}
    assert found - {own} <= ARROWS[own]


def test_the_table_has_no_circle() -> None:
    """Following the arrows never leads back."""

    def below(layer: str, seen: tuple[str, ...]) -> None:
        assert layer not in seen, " -> ".join([*seen, layer])
        for lower in ARROWS.get(layer, set()) - {""}:
            below(lower, (*seen, layer))

    for layer in ARROWS:
        below(layer, ())


@pytest.mark.parametrize("path", _sources("bfl_emulator"), ids=lambda path: path.stem)
def test_the_emulator_knows_the_specification_only(path: Path) -> None:
    """The emulator imports neither the client nor the generated models, so that no mistake stands on both sides."""
    found = {name for name in _imports(path, "bfl_emulator") if name.partition(".")[0] in OURS}
    assert all(name.startswith(("bfl_emulator", "bfl_api.specification")) for name in found)


@pytest.mark.parametrize("path", _sources("bfl_api"), ids=lambda path: path.stem)
def test_the_generated_package_knows_nobody(path: Path) -> None:
    """The generated package imports nothing of ours but itself."""
    found = {name.partition(".")[0] for name in _imports(path, "bfl_api")}
    assert not found & {"bfl_client", "bfl_emulator", "codegen"}


def _hand_written() -> list[Path]:
    return [*_sources("bfl_client"), *_sources("bfl_emulator"), *_sources("codegen")]


@pytest.mark.parametrize("path", _hand_written(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_hand_written_code_names_an_endpoint(path: Path) -> None:
    """Outside docstrings, no string and no attribute of hand-written code names an endpoint or its method."""
    methods = {method for endpoint in ENDPOINTS.values() for method in endpoint.method_names}
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            named = [name for name in ENDPOINTS if name in node.value]
            assert not named, f"{path.name}:{node.lineno} names {named}"
        elif isinstance(node, ast.Attribute):
            assert node.attr not in methods, f"{path.name}:{node.lineno} calls {node.attr}"


def _modules_after(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint(' '.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_a_model_comes_without_the_wrapper() -> None:
    """Importing a generated model imports neither httpx nor the wrapper."""
    loaded = _modules_after("from bfl_api.models import AsyncResponse; AsyncResponse(id='x', polling_url='y')")
    assert not loaded & {"httpx", "bfl_client", "jsonschema_rs"}


def test_importing_the_package_imports_nothing_heavy() -> None:
    """`import bfl_client` loads no httpx and no attrs; a client alone loads no validator."""
    assert not _modules_after("import bfl_client") & {"httpx", "attrs", "attr", "anyio", "typing_extensions"}
    heavy = {"typer", "dateutil", "jsonschema_rs", "starlette", "uvicorn", "PIL", "bfl_emulator"}
    assert not _modules_after("from bfl_client import Client; Client('key')") & heavy


def test_modules_stay_small() -> None:
    """No hand-written module is longer than 300 lines."""
    long = {path.name: count for path in _hand_written() if (count := len(path.read_text().splitlines())) > 300}
    assert not long
