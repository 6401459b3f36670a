"""The live contract run, against emulators that deliberately contradict the specification."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from io import StringIO
from typing import Any

import bfl_api.specification
import httpx
import pytest
from bfl_emulator import Emulator

from codegen.live.__main__ import main
from codegen.live.actions import overlay, table
from codegen.live.check import Findings, LiveCheck
from codegen.live.probes import Prober
from codegen.overlay import effective
from codegen.report import Report
from codegen.specification import Specification

from .changes import bodies, body_name, posts
from .conftest import small_document

pytestmark = pytest.mark.about("flux-dev:steps", "credits")


@pytest.fixture
def specification() -> dict[str, Any]:
    """A copy of the effective specification with few task endpoints: one with a plain body, and the rest left out."""
    document: dict[str, Any] = copy.deepcopy(bfl_api.specification.load())
    schemas = document["components"]["schemas"]
    kept = next(path for path, one in posts(document) if "steps" in schemas[body_name(one)].get("properties", ()))
    for path in [path for path, _ in posts(document) if path != kept]:
        del document["paths"][path]
    return document


def asked(specification: dict[str, Any], service: dict[str, Any], spend: float = 0.0) -> tuple[Findings, Emulator]:
    """Run a session for one specification against an emulator of another."""
    with Emulator(specification=service, speed=float("inf")) as emulator:
        headers = {"x-key": emulator.api_key}
        with httpx.Client(base_url=emulator.base_url, headers=headers) as client:
            findings = LiveCheck(Specification(specification), client, Report(StringIO())).run(spend)
    return findings, emulator


def differ(document: dict[str, Any]) -> None:
    """Change what the service does in six ways."""
    body = next(bodies(document))
    body["properties"]["width"]["maximum"] += 320
    body["properties"]["height"]["maximum"] -= 320
    body["properties"]["height"].pop("default", None)
    steps = next(branch for branch in body["properties"]["steps"]["anyOf"] if branch["type"] == "integer")
    steps["minimum"] += 1
    document["components"]["schemas"]["OutputFormat"]["enum"] = ["jpeg"]
    body["required"] = [*body.get("required", ()), "safety_tolerance"]
    body["additionalProperties"] = False


def test_a_service_that_agrees_costs_nothing_and_says_so(specification: dict[str, Any]) -> None:
    """Against an emulator of the same specification there is no disagreement, and no task is created."""
    findings, emulator = asked(specification, specification)
    assert findings.disagreements == []
    assert findings.untested == []
    assert findings.asked > 30
    assert not emulator.tasks


def test_each_deliberate_disagreement_is_found_and_can_be_adopted(specification: dict[str, Any]) -> None:
    """Six disagreements are found for nothing, and with the suggested actions applied the next run finds none."""
    service = copy.deepcopy(specification)
    differ(service)
    findings, emulator = asked(specification, service)
    found = {(one.probe.field, one.probe.keyword, one.probe.expected) for one in findings.disagreements}
    assert {field for field, _, _ in found} == {
        *("width", "height", "steps", "output_format", "safety_tolerance", "no_such_parameter_anywhere")
    }
    assert ("width", "maximum", False) in found
    assert ("height", "maximum", True) in found
    assert not emulator.tasks
    assert table(findings).count("\n| ") == len(findings.disagreements) + 1
    actions = overlay(findings.disagreements, Specification(specification))
    said = Report(StringIO())
    corrected = effective(specification, {"overlay": "1.0.0", "actions": actions}, said)
    again, _ = asked(corrected, service)
    assert said.warnings == []
    assert [(one.probe.field, one.said) for one in again.disagreements] == []


def test_nothing_valid_is_sent_without_a_budget(specification: dict[str, Any]) -> None:
    """Without --spend the emulator has no task afterwards, with it one for each endpoint whose body can be made up."""
    assert not asked(specification, specification)[1].tasks
    assert len(asked(specification, specification, spend=5)[1].tasks) == 1


@pytest.mark.parametrize("told", ["by the answer", "by the balance"])
def test_the_budget_ends_the_spending(told: str) -> None:
    """After a request that costs the budget no other is sent, whether the answer or only the balance shows the cost."""
    document = small_document()
    paid: list[str] = []
    document["paths"]["/v1/draw"] = document["paths"]["/v1/paint"]
    document["paths"]["/v1/balance"] = {"get": {"x-bfl-emulate": "credits", "responses": {"200": {"description": ""}}}}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"credits": 9 - 3 * len(paid) * (told == "by the balance")})
        if b"guard" in request.content:
            return httpx.Response(422)
        paid.append(request.url.path)
        return httpx.Response(200, json={"cost": 3} if told == "by the answer" else {})

    with httpx.Client(base_url="https://x", transport=httpx.MockTransport(answer)) as client:
        findings = LiveCheck(Specification(document), client, Report(StringIO())).run(3)
    assert (paid, findings.spent) == (["/v1/paint"], 3)
    assert findings.untested[-1] == "POST /v1/draw: the budget is spent"


@pytest.fixture
def served(specification: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
    """An emulator that the environment points to."""
    with Emulator(speed=float("inf")) as emulator:
        monkeypatch.setenv("BFL_BASE_URL", emulator.base_url)
        monkeypatch.setenv("BFL_API_KEY", emulator.api_key)
        yield emulator


def test_the_command_agrees_with_the_emulator(served: Emulator, capsys: pytest.CaptureFixture[str]) -> None:
    """The command exits with 0 if all endpoints agree, and no task is created."""
    assert main([]) == 0
    assert " 0 disagreements, 0 credits." in capsys.readouterr().out
    assert not served.tasks


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("BFL_API_KEY", "", "is not set"),
        ("BFL_API_KEY", "bfl_wrong_0123456789abcdef0123456789abcdef", "answers 403"),
        ("BFL_BASE_URL", "http://api.example.com", "the key is not sent to"),
    ],
)
def test_without_a_key_or_to_a_bare_address_nothing_is_asked(
    served: Emulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    value: str,
    reason: str,
) -> None:
    """Without a key, with a wrong one, or over plain http the command exits with 3 and says why."""
    monkeypatch.setenv(name, value)
    assert main([]) == 3
    assert reason in capsys.readouterr().err


def test_a_service_that_stops_answering_ends_the_run_with_what_was_found(specification: dict[str, Any]) -> None:
    """After 429 nothing more is asked, and the findings so far are returned with the reason."""
    answers = iter([httpx.Response(200, json={"credits": "none"}), httpx.Response(429)])
    client = httpx.Client(base_url="https://x", transport=httpx.MockTransport(lambda request: next(answers)))
    findings = LiveCheck(Specification(specification), client, Report(StringIO())).run()
    assert (findings.asked, findings.stopped, len(findings.disagreements)) == (2, True, 1)
    assert "429" in findings.untested[0]


@pytest.mark.parametrize(
    ("node", "values"),
    [
        ({"type": "integer", "minimum": 4, "maximum": 8}, [4, 3, 8, 9]),
        ({"type": "integer", "minimum": 64, "maximum": 128, "multipleOf": 32}, [64, 32, 128, 160, 65]),
        ({"type": "number", "minimum": 0, "multipleOf": 1}, [0, -1, 0.5]),
        ({"type": "number", "minimum": 0, "multipleOf": 0.5}, [0, -0.5, 0.25]),
        ({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5}, [0, 0.5]),
        ({"type": "integer"}, [1]),
        ({"type": "string", "minLength": 2, "maxLength": 3}, ["xx", "x", "xxx", "xxxx"]),
        ({"type": "string"}, ["x"]),
    ],
)
def test_each_bound_is_tried_at_itself_and_one_step_beyond(node: dict[str, Any], values: list[Any]) -> None:
    """Each bound of a number or a text is tried at itself and one step beyond it, and a multiple with what is none."""
    document = small_document()
    document["components"]["schemas"]["PaintInputs"]["properties"]["tried"] = node
    specification = Specification(document)
    (operation,) = specification.tasks
    probes = [probe for probe in Prober(specification).probes(operation) if probe.field == "tried"]
    assert [probe.value for probe in probes if probe.keyword != "required"] == values
