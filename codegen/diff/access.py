"""Where requests go and what they have to carry: servers, security, security schemes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from codegen.document import Node, Specification

from .changes import ABSENT, Fact, Side, canonical
from .schemas import Spot

_NO_KEY: list[dict[str, Any]] = [{}]  # what the absence of `security` says: nothing is demanded
_SCHEME_KEYS = ("type", "in", "name", "scheme", "bearerFormat", "flows", "openIdConnectUrl")


class AccessComparison:
    """Compares servers and security of two documents and of their operations."""

    def __init__(self, old: Specification, new: Specification) -> None:
        self._old, self._new = old.document, new.document

    def of_operation(self, old: Node, new: Node, spot: Spot) -> Iterator[Fact]:
        """Yield what differs for one operation: servers of its own, and the security that holds for it."""
        yield from _servers(old.get("servers", []), new.get("servers", []), spot)
        before = old.get("security", self._old.get("security", _NO_KEY))
        after = new.get("security", self._new.get("security", _NO_KEY))
        yield from _security(before, after, spot)

    def of_document(self) -> Iterator[Fact]:
        """Yield what differs in the document's own servers, security and schemes."""
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
    """Compare lists of servers, of which the first is the one that is used."""
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
    """Compare lists of which one entry has to be met."""
    before, after = ({canonical(_sorted(one)): one for one in found or _NO_KEY} for found in (old, new))
    for key in dict.fromkeys([*before, *after]):
        if key not in after:
            yield spot.fact("security alternative", old=before[key])
        elif key not in before:
            yield spot.fact("security alternative", new=after[key])


def _sorted(entry: Node) -> dict[str, Any]:
    return {name: sorted(scopes) for name, scopes in entry.items()}
