"""Every bound of the specification, enumerated: just inside and just outside, on the client and on the emulator.

schemathesis finds what nobody enumerates; this leaves nothing to chance. The judge is `jsonschema`, the plain Python
implementation, which neither client nor emulator uses.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

import anyio
import httpx
import jsonschema
import pytest
from bfl_client import ConstraintError, constraints
from bfl_emulator import Emulator

from . import oracle, tally
from .generation import NEITHER
from .operations import DOCUMENT, OPERATIONS, TASKS, Operation, Schema, resolve
from .promises import named

UNKNOWN = "no_such_parameter_anywhere"
TEXTS = {"bfl-media": NEITHER, "bfl-ratio": "16:9", "uri": "https://example.com/"}
WRONG = {"bfl-media": "cat.png", "bfl-ratio": "9:22"}
OTHERS: list[Any] = [None, True, 7, 1.5, "some text", [], {}]
"""One value of each type, for every parameter."""
STEPS = {"minimum": -1, "maximum": 1, "exclusiveMinimum": 0, "exclusiveMaximum": 0}
"""Numeric bounds, and how far outside is the nearest integer that breaks them."""

checker = jsonschema.FormatChecker(())
uri = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S*").fullmatch
for kind, holds in {**oracle.FORMATS, "uri": uri}.items():
    checker.checks(kind)(lambda value, holds=holds: not isinstance(value, str) or holds(value))


class Tried(NamedTuple):
    """A value for one parameter, and the bound that it tries: path in the schema, keyword, and which side."""

    value: Any
    bound: str = ""
    inside: bool = True


def judge(schema: Schema) -> jsonschema.Draft202012Validator:
    """The validator of a schema of the document."""
    return jsonschema.Draft202012Validator({**schema, "components": DOCUMENT["components"]}, format_checker=checker)


def sample(given: Schema) -> Any:
    """A small value that a schema permits."""
    node = resolve(given)
    for key in ("anyOf", "oneOf"):
        if key in node:
            return sample(node[key][0])
    if "const" in node or "enum" in node:
        return node["const"] if "const" in node else node["enum"][0]
    match node.get("type"):
        case "integer" | "number":
            return max(node.get("minimum", 0), node.get("multipleOf", 0), node.get("exclusiveMinimum", -1) + 1)
        case "boolean":
            return False
        case "array":
            return [sample(item) for item in node.get("prefixItems") or [node.get("items", {})]]
        case "object":
            return {name: sample(node["properties"][name]) for name in node.get("required", ())}
    return TEXTS.get(node.get("format", ""), "x" * max(1, node.get("minLength", 1)))


def tries(given: Schema, path: str) -> Iterator[Tried]:
    """Values on both sides of every bound of a schema, those of its branches and items included."""
    node = resolve(given)
    for key in ("anyOf", "oneOf", "allOf"):
        for number, branch in enumerate(node.get(key, ())):
            yield from tries(branch, f"{path}/{key}/{number}")
    yield from _numbers(node, path)
    yield from _lengths(node, path)
    for member in [*node.get("enum", ()), *([node["const"]] if "const" in node else [])]:
        yield Tried(member, f"{path}/enum/{member}")
    if "enum" in node or "const" in node:
        yield Tried("not a member", f"{path}/enum", False)
    if node.get("format") in WRONG:
        yield Tried(TEXTS[node["format"]], f"{path}/format")
        yield Tried(WRONG[node["format"]], f"{path}/format", False)
    if isinstance(node.get("items"), dict):
        yield from (each._replace(value=[each.value]) for each in tries(node["items"], f"{path}/items"))
    for number, item in enumerate(node.get("prefixItems", ())):
        whole = sample(node)
        for each in tries(item, f"{path}/prefixItems/{number}"):
            yield each._replace(value=[*whole[:number], each.value, *whole[number + 1 :]])
    for name, child in node.get("properties", {}).items() if path else ():
        yield from (each._replace(value={**sample(node), name: each.value}) for each in tries(child, f"{path}/{name}"))


def _numbers(node: Schema, path: str) -> Iterator[Tried]:
    step = node.get("multipleOf", 1)
    for keyword, outside in STEPS.items():
        if keyword in node:
            bound, inward = node[keyword], -1 if "aximum" in keyword else 1
            inside = bound if outside else bound + inward * step
            yield Tried(_integer(inside), f"{path}/{keyword}")
            yield Tried(_integer(bound + outside * step), f"{path}/{keyword}", False)
    if "multipleOf" in node:
        start = sample(node)
        yield Tried(_integer(start), f"{path}/multipleOf")
        yield Tried(_integer(start + step / 2), f"{path}/multipleOf", False)


def _integer(value: float) -> float:
    return int(value) if value == int(value) else value


def _lengths(node: Schema, path: str) -> Iterator[Tried]:
    lead = TEXTS["uri"] if node.get("format") == "uri" else ""
    for keyword, outside in (("minLength", -1), ("maxLength", 1)):
        if keyword in node:
            for length in (node[keyword], node[keyword] - 30 * outside, node[keyword] + outside):
                text = (lead + "x" * max(length, 0))[: max(length, 0)]
                yield Tried(text, f"{path}/{keyword}", length != node[keyword] + outside)
    for keyword, outside in (("minItems", -1), ("maxItems", 1)):
        if keyword in node:
            pair = sample(node)
            many = [pair[number % len(pair)] for number in range(node[keyword] + 1)]
            yield Tried(many[: node[keyword]], f"{path}/{keyword}")
            yield Tried(many[: node[keyword] + outside], f"{path}/{keyword}", False)


def counted(given: Schema, path: str) -> Iterator[str]:
    """Every bound of a schema, by its path: found by walking the document, not by what is tried."""
    node = resolve(given)
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        for number, branch in enumerate(node.get(key, ())):
            yield from counted(branch, f"{path}/{key}/{number}")
    lengths = [key for key in ("minLength", "maxLength", "minItems", "maxItems") if key in node]
    yield from (f"{path}/{key}" for key in (*STEPS, "multipleOf", *lengths) if key in node)
    yield from (f"{path}/enum" for key in ("enum", "const") if key in node)
    yield from (f"{path}/format" for _ in range(node.get("format") in WRONG))
    if isinstance(node.get("items"), dict):
        yield from counted(node["items"], f"{path}/items")
    for name, child in node.get("properties", {}).items() if path else ():
        yield from counted(child, f"{path}/{name}")


class Body(NamedTuple):
    """A body to be tried: what it tries, and the top-level key that is at fault if it is invalid."""

    content: dict[str, Any]
    key: str
    bound: str
    inside: bool


def bodies(schema: Schema, base: dict[str, Any]) -> Iterator[Body]:
    """Every body of one form: bounds of each parameter, each type, each required key missing, an unknown key."""
    for name, node in schema.get("properties", {}).items():
        fixed = name in base and name not in schema.get("required", ())
        for each in [] if fixed else [*tries(node, f"/{name}"), *map(Tried, OTHERS)]:
            yield Body({**base, name: each.value}, name, each.bound, each.inside)
    for name in schema.get("required", ()):
        yield Body({key: value for key, value in base.items() if key != name}, name, "/required", False)
    yield Body({**base, UNKNOWN: 1}, UNKNOWN, "/unknown", False)


def shapes(operation: Operation) -> Iterator[tuple[Schema, dict[str, Any]]]:
    """The forms of an operation's body, each with a small valid body."""
    name, mapping = operation.discriminator
    for value, reference in mapping.items() if mapping else [("", "")]:
        schema = resolve({"$ref": reference}) if reference else resolve(operation.body or {})
        base = {key: sample(schema["properties"][key]) for key in schema.get("required", ())}
        yield schema, {**base, **({name: value} if mapping else {})}


def refused(operation: Operation, body: Body) -> bool:
    """Whether the client refuses a body; if so, it names the key at fault."""
    try:
        constraints.check(str(operation), body.content)
    except ConstraintError as error:
        named(error, {body.key})
        return True
    return False


async def answered(emulator: Emulator, operation: Operation, tried: list[Body]) -> list[int]:
    """The status with which the emulator answers each body."""
    transport = httpx.ASGITransport(emulator.app)
    headers = {"x-key": emulator.api_key}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as client:
        return [(await client.post(operation.path, json=body.content)).status_code for body in tried]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("operation", [each for each in TASKS if each.body], ids=repr)
def test_every_bound_is_held_on_both_sides(operation: Operation) -> None:
    """Client and emulator accept each body that plain jsonschema accepts, and refuse each other one; no bound is left.

    One difference is wanted: the client also refuses a key that an open schema does not know.
    """
    sides: defaultdict[str, set[bool]] = defaultdict(set)
    wanted: set[str] = set()
    for schema, base in shapes(operation):
        validator = judge(schema)
        assert validator.is_valid(base), base
        tried = list(bodies(schema, base))
        statuses = anyio.run(answered, Emulator(credits=1e12, limits=False), operation, tried)
        for body, status in zip(tried, statuses, strict=True):
            good = validator.is_valid(body.content)
            sides[body.bound].add(good) if body.bound else None
            assert (status != 422) == good, (status, body)
            closed = body.key == UNKNOWN and not operation.takes_more(base)
            assert refused(operation, body) == (not good or closed), body
        fixed = operation.discriminator[0]
        for name, node in schema.get("properties", {}).items():
            wanted |= {bound for bound in counted(node, f"/{name}") if name != fixed}
        tally.count("bodies made by enumerating bounds", len(tried))
    missed = {bound for bound in wanted if not _both(sides, bound)}
    assert not missed, f"not tried on both sides: {missed}"


def _both(sides: dict[str, set[bool]], bound: str) -> bool:
    """Whether a bound was tried inside and outside; a list is inside by its members. Some bounds have one side only."""
    found = {side for name, tried in sides.items() if name == bound or name.startswith(f"{bound}/") for side in tried}
    return found == {True, False}


def test_the_enumeration_covers_much() -> None:
    """There are bounds of every kind in the document, so that none of the above is true of nothing."""
    kinds = Counter(
        bound.rpartition("/")[2]
        for operation in TASKS if operation.body
        for schema, _ in shapes(operation)
        for name, node in schema.get("properties", {}).items()
        for bound in counted(node, f"/{name}")
    )  # fmt: skip
    assert min(kinds[kind] for kind in ("minimum", "maximum", "enum", "format")) > 10, kinds


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.parameters], ids=repr)
def test_every_query_parameter_is_held_to_its_schema(operation: Operation) -> None:
    """Client and emulator take each text that a query parameter's schema takes, refuse each other one, and a lack."""
    for parameter in operation.parameters:
        name, schema = parameter["name"], parameter.get("schema", {})
        texts = [str(each.value) for each in [*tries(schema, f"/{name}"), Tried(sample(schema))]]
        queries = [{name: text} for text in texts] + [{}]
        for query in queries:
            good = judge(schema).is_valid(query[name]) if query else not parameter.get("required")
            assert asked(operation, query) == good, query
            try:
                constraints.check_query(operation.path, operation.method, query)
                accepted = True
            except ConstraintError as error:
                accepted = False
                named(error, {name})
            assert accepted == good, query


def asked(operation: Operation, query: dict[str, str]) -> bool:
    """Whether the emulator accepts a query: it answers with anything but 422."""
    emulator = Emulator()

    async def ask() -> int:
        transport = httpx.ASGITransport(emulator.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            headers = {"x-key": emulator.api_key}
            return (await client.request(operation.method, operation.path, params=query, headers=headers)).status_code

    return anyio.run(ask) != 422
