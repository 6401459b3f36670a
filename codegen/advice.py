"""What the report of a comparison adds to the changes: what to do about them, here and in programs that use the client.

Everything is read from the two documents with the overlay applied; no endpoint is named here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from .diff import Change, Level
from .diff.changes import level_of, shown
from .names import method_name

BOUNDS = "x-bfl-bounds"
MARKS = ("x-bfl-price", "x-bfl-kind", "x-bfl-duration", "x-bfl-url-lifetime", "x-bfl-active-limit", "x-bfl-result")
"""Marks of the overlay that an endpoint should have of its own; without them the overlay's defaults apply."""
PAGES = ("README.md", "examples/*", "docs/*.md", "docs/guides/*.md", "docs/reference/*.md")
"""Where the project shows requests."""
_NARROWER = {"maximum": "at most", "minimum": "at least", "multipleOf": "a multiple of", "maxLength": "at most"}
_NEAR = 8  # lines around a parameter within which its endpoint is named
Node = dict[str, Any]


class Endpoint(NamedTuple):
    """A task endpoint of one document: its marks, and the properties of its body, those of all forms together."""

    name: str
    marks: set[str]
    properties: dict[str, Node]
    required: set[str]


def advice(
    before: Any, after: Any, changes: Sequence[Change], version: str = "", root: Path | None = None
) -> list[tuple[str, list[str]]]:
    """Return the sections that follow the changes in a report: headings with their lines.

    `before` and `after` are the effective documents, `version` is that of the package, `root` the project's folder.
    """
    old, new = endpoints(before), endpoints(after)
    found = {
        "What users must do": list(_orders(old, new)),
        "Version step": [_step(level_of(changes), version)] if changes and version else [],
        "Missing for new endpoints": list(_missing(old, new, root)),
        "Stale lines": list(_stale(old, new, root)) if root else [],
        "Bounds from the overlay": list(_bounds(after, ())),
    }
    return [(heading, lines) for heading, lines in found.items() if lines]


def endpoints(document: Any) -> dict[str, Endpoint]:
    """Return the task endpoints of an effective document by name: POSTs with a body, at a path with a version."""
    found = {}
    for path, item in document.get("paths", {}).items():
        operation = item.get("post") if isinstance(item, dict) else None
        body = (operation or {}).get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
        if operation and body:
            name = re.sub(r"^/v\d+/", "", path)
            forms = list(_forms(document, body))
            properties = {key: node for form in forms for key, node in form.get("properties", {}).items()}
            required = {key for form in forms for key in form.get("required", ())}
            found[name] = Endpoint(name, {key for node in (operation, *forms) for key in node}, properties, required)
    return found


def _forms(document: Node, schema: Node, depth: int = 5) -> Iterator[Node]:
    if "$ref" in schema:
        schema = document.get("components", {}).get("schemas", {}).get(schema["$ref"].rpartition("/")[2], {})
    yield schema
    for branch in [*schema.get("oneOf", ()), *schema.get("anyOf", ()), *schema.get("allOf", ())] if depth else ():
        yield from _forms(document, branch, depth - 1)


def _orders(old: dict[str, Endpoint], new: dict[str, Endpoint]) -> Iterator[str]:
    """Yield what a program that uses the client must change."""
    for name, endpoint in old.items():
        if name not in new:
            others = ", ".join(f"`{each}`" for each in new if each not in old)
            yield f"`{name}` is gone: use another endpoint{others and f', perhaps one of the new ones: {others}'}"
        else:
            yield from (f"`{name}`: {order}" for order in _changed(endpoint, new[name]))


def _changed(old: Endpoint, new: Endpoint) -> Iterator[str]:
    added = {key: node for key, node in new.properties.items() if key not in old.properties}
    for key in [key for key in old.properties if key not in new.properties]:
        twin = next((other for other, node in added.items() if _alike(node, old.properties[key])), None)
        yield f"rename `{key}` to `{twin}`" if twin else f"drop `{key}`"
    yield from (f"pass `{key}`, which is required now" for key in sorted(new.required - old.required))
    for key, node in new.properties.items():
        before = old.properties.get(key)
        if before is None:
            continue
        if "default" in before and node.get("default") != before["default"]:
            now = shown(node["default"]) if "default" in node else "none"
            yield f"`{key}` has another default, {now}: pass {shown(before['default'])} to keep the old one"
        for keyword, words in _NARROWER.items():
            if keyword in node and node[keyword] != before.get(keyword) and _narrower(keyword, before, node):
                yield f"keep `{key}` {words} {shown(node[keyword])}"
        gone = [value for value in before.get("enum", ()) if "enum" in node and value not in node["enum"]]
        yield from (f"`{key}` no longer takes {shown(value)}" for value in gone)


def _alike(one: Node, other: Node) -> bool:
    """Return whether two schemas differ in their texts only."""
    plain = [
        {key: value for key, value in node.items() if key not in ("title", "description")} for node in (one, other)
    ]
    return plain[0] == plain[1]


def _narrower(keyword: str, before: Node, now: Node) -> bool:
    if keyword not in before or keyword == "multipleOf":
        return True
    return bool(now[keyword] > before[keyword] if keyword == "minimum" else now[keyword] < before[keyword])


def _step(level: Level, version: str) -> str:
    """Return which part of the version should go up; below 1.0 a breaking change raises the second part."""
    major, minor, patch = (int(part) for part in re.findall(r"\d+", version)[:3])
    names = {Level.BREAKING: "major", Level.COMPATIBLE: "minor", Level.TEXT: "patch"}
    if level is Level.BREAKING and major:
        following = f"{major + 1}.0.0"
    else:
        following = f"{major}.{minor}.{patch + 1}" if level is Level.TEXT else f"{major}.{minor + 1}.0"
    early = ", which below 1.0 is the second part" if level is Level.BREAKING and not major else ""
    return f"{names[level]}{early}: {version} -> {following}"


def _missing(old: dict[str, Endpoint], new: dict[str, Endpoint], root: Path | None) -> Iterator[str]:
    """Yield what the overlay and the pages do not say of each new endpoint yet."""
    pages = {path: path.read_text(encoding="utf-8") for path in _pages(root)} if root else {}
    for name, endpoint in new.items():
        if name in old:
            continue
        if lacking := [mark for mark in MARKS if mark not in endpoint.marks]:
            yield f"`{name}`: the overlay has no {', '.join(lacking)}: its defaults apply, and a price is not known"
        guesses = [key for key, node in endpoint.properties.items() if "guess" in str(node.get("x-bfl-media", ""))]
        if guesses:
            listed = ", ".join(f"`{key}`" for key in guesses)
            yield f"`{name}`: {listed}: guessed to take pictures; mark with `format: bfl-media` or `x-bfl-media: false`"
        if pages and not any(name in text for text in pages.values()):
            yield f"`{name}`: no guide or example names it ({', '.join(PAGES)}); its own page of the site is generated"


def _pages(root: Path) -> list[Path]:
    return [path for pattern in PAGES for path in sorted(root.glob(pattern)) if path.suffix in (".md", ".py", ".csv")]


def _stale(old: dict[str, Endpoint], new: dict[str, Endpoint], root: Path) -> Iterator[str]:
    """Yield each line of the pages that names an endpoint, or beside an endpoint a parameter of it, that is gone."""
    gone = [word for name in old if name not in new for word in _words(name)]
    kept = [name for name in old if name in new]
    lost = {name: [key for key in old[name].properties if key not in new[name].properties] for name in kept}
    for path in _pages(root):
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            words = [word for word in gone if _names(line, word)]
            near = "\n".join(lines[max(0, number - _NEAR) : number + 1])
            for name, keys in lost.items():
                if keys and any(_names(near, word) for word in _words(name)):
                    words += [key for key in keys if _names(line, key)]
            if words:
                yield f"{path.relative_to(root)}:{number}: {', '.join(f'`{word}`' for word in dict.fromkeys(words))}"


def _words(name: str) -> tuple[str, str]:
    """Return how an endpoint is written: its name, and its method."""
    return name, method_name(f"/v1/{name}")


def _names(text: str, word: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", text) is not None


def _bounds(node: Any, path: tuple[str, ...]) -> Iterator[str]:
    """Yield each bound that an action of the overlay has set, with what is published and the action's reason."""
    if isinstance(node, dict):
        for key, mark in (node.get(BOUNDS) or {}).items():
            place = ".".join(part for part in path if part not in ("components", "schemas", "properties"))
            published = "none" if mark["published"] is None else shown(mark["published"])
            yield f"`{place}`: {key} {shown(node[key])} (published: {published}). {mark['because']}"
        for key, value in node.items():
            yield from _bounds(value, (*path, key))
    elif isinstance(node, list):
        for value in node:
            yield from _bounds(value, path)
