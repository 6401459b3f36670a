"""Adopting a new specification: check, compare, regenerate, test, write the changelog entry, all or nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

from .diff import Change, Level, differences
from .diff.report import entry
from .output import commit, refuse_foreign
from .overlay import applied
from .pipeline import Sources, build, workplace
from .published import defects
from .reading import read
from .report import CodegenError, Report

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
    """Update specification, package and changelog to a new document, and return what has changed.

    Nothing is written unless everything succeeds. Raises CodegenError if the document is not sound, if the package
    cannot be generated from it, or if the contract tests fail on the new package.
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
    _adopt(_texts(document, changes, project), output, project, report)
    return changes


def _adopt(texts: dict[Path, str], output: Path, project: Project, report: Report) -> None:
    """Generate and test the package elsewhere, then put it and the texts in place."""
    with workplace(beside=output) as folder:
        snapshot = folder / "openapi.json"
        snapshot.write_text(texts[project.sources.specification], encoding="utf-8", newline="\n")
        sources = Sources(snapshot, project.sources.overlay, project.sources.settings)
        quiet = Report(StringIO())
        package = build(sources, folder, quiet)
        for warning in quiet.warnings:
            if not warning.startswith("overlay action"):  # reported by _check
                report.warn(warning)
        _contract(package, project, report)
        report.stage("putting everything in place")
        commit(package, output, texts)


def _texts(document: Any, changes: Sequence[Change], project: Project) -> dict[Path, str]:
    """Return the new contents of the specification and the changelog."""
    texts = {project.sources.specification: json.dumps(document, indent=2) + "\n"}
    if changes:
        if not project.changelog.is_file():
            raise CodegenError(f"{project.changelog} is not a file")
        old = project.changelog.read_text(encoding="utf-8")
        texts[project.changelog] = with_entry(old, changes)
    return texts


def _check(document: Any, before: Any, overlay: Any, report: Report) -> None:
    """Raise CodegenError with the defects of a document that the overlay does not repair.

    Reports the defects that it does repair, and its actions that match nothing, do not fit, or have become needless:
    they changed the document before and change nothing in this one.
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
        cause = "" if own else "\nWithout the overlay it is sound: change the action that breaks it first."
        raise CodegenError(f"the new specification is not sound:\n{shown}{more}{cause}")
    always = applied(before, overlay, Report(StringIO()))[1]
    needless = [
        f"{label} is needless: the new specification already says this" for label in idle if label not in always
    ]
    for warning in (*(f"a defect that the overlay repairs: {one}" for one in own), *said.warnings, *needless):
        report.warn(warning)


def _contract(package: Path, project: Project, report: Report) -> None:
    """Run the contract tests with the new package before the installed one on the path."""
    if not project.contract:
        report.warn("there are no contract tests, so the new package is not tested")
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
        tail = "\n".join(line if len(line) <= 500 else f"{line[:500]}..." for line in lines)  # or pictures
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


_UNRELEASED = re.compile(r"^## \[?Unreleased\]?.*\n", re.MULTILINE | re.IGNORECASE)
_NEXT = re.compile(r"^## ", re.MULTILINE)
_CHANGED = re.compile(r"^### Changed[ \t]*\n+", re.MULTILINE)
_MOST = 60  # entries; the report lists all


def with_entry(changelog: str, changes: Sequence[Change]) -> str:
    """Return the changelog with the changes added under Unreleased, Changed; breaking ones first, and marked.

    Raises CodegenError if it has no section Unreleased.
    """
    head = _UNRELEASED.search(changelog)
    if head is None:
        raise CodegenError("the changelog has no section 'Unreleased'")
    following = _NEXT.search(changelog, head.end())
    end = following.start() if following else len(changelog)
    section, rest = changelog[head.end() : end], changelog[end:]
    text = "\n".join(_items(changes)) + "\n"
    changed = _CHANGED.search(section)
    if changed:
        section = section[: changed.end()] + text + section[changed.end() :]
    else:
        section = f"{section.rstrip()}\n\n### Changed\n\n{text}".lstrip("\n")
        section = f"\n{section}" + ("\n" if rest else "")
    return changelog[: head.end()] + section + rest


def _items(changes: Sequence[Change]) -> list[str]:
    listed = [change for change in changes if change.level is not Level.TEXT]
    items = [_item(change) for change in listed[:_MOST]]
    if len(listed) > _MOST:
        items.append(f"- {len(listed) - _MOST} more changes of the specification.")
    texts = len(changes) - len(listed)
    return [*items, *([f"- Texts of the specification have changed ({texts})."] if texts else [])]


def _item(change: Change) -> str:
    mark = "**Breaking:** " if change.level is Level.BREAKING else ""
    return f"- {mark}{change.side}: {entry(change).removeprefix('- ')}"
