"""Completes the document by rules once its overlay is applied; no rule names an endpoint.

Each request body gets a name, each union a discriminator where there can be one, each string that may be a picture its
mark, dead servers are left out, and a specification that wants the key in a different header than the client sends is
refused.
"""

from __future__ import annotations

from typing import Any

from . import names
from .media import with_media
from .reading import copied
from .report import CodegenError, located
from .specification import METHODS, SCHEMA_PREFIX, schema_name

GONE = "x-bfl-gone-servers"
KEY_HEADER = "x-key"


def completed(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document, completed by these rules. Raises CodegenError if it cannot be used."""
    check_key(document)
    return with_media(with_living_servers(with_discriminators(with_named_bodies(document))))


def with_named_bodies(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with each inline JSON request body moved to the components and named after its path.

    The endpoint table names the schema of each body, so each body has to be a component.
    """
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
    """Return a reference to the schema that describes the body, past those that only refer to another."""
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


def with_discriminators(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a discriminator and its mapping on each request body that is a union and can have one.

    A union of objects can if all of them require a property that has different constants in each. If the document has
    a discriminator without its mapping, the mapping is added. Other unions stay as they are.
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
    """Return the strings that a property of a branch may be; none if it may be others, or is `needed` but optional."""
    node = branch["properties"].get(name, {})
    found = [node["const"]] if "const" in node else list(node.get("enum", ()))
    if needed and name not in branch.get("required", ()):
        return []
    return found if all(isinstance(value, str) for value in found) else []


def with_living_servers(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the servers listed in its mark `x-bfl-gone-servers`.

    Raises CodegenError if no server is left.
    """
    result: dict[str, Any] = copied(document)
    gone = {_plain(url) for url in result.get(GONE, ())}
    servers = [server for server in result.get("servers", ()) if _plain(server.get("url")) not in gone]
    if gone and not servers:
        raise CodegenError("the specification names only servers that no longer exist")
    if servers:
        result["servers"] = servers
    return result


def _plain(url: object) -> str:
    return str(url).rstrip("/").lower()


def check_key(document: dict[str, Any]) -> None:
    """Raise CodegenError if the specification wants the API key in a different header than the client sends."""
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        kind = [str(scheme.get(key)).lower() for key in ("type", "in")] if isinstance(scheme, dict) else []
        if kind == ["apikey", "header"] and str(scheme.get("name")).lower() != KEY_HEADER:
            raise CodegenError(
                f"security scheme {name}: the key belongs in the header {scheme.get('name')!r}, but bfl_client sends "
                f"{KEY_HEADER!r}: change bfl_client/auth.py first"
            )
