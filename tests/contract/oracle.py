"""The judge of what a request may be: jsonschema-rs with formats, on the packaged specification.

Nothing of the client's is used. What `bfl-media` means is written down a second time, so that a mistake shows.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema_rs

from .operations import DOCUMENT, Operation, Schema


def is_media(text: str) -> bool:
    """True for an http(s) URL with host, a base64 data URI, or base64 that is not empty (documented, recorded 2025)."""
    if re.match(r"(?i)https?://", text):
        return re.fullmatch(r"(?i)https?://([^\s/?#@]*@)?[^\s/?#@:]+(:\d*)?([/?#]\S*)?", text) is not None
    if text.lower().startswith("data:"):
        head, _, text = text.partition(",")
        if not head.lower().endswith(";base64"):
            return False
    return bool(text) and len(text) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/]+={0,2}", text) is not None


def is_ratio(text: str) -> bool:
    """True for two whole numbers whose ratio lies between 9:21 and 21:9 (published in words)."""
    if not re.fullmatch(r"[0-9]+:[0-9]+", text):
        return False
    width, height = (int(side) for side in text.split(":"))
    return height > 0 and 9 / 21 - 1e-12 <= width / height <= 21 / 9 + 1e-12


FORMATS = {"bfl-media": is_media, "bfl-ratio": is_ratio}


@cache
def _validator(operation: Operation, branch: str) -> Any:
    schema = {"$ref": branch} if branch else operation.body
    return validator(schema or {})


def validator(schema: Schema) -> Any:
    """A validator of a schema of the specification, formats included."""
    whole = {"allOf": [schema], "components": DOCUMENT["components"]}
    return jsonschema_rs.Draft202012Validator(whole, formats=FORMATS, validate_formats=True)


def is_valid(operation: Operation, body: Any) -> bool:
    """True if the operation may be sent this body."""
    return bool(_validator(operation, "").is_valid(body))


def faults(operation: Operation, body: dict[str, Any]) -> set[str]:
    """Names of the top-level keys that make a body invalid; of a union, those of the branch that the body selects."""
    name, mapping = operation.discriminator
    value = body.get(name) if mapping else None
    if mapping and not (isinstance(value, str) and value in mapping):
        return {name}
    found: set[str] = set()
    for error in _validator(operation, mapping[str(value)] if mapping else "").iter_errors(body):
        if error.instance_path:
            found.add(str(error.instance_path[0]))
        elif error.kind.name == "required":
            found.add(error.kind.property)
        elif error.kind.name == "additionalProperties":
            found.update(error.kind.unexpected)
        else:
            found.add("")
    return found
