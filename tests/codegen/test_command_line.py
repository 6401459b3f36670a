"""The commands before and around the generation: refusals, interruption, and the folder that is worked in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import main
from codegen.pipeline import workplace
from codegen.report import CodegenError

from .conftest import Workshop


@pytest.mark.parametrize("command", ["generate", "drift"])
def test_an_interruption_has_the_code_of_one(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C ends a command with 130, a code that no result has, and one line on stderr."""

    def interrupted(*given: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(f"codegen.__main__.{command}", interrupted)
    assert main([command, "--output", str(tmp_path / "bfl_api")]) == 130
    assert capsys.readouterr().err == "codegen: interrupted; nothing was changed\n"


def test_drift_from_a_missing_package_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If there is no package to compare with, that is said instead of a list of missing files."""
    assert main(["drift", "--output", str(tmp_path / "nowhere")]) == 1
    said = capsys.readouterr()
    assert said.err == f"codegen: error: {tmp_path / 'nowhere'} is not a folder\n"
    assert said.out == ""


def test_a_foreign_output_is_refused_before_any_work(workshop: Workshop) -> None:
    """An output folder with other contents is refused before the first stage."""
    workshop.output.mkdir()
    (workshop.output / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(CodegenError, match="left alone"):
        workshop.generate()
    assert workshop.said.getvalue() == ""


@pytest.mark.parametrize("output", ["bfl_api", "not/yet/there/bfl_api"])
def test_the_work_is_done_beside_the_output(tmp_path: Path, output: str) -> None:
    """The temporary folder is in the nearest folder above the output that exists, and gone afterwards."""
    with workplace(beside=tmp_path / output) as folder:
        assert folder.parent == tmp_path
        assert folder.is_dir()
    assert list(tmp_path.iterdir()) == []
