"""Running openapi-python-client and ruff, out of reach of the caller's folder, settings, locale and hash seed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from .documents import dump, read
from .report import CodegenError, Report

KNOWN = {
    *("class_overrides", "content_type_overrides", "docstrings_on_attributes", "field_prefix", "generate_all_tags"),
    *("http_timeout", "literal_enums", "package_name_override", "package_version_override", "post_hooks"),
    *("project_name_override", "use_path_prefixes_for_title_model_names"),
}
# What the rest of codegen relies on, whatever the settings say.
FIXED: dict[str, Any] = {
    "class_overrides": {},
    "field_prefix": "field_",
    "generate_all_tags": False,
    "literal_enums": True,
    "package_name_override": "bfl_api",
    "post_hooks": [],
}
_CHECK = ["check", "--fix-only", "--select", "I,F,UP"]
_ISOLATED = ["--isolated", "--no-cache", "--quiet", "--target-version", "py311", "--line-length", "120"]


def settings(path: Path, report: Report) -> dict[str, Any]:
    """Return the settings for openapi-python-client from a file; each one that is ignored is reported."""
    given = read(path) or {}
    if not isinstance(given, dict):
        raise CodegenError(f"{path.name} is not a mapping of settings")
    for key in sorted(given):
        if key not in KNOWN:
            report.warn(f"{path.name}: openapi-python-client knows no setting {key!r}: it is ignored")
        elif key in FIXED and given[key] != FIXED[key]:
            report.warn(f"{path.name}: {key} is ignored: codegen needs {FIXED[key]!r}")
    return {**{key: value for key, value in given.items() if key in KNOWN}, **FIXED}


def run_generator(python: Path, document: dict[str, Any], options: dict[str, Any], package: Path) -> None:
    """Generate `package`, which must not exist, from a derived document.

    Raises CodegenError with the generator's own message, which names the path or schema, on errors and warnings.
    """
    folder = package.parent
    (folder / "derived.json").write_text(dump(document), encoding="utf-8")
    (folder / "settings.json").write_text(dump(options), encoding="utf-8")
    sources = ["--path", "derived.json", "--config", "settings.json", "--output-path", package.name]
    command = ["openapi_python_client", "generate", *sources, "--meta", "none", "--fail-on-warning"]
    _run(python, folder, command, "the generator refuses the derived document")


def run_formatter(python: Path, package: Path) -> None:
    """Sort imports, remove unused ones and format every module, named one by one so that no exclusion applies."""
    modules = sorted(str(path.relative_to(package.parent)) for path in package.rglob("*.py"))
    for command in (_CHECK, ["format"]):
        _run(
            python, package.parent, ["ruff", *command, *_ISOLATED, *modules], "ruff cannot format the generated package"
        )


def _run(python: Path, folder: Path, arguments: list[str], failure: str) -> None:
    kept = {key: os.environ[key] for key in ("PATH", "SYSTEMROOT", "TEMP", "TMP", "TMPDIR") if key in os.environ}
    fixed = {"LC_ALL": "C.UTF-8", "PYTHONUTF8": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [str(python), "-P", "-m", *arguments]
    done = subprocess.run(
        command, cwd=folder, env={**kept, **fixed}, capture_output=True, encoding="utf-8", errors="replace", check=False
    )
    if done.returncode:
        message = "\n".join(line for line in (done.stderr or done.stdout).splitlines() if line.strip())
        raise CodegenError(f"{failure}:\n{message[:4000]}")
