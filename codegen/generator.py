"""openapi-python-client and ruff: their own environment, running them, and what is changed in their output.

They run out of reach of the caller's folder, settings, locale and hash seed, so that the output is always the same.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .reading import dump, read
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

    BFL_CODEGEN_ENV can point to an environment. Otherwise there is one below `.codegen/` in the repository, named after
    the requirements and the Python version, and created with venv and pip on first use.
    Raises CodegenError if it cannot be created, or has other versions than the pinned ones.
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
    """Create the environment under another name, then rename it: an incomplete one is never used."""
    CACHE.mkdir(exist_ok=True)
    (CACHE / ".gitignore").write_text("*\n", encoding="utf-8")
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="new-", ignore_cleanup_errors=True) as name:
        fresh = Path(name) / "environment"
        python = str(_python(fresh))
        if importlib.util.find_spec("pip"):  # takes half the time; but an environment created by uv has no pip
            _set_up([sys.executable, "-m", "venv", "--without-pip", str(fresh)])
            pip = [sys.executable, "-m", "pip", "--python", python]
        else:
            _set_up([sys.executable, "-m", "venv", str(fresh)])
            pip = [python, "-m", "pip"]
        _set_up([*pip, "install", "--quiet", "--no-deps", "--requirement", str(REQUIREMENTS)])
        _checked(_python(fresh))
        if not folder.is_dir():  # another run may have been first
            shutil.move(fresh, folder)


def _checked(python: Path) -> Path:
    pins = [line for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    wrong = _set_up([str(python), "-I", "-c", _VERSIONS], "\n".join(pins))
    if wrong:
        raise CodegenError(f"the generator's environment {python} does not have the pinned versions:\n{wrong}")
    return python


def _python(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _set_up(command: list[str], text: str = "") -> str:
    try:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
    except OSError as error:
        raise CodegenError(f"the generator's environment cannot be used: {error}") from error
    except subprocess.CalledProcessError as error:
        reason = error.stderr.strip() or error.stdout.strip()
        raise CodegenError(f"the generator's environment cannot be created: {reason}") from error
    return done.stdout


KNOWN = {
    *("class_overrides", "content_type_overrides", "docstrings_on_attributes", "field_prefix", "generate_all_tags"),
    *("http_timeout", "literal_enums", "package_name_override", "package_version_override", "post_hooks"),
    *("project_name_override", "use_path_prefixes_for_title_model_names"),
}
# The rest of codegen relies on these values, so settings cannot change them.
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
    """Read the settings for openapi-python-client from a file; report each one that is ignored."""
    given = read(path) or {}
    if not isinstance(given, dict):
        raise CodegenError(f"{path.name} is not a mapping of settings")
    for key in sorted(given):
        if key not in KNOWN:
            report.warn(f"{path.name}: {key!r} is not a setting of openapi-python-client and is ignored")
        elif key in FIXED and given[key] != FIXED[key]:
            report.warn(f"{path.name}: {key} is ignored: codegen needs {FIXED[key]!r}")
    return {**{key: value for key, value in given.items() if key in KNOWN}, **FIXED}


def run_generator(python: Path, document: dict[str, Any], options: dict[str, Any], package: Path) -> None:
    """Generate `package`, which must not exist yet, from a derived document.

    Raises CodegenError on errors and warnings, with the generator's own message, which names the path or schema.
    """
    folder = package.parent
    (folder / "derived.json").write_text(dump(document), encoding="utf-8")
    (folder / "settings.json").write_text(dump(options), encoding="utf-8")
    sources = ["--path", "derived.json", "--config", "settings.json", "--output-path", package.name]
    command = ["openapi_python_client", "generate", *sources, "--meta", "none", "--fail-on-warning"]
    _run(python, folder, command, "the generator rejects the derived document")


def run_formatter(python: Path, package: Path) -> None:
    """Sort imports, remove unused ones and format. Every module is named, so that no exclusion of ruff applies."""
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


@dataclass(frozen=True)
class Rule:
    """One textual change in one module. If it finds no place, the generator's template has changed."""

    purpose: str
    module: str
    pattern: str
    replacement: str


CLIENT_RULES = (
    Rule("the token stays out of repr", "client.py", r"^    token: str$", r"    token: str = field(repr=False)"),
    Rule(
        "headers, cookies and httpx's arguments stay out of repr",
        "client.py",
        r"^(    _(?:headers|cookies|httpx_args): .* = field\(factory=dict, )",
        r"\1repr=False, ",
    ),
    Rule(
        "copying or unpickling a model gives back the one UNSET, which its to_dict() looks for",
        "types.py",
        r"^class Unset:$",
        'class Unset:\n    def __reduce__(self) -> str:\n        return "UNSET"\n\n    __repr__ = __reduce__\n',
    ),
)


def _keywords(module: str) -> Rule:
    """Return the rule for one model: by position, a prompt would land in whatever field the specification has first."""
    purpose = "the fields of a model are given by keyword"
    return Rule(purpose, f"models/{module}.py", r"^@_attrs_define$", "@_attrs_define(kw_only=True)")


def _secret(module: str, field: str) -> tuple[Rule, ...]:
    """Return two rules that hide one field of a model: one applies if it is optional, the other if it is required."""
    purpose, file = f"{field} stays out of repr", f"models/{module}.py"
    return (
        Rule(purpose, file, rf"^(    {field}: [^=\n]+) = UNSET$", r"\1 = _attrs_field(default=UNSET, repr=False)"),
        Rule(purpose, file, rf"^(    {field}: [^=\n]+)$", r"\1 = _attrs_field(repr=False)"),
    )


def apply_rules(package: Path, models: Iterable[str], secrets: Iterable[tuple[str, str]]) -> None:
    """Change the generated package in place. Raises CodegenError if a rule finds nothing to change."""
    for rule in (*CLIENT_RULES, *map(_keywords, models)):
        _apply(package, (rule,))
    for module, field in secrets:
        _apply(package, _secret(module, field))


def _apply(package: Path, alternatives: tuple[Rule, ...]) -> None:
    """Apply the first of the alternatives that matches."""
    path = package / alternatives[0].module
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for rule in alternatives:
        changed, count = re.subn(rule.pattern, rule.replacement, text, flags=re.MULTILINE)
        if count:
            path.write_text(changed, encoding="utf-8", newline="\n")
            return
    purpose = alternatives[0].purpose
    raise CodegenError(f"the generator's template changed: nothing in {path.name} matches the rule: {purpose}")
