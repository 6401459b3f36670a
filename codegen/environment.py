"""The generator's own environment: the pinned openapi-python-client and ruff, made once and used offline afterwards."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .report import CodegenError, Report

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
CACHE = Path(__file__).parent.parent / ".codegen"
_VERSIONS = """
import importlib.metadata, sys
for line in sys.stdin.read().split():
    name, _, wanted = line.partition("==")
    try:
        found = importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        found = "not installed"
    if found != wanted:
        print(f"{name}: {found} instead of {wanted}")
"""


def generator_python(report: Report) -> Path:
    """Return the Python of the generator's environment.

    It is the one that BFL_CODEGEN_ENV points to, or one below `.codegen/` in the repository, made with venv and pip
    when it is not there yet; its name depends on the requirements and the Python version.
    Raises CodegenError if it cannot be made or holds other versions than the pinned ones.
    """
    ready = os.environ.get("BFL_CODEGEN_ENV")
    if ready:
        return _checked(_python(Path(ready)))
    key = hashlib.sha256(REQUIREMENTS.read_bytes() + platform.python_version().encode()).hexdigest()[:16]
    folder = CACHE / key
    if not folder.is_dir():
        report.stage("installing the generator (once)")
        _create(folder)
    return _python(folder)


def _create(folder: Path) -> None:
    """Make the environment under another name and rename it, so that a broken or half-made one is never used."""
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="new-", ignore_cleanup_errors=True) as name:
        fresh = Path(name) / "environment"
        python = str(_python(fresh))
        if importlib.util.find_spec("pip"):  # saves half the time; an environment made by uv has no pip
            _run([sys.executable, "-m", "venv", "--without-pip", str(fresh)])
            pip = [sys.executable, "-m", "pip", "--python", python]
        else:
            _run([sys.executable, "-m", "venv", str(fresh)])
            pip = [python, "-m", "pip"]
        _run([*pip, "install", "--quiet", "--no-deps", "--requirement", str(REQUIREMENTS)])
        _checked(_python(fresh))
        if not folder.is_dir():  # another run may have been faster
            shutil.move(fresh, folder)


def _checked(python: Path) -> Path:
    pins = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    wrong = _run([str(python), "-I", "-c", _VERSIONS], "\n".join(pins))
    if wrong:
        raise CodegenError(f"the generator's environment {python} does not hold the pinned versions:\n{wrong}")
    return python


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _run(command: list[str], text: str = "") -> str:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    except OSError as error:
        raise CodegenError(f"the generator's environment cannot be used: {error}") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip() or error.stdout.strip()
        raise CodegenError(f"the generator's environment cannot be made: {reason}") from error
    return done.stdout
