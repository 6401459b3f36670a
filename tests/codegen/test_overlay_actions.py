"""What an action of the overlay changes, what it leaves as it is, and how it is then reported."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from codegen import overlay
from codegen.report import CodegenError, Report

ADDS = {"target": "$.*.x", "update": {"n": 1}}


def applied(document: dict[str, Any], *actions: dict[str, Any]) -> tuple[dict[str, Any], list[str], list[str]]:
    """Apply actions; return the document, the warnings, and the actions that changed nothing."""
    report = Report(StringIO())
    found, idle = overlay.applied(document, {"overlay": "1.0.0", "actions": list(actions)}, report)
    return found, report.warnings, idle


@pytest.mark.parametrize("broken", [[], {}, {"actions": {}}, {"actions": None}, {"actions": "$.a"}, {"actions": 3}])
def test_an_overlay_without_a_list_of_actions_is_refused(broken: Any) -> None:
    """An overlay that is no object, or whose actions are missing or no list, is refused."""
    with pytest.raises(CodegenError, match="the overlay has no list of actions"):
        overlay.applied({}, broken, Report(StringIO()))


def test_an_action_that_repeats_the_document_is_idle() -> None:
    """An action whose effect the document already has is named as idle, and one that changes something is not."""
    found = applied({"a": {"x": {"n": 1}}, "b": {}}, ADDS, {"target": "$.b", "update": {"n": 1}})
    assert found == ({"a": {"x": {"n": 1}}, "b": {"n": 1}}, [], ["overlay action 1 ($.*.x)"])


def test_an_action_with_a_warning_is_not_idle_too() -> None:
    """An action that matches nothing has its warning, and is not among those that the document makes idle."""
    document, warnings, idle = applied({"a": {}}, {"target": "$.b", "update": {"n": 1}})
    assert document == {"a": {}}
    assert warnings == ["overlay action 1 ($.b) matches nothing"]
    assert idle == []


def test_the_places_of_the_last_action_share_nothing() -> None:
    """Whoever changes one of two places in the returned document leaves the other as it is."""
    document, _, _ = applied({"a": {"x": {}}, "b": {"x": {}}}, {"target": "$.*.x", "update": {"mark": {"k": 1}}})
    document["a"]["x"]["mark"]["k"] = 2
    assert document["b"]["x"] == {"mark": {"k": 1}}


@pytest.mark.parametrize("misfit", [1, "text", None])
def test_an_update_that_fits_only_some_places_is_skipped(misfit: Any) -> None:
    """If one of the places cannot take the update, it is skipped everywhere, and the warning says why."""
    given = {"a": {"x": {}}, "b": {"x": misfit}}
    document, warnings, _ = applied(given, ADDS)
    assert document == given
    assert warnings == ["overlay action 1 ($.*.x) does not fit what it matches and is skipped"]


def test_an_element_that_one_of_two_lists_lacks_is_appended() -> None:
    """If only one of two lists has the element, the update is carried out."""
    document, warnings, idle = applied({"a": {"x": [{"n": 1}]}, "b": {"x": []}}, ADDS)
    assert document["b"] == {"x": [{"n": 1}]}
    assert (warnings, idle) == ([], [])


@pytest.mark.parametrize("text", ["description", "summary", "title"])
def test_an_element_with_another_text_is_not_appended_again(text: str) -> None:
    """A list that has an element which differs in its text alone stays, and the action is idle."""
    given = {"tags": [{"name": "a", text: "theirs"}]}
    document, _, idle = applied(given, {"target": "$.tags", "update": {"name": "a", text: "ours"}})
    assert document == given
    assert len(idle) == 1


def test_an_element_of_texts_alone_is_appended() -> None:
    """An element that has nothing but a text is not taken for any other element."""
    document, _, _ = applied({"tags": [{"name": "a"}]}, {"target": "$.tags", "update": {"description": "ours"}})
    assert document == {"tags": [{"name": "a"}, {"description": "ours"}]}


@pytest.mark.parametrize("key", ["maximum", "exclusiveMaximum", "maxLength", "maxItems"])
@pytest.mark.parametrize(("published", "found"), [(None, 7), (4, 7), (7, 7), (9, 9)])
def test_an_upper_bound_is_only_raised(key: str, published: int | None, found: int) -> None:
    """Each upper bound is added where there is none, raised where it is lower, and otherwise as published."""
    assert_bound(key, published, found)


@pytest.mark.parametrize("key", ["minimum", "exclusiveMinimum", "minLength", "minItems"])
@pytest.mark.parametrize(("published", "found"), [(None, 7), (9, 7), (7, 7), (4, 4)])
def test_a_lower_bound_is_only_lowered(key: str, published: int | None, found: int) -> None:
    """Each lower bound is added where there is none, lowered where it is higher, and otherwise as published."""
    assert_bound(key, published, found)


def assert_bound(key: str, published: int | None, found: int) -> None:
    """Apply a bound of 7 to a schema; compare the bound, and the mark of what was published, if it is another."""
    schema: dict[str, Any] = {"type": "integer"} if published is None else {"type": "integer", key: published}
    document, warnings, _ = applied({"a": schema}, {"target": "$.a", "description": "Seen.", "update": {key: 7}})
    mark = {key: {"published": published, "because": "Seen."}}
    assert document["a"] == {"type": "integer", key: found} | ({} if published == found else {"x-bfl-bounds": mark})
    assert warnings == []


def test_a_union_gets_no_bound_of_its_own() -> None:
    """A bound for several places counts for the branch of a union that has a type, and not for the union."""
    given = {"a": {"anyOf": [{"type": "integer", "maximum": 9}, {"type": "null"}]}}
    document, warnings, idle = applied(given, {"target": "$.a", "update": {"maximum": 7}})
    assert document == given
    assert (warnings, len(idle)) == ([], 1)


def test_an_addition_that_is_there_in_part_is_not_needless() -> None:
    """An action whose filter matches nothing is not called needless while the document lacks some of what it adds."""
    action = {"target": "$[?@.a && !@.b]", "update": {"a": 1, "b": 2, "c": 3}}
    _, warnings, _ = applied({"x": {"a": 1, "b": 2}}, action)
    assert warnings == ["overlay action 1 ($[?@.a && !@.b]) matches nothing"]
