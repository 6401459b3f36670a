"""Every request held to the packaged specification before it is sent, all violations at once.

The judge is jsonschema-rs with formats, on the schemas of `bfl_api.specification`; what is added here is what a person
needs: the field, the value (shortened), the bound, the nearest name. A parameter that the schema does not know is
refused also where the schema is open, because the service ignores it in silence (measured by a third party).
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from bfl_api import specification

from . import media as media_module
from .bounds import describe
from .errors import ConstraintError, Violation, shorten

if TYPE_CHECKING:
    import jsonschema_rs

    from .media import Body

Schema = dict[str, Any]
_MEDIA = "bfl-media"
_SEGMENT = {"not": {"enum": ["", ".", ".."]}}  # would make it another path
_MEDIA_REMEDY = (
    "must be an http(s) URL, a data URI, base64, bytes or an open binary file; for a file on disk pass Path({})"
)


def is_media(text: str) -> bool:
    """True for what a media parameter takes as text: an http(s) URL, a data URI or base64. Never a path."""
    if text[:8].lower().startswith(("http://", "https://")):
        try:
            return bool(urlsplit(text).hostname) and not re.search(r"\s", text)
        except ValueError:
            return False
    if text[:5].lower() == "data:":
        header, comma, data = text.partition(",")
        return bool(comma) and (not header.endswith(";base64") or _is_base64(data))
    return _is_base64(text)


def _is_base64(text: str) -> bool:
    plain = text.replace("\n", "").replace("\r", "") if "\n" in text else text
    return len(plain) % 4 == 0 and re.fullmatch(r"[A-Za-z0-9+/_-]+={0,2}", plain) is not None


def check_body(endpoint: str, path: str, body: Body, extra: Collection[str] = ()) -> None:
    """Hold a request body to what the specification says of a POST to `path`; unknown keys in `extra` pass unseen.

    Raises:
        ConstraintError: with every violation.
    """
    whole = _operation(path, "post")["requestBody"]["content"]["application/json"]["schema"]
    schema, violations = _branch(whole, body.plain)
    if violations:
        raise ConstraintError(endpoint, violations)
    _check(endpoint, schema, body.plain, extra, body.media)


def check_query(path: str, method: str, query: Mapping[str, Any]) -> None:
    """Hold the parameters in query and path to what the specification says of an operation.

    Raises:
        ConstraintError: with every violation.
    """
    template, texts = _template(path)
    item = specification.load()["paths"][template]
    declared = [*item.get("parameters", ()), *item[method].get("parameters", ())]
    held = {each["name"]: each.get("schema", {}) for each in declared if each.get("in") in ("query", "path")}
    schema: Schema = {
        "type": "object",
        "properties": held | {name: {"allOf": [held.get(name, {}), _SEGMENT]} for name in texts},
        "required": [each["name"] for each in declared if each.get("in") == "query" and each.get("required")],
    }
    values = {name: _value(text, held.get(name, {})) for name, text in texts.items()}
    _check(template, schema, {**query, **values}, (), {})


def _template(path: str) -> tuple[str, dict[str, str]]:
    """The path as the specification writes it, and the texts that stand in the places of its parameters."""
    paths = specification.load()["paths"]
    for template in [path] if path in paths else paths:
        found = re.fullmatch(re.sub(r"\\{[^}]*\\}", "([^/]*)", re.escape(template)), path)
        if found:
            return template, dict(zip(re.findall(r"{([^}]*)}", template), map(unquote, found.groups()), strict=True))
    raise ConstraintError(path, [Violation("endpoint", shorten(path, 60), "is no path of the specification")])


def _value(text: str, schema: Schema) -> Any:
    """What a text in a path stands for: a number or a boolean where its schema takes no strings."""
    kinds = {branch.get("type", "string") for branch in _branches(schema) if not branch.keys() & {"anyOf", "oneOf"}}
    try:
        return text if "string" in kinds else json.loads(text)
    except ValueError:
        return text


def _check(
    endpoint: str, schema: Schema, instance: dict[str, Any], extra: Collection[str], media: Mapping[str, Any]
) -> None:
    known = _properties(schema)
    violations = [
        Violation(shorten(key, 60), "", _unknown(key, known))
        for key in instance
        if key not in known and key not in extra
    ]
    violations += [
        Violation(media_module.field_name(each.path), each.label, "takes no picture or film; pass its text")
        for each in media.values()
        if each.path[0] in known and not _takes_media(schema, each.path)
    ]
    judge = _validator(json.dumps(schema))  # mostly a reference, so that the key of the cache is short
    try:
        given = {key: value for key, value in instance.items() if key in known}
        for error in judge.iter_errors(given):
            violations += [found for found in _violations(error, schema, media) if found not in violations]
    except (ValueError, TypeError) as unreadable:  # lone surrogates among them
        violations.append(Violation("", "", f"cannot be checked: {shorten(str(unreadable))}"))
    if violations:
        raise ConstraintError(endpoint, violations)


def _branches(schema: Schema, depth: int = 0) -> Iterator[Schema]:
    """A schema and all its branches, references followed, to a depth that no sound request schema reaches."""
    schema = _resolved(schema)
    yield schema
    if depth < 10:
        for branch in [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
            yield from _branches(branch, depth + 1)


def _properties(schema: Schema) -> Schema:
    return {name: node for branch in _branches(schema) for name, node in branch.get("properties", {}).items()}


def _takes_media(schema: Schema, path: tuple[str | int, ...]) -> bool:
    """True if a picture may stand at the path, in one of the branches at least."""
    if not path:
        return any(branch.get("format") == _MEDIA for branch in _branches(schema))
    return any(_takes_media(inner, path[1:]) for branch in _branches(schema) for inner in _inside(branch, path[0]))


def _inside(schema: Schema, part: str | int) -> Iterator[Schema]:
    if isinstance(part, str):
        if part in schema.get("properties", {}):
            yield schema["properties"][part]
        return
    leading = schema.get("prefixItems", [])
    if part < len(leading):
        yield leading[part]
    elif isinstance(schema.get("items"), dict):
        yield schema["items"]


def _unknown(key: str, known: Collection[str]) -> str:
    import difflib  # only for requests that are refused

    near = difflib.get_close_matches(key, known, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"is no parameter of this endpoint; {hint}It would be ignored or refused; extra={{…}} sends it as it is"


def _branch(whole: Schema, body: Mapping[str, Any]) -> tuple[Schema, list[Violation]]:
    """The branch that the discriminator of a union selects, so that the other branches do not complain as well."""
    discriminator = _resolved(whole).get("discriminator")
    if not discriminator:
        return whole, []
    field, mapping = discriminator["propertyName"], discriminator["mapping"]
    given = body.get(field)
    if isinstance(given, str) and given in mapping:
        return {"$ref": mapping[given]}, []
    message = f"must be one of {', '.join(mapping)}" if field in body else f"is required: one of {', '.join(mapping)}"
    return whole, [Violation(field, shorten(given, 60) if field in body else "", message)]


def _operation(path: str, method: str) -> Schema:
    operation: Schema = specification.load()["paths"][path][method]
    return operation


def _component(name: str) -> Schema:
    schema: Schema = specification.load()["components"]["schemas"][name]
    return schema


def _resolved(schema: Schema) -> Schema:
    return _component(schema["$ref"].rpartition("/")[2]) if "$ref" in schema else schema


@lru_cache(maxsize=256)
def _validator(schema: str) -> jsonschema_rs.Validator:
    """The validator of a schema given as JSON text: a key that can be cached."""
    import jsonschema_rs  # a tenth of the start-up of a program that may only resume a task

    whole = json.loads(schema)
    whole["components"] = {"schemas": _reachable(whole)}
    return jsonschema_rs.Draft202012Validator(whole, formats={_MEDIA: is_media}, validate_formats=True, mask="this")


def _reachable(schema: Schema) -> dict[str, Schema]:
    found: dict[str, Schema] = {}
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = _component(name)
                pending.append(found[name])
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return found


def _violations(error: Any, schema: Schema, media: Mapping[str, Any]) -> Iterator[Violation]:
    """What one complaint of the validator means for a person."""
    kind, field = error.kind, media_module.field_name(error.instance_path)
    if kind.name == "required":
        yield Violation(f"{field}.{kind.property}".lstrip("."), "", "is required")
        return
    if kind.name == "anyOf":
        meant = min(kind.context, key=_distance)
        deep = any(len(inner.instance_path) > len(error.instance_path) for inner in meant)
        if deep or not _distance(meant)[0]:
            for inner in meant:
                yield from _violations(inner, schema, media)
            return
    node = _node(error.schema_path, schema)
    yield Violation(field, _shown(error.instance, field, media), _remedy(error, node))


def _distance(branch: list[Any]) -> tuple[int, int, int]:
    """How far a branch is from what was meant: values of other types, then the number of errors, then depth."""
    other = sum(inner.kind.name in ("type", "constant", "const") for inner in branch)
    return other, len(branch), -max(len(inner.instance_path) for inner in branch)


def _node(path: list[str | int], schema: Schema) -> Schema:
    """The schema whose keyword complained; the path starts anew at the document's root behind each reference."""
    node: Any = specification.load() if path[:1] == ["components"] else schema
    for part in path[:-1]:
        node = node[part]
    return node if isinstance(node, dict) else {}


def _shown(value: Any, field: str, media: Mapping[str, Any]) -> str:
    if "secret" in field:
        return "…"
    if isinstance(value, str):
        return media[value].label if value in media else repr(shorten(value, 60))
    return shorten(value, 60)


def _remedy(error: Any, node: Schema) -> str:
    if error.kind.name == "format" and node.get("format") == _MEDIA:
        return _MEDIA_REMEDY.format(repr(shorten(error.instance, 40)))
    text = describe(node, specification.load()["components"]["schemas"])
    return f"must be {text}" if text else shorten(error.message)
