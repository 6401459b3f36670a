"""A short contract run, for many changed specifications: `python short_contract.py` exits with 0 if the package passes.

For every endpoint of the package that is importable: a smallest valid body passes the client's own validation and is
taken by the emulator, and the same body with a key that the schema does not know is refused before anything is sent
(or sent, where the schema says that there are more).
"""

from __future__ import annotations

import base64
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Iterable, Mapping
from io import BytesIO
from typing import Any

import bfl_api
import bfl_api.specification
from bfl_api.table import ENDPOINTS
from bfl_client import Client, ConstraintError
from bfl_client.specification import media_parameters
from bfl_emulator import Emulator
from PIL import Image

Node = Mapping[str, Any]
DOCUMENT = bfl_api.specification.load()


def picture() -> str:
    """Return a picture that every endpoint accepts, as base64."""
    buffer = BytesIO()
    Image.new("RGB", (512, 512)).save(buffer, "PNG")
    return base64.b64encode(buffer.getvalue()).decode()


def resolved(node: Node) -> Node:
    """Follow references."""
    while "$ref" in node:
        node = DOCUMENT["components"]["schemas"][node["$ref"].rpartition("/")[2]]
    return node


def example(given: Node) -> Any:
    """Return a small value that a schema permits."""
    node = resolved(given)
    for key in ("anyOf", "oneOf"):
        if key in node:
            return example(node[key][0])
    if "allOf" in node:
        return {key: value for branch in node["allOf"] for key, value in example(branch).items()}
    if "const" in node or "enum" in node:
        return node["const"] if "const" in node else node["enum"][0]
    if node.get("type") == "object" or "properties" in node:
        return {name: example(node["properties"][name]) for name in node.get("required", ())}
    if node.get("type") == "array":
        return [example(item) for item in node.get("prefixItems") or [node.get("items", {})]]
    return number(node) if node.get("type") in ("integer", "number") else text(node)


def number(node: Node) -> float:
    """Return the lowest number, or zero."""
    lowest: float = max(node.get("minimum", 0), node.get("multipleOf", 0))
    return lowest + ("exclusiveMinimum" in node)


def text(node: Node) -> Any:
    """Return a text of the right format, or a picture."""
    kinds = {"boolean": False, "null": None}
    medium = "gICA" if "x-bfl-media-kind" in node else picture()  # base64 of no known kind for videos
    formats = {"uri": "https://example.com", "bfl-media": medium, "bfl-ratio": "1:1"}
    if node.get("type") in kinds:
        return kinds[node["type"]]
    return formats.get(node.get("format", ""), "a fox")


def held(client: Client, name: str, schema: Node, body: dict[str, Any]) -> bool:
    """Whether the client refuses a key that the schema does not know, unless the schema says that there are more."""
    try:
        client.submit(name, {**body, "no_such_parameter_anywhere": 1})
    except ConstraintError:
        return schema.get("additionalProperties") is not True
    return schema.get("additionalProperties") is True


def media(methods: Iterable[Any]) -> set[str]:
    """Return the parameters that are typed as pictures."""
    found = [one for method in methods for one in inspect.signature(method).parameters.values()]
    return {one.name for one in found if "Media" in str(one.annotation)}


def main() -> int:
    """Run, print the endpoints at fault, and return their number."""
    for module in pkgutil.walk_packages(bfl_api.__path__, "bfl_api."):
        importlib.import_module(module.name)
    faults = []
    with Emulator(speed=float("inf")) as emulator, Client(emulator.api_key, emulator.base_url) as client:
        for name, endpoint in ENDPOINTS.items():
            schema = resolved({"$ref": f"#/components/schemas/{endpoint.schema}"}) if endpoint.schema else {}
            body = example(schema) if schema else {}
            methods = (client.submit, *(getattr(client.submit, method) for method in endpoint.method_names))
            if not all(map(callable, methods)) or not held(client, name, schema, body):
                faults.append(f"{name}: an unknown key is refused or sent against its schema")
            if media(methods[1:]) != media_parameters(name):
                faults.append(f"{name}: what is typed as a picture is not taken as one")
            if not client.submit(name, body).polling_url:
                faults.append(f"{name}: no task")
    print("\n".join(faults) or f"{len(ENDPOINTS)} endpoints pass")
    return len(faults)


if __name__ == "__main__":
    sys.exit(main())
