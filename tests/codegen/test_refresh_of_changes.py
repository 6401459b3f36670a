"""A refresh with each change of the table, and contract tests of the new package. The session `changes` runs it.

A contract run is short, but for the changes marked as `whole`.
"""

from __future__ import annotations

import copy
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import main

from .changes import CASES, Case
from .conftest import Checkout, applied

SHORT = f'"{sys.executable}" "{Path(__file__).with_name("short_contract.py")}"'.replace("\\", "/")


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_change_is_adopted_or_refused(
    case: Case, checkout: Checkout, document: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """A change is adopted with the exit code of its level, or refused with the message in the table, unwritten."""
    before = checkout.contents()
    code = checkout.refresh(applied(case, document), contract=None if case.whole else SHORT)
    said = capsys.readouterr().err
    if case.refusal is not None:
        assert code == 3
        assert re.search(case.refusal, said), said
        assert checkout.contents() == before
        return
    assert code == case.level, said
    if case.whole:  # test_refresh.py shows for one more that nothing drifts; each costs a second generation
        assert main(["drift", *checkout.sources]) == 0


def without(*words: str) -> Callable[[dict[str, Any]], None]:
    """Return a change that removes the endpoints and schemas with these words in their names."""

    def change(document: dict[str, Any]) -> None:
        for path in [path for path in document["paths"] if any(word in path for word in words)]:
            del document["paths"][path]
        drop_unused(document)

    return change


def drop_unused(document: dict[str, Any]) -> None:
    """Remove the schemas that nothing refers to."""
    schemas = document["components"]["schemas"]
    while True:
        text = str({"paths": document["paths"], "schemas": schemas})
        unused = [name for name in schemas if f"schemas/{name}'" not in text]
        if not unused:
            return
        for name in unused:
            del schemas[name]


def dead_servers(document: dict[str, Any]) -> None:
    """Name a dead host on operations, as documents did until 2026-08."""
    for item in document["paths"].values():
        for operation in item.values():
            operation["servers"] = [{"url": "https://api.us1.bfl.ai", "description": "BFL Finetune API"}]


def floats(document: dict[str, Any]) -> None:
    """Write bounds as floats."""

    def walk(node: Any) -> None:
        for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
            if isinstance(key, str) and key.startswith(("min", "max", "multiple")) and type(value) is int:
                node[key] = float(value)
            elif isinstance(value, dict | list):
                walk(value)

    walk(document["components"]["schemas"])


def plain_results(document: dict[str, Any]) -> None:
    """Have one kind of result only, a short list of states and no cost, as at the beginning of the year."""
    schemas = document["components"]["schemas"]
    for path, item in document["paths"].items():
        if path.endswith("/get_result"):
            reference = {"$ref": "#/components/schemas/ResultResponse"}
            item["get"]["responses"]["200"]["content"]["application/json"]["schema"] = reference
    schemas["StatusResponse"]["enum"] = [
        "Task not found",
        "Pending",
        "Request Moderated",
        "Content Moderated",
        "Ready",
        "Error",
    ]
    for name in ("cost", "input_mp", "output_mp"):
        schemas["AsyncResponse"]["properties"].pop(name, None)
    drop_unused(document)


def no_error_schemas(document: dict[str, Any]) -> None:
    """Declare no error answers and none of their schemas."""
    for item in document["paths"].values():
        for operation in item.values():
            operation["responses"] = {"200": operation["responses"]["200"]}
    drop_unused(document)


def no_users(document: dict[str, Any]) -> None:
    """Know no end users, webp or secrets yet."""
    schemas = document["components"]["schemas"]
    if "webp" in schemas.get("OutputFormat", {}).get("enum", ()):
        schemas["OutputFormat"]["enum"].remove("webp")
    for schema in schemas.values():
        for name in ("user", "disable_pup", "webhook_secret"):
            schema.get("properties", {}).pop(name, None)


def oldest(document: dict[str, Any]) -> None:
    """Have all that the others have, at once."""
    without("flux-3", "flux-2", "flux-tools")(document)
    for change in (plain_results, no_users, no_error_schemas, dead_servers, floats):
        change(document)


OLDER = {
    "no FLUX 3": without("flux-3", "video"),
    "no FLUX.2 klein": without("klein"),
    "no tools": without("flux-tools"),
    "no finetuning": without("finetune"),
    "no credits": without("credits"),
    "dead servers": dead_servers,
    "floats": floats,
    "plain results": plain_results,
    "no error schemas": no_error_schemas,
    "no users": no_users,
    "oldest": oldest,
}


@pytest.mark.parametrize("name", OLDER)
def test_documents_like_those_of_earlier_months_are_adopted(
    name: str, checkout: Checkout, document: dict[str, Any]
) -> None:
    """A document without today's endpoints, schemas and spelling of bounds is adopted, and today's after it."""
    older = copy.deepcopy(document)
    OLDER[name](older)
    assert checkout.refresh(older, contract=SHORT) in (0, 1, 2)
    assert checkout.refresh(document, contract=SHORT) in (0, 1, 2)
