"""The table of rules: what a difference in one keyword does to the values that are permitted.

For the sender of a request, fewer permitted values are breaking; for the reader of an answer, more are. A difference
that is neither only narrower nor only wider is breaking for both.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from .changes import ABSENT, Fact, Level, Side, canonical


class Effect(Enum):
    """What a difference does to the set of permitted values."""

    NARROWER = "narrower"
    WIDER = "wider"
    OTHER = "other"
    HARMLESS = "harmless"
    TEXT = "text"


_LEVELS = {
    (Side.REQUEST, Effect.WIDER): Level.COMPATIBLE,
    (Side.RESPONSE, Effect.NARROWER): Level.COMPATIBLE,
    **{(side, Effect.HARMLESS): Level.COMPATIBLE for side in Side},
    **{(side, Effect.TEXT): Level.TEXT for side in Side},
}
TEXTS = {
    *("title", "description", "summary", "example", "examples", "externalDocs", "$comment", "xml", "deprecated"),
    *("contact", "license", "termsOfService", "version", "info"),
}
_SAYING_NOTHING = {"password", "textarea"}  # formats that only say how to display a value
_INFINITE = float("inf")
Rule = Callable[[Any, Any], Effect]


def level(fact: Fact) -> Level:
    """Return the level of a fact. A difference that both narrows and widens is breaking."""
    return _LEVELS.get((fact.side, effect(fact)), Level.BREAKING)


def effect(fact: Fact) -> Effect:
    """Return what a fact does, according to the table."""
    if fact.keyword in TEXTS or fact.keyword.startswith("x-"):
        return Effect.TEXT
    if fact.keyword in ("readOnly", "writeOnly"):
        return _direction(fact)
    if fact.keyword == "default" and fact.side is Side.RESPONSE:
        return Effect.HARMLESS
    return RULES.get(fact.keyword, _unknown)(fact.old, fact.new)


def _at_most(old: Any, new: Any) -> Effect:
    return _narrower_if(_number(new, _INFINITE) < _number(old, _INFINITE))


def _at_least(old: Any, new: Any) -> Effect:
    return _narrower_if(_number(new, -_INFINITE) > _number(old, -_INFINITE))


def _multiple(old: Any, new: Any) -> Effect:
    if ABSENT in (old, new):
        return _demand(old, new)
    if new % old == 0:
        return Effect.NARROWER
    return Effect.WIDER if old % new == 0 else Effect.OTHER


def _choice(old: Any, new: Any) -> Effect:
    """Compare lists of permitted values; without a list, every value is permitted."""
    if ABSENT in (old, new):
        return _demand(old, new)
    before, after = ({canonical(value) for value in values} for values in (old, new))
    if before <= after:
        return Effect.WIDER
    return Effect.NARROWER if after <= before else Effect.OTHER


def _demand(old: Any, new: Any) -> Effect:
    if old is ABSENT:
        return Effect.NARROWER
    return Effect.WIDER if new is ABSENT else Effect.OTHER


def _type(old: Any, new: Any) -> Effect:
    if (old, new) == ("integer", "number"):
        return Effect.WIDER
    return Effect.NARROWER if (old, new) == ("number", "integer") else _demand(old, new)


def _format(old: Any, new: Any) -> Effect:
    meant = [ABSENT if value in _SAYING_NOTHING else value for value in (old, new)]
    return Effect.TEXT if meant[0] == meant[1] else _demand(*meant)


def _flag(old: Any, new: Any) -> Effect:
    """Compare a requirement that is made by `true`."""
    return _narrower_if(new is True)


def _openness(old: Any, new: Any) -> Effect:
    """Compare whether unlisted properties are permitted: by true or no value yes, by false no, by a schema some."""
    rank = [1 if isinstance(value, dict) else 0 if value is False else 2 for value in (old, new)]
    return Effect.OTHER if rank[0] == rank[1] else _narrower_if(rank[1] < rank[0])


def _default(old: Any, new: Any) -> Effect:
    """Compare defaults: a newly documented one changes nothing, another one changes requests that omit the value."""
    return Effect.HARMLESS if old is ABSENT else Effect.OTHER


def _direction(fact: Fact) -> Effect:
    barred = Side.REQUEST if fact.keyword == "readOnly" else Side.RESPONSE
    if fact.side is not barred:
        return Effect.TEXT
    return Effect.OTHER if fact.new is True else Effect.HARMLESS


def _added(old: Any, new: Any) -> Effect:
    """Compare something that may be added, but not removed or changed."""
    return Effect.HARMLESS if old is ABSENT else Effect.OTHER


def _unknown(old: Any, new: Any) -> Effect:
    """Judge an unknown keyword: it constrains nothing, but the report should show it."""
    return Effect.HARMLESS


def _narrower_if(narrower: bool) -> Effect:
    return Effect.NARROWER if narrower else Effect.WIDER


def _number(value: Any, absent: float) -> float:
    return absent if value is ABSENT or isinstance(value, bool) else float(value)


RULES: dict[str, Rule] = {
    **dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), _at_most),
    **dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"), _at_least),
    "minContains": _at_least,
    "multipleOf": _multiple,
    "enum": _choice,
    "discriminator mapping": _choice,
    "required": _demand,
    "type": _type,
    "format": _format,
    **dict.fromkeys(("pattern", "not", "if", "then", "else", "contains", "propertyNames"), _demand),
    **dict.fromkeys(("dependentRequired", "dependentSchemas", "patternProperties", "dependencies"), _demand),
    **dict.fromkeys(("contentMediaType", "contentEncoding", "contentSchema", "unevaluatedItems"), _demand),
    **dict.fromkeys(("additionalProperties", "unevaluatedProperties"), _openness),
    "uniqueItems": _flag,
    "default": _default,
    # Facts that are not about one keyword of a schema:
    "alternative added": lambda old, new: Effect.WIDER,
    "alternative removed": lambda old, new: Effect.NARROWER,
    "item": _demand,
    "property": _added,
    "required property": lambda old, new: Effect.NARROWER,
    "discriminator": lambda old, new: Effect.OTHER,
    "discriminator target": lambda old, new: Effect.OTHER,
    "required parameter": _flag,
    **dict.fromkeys(("path", "operation", "parameter", "request body", "content type", "header", "scheme"), _added),
    **dict.fromkeys(("callbacks", "webhooks", "model"), _added),
    "required request body": _flag,
    "serialization": lambda old, new: Effect.OTHER,
    "success answer": lambda old, new: Effect.OTHER,
    "error answer": lambda old, new: Effect.HARMLESS,
    "left out": lambda old, new: Effect.HARMLESS,
    "operationId": lambda old, new: Effect.HARMLESS,
    "tags": lambda old, new: Effect.HARMLESS,
    "links": lambda old, new: Effect.HARMLESS,
    "openapi": lambda old, new: Effect.HARMLESS,
    "unused schema": lambda old, new: Effect.HARMLESS,
    "server": _added,
    "servers": lambda old, new: Effect.OTHER,
    "security": lambda old, new: Effect.OTHER,
    "security alternative": _added,
    "dialect": lambda old, new: Effect.OTHER,
}
