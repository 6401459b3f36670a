"""What importing the emulator costs, and what it may import."""

import ast
import subprocess
import sys
from pathlib import Path

import bfl_emulator
import pytest

_SOURCES = sorted(Path(bfl_emulator.__file__).parent.glob("*.py"))


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


@pytest.mark.parametrize("source", _SOURCES, ids=lambda path: path.name)
def test_authority(source: Path) -> None:
    """No module imports the client, or anything of bfl_api but its specification."""
    imported = {
        f"{node.module}.{name.name}" if isinstance(node, ast.ImportFrom) and not node.level else name.name
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    ours = {name for name in imported if name.startswith("bfl_")}
    assert ours <= {"bfl_api.specification"}
