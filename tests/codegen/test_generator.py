"""What codegen needs of openapi-python-client: its environment, its settings, its messages, what is changed in it."""

from __future__ import annotations

import sys
from io import StringIO
from pathlib import Path

import pytest

from codegen import generator
from codegen.generator import FIXED, apply_rules, generator_python, run_formatter, settings
from codegen.report import CodegenError, Report


@pytest.fixture
def report() -> Report:
    """A report that nobody reads."""
    return Report(StringIO())


class TestSettings:
    @pytest.mark.parametrize("text", ["", "# nothing yet\n", "{}"])
    def test_none_are_those_that_codegen_needs(self, tmp_path: Path, report: Report, text: str) -> None:
        """An empty file of settings, or one with nothing but a comment, gives the settings that codegen relies on."""
        (tmp_path / "a.yml").write_text(text, encoding="utf-8")
        assert settings(tmp_path / "a.yml", report) == FIXED
        assert report.warnings == []

    def test_known_ones_are_passed_on(self, tmp_path: Path, report: Report) -> None:
        """A setting of the generator is passed on, unknown ones are not, and what codegen needs wins."""
        (tmp_path / "a.yml").write_text("http_timeout: 3\nno_such: 1\nliteral_enums: false\nfield_prefix: field_\n")
        assert settings(tmp_path / "a.yml", report) == {**FIXED, "http_timeout": 3}
        assert report.warnings == [
            "a.yml: literal_enums is ignored: codegen needs True",
            "a.yml: 'no_such' is not a setting of openapi-python-client and is ignored",
        ]

    @pytest.mark.parametrize("text", ["[http_timeout]", "http_timeout", "5"])
    def test_what_is_no_mapping_is_refused(self, tmp_path: Path, report: Report, text: str) -> None:
        """A list or a word instead of settings is refused, and the file is named."""
        (tmp_path / "a.yml").write_text(text, encoding="utf-8")
        with pytest.raises(CodegenError, match=r"a\.yml is not a mapping of settings"):
            settings(tmp_path / "a.yml", report)


class TestEnvironment:
    def test_one_that_is_not_there_is_named(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report
    ) -> None:
        """If BFL_CODEGEN_ENV points to nothing, the message says so and names the Python that was looked for."""
        monkeypatch.setenv("BFL_CODEGEN_ENV", str(tmp_path / "nowhere"))
        with pytest.raises(CodegenError, match="environment cannot be used: .*nowhere"):
            generator_python(report)

    @pytest.mark.parametrize("stream", ["stderr", "stdout"])
    def test_the_reason_of_a_failure_is_told(
        self, monkeypatch: pytest.MonkeyPatch, report: Report, stream: str
    ) -> None:
        """If Python or pip fails while the environment is set up, our message has its reason, wherever it wrote it."""
        monkeypatch.setenv("BFL_CODEGEN_ENV", sys.prefix)
        code = f"import sys; sys.{stream}.write('no space left'); sys.exit(1)"
        monkeypatch.setattr(generator, "_VERSIONS", code)
        with pytest.raises(CodegenError, match="cannot be created: no space left"):
            generator_python(report)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows runs no script as a program")
@pytest.mark.parametrize("stream", ["stderr", "stdout"])
def test_what_the_formatter_says_is_passed_on(tmp_path: Path, stream: str) -> None:
    """If ruff fails, our message has what it said, on stderr or on stdout, without empty lines."""
    package = tmp_path / "bfl_api"
    package.mkdir()
    ruff = tmp_path / "ruff.py"
    ruff.write_text(f"import sys; sys.{stream}.write('one\\n\\ntwo\\n'); sys.exit(2)")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{ruff}'\n")
    python.chmod(0o755)
    with pytest.raises(CodegenError, match="ruff cannot format the generated package:\none\ntwo$"):
        run_formatter(python, package)


class TestRules:
    CLIENT = """
class Client:
    _cookies: dict[str, str] = field(factory=dict, kw_only=True)
    _headers: dict[str, str] = field(factory=dict, kw_only=True)
    _httpx_args: dict[str, Any] = field(factory=dict, kw_only=True)
    token: str
    prefix: str = "Bearer"
"""

    @pytest.fixture
    def package(self, tmp_path: Path) -> Path:
        """The lines of a package, as the generator writes them, that codegen changes."""
        (tmp_path / "models").mkdir()
        (tmp_path / "client.py").write_text(self.CLIENT, encoding="utf-8")
        (tmp_path / "types.py").write_text("class Unset:\n    pass\n", encoding="utf-8")
        (tmp_path / "models" / "a.py").write_text(
            "@_attrs_define\nclass A:\n    token: str | Unset = UNSET\n    b: str\n"
        )
        return tmp_path

    def test_secrets_leave_the_repr(self, package: Path) -> None:
        """Token, headers, cookies and secret fields, required or not, are left out of reprs; nothing else is."""
        apply_rules(package, ["a"], [("a", "token"), ("a", "b")])
        fields = {
            (name, line.split(":")[0].strip()): "repr=False" in line
            for name in ("client", "models/a")
            for line in (package / f"{name}.py").read_text(encoding="utf-8").splitlines()
            if line.startswith("    ")
        }
        hidden = {("client", name) for name in ("_cookies", "_headers", "_httpx_args", "token")}
        hidden |= {("models/a", "token"), ("models/a", "b")}
        assert fields == {**dict.fromkeys(hidden, True), ("client", "prefix"): False}
        assert (package / "models" / "a.py").read_text(encoding="utf-8").startswith("@_attrs_define(kw_only=True)\n")

    @pytest.mark.parametrize(
        ("models", "secrets", "purpose"),
        [
            (["b"], [], r"b\.py matches the rule: the fields of a model are given by keyword"),
            (["a"], [("a", "webhook_secret")], r"a\.py matches the rule: webhook_secret stays out of repr"),
        ],
    )
    def test_a_rule_that_finds_nothing_is_named(
        self, package: Path, models: list[str], secrets: list[tuple[str, str]], purpose: str
    ) -> None:
        """A model or a secret field that is not where it should be stops the generation."""
        with pytest.raises(CodegenError, match=purpose):
            apply_rules(package, models, secrets)
