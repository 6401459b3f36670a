"""Single facts of a comparison, and how the report words, orders and shortens them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from codegen.diff import Change, Level, Side, differences
from codegen.diff.report import as_json, entry, markdown

B, C, T = Level.BREAKING, Level.COMPATIBLE, Level.TEXT
PREFIX = "#/components/schemas/"
OK: dict[str, Any] = {"responses": {"200": {"description": ""}}}


def paths(**items: Any) -> dict[str, Any]:
    """A document with these paths below `/v1`."""
    return {"openapi": "3.1.0", "info": {}, "paths": {f"/v1/{name}": item for name, item in items.items()}}


def asking(body: Any, **components: Any) -> dict[str, Any]:
    """A document with one operation that takes this body."""
    content = {"application/json": {"schema": body}}
    return {**paths(a={"post": {**OK, "requestBody": {"content": content}}}), "components": {"schemas": components}}


def told(old: Any, new: Any) -> list[tuple[Level, str, str]]:
    """Level, field and text of each change of a body."""
    return [(one.level, one.field, one.text) for one in differences(asking(old), asking(new))]


@pytest.mark.parametrize(
    ("old", "new", "level", "place", "text"),
    [
        ({"a": {"post": OK, "get": OK}}, {"a": {"post": OK}}, B, "GET /v1/a", "the operation is gone"),
        ({"a": {"post": OK}}, {"a": {"post": OK, "get": OK}}, C, "GET /v1/a", "the operation is new"),
        ({"a": {"post": OK}, "b": {"get": OK}}, {"a": {"post": OK}}, B, "GET /v1/b", "the endpoint is gone"),
        ({"a": {"post": OK}}, {"a": {"post": OK}, "b": {"get": OK}}, C, "GET /v1/b", "the endpoint is new"),
    ],
)
def test_what_is_gone_or_new_is_named(old: Any, new: Any, level: Level, place: str, text: str) -> None:
    """A method of a path that stays is an operation, and a whole path an endpoint, each reported when it goes."""
    (change,) = differences(paths(**old), paths(**new))
    assert (change.level, change.places, change.text) == (level, (place,), text)


def page(**schema: Any) -> list[dict[str, Any]]:
    """A parameter in the query."""
    return [{"name": "page", "in": "query", "schema": schema}]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"servers": [{"url": "https://one.example.com"}]}, {"servers": [{"url": "https://two.example.com"}]}),
        ({"parameters": page(maximum=9)}, {"parameters": page(maximum=5)}),
    ],
)
def test_what_a_path_says_for_its_operations_is_compared(old: Any, new: Any) -> None:
    """Servers and parameters of a path are those of each of its operations."""
    (change,) = differences(paths(a={"post": OK, **old}), paths(a={"post": OK, **new}))
    assert (change.level, change.places) == (B, ("POST /v1/a",))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("style", "deepObject"),
        ("explode", False),
        ("allowReserved", True),
        ("allowEmptyValue", True),
        ("content", {"application/json": {"schema": {}}}),
    ],
)
def test_how_a_parameter_is_written_is_compared(key: str, value: Any) -> None:
    """Each of the ways to write a parameter into an address that changes is breaking, and reported."""
    old, new = page(), [{**page()[0], key: value}]
    (change,) = differences(*(paths(a={"post": {**OK, "parameters": one}}) for one in (old, new)))
    assert (change.level, change.field) == (B, "query parameter page")


def test_an_operation_overrules_its_path() -> None:
    """A parameter of the operation counts before the one of the same name of its path."""
    old, new = (paths(a={"parameters": page(maximum=top), "post": {**OK, "parameters": page()}}) for top in (9, 5))
    assert differences(old, new) == []


def test_the_access_of_the_document_is_that_of_its_operations() -> None:
    """An operation that repeats the security of the document has not changed; one that waives it has."""
    whole = {**paths(a={"post": OK}), "security": [{"A": []}]}
    repeated = {**paths(a={"post": {**OK, "security": [{"A": []}]}}), "security": [{"A": []}]}
    waived = {**paths(a={"post": {**OK, "security": []}}), "security": [{"A": []}]}
    assert differences(whole, repeated) == []
    assert {(one.places, one.level) for one in differences(whole, waived)} == {
        (("POST /v1/a",), B),
        (("POST /v1/a",), C),
    }


def test_a_needed_body_that_goes_is_breaking() -> None:
    """A body that was needed and is no longer taken is a body that is gone."""
    needed = {"post": {**OK, "requestBody": {"required": True, "content": {"application/json": {"schema": {}}}}}}
    (change,) = differences(paths(a=needed), paths(a={"post": OK}))
    assert (change.level, change.side) == (B, Side.REQUEST)
    assert change.text.startswith("request body: ")


@pytest.mark.parametrize(
    ("old", "new", "changes"),
    [
        ({}, {"properties": {"a": {}}, "required": ["a"]}, [(B, "a", "the property is new, and it is required")]),
        ({"properties": {"a": {}}}, {"properties": {"a": {}}, "required": ["a"]}, [(B, "a", "is now required")]),
        ({"enum": ["a", "b"]}, {"enum": ["c", "a"]}, [(B, "", 'enum gains "c" and loses "b"')]),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"]}, []),
        ({"items": {"maximum": 9}}, {"items": {"maximum": 5.0}}, [(B, "[]", "maximum: 9 → 5")]),
        ({}, {"items": {"type": "string"}}, [(B, "[]", 'type: absent → "string"')]),
        (
            {"type": "object", "properties": {"a": {"properties": {"b": {"minimum": 1}}}}},
            {"type": "object", "properties": {"a": {"properties": {"b": {"minimum": 2}}}}},
            [(B, "a.b", "minimum: 1 → 2")],
        ),
        (
            {"allOf": [{"properties": {"a": {"maximum": 9}}}, {"properties": {"a": {"maximum": 8}}}]},
            {"allOf": [{"properties": {"a": {"maximum": 9}}}, {"properties": {"a": {"maximum": 7}}}]},
            [(B, "a", "maximum: 8 → 7")],
        ),
        (
            {"allOf": [{"properties": {"a": {}, "b": {}}, "required": ["a"]}, {"required": ["a"]}]},
            {"allOf": [{"properties": {"a": {}, "b": {}}, "required": ["a"]}, {"required": ["b"]}]},
            [(B, "b", "is now required")],
        ),
        ({"allOf": [{"maximum": 5}, {"maximum": 3}]}, {"allOf": [{"maximum": 3}, {"maximum": 5}]}, []),
        ({"default": "a" * 200}, {"default": "b" * 200}, [(B, "", f'default: "{"a" * 96}... → "{"b" * 96}...')]),
        ({"type": "string"}, {"type": "object"}, [(B, "", 'type: "string" → "object"')]),
    ],
)
def test_each_fact_of_a_schema_is_told_once_at_its_field(old: Any, new: Any, changes: Any) -> None:
    """A difference names its field and both values, shortened, and is told once."""
    assert told(old, new) == changes


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"propertyName": "form"}, 'discriminator: "kind" → "form"'),
        (
            {"mapping": {"a": f"{PREFIX}Oil", "b": f"{PREFIX}Ink"}},
            f'discriminator target: "{PREFIX}Ink" → "{PREFIX}Oil"',
        ),
        ({"mapping": {"a": f"{PREFIX}Ink"}}, 'discriminator mapping loses "b"'),
    ],
)
def test_what_tells_forms_apart_is_compared(changed: dict[str, Any], text: str) -> None:
    """Another property, another form of a value, and a value that goes are breaking."""
    kinds = {name: {"type": "object", "properties": {name: {}}} for name in ("Ink", "Oil")}
    usual = {"propertyName": "kind", "mapping": {"a": f"{PREFIX}Ink", "b": f"{PREFIX}Ink"}}
    old, new = (
        asking({"oneOf": [{"$ref": f"{PREFIX}Ink"}, {"$ref": f"{PREFIX}Oil"}], "discriminator": one}, **kinds)
        for one in (usual, {**usual, **changed})
    )
    changes = differences(old, new)
    assert {(one.level, one.text) for one in changes} == {(B, text)}


@pytest.mark.parametrize(("used", "level"), [(True, B), (False, C)])
def test_a_schema_that_goes_is_a_class_only_if_it_is_used(used: bool, level: Level) -> None:
    """A model that operations use is missed when it goes; a schema that nothing uses is only mentioned."""
    body = {"$ref": f"{PREFIX}Ink"} if used else {"type": "object"}
    changes = differences(asking(body, Ink={"type": "object"}), asking({"type": "object"}))
    assert [(one.level, one.places) for one in changes if one.places == ("schema Ink",)] == [(level, ("schema Ink",))]


def test_a_changed_schema_that_nothing_uses_is_mentioned() -> None:
    """Another bound of a schema that no operation refers to is compatible, and not left out."""
    (change,) = differences(asking({}, Ink={"maximum": 9}), asking({}, Ink={"maximum": 5}))
    assert (change.level, change.places) == (C, ("schema Ink",))


def test_breaking_changes_come_first() -> None:
    """Whatever part of the document they are in, changes are ordered by level."""
    old = {**asking({"maximum": 9}), "tags": []}
    new = {**asking({"maximum": 5, "title": "Ink"}), "tags": [{"name": "a"}], "webhooks": {"done": {}}}
    assert [one.level for one in differences(old, new)] == [B, C, T, T]


@pytest.mark.parametrize(
    ("places", "listed"),
    [(1, "`p0`:"), (4, "`p0`, `p1`, `p2`, `p3`:"), (5, "`p0`, `p1`, `p2`, `p3` and 1 more:")],
)
def test_an_entry_names_four_places_and_counts_the_rest(places: int, listed: str) -> None:
    """Up to four places are named, and beyond them their number is."""
    change = Change(B, Side.REQUEST, tuple(f"p{number}" for number in range(places)), "a`b\n c", "maximum: 9 → 5")
    assert entry(change) == f"- {listed} `a'b c` maximum: 9 → 5"


def test_both_reports_end_with_the_other_sections() -> None:
    """What is to be done follows the changes, in Markdown under headings and in JSON by name."""
    change = Change(B, Side.REQUEST, ("POST /v1/a",), "w", "maximum: 9 → 5")
    sections = [("What users must do", ["keep `w` at most 5", "wait"])]
    text = markdown([change], sections)
    assert "**breaking** (1 breaking, 0 compatible, 0 text only)" in text
    assert text.index("### Breaking: requests") < text.index("### What users must do")
    assert "### What users must do\n\n- keep `w` at most 5\n- wait\n" in text
    found = json.loads(as_json([change], sections))
    assert found["sections"] == {"What users must do": ["keep `w` at most 5", "wait"]}
    assert (found["level"], found["changes"][0]["text"]) == ("breaking", "maximum: 9 → 5")
    assert markdown([], sections) == "Nothing has changed.\n"
