"""What the live contract run sends, what it reads in the answers, and the actions that it proposes."""

from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from typing import Any

import httpx
import pytest

from codegen.live.actions import as_yaml, overlay, table
from codegen.live.check import Disagreement, Findings, LiveCheck
from codegen.live.probes import GUARD, Probe, Prober
from codegen.overlay import effective
from codegen.report import CodegenError, Report
from codegen.specification import Specification

from .conftest import small_document

PREFIX = "#/components/schemas/"
Answer = Callable[[dict[str, Any]], httpx.Response]


def painting(**properties: Any) -> dict[str, Any]:
    """The small document, with these properties in its body beside the prompt and the width."""
    document = small_document()
    document["components"]["schemas"]["PaintInputs"]["properties"] |= properties
    return document


def checked(document: dict[str, Any], answer: Answer, spend: float = 0.0) -> tuple[Findings, list[str]]:
    """Run a session in which a function answers each body; return the findings and the paths asked."""
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return answer(json.loads(request.content or b"{}"))

    with httpx.Client(base_url="https://x", transport=httpx.MockTransport(handle)) as client:
        return LiveCheck(Specification(document), client, Report(StringIO())).run(spend), asked


def refused(body: dict[str, Any], *more: dict[str, Any]) -> httpx.Response:
    """An answer that lists the guards of a body, and further faults."""
    faults = [{"loc": ["body", name], "msg": "wrong"} for name, value in body.items() if value == GUARD]
    return httpx.Response(422, json={"detail": [*faults, *more]})


def test_an_endpoint_that_accepts_what_is_wrong_gets_no_further_request() -> None:
    """After one success of a request with wrong types that endpoint is left alone, and the next one is asked."""
    document = painting(steps={"type": "integer"}, mood={"type": "string"})
    document["paths"]["/v1/draw"] = document["paths"]["/v1/paint"]
    findings, asked = checked(document, lambda body: httpx.Response(200, json={"id": "a"}))
    assert asked == ["/v1/paint", "/v1/draw"]
    assert [one.probe.path for one in findings.disagreements] == asked
    assert all("may have charged for it" in one.said for one in findings.disagreements)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(422, json={"detail": "wrong"}),
        httpx.Response(422, json={"detail": [{"loc": ["body", "prompt"]}]}),
        httpx.Response(400, json={"detail": [{"loc": ["body", "prompt"]}, {"loc": ["body", "width"]}]}),
        httpx.Response(422, text="wrong"),
        httpx.Response(422, json=["wrong"]),
    ],
)
def test_an_answer_that_does_not_list_both_guards_tells_nothing(answer: httpx.Response) -> None:
    """Where the service does not say what is wrong, the endpoint counts as not tested after one request."""
    findings, asked = checked(painting(), lambda body: answer)
    assert (asked, findings.disagreements) == (["/v1/paint"], [])
    assert findings.untested == [
        f"POST /v1/paint: its answer ({answer.status_code}) does not list what is wrong",
    ]


def test_a_fault_of_a_field_contradicts_only_what_is_permitted() -> None:
    """A service that refuses every value of one parameter contradicts the valid ones, in the service's words."""
    document = painting(steps={"type": "integer", "minimum": 1, "maximum": 9})
    fault = {"loc": ["body", "steps"], "msg": "not today"}
    findings, _ = checked(document, lambda body: refused(body, *[fault] * ("steps" in body)))
    found = [(one.probe.field, one.probe.value, one.said) for one in findings.disagreements if one.probe.value]
    assert ("steps", 1, "refuses it: not today") in found
    assert ("steps", 9, "refuses it: not today") in found
    assert {value for name, value, _ in found if name == "steps"} == {1, 9}


def kinds(*values: str) -> dict[str, Any]:
    """A document whose body is a union that `kind` tells apart, each form with two kinds."""
    document = small_document()
    schemas = document["components"]["schemas"]
    for value in values:
        schemas[value] = {
            "type": "object",
            "required": ["kind"],
            "properties": {
                "kind": {"enum": [value, f"{value}-2"]},
                "prompt": {"type": "string"},
                "width": {"type": "integer", "minimum": 1},
            },
        }
    mapping = {each: PREFIX + value for value in values for each in (value, f"{value}-2")}
    schemas["PaintInputs"] = {
        "oneOf": [{"$ref": PREFIX + value} for value in values],
        "discriminator": {"propertyName": "kind", "mapping": mapping},
    }
    return document


def test_each_form_of_a_union_is_asked_with_its_own_kind() -> None:
    """What tells the forms apart is right in every request, and never one of the two wrong values."""
    specification = Specification(kinds("sketch", "oil"))
    (operation,) = specification.tasks
    probes = list(Prober(specification).probes(operation))
    assert {(probe.schema, probe.body["kind"]) for probe in probes} == {("sketch", "sketch"), ("oil", "oil")}
    assert {len(set(probe.guards)) for probe in probes} == {2}
    assert not [probe for probe in probes if "kind" in probe.guards or probe.field in probe.guards]


def test_an_endpoint_with_one_possible_guard_is_not_asked() -> None:
    """If only one parameter refuses a wrong type, no request is sent, as it could be valid."""
    document = painting(width={})
    del document["components"]["schemas"]["PaintInputs"]["properties"]["prompt"]
    findings, asked = checked(document, refused)
    assert (findings.asked, asked) == (0, [])


def disagreement(keyword: str, value: Any, expected: bool, **context: Any) -> Disagreement:
    """A disagreement about the field `steps`."""
    probe = Probe("/v1/paint", "PaintInputs", "steps", keyword, value, expected, {}, ("prompt", "width"))
    said = "refuses it: no" if expected else "accepts it"
    return Disagreement(probe, said, {"ctx": context} if context else None)


@pytest.mark.parametrize(
    ("node", "found", "corrected"),
    [
        ({"minimum": -5}, disagreement("minimum", -5, True, ge=0), {"minimum": 0}),
        ({"maximum": 5}, disagreement("maximum", 5, True, le=0), {"maximum": 0}),
        ({"exclusiveMinimum": 0}, disagreement("exclusiveMinimum", 1, True, gt=0.5), {"exclusiveMinimum": 0.5}),
        ({"exclusiveMaximum": 9}, disagreement("exclusiveMaximum", 8, True, lt=4), {"exclusiveMaximum": 4}),
        ({"multipleOf": 16}, disagreement("multipleOf", 16, True, multiple_of=32), {"multipleOf": 32}),
        ({"minLength": 0}, disagreement("minLength", "", True, min_length=1), {"minLength": 1}),
        ({"maxLength": 9}, disagreement("maxLength", "x" * 9, True, max_length=5), {"maxLength": 5}),
        ({"maximum": 5, "minimum": 1}, disagreement("maximum", 6, False), {"minimum": 1}),
        ({"enum": ["a", "b"]}, disagreement("enum", "b", True), {"enum": ["a"]}),
        ({"enum": ["a"]}, disagreement("enum", "c", False), {"enum": ["a", "c"]}),
        (
            {"anyOf": [{"type": "integer", "maximum": 9}, {"type": "null"}]},
            disagreement("maximum", 9, True, le=8),
            {"anyOf": [{"type": "integer", "maximum": 8}, {"type": "null"}]},
        ),
        ({"$ref": f"{PREFIX}Size"}, disagreement("maximum", 7, True, le=6), {"$ref": f"{PREFIX}Size"}),
    ],
)
def test_a_proposed_action_says_what_the_service_does(
    node: dict[str, Any], found: Disagreement, corrected: dict[str, Any]
) -> None:
    """With the proposed actions the document has the service's bound, be it 0, and nothing else has changed."""
    document = painting(steps=node)
    document["components"]["schemas"]["Size"] = {"type": "integer", "maximum": 7}
    actions = overlay([found], Specification(document))
    report = Report(StringIO())
    schemas = effective(document, {"overlay": "1.0.0", "actions": actions}, report)["components"]["schemas"]
    assert actions and report.warnings == []
    assert (
        schemas["PaintInputs"]["properties"]
        == painting(steps=corrected)["components"]["schemas"]["PaintInputs"]["properties"]
    )
    assert schemas["Size"]["maximum"] == (6 if "$ref" in node else 7)
    assert document["components"]["schemas"]["PaintInputs"]["properties"]["steps"] == node


@pytest.mark.parametrize(
    ("required", "expected", "left"),
    [(["prompt"], True, ["prompt", "steps"]), ([], True, ["steps"]), (["prompt", "steps"], False, ["prompt"])],
)
def test_a_proposed_action_adds_or_removes_a_requirement(required: list[str], expected: bool, left: list[str]) -> None:
    """A parameter that the service demands becomes required, and one that it does without no longer is."""
    document = painting(steps={"type": "integer"})
    document["components"]["schemas"]["PaintInputs"]["required"] = required
    actions = overlay([disagreement("required", None, expected)], Specification(document))
    done = effective(document, {"overlay": "1.0.0", "actions": actions}, Report(StringIO()))
    assert done["components"]["schemas"]["PaintInputs"]["required"] == left


@pytest.mark.parametrize("permitted", [True, False])
def test_a_proposed_action_opens_or_closes_a_body(permitted: bool) -> None:
    """Unknown parameters become forbidden where the service refuses them, and permitted where it takes them."""
    document = painting()
    if not permitted:
        document["components"]["schemas"]["PaintInputs"]["additionalProperties"] = False
    actions = overlay([disagreement("additionalProperties", 1, permitted)], Specification(document))
    done = effective(document, {"overlay": "1.0.0", "actions": actions}, Report(StringIO()))
    assert done["components"]["schemas"]["PaintInputs"].get("additionalProperties") is (False if permitted else None)


@pytest.mark.parametrize(
    ("node", "found"),
    [
        ({"maximum": 9}, disagreement("maximum", 9, True)),
        ({"maximum": 9}, disagreement("maximum", 9, True, ge=3)),
        ({"type": "integer"}, disagreement("type", 1, True)),
        ({"enum": ["a"]}, disagreement("enum", "a", True)),
    ],
)
def test_what_a_person_has_to_decide_gets_no_action(node: dict[str, Any], found: Disagreement) -> None:
    """Where the service does not name its bound, or refuses every choice, nothing is proposed."""
    assert overlay([found], Specification(painting(steps=node))) == []
    assert as_yaml([]) == ""


def test_several_disagreements_build_on_each_other() -> None:
    """Two choices that the service refuses are both gone, and the same disagreement twice is one action."""
    document = painting(steps={"enum": ["a", "b", "c"]})
    found = [disagreement("enum", "a", True), disagreement("enum", "b", True)]
    actions = overlay(found, Specification(document))
    done = effective(document, {"overlay": "1.0.0", "actions": actions}, Report(StringIO()))
    assert done["components"]["schemas"]["PaintInputs"]["properties"]["steps"] == {"enum": ["c"]}
    extra = disagreement("additionalProperties", 1, True)
    assert len(overlay([extra, extra], Specification(document))) == 1


def test_the_table_says_who_permits_what() -> None:
    """Each disagreement is a row in which nothing of the service ends a cell, and what was not tested follows."""
    probe = Probe("/v1/paint", "", "steps", "enum", "a|b", False, {}, ())
    left = Probe("/v1/paint", "", "steps", "required", None, True, {}, ())
    said = [Disagreement(probe, "accepts it"), Disagreement(left, "refuses it: this | that")]
    text = table(Findings(7, said, ["POST /v1/draw: a reason"], 1.5))
    assert text.splitlines()[0] == "7 requests, 2 disagreements, 1.5 credits."
    assert '| /v1/paint | steps | "a\\|b" | forbids it | accepts it |\n' in text
    assert "| /v1/paint | steps | (left out) | permits it | refuses it: this \\| that |\n" in text
    assert text.endswith("\nNot tested: POST /v1/draw: a reason\n")
    assert "|" not in table(Findings(7))


def test_nothing_is_spent_without_a_balance_to_judge_by() -> None:
    """If no operation reports the credits left, no valid request is sent, and the run says why."""
    sent: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> httpx.Response:
        sent.append(body)
        return refused(body)

    findings, _ = checked(painting(steps={"type": "integer"}), answer, spend=5)
    assert sent and all(GUARD in body.values() for body in sent)
    assert findings.stopped
    assert findings.untested == ["no operation reports the balance, so nothing is spent"]


@pytest.mark.parametrize("code", [401, 402, 403, 429, 500, 503])
def test_an_answer_that_stops_the_run_is_told_with_its_code(code: int) -> None:
    """A first answer that refuses the key, demands money or a pause, or fails, ends the run with an error."""
    with pytest.raises(CodegenError, match=f"POST /v1/paint answers {code}: the run stops here"):
        checked(painting(), lambda body: httpx.Response(code))
