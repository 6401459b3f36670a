"""The whole comparison: the facts of all parts, with their levels, grouped by what they say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from codegen.report import located
from codegen.specification import METHODS, Specification, schema_name

from .changes import ABSENT, Change, Fact, Level, Side, canonical, shown
from .operations import AccessComparison, OperationComparison
from .rules import level

_THINGS = {
    "path": "the endpoint",
    "operation": "the operation",
    "left out": "the operation, of a kind that codegen leaves out,",
    "parameter": "the parameter",
    "property": "the property",
    "model": "the model (a class of bfl_api.models)",
}
_TEXTUAL = ("info", "tags", "externalDocs")


def differences(old: dict[str, Any], new: dict[str, Any]) -> list[Change]:
    """Return what has changed from one document to the other, breaking changes first, each change once.

    Raises CodegenError, naming the place, if one of them is not an OpenAPI 3 document or not consistent.
    """
    with located("the old document"):
        before = Specification(old)
    with located("the new document"):
        after = Specification(new)
    with located("the comparison: a part of one of the documents"):
        facts = [*_document(before, after), *OperationComparison(before, after).facts(), *_models(before, after)]
    places: dict[tuple[Level, Side, str, str], dict[str, None]] = {}
    for fact in facts:
        key = (level(fact), fact.side, fact.field, _sentence(fact))
        places.setdefault(key, {})[fact.place] = None
    changes = [Change(key[0], key[1], tuple(found), key[2], key[3]) for key, found in places.items()]
    return sorted(changes, key=lambda change: (-change.level, change.places[0] != "the document"))


def _document(old: Specification, new: Specification) -> Iterator[Fact]:
    """Yield the differences outside `paths` and `components`."""
    yield from AccessComparison(old, new).of_document()
    for operation in dict.fromkeys([*old.left_out, *new.left_out]):
        if (operation in old.left_out) is not (operation in new.left_out):
            before, after = (operation if operation in one.left_out else ABSENT for one in (old, new))
            yield Fact(operation, Side.DOCUMENT, "", "left out", before, after)
    for key in dict.fromkeys([*old.document, *new.document]):
        before, after = (one.document.get(key, ABSENT) for one in (old, new))
        if key in ("paths", "components", "servers", "security") or canonical(before) == canonical(after):
            continue
        keyword = "info" if key in _TEXTUAL else "dialect" if key == "jsonSchemaDialect" else key
        yield Fact("the document", Side.DOCUMENT, key, keyword, before, after)


def _models(old: Specification, new: Specification) -> Iterator[Fact]:
    """Yield the schemas that were added, removed or renamed: each is a class of the generated package."""
    used = {name for document in (old, new) for name in _reached(document)}
    for name in dict.fromkeys([*old.schemas, *new.schemas]):
        keyword = "model" if name in used else "unused schema"
        if (name in old.schemas) is not (name in new.schemas):
            found = (ABSENT, name) if name in new.schemas else (name, ABSENT)
            yield Fact(f"schema {name}", Side.DOCUMENT, "", keyword, *found)
        elif name not in used and canonical(old.schemas[name]) != canonical(new.schemas[name]):
            yield Fact(f"schema {name}", Side.DOCUMENT, "", keyword, name, name)


def _reached(specification: Specification) -> set[str]:
    """Return the schemas that operations use, directly or through others."""
    items = specification.document["paths"].values()
    waiting = [item[method] for item in items for method in METHODS if isinstance(item, dict) and method in item]
    found: set[str] = set()
    while waiting:
        for name in _referred(waiting.pop()):
            if name not in found and name in specification.schemas:
                found.add(name)
                waiting.append(specification.schemas[name])
    return found


def _referred(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        yield from filter(None, [schema_name(node.get("$ref"))])
        node = list(node.values())
    if isinstance(node, list):
        for item in node:
            yield from _referred(item)


def _sentence(fact: Fact) -> str:
    """Return a fact in words."""
    if fact.keyword in _THINGS:
        return f"{_THINGS[fact.keyword]} is {'new' if fact.old is ABSENT else 'gone'}"
    old, new = shown(fact.old), shown(fact.new)
    texts = {
        "alternative added": f"may also be {new}",
        "alternative removed": f"may no longer be {old}",
        "required property": "the property is new, and it is required",
        "required": "is now required" if fact.old is ABSENT else "is no longer required",
        "operationId": f"operationId {old} → {new} (no effect: names come from the paths)",
    }
    if fact.keyword in ("enum", "discriminator mapping") and ABSENT not in (fact.old, fact.new):
        return _choices(fact)
    return texts.get(fact.keyword, f"{fact.keyword}: {old} → {new}")


def _choices(fact: Fact) -> str:
    before, after = ({canonical(value): None for value in values} for values in (fact.old, fact.new))
    gone, added = ([key for key in one if key not in other] for one, other in ((before, after), (after, before)))
    said = [f"{verb} {', '.join(found)}" for verb, found in (("gains", added), ("loses", gone)) if found]
    return f"{fact.keyword} {' and '.join(said)}"
