"""Facts about operations: parameters, bodies, answers, servers, and the security that requests need."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from codegen.specification import METHODS, Node, Specification

from .changes import ABSENT, Fact, Side, canonical
from .rules import TEXTS
from .schemas import SchemaComparison, Spot

_SERIALIZATION = {"style": None, "explode": None, "allowReserved": False, "allowEmptyValue": False, "content": None}


class OperationComparison:
    """Compares the `paths` of two documents."""

    def __init__(self, old: Specification, new: Specification) -> None:
        self._old, self._new = old, new
        self._schemas = SchemaComparison(old, new)
        self._access = AccessComparison(old, new)

    def facts(self) -> Iterator[Fact]:
        """Yield the differences. Raises CodegenError if a document is malformed."""
        before, after = (_operations(document) for document in (self._old, self._new))
        paths, others = ({path for path, _ in found} for found in (before, after))
        for key in dict.fromkeys([*before, *after]):
            place = f"{key[1].upper()} {key[0]}"
            kind = "operation" if key[0] in paths & others else "path"
            if key not in after:
                yield Fact(place, Side.DOCUMENT, "", kind, old=place)
            elif key not in before:
                yield Fact(place, Side.DOCUMENT, "", kind, new=place)
            else:
                yield from self._operation(before[key], after[key], place)

    def _operation(self, old: Node, new: Node, place: str) -> Iterator[Fact]:
        document = Spot(place, Side.DOCUMENT, "")
        yield from self._parameters(old, new, place)
        yield from self._body(old.get("requestBody"), new.get("requestBody"), Spot(place, Side.REQUEST, ""))
        yield from self._answers(old.get("responses", {}), new.get("responses", {}), place)
        yield from self._access.of_operation(old, new, document)
        for key in dict.fromkeys([*old, *new]):
            known = key in TEXTS or key in ("operationId", "tags", "callbacks") or key.startswith("x-")
            if known and canonical(old.get(key)) != canonical(new.get(key)):
                yield document.fact(key, old.get(key, ABSENT), new.get(key, ABSENT))

    def _parameters(self, old: Node, new: Node, place: str) -> Iterator[Fact]:
        before, after = (
            {_identity(found): found for found in _all(specification, node, place)}
            for specification, node in ((self._old, old), (self._new, new))
        )
        for name in dict.fromkeys([*before, *after]):
            spot = Spot(place, Side.REQUEST, name)
            if name not in after:
                yield spot.fact("parameter", old=name)
            elif name not in before:
                required = after[name].get("required") is True
                yield spot.fact("required parameter", new=True) if required else spot.fact("parameter", new=name)
            else:
                yield from self._parameter(before[name], after[name], spot)

    def _parameter(self, old: Node, new: Node, spot: Spot) -> Iterator[Fact]:
        yield from self._schemas.facts(old.get("schema", True), new.get("schema", True), spot)
        needed, wanted = (one.get("required") is True for one in (old, new))
        if needed is not wanted:
            yield spot.fact("required parameter", needed, wanted)
        for key, usual in _SERIALIZATION.items():
            if canonical(old.get(key, usual)) != canonical(new.get(key, usual)):
                yield spot.fact("serialization", old.get(key, ABSENT), new.get(key, ABSENT))
        yield from _texts(old, new, spot)

    def _body(self, old: Any, new: Any, spot: Spot) -> Iterator[Fact]:
        if old is None and new is None:
            return
        before = self._old.resolve(old, spot.place) if old is not None else {}
        after = self._new.resolve(new, spot.place) if new is not None else {}
        needed, wanted = (one.get("required") is True for one in (before, after))
        if needed is not wanted and (new is not None):
            yield spot.fact("required request body", needed, wanted)
        elif (old is None) is not (new is None):
            yield spot.fact("request body", *(ABSENT if one is None else "body" for one in (old, new)))
        if old is not None and new is not None:
            yield from self._content(before, after, spot)
            yield from _texts(before, after, spot)

    def _content(self, old: Node, new: Node, spot: Spot) -> Iterator[Fact]:
        before, after = ({**one.get("content", {})} for one in (old, new))
        for kind in dict.fromkeys([*before, *after]):
            if kind not in after:
                yield spot.fact("content type", old=kind)
            elif kind not in before:
                yield spot.fact("content type", new=kind)
            else:
                yield from self._schemas.facts(before[kind].get("schema", True), after[kind].get("schema", True), spot)
                if canonical(before[kind].get("encoding")) != canonical(after[kind].get("encoding")):
                    yield spot.fact("serialization", before[kind].get("encoding"), after[kind].get("encoding"))
                yield from _texts(before[kind], after[kind], spot)

    def _answers(self, old: Node, new: Node, place: str) -> Iterator[Fact]:
        before, after = ({str(code): answer for code, answer in found.items()} for found in (old, new))
        for code in dict.fromkeys([*before, *after]):
            spot = Spot(place, Side.RESPONSE, code)
            kind = "success answer" if code.startswith("2") or code == "default" else "error answer"
            if code in before and code in after:
                one = self._old.resolve(before[code], f"{place}, answer {code}")
                other = self._new.resolve(after[code], f"{place}, answer {code}")
                yield from self._content(one, other, spot)
                yield from self._headers(one, other, spot)
                yield from _texts(one, other, spot)
                if canonical(one.get("links")) != canonical(other.get("links")):
                    yield spot.fact("links", one.get("links", ABSENT), other.get("links", ABSENT))
            elif not code.startswith("x-"):
                yield spot.fact(kind, *((code, ABSENT) if code in before else (ABSENT, code)))

    def _headers(self, old: Node, new: Node, spot: Spot) -> Iterator[Fact]:
        before, after = ({name.lower(): one for name, one in found.get("headers", {}).items()} for found in (old, new))
        for name in dict.fromkeys([*before, *after]):
            place = spot.below(f"header {name}")
            if name in before and name in after:
                one = self._old.resolve(before[name], spot.place)
                other = self._new.resolve(after[name], spot.place)
                yield from self._schemas.facts(one.get("schema", True), other.get("schema", True), place)
                yield from _texts(one, other, place)
            else:
                yield place.fact("header", *((name, ABSENT) if name in before else (ABSENT, name)))


def _operations(specification: Specification) -> dict[tuple[str, str], Node]:
    """Return all operations by path and method, each with the servers and parameters of its path."""
    found: dict[tuple[str, str], Node] = {}
    for path, given in specification.document["paths"].items():
        if path.startswith("x-"):
            continue
        item = specification.resolve(given, f"path {path}")
        shared = {key: item[key] for key in ("servers",) if key in item}
        for method in METHODS:
            if method in item:
                node = specification.resolve(item[method], f"{method.upper()} {path}")
                parameters = [*item.get("parameters", ()), *node.get("parameters", ())]
                found[path, method] = {**shared, **node, "parameters": parameters}
    return found


def _all(specification: Specification, node: Node, place: str) -> list[Node]:
    return [specification.resolve(one, place) for one in node["parameters"]]


def _identity(parameter: Node) -> str:
    place, name = str(parameter.get("in")), str(parameter.get("name"))
    return f"{place} parameter {name.lower() if place == 'header' else name}"


def _texts(old: Mapping[str, Any], new: Mapping[str, Any], spot: Spot) -> Iterator[Fact]:
    for key in dict.fromkeys([*old, *new]):
        if (key in TEXTS or key.startswith("x-")) and canonical(old.get(key)) != canonical(new.get(key)):
            yield spot.fact(key, old.get(key, ABSENT), new.get(key, ABSENT))


_NO_KEY: list[dict[str, Any]] = [{}]  # what a missing `security` means: nothing is required
_SCHEME_KEYS = ("type", "in", "name", "scheme", "bearerFormat", "flows", "openIdConnectUrl")


class AccessComparison:
    """Compares where requests go and what they need: servers, security, security schemes."""

    def __init__(self, old: Specification, new: Specification) -> None:
        self._old, self._new = old.document, new.document

    def of_operation(self, old: Node, new: Node, spot: Spot) -> Iterator[Fact]:
        """Yield the differences of one operation: its own servers, and the security that applies to it."""
        yield from _servers(old.get("servers", []), new.get("servers", []), spot)
        before = old.get("security", self._old.get("security", _NO_KEY))
        after = new.get("security", self._new.get("security", _NO_KEY))
        yield from _security(before, after, spot)

    def of_document(self) -> Iterator[Fact]:
        """Yield the differences of the document's own servers, security and schemes."""
        spot = Spot("the document", Side.DOCUMENT, "")
        yield from _servers(self._old.get("servers", []), self._new.get("servers", []), spot)
        yield from _security(self._old.get("security", _NO_KEY), self._new.get("security", _NO_KEY), spot)
        before, after = (one.get("components", {}).get("securitySchemes", {}) for one in (self._old, self._new))
        for name in dict.fromkeys([*before, *after]):
            place = spot.below(f"security scheme {name}")
            one, other = (found.get(name, {}) for found in (before, after))
            meant, meaning = ({key: scheme.get(key) for key in _SCHEME_KEYS} for scheme in (one, other))
            if canonical(meant) != canonical(meaning):
                yield place.fact("scheme", one or ABSENT, other or ABSENT)
            elif canonical(one) != canonical(other):
                yield place.fact("description", one, other)


def _servers(old: list[Any], new: list[Any], spot: Spot) -> Iterator[Fact]:
    """Compare lists of servers; the first one is used."""
    before, after = ([canonical([one.get("url"), one.get("variables")]) for one in found] for found in (old, new))
    if before[:1] != after[:1]:
        yield spot.fact("servers", [one.get("url") for one in old], [one.get("url") for one in new])
    else:
        for gone in (one for one, key in zip(old, before, strict=True) if key not in after):
            yield spot.fact("server", old=gone.get("url"))
        for added in (one for one, key in zip(new, after, strict=True) if key not in before):
            yield spot.fact("server", new=added.get("url"))
    if before == after and canonical(old) != canonical(new):
        yield spot.below("servers").fact("description", old, new)


def _security(old: list[Any], new: list[Any], spot: Spot) -> Iterator[Fact]:
    """Compare lists of alternatives, one of which has to be met."""
    before, after = ({canonical(_sorted(one)): one for one in found or _NO_KEY} for found in (old, new))
    for key in dict.fromkeys([*before, *after]):
        if key not in after:
            yield spot.fact("security alternative", old=before[key])
        elif key not in before:
            yield spot.fact("security alternative", new=after[key])


def _sorted(entry: Node) -> dict[str, Any]:
    return {name: sorted(scopes) for name, scopes in entry.items()}
