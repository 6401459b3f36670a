"""What `diff` says about each change in the table, and of pairs of small schemas."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import main
from codegen.diff import Level, Side, differences
from codegen.diff.changes import level_of
from codegen.diff.report import as_json, markdown
from codegen.report import CodegenError

from .changes import CASES, UNREADABLE, Case
from .conftest import ROOT, applied

B, C, T = Level.BREAKING, Level.COMPATIBLE, Level.TEXT


def test_the_table_is_long_enough() -> None:
    """The table has at least forty changes, no two with the same name."""
    assert len({case.name for case in CASES}) == len(CASES) >= 40


@pytest.mark.about("flux-3-video")
def test_every_change_has_its_place(document: dict[str, Any]) -> None:
    """In a document as full as that of 2026-10 each change of the table can be made, so none is skipped."""
    before = json.dumps(document)
    assert [case.name for case in CASES if json.dumps(case.applied(document)) == before] == []


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_change_has_its_class(case: Case, document: dict[str, Any]) -> None:
    """A change of the table has the level in the table, or makes the comparison refuse."""
    changed = applied(case, document)
    if case.level is None:
        with pytest.raises(CodegenError, match=case.refusal):
            differences(document, changed)
        return
    changes = differences(document, changed)
    assert level_of(changes) is case.level, "\n".join(change.text for change in changes)
    assert changes or case.level is T
    assert all(change.places and change.text for change in changes)


def test_a_document_does_not_differ_from_itself(document: dict[str, Any]) -> None:
    """A copy with another order of keys, enums, requirements and alternatives, and floats for integers, is the same."""
    assert differences(document, _turned(document)) == []


def _turned(node: Any, key: str = "") -> Any:
    if isinstance(node, dict):
        return {name: _turned(node[name], name) for name in reversed(node)}
    if isinstance(node, list):
        turned = [_turned(item) for item in node]
        return turned[::-1] if key in ("anyOf", "oneOf", "enum", "required", "security") else turned
    return float(node) if isinstance(node, int) and not isinstance(node, bool) else node


def small(body: Any, answer: Any, **components: Any) -> dict[str, Any]:
    """Return a document with one operation."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "t", "version": "1"},
        "paths": {
            "/v1/a": {
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": body}}},
                    "responses": {"200": {"description": "", "content": {"application/json": {"schema": answer}}}},
                }
            }
        },
        "components": {"schemas": components},
    }


def chosen(*values: str) -> dict[str, Any]:
    """A discriminator with these values."""
    return {"discriminator": {"propertyName": "kind", "mapping": dict.fromkeys(values, "#/components/schemas/Tree")}}


PAIRS: list[tuple[Any, Any, Level, Level]] = [
    ({"minimum": 1}, {"minimum": 2}, B, C),
    ({"minimum": 2}, {"minimum": 1.0}, C, B),
    ({"maxLength": 5}, {}, C, B),
    ({}, {"pattern": "x"}, B, C),
    ({"pattern": "x"}, {"pattern": "y"}, B, B),
    ({"multipleOf": 8}, {"multipleOf": 16.0}, B, C),
    ({"multipleOf": 16}, {"multipleOf": 8}, C, B),
    ({"multipleOf": 6}, {"multipleOf": 4}, B, B),
    ({"exclusiveMinimum": 1}, {"exclusiveMinimum": 0}, C, B),
    ({"enum": ["a"]}, {"enum": ["a", "b"]}, C, B),
    ({"enum": ["a", "b"]}, {"enum": ["b"]}, B, C),
    ({"enum": ["a"]}, {"enum": ["b"]}, B, B),
    ({"enum": [1]}, {"enum": [True]}, B, B),
    ({"const": "a"}, {"enum": ["a"]}, T, T),
    ({"type": "integer"}, {"type": "number"}, C, B),
    ({"type": "integer"}, {"type": "string"}, B, B),
    ({"type": "integer"}, {"type": ["integer", "null"]}, C, B),
    ({"type": "integer", "nullable": True}, {"anyOf": [{"type": "integer"}, {"type": "null"}]}, T, T),
    ({"format": "uri"}, {"format": "uuid"}, B, B),
    ({}, {"format": "password"}, T, T),
    ({"default": 1}, {"default": 1.0}, T, T),
    ({"default": 1}, {"default": True}, B, C),
    ({}, {"default": 1}, C, C),
    ({"default": 1}, {}, B, C),
    ({}, {"readOnly": True}, B, T),
    ({}, {"writeOnly": True}, T, B),
    ({"readOnly": True}, {}, C, T),
    ({"writeOnly": True}, {"writeOnly": False}, T, C),
    ({"uniqueItems": False}, {}, T, T),
    ({}, {"uniqueItems": True}, B, C),
    ({"items": {"minimum": 1}}, {"items": {"minimum": 2}}, B, C),
    ({"items": {}}, {"items": {"type": "string"}}, B, C),
    ({"prefixItems": [{"type": "string"}]}, {"prefixItems": [{"type": "integer"}]}, B, B),
    ({"additionalProperties": False}, {"additionalProperties": True}, C, B),
    ({"additionalProperties": {"maximum": 1}}, {"additionalProperties": {"maximum": 2}}, C, B),
    ({}, {"additionalProperties": {"type": "string"}}, B, C),
    ({"additionalProperties": True}, {}, T, T),
    ({"properties": {"a": {}}}, {}, B, B),
    ({}, {"properties": {"a": {}}}, C, C),
    ({"properties": {"a": {}}}, {"properties": {"a": {}}, "required": ["a"]}, B, C),
    ({}, {"properties": {"a": {}}, "required": ["a"]}, B, C),
    ({"allOf": [{"minimum": 1}, {"minimum": 5}]}, {"minimum": 5}, T, T),
    ({"allOf": [{"enum": ["a", "b"]}, {"enum": ["b", "c"]}]}, {"enum": ["b"]}, T, T),
    ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, {"anyOf": [{"type": "string"}]}, B, C),
    (
        {"anyOf": [{"type": "string", "enum": ["a"]}, {"type": "string", "maxLength": 5}]},
        {"anyOf": [{"type": "string", "maxLength": 6}, {"type": "string", "enum": ["a", "b"]}]},
        C,
        B,
    ),
    ({"$ref": "#/components/schemas/Tree"}, {"$ref": "#/components/schemas/Tree"}, T, T),
    (chosen("a"), chosen("a", "b"), C, B),
    (chosen("a", "b"), chosen("a"), B, C),
    ({"not": {"minimum": 1}}, {}, C, B),
    ({"x-mint": 1}, {"x-mint": 2}, T, T),
    ({"title": "a", "example": 1}, {"title": "b", "deprecated": True}, T, T),
]


@pytest.mark.parametrize(("old", "new", "request_level", "response_level"), PAIRS)
def test_requests_and_responses_are_judged_apart(
    old: Any, new: Any, request_level: Level, response_level: Level
) -> None:
    """The same difference of a schema has one level for senders of requests and another for readers of answers."""
    tree = {"type": "object", "properties": {"children": {"items": {"$ref": "#/components/schemas/Tree"}}}}
    changes = differences(small(old, old, Tree=tree), small(new, new, Tree=tree))
    for side, level in ((Side.REQUEST, request_level), (Side.RESPONSE, response_level)):
        assert level_of(change for change in changes if change.side is side) is level, changes


def page(**more: Any) -> dict[str, Any]:
    """An operation with a query parameter."""
    return {"parameters": [{"name": "page", "in": "query", **more}]}


def answering(**more: Any) -> dict[str, Any]:
    """An operation with an answer."""
    return {"responses": {"200": {"description": "", **more}}}


JSON: dict[str, Any] = {"application/json": {"schema": {}}}
FORM: dict[str, Any] = {"multipart/form-data": {"schema": {}}}
LIMIT: dict[str, Any] = {"X-Limit": {"schema": {"maximum": 1}}}
AROUND: dict[str, tuple[dict[str, Any], dict[str, Any], Level, Level]] = {
    "a parameter": ({}, page(), C, B),
    "a required parameter": ({}, page(required=True), B, B),
    "a parameter that is needed": (page(), page(required=True), B, C),
    "a bound of a parameter": (page(schema={"maximum": 2}), page(schema={"maximum": 1}), B, C),
    "how a parameter is written": (page(), page(explode=True), B, B),
    "what a parameter may contain": (page(allowReserved=False), page(allowReserved=True), B, B),
    "the text of a parameter": (page(), page(description="Which page."), T, T),
    "the case of a query parameter": (page(name="A"), page(name="a"), B, B),
    "a body": ({}, {"requestBody": {"content": JSON}}, C, B),
    "a body that is needed": (
        {"requestBody": {"content": JSON}},
        {"requestBody": {"content": JSON, "required": True}},
        B,
        C,
    ),
    "a kind of body": ({"requestBody": {"content": JSON}}, {"requestBody": {"content": {**JSON, **FORM}}}, C, B),
    "how a part is written": (
        {"requestBody": {"content": FORM}},
        {"requestBody": {"content": {"multipart/form-data": {"schema": {}, "encoding": {"a": {"explode": True}}}}}},
        B,
        B,
    ),
    "a header of an answer": (answering(), answering(headers=LIMIT), C, B),
    "a bound of a header": (
        answering(headers=LIMIT),
        answering(headers={"x-limit": {"schema": {"maximum": 2}}}),
        B,
        C,
    ),
    "links": (answering(), answering(links={"poll": {"operationId": "poll"}}), C, C),
    "another success": (answering(), {"responses": {"200": {}, "202": {"description": ""}}}, B, B),
    "an answer to anything else": (answering(), {"responses": {"200": {}, "default": {"description": ""}}}, B, B),
    "an error": (answering(), {"responses": {"200": {}, "409": {"description": "It exists."}}}, C, C),
    "a mark of the vendor's": (answering(), {"responses": {"200": {}, "x-mark": {}}}, T, T),
}


@pytest.mark.parametrize(("old", "new", "there", "back"), AROUND.values(), ids=AROUND)
def test_what_surrounds_the_schemas_has_its_class(
    old: dict[str, Any], new: dict[str, Any], there: Level, back: Level
) -> None:
    """Parameters, bodies, headers and answers have one level when they appear or change, and another when undone."""
    for one, other, level in ((old, new, there), (new, old, back)):
        changes = differences(surrounded(one), surrounded(other))
        assert changes
        assert level_of(changes) is level, changes


def surrounded(node: dict[str, Any], **item: Any) -> dict[str, Any]:
    """A document with one operation, of which this is a part."""
    path = {"post": {"responses": {"200": {}}, **node}, **item}
    return {"openapi": "3.1.0", "info": {}, "paths": {"/v1/a": path}}


@pytest.mark.parametrize(
    ("key", "value", "there", "back"),
    [
        ("webhooks", {"done": {}}, C, B),
        ("tags", [{"name": "pictures"}], T, T),
        ("jsonSchemaDialect", "https://example.com/dialect", B, B),
        ("externalDocs", {"url": "https://example.com"}, T, T),
        ("x-mark", 1, T, T),
    ],
)
def test_a_key_of_the_whole_document_has_its_class(key: str, value: Any, there: Level, back: Level) -> None:
    """What a document says outside its paths and schemas is reported when it appears and when it goes."""
    without, having = surrounded({}), {**surrounded({}), key: value}
    for one, other, level in ((without, having, there), (having, without, back)):
        (change,) = differences(one, other)
        assert (change.level, change.places, change.field) == (level, ("the document",), key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (surrounded(page(allowReserved=False)), surrounded(page())),
        (surrounded(page(**{"in": "header", "name": "X-A"})), surrounded(page(**{"in": "header", "name": "x-a"}))),
        (surrounded({}, **page(required=True)), surrounded(page(required=True))),
    ],
    ids=["what is usual", "the case of a header", "a parameter of all operations of a path"],
)
def test_the_same_in_another_spelling_is_no_change(old: dict[str, Any], new: dict[str, Any]) -> None:
    """What an operation inherits or leaves out is what it says."""
    assert differences(old, new) == []


def test_an_operation_that_codegen_leaves_out_is_compared_by_name() -> None:
    """An operation of a kind that codegen leaves out is reported when it appears or goes, and not while it stays."""
    without, having = surrounded({}), surrounded({}, additionalOperations={"COPY": {}})
    for old, new, end in ((without, having, "is new"), (having, without, "is gone")):
        (change,) = differences(old, new)
        assert (change.level, change.places) == (C, ("COPY /v1/a",))
        assert change.text.endswith(end)
    assert differences(having, having) == []


ONE, TWO = ({"url": f"https://{name}.example.com"} for name in ("one", "two"))
KEY: dict[str, Any] = {"type": "apiKey", "in": "header", "name": "x-key"}


@pytest.mark.parametrize("whole", [True, False], ids=["of the document", "of an operation"])
@pytest.mark.parametrize(
    ("key", "old", "new", "there", "back"),
    [
        ("servers", [ONE], [ONE, TWO], C, B),
        ("servers", [ONE, TWO], [TWO, ONE], B, B),
        ("servers", [ONE], [TWO], B, B),
        ("servers", [ONE], [{**ONE, "variables": {"region": {"default": "eu"}}}], B, B),
        ("servers", [ONE], [{**ONE, "description": "The first."}], T, T),
        ("security", [{"A": []}], [{"A": []}, {"B": []}], C, B),
        ("security", [{"A": ["read", "write"]}], [{"A": ["read"]}], B, B),
    ],
)
def test_where_requests_go_and_what_they_need_has_its_class(
    whole: bool, key: str, old: Any, new: Any, there: Level, back: Level
) -> None:
    """Another first server is breaking and one more behind it is not; one more way to sign in is compatible."""
    for one, other, level in ((old, new, there), (new, old, back)):
        pair = [{**surrounded({}), key: value} if whole else surrounded({key: value}) for value in (one, other)]
        changes = differences(*pair)
        assert changes
        assert level_of(changes) is level, changes


@pytest.mark.parametrize(
    ("key", "old", "new"),
    [
        ("security", [{"A": ["read", "write"]}], [{"A": ["write", "read"]}]),
        ("security", [{"A": []}, {"B": []}], [{"B": []}, {"A": []}]),
        ("security", [], [{}]),
    ],
)
def test_the_same_access_in_another_order_is_no_change(key: str, old: Any, new: Any) -> None:
    """Neither the order of scopes nor that of alternatives is a change, nor is an empty list beside an empty one."""
    assert differences({**surrounded({}), key: old}, {**surrounded({}), key: new}) == []


@pytest.mark.parametrize(
    ("old", "new", "there", "back"),
    [
        ({"Key": KEY}, {"Key": {**KEY, "name": "token"}}, B, B),
        ({"Key": KEY}, {"Key": {**KEY, "description": "Yours."}}, T, T),
        ({}, {"Key": KEY}, C, B),
    ],
)
def test_a_scheme_of_security_has_its_class(old: Any, new: Any, there: Level, back: Level) -> None:
    """A key that goes elsewhere is breaking, another text of it is not, and a new scheme is compatible."""
    for one, other, level in ((old, new, there), (new, old, back)):
        pair = [{**surrounded({}), "components": {"securitySchemes": found}} for found in (one, other)]
        (change,) = differences(*pair)
        assert (change.level, change.field) == (level, "security scheme Key")


def test_a_schema_used_on_both_sides_is_reported_for_each(document: dict[str, Any]) -> None:
    """A wider enum of a shared schema is compatible for the request and breaking for the response, field by field."""
    shared = {"Shared": {"type": "string", "enum": ["a"]}}
    body = {"type": "object", "properties": {"choice": {"$ref": "#/components/schemas/Shared"}}}
    old = small(body, body, **shared)
    new = copy.deepcopy(old)
    new["components"]["schemas"]["Shared"]["enum"].append("b")
    found = {(one.side, one.field, one.level) for one in differences(old, new)}
    assert found == {(Side.REQUEST, "choice", C), (Side.RESPONSE, "200.choice", B)}


def test_alternatives_without_a_common_property_are_others() -> None:
    """Objects of a union that share no property are gone and new, and not the same ones with other properties."""
    old, new = ({"anyOf": [{"type": "object", "properties": {name: {}}} for name in names]} for names in ("ab", "cd"))
    found = [one.text.partition(" be ")[0] for one in differences(small(old, {}), small(new, {}))]
    assert sorted(found) == ["may also", "may also", "may no longer", "may no longer"]


def test_a_change_within_a_circle_is_found_and_ends() -> None:
    """Schemas that refer to each other in a circle are compared once, and the change in them is reported."""
    reference = {"$ref": "#/components/schemas/Tree"}
    tree = {"properties": {"child": {"anyOf": [reference, {"type": "null"}]}, "n": {"minimum": 1}}}
    old, new = (small(reference, {}, Tree=copy.deepcopy(tree)) for _ in range(2))
    new["components"]["schemas"]["Tree"]["properties"]["n"]["minimum"] = 2
    assert [(one.field, one.level) for one in differences(old, new)] == [("n", B)]
    loop = {"allOf": [reference]}
    assert differences(small(reference, {}, Tree=loop), small(reference, {}, Tree=loop)) == []


def test_the_report_names_path_and_field_and_counts_what_it_leaves_out(document: dict[str, Any]) -> None:
    """One change of a schema that many endpoints share is one entry, with its paths, the field and both values."""
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["AsyncResponse"]["properties"]["id"]["maxLength"] = 36
    (change,) = differences(document, changed)
    assert len(change.places) > 4
    text = markdown([change])
    assert f"and {len(change.places) - 4} more: `200.id` maxLength: absent → 36" in text
    assert "### Compatible: responses" in text
    entry = json.loads(as_json([change]))["changes"][0]
    assert entry["paths"] == list(change.places)
    assert (entry["level"], entry["side"], entry["field"]) == ("compatible", "response", "200.id")


def test_texts_of_a_specification_are_inert_in_the_report(document: dict[str, Any]) -> None:
    """Markup, links and mentions in a changed text are inactive in the report."""
    changed = copy.deepcopy(document)
    changed["info"] = {"title": "@everyone [x](https://example.com) <img src=x> `a`\n# heading"}
    text = markdown(differences(document, changed))
    (shown,) = [line.partition("title")[2] for line in text.splitlines() if "everyone" in line]
    assert "heading" in shown and "@everyone" not in shown
    assert re.findall(r"(?<!\\)[*_\[\]<>#|~`]", shown) == []


@pytest.mark.parametrize(("case", "code"), [("other_texts", 0), ("a_higher_maximum", 1), ("a_lower_maximum", 2)])
def test_the_exit_code_is_the_level(
    tmp_path: Path, document: dict[str, Any], capsys: pytest.CaptureFixture[str], case: str, code: int
) -> None:
    """`diff` exits with 0 for texts, 1 for compatible changes and 2 for breaking ones, in both formats."""
    new = tmp_path / "new.json"
    new.write_text(json.dumps(applied(next(one for one in CASES if one.name == case), document)), encoding="utf-8")
    for form in ("markdown", "json"):
        assert main(["diff", str(ROOT / "openapi.json"), str(new), "--format", form]) == code
        said = capsys.readouterr()
        assert said.err == ""
    assert json.loads(said.out)["level"] == ("text only", "compatible", "breaking")[code]


def test_the_version_step_needs_an_installed_client(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The report proposes a version where the client is installed, and leaves this out in a bare checkout."""

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    old, new, overlay = files = [str(tmp_path / f"{name}.json") for name in ("old", "new", "overlay")]
    for name, content in zip(files, (small({}, {}), {**small({}, {}), "tags": []}, {"actions": []}), strict=True):
        Path(name).write_text(json.dumps(content), encoding="utf-8")
    for expected in (True, False):
        assert main(["diff", old, new, "--overlay", overlay]) == 0
        assert ("Version step" in capsys.readouterr().out) is expected
        monkeypatch.setattr("codegen.__main__.metadata.version", missing)


def test_equal_documents_exit_with_0() -> None:
    """`python -m codegen diff` of a document with itself says that nothing has changed and exits with 0."""
    command = [sys.executable, "-m", "codegen", "diff", str(ROOT / "openapi.json"), str(ROOT / "openapi.json")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, encoding="utf-8")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Nothing has changed.\n", "")


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_anything_but_a_document_is_refused(tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    """`diff` exits with 3 and one line of error for anything that is not a document, in either place."""
    path, real = tmp_path / "new.json", str(ROOT / "openapi.json")
    path.write_bytes(content)
    for pair in ((real, str(path)), (str(path), real)):
        assert main(["diff", *pair]) == 3
        assert capsys.readouterr().err.startswith("codegen: error: ")


@pytest.mark.parametrize("arguments", [["diff"], ["diff", "a", "b", "--format", "x"], ["diff", "a", "b", "c"]])
def test_a_wrong_command_line_does_not_look_like_a_breaking_change(arguments: list[str]) -> None:
    """A missing argument, one too many and an unknown format exit with 3, not with 2."""
    with pytest.raises(SystemExit) as left:
        main(arguments)
    assert left.value.code == 3


@pytest.mark.parametrize("arguments", [["diff", "a.json", "b.json"], ["refresh", "none"]])
def test_a_missing_file_does_not_look_like_a_breaking_change(arguments: list[str]) -> None:
    """A file that is not there exits with 3, not with 2."""
    assert main(arguments) == 3


def test_the_report_names_the_bounds_that_the_overlay_widens(
    tmp_path: Path, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """With the changes stands each bound of the new document that the overlay has widened, and why."""
    overlay = {"actions": [{"target": "$.components.schemas.Size", "description": "Seen.", "update": {"maximum": 9}}]}
    old = {**document, "components": {"schemas": {"Size": {"type": "integer", "maximum": 4}}}, "paths": {}}
    new = {**old, "info": {**old["info"], "title": "New"}}
    for name, content in {"old.json": old, "new.json": new, "overlay.json": overlay}.items():
        (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    files = [str(tmp_path / name) for name in ("old.json", "new.json")]
    assert main(["diff", *files, "--overlay", str(tmp_path / "overlay.json")]) == 0
    assert "### Bounds from the overlay\n\n- `Size`: maximum 9 (published: 4). Seen.\n" in capsys.readouterr().out
