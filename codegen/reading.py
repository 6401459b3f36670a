"""Reading and writing JSON and YAML documents, strictly and in the same way everywhere.

PyYAML follows YAML 1.1, where a plain `16:9` is the number 969, `on` is true and `2026-10-01` is a date. Documents
about an API never mean that, so scalars are read by the rules of YAML 1.2, which has JSON's types.
"""

from __future__ import annotations

import json
import marshal
import re
from pathlib import Path
from typing import Any, NoReturn

import yaml

from .report import CodegenError

_INTEGER = re.compile(r"[-+]?[0-9]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_CONSTANTS = {"null": None, "~": None, "": None, "true": True, "false": False}


def read(path: Path) -> Any:
    """Read a JSON file, or a YAML file if its name ends in .yml or .yaml.

    Raises CodegenError if it cannot be read, is malformed, or has the same key twice in one object.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CodegenError(f"{path.name} cannot be read: {error}") from error
    return parsed(content, path.name)


def parsed(content: bytes, name: str) -> Any:
    """Read a document as `read` does; `name` decides between JSON and YAML, and is used in messages."""
    try:
        text = content.decode("utf-8-sig")
        if name.endswith((".yml", ".yaml")):
            return _value(yaml.compose(text, Loader=yaml.SafeLoader))
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        begins = " ".join(content[:60].decode("utf-8", "replace").split())
        raise CodegenError(f"{name} cannot be read: {error}; it begins with {begins!r}") from error


def dump(document: Any) -> str:
    """Return a document as indented JSON in ASCII, its keys in their own order."""
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def copied(document: Any) -> Any:
    """Return a copy in which no two places share an object: marshal's version 2 keeps no references."""
    return marshal.loads(marshal.dumps(document, 2))  # noqa: S302 # takes a quarter of json's time


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ValueError(f"the key {key!r} occurs twice in one object")
        result[key] = value
    return result


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _value(node: Any) -> Any:
    """Turn a composed YAML node into plain values."""
    if isinstance(node, yaml.MappingNode):
        return _unique([(_key(key), _value(value)) for key, value in node.value])
    if isinstance(node, yaml.SequenceNode):
        return [_value(item) for item in node.value]
    if node is None or not isinstance(node.value, str):
        return None
    return node.value if node.style in ("'", '"', "|", ">") else _plain(node.value)


def _key(node: Any) -> str:
    if not isinstance(node, yaml.ScalarNode):
        raise ValueError(f"line {node.start_mark.line + 1}: a key is not a text")
    if node.value == "<<" and not node.style:
        raise ValueError(f"line {node.start_mark.line + 1}: YAML 1.2 has no merge keys")
    return str(node.value)


def _plain(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text
