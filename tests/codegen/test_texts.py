"""Texts of a specification as source, what the templates take from the document, and what codegen reports."""

from __future__ import annotations

import ast
import re
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from codegen.effective import completed
from codegen.render import render_typed_modules
from codegen.report import CodegenError, Report, located
from codegen.specification import Specification
from codegen.text import bounds, described, docstring, literal, number, paragraphs, sentence

from .conftest import small_document


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"exclusiveMaximum": 5}, "less than 5"),
        ({"exclusiveMaximum": True, "maximum": 5}, "less than 5"),
        ({"exclusiveMaximum": False, "maximum": 5}, "at most 5"),
        ({"exclusiveMinimum": 0.5, "exclusiveMaximum": 2}, "more than 0.5, less than 2"),
        ({"maximum": 1440}, "at most 1440"),
        ({"minimum": 256.0, "maximum": 1440.0, "multipleOf": 32.0}, "256 to 1440, a multiple of 32"),
        ({"maxLength": 9}, "at most 9 characters"),
        ({"minItems": 2}, "at least 2 items"),
        ({"minItems": 2, "maxItems": 2, "prefixItems": [{}, {}]}, ""),
        ({"format": "bfl-ratio"}, "9:21 to 21:9"),
        ({"format": "uri"}, ""),
        ({"minimum": None, "maximum": "9"}, ""),
        ({"anyOf": [{"minimum": 1}, {"maximum": 9}, {"minimum": 1}, {}]}, "at least 1 or at most 9"),
    ],
)
def test_each_bound_has_its_words(schema: dict[str, Any], words: str) -> None:
    """Each bound alone, both kinds of exclusive ones, and alternatives are told; what is no bound is not."""
    assert bounds(schema, schema.get("anyOf", ())) == words


@pytest.mark.parametrize(
    ("description", "limits", "default", "line"),
    [
        ("Width", "256 to 1440", 768, "Width. 256 to 1440; server default 768."),
        ("Width.", "", 0, "Width. Server default 0."),
        (None, "at most 5", None, "At most 5."),
        ("Retouch?", "", True, "Retouch? Server default true."),
        ("", "", {"é": False}, 'Server default {"é": false}.'),
        ("", "", "x" * 90, f'Server default "{"x" * 76}...'),
        (None, "", None, ""),
    ],
)
def test_a_parameter_is_described_in_one_line(description: Any, limits: str, default: object, line: str) -> None:
    """Description, bounds and default follow each other as sentences, and the default is written as in JSON."""
    assert described(description, limits, default) == line


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a\u202eb\u2066c", ["abc"]),
        ("a\ud800b\x00c\x1b[0m", ["abc[0m"]),
        ("one\ntwo\n\nthree\t four", ["one two", "three four"]),
        ("Either:\n- one\n2. two\n", ["Either:", "- one", "2. two"]),
        (7, []),
    ],
)
def test_a_text_is_split_into_lines_that_can_be_written(text: object, lines: list[str]) -> None:
    """Direction marks, control characters and halves of characters are left out; paragraphs and items are lines."""
    found = paragraphs(text)
    assert found == lines
    assert "".join(found).encode("utf-8").decode("utf-8") == "".join(lines)


@pytest.mark.parametrize("text", ["Done.", "Done!", "Done?", "One of:", "Done;", ""])
def test_a_sentence_that_has_an_end_gets_no_other(text: str) -> None:
    """A text that ends with a mark of its own, or is empty, stays as it is."""
    assert sentence(text) == text
    assert sentence(f"{text} more") == f"{text} more.".strip()


@pytest.mark.parametrize(
    "text",
    ['Say "hi"', 'a """ b', "back\\slash\\", '"', '"quoted" at first', "\\N{BULLET} \\x41", "x" * 200, 'y\n\nz"'],
)
def test_a_docstring_says_exactly_its_text(text: str) -> None:
    """Whatever quotes and backslashes a text has, Python reads it back from the docstring as it is."""
    source = f"def f():\n    {docstring(text.splitlines(), 4)}\n"
    (function,) = ast.parse(source).body
    assert isinstance(function, ast.FunctionDef)
    assert len(function.body) == 1
    assert ast.get_docstring(function) == text


def test_long_lines_are_wrapped_below_themselves() -> None:
    """A long line of the list of parameters goes on further to the right, and a long paragraph at its own margin."""
    lines = docstring(["one " * 40, "Args:", "    width: " + "two " * 40]).splitlines()
    assert max(map(len, lines)) <= 110
    assert [len(line) - len(line.lstrip()) for line in lines] == [0, 8, 8, 12, 16, 8]


@pytest.mark.parametrize(("value", "text"), [(6.0, "6"), (6, "6"), (0.5, "0.5"), (-1.0, "-1")])
def test_a_whole_number_has_no_fraction(value: float, text: str) -> None:
    """A bound that is published as 6.0 reads 6."""
    assert number(value) == text


@pytest.mark.parametrize("value", ['"""\n__import__("os")', "é\u202e\ud800", True, None, 1.5])
def test_a_literal_is_its_value_in_ascii(value: object) -> None:
    """A value written as source is ASCII on one line, and evaluates to itself."""
    source = literal(value)
    assert source.isascii() and "\n" not in source
    assert ast.literal_eval(source) == value


@pytest.mark.parametrize(
    ("servers", "server"),
    [
        (None, ""),
        ([], ""),
        ([{"url": "https://one.example.com"}, {"url": "https://two.example.com"}], "https://one.example.com"),
    ],
)
def test_the_package_knows_the_first_server(tmp_path: Path, servers: Any, server: str) -> None:
    """The address of the package is that of the first server, and empty if the document has none."""
    document = small_document()
    del document["servers"]
    if servers is not None:
        document["servers"] = servers
    rendered(tmp_path, document)
    assert f"\nSERVER: str = {server!r}\n" in (tmp_path / "specification.py").read_text(encoding="utf-8")


def rendered(folder: Path, document: dict[str, Any]) -> None:
    """Write the modules that have templates."""
    render_typed_modules(folder, Specification(document), Report(StringIO()))


@pytest.mark.parametrize("positional", [("prompt",), ()])
def test_only_the_prompt_may_be_given_by_position(tmp_path: Path, positional: tuple[str, ...]) -> None:
    """The prompt, if there is one, is the first argument wherever the document has it; the others need their names."""
    document = small_document()
    body = document["components"]["schemas"]["PaintInputs"]
    body["properties"] = {name: {"type": "string"} for name in ("width", *positional, "mood")}
    body["required"] = ["width", *positional]
    rendered(tmp_path, document)
    tree = ast.parse((tmp_path / "endpoints.py").read_text(encoding="utf-8"))
    found = [node.args for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "paint"]
    assert found
    assert {tuple(one.arg for one in arguments.args) for arguments in found} == {("self", *positional)}
    assert {tuple(one.arg for one in arguments.kwonlyargs)[:2] for arguments in found} == {("width", "mood")}


def test_arguments_are_documented_under_the_names_that_they_are_passed_by(tmp_path: Path) -> None:
    """Where a key of the body is no name in Python, the docstring lists the name of the argument."""
    document = small_document()
    body = document["components"]["schemas"]["PaintInputs"]
    body["properties"] = {"top-p": {"type": "number"}, "class": {"type": "string"}}
    body["required"] = []
    rendered(tmp_path, document)
    tree = ast.parse((tmp_path / "endpoints.py").read_text(encoding="utf-8"))
    (method,) = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "paint")
    listed = re.findall(r"^    (\S+?):", (ast.get_docstring(method) or "").partition("Args:")[2], re.MULTILINE)
    assert listed[:2] == [one.arg for one in method.args.kwonlyargs][:2]
    assert set(listed) == {one.arg for one in method.args.kwonlyargs} and "top-p" not in listed


@pytest.mark.parametrize("item", ["text", 1, {"post": "text"}, {"post": {"requestBody": []}}])
def test_a_malformed_path_is_named(item: Any) -> None:
    """A path of a wrong kind is one error that names it, not a traceback."""
    document = small_document()
    document["paths"]["/v1/broken"] = item
    with pytest.raises(CodegenError, match="path /v1/broken is malformed"):
        completed(document)


@pytest.mark.parametrize(
    "error", [AttributeError("a"), KeyError("a"), RecursionError("a"), TypeError("a"), ValueError("a")]
)
def test_an_error_of_reading_is_told_with_its_place(error: Exception) -> None:
    """Each error that a malformed document can cause names the place, and keeps its cause."""
    with (
        pytest.raises(CodegenError, match=f"^schema A is malformed: {type(error).__name__}: ") as caught,
        located("schema A"),
    ):
        raise error
    assert caught.value.__cause__ is error


def test_what_is_reported_appears_at_once_and_warnings_are_kept() -> None:
    """Each line is written out when it is reported, and of those only the warnings are kept."""
    raw = BytesIO()
    report = Report(TextIOWrapper(raw, encoding="utf-8", newline="\n"))
    report.stage("reading")
    assert raw.getvalue() == b"codegen: reading\n"
    report.warn("a key is ignored")
    assert raw.getvalue() == b"codegen: reading\ncodegen: warning: a key is ignored\n"
    assert report.warnings == ["a key is ignored"]
