"""Request bodies that are unions: what tells their branches apart is written down where the document leaves it out."""

from __future__ import annotations

from typing import Any

from .document import METHODS, SCHEMA_PREFIX, schema_name
from .documents import copied
from .report import located


def with_discriminators(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a full discriminator on each union that is a request body, where there can be one.

    A union of objects gets one from a property that all of them require and that has other constants in each; one that
    the document has without its mapping gets that. Any other union is left as it is.
    """
    result: dict[str, Any] = copied(document)
    schemas = result.get("components", {}).get("schemas", {})
    for path, item in result.get("paths", {}).items():
        with located(f"path {path}"):
            for method in METHODS:
                content = item.get(method, {}).get("requestBody", {}).get("content", {})
                for media in content.values():
                    union = schemas.get(schema_name(media.get("schema", {}).get("$ref")))
                    if isinstance(union, dict):
                        _discriminate(union, schemas)
    return result


def _discriminate(union: dict[str, Any], schemas: dict[str, Any]) -> None:
    names = [schema_name(branch.get("$ref")) for branch in (*union.get("oneOf", ()), *union.get("anyOf", ()))]
    branches = [branch for name in names if "properties" in (branch := schemas.get(name) or {})]
    own = union.get("discriminator", {})
    if len(branches) < 2 or len(branches) < len(names) or own.get("mapping"):
        return
    candidates = [own["propertyName"]] if "propertyName" in own else list(branches[0]["properties"])
    for candidate in candidates:
        constants = [_constants(branch, candidate, needed=not own) for branch in branches]
        every = [value for values in constants for value in values]
        if all(constants) and len(every) == len(set(every)):
            pairs = zip(names, constants, strict=True)
            mapping = {value: SCHEMA_PREFIX + name for name, values in pairs for value in values}
            union["discriminator"] = {"propertyName": candidate, "mapping": mapping}
            return


def _constants(branch: dict[str, Any], name: str, *, needed: bool) -> list[str]:
    """Return the strings that a property of a branch may be; none if it may be others, or left out though `needed`."""
    node = branch["properties"].get(name, {})
    found = [node["const"]] if "const" in node else list(node.get("enum", ()))
    if needed and name not in branch.get("required", ()):
        return []
    return found if all(isinstance(value, str) for value in found) else []
