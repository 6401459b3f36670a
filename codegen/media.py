"""Which strings of a request are pictures or videos: marks in the effective specification, which everybody reads.

`format: bfl-media` is sure: the overlay says so, or the document does in its own way. `x-bfl-media: guess` is a guess,
for a string about which nothing is said: too wide costs nothing, too narrow refuses requests that work. The overlay
rules a guess out with `x-bfl-media: false`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .reading import copied
from .report import located
from .specification import METHODS, schema_name

MEDIA = "bfl-media"
MARK = "x-bfl-media"
GUESS = "guess"
_SAYING = {
    "format",
    "minLength",
    "maxLength",
    "pattern",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "allOf",
}  # then it is no guess
_FILES = ("image/", "video/", "audio/", "application/octet-stream")


def with_media(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with a mark on each string of a request body that is, or may be, a picture or video."""
    result: dict[str, Any] = copied(document)
    marks = _Marks(result.get("components", {}).get("schemas", {}))
    for path, item in result.get("paths", {}).items():
        with located(f"path {path}"):
            for method in METHODS:
                content = item.get(method, {}).get("requestBody", {}).get("content", {})
                for media in content.values():
                    media["schema"] = marks.of(media.get("schema", {}), "")
    return result


class _Marks:
    def __init__(self, schemas: dict[str, Any]) -> None:
        self._schemas = schemas
        self._seen: set[str] = set()

    def of(self, node: Any, name: str) -> Any:
        """Return a schema with its marks; `name` is the property that it describes, empty for a body."""
        if not isinstance(node, dict) or node.get(MARK) is False:
            return node
        if referred := schema_name(node.get("$ref")):
            return self._referred(node, referred, name)
        marked = {**node, **_mark(node, name)}
        for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
            if isinstance(node.get(key), list):
                marked[key] = [self.of(branch, name) for branch in node[key]]
        if "items" in node:
            marked["items"] = self.of(node["items"], name)
        if isinstance(node.get("properties"), dict):
            marked["properties"] = {key: self.of(value, key) for key, value in node["properties"].items()}
        return marked

    def _referred(self, node: dict[str, Any], referred: str, name: str) -> Any:
        """Mark an object where it stands, and a string in a copy: elsewhere, its property may have a plain name."""
        if referred in self._seen or referred not in self._schemas:
            return node
        self._seen.add(referred)  # before its parts, so that a schema may refer to itself
        target = self._schemas[referred]
        marked = self.of(target, name)
        if not name or "properties" in target:
            self._schemas[referred] = marked
            return node
        self._seen.discard(referred)
        return node if marked == target else {**marked, **{key: node[key] for key in node.keys() - {"$ref"}}}


def _mark(node: Mapping[str, Any], name: str) -> dict[str, Any]:
    kinds = node.get("type")
    if kinds != "string" and not (isinstance(kinds, list) and "string" in kinds):
        return {}
    content = str(node.get("contentMediaType", ""))
    if node.get("format") in ("binary", "byte", MEDIA) or content.startswith(_FILES):
        return {"format": MEDIA}
    if str(node.get("contentEncoding", "")).startswith("base64") and not content:
        return {"format": MEDIA}
    return {} if _SAYING & node.keys() or content or not name or _is_plain(name) else {MARK: GUESS}


def _is_plain(name: str) -> bool:
    return name in ("prompt", "user", "version") or name.endswith("_id") or name.startswith("webhook_")
