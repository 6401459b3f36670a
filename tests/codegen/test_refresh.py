"""`refresh`: what it writes, what it refuses, and that it writes all or nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from codegen.__main__ import main
from codegen.diff import Change, Level, Side
from codegen.output import commit
from codegen.published import MOST_BYTES, defects, published
from codegen.refresh import with_entry
from codegen.report import CodegenError

from .changes import UNREADABLE, bounded, field
from .conftest import ROOT, WRITTEN, Checkout, small_document, task

PASSES = f'"{sys.executable}" -c "pass"'.replace("\\", "/")
FAILS = f'"{sys.executable}" -c "raise SystemExit(7)"'.replace("\\", "/")


def wider() -> dict[str, Any]:
    """Return the small specification with a change that is compatible: a property is added."""
    document = small_document()
    document["components"]["schemas"]["PaintInputs"]["properties"]["style"] = {"type": "string", "maxLength": 9}
    return document


def test_a_refresh_writes_specification_package_and_changelog(
    small_checkout: Checkout, capsys: pytest.CaptureFixture[str]
) -> None:
    """After a refresh the snapshot is the new document, nothing drifts, and the changelog has the breaking change.

    Each stage is announced on stderr, and the report is on stdout.
    """
    new = wider()
    new["components"]["schemas"]["PaintInputs"]["required"] = ["prompt", "style"]
    assert small_checkout.refresh(new, contract=PASSES) == 2
    said = capsys.readouterr()
    assert "Breaking: requests" in said.out
    assert [line.removeprefix("codegen: ") for line in said.err.splitlines()] == [
        "checking the new specification",
        "comparing",
        "running the contract tests on the new package",
        "putting everything in place",
    ]
    assert json.loads((small_checkout.folder / "openapi.json").read_text(encoding="utf-8")) == new
    log = (small_checkout.folder / "CHANGELOG.md").read_text(encoding="utf-8")
    assert "\n- **Breaking:** request: `POST " in log
    assert main(["drift", *small_checkout.sources]) == 0
    assert sorted(path.name for path in small_checkout.folder.iterdir()) == sorted([*WRITTEN, "new.json"])


def test_the_same_document_changes_nothing(small_checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """A refresh with the document that is already there exits with 0, says so and writes nothing."""
    before = small_checkout.contents()
    assert small_checkout.refresh(small_document()) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "codegen: nothing has changed"
    assert small_checkout.contents() == before


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_anything_but_a_document_is_refused(
    small_checkout: Checkout, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Broken JSON, an HTML page and the like exit with 3, one line of error, and everything as it was."""
    before = small_checkout.contents()
    assert small_checkout.refresh(content) == 3
    assert "codegen: error: " in capsys.readouterr().err
    assert small_checkout.contents() == before


def test_failing_contract_tests_change_nothing(small_checkout: Checkout, capsys: pytest.CaptureFixture[str]) -> None:
    """If the contract tests fail, or cannot be run, the refresh exits with 3 and everything is as it was."""
    before = small_checkout.contents()
    assert small_checkout.refresh(wider(), contract=FAILS) == 3
    assert "contract tests fail on the new package (exit code 7)" in capsys.readouterr().err
    assert small_checkout.refresh(wider(), contract="/no/such/command") == 3
    assert small_checkout.contents() == before


def test_the_contract_tests_see_the_new_package(small_checkout: Checkout) -> None:
    """The command that tests imports the package that was just made, in which the new endpoint is."""
    code = "import bfl_api.table as t; assert 'dream-9' in t.ENDPOINTS"
    command = f'"{sys.executable}" -c "{code}"'.replace("\\", "/")
    new = small_document()
    new["paths"]["/v1/dream-9"] = {"post": task("PaintInputs")}
    assert small_checkout.refresh(new, contract=command) == 1


def test_contract_tests_of_another_package_are_not_run(
    small_checkout: Checkout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the tests would import another package than the one that was just made, nothing is adopted."""
    before = small_checkout.contents()
    monkeypatch.setattr("codegen.refresh._FOUND_AT", "import sys; sys.stdout.write('/elsewhere/bfl_api')")
    assert small_checkout.refresh(wider(), contract=PASSES) == 3
    assert "would test another package: /elsewhere/bfl_api" in capsys.readouterr().err
    assert small_checkout.contents() == before


def test_a_changelog_without_its_section_is_refused(small_checkout: Checkout) -> None:
    """Without a section Unreleased the refresh exits with 3, and everything is as it was."""
    (small_checkout.folder / "CHANGELOG.md").write_text("# Changelog\n", encoding="utf-8")
    before = small_checkout.contents()
    assert small_checkout.refresh(wider()) == 3
    assert small_checkout.contents() == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send SIGINT to a single process")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_refresh_changes_nothing(small_checkout: Checkout, number: signal.Signals) -> None:
    """A refresh interrupted while the contract tests run exits with 130 and leaves everything as it was."""
    before = small_checkout.contents()
    new = small_checkout.folder / "new.json"
    new.write_text(json.dumps(wider()), encoding="utf-8")
    waits = f'"{sys.executable}" -c "import threading; threading.Event().wait(60)"'
    command = [sys.executable, "-m", "codegen", "refresh", str(new), *small_checkout.options(waits)]
    with subprocess.Popen(
        command, cwd=ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, start_new_session=True
    ) as process:
        assert process.stderr is not None
        while "running the contract tests" not in process.stderr.readline():
            assert process.poll() is None
        process.send_signal(number)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert small_checkout.contents() == before


@pytest.mark.parametrize("failing", [1, 2])
def test_a_failure_while_writing_is_undone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int) -> None:
    """If one of the files cannot be put in place, the package and the files before it go back to what they were."""
    home, made = tmp_path / "home", tmp_path / "made"
    for folder, text in ((home / "bfl_api", "old"), (made / "bfl_api", "new")):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text("# Written by `python -m codegen generate`", encoding="utf-8")
        (folder / "x.py").write_text(text, encoding="utf-8")
    monkeypatch.setattr("codegen.output.HEADER", "# Written by")
    texts = {home / name: "new" for name in ("a.json", "b.md")}
    for path in texts:
        path.write_text("old", encoding="utf-8")
    calls, replace = [0], os.replace

    def broken(source: Path, target: Path) -> None:
        calls[0] += 1
        if calls[0] == failing:
            raise OSError("the disk is full")
        replace(source, target)

    monkeypatch.setattr("codegen.output.os.replace", broken)
    with pytest.raises(CodegenError, match="the disk is full"):
        commit(made / "bfl_api", home / "bfl_api", texts)
    assert (home / "bfl_api" / "x.py").read_text(encoding="utf-8") == "old"
    assert [path.read_text(encoding="utf-8") for path in texts] == ["old", "old"]


class TestSoundness:
    def test_a_defect_that_the_overlay_repairs_is_reported_and_passes(
        self, checkout: Checkout, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A default of 0 below a minimum is repaired by the overlay: it is reported, and the refresh succeeds."""
        node = field(document, lambda one: one.get("maximum") == 1440)
        node["default"] = 0
        assert checkout.refresh(document) == 2
        assert "a defect that the overlay repairs: #/components/schemas/" in capsys.readouterr().err

    def test_another_defect_is_an_error(
        self, checkout: Checkout, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A default that breaks its own schema and that no action repairs is refused with its place."""
        before = checkout.contents()
        bounded(document)["default"] = 7
        assert checkout.refresh(document) == 3
        assert "7 is not a multiple of 32" in capsys.readouterr().err
        assert checkout.contents() == before

    def test_an_invalid_default_is_named_with_its_place(self) -> None:
        """A default that is not valid is named with the place of its schema, not with that of another default."""
        document = small_document()
        document["components"]["schemas"]["PaintInputs"]["properties"]["height"] = {"type": "integer", "default": "x"}
        (defect,) = defects(document)
        assert defect.startswith("#/components/schemas/PaintInputs/properties/height: ")

    def test_a_document_without_operations_is_not_sound(self) -> None:
        """A document that OpenAPI permits, but from which nothing can be generated, is a defect."""
        assert defects({**small_document(), "paths": {}}) == ["the document has no operations"]


class TestOverlay:
    @pytest.mark.about("credits")
    @pytest.mark.about("flux-3-video")
    def test_what_the_vendor_has_adopted_is_needless(
        self, checkout: Checkout, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An action whose effect the new document already has is reported by name; the others are not."""
        document["servers"] += [{"url": "https://api.eu.bfl.ai", "description": "Europe"}]
        path = next(path for path, item in document["paths"].items() if path.endswith("/credits"))
        document["paths"][path]["get"]["x-bfl-emulate"] = "credits"
        assert checkout.refresh(document) == 1
        said = [line for line in capsys.readouterr().err.splitlines() if "overlay action" in line]
        assert len(said) == 2
        assert "European host" in said[0]
        assert "$.paths['/v1/credits'].get" in said[1]
        assert all("is needless" in line for line in said)

    def test_what_no_longer_matches_is_skipped(
        self, checkout: Checkout, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An action that matches nothing in the new document, and one that does not fit it, are named and skipped."""
        document["components"]["schemas"]["ValidationError"] = {"type": "object", "additionalProperties": True}
        document["components"]["schemas"]["HTTPValidationError"]["properties"]["detail"] = True
        assert checkout.refresh(document) == 2
        said = capsys.readouterr().err
        assert "$.components.schemas.ValidationError.properties" in said
        assert "matches nothing" in said
        assert "does not fit what it matches and is skipped" in said


class TestChangelog:
    CHANGE = Change(Level.BREAKING, Side.REQUEST, ("POST /v1/a",), "n", "minimum: 1 → 2")
    TEXT = Change(Level.TEXT, Side.REQUEST, ("POST /v1/a",), "n", "title")
    LINE = "- **Breaking:** request: `POST /v1/a`: `n` minimum: 1 → 2\n"

    def test_a_new_section_comes_last_in_unreleased(self) -> None:
        """Without a list of changes one is made, between the other lists of Unreleased and the next release."""
        log = with_entry("# C\n\n## [Unreleased]\n\n### Added\n\n- x\n\n## [1.0]\n\n- y\n", [self.CHANGE])
        expected = f"# C\n\n## [Unreleased]\n\n### Added\n\n- x\n\n### Changed\n\n{self.LINE}\n## [1.0]\n\n- y\n"
        assert log == expected

    def test_an_empty_section_gets_one(self) -> None:
        """An empty Unreleased at the end of the file gets its list."""
        assert with_entry("## Unreleased\n", [self.TEXT]).endswith(
            "\n### Changed\n\n- Texts of the specification have changed (1).\n"
        )

    def test_a_list_that_is_there_is_continued(self) -> None:
        """With a list of changes under Unreleased, new entries come first in it, and a later release is left alone."""
        log = with_entry("## [Unreleased]\n\n### Changed\n\n- x\n\n## [1.0]\n\n### Changed\n\n- y\n", [self.CHANGE])
        assert log == f"## [Unreleased]\n\n### Changed\n\n{self.LINE}- x\n\n## [1.0]\n\n### Changed\n\n- y\n"

    def test_a_long_list_is_cut(self) -> None:
        """Of 62 changes the first 60 are listed, and the rest are counted."""
        changes = [replace(self.CHANGE, field=f"n{number}") for number in range(62)]
        lines = with_entry("## Unreleased\n", changes).splitlines()[4:]
        assert "`n0`" in lines[0] and "`n59`" in lines[59]
        assert lines[60:] == ["- 2 more changes of the specification."]


class TestFetching:
    @staticmethod
    def fetched(handler: Any, url: str = "https://api.example.com/openapi.json") -> Any:
        """Fetch from a server that is a function."""
        return published(url, transport=httpx.MockTransport(handler))

    def test_the_document_is_asked_for_without_a_key(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The request has no key, whatever the environment has, and the answer is the parsed document."""
        monkeypatch.setenv("BFL_API_KEY", "bfl_secret")
        seen: list[httpx.Request] = []

        def answer(request: httpx.Request) -> httpx.Response:
            seen.append(request)
            return httpx.Response(200, json={"openapi": "3.1.0"})

        assert self.fetched(answer) == {"openapi": "3.1.0"}
        assert "secret" not in str(seen[0].headers.raw)

    @pytest.mark.parametrize(
        ("answer", "reason"),
        [
            (httpx.Response(200, text="<html>"), "begins with '<html>'"),
            (httpx.Response(503), "answers 503"),
            (httpx.Response(302, headers={"Location": "https://elsewhere.example"}), "answers 302"),
            (httpx.Response(200, content=b" " * (MOST_BYTES + 1)), "larger than"),
        ],
    )
    def test_other_answers_are_refused(self, answer: httpx.Response, reason: str) -> None:
        """A page, an error, a redirect and an endless body are each refused with the reason."""
        with pytest.raises(CodegenError, match=reason):
            self.fetched(lambda request: answer)

    def test_a_file_that_is_too_large_is_not_read(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A file is held to the limit that an answer is held to."""
        monkeypatch.setattr("codegen.published.MOST_BYTES", 20)
        path = tmp_path / "openapi.json"
        path.write_text('{"openapi": "3.1.0"}')
        assert published(str(path)) == {"openapi": "3.1.0"}
        path.write_text('{"openapi": "3.1.0"} ')
        with pytest.raises(CodegenError, match=r"openapi\.json is larger than 20 bytes"):
            published(str(path))

    def test_a_broken_connection_is_refused(self) -> None:
        """A connection that fails is an error of ours that names the address."""

        def broken(request: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("refused")

        with pytest.raises(CodegenError, match=r"api\.example\.com.*ConnectError"):
            self.fetched(broken)

    def test_a_slow_answer_is_given_up(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """An answer that drips for longer than the limit is given up."""
        ticks = iter(range(0, 10_000, 50))
        monkeypatch.setattr("codegen.published.time.monotonic", lambda: float(next(ticks)))
        with pytest.raises(CodegenError, match="takes longer than 60 s"):
            self.fetched(lambda request: httpx.Response(200, content=iter([b"{", b"}"])))

    @pytest.mark.parametrize("url", ["http://api.example.com/x", "ftp://x", "file:///etc/passwd"])
    def test_only_https_is_fetched(self, url: str) -> None:
        """Any other scheme is refused before a connection is made."""
        with pytest.raises(CodegenError, match="only https"):
            self.fetched(lambda request: pytest.fail("connected"), url)
