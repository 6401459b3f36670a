"""What a report says beside the changes: what users must do, the version step, and what is missing or stale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from codegen.advice import advice, endpoints
from codegen.diff import Change, Level, Side

Properties = dict[str, dict[str, Any]]
TEXT = {"type": "string"}


def document(marks: dict[str, Any] | None = None, required: tuple[str, ...] = (), **bodies: Properties) -> Any:
    """A document with a task endpoint for each body."""
    paths, schemas = {}, {}
    for name, properties in bodies.items():
        schemas[name] = {"type": "object", "properties": properties, "required": list(required)}
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}}
        paths[f"/v1/{name.replace('_', '-')}"] = {"post": {"requestBody": {"content": content}, **(marks or {})}}
    return {"paths": paths, "components": {"schemas": schemas}}


def said(before: Any, after: Any, heading: str = "What users must do", **more: Any) -> list[str]:
    """The lines under a heading; none if it is missing."""
    return dict(advice(before, after, more.pop("changes", []), **more)).get(heading, [])


@pytest.mark.parametrize(
    ("old", "new", "order"),
    [
        ({"steps": {"type": "integer"}}, {}, "drop `steps`"),
        ({"seed": {"type": "integer"}}, {"seed_2": {"type": "integer", "title": "New"}}, "rename `seed` to `seed_2`"),
        ({"a": {"type": "integer"}}, {"b": TEXT}, "drop `a`"),
        ({"w": {"default": 768}}, {"w": {"default": 512}}, "another default, 512: pass 768 to keep the old one"),
        ({"w": {"default": 768}}, {"w": {}}, "another default, none: pass 768"),
        ({"w": {"maximum": 1440}}, {"w": {"maximum": 1024}}, "keep `w` at most 1024"),
        ({"w": {}}, {"w": {"minimum": 64}}, "keep `w` at least 64"),
        ({"w": {"minimum": 64}}, {"w": {"minimum": 128}}, "keep `w` at least 128"),
        ({"w": {"default": False}}, {"w": {"default": True}}, "another default, true: pass false to keep"),
        ({"w": {"default": 0}}, {"w": {}}, "another default, none: pass 0 to keep"),
        ({"w": {}}, {"w": {"multipleOf": 32}}, "keep `w` a multiple of 32"),
        ({"w": {"multipleOf": 16}}, {"w": {"multipleOf": 32}}, "keep `w` a multiple of 32"),
        ({"p": {"maxLength": 9}}, {"p": {"maxLength": 5}}, "keep `p` at most 5"),
        ({"f": {"enum": ["a", "b"]}}, {"f": {"enum": ["a"]}}, '`f` no longer takes "b"'),
    ],
)
def test_each_breaking_change_of_a_body_is_an_order(old: Properties, new: Properties, order: str) -> None:
    """A removed, renamed or narrowed parameter and another default become a line that says what to do."""
    (line,) = said(document(paint=old), document(paint=new))
    assert line.startswith("`paint`: ")
    assert order in line


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"w": {"maximum": 1024}}, {"w": {"maximum": 1440}}),
        ({"w": {"minimum": 64}}, {"w": {"minimum": 32}}),
        ({"f": {"enum": ["a"]}}, {"f": {"enum": ["a", "b"]}}),
        ({"f": {"enum": ["a"]}}, {"f": TEXT}),
        ({"p": {"maxLength": 5}}, {"p": {"maxLength": 9}}),
        ({"w": {"multipleOf": 32}}, {"w": {"multipleOf": 32}}),
        ({"w": {}}, {"w": {"default": 1}}),
        ({}, {"new": TEXT}),
        ({"w": {"title": "Old"}}, {"w": {"title": "New"}}),
    ],
)
def test_a_compatible_change_asks_nothing(old: Properties, new: Properties) -> None:
    """What permits more, or changes texts only, gives no order."""
    assert said(document(paint=old), document(paint=new)) == []


def test_a_required_parameter_and_a_gone_endpoint_are_orders() -> None:
    """A parameter that becomes required is to be passed; for a gone endpoint the new ones are named."""
    before = document(paint={"prompt": TEXT}, draw={"prompt": TEXT})
    assert said(before, document(None, ("prompt",), paint={"prompt": TEXT}, sketch={"prompt": TEXT})) == [
        "`paint`: pass `prompt`, which is required now",
        "`draw` is gone: use another endpoint, perhaps one of the new ones: `sketch`",
    ]


@pytest.mark.parametrize("kind", ["anyOf", "oneOf", "allOf"])
def test_each_form_of_a_body_counts(kind: str) -> None:
    """What any form of a union asks for or has gained and lost is an order, and the form may be behind a reference."""
    before, after = (document(paint={"prompt": TEXT}) for _ in range(2))
    schemas = after["components"]["schemas"]
    schemas["Edit"] = {"properties": {"picture": TEXT}, "required": ["picture"]}
    schemas["paint"] = {kind: [{"properties": {"prompt": TEXT}}, {"$ref": "#/components/schemas/Edit"}]}
    assert said(before, after) == ["`paint`: pass `picture`, which is required now"]
    assert said(after, before) == ["`paint`: drop `picture`"]


@pytest.mark.parametrize(
    ("level", "version", "step"),
    [
        (Level.BREAKING, "1.4.2", "major: 1.4.2 -> 2.0.0"),
        (Level.COMPATIBLE, "1.4.2", "minor: 1.4.2 -> 1.5.0"),
        (Level.TEXT, "1.4.2", "patch: 1.4.2 -> 1.4.3"),
        (Level.BREAKING, "0.1.0", "major, which below 1.0 is the second part: 0.1.0 -> 0.2.0"),
    ],
)
def test_the_version_step_follows_the_level(level: Level, version: str, step: str) -> None:
    """The highest level of the changes proposes which part of the version goes up."""
    changes = [Change(level, Side.REQUEST, ("POST /v1/paint",), "w", "changed")]
    same = document(paint={})
    assert said(same, same, "Version step", changes=changes, version=version) == [step]


def test_without_a_change_or_a_version_no_step_is_proposed() -> None:
    """A report without changes proposes no version, nor does one where the version is not known."""
    same = document(paint={})
    change = Change(Level.TEXT, Side.REQUEST, ("POST /v1/paint",), "w", "changed")
    assert said(same, same, "Version step", version="1.4.2") == []
    assert said(same, same, "Version step", changes=[change]) == []


@pytest.mark.parametrize(
    ("published", "words"),
    [(0, "published: 0"), (None, "published: none"), (4, "published: 4"), (0.5, "published: 0.5")],
)
def test_each_bound_of_the_overlay_is_listed_with_the_published_one(published: Any, words: str) -> None:
    """A bound that the overlay has set is listed, also within a union, with what is published, be it 0 or nothing."""
    mark = {"maximum": {"published": published, "because": "Seen."}}
    bound = {"type": "integer", "maximum": 9, "x-bfl-bounds": mark}
    after = document(paint={"w": {"anyOf": [bound, {"type": "null"}]}, "h": bound})
    lines = said(after, after, "Bounds from the overlay")
    assert [line.partition(" (")[0] for line in lines] == ["`paint.w.anyOf`: maximum 9", "`paint.h`: maximum 9"]
    assert lines[1].endswith(f" ({words}). Seen.")


def test_what_a_new_endpoint_lacks_is_listed(tmp_path: Path) -> None:
    """A new endpoint without marks or page is listed with each; one that has them, or is not new, is not."""
    (tmp_path / "README.md").write_text("Use `draw` for drawings.\n")
    guess = {"picture": {"type": "string", "x-bfl-media": "guess"}}
    lines = said({"paths": {}}, document(paint=guess), "Missing for new endpoints", root=tmp_path)
    assert [line.split(": ", 1)[0] for line in lines] == ["`paint`"] * 3
    assert "x-bfl-price" in lines[0] and "`picture`: guessed" in lines[1] and "no guide or example names it" in lines[2]
    known = said(document(paint=guess), document(paint=guess), "Missing for new endpoints", root=tmp_path)
    assert known == []
    marks = dict.fromkeys(("price", "kind", "duration", "url-lifetime", "active-limit", "result"), 1)
    whole = document({f"x-bfl-{mark}": value for mark, value in marks.items()}, draw={"prompt": TEXT})
    assert said({"paths": {}}, whole, "Missing for new endpoints", root=tmp_path) == []


def test_stale_lines_of_the_pages_are_listed(tmp_path: Path) -> None:
    """A line that names a gone endpoint or method, or near its endpoint a gone parameter, is listed with its number."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "docs" / "guides").mkdir(parents=True)
    (tmp_path / "docs" / "guides" / "drawing.md").write_text("How to draw\n\nbfl describe draw-2\n")
    (tmp_path / "README.md").write_text(
        'client.submit.draw_2("x")\n\nbfl generate paint -p steps=3\nsteps of a stair\n'
    )
    (tmp_path / "examples" / "one.py").write_text('client.submit("draw-2")\nclient.submit("draw-2x")\n')
    (tmp_path / "examples" / "two.py").write_text("steps = 3\n")
    (tmp_path / "examples" / "two_3.py").write_text("client.submit.ink_3(\n    seed=1,\n)\n")
    before = document(draw_2={"prompt": TEXT}, paint={"steps": TEXT}, ink_3={"seed": TEXT})
    found = said(before, document(paint={}, ink_3={}), "Stale lines", root=tmp_path)
    assert found == [
        "README.md:1: `draw_2`",
        "README.md:3: `steps`",
        "README.md:4: `steps`",
        "examples/one.py:1: `draw-2`",
        "examples/two_3.py:2: `seed`",
        "docs/guides/drawing.md:3: `draw-2`",
    ]


def test_a_parameter_is_stale_near_its_endpoint_only(tmp_path: Path) -> None:
    """A gone parameter is listed from one line above its endpoint to seven lines below it."""
    lines = ["steps", "steps", "paint", *"......", "steps", "steps"]
    (tmp_path / "README.md").write_text("\n".join(lines))
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "one.py").write_text("paint\nsteps\n")
    found = said(document(paint={"steps": TEXT}), document(paint={}), "Stale lines", root=tmp_path)
    assert found == ["README.md:2: `steps`", "README.md:10: `steps`", "examples/one.py:2: `steps`"]


def test_the_packaged_document_has_endpoints() -> None:
    """The endpoints that advice sees are all that the package has, each with parameters."""
    from bfl_api import specification
    from bfl_api.table import ENDPOINTS

    found = endpoints(specification.load())
    assert set(ENDPOINTS) <= set(found)
    assert all(found[name].properties for name, endpoint in ENDPOINTS.items() if endpoint.schema)
