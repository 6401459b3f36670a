"""The steps of a refresh: what is read, checked, tested and written, with a package that is made in no time."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen.diff import Change, Level, Side
from codegen.refresh import Project, with_entry
from codegen.render import HEADER
from codegen.report import Report

from .conftest import ROOT, Checkout, small_document

GUESSES = ("PUT /v1/paint is left out", "overlay action 1 ($.b) matches nothing")
WIDTH = "$.components.schemas.PaintInputs.properties.width"


def python(code: str) -> str:
    """A command that runs a line of Python without double quotes."""
    return f'"{sys.executable}" -c "{code}"'.replace("\\", "/")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Checkout:
    """The small specification with a package of one file, which a refresh writes anew with two warnings."""

    def build(sources: object, folder: Path, report: Report) -> Path:
        for warning in GUESSES:
            report.warn(warning)
        return made(folder)

    monkeypatch.setattr("codegen.refresh.build", build)
    made(tmp_path)
    (tmp_path / "openapi.json").write_text(json.dumps(small_document()), encoding="utf-8")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [Unreleased]\n", encoding="utf-8")
    checkout = Checkout(tmp_path, tmp_path / "overlay.json")
    act(checkout)
    return checkout


def made(folder: Path) -> Path:
    """Write a package of one file that begins like a generated one."""
    package = folder / "bfl_api"
    package.mkdir()
    (package / "__init__.py").write_text(HEADER, encoding="utf-8")
    return package


def act(desk: Checkout, *actions: dict[str, Any]) -> None:
    """Give the project an overlay of these actions."""
    desk.overlay.write_text(json.dumps({"overlay": "1.0.0", "actions": actions}), encoding="utf-8")


def changed(change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """The small specification, the properties of its body changed."""
    document = small_document()
    change(document["components"]["schemas"]["PaintInputs"]["properties"])
    return document


def styled() -> dict[str, Any]:
    """The small specification with one more property."""
    return changed(lambda properties: properties.update(style={"type": "string"}))


def read_back(desk: Checkout) -> Any:
    """The specification that the project has now."""
    return json.loads((desk.folder / "openapi.json").read_text(encoding="utf-8"))


class TestWriting:
    def test_another_order_is_adopted_without_an_entry(
        self, desk: Checkout, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A document that says the same in another order becomes the snapshot, and the changelog stays."""
        old = small_document()
        old["components"]["schemas"]["Receipt"]["required"] = ["polling_url", "id"]
        log = (desk.folder / "CHANGELOG.md").read_bytes()
        assert desk.refresh(old) == 0
        assert read_back(desk) == old != small_document()
        assert (desk.folder / "CHANGELOG.md").read_bytes() == log
        assert "nothing has changed" not in capsys.readouterr().err

    def test_the_report_is_markdown_in_a_folder_of_its_own(
        self, desk: Checkout, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The report goes, in Markdown, to a folder that did not exist, even if stdout gets JSON."""
        report = desk.folder / "out" / "deep" / "report.md"
        assert desk.refresh(styled(), "--report", str(report), "--format", "json") == 1
        assert "style" in json.dumps(json.loads(capsys.readouterr().out))
        text = report.read_text(encoding="utf-8")
        assert text.startswith("The specification has changed: **compatible**")
        assert "\n- `POST /v1/paint`: `style` " in text

    def test_stale_lines_are_those_of_the_project(self, desk: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
        """The lines that name what is gone are looked up beside the changelog."""
        (desk.folder / "README.md").write_text("paint\nwidth\n", encoding="utf-8")
        assert desk.refresh(changed(lambda properties: properties.pop("width"))) == 2
        assert "README.md:2: `width`" in capsys.readouterr().out

    def test_a_foreign_package_is_refused_at_once(self, desk: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
        """An output that codegen did not write is refused before the first step."""
        (desk.folder / "bfl_api" / "__init__.py").write_text("mine = 1\n", encoding="utf-8")
        before = desk.contents()
        assert desk.refresh(styled()) == 3
        (line,) = capsys.readouterr().err.splitlines()
        assert line.endswith("contains something that codegen did not write; it is left alone")
        assert desk.contents() == before

    def test_a_missing_changelog_is_refused(self, desk: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
        """Without the changelog the refresh exits with 3, names the file, and writes nothing."""
        (desk.folder / "CHANGELOG.md").unlink()
        before = desk.contents()
        assert desk.refresh(styled()) == 3
        assert "CHANGELOG.md is not a file" in capsys.readouterr().err
        assert desk.contents() == before

    def test_the_vendor_is_asked_by_default(self, desk: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
        """Without a source the vendor's document is fetched, and with an address what is there."""
        from codegen.__main__ import main

        asked: list[str] = []

        def published(source: str) -> Any:
            asked.append(source)
            return styled()

        monkeypatch.setattr("codegen.published.published", published)
        assert main(["refresh", *desk.options()]) == 1
        assert read_back(desk) == styled()
        assert main(["refresh", "https://api.example.com/new.json", *desk.options()]) == 0
        assert asked == ["https://api.bfl.ai/openapi.json", "https://api.example.com/new.json"]


class TestChecking:
    def test_warnings_of_the_generation_are_passed_on(self, desk: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
        """What the generation leaves out is reported, and an action that matches nothing is reported once."""
        act(desk, {"target": "$.b", "update": {"n": 1}})
        assert desk.refresh(styled()) == 1
        said = capsys.readouterr().err.splitlines()
        assert [said.count(f"codegen: warning: {warning}") for warning in GUESSES] == [1, 1]

    def test_only_what_has_become_needless_is_called_so(
        self, desk: Checkout, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An action that the new document makes idle is named, one that was idle before is not."""
        style = WIDTH.replace("width", "prompt")
        act(desk, {"target": WIDTH, "update": {"default": 64}}, {"target": style, "update": {"x-mark": 1}})
        assert desk.refresh(changed(lambda properties: properties["prompt"].update({"x-mark": 1}, maxLength=9))) == 2
        (line,) = [one for one in capsys.readouterr().err.splitlines() if "is needless" in one]
        assert line.startswith(f"codegen: warning: overlay action 2 ({style})")

    def test_what_the_overlay_repairs_is_adopted(self, desk: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
        """A default of another type that an action corrects is reported and does not stop the refresh."""
        act(desk, {"target": WIDTH, "update": {"default": 64}})
        broken = changed(lambda properties: properties["width"].update(default="wide"))
        assert desk.refresh(broken) != 3
        said = capsys.readouterr().err
        assert "warning: a defect that the overlay repairs: #/components/schemas/PaintInputs/properties/width" in said
        assert read_back(desk) == broken

    def test_what_the_overlay_breaks_is_its_own_fault(self, desk: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
        """If an action makes the document unsound, the refusal says so and nothing is written."""
        act(desk, {"target": WIDTH, "update": {"default": "wide"}})
        before = desk.contents()
        assert desk.refresh(styled()) == 3
        said = capsys.readouterr().err
        assert "the new specification is not sound:\n  #/components/schemas/PaintInputs/properties/width: " in said
        assert "Without the overlay it is sound" in said
        assert desk.contents() == before

    @pytest.mark.parametrize(("number", "shown", "more"), [(1, 1, ""), (10, 10, ""), (12, 10, "  and 2 more")])
    def test_ten_defects_are_shown(
        self, desk: Checkout, number: int, shown: int, more: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An unsound document is refused with at most ten places, the number of the others, and no word of blame."""
        wrong = {f"n{one}": {"type": "integer", "default": f"x{one}"} for one in range(number)}
        assert desk.refresh(changed(lambda properties: properties.update(wrong))) == 3
        said = capsys.readouterr().err
        assert said.count("  #/components/schemas/PaintInputs/properties/n") == shown
        assert [line for line in said.splitlines() if line.endswith(" more")] == ([more] if more else [])
        assert "Without the overlay" not in said
        assert read_back(desk) == small_document()


class TestTesting:
    @pytest.fixture
    def seen(self, monkeypatch: pytest.MonkeyPatch) -> list[Project]:
        """The projects that would be tested."""
        projects: list[Project] = []
        monkeypatch.setattr("codegen.refresh._contract", lambda package, project, report: projects.append(project))
        return projects

    def test_the_contract_tests_are_those_of_the_checkout(self, desk: Checkout, seen: list[Project]) -> None:
        """Without a command, pytest runs in the checkout on the folder of the contract tests and nothing else."""
        assert desk.refresh(styled(), contract=None) == 1
        (project,) = seen
        assert [*project.contract[:3]] == [sys.executable, "-m", "pytest"]
        assert [Path(one) for one in project.contract[3:] if "tests" in one] == [ROOT / "tests" / "contract"]
        assert project.root == ROOT

    def test_a_checkout_without_contract_tests_runs_none(
        self, desk: Checkout, seen: list[Project], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Where the folder of the contract tests is missing, there is no command."""
        monkeypatch.setattr("codegen.__main__.ROOT", desk.folder)
        assert desk.refresh(styled(), contract=None) == 1
        assert [[*project.contract] for project in seen] == [[]]

    def test_an_empty_command_tests_nothing_and_says_so(
        self, desk: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """`--contract ""` skips the contract tests that are there, with a warning."""
        monkeypatch.setattr("codegen.__main__._contract_tests", lambda: [sys.executable, "-c", "raise SystemExit(7)"])
        assert desk.refresh(styled()) == 1
        assert "warning: there are no contract tests, so the new package is not tested" in capsys.readouterr().err

    def test_the_end_of_what_fails_is_shown(
        self, desk: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The last 40 lines of failing tests are shown, stdout before stderr; they run in the project's folder."""
        monkeypatch.chdir(desk.folder)
        code = "import os, sys; [print('line', n) for n in range(60)]; print(os.getcwd()); sys.exit('the end')"
        before = desk.contents()
        assert desk.refresh(styled(), contract=python(code)) == 3
        error = capsys.readouterr().err.partition("(exit code 1):\n")[2]
        assert error.splitlines() == [*(f"line {number}" for number in range(22, 60)), str(ROOT), "the end"]
        assert desk.contents() == before

    def test_the_path_of_the_caller_is_kept(self, desk: Checkout, monkeypatch: pytest.MonkeyPatch) -> None:
        """The contract tests import what the caller's PYTHONPATH has, after the new package."""
        extra = desk.folder / "extra"
        extra.mkdir()
        (extra / "only_here.py").write_text("", encoding="utf-8")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(extra), os.environ.get("PYTHONPATH")])))
        assert desk.refresh(styled(), contract=python("import only_here")) == 1

    def test_endless_contract_tests_are_refused(
        self, desk: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Contract tests that take longer than their time exit with 3, one line of error, and nothing written."""
        monkeypatch.setattr("codegen.refresh.CONTRACT_SECONDS", 0)
        before = desk.contents()
        assert desk.refresh(styled(), contract=python("pass")) == 3
        assert "codegen: error: the contract tests cannot be run: " in capsys.readouterr().err
        assert desk.contents() == before


class TestChangelog:
    @staticmethod
    def change(level: Level) -> Change:
        """A change of that level."""
        return Change(level, Side.REQUEST, ("POST /v1/a",), "n", f"is {level.name.lower()}")

    def test_only_breaking_changes_are_marked_and_texts_are_counted(self) -> None:
        """Of a breaking and a compatible change the first is marked, and two of texts are one line."""
        levels = (Level.BREAKING, Level.COMPATIBLE, Level.TEXT, Level.TEXT)
        assert with_entry("## Unreleased\n", [self.change(level) for level in levels]).splitlines()[4:] == [
            "- **Breaking:** request: `POST /v1/a`: `n` is breaking",
            "- request: `POST /v1/a`: `n` is compatible",
            "- Texts of the specification have changed (2).",
        ]

    @pytest.mark.parametrize("head", ["## [Unreleased]", "## unreleased", "## [UNRELEASED] - soon"])
    def test_the_section_may_be_spelt_in_several_ways(self, head: str) -> None:
        """Brackets, capitals and what follows the word do not matter."""
        log = with_entry(f"{head}\n\n## 1.0\n\n### Changed\n\n- y\n", [self.change(Level.TEXT)])
        line = "- Texts of the specification have changed (1)."
        assert log == f"{head}\n\n### Changed\n\n{line}\n\n## 1.0\n\n### Changed\n\n- y\n"
