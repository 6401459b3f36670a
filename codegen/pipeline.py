"""From the specification to the package: every stage in order, in a temporary folder."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from . import overlay
from .checks import check
from .derive import Derivation
from .effective import completed
from .generator import apply_rules, generator_python, run_formatter, run_generator, settings
from .output import differences, refuse_foreign, swap
from .reading import read
from .render import render_inits, render_typed_modules, write_headers
from .report import CodegenError, Report
from .specification import METHODS, Specification


@dataclass(frozen=True)
class Sources:
    """The files that a package is generated from."""

    specification: Path
    overlay: Path
    settings: Path


def generate(sources: Sources, output: Path, report: Report) -> None:
    """Generate the package and replace `output` with it. If anything fails, `output` stays as it was.

    Raises CodegenError, naming the path, schema or file at fault.
    """
    output = output.resolve()
    refuse_foreign(output)
    with workplace(beside=output) as folder:
        package = build(sources, folder, report)
        report.stage(f"putting the package in place: {output.name}")
        swap(package, output)


def drift(sources: Sources, output: Path, report: Report) -> list[str]:
    """Generate the package elsewhere and return how it differs from `output`, one entry per file."""
    if not output.is_dir():
        raise CodegenError(f"{output} is not a folder")
    with workplace(beside=None) as folder:
        package = build(sources, folder, report)
        report.stage("comparing")
        return list(differences(output, package))


@contextmanager
def workplace(beside: Path | None) -> Iterator[Path]:
    """Provide a temporary folder; if it is beside the output, the package can be renamed into place."""
    near = None if beside is None else next(parent for parent in beside.parents if parent.is_dir())
    with tempfile.TemporaryDirectory(prefix=".codegen-", dir=near) as name:
        yield Path(name)


def build(sources: Sources, folder: Path, report: Report) -> Path:
    """Generate and check the package in `folder`, which `workplace` provides; return its path."""
    report.stage("reading the sources")
    options = settings(sources.settings, report)
    published, actions = read(sources.specification), read(sources.overlay)
    report.stage("applying the overlay")
    document = completed(overlay.effective(published, actions, report))
    specification = Specification(document)
    for operation in specification.left_out:
        report.warn(f"{operation} is left out: codegen takes over {', '.join(METHODS)} only")
    report.stage("deriving the generator's input")
    derived = Derivation(specification).run()
    python = generator_python(report)
    package = folder / "bfl_api"
    report.stage("running the generator")
    run_generator(python, derived.document, options, package)
    apply_rules(package, derived.objects, derived.secrets)
    report.stage("writing the typed methods")
    endpoints = render_typed_modules(package, specification, report)
    render_inits(package)
    report.stage("formatting")
    run_formatter(python, package)
    write_headers(package)
    report.stage("checking")
    check(package, document, derived, endpoints)
    report.stage(f"{len(endpoints)} task endpoints, {len(derived.modules)} operations, {len(derived.models)} models")
    return package
