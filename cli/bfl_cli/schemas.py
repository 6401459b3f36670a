"""The parameters of an endpoint as the specification has them: for `describe`, for completion, for reading values."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from bfl_api import specification
from bfl_api.table import ENDPOINTS, Endpoint
from bfl_client.errors import shorten

from .exits import Problem
from .redaction import mask

Schema = Mapping[str, Any]


class Parameter(NamedTuple):
    """One parameter of an endpoint."""

    name: str
    schema: Schema
    required: bool

    @property
    def media(self) -> bool:
        """True if it takes pictures or films, at its top or in a list."""
        return takes_media(self.schema)

    @property
    def types(self) -> set[str]:
        """The JSON types that it may have."""
        return {kind for branch in branches(self.schema) for kind in _kinds(branch)}

    @property
    def choices(self) -> list[str]:
        """The texts to choose from, where it has such a list."""
        found = []
        for branch in branches(self.schema):
            values = branch.get("enum", [branch["const"]] if "const" in branch else [])
            found += [str(value) for value in values if value is not None]
            if branch.get("type") == "boolean":
                found += ["true", "false"]
        return list(dict.fromkeys(found))


class Form(NamedTuple):
    """One shape of an endpoint's body: most endpoints have one, some have one for each value of a parameter."""

    title: str
    parameters: tuple[Parameter, ...]


def known(name: str) -> Endpoint:
    """The endpoint of a name.

    Raises:
        Problem: there is none; the nearest name is told.
    """
    name = name.removeprefix("/").removeprefix("v1/")
    found = ENDPOINTS.get(name)
    if found is None:
        near = difflib.get_close_matches(name.lower().replace("_", "-"), ENDPOINTS, n=1, cutoff=0.4)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        shown = mask(shorten(name, 60))
        violation = {"field": "endpoint", "value": shown, "message": f"is no endpoint that this version knows{hint}"}
        message = f"{shown!r} {violation['message']}"
        raise Problem("constraint", message, "bfl endpoints", violations=[violation])
    return found


@cache
def forms(name: str) -> tuple[Form, ...]:
    """The shapes of an endpoint's body; none for an endpoint that is not known."""
    endpoint = ENDPOINTS.get(name)
    if endpoint is None or not endpoint.schema:
        return ()
    whole = _component(endpoint.schema)
    selected = whole.get("discriminator", {})
    if not selected:
        return (_form("", whole),)
    field = selected["propertyName"]
    names: dict[str, list[str]] = {}
    for value, reference in selected["mapping"].items():  # several values may select one shape
        names.setdefault(reference, []).append(f"{field}={value}")
    return tuple(_form(" or ".join(values), resolved({"$ref": each})) for each, values in names.items())


def _form(title: str, schema: Schema) -> Form:
    required = schema.get("required", [])
    properties = schema.get("properties", {}).items()
    return Form(title, tuple(Parameter(name, node, name in required) for name, node in properties))


def parameters(name: str) -> dict[str, Parameter]:
    """Every parameter of an endpoint, whatever the shape of its body."""
    return {parameter.name: parameter for form in forms(name) for parameter in form.parameters}


def branches(schema: Schema, depth: int = 8) -> Iterator[Schema]:
    """A schema and the branches of its unions, references followed."""
    schema = resolved(schema)
    yield schema
    if depth:
        for branch in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
            yield from branches(branch, depth - 1)


def takes_media(schema: Schema, depth: int = 6) -> bool:
    """True if a picture or film may stand in a value of the schema."""
    if not depth:
        return False
    for branch in branches(schema):
        inside = [*branch.get("prefixItems", []), branch.get("items") or {}]
        if branch.get("format") == "bfl-media" or any(takes_media(each, depth - 1) for each in inside if each):
            return True
    return False


def resolved(schema: Schema) -> Schema:
    """The schema that a reference names, or the schema itself."""
    return _component(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema


def components() -> Schema:
    """All schemas of the specification, by name."""
    found: Schema = specification.load()["components"]["schemas"]
    return found


def _component(name: str) -> Schema:
    found: Schema = components()[name]
    return found


def _kinds(branch: Schema) -> list[str]:
    kind = branch.get("type")
    return [kind] if isinstance(kind, str) else list(kind or [])
