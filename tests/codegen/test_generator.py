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


class TestInstalling:
    """The commands that set up an environment are noted instead of run."""

    @pytest.fixture
    def commands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
        """The commands that were run; creating an environment makes its folder."""
        noted: list[list[str]] = []

        def set_up(command: list[str], text: str = "") -> str:
            noted.append(command)
            if "venv" in command:
                Path(command[-1]).mkdir()
            return ""

        monkeypatch.delenv("BFL_CODEGEN_ENV", raising=False)
        monkeypatch.setattr(generator, "CACHE", tmp_path / "cache")
        monkeypatch.setattr(generator, "_set_up", set_up)
        return noted

    @staticmethod
    def environments() -> list[Path]:
        """Return the environments that are kept."""
        return [path for path in generator.CACHE.iterdir() if path.is_dir()]

    def test_it_happens_once(self, commands: list[list[str]]) -> None:
        """The first run says that it installs the pins and nothing else, the next ones use what is there."""
        said = StringIO()
        python = generator_python(Report(said))
        install = next(command for command in commands if "install" in command)
        assert install[-4:] == ["--quiet", "--no-deps", "--requirement", str(generator.REQUIREMENTS)]
        done = len(commands)
        assert generator_python(Report(said)) == python
        assert (len(commands), said.getvalue()) == (done, "codegen: installing the generator (once)\n")
        assert [path for path in self.environments() if path in python.parents] == self.environments()
        assert (generator.CACHE / ".gitignore").read_text(encoding="utf-8") == "*\n"

    @pytest.mark.parametrize("own_pip", [True, False])
    def test_an_environment_without_pip_can_do_it(
        self, commands: list[list[str]], report: Report, monkeypatch: pytest.MonkeyPatch, own_pip: bool
    ) -> None:
        """The pip of this environment is used if it has one, else the new environment gets its own."""
        monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if own_pip else None)
        generator_python(report)
        create, install = commands[:2]
        assert ("--without-pip" in create, install[0] == sys.executable) == (own_pip, own_pip)

    @pytest.mark.parametrize("newer", ["pins", "Python"])
    def test_other_pins_and_another_python_have_one_of_their_own(
        self, commands: list[list[str]], report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, newer: str
    ) -> None:
        """After an update of the pins or of Python an earlier environment is not used."""
        earlier = generator_python(report)
        if newer == "pins":
            (tmp_path / "requirements.txt").write_text("ruff==99\n", encoding="utf-8")
            monkeypatch.setattr(generator, "REQUIREMENTS", tmp_path / "requirements.txt")
        else:
            monkeypatch.setattr("platform.python_version", lambda: "3.99.0")
        assert generator_python(report) != earlier
        assert len(self.environments()) == 2

    def test_one_that_failed_is_not_kept(
        self, commands: list[list[str]], report: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If the new environment does not have the pinned versions, it is removed."""
        set_up = generator._set_up
        monkeypatch.setattr(
            generator, "_set_up", lambda command, text="": set_up(command) or ("ruff: 1 instead of 2" if text else "")
        )
        with pytest.raises(CodegenError, match="ruff: 1 instead of 2"):
            generator_python(report)
        assert self.environments() == []

    def test_one_that_another_run_made_meanwhile_is_used(
        self, commands: list[list[str]], report: Report, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """If another run was first, its environment stays as it is."""
        folder = generator_python(report).parents[1]
        folder.rmdir()
        set_up = generator._set_up

        def meanwhile(command: list[str], text: str = "") -> str:
            folder.mkdir(exist_ok=True)
            return set_up(command, text)

        monkeypatch.setattr(generator, "_set_up", meanwhile)
        assert generator_python(report).parents[1] == folder
        assert list(folder.iterdir()) == []


def test_a_pin_that_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, report: Report) -> None:
    """An environment without a pinned package is refused; a comment among the pins is no package."""
    (tmp_path / "requirements.txt").write_text("# only that\nno-such-package==1\n", encoding="utf-8")
    monkeypatch.setattr(generator, "REQUIREMENTS", tmp_path / "requirements.txt")
    monkeypatch.setenv("BFL_CODEGEN_ENV", sys.prefix)
    with pytest.raises(CodegenError, match="pinned versions:\nno-such-package: not installed instead of 1\n$"):
        generator_python(report)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows runs no script as a program")
class TestRunning:
    @staticmethod
    def said(folder: Path, code: str) -> str:
        """Return our message if the formatter runs this code, which has to fail."""
        (folder / "work" / "bfl_api").mkdir(parents=True)
        (folder / "ruff.py").write_text(code, encoding="utf-8")
        python = folder / "python"
        python.write_text(f"#!/bin/sh\nexec '{sys.executable}' '{folder / 'ruff.py'}'\n", encoding="utf-8")
        python.chmod(0o755)
        with pytest.raises(CodegenError) as caught:
            run_formatter(python, folder / "work" / "bfl_api")
        return str(caught.value)

    @pytest.mark.parametrize("stream", ["stderr", "stdout"])
    def test_what_the_formatter_says_is_passed_on(self, tmp_path: Path, stream: str) -> None:
        """If ruff fails, our message has what it said, on stderr or on stdout, without empty lines."""
        said = self.said(tmp_path, f"import sys; sys.{stream}.write('one\\n  \\ntwo\\n'); sys.exit(2)")
        assert said == "ruff cannot format the generated package:\none\ntwo"

    def test_a_long_message_is_cut(self, tmp_path: Path) -> None:
        """Of a message of many pages the beginning is passed on."""
        said = self.said(tmp_path, "import sys; sys.exit('x' * 90_000)")
        assert 1_000 < len(said) < 5_000

    def test_it_runs_out_of_reach_of_the_caller(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Neither the caller's folder nor his key nor his settings reach the tools, but the search path does."""
        monkeypatch.setenv("BFL_API_KEY", "bfl_secret")
        monkeypatch.setenv("PYTHONPATH", "/elsewhere")
        monkeypatch.setenv("PYTHONHASHSEED", "7")
        monkeypatch.setenv("PATH", "/usr/bin:/bin:/mine")
        names = ("BFL_API_KEY", "PYTHONPATH", "PYTHONHASHSEED", "PATH")
        code = f"import os, sys; sys.exit(' '.join([os.getcwd(), *(os.environ.get(name, '-') for name in {names})]))"
        said = self.said(tmp_path, code).splitlines()[1]
        assert said == f"{(tmp_path / 'work').resolve()} - - 0 /usr/bin:/bin:/mine"


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
