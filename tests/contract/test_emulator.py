"""Schemathesis against the emulator: all checks, all phases, chains of requests along the overlay's links."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from bfl_emulator import Emulator
from schemathesis.engine import events, from_schema

from . import oracle, tally
from .generation import SEED
from .operations import DOCUMENT, JSON, OPERATIONS, POLLING, TASKS
from .pictures import clip, media, ratios

LARGEST = 1024  # pixels of a side
EXCLUSIONS: dict[str, tuple[dict[str, Any], str]] = {
    "sides without a maximum are held to 1024 pixels": (
        {},
        "how many pixels can be drawn is a limit of the emulator and of the service, not of the schema",
    ),
    "400 for a valid request": (
        {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404"]}},
        "the documented answer to a request that passes its schema and cannot be carried out, such as a picture that "
        "cannot be decoded; 404 for an id that does not exist",
    ),
}
"""What is excluded -> settings of the checks, and the reason."""
REFUSED_POLL: tuple[dict[str, Any], str] = (
    {"positive_data_acceptance": {"expected-statuses": ["2xx", "400", "404", "422"]}},
    "the documented answer to the poll of a task that a video endpoint refused: 422 with a result body",
)


NO_CLIPS = "501 for clips", "this run has no PyAV (the extra `video`), and the emulator says so with 501"


def without_clips() -> list[dict[str, Any]]:
    """Settings for the endpoints that make clips, where none can be made."""
    checks = {
        "not_a_server_error": {"expected-statuses": ["2xx", "4xx", "501"]},
        "positive_data_acceptance": {"expected-statuses": ["2xx", "400", "501"]},
        "status_code_conformance": {"enabled": False},
    }
    films = [each.path for each in TASKS if each.endpoint and each.endpoint.kind == "video"]
    return [{"include-path": path, "checks": checks} for path in films]


def bounded() -> dict[str, Any]:
    """The specification with a maximum for each side that has none."""
    document = deepcopy(DOCUMENT)
    for schema in document["components"]["schemas"].values():
        for name in {"width", "height"} & schema.get("properties", {}).keys():
            node = schema["properties"][name]
            for part in node.get("anyOf", [node]):
                if part.get("type") == "integer":
                    part.setdefault("maximum", LARGEST)
    return document


MISTAKEN = (
    "accepted bodies that schemathesis wrongly takes for invalid",
    "its negative mode also makes bodies that the schema allows; jsonschema-rs decides, as for the client",
)


def mistaken(check: str, case: Any) -> bool:
    """Whether a check complains that a body was accepted which the specification does allow."""
    operation = next(each for each in OPERATIONS if (each.path, each.method) == (case.path, case.method.lower()))
    media_type = case.media_type in (None, JSON)
    judged = check == "negative_data_rejection" and operation.body is not None and media_type
    return judged and not operation.parameters and oracle.is_valid(operation, case.body)


def run(document: dict[str, Any], emulator: Emulator) -> tuple[list[str], Counter[str]]:
    """Let schemathesis loose on the emulator; return what it found, and the number of cases by phase."""
    checks: dict[str, Any] = {}
    for settings, _ in EXCLUSIONS.values():
        checks |= settings
    configuration = {
        "base-url": emulator.base_url,
        "headers": {"x-key": emulator.api_key},
        "seed": SEED,
        # Strings from the emulator's source would be put where a format is asked for that schemathesis cannot check.
        "analysis": {"constants": {"enabled": False}},
        "generation": {"max-examples": 10, "deterministic": True, "database": "none"},
        "checks": checks,
        "operations": [{"include-path": POLLING.path, "checks": REFUSED_POLL[0]}, *([] if clip() else without_clips())],
    }
    schemathesis.openapi.format("bfl-media", media())
    schemathesis.openapi.format("bfl-ratio", ratios())
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(configuration))
    schema.app = emulator.app
    problems, counts = [], Counter[str]()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            problems.append(repr(event))
        if isinstance(event, events.ScenarioFinished):
            counts[event.phase.value] += len(event.recorder.cases)
            for number, found in event.recorder.checks.items():
                case = event.recorder.cases[number].value
                bad = [check for check in found if check.failure_info and not mistaken(check.name, case)]
                problems += [f"{event.recorder.label}: {check}" for check in bad]
    return problems, counts


@pytest.mark.timeout(600)  # thousands of requests, on a machine that may be busy
def test_schemathesis_finds_nothing() -> None:
    """Thousands of valid and invalid requests, and chains of them along links, break no check of schemathesis."""
    document = bounded()
    emulator = Emulator(
        specification=document, speed=float("inf"), check=True, finetunes=["one"], one_host=True, credits=1e9
    )
    problems, counts = run(document, emulator)
    for phase, number in (+counts).items():
        tally.count(f"requests to the emulator in the {phase} phase", number)
    for what, (_, reason) in EXCLUSIONS.items():
        tally.NOTES[what] = reason
    tally.NOTES |= dict([MISTAKEN])
    if not clip():
        tally.NOTES |= dict([NO_CLIPS])
    tally.NOTES["422 for a poll"] = REFUSED_POLL[1]
    assert not problems, f"{len(problems)} problems, the first: {problems[0]}"
    assert counts["coverage"] > 40 * len(TASKS), counts
    assert counts["fuzzing"] > 5 * len(OPERATIONS), counts
    assert counts["stateful"] > len(TASKS), counts
