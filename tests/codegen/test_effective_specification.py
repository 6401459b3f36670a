"""The effective specification: documents read strictly, the overlay applied, servers and discriminators completed."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from codegen.effective import completed
from codegen.overlay import effective
from codegen.reading import read
from codegen.report import CodegenError, Report

from .conftest import ROOT, Workshop, small_document

GLOBAL = "https://api.bfl.ai"
PREFIX = "#/components/schemas/"


def applied(document: dict[str, Any], *actions: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Apply actions; return the document and the warnings."""
    report = Report(StringIO())
    return effective(document, {"overlay": "1.0.0", "actions": list(actions)}, report), report.warnings


def test_yaml_scalars_are_those_of_yaml_1_2(tmp_path: Path) -> None:
    """A plain ratio, a date, `on` and `no` are text, and numbers, booleans and null are themselves."""
    path = tmp_path / "a.yml"
    path.write_text("[16:9, 2026-10-01, on, no, 1.5, -3, 1e3, true, null, '8', 010]\n", encoding="utf-8")
    assert read(path) == ["16:9", "2026-10-01", "on", "no", 1.5, -3, 1000.0, True, None, "8", 10]


@pytest.mark.parametrize("name", ["twice.yml", "twice.json"])
def test_a_repeated_key_is_refused(tmp_path: Path, name: str) -> None:
    """A key that occurs twice in one object is refused, and the message names file and key."""
    (tmp_path / name).write_text('{"a": {"width": 1, "width": 2}}', encoding="utf-8")
    with pytest.raises(CodegenError, match=rf"{name}.*'width'"):
        read(tmp_path / name)


def test_a_merge_key_is_refused(tmp_path: Path) -> None:
    """A plain `<<` is refused, because YAML 1.2 has no merge keys, and in quotes it is a key like any other."""
    path = tmp_path / "a.yml"
    path.write_text("'<<': 1\n", encoding="utf-8")
    assert read(path) == {"<<": 1}
    path.write_text("<<: 1\n", encoding="utf-8")
    with pytest.raises(CodegenError, match="line 1: YAML 1.2 has no merge keys"):
        read(path)


def test_an_action_that_matches_nothing_is_reported_and_does_not_stop() -> None:
    """The warning names target and description, and the next action is applied."""
    document, warnings = applied(
        {"a": {}},
        {"target": "$.b", "description": "Gone since autumn.", "update": {"x": 1}},
        {"target": "$.a", "update": {"x": 1}},
    )
    assert document == {"a": {"x": 1}}
    assert warnings == ["overlay action 1 ($.b: Gone since autumn.) matches nothing"]


@pytest.mark.parametrize("found", [{"a": 1, "b": 2}, {"a": 1, "b": 2, "c": 3}])
def test_an_addition_that_is_there_is_needless(found: dict[str, int]) -> None:
    """An action that adds what is missing is called needless where an object has all of it, with more or without."""
    document, warnings = applied({"x": found}, {"target": "$[?@.a && !@.b]", "update": {"a": 1, "b": 2}})
    assert document == {"x": found}
    (warning,) = warnings
    assert warning.endswith(" is needless: the specification has a, b of its own")


def test_what_an_action_ignores_is_reported() -> None:
    """A misspelt key, an update beside a removal, and an action that does nothing are each reported."""
    _, warnings = applied(
        {"a": {}, "b": 1},
        {"target": "$.a", "updates": {"x": 1}},
        {"target": "$.b", "remove": True, "update": {}},
        {"target": "$.a", "remove": False},
    )
    assert [warning.split("): ")[-1] for warning in warnings] == [
        "the key 'updates' is ignored",
        "overlay action 1 ($.a) neither updates nor removes: the action is ignored",
        "the key 'update' is ignored",
        "overlay action 3 ($.a) neither updates nor removes: the action is ignored",
    ]


def test_a_key_of_the_overlay_that_is_ignored_is_reported() -> None:
    """A misspelt key of the overlay itself is reported; one that begins with x- is anybody's own."""
    report = Report(StringIO())
    effective({}, {"overlay": "1.0.0", "info": {}, "x-note": 1, "extend": 2, "actions": []}, report)
    assert report.warnings == ["overlay: the key 'extend' is ignored"]


def test_places_that_one_action_updates_share_nothing() -> None:
    """A later update of one of two places that an action updated leaves the other as it is."""
    document, _ = applied(
        {"a": {"x": {}}, "b": {"x": {}}},
        {"target": "$.*.x", "update": {"mark": {"kind": "image"}}},
        {"target": "$.a.x.mark", "update": {"kind": "video"}},
    )
    assert document == {"a": {"x": {"mark": {"kind": "video"}}}, "b": {"x": {"mark": {"kind": "image"}}}}


def test_removing_from_lists_removes_what_matches_and_no_more() -> None:
    """The first element of two lists, and two of three elements by a filter, are removed, and their neighbours stay."""
    document, _ = applied({"a": {"x": [1, 2, 3]}, "b": {"x": [4, 5]}}, {"target": "$.*.x[0]", "remove": True})
    assert document == {"a": {"x": [2, 3]}, "b": {"x": [5]}}
    document, _ = applied(
        {"p": [{"n": "a", "v": 1}, {"n": "b"}, {"n": "a", "v": 2}]}, {"target": "$.p[?(@.n=='a')]", "remove": True}
    )
    assert document == {"p": [{"n": "b"}]}


@pytest.mark.parametrize("action", [{"update": {}}, "x", {"target": "$.a["}, {"target": "$", "update": 1}])
def test_an_action_that_cannot_be_applied_is_named(action: Any) -> None:
    """The message of the failure names the action by its number."""
    broken = {"update": {}, **action} if isinstance(action, dict) else action
    with pytest.raises(CodegenError, match="overlay action 1"):
        applied({"a": 1}, broken)


@pytest.mark.parametrize(("published", "found"), [(4, 7), (5, 7), (7, 7), (9, 9)])
def test_a_bound_is_widened_with_its_evidence_and_never_narrowed(published: int, found: int) -> None:
    """A bound of the overlay counts if it is wider, and then says what is published and how it is known."""
    action = {"target": "$.a", "description": "Two clients\n say so.", "update": {"maximum": 7}}
    document, warnings = applied({"a": {"type": "integer", "maximum": published}}, action)
    assert document["a"]["maximum"] == found
    mark = {"maximum": {"published": published, "because": "Two clients say so."}}
    assert document["a"].get("x-bfl-bounds") == (mark if published < 7 else None)
    assert not warnings


def test_the_published_document_is_left_as_it_is() -> None:
    """Applying an overlay changes a copy."""
    published: dict[str, Any] = {"a": {}}
    applied(published, {"target": "$.a", "update": {"x": 1}})
    assert published == {"a": {}}


def servers(published: list[dict[str, Any]] | None) -> list[str]:
    """Return the servers of a small document after the project's overlay."""
    document = small_document()
    document.pop("servers")
    if published is not None:
        document["servers"] = published
    found = completed(effective(document, read(ROOT / "openapi-overlay.yml"), Report(StringIO())))
    return [server["url"] for server in found["servers"]]


@pytest.mark.parametrize(
    ("published", "first"),
    [
        (None, GLOBAL),
        ([], GLOBAL),
        ([{"url": "https://api.us1.bfl.ai"}], GLOBAL),
        ([{"url": "https://api.bfl.ml/", "description": "BFL"}], GLOBAL),
        ([{"url": "HTTPS://API.BFL.ML"}], GLOBAL),
        ([{"url": GLOBAL, "description": "BFL API"}], GLOBAL),
        ([{"url": "https://api.us1.bfl.ai"}, {"url": "https://new.bfl.ai"}], "https://new.bfl.ai"),
    ],
)
def test_the_first_server_is_not_dead(published: list[dict[str, Any]] | None, first: str) -> None:
    """Whatever servers a document names, no dead one is left, none occurs twice, and the first can be used."""
    found = servers(published)
    assert found[0] == first
    assert len(found) == len(set(found))
    assert GLOBAL in found
    assert not [url for url in found if "us1" in url or "bfl.ml" in url]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"$ref": f"{PREFIX}Alias"}, "PaintInputs"),
        ({"allOf": [{"$ref": f"{PREFIX}PaintInputs"}], "title": "Body"}, "PaintInputs"),
        ({"allOf": [{"$ref": f"{PREFIX}PaintInputs"}, {"required": ["width"]}]}, "PaintInputs2"),
        ({"allOf": [{"$ref": f"{PREFIX}PaintInputs"}], "properties": {"mood": {}}}, "PaintInputs2"),
    ],
)
def test_a_body_that_only_refers_is_the_schema_it_refers_to(workshop: Workshop, body: Any, name: str) -> None:
    """A body that is another name of a schema is that schema; one that adds to it gets a name of its own."""
    workshop.document["components"]["schemas"]["Alias"] = {"$ref": f"{PREFIX}PaintInputs"}
    workshop.document["paths"]["/v1/paint"]["post"]["requestBody"]["content"]["application/json"]["schema"] = body
    operation = completed(workshop.document)["paths"]["/v1/paint"]["post"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": PREFIX + name}


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=utf-8", "application/vnd.bfl+json"])
def test_an_inline_body_of_any_kind_of_json_gets_a_name_and_a_discriminator(kind: str) -> None:
    """A body written in place becomes a schema named after its path, told apart like others; other kinds stay."""
    document = small_document()
    schemas = document["components"]["schemas"]
    schemas |= {"One": branch("a", "kind"), "Two": branch("b", "kind")}
    content = document["paths"]["/v1/paint"]["post"]["requestBody"]["content"]
    del content["application/json"]
    content[kind] = {"schema": {"oneOf": [{"$ref": f"{PREFIX}One"}, {"$ref": f"{PREFIX}Two"}]}}
    content["multipart/form-data"] = {"schema": {"type": "object"}}
    found = completed(document)
    bodies = found["paths"]["/v1/paint"]["post"]["requestBody"]["content"]
    assert bodies[kind] == {"schema": {"$ref": f"{PREFIX}PaintInputs2"}}
    assert bodies["multipart/form-data"] == {"schema": {"type": "object"}}
    mapping = {"a": f"{PREFIX}One", "b": f"{PREFIX}Two"}
    assert found["components"]["schemas"]["PaintInputs2"]["discriminator"] == {
        "propertyName": "kind",
        "mapping": mapping,
    }


def test_a_document_with_dead_servers_only_is_refused() -> None:
    """If all servers of a document are among those that are marked as gone, it is not taken over."""
    document = {**small_document(), "x-bfl-gone-servers": ["https://old.example.com"]}
    document["servers"] = [{"url": "https://OLD.example.com/"}]
    with pytest.raises(CodegenError, match="only servers that no longer exist"):
        completed(document)


def union(workshop: Workshop, *branches: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make the body of the workshop's endpoint a union and return it as the effective specification has it."""
    schemas = workshop.document["components"]["schemas"]
    schemas |= {f"Branch{number}": branch for number, branch in enumerate(branches)}
    schemas["PaintInputs"] = {"anyOf": [{"$ref": f"{PREFIX}Branch{number}"} for number in range(len(branches))], **more}
    found: dict[str, Any] = completed(workshop.document)["components"]["schemas"]["PaintInputs"]
    return found


def branch(value: Any, *required: str) -> dict[str, Any]:
    """Return the schema of an object whose `kind` is a constant."""
    return {"type": "object", "properties": {"kind": {"const": value}}, "required": [*required]}


def test_constants_tell_the_branches_of_a_union_apart(workshop: Workshop) -> None:
    """Branches that require a property with a constant of their own get a discriminator, and a method each."""
    found = union(workshop, branch("a", "kind"), branch("b", "kind"))
    mapping = {"a": f"{PREFIX}Branch0", "b": f"{PREFIX}Branch1"}
    assert found["discriminator"] == {"propertyName": "kind", "mapping": mapping}
    workshop.generate()
    assert "def paint_a(" in workshop.text("endpoints.py")


def test_a_discriminator_without_its_mapping_gets_it(workshop: Workshop) -> None:
    """A missing mapping is made from the constants, even if the property is optional."""
    found = union(workshop, branch("a"), branch("b"), discriminator={"propertyName": "kind"})
    assert found["discriminator"]["mapping"] == {"a": f"{PREFIX}Branch0", "b": f"{PREFIX}Branch1"}


@pytest.mark.parametrize(
    "branches",
    [
        (branch("a"), branch("b")),
        (branch("a", "kind"), branch("a", "kind")),
        (branch("a", "kind"), branch("b", "kind"), {"type": "string"}),
        (branch(1, "kind"), branch(2, "kind")),
        (branch("a", "kind"), {"type": "object", "properties": {"mood": {"const": "b"}}, "required": ["mood"]}),
    ],
)
def test_what_does_not_tell_apart_makes_no_discriminator(workshop: Workshop, branches: Any) -> None:
    """A constant that is optional, no text, missing in a branch or shared by two makes no discriminator."""
    assert "discriminator" not in union(workshop, *branches)


def test_a_key_in_another_header_is_refused(workshop: Workshop) -> None:
    """A specification that wants the key in a header that the client does not send stops the generation."""
    scheme = {"type": "apiKey", "in": "header", "name": "authorization"}
    workshop.document["components"]["securitySchemes"] = {"Key": scheme}
    with pytest.raises(CodegenError, match="'authorization'.*sends 'x-key'"):
        workshop.generate()


@pytest.mark.parametrize(
    "scheme",
    [
        {"type": "apiKey", "in": "header", "name": "X-Key"},
        {"type": "apiKey", "in": "query", "name": "token"},
        {"type": "http", "scheme": "bearer"},
    ],
)
def test_only_a_key_in_a_header_is_compared_with_the_header_of_the_client(scheme: dict[str, Any]) -> None:
    """The client's own header in any case, and what is no key in a header, stop nothing."""
    document = small_document()
    document["components"]["securitySchemes"] = {"Key": scheme}
    assert completed(document)["components"]["securitySchemes"] == {"Key": scheme}


KLEIN = "/v1/flux-3-image-klein"


def published_klein(document: dict[str, Any]) -> dict[str, Any]:
    """Publish the endpoint that the overlay adds, with a schema that has the overlay's name and other contents."""
    properties = {"prompt": {"type": "string", "maxLength": 99}, "detail": {"enum": ["low", "high"]}}
    schema = {"type": "object", "required": ["prompt", "detail"], "properties": properties}
    document["components"]["schemas"]["Flux3ImageKleinInputs"] = {**schema, "additionalProperties": False}
    operation = json.dumps(document["paths"][KLEIN.removesuffix("-klein")]["post"])
    document["paths"][KLEIN] = {"post": json.loads(operation.replace("Flux3ImageInputs", "Flux3ImageKleinInputs"))}
    document["paths"][KLEIN]["post"]["operationId"] = "published"
    return document


@pytest.mark.about("flux-3-video")
def test_an_unpublished_endpoint_gives_way_once_it_is_published(document: dict[str, Any]) -> None:
    """The published schema stands alone, the overlay's action is reported as needless, and the marks stay."""
    overlay, report = read(ROOT / "openapi-overlay.yml"), Report(StringIO())
    assert effective(document, overlay, report)["paths"][KLEIN]["post"]["x-bfl-unpublished"] is True
    assert not report.warnings
    published = published_klein(document)
    found = completed(effective(published, overlay, report))
    assert (
        found["components"]["schemas"]["Flux3ImageKleinInputs"]
        == published["components"]["schemas"]["Flux3ImageKleinInputs"]
    )
    operation = found["paths"][KLEIN]["post"]
    assert "x-bfl-unpublished" not in operation
    assert operation["x-bfl-url-lifetime"] == 3600
    (warning,) = report.warnings
    assert f"is needless: the specification has {KLEIN} of its own" in warning
