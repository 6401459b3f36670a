"""Documents: reading them strictly, fetching them, and naming what is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from codegen.published import defects, published
from codegen.reading import copied, dump, parsed, read
from codegen.report import CodegenError

from .conftest import small_document

Document = dict[str, Any]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-3", "-3"),
        ("+4", "4"),
        ("-.5e-1", "-0.05"),
        ("3.", "3.0"),
        ("|\n  8\n", "'8\\n'"),
        (">-\n  8\n", "'8'"),
        ("'true'", "'true'"),
        ('"null"', "'null'"),
        ("~", "None"),
        ("", "None"),
        ("{a: }", "{'a': None}"),
        ("{a: '', 1: x}", "{'a': '', '1': 'x'}"),
        ("False", "'False'"),
        ("false", "False"),
        ("1_000", "'1_000'"),
        ("0x1F", "'0x1F'"),
    ],
)
@pytest.mark.parametrize("name", ["a.yml", "a.yaml"])
def test_a_scalar_of_yaml_has_the_type_that_json_would_give_it(text: str, value: str, name: str) -> None:
    """Signed integers are integers, what is quoted or in a block is a text, and an empty value is null."""
    assert repr(parsed(text.encode(), name)) == value


def test_a_mark_of_utf_8_at_the_beginning_is_no_content() -> None:
    """A document that an editor on Windows saved with a byte order mark is read like any other."""
    assert parsed(b'\xef\xbb\xbf{"a": 1}', "a.json") == {"a": 1}


UNREADABLE = {
    "a JSON number that is none": (b'{"a": NaN}', "a.json", "NaN is not JSON"),
    "an endless JSON number": (b'{"a": -Infinity}', "a.json", "-Infinity is not JSON"),
    "deep JSON": (b"[" * 200_000, "a.json", r"a\.json cannot be read: .*recursion"),
    "deep YAML": (b"[" * 1_000, "a.yml", r"a\.yml cannot be read: .*recursion"),
    "broken YAML": (b"a: [1", "a.yml", r"a\.yml cannot be read: .*begins with 'a: \[1'"),
    "a list as a key": (b"a: 1\n? [1, 2]\n: 3\n", "a.yaml", r"a\.yaml cannot be read: line 2: a key is not a text"),
    "no UTF-8": (b'{"a": "\xff"}', "a.json", r"a\.json cannot be read"),
    "a page": (b"<html>\n <body>", "a.json", r"it begins with '<html> <body>'"),
}


@pytest.mark.parametrize(("content", "name", "said"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_no_document_is_refused_with_a_reason(content: bytes, name: str, said: str) -> None:
    """A malformed, endlessly nested or misspelt document is one error of ours that names the file."""
    with pytest.raises(CodegenError, match=f"(?s){said}"):
        parsed(content, name)


@pytest.mark.parametrize("name", ["", "missing.json"], ids=["folder", "missing"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    """A folder and a missing file are refused with an error of ours, read as a source or as what is published."""
    path = tmp_path / name
    with pytest.raises(CodegenError, match=f"{path.name} cannot be read"):
        read(path)
    with pytest.raises(CodegenError, match=f"{path.name} is not a file"):
        published(str(path))


def test_documents_are_written_in_their_own_order_and_in_ascii() -> None:
    """Written JSON keeps the order of its keys, is ASCII, ends with a line end, and never has what is not JSON."""
    assert dump({"b": "ü", "a": [1]}) == '{\n "b": "\\u00fc",\n "a": [\n  1\n ]\n}\n'
    with pytest.raises(ValueError, match="JSON"):
        dump(float("nan"))


def test_a_copy_shares_nothing() -> None:
    """In a copy two places that were one object are two."""
    one: Document = {"x": 1}
    first, second = copied([one, one])
    first["x"] = 2
    assert (second, one) == ({"x": 1}, {"x": 1})


class TestFetching:
    def test_json_is_asked_for(self) -> None:
        """The request says that it takes JSON: a server that has a page at the same address sends the document."""

        def answer(request: httpx.Request) -> httpx.Response:
            wanted = request.headers["Accept"] == "application/json"
            return httpx.Response(200, json={"openapi": "3.1.0"}) if wanted else httpx.Response(200, text="<html>")

        document = published("https://api.example.com/openapi.json", transport=httpx.MockTransport(answer))
        assert document == {"openapi": "3.1.0"}

    def test_the_path_of_the_address_says_whether_it_is_yaml(self) -> None:
        """An address whose path ends in .yaml is read as YAML, whatever its query is."""
        transport = httpx.MockTransport(lambda request: httpx.Response(200, text="openapi: 3.1.0\n"))
        assert published("https://x.example/a.yaml?b=c.json", transport=transport) == {"openapi": "3.1.0"}

    def test_an_address_that_is_none_is_refused(self) -> None:
        """An address that no request can be made of is refused and named, like one that does not answer."""
        with pytest.raises(CodegenError, match="cannot be fetched: InvalidURL"):
            published("https://\x00/")


def changed(change: Callable[[Document], object]) -> Document:
    """Return the small document after a change."""
    document = small_document()
    change(document)
    return document


def properties(document: Document) -> Document:
    """Return the properties of the small document's request."""
    found: Document = document["components"]["schemas"]["PaintInputs"]["properties"]
    return found


DEFECTS: dict[str, tuple[Callable[[Document], object], list[str]]] = {
    "none": (lambda one: None, []),
    "none in OpenAPI 3.2": (lambda one: one.update(openapi="3.2.0"), []),
    "in a path": (
        lambda one: one["paths"]["/v1/paint"]["post"]["responses"]["200"].pop("description"),
        ['#/paths/~1v1~1paint/post/responses/200: "description" is a required property'],
    ),
    "in a name with a tilde": (
        lambda one: properties(one).update({"a~b/c": {"type": "integer", "default": "x"}}),
        ["#/components/schemas/PaintInputs/properties/a~0b~1c: 'x' is not of type 'integer'"],
    ),
    "in the version": (
        lambda one: one.update(openapi="3.0.3"),
        [
            "the specification is not an OpenAPI document of version 3.1 or 3.2, but of 3.0.3, whose schemas mean "
            "other things (nullable, exclusiveMinimum): convert it to 3.1 first"
        ],
    ),
    "in the components": (
        lambda one: one.update(components=5),
        ["the document is malformed: AttributeError: 'int' object has no attribute 'setdefault'"],
    ),
    "behind a list": (
        lambda one: properties(one).update(a={"anyOf": [{"type": "null"}, {"type": "integer", "default": "x"}]}),
        ["#/components/schemas/PaintInputs/properties/a/anyOf/1: 'x' is not of type 'integer'"],
    ),
}


@pytest.mark.parametrize(("change", "found"), DEFECTS.values(), ids=DEFECTS)
def test_a_defect_is_named_with_its_place(change: Callable[[Document], object], found: list[str]) -> None:
    """A defect has a JSON pointer to its place, and a sound document of either version has none."""
    assert defects(changed(change)) == found


def test_long_content_is_not_repeated() -> None:
    """A picture in the wrong place is not printed in full: neither as a defect nor as a document's beginning."""
    wrong = {"type": "integer", "default": "x" * 90_000}
    (defect,) = defects(changed(lambda one: properties(one).update(a=wrong)))
    assert 100 < len(defect) < 500
    with pytest.raises(CodegenError) as caught:
        parsed(b"x" * 90_000, "a.json")
    assert 50 < len(str(caught.value)) < 500


def test_no_defect_is_named_twice() -> None:
    """A defect that is met again, because two properties are alike, is one line."""
    wrong = {"type": "integer", "default": "x"}
    found = defects(changed(lambda one: properties(one).update(a=wrong, b=dict(wrong))))
    assert found == ["#/components/schemas/PaintInputs/properties/a: 'x' is not of type 'integer'"]


@pytest.mark.parametrize(
    "change",
    [
        lambda one: properties(one)["width"].update({"$dynamicRef": "#nowhere"}),
        lambda one: one["paths"].update({"/v1/a{": one["paths"]["/v1/paint"]}),
    ],
    ids=["dynamic reference", "brace"],
)
def test_what_the_validator_cannot_read_is_a_defect(change: Callable[[Document], object]) -> None:
    """A document on which the validator of OpenAPI itself fails is malformed, not sound."""
    (defect,) = defects(changed(change))
    assert defect.startswith("the document is malformed: ")
