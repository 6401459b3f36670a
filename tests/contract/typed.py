"""The typed methods of the endpoints, and the body that a call of one sends."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

from bfl_api.endpoints import Endpoints

from .operations import Operation, slug


class Typed(NamedTuple):
    """A call of a typed method, and the body that it means."""

    method: str
    arguments: dict[str, Any]
    meant: dict[str, Any]


def typed(operation: Operation, body: dict[str, Any]) -> Typed:
    """The call that sends a body: nulls stand for "not given", and a union's method fixes its discriminator."""
    assert operation.endpoint is not None
    name, mapping = operation.discriminator
    meant = {key: value for key, value in body.items() if value is not None}
    method = operation.endpoint.method_names[0]
    if mapping:
        value, method = _fixed(operation, str(body[name]))
        meant[name] = value
    accepted = [each for each in inspect.signature(getattr(Endpoints, method)).parameters if each != "self"]
    properties = [each for each in operation.branch(body)["properties"] if each != name]
    keywords = dict(zip(sorted(properties), _sorted_as(accepted, properties), strict=True))
    return Typed(method, {keywords[key]: value for key, value in meant.items() if key != name}, meant)


def _sorted_as(accepted: list[str], properties: list[str]) -> list[str]:
    """The keywords in the order of their sorted properties; properties that are not identifiers have similar ones."""
    return [
        next(each for each in accepted if each.rstrip("_") == slug(name).rstrip("_")) for name in sorted(properties)
    ]


def _fixed(operation: Operation, value: str) -> tuple[str, str]:
    """Discriminator value and method of the branch that a value selects; several values may select the same one."""
    assert operation.endpoint is not None
    mapping = operation.discriminator[1]
    for same in (each for each, reference in mapping.items() if reference == mapping[value]):
        for method in operation.endpoint.method_names:
            if method.endswith(f"_{slug(same)}"):
                return same, method
    raise AssertionError(f"{operation.path} has no typed method for {value!r}")
