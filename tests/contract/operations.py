"""The operations of the packaged effective specification, as the contract tests see them: read here, named nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from bfl_api import specification
from bfl_api.table import ENDPOINTS, Endpoint

DOCUMENT: dict[str, Any] = specification.load()
JSON = "application/json"
Schema = dict[str, Any]


class Operation:
    """One method of one path, with the schema of its body and its parameters."""

    def __init__(self, path: str, method: str, node: Schema) -> None:
        self.path, self.method, self.node = path, method, node
        self.endpoint: Endpoint | None = None
        if method == "post":
            self.endpoint = next((each for each in ENDPOINTS.values() if each.path == path), None)

    def __repr__(self) -> str:
        return self.endpoint.name if self.endpoint else f"{self.method}-{self.path}"

    @cached_property
    def body(self) -> Schema | None:
        """Schema of the JSON body; None if there is none."""
        content = resolve(self.node.get("requestBody", {})).get("content", {})
        schema: Schema | None = content.get(JSON, {}).get("schema")
        return schema

    @cached_property
    def parameters(self) -> list[Schema]:
        """Parameters in path and query."""
        shared = DOCUMENT["paths"][self.path].get("parameters", [])
        found = [resolve(each) for each in (*shared, *self.node.get("parameters", []))]
        return [each for each in found if each["in"] in ("path", "query")]

    @cached_property
    def discriminator(self) -> tuple[str, dict[str, str]]:
        """Property that selects the branch of a union, and the branch's reference for each of its values."""
        found = resolve(self.body or {}).get("discriminator", {})
        return found.get("propertyName", ""), found.get("mapping", {})

    def branch(self, body: Any) -> Schema:
        """Object schema that applies to a body; the whole union if its discriminator selects none."""
        name, mapping = self.discriminator
        value = body.get(name) if mapping and isinstance(body, dict) else None
        selected = {"$ref": mapping[value]} if isinstance(value, str) and value in mapping else self.body
        return resolve(selected or {})

    def model_name(self, body: Any) -> str:
        """Component that describes a body; empty if there is none."""
        name, mapping = self.discriminator
        reference = mapping.get(body.get(name)) if mapping else (self.body or {}).get("$ref", "")
        return str(reference).rpartition("/")[2]

    def takes_more(self, body: dict[str, Any]) -> bool:
        """True if the schema says that there are parameters which it does not list."""
        return self.branch(body).get("additionalProperties") is True

    def split(self, body: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The part of a body that the schema knows, and the rest."""
        known = self.branch(body).get("properties", {})
        return {k: v for k, v in body.items() if k in known}, {k: v for k, v in body.items() if k not in known}


def resolve(node: Schema) -> Schema:
    """Follow the references of a node within the document."""
    while isinstance(reference := node.get("$ref"), str):
        node = DOCUMENT
        for part in reference.removeprefix("#/").split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
    return node


def _operations() -> Iterator[Operation]:
    for path, item in DOCUMENT["paths"].items():
        for method, node in item.items():
            if method in ("get", "put", "post", "delete", "patch"):
                yield Operation(path, method, node)


OPERATIONS = list(_operations())
TASKS = [each for each in OPERATIONS if each.endpoint is not None]
UTILITIES = [each for each in OPERATIONS if each.endpoint is None]
POLLING = next(each for each in OPERATIONS if each.node.get("x-bfl-emulate") == "get-result")


def slug(text: str) -> str:
    """The text with `_` for what is neither letter nor digit: the rule for the names of typed methods."""
    return re.sub(r"[^0-9A-Za-z]", "_", text)
