"""What can be asked for, from the packaged specification: ``bfl endpoints``, ``bfl describe``, ``bfl validate``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import options
from .commands import command
from .screen import Screen, width

if TYPE_CHECKING:
    from bfl_api.table import Endpoint

    from .schemas import Form, Parameter


@command
def endpoints(screen: Screen) -> None:
    """List the endpoints, with what each one makes."""
    from bfl_api.table import ENDPOINTS

    longest = max(len(name) for name in ENDPOINTS)
    lines = []
    for each in ENDPOINTS.values():
        remark = "  (unpublished)" if each.unpublished else ""
        gap = each.name.ljust(longest) if width() >= 80 else each.name
        lines.append(f"{gap}  {each.kind}  {each.summary}{remark}".rstrip())
    screen.result("\n".join(lines), [_facts(each) for each in ENDPOINTS.values()])


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    names = ("name", "path", "kind", "summary", "duration", "url_lifetime", "active_limit", "unpublished")
    return {name: getattr(endpoint, name) for name in names}


@command
def describe(screen: Screen, endpoint: options.EndpointName) -> None:
    """Show the parameters of an endpoint: type, bounds, default, meaning."""
    from . import schemas

    known = schemas.known(endpoint)
    forms = schemas.forms(known.name)
    lines = [known.name if not known.summary else f"{known.name}: {known.summary}"]
    lines += _wrapped(
        f"makes {'a film' if known.kind == 'video' else 'a picture'}, usually in {known.duration:g} s; "
        f"{known.active_limit} at a time",
        "  ",
    )
    for form in forms:
        lines += ["", *([form.title, ""] if form.title else []), *_lines(form)]
    data = {**_facts(known), "parameters": [_data(each) for each in schemas.parameters(known.name).values()]}
    if len(forms) > 1:
        data["forms"] = {form.title: [_data(each) for each in form.parameters] for form in forms}
    screen.result("\n".join(lines), data)


def _lines(form: Form) -> Iterator[str]:
    for parameter in sorted(form.parameters, key=lambda each: not each.required):
        yield f"{parameter.name}{_rule(parameter)}"
        yield from _wrapped(_accepts(parameter), "    ")
        yield from _wrapped(str(parameter.schema.get("description") or ""), "    ")


def _rule(parameter: Parameter) -> str:
    import json

    if parameter.required:
        return "  (required)"
    default = parameter.schema.get("default")
    return "" if default in (None, "") else f"  (default {json.dumps(default, ensure_ascii=False)})"


def _accepts(parameter: Parameter) -> str:
    """Type and bounds in words, those of the command line."""
    from bfl_client.bounds import describe as phrase

    from .schemas import components

    text = phrase(parameter.schema, components()) or "anything"
    return text.replace(
        " that is a URL, a data URI or base64, or else bytes, an open file or a Path", ": @FILE, a URL or base64"
    )


def _data(parameter: Parameter) -> dict[str, Any]:
    schema = parameter.schema
    return {
        "name": parameter.name,
        "required": parameter.required,
        "types": sorted(parameter.types),
        "media": parameter.media,
        "accepts": _accepts(parameter),
        "default": schema.get("default"),
        "description": schema.get("description"),
        "schema": schema,
    }


def _wrapped(text: str, indent: str) -> list[str]:
    import textwrap

    return textwrap.wrap(
        text, min(width(), 100), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )


@command
def validate(
    screen: Screen,
    endpoint: options.EndpointName,
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="The request's body as JSON; - is standard input.")],
) -> None:
    """Check a request without sending it; needs no key.

    "@FILE" in a parameter that takes pictures or films stands for that file, as with -p.
    """
    from . import schemas
    from .generating import checked
    from .parameters import Reader

    name = schemas.known(endpoint).name
    reader = Reader(name)
    checked(name, reader.body(None, [], file), reader.violations)
    screen.result(f"{name} accepts this request", {"endpoint": name, "valid": True})
