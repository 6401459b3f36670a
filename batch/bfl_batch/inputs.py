"""The parameters in a job's line: texts of a table typed by the specification, and files named with ``@``."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from bfl_api import specification
from bfl_api.table import ENDPOINTS
from bfl_client.constraints import check_body
from bfl_client.errors import ConstraintError, Violation
from bfl_client.media import prepare

Schema = Mapping[str, Any]
_PYTHON = {"integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None)}
_WEBHOOK = re.compile(r"webhook_\w+")


@lru_cache(maxsize=64)
def properties(endpoint: str) -> Mapping[str, Schema]:
    """The parameters of an endpoint and their schemas, of all its branches; empty for one that is not known."""
    known = ENDPOINTS.get(endpoint)
    if known is None or not known.schema:
        return {}
    whole = _resolved({"$ref": known.schema})
    found: dict[str, Schema] = {}
    for branch in whole.get("oneOf", [whole]):
        found |= _resolved(branch).get("properties", {})
    return found


@lru_cache(maxsize=64)
def media(endpoint: str) -> frozenset[str]:
    """The parameters of an endpoint that take pictures or films, or lists with such."""
    return frozenset(name for name, schema in properties(endpoint).items() if _takes_media(schema))


def typed(endpoint: str, name: str, text: str) -> Any:
    """The JSON value of a text where the parameter takes something of that type; else the text itself."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    types = _types(properties(endpoint).get(name, {}))
    fits = any(isinstance(value, _PYTHON[kind]) for kind in types if kind in _PYTHON)  # type: ignore[arg-type]
    return value if fits or not types else text


def with_files(endpoint: str, body: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The body with a `Path` for each ``@name`` in a parameter that takes media; names are relative to `folder`."""
    takes = media(endpoint)
    return {name: _opened(value, folder) if name in takes else value for name, value in body.items()}


def without_media(endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body without the parameters that take media."""
    takes = media(endpoint)
    return {name: value for name, value in body.items() if name not in takes}


def storable(value: Any) -> Any:
    """The value as plain JSON, paths as ``@path``.

    Raises:
        TypeError: the content of a file, which a batch does not keep.
    """
    if isinstance(value, os.PathLike):
        return f"@{Path(os.fspath(value)).resolve()}"
    if isinstance(value, Mapping):
        return {str(key): storable(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [storable(item) for item in value]
    if value is None or isinstance(value, str | int | float):
        return value
    raise TypeError(f"a batch takes no {type(value).__name__}: save it to a file, and pass its Path")


def violations(endpoint: str, body: Mapping[str, Any], folder: Path) -> list[Violation]:
    """Everything that is wrong with a job's parameters, in the words of a jobs file."""
    found = [
        Violation(name, "", "a batch polls its tasks itself: leave it out") for name in body if _WEBHOOK.fullmatch(name)
    ]
    try:
        check_body(endpoint, ENDPOINTS[endpoint].path, prepare(endpoint, with_files(endpoint, body, folder)))
    except ConstraintError as error:
        found += [each._replace(message=_said(each.message)) for each in error.violations]
    return found


def _said(message: str) -> str:
    """A remedy without Path(…) and extra={…}, which a jobs file does not have."""
    message = message.replace("bytes or an open binary file; for a file on disk pass ", "or a file: ")
    message = re.sub(r"Path\((['\"])(.*?)\1\)", r'"@\2"', message)
    return message.replace("; extra={…} sends it as it is", "")


def _opened(value: Any, folder: Path) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return folder / value[1:]
    if isinstance(value, list):
        return [_opened(item, folder) for item in value]
    if isinstance(value, dict):
        return {name: _opened(item, folder) for name, item in value.items()}
    return value


def _takes_media(schema: Schema) -> bool:
    schema = _resolved(schema)
    inside = [*schema.get("anyOf", []), *schema.get("prefixItems", []), schema.get("items") or {}]
    return schema.get("format") == "bfl-media" or any(_takes_media(branch) for branch in inside if branch)


def _types(schema: Schema) -> set[str]:
    schema = _resolved(schema)
    types = {schema["type"]} if isinstance(schema.get("type"), str) else set()
    for branch in [*schema.get("anyOf", []), *schema.get("oneOf", [])]:
        types |= _types(branch)
    return types


def _resolved(schema: Schema) -> Schema:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    component: Schema = specification.load()["components"]["schemas"][reference.rpartition("/")[2]]
    return component
