"""Check every request against the packaged specification before it is sent, and report all violations at once.

jsonschema-rs with formats does the checking; this module turns its errors into what a person needs: the field, the
value (shortened), the bound, the nearest name. A parameter that the schema does not know is refused, because the
service silently ignores it (measured by a third party), unless the schema says outright that there are more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import media as media_module
from . import specification
from .errors import ConstraintError, Remedy, Violation, shorten
from .specification import Schema

if TYPE_CHECKING:
    import jsonschema_rs

    from .media import Body, Media

UNCHECKED = Remedy("validate=False sends it unchecked", "unchecked")
_ABSENT = "https://absent.invalid/"  # stands in for a missing file, so that the other mistakes are reported, too
_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*"
_SEGMENT = {"not": {"enum": ["", ".", ".."]}}  # these would change the path


def as_sent(endpoint: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """The body with base64 as the service takes it: in one line, padded, in the usual alphabet."""
    return media_module.in_one_line(body, specification.marked_media(endpoint))


def is_ratio(text: str) -> bool:
    """True for a ratio of whole numbers between 9:21 and 21:9, such as 16:9 (the range that is published)."""
    found = re.fullmatch(r"([0-9]{1,9}):([0-9]{1,9})", text, re.ASCII)
    width, height = map(int, found.groups()) if found else (0, 0)
    return 9 * height <= 21 * width and 9 * width <= 21 * height and width > 0


def _nearest_ratio(value: Any) -> str | None:
    """The ratio that was probably meant by 16/9, 1.78, 1920x1080 or 9:30; None if nothing was."""
    from fractions import Fraction  # only for mistakes

    found = re.fullmatch(r"\s*([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*(?:[:/x×]\s*([0-9]{1,9}))?\s*", str(value), re.ASCII)
    width, height = (Fraction(each or 1) for each in found.groups()) if found else (Fraction(), Fraction())
    if not width or not height:
        return None
    if width / height <= Fraction(9, 21):
        return "9:21"
    if width / height >= Fraction(21, 9):
        return "21:9"
    nearest = (width / height).limit_denominator(21)
    return f"{nearest.numerator}:{nearest.denominator}"


def check(endpoint: str, body: Any, extra: Collection[str] = ()) -> Body:
    """Check a request without sending it, and return its body; needs neither a client nor a key.

    Args:
        endpoint: its name; for an unknown one, only what cannot be sent at all is refused.
        body: a mapping or a generated model.
        extra: keys of the body that pass unchecked.

    Raises:
        ConstraintError: with every violation.
    """
    check_name(endpoint)
    known = specification.find(endpoint)
    plain = media_module.readable(endpoint, body)
    prepared = media_module.prepare(endpoint, plain, specification.marked_media(endpoint))
    if known is not None:
        check_body(known.name, known.path, prepared, extra)
    return prepared


def check_name(endpoint: object) -> None:
    """Raise ConstraintError unless the name of an endpoint, known or not, can be a part of a path."""
    name = specification.normalized(endpoint) if isinstance(endpoint, str) else ""
    if len(name) > 200 or not re.fullmatch(_NAME, name):
        shown = shorten(endpoint, 60)
        raise ConstraintError(shown, [Violation("endpoint", shown, "is not an endpoint name")])


def check_body(endpoint: str, path: str, body: Body, extra: Collection[str] = ()) -> None:
    """Check the body of a POST to `path`; unknown keys in `extra` pass. Raises ConstraintError with every violation."""
    if isinstance(extra, str | bytes) or not isinstance(extra, Collection):
        raise ConstraintError(endpoint, [Violation("extra", shorten(extra, 60), "must be a list of keys")])
    schema, undecided = specification.selected(specification.body_schema(path), body.plain)
    violations = [undecided] if undecided else _found(schema, body.plain, extra, body.media)
    if violations:
        raise ConstraintError(endpoint, violations, UNCHECKED if specification.find(endpoint) else Remedy())


def with_files(endpoint: str, body: Mapping[str, Any], folder: Path = Path()) -> tuple[dict[str, Any], list[Violation]]:
    """The body with a `Path` in place of each ``"@name"`` that stands for a file in `folder`, and what is wrong there.

    A parameter that this version does not know may take a file: it gets one if the file exists. For
    one that takes none, a text that names a file is refused: it was not meant to be sent as is.
    """
    violations: list[Violation] = []
    known = specification.parameters(endpoint)

    def opened(name: str, value: Any) -> Any:
        if not isinstance(value, str) or not value.startswith("@"):
            return value
        path, takes = folder / value[1:], known[name].media if name in known else None
        if takes is not False and is_file(path):
            return path
        if takes:
            violations.append(Violation(name, "", no_file(path)))
            return _ABSENT
        if takes is False and is_file(path):
            violations.append(Violation(name, repr(shorten(value, 60)), "does not accept a file, but this names one"))
        return value

    files = dict(body)
    for name, value in body.items():
        with suppress(ValueError):  # nested too deep, which is refused when it is checked
            files[name] = media_module.with_leaves(value, partial(opened, name))
    return files, violations


def is_file(path: Path) -> bool:
    """True if there is a file with that path, however odd the text it was made from."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def no_file(path: Path) -> str:
    """Why a path is not that of a file."""
    name = shorten(str(path), 80)
    try:
        return f"{name} is a folder" if path.is_dir() else f"there is no file {name}"
    except (OSError, ValueError):
        return f"there is no file {name}"


def check_query(path: str, method: str, query: Mapping[str, Any]) -> None:
    """Check an operation's query and path parameters. Raises ConstraintError, with every violation."""
    found = specification.template(path)
    if found is None:
        raise ConstraintError(path, [Violation("endpoint", shorten(path, 60), "is not a path of the specification")])
    template, texts = found
    item = specification.document()["paths"][template]
    parameters = [*item.get("parameters", ()), *item[method].get("parameters", ())]
    held = {each["name"]: each.get("schema", {}) for each in parameters if each.get("in") in ("query", "path")}
    schema = {
        "type": "object",
        "properties": held | {name: {"allOf": [held.get(name, {}), _SEGMENT]} for name in texts},
        "required": [each["name"] for each in parameters if each.get("in") == "query" and each.get("required")],
    }
    values = {name: _value(text, held.get(name, {})) for name, text in texts.items()}
    given = media_module.prepare(template, query)
    if violations := _found(schema, {**given.plain, **values}, (), given.media):
        raise ConstraintError(template, violations)


def check_answer(path: str, method: str, answer: Any) -> bool:
    """True if an answer matches the specification, so the generated models can be made from it."""
    return _validator(json.dumps(specification.answer_schema(path, method))).is_valid(answer)


def _value(text: str, schema: Schema) -> Any:
    """The value of a text in a path: a number or a boolean if its schema does not allow strings."""
    kinds = specification.types(schema) or {"string"}
    try:
        return text if "string" in kinds else json.loads(text)
    except ValueError:
        return text


def _found(
    schema: Schema, instance: dict[str, Any], extra: Collection[str], media: Mapping[str, Any]
) -> list[Violation]:
    known = specification.properties(schema)
    passing = instance.keys() if specification.takes_more(schema) else extra
    violations = [_unknown(key, known) for key in instance if key not in known and key not in passing]
    violations += [found for each in media.values() if each.path[0] in known for found in _media(schema, each)]
    given = {key: value for key, value in instance.items() if key in known}
    violations += [found for key, value in given.items() for found in _texts(schema, value, (key,), media)]
    judge = _validator(json.dumps(schema))  # usually a reference, so the cache key is short
    try:
        for error in judge.iter_errors(given):
            violations += [found for found in _violations(error, schema, media) if found not in violations]
    except (ValueError, TypeError) as unreadable:  # lone surrogates among them
        violations.append(Violation("", "", f"cannot be checked: {shorten(str(unreadable))}"))
    return violations


def _media(schema: Schema, media: Media) -> Iterator[Violation]:
    """What is wrong with a picture or video where it stands."""
    kinds, field = specification.media_kinds(schema, media.path), media_module.field_name(media.path)
    if not kinds:
        yield Violation(field, media.label, "does not accept a picture or video; pass text")
    elif "file" not in kinds:
        refusals = [media.refusal("video" if kind == "video" else "image") for kind in kinds]
        if refusals and all(refusals):
            yield Violation(field, media.label, f"is {refusals[0]}")


def _texts(schema: Schema, value: Any, path: tuple[str | int, ...], media: Mapping[str, Any]) -> Iterator[Violation]:
    """What is wrong with base64 of something that is neither picture nor video."""
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _texts(schema, each, (*path, index), media)
    elif isinstance(value, str) and value not in media and specification.media_kinds(schema, path):
        found = media_module.from_base64(value)
        if found is not None:
            found.path = path
            yield from _media(schema, found)


def _unknown(key: str, known: Collection[str]) -> Violation:
    near = specification.nearest(key, known)
    hint = f"did you mean {near!r}? " if near else ""
    way = f"{hint}The service would ignore or refuse it; extra={{…}} sends it as is"
    return Violation(
        shorten(key, 60), "", "is not a parameter of this endpoint", Remedy(way, "unknown-parameter", nearest=near)
    )


@lru_cache(maxsize=256)
def _validator(schema: str) -> jsonschema_rs.Validator:
    """The validator of a schema given as JSON text: a key that can be cached."""
    import jsonschema_rs  # slow to import, and needless if a program only resumes a task

    whole = json.loads(schema)
    whole["components"] = {"schemas": _reachable(whole)}
    formats = {specification.MEDIA: media_module.is_media, specification.RATIO: is_ratio}
    return jsonschema_rs.Draft202012Validator(whole, formats=formats, validate_formats=True, mask="this")


def _reachable(schema: Schema) -> dict[str, Schema]:
    """Every schema that a schema refers to, directly or not, by name."""
    found: dict[str, Schema] = {}
    pending: list[Any] = [schema]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            name = str(node.get("$ref", "")).rpartition("/")[2]
            if name and name not in found:
                found[name] = specification.resolved(node)
                pending.append(found[name])
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return found


def _violations(error: Any, schema: Schema, media: Mapping[str, Any]) -> Iterator[Violation]:
    """One error of the validator, in words for a person."""
    kind, field = error.kind, media_module.field_name(error.instance_path)
    if kind.name == "required":
        yield Violation(f"{field}.{kind.property}".lstrip("."), "", "is required")
        return
    node = _node(error.schema_path, schema)
    if kind.name in ("anyOf", "oneOf") and all(kind.context):
        meant = min(kind.context, key=_distance)
        deep = any(len(inner.instance_path) > len(error.instance_path) for inner in meant)
        if deep or not _distance(meant)[0]:
            form = "" if field else specification.titled(node[kind.name][kind.context.index(meant)])
            for inner in meant:
                for found in _violations(inner, schema, media):
                    yield found._replace(message=f"{found.message}{form and f' by {form}, which fits best'}")
            return
    message = specification.in_words(node)
    message = f"must be {message}" if message else shorten(error.message)
    yield Violation(field, _shown(error.instance, field, media), message, _remedy(error, node))


def _distance(branch: list[Any]) -> tuple[int, int, int]:
    """How badly a branch of a union fits: values of wrong types, then the number of errors, then their depth."""
    other = sum(inner.kind.name in ("type", "constant", "const") for inner in branch)
    return other, len(branch), -max(len(inner.instance_path) for inner in branch)


def _node(path: list[str | int], schema: Schema) -> Schema:
    """The schema whose keyword failed; after each reference the path starts again at the document's root."""
    node: Any = specification.document() if path[:1] == ["components"] else schema
    for part in path[:-1]:
        node = node[part]
    return node if isinstance(node, dict) else {}


def _shown(value: Any, field: str, media: Mapping[str, Any]) -> str:
    if "secret" in field:
        return "…"
    if isinstance(value, str):
        return media[value].label if value in media else repr(shorten(value, 60))
    return shorten(value, 60)


def _remedy(error: Any, node: Schema) -> Remedy:
    """How to pass a file, if the text is neither URL nor base64 and so may be a path; or the ratio that was meant."""
    if any(branch.get("format") == specification.RATIO for branch in specification.branches(node)):
        near = _nearest_ratio(error.instance)
        return Remedy(f"did you mean {near!r}?" if near else "leave it out for the default", "ratio", nearest=near)
    if error.kind.name != "format" or node.get("format") != specification.MEDIA:
        return Remedy()
    path = shorten(error.instance, 40)
    return Remedy(f"for a file on disk, pass Path({path!r})", "pass-file", path=path)
