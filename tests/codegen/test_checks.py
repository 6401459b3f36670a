"""The checks of a finished package: whatever is missing, left over or broken stops the generation and is named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from codegen.checks import check
from codegen.derive import Derivation
from codegen.methods import TaskReader
from codegen.report import CodegenError, Report
from codegen.specification import Specification

from .conftest import Workshop, small_document


@dataclass
class Made:
    """A copy of the small package that may be broken."""

    folder: Path

    def check(self, document: dict[str, Any] | None = None) -> None:
        """Check the package against the small document, or against another one."""
        specification = Specification(small_document())
        derived = Derivation(specification).run()
        endpoints = TaskReader(specification, Report(StringIO())).read()
        check(self.folder, document or specification.document, derived, endpoints)

    def change(self, name: str, old: str, new: str) -> None:
        """Replace a text wherever it occurs in one file."""
        text = (self.folder / name).read_text(encoding="utf-8")
        assert old in text
        (self.folder / name).write_text(text.replace(old, new), encoding="utf-8")

    def append(self, name: str, text: str) -> None:
        """Add a text at the end of one file."""
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)


@pytest.fixture
def made(tmp_path: Path, small_package: Workshop) -> Made:
    """A copy of the package of the small specification."""
    folder = tmp_path / "bfl_api"
    shutil.copytree(small_package.output, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return Made(folder)


def test_a_complete_package_passes(made: Made) -> None:
    """What codegen has just generated has nothing to complain about."""
    made.check()


def test_a_package_of_another_specification_is_refused(made: Made) -> None:
    """A package whose specification is not the one it was to be generated from is refused."""
    document = small_document()
    document["info"]["version"] = "2"
    with pytest.raises(CodegenError, match="not the effective specification"):
        made.check(document)


METHOD = "    def paint(self) -> None:\n        pass\n\n"
BREAKS: dict[str, tuple[Callable[[Made], object], str]] = {
    "no model": (
        lambda made: (made.folder / "models/receipt.py").unlink(),
        r"models/receipt\.py was not generated for the schema Receipt",
    ),
    "no operation": (
        lambda made: (made.folder / "api/default/paint.py").unlink(),
        r"api/default/paint\.py was not generated for the operation paint",
    ),
    "no init": (
        lambda made: (made.folder / "api/default/__init__.py").unlink(),
        r"api/default/__init__\.py was not generated",
    ),
    "no mark of types": (lambda made: (made.folder / "py.typed").unlink(), r"py\.typed was not generated"),
    "a stray module": (
        lambda made: shutil.copy(made.folder / "models/receipt.py", made.folder / "models/receipt_2.py"),
        r"models/receipt_2\.py belongs to no operation and no schema",
    ),
    "a stray text": (
        lambda made: (made.folder / "models/notes.txt").write_text("x"),
        r"models/notes\.txt belongs to no operation",
    ),
    "another class": (
        lambda made: made.change("models/receipt.py", "class Receipt:", "class Receipts:"),
        r"models/receipt\.py does not define Receipt$",
    ),
    "an eager init": (
        lambda made: made.append("models/__init__.py", "from .receipt import Receipt\n"),
        r"models/__init__\.py is not lazy",
    ),
    "a method twice": (
        lambda made: made.change("endpoints.py", "    def paint(", f"{METHOD}    def paint("),
        r"/v1/paint: endpoints\.py has 2 methods paint",
    ),
    "no method": (
        lambda made: made.change("endpoints.py", "def paint(", "def paints("),
        r"/v1/paint: endpoints\.py has 0 methods paint",
    ),
    "no row": (lambda made: made.change("table.py", '"paint"', '"print"'), r"/v1/paint is not in table\.py"),
    "no header": (lambda made: made.change("types.py", "# Written by", "# By"), r"types\.py lacks the header"),
    "an escape that Python warns of": (
        lambda made: made.append("types.py", 'PATTERN = "\\d"\n'),
        r"types\.py does not compile: .*invalid escape",
    ),
    "no Python": (lambda made: made.append("models/receipt.py", "def\n"), r"models/receipt\.py does not compile"),
    "compiles to nothing": (
        lambda made: made.append("models/receipt.py", "return 1\n"),
        r"models/receipt\.py does not compile: 'return' outside",
    ),
}


@pytest.mark.parametrize(("broken", "said"), BREAKS.values(), ids=BREAKS)
def test_a_package_that_is_not_complete_and_sound_is_refused(
    made: Made, broken: Callable[[Made], object], said: str
) -> None:
    """A file too few or too many, or one without what it is for, stops the generation with the file's name."""
    broken(made)
    with pytest.raises(CodegenError, match=said):
        made.check()
