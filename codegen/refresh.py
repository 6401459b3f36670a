"""Taking over a new specification: read, check, compare, regenerate, test, and only then change anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from . import changelog
from .commit import commit
from .diff import Change, differences
from .documents import read
from .overlay import applied
from .pipeline import Sources, build, workplace
from .report import CodegenError, Report
from .soundness import defects
from .swap import refuse_foreign

CONTRACT_SECONDS = 1800
_SHOWN = 10  # defects in a message
_FOUND_AT = "import bfl_api, sys; sys.stdout.write(bfl_api.__path__[0])"


@dataclass(frozen=True)
class Project:
    """What a refresh reads and writes, and the command that tests the new package before it is put in place."""

    sources: Sources
    output: Path
    changelog: Path
    contract: Sequence[str]
    root: Path


def refresh(document: Any, project: Project, report: Report) -> list[Change]:
    """Put the package and the changelog in step with a new document and return what has changed.

    Nothing is written unless everything has succeeded. Raises CodegenError if the document is unsound, cannot be
    generated from, or the contract tests fail on what comes out of it.
    """
    output = project.output.resolve()
    refuse_foreign(output)
    before, overlay = read(project.sources.specification), read(project.sources.overlay)
    report.stage("checking the new specification")
    _check(document, before, overlay, report)
    report.stage("comparing")
    changes = differences(before, document)
    if not changes and document == before:
        report.stage("nothing has changed")
        return []
    _take_over(_texts(document, changes, project), output, project, report)
    return changes


def _take_over(texts: dict[Path, str], output: Path, project: Project, report: Report) -> None:
    """Generate and test the package elsewhere, then put it and the texts in place."""
    with workplace(beside=output) as folder:
        snapshot = folder / "openapi.json"
        snapshot.write_text(texts[project.sources.specification], encoding="utf-8", newline="\n")
        sources = Sources(snapshot, project.sources.overlay, project.sources.settings)
        quiet = Report(StringIO())
        package = build(sources, folder, quiet)
        for warning in quiet.warnings:
            if not warning.startswith("overlay action"):  # these have been reported
                report.warn(warning)
        _contract(package, project, report)
        report.stage("putting everything in place")
        commit(package, output, texts)


def _texts(document: Any, changes: Sequence[Change], project: Project) -> dict[Path, str]:
    """Return what the snapshot and the changelog will hold."""
    texts = {project.sources.specification: json.dumps(document, indent=2) + "\n"}
    if changes:
        if not project.changelog.is_file():
            raise CodegenError(f"{project.changelog} is no file")
        old = project.changelog.read_text(encoding="utf-8")
        texts[project.changelog] = changelog.with_entry(old, changes)
    return texts


def _check(document: Any, before: Any, overlay: Any, report: Report) -> None:
    """Raise CodegenError with the defects of a document that the overlay does not repair.

    Reported are the defects that it does repair, and the actions that match nothing, do not fit, or were of use on the
    document before and find nothing left to do on this one.
    """
    own = defects(document)
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise CodegenError(f"the new specification is not sound: {own[0] if own else 'it has no paths'}")
    said = Report(StringIO())
    effective, idle = applied(document, overlay, said)
    left = defects(effective)
    if left:
        shown = "\n".join(f"  {defect}" for defect in left[:_SHOWN])
        more = f"\n  and {len(left) - _SHOWN} more" if len(left) > _SHOWN else ""
        cause = "" if own else "\nWithout the overlay it has none: an action of the overlay has to be changed first."
        raise CodegenError(f"the new specification is not sound:\n{shown}{more}{cause}")
    always = applied(before, overlay, Report(StringIO()))[1]
    needless = [f"{label} is needless: the new specification already says so" for label in idle if label not in always]
    for warning in (*(f"a defect that the overlay repairs: {one}" for one in own), *said.warnings, *needless):
        report.warn(warning)


def _contract(package: Path, project: Project, report: Report) -> None:
    """Run the contract tests with the new package in front of the installed one."""
    if not project.contract:
        report.warn("there are no contract tests: the new package is not tested")
        return
    report.stage("running the contract tests on the new package")
    path = os.pathsep.join(filter(None, [str(package.parent), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    found = _run([sys.executable, "-c", _FOUND_AT], project.root, environment)
    if found.returncode or Path(found.stdout).resolve() != package.resolve():
        raise CodegenError(f"the contract tests would test another package: {found.stdout or found.stderr}")
    done = _run(project.contract, project.root, environment)
    if done.returncode:
        lines = (done.stdout + done.stderr).strip().splitlines()[-40:]
        tail = "\n".join(line if len(line) <= 500 else f"{line[:500]}..." for line in lines)  # or whole pictures
        raise CodegenError(f"the contract tests fail on the new package (exit code {done.returncode}):\n{tail}")


def _run(command: Sequence[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=CONTRACT_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CodegenError(f"the contract tests cannot be run: {error}") from error
