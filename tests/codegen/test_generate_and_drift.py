"""The two commands: determinism, failures, interruption, drift."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import bfl_api
import pytest

from codegen.__main__ import main
from codegen.generator import FIXED, KNOWN, Rule, generator_python
from codegen.output import differences, swap
from codegen.report import CodegenError, Report

from .conftest import ROOT, Checkout, Workshop, task


def contents(package: Path) -> dict[str, bytes]:
    """Return all files of a package."""
    return {path.relative_to(package).as_posix(): path.read_bytes() for path in package.rglob("*") if path.is_file()}


def run(output: Path, folder: Path, **variables: str) -> None:
    """Generate from the project's own sources in a process of its own."""
    command = [sys.executable, "-m", "codegen", "generate", "--output", str(output)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", **variables}
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)


def test_the_output_is_the_same_byte_for_byte(tmp_path: Path, package: Path) -> None:
    """Another working folder, hash seed, locale, time zone and folder name give the same bytes."""
    output = tmp_path / "another name"
    run(output, tmp_path, PYTHONHASHSEED="4711", LC_ALL="C", TZ="Pacific/Auckland")
    assert contents(output) == contents(package)


@pytest.mark.parametrize(
    ("path", "schema", "named"),
    [
        ("/v1/other", {"$ref": "#/components/schemas/Nowhere"}, "paths//v1/other.*Nowhere"),
        ("/v1/pa-int", {"type": "object"}, "POST /v1/pa_int and POST /v1/pa-int"),
        ("/v1/paint/{id}", {"type": "object", "properties": {}}, "/v1/paint/{id}"),
        ("/v1/other", {"allOf": [{"$ref": "#/components/schemas/Loop"}]}, "Loop"),
        ("/v1/other", {"type": "array", "items": {}}, "POST /v1/other"),
        ("/v1/other", {"type": "object", "properties": {"a": 5}}, "schema OtherInputs/properties/a"),
        ("/v1/", {"type": "object"}, "POST /v1/ "),
    ],
)
def test_a_failure_names_the_place_and_leaves_the_output(
    workshop: Workshop, path: str, schema: dict[str, Any], named: str
) -> None:
    """A bad reference, a collision, a path without its parameter, a circle, a body that is not an object are named."""
    workshop.document["paths"]["/v1/pa_int"] = {"post": task("PaintInputs")}
    workshop.document["components"]["schemas"]["Loop"] = {"allOf": [{"$ref": "#/components/schemas/Loop"}]}
    workshop.output.mkdir()
    operation = task("PaintInputs")
    operation["requestBody"]["content"]["application/json"]["schema"] = schema
    workshop.document["paths"][path] = {"post": operation}
    with pytest.raises(CodegenError, match=named):
        workshop.generate()
    assert contents(workshop.output) == {}
    assert not list(workshop.folder.glob(".codegen-*"))


def test_two_schemas_of_one_name_are_refused(workshop: Workshop) -> None:
    """Two schemas that would become the same model stop the generation, and both are named."""
    workshop.document["components"]["schemas"]["paint_inputs"] = {"type": "object"}
    with pytest.raises(CodegenError, match="'PaintInputs' and 'paint_inputs'"):
        workshop.generate()


def test_a_refusal_of_the_generator_is_passed_on(workshop: Workshop) -> None:
    """If openapi-python-client refuses an operation, our message contains its message, with the path."""
    workshop.document["paths"]["/v1/tasks/{id}"] = {"get": {"responses": {"200": {"description": ""}}}}
    with pytest.raises(CodegenError, match=r"GET /v1/tasks/\{id\}"):
        workshop.generate()


def test_a_failure_leaves_an_earlier_output_and_exit_code_1(
    workshop: Workshop, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command exits with 1, the message goes to stderr, and the earlier package stays as it was, byte for byte."""
    workshop.generate()
    before = contents(workshop.output)
    spec = workshop.folder / "spec.json"
    spec.write_text(
        spec.read_text(encoding="utf-8").replace("schemas/PaintInputs", "schemas/Nowhere"), encoding="utf-8"
    )
    options = ["--spec", str(spec), "--overlay", str(workshop.folder / "overlay.json")]
    assert main(["generate", *options, "--output", str(workshop.output)]) == 1
    assert "Nowhere" in capsys.readouterr().err
    assert contents(workshop.output) == before


def test_a_folder_that_codegen_did_not_write_is_left_alone(workshop: Workshop) -> None:
    """An output folder with other contents is refused, and the contents stay."""
    workshop.output.mkdir()
    (workshop.output / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(CodegenError, match="left alone"):
        workshop.generate()
    assert contents(workshop.output) == {"thesis.txt": b"years of work"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to a single process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_leaves_nothing_behind(tmp_path: Path, number: signal.Signals) -> None:
    """A run interrupted while the generator works exits with 130 and leaves neither output nor temporary file."""
    command = [sys.executable, "-m", "codegen", "generate", "--output", str(tmp_path / "bfl_api")]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        assert process.stderr is not None
        while "running the generator" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert list(tmp_path.iterdir()) == []


def test_drift_names_each_difference(small_checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """Changed, missing and extra files are each named, Python's caches are not, and nothing is written."""
    copy = small_checkout.folder / "bfl_api"
    (copy / "__pycache__").mkdir()
    (copy / "__pycache__" / "table.pyc").write_bytes(b"cache")
    (copy / "table.py").write_bytes((copy / "table.py").read_bytes().replace(b"24", b"25", 1))
    (copy / "errors.py").unlink()
    (copy / "extra.py").write_text("", encoding="utf-8")
    before = contents(copy)
    assert main(["drift", *small_checkout.sources]) == 1
    found = capsys.readouterr().out.splitlines()
    assert found[:3] == ["errors.py: is missing", "extra.py: is no longer generated", "--- table.py (as it is)"]
    assert "-        active_limit=25," in found
    assert len(found) < 25
    assert contents(copy) == before


def test_the_installed_package_has_no_drift(package: Path) -> None:
    """The bfl_api that is importable here is what the sources generate."""
    assert list(differences(Path(bfl_api.__path__[0]), package)) == []


def test_unknown_and_overruled_settings_are_reported(workshop: Workshop) -> None:
    """A setting that openapi-python-client does not know, and one that codegen overrides, are each reported."""
    workshop.settings = {"literal_enum": True, "post_hooks": ["make a mess"], "http_timeout": 3}
    warnings = workshop.generate()
    assert len(warnings) == 2
    assert "'literal_enum' is not a setting" in warnings[0]
    assert "post_hooks is ignored" in warnings[1]


def test_the_known_settings_are_those_of_the_pinned_generator() -> None:
    """The settings that codegen passes on are exactly the ones that the pinned openapi-python-client reads."""
    code = "from openapi_python_client.config import ConfigFile; print(*ConfigFile.model_fields)"
    command = [str(generator_python(Report(StringIO()))), "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == KNOWN
    assert FIXED.keys() <= KNOWN


def test_a_changed_template_of_the_generator_is_noticed(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule for the generator's output that finds nothing to change stops the generation and says which rule."""
    rule = ("the token stays out of repr", "client.py", "^    no_such_field: str$", "")
    monkeypatch.setattr("codegen.generator.CLIENT_RULES", (Rule(*rule),))
    with pytest.raises(CodegenError, match=r"template changed.*client\.py.*token stays out"):
        workshop.generate()


def test_another_generator_version_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An environment that lacks the pinned versions is refused before anything is generated."""
    monkeypatch.setenv("BFL_CODEGEN_ENV", str(Path(sys.prefix)))
    monkeypatch.setattr("codegen.generator.REQUIREMENTS", tmp_path / "requirements.txt")
    (tmp_path / "requirements.txt").write_text("ruff==0.0.1\n", encoding="utf-8")
    with pytest.raises(CodegenError, match="ruff: .* instead of"):
        generator_python(Report(StringIO()))


def test_each_stage_is_announced(small_package: Workshop) -> None:
    """Whoever generates a package reads which stage is running, and at the end what there is."""
    said = [line.removeprefix("codegen: ") for line in small_package.said.getvalue().splitlines()]
    assert [stage for stage in said if stage != "installing the generator (once)"] == [
        "reading the sources",
        "applying the overlay",
        "deriving the generator's input",
        "running the generator",
        "writing the typed methods",
        "formatting",
        "checking",
        "1 task endpoints, 1 operations, 2 models",
        "putting the package in place: bfl_api",
    ]


@pytest.mark.parametrize("had_one", [True, False])
def test_a_package_that_cannot_be_moved_leaves_the_earlier_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, had_one: bool
) -> None:
    """If the new package cannot be moved, its error is raised, and the earlier package is back in its place."""
    made, output = tmp_path / "work" / "bfl_api", tmp_path / "bfl_api"
    made.mkdir(parents=True)
    if had_one:
        output.mkdir()
    rename = Path.rename

    def broken(self: Path, target: Path) -> Path:
        if self == made:
            raise OSError("the disk is full")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(OSError, match="the disk is full"):
        swap(made, output)
    assert output.exists() is had_one


def test_generating_over_an_earlier_output_leaves_no_stale_file(workshop: Workshop) -> None:
    """A file that only the earlier run wrote is gone afterwards."""
    workshop.generate()
    assert (workshop.output / "models" / "paint_inputs.py").is_file()
    schemas = workshop.document["components"]["schemas"]
    schemas["DrawInputs"] = schemas.pop("PaintInputs")
    workshop.document["paths"] = {"/v1/draw": {"post": task("DrawInputs")}}
    workshop.generate()
    assert not (workshop.output / "models" / "paint_inputs.py").exists()
    assert (workshop.output / "models" / "draw_inputs.py").is_file()
