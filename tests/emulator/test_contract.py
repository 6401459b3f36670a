"""Schemathesis holds the emulator to the packaged specification."""

import base64
from collections import Counter
from copy import deepcopy
from typing import Any

import schemathesis
from bfl_emulator import Emulator
from hypothesis import strategies
from schemathesis.engine import events, from_schema

_MEDIA = strategies.one_of(
    strategies.binary(min_size=1, max_size=60).map(lambda content: base64.b64encode(content).decode()),
    strategies.sampled_from(["https://example.com/cat.png", "data:image/png;base64,iVBORw0KGgo="]),
)
schemathesis.openapi.format("bfl-media", _MEDIA)


def _bounded(specification: dict[str, Any]) -> dict[str, Any]:
    """Bound sides that have no maximum: how many pixels are drawn is the emulator's own limit, not a schema's."""
    document = deepcopy(specification)
    for schema in document["components"]["schemas"].values():
        for name in {"width", "height"} & schema.get("properties", {}).keys():
            node = schema["properties"][name]
            for part in node.get("anyOf", [node]):
                if part.get("type") == "integer":
                    part.setdefault("maximum", 2048)
    return document


def _exceptions(document: dict[str, Any]) -> list[dict[str, Any]]:
    """Video is answered with 501, which the service does not have: for those endpoints that one status is allowed."""
    video = [path for path, item in document["paths"].items() if item.get("post", {}).get("x-bfl-kind") == "video"]
    checks = {
        "not_a_server_error": {"expected-statuses": ["2xx", "4xx", "501"]},
        "status_code_conformance": {"enabled": False},
    }
    return [{"include-path": path, "checks": checks} for path in video]


def test_contract(specification: dict[str, Any]) -> None:
    """Thousands of valid and invalid requests, and chains of them along links, break no check of schemathesis."""
    document = _bounded(specification)
    emulator = Emulator(specification=document, speed=float("inf"), check=True, finetunes=["one"])
    settings = {
        "base-url": emulator.base_url,
        "headers": {"x-key": emulator.api_key},
        # Strings from the emulator's source would be put where a format is asked for that schemathesis cannot check.
        "analysis": {"constants": {"enabled": False}},
        "generation": {"max-examples": 10, "deterministic": True, "database": "none"},
        "operations": _exceptions(document),
    }
    schema = schemathesis.openapi.from_dict(document, config=schemathesis.Config.from_dict(settings))
    schema.app = emulator.app
    problems, cases = [], Counter[str]()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            problems.append(repr(event))
        if isinstance(event, events.ScenarioFinished):
            cases[event.phase.value] += len(event.recorder.cases)
            for checks in event.recorder.checks.values():
                problems += [f"{event.recorder.label}: {check}" for check in checks if check.failure_info]
    assert not problems
    assert cases["coverage"] > 2000 and cases["fuzzing"] > 100 and cases["stateful"] > 30, cases
