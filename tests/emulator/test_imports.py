"""What importing the emulator costs, and which module imports which."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import bfl_emulator
import pytest

_ROOT = Path(bfl_emulator.__file__).parent
_SOURCES = sorted(_ROOT.rglob("*.py"))


def _name(source: Path) -> str:
    parts = ["bfl_emulator", *source.relative_to(_ROOT).with_suffix("").parts]
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imported(source: Path) -> set[str]:
    """Return the full names that a module imports, also in functions and for type checkers only."""
    parents = ["bfl_emulator", *source.relative_to(_ROOT).parts[:-1]]
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            home = parents[: len(parents) - node.level + 1] if node.level else []
            module = ".".join([*home, *([node.module] if node.module else [])])
            found |= {module, *(f"{module}.{name.name}" for name in node.names)}
    return found


def test_cheap_import() -> None:
    """Importing the package loads neither the web framework nor Pillow nor the specification."""
    heavy = "starlette uvicorn PIL jsonschema_rs bfl_api anyio asyncio"
    code = f"import sys, bfl_emulator; print([name for name in {heavy.split()!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=True)
    assert done.stdout.strip() == "[]"


def test_public_names() -> None:
    """Every public name can be imported, and no other."""
    assert all(getattr(bfl_emulator, name).__name__ == name for name in bfl_emulator.__all__)
    with pytest.raises(AttributeError):
        vars(bfl_emulator)["__getattr__"]("Emulater")


@pytest.mark.parametrize("source", _SOURCES, ids=_name)
def test_authority(source: Path) -> None:
    """No module imports the client, or anything of bfl_api but its specification."""
    ours = {name for name in _imported(source) if name.startswith("bfl_") and not name.startswith("bfl_emulator")}
    assert ours <= {"bfl_api", "bfl_api.specification"}


@pytest.mark.parametrize("source", sorted((_ROOT / "drawing").glob("*.py")), ids=_name)
def test_drawing_stands_alone(source: Path) -> None:
    """No module of the drawing folder imports another part of the emulator."""
    ours = {name for name in _imported(source) if name.startswith("bfl_emulator")}
    assert all(name.startswith("bfl_emulator.drawing") for name in ours)


def test_no_circle() -> None:
    """No module imports itself through others, not even in a function or for type checkers only."""
    modules = {_name(source) for source in _SOURCES}
    graph = {_name(source): _imported(source) & modules - {_name(source)} for source in _SOURCES}
    assert list(TopologicalSorter(graph).static_order())
