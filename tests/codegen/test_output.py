"""Putting a finished package in place, comparing two packages, and the names that are given in them."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from codegen.names import class_name, generator_name, method_name, parameter_names, tag_name, versions
from codegen.output import commit, differences, refuse_foreign, swap
from codegen.render import HEADER
from codegen.report import CodegenError

Packages = tuple[Path, Path]


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    """A package that was just made, in a folder of its own, and an earlier one, which it is to replace."""
    made, output = tmp_path / "work" / "bfl_api", tmp_path / "home" / "bfl_api"
    for folder, text in ((made, "new"), (output, "old")):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(HEADER, encoding="utf-8")
        (folder / "x.py").write_text(text, encoding="utf-8")
    return made, output


def state(folder: Path) -> dict[str, str]:
    """Return all files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


class TestPutting:
    def test_an_output_may_be_missing_empty_or_an_earlier_one(self, packages: Packages, tmp_path: Path) -> None:
        """No folder, an empty folder and an earlier package may be replaced."""
        (tmp_path / "empty").mkdir()
        for output in (tmp_path / "missing", tmp_path / "empty", packages[1]):
            refuse_foreign(output)

    def test_a_file_is_no_output(self, packages: Packages, tmp_path: Path) -> None:
        """A file at the place of the output is refused, and stays."""
        (tmp_path / "file").write_text("years of work", encoding="utf-8")
        with pytest.raises(CodegenError, match="file is not a folder"):
            swap(packages[0], tmp_path / "file")
        assert (tmp_path / "file").read_text(encoding="utf-8") == "years of work"

    def test_a_package_that_somebody_else_wrote_is_no_output(self, packages: Packages) -> None:
        """A Python package that does not begin with the header of codegen is refused."""
        (packages[1] / "__init__.py").write_text(f"x = 1\n{HEADER}", encoding="utf-8")
        with pytest.raises(CodegenError, match="left alone"):
            swap(*packages)
        assert (packages[1] / "x.py").read_text(encoding="utf-8") == "old"

    def test_the_folders_above_the_output_are_made(self, packages: Packages, tmp_path: Path) -> None:
        """An output in a folder that does not exist yet is put there."""
        swap(packages[0], tmp_path / "a" / "b" / "bfl_api")
        assert (tmp_path / "a" / "b" / "bfl_api" / "x.py").read_text(encoding="utf-8") == "new"

    @pytest.mark.parametrize("failing", [1, 2])
    @pytest.mark.parametrize("had_one", [True, False])
    def test_if_a_file_cannot_be_written_nothing_has_changed(
        self, packages: Packages, monkeypatch: pytest.MonkeyPatch, failing: int, had_one: bool
    ) -> None:
        """If a file cannot be put in place, those before it and the package are as before; a new package is gone."""
        made, output = packages
        if not had_one:
            for path in output.iterdir():
                path.unlink()
            output.rmdir()
        texts = {output.parent / name: "new" for name in ("a.json", "b.md")}
        for path in texts:
            path.write_bytes(b"old\r\n")
        before = {path: path.read_bytes() for path in output.parent.rglob("*") if path.is_file()}
        replace, calls = os.replace, []

        def broken(source: Path, target: Path) -> None:
            calls.append(target)
            if len(calls) == failing:
                raise PermissionError("not yours")
            replace(source, target)

        monkeypatch.setattr("codegen.output.os.replace", broken)
        with pytest.raises(CodegenError, match="everything is as before: not yours"):
            commit(made, output, texts)
        assert {path: path.read_bytes() for path in output.parent.rglob("*") if path.is_file()} == before
        assert len(calls) == failing

    def test_an_interruption_waits_until_all_is_in_place(
        self, packages: Packages, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Signals that arrive between the renames do nothing, and afterwards they do what they did before."""
        made, output = packages
        log, replace, seen = output.parent / "log.md", os.replace, list[int]()
        log.write_text("old", encoding="utf-8")
        signals = (signal.SIGINT, signal.SIGTERM)
        earlier = {number: signal.signal(number, lambda number, frame: seen.append(number)) for number in signals}

        def interrupted(source: Path, target: Path) -> None:
            for number in signals:
                signal.raise_signal(number)
            replace(source, target)

        monkeypatch.setattr("codegen.output.os.replace", interrupted)
        try:
            commit(made, output, {log: "new"})
            during = list(seen)
            for number in signals:
                signal.raise_signal(number)
        finally:
            for number, handler in earlier.items():
                signal.signal(number, handler)
        assert (during, seen) == ([], list(signals))
        assert state(output.parent) == {"log.md": "new", "bfl_api/__init__.py": HEADER, "bfl_api/x.py": "new"}

    def test_another_thread_can_put_it_in_place(self, packages: Packages) -> None:
        """A thread, in which Python permits no handlers of signals, can put a result in place as well."""
        log = packages[1].parent / "log.md"
        log.write_text("old", encoding="utf-8")
        thread = threading.Thread(target=commit, args=(*packages, {log: "new"}))
        thread.start()
        thread.join()
        assert state(packages[1].parent)["bfl_api/x.py"] == state(packages[1].parent)["log.md"] == "new"

    def test_texts_of_one_name_do_not_mix(self, packages: Packages) -> None:
        """Two files of one name in two folders each get their own text, with the line ends that were given."""
        home = packages[1].parent
        texts = {home / folder / "log.md": f"{folder}\n" for folder in "ab"}
        for path in texts:
            path.parent.mkdir()
            path.write_text("old", encoding="utf-8")
        commit(*packages, texts)
        assert [path.read_bytes() for path in texts] == [b"a\n", b"b\n"]


class TestComparing:
    def test_what_is_equal_or_a_cache_is_no_difference(self, packages: Packages) -> None:
        """Equal files are not named, and neither are the caches that Python leaves in a folder."""
        made, output = packages
        (made / "x.py").write_text("old", encoding="utf-8")
        (output / "__pycache__").mkdir()
        (output / "__pycache__" / "x.pyc").write_bytes(b"cache")
        assert list(differences(output, made)) == []

    def test_line_ends_are_a_difference(self, packages: Packages) -> None:
        """A file that differs in nothing but its line ends is named, and that is said."""
        made, output = packages
        (made / "x.py").write_bytes(b"a\nb\n")
        (output / "x.py").write_bytes(b"a\r\nb\r\n")
        assert list(differences(output, made)) == ["x.py: line ends differ"]

    @pytest.mark.parametrize(("lines", "last"), [(8, "+n7"), (9, "... 1 more lines"), (20, "... 23 more lines")])
    def test_a_long_difference_is_cut_and_says_so(self, packages: Packages, lines: int, last: str) -> None:
        """Of a long difference the first lines are shown, and the rest are counted."""
        made, output = packages
        for folder, letter in ((made, "n"), (output, "o")):
            (folder / "x.py").write_text("".join(f"{letter}{number}\n" for number in range(lines)), encoding="utf-8")
        (found,) = differences(output, made)
        assert found.splitlines()[:4] == [
            "--- x.py (as it is)",
            "+++ x.py (generated)",
            f"@@ -1,{lines} +1,{lines} @@",
            "-o0",
        ]
        assert found.splitlines()[-1] == last


class TestNames:
    @pytest.mark.parametrize(
        ("give", "given", "name"),
        [
            (class_name, "Response", "ResponseSchema"),
            (class_name, "Client", "ClientSchema"),
            (class_name, "none", "SchemaNone"),
            (class_name, "2nd try", "Schema2NdTry"),
            (method_name, "/v1/self", "self_"),
            (method_name, "/v1/list", "list_"),
            (method_name, "/v1/import", "import_"),
            (method_name, "/v10/flux-3", "flux_3"),
            (method_name, "/v1/{id}", "id"),
            (generator_name, "class", "class_"),
            (generator_name, "imageURL", "image_url"),
            (generator_name, "_private", "field_private"),
            (generator_name, "id", "id"),
            (generator_name, "type", "type_"),
            (generator_name, "datetime", "datetime_"),
            (tag_name, "2nd", "tag2nd"),
            (class_name, "HTTPError", "HTTPError"),
        ],
    )
    def test_a_name_can_be_written_in_python_and_hides_nothing(
        self, give: Callable[[str], str], given: str, name: str
    ) -> None:
        """A word of Python, or a name that the generated modules use themselves, gets an addition."""
        assert give(given) == name

    def test_whoever_has_a_fitting_name_keeps_it(self) -> None:
        """A property keeps a name that fits even if one that looks like it comes first; `self` does not fit."""
        assert parameter_names(["a-b", "self", "a_b"]) == {"a-b": "a_b_", "self": "self_", "a_b": "a_b"}

    @pytest.mark.parametrize(
        ("paths", "named"),
        [
            (["/v10/a", "/v2/a", "/v1/b"], {"/v10/a": "v10"}),
            (["/v1/a", "/a", "/v3/a"], {"/v1/a": "v1", "/v3/a": "v3"}),
            (["/v1/a", "/v2/b", "/v1x/a"], {}),
        ],
    )
    def test_versions_are_numbers(self, paths: list[str], named: dict[str, str]) -> None:
        """Of the versions of a path all but the lowest are named; 10 is more than 2, and none is less than any."""
        assert versions(paths) == named
