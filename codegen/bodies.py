"""Request bodies by name: the endpoint table names the schema of each body, so each body has to be a component."""

from __future__ import annotations

from typing import Any

from . import names
from .document import METHODS, SCHEMA_PREFIX, schema_name
from .documents import copied
from .report import located


def with_named_bodies(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with each inline JSON request body moved to the components, under a name from its path."""
    result: dict[str, Any] = copied(document)
    schemas = result.setdefault("components", {}).setdefault("schemas", {})
    for path, item in result.get("paths", {}).items():
        with located(f"path {path}"):
            for media in [media for method in METHODS for media in _json_bodies(item, method)]:
                media["schema"] = _unwrapped(media["schema"], schemas)
                if not schema_name(media["schema"].get("$ref")):
                    name = _free(names.class_name(names.method_name(path)) + "Inputs", schemas)
                    schemas[name] = media["schema"]
                    media["schema"] = {"$ref": SCHEMA_PREFIX + name}
    return result


def _json_bodies(item: Any, method: str) -> list[dict[str, Any]]:
    operation = item.get(method) if isinstance(item, dict) else None
    content = operation.get("requestBody", {}).get("content", {}) if isinstance(operation, dict) else {}
    return [media for kind, media in content.items() if "json" in kind and isinstance(media.get("schema"), dict)]


def _unwrapped(schema: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    """Return a reference to the schema that says what the body is, past those that are only another name for it."""
    found = schema
    for _ in range(len(schemas) + 1):
        branches = schema.get("allOf", [schema])
        if len(branches) != 1 or schema.keys() - {"allOf", "$ref", "title", "description"}:
            break
        name = schema_name(branches[0].get("$ref"))
        if not isinstance(schemas.get(name), dict):
            break
        found, schema = {"$ref": branches[0]["$ref"]}, schemas[name]
    return found


def _free(name: str, taken: dict[str, Any]) -> str:
    return name if name not in taken else _free(f"{name}2", taken)
