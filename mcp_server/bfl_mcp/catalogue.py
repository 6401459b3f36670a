"""What a model learns about the specification: the endpoints, and what each one takes and costs."""

from __future__ import annotations

import json
from typing import Any

from bfl_client import specification
from bfl_client.errors import ConstraintError
from bfl_client.specification import Endpoint, Parameter


def endpoints() -> list[dict[str, Any]]:
    """Every endpoint in a line: its name, what it makes, what it is for and what it costs."""
    return [
        {
            "name": each.name,
            "makes": each.kind,
            "summary": each.summary,
            "price": specification.price_in_words(each.name) or "not in the list of prices",
        }
        for each in specification.ENDPOINTS.values()
    ]


def described(name: str) -> dict[str, Any]:
    """What an endpoint takes, in each of its forms. Raises ConstraintError for an unknown one."""
    found = known(name)
    forms = [
        {"form": form.title or "the only one", "parameters": [_described(each) for each in form.parameters]}
        for form in specification.forms(found.name)
    ]
    price = specification.price_in_words(found.name) or "not in the list of prices"
    facts = {"name": found.name, "makes": found.kind, "summary": found.summary, "usual_seconds": found.duration}
    return {**facts, "price": price, "price_list": specification.price_list(), "forms": forms}


def known(name: str) -> Endpoint:
    """The endpoint with a name. Raises ConstraintError if this version does not know it."""
    found = specification.find(name)
    if found is None:
        raise ConstraintError(name, [specification.unknown_endpoint(name)])
    return found


def _described(parameter: Parameter) -> dict[str, Any]:
    accepts = parameter.bounds + (" (a path in an allowed folder, a URL or base64)" if parameter.media else "")
    said: dict[str, Any] = {"name": parameter.name, "required": parameter.required, "accepts": accepts}
    if parameter.default is not None:
        said["default"] = json.loads(json.dumps(parameter.default, default=str))
    if description := parameter.schema.get("description"):
        said["description"] = str(description)
    return said
