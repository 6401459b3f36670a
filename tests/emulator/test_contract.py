"""Schemathesis holds the emulator to the packaged specification."""

import base64
import io
from collections import Counter
from copy import deepcopy
from typing import Any

import schemathesis
from bfl_emulator import Emulator
from hypothesis import strategies
from PIL import Image
from schemathesis.engine import events, from_schema

_PICTURE = io.BytesIO()
Image.new("RGB", (300, 260), "teal").save(_PICTURE, "PNG")
_MEDIA = strategies.one_of(
    strategies.just(base64.b64encode(_PICTURE.getvalue()).decode()),
    strategies.binary(min_size=1, max_size=60).map(lambda content: base64.b64encode(content).decode()),
    strategies.sampled_from(["https://example.com/cat.png", "data:image/png;base64,iVBORw0KGgo="]),
)
schemathesis.openapi.format("bfl-media", _MEDIA)


def test_contract(specification: dict[str, Any]) -> None:
    """Thousands of valid and invalid requests, and chains of them along links, break no check of schemathesis."""
    document = deepcopy(specification)
    emulator = Emulator(
        specification=document, speed=float("inf"), check=True, finetunes=["one"], one_host=True, credits=1e9
    )
    settings = {
        "base-url": emulator.base_url,
        "headers": {"x-key": emulator.api_key},
        # Strings from the emulator's source would be put where a format is asked for that schemathesis cannot check.
        "analysis": {"constants": {"enabled": False}},
        "generation": {"max-examples": 10, "deterministic": True, "database": "none"},
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
