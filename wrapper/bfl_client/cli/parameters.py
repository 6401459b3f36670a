"""Parameters from the command line, typed by the specification."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bfl_api import specification
from bfl_api.table import ENDPOINTS

from bfl_client.errors import ConfigurationError, shorten

_PYTHON = {"integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None)}


def parse(endpoint: str, prompt: str | None, given: list[str]) -> dict[str, Any]:
    """The body of a request from a prompt and ``key=value`` pairs.

    Raises:
        ConfigurationError: a pair without ``=``, a key given twice, or a file that is not there.
    """
    body: dict[str, Any] = {} if prompt is None else {"prompt": prompt}
    properties = _properties(endpoint)
    for pair in given:
        key, equals, text = pair.partition("=")
        if not equals or not key:
            raise ConfigurationError(f"-p takes KEY=VALUE, not {shorten(pair, 60)!r}")
        if key in body:
            raise ConfigurationError(f"{key} is given twice")
        body[key] = _value(text, properties.get(key, {}))
    return body


def _properties(endpoint: str) -> Mapping[str, Any]:
    known = ENDPOINTS.get(endpoint)
    if known is None:
        return {}
    schema = specification.load()["components"]["schemas"][known.schema]
    found: dict[str, Any] = {}
    for branch in schema.get("oneOf", [schema]):
        found |= _resolved(branch).get("properties", {})
    return found


def _value(text: str, schema: Mapping[str, Any]) -> Any:
    """A file for ``@…``; JSON where the parameter takes something of that type; else the text itself."""
    if text.startswith("@") and (not schema or _takes_files(schema)):
        path = Path(text[1:])
        if not path.is_file():
            raise ConfigurationError(f"there is no file {path}")
        return path
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    types = _types(schema)
    fits = any(isinstance(value, _PYTHON[kind]) for kind in types if kind in _PYTHON)  # type: ignore[arg-type]
    return value if fits or not types else text


def _takes_files(schema: Mapping[str, Any]) -> bool:
    schema = _resolved(schema)
    inside = [*schema.get("anyOf", []), *schema.get("prefixItems", []), schema.get("items") or {}]
    return schema.get("format") == "bfl-media" or any(_takes_files(branch) for branch in inside if branch)


def _types(schema: Mapping[str, Any]) -> set[str]:
    schema = _resolved(schema)
    types = {schema["type"]} if isinstance(schema.get("type"), str) else set()
    for branch in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        types |= _types(branch)
    return types


def _resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    component: Mapping[str, Any] = specification.load()["components"]["schemas"][reference.rpartition("/")[2]]
    return component
