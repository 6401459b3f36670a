"""What the packaged specification offers: ``bfl endpoints`` and ``bfl describe``."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from . import options
from .app import command
from .screen import Screen

if TYPE_CHECKING:
    from bfl_client.specification import Endpoint, Form, Parameter


@command
def endpoints(screen: Screen) -> None:
    """List the endpoints, the newest family first: what each makes, its usual duration and its price.

    Prices are credits (0.01 USD each): the lowest to the highest rate; bfl describe has them in full.
    """
    from bfl_client.specification import ENDPOINTS, family

    newest = sorted(ENDPOINTS.values(), key=lambda each: -family(each.name))
    rows = [("ENDPOINT", "MAKES", "TIME", "CREDITS", ""), *map(_row, newest)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)] if _width() >= 80 else [0] * 4
    screen.result("\n".join(map(partial(_line, widths), rows)), [_facts(each) for each in newest])


def _row(endpoint: Endpoint) -> tuple[str, ...]:
    from bfl_client.specification import rates_in_words

    summary = f"{endpoint.summary}{' (unpublished)' if endpoint.unpublished else ''}"
    return endpoint.name, endpoint.kind, f"{endpoint.duration:g} s", rates_in_words(endpoint.name) or "-", summary


def _line(widths: list[int], row: tuple[str, ...]) -> str:
    """One row in columns; its last cell only if there is room for it, and wrapped where there are no columns."""
    name, kind, time, price, summary = row
    columns = f"{name:<{widths[0]}}  {kind:<{widths[1]}}  {time:>{widths[2]}}  {price:<{widths[3]}}"
    whole = f"{columns}  {summary}"
    if any(widths):
        return (whole if len(whole) <= _width() else columns).rstrip()
    return textwrap.fill(" ".join(columns.split()), _width(), subsequent_indent="    ", break_on_hyphens=False)


def _facts(endpoint: Endpoint) -> dict[str, Any]:
    from bfl_client.specification import rates_in_words

    names = ("name", "path", "kind", "summary", "duration", "url_lifetime", "active_limit", "unpublished")
    return {**{name: getattr(endpoint, name) for name in names}, "rates": rates_in_words(endpoint.name)}


@command
def describe(screen: Screen, endpoint: options.EndpointName) -> None:
    """Show the parameters of an endpoint: type, bounds, default, meaning."""
    from bfl_client import specification

    from .request import known

    found = known(endpoint)
    forms = specification.forms(found.name)
    made = "a video" if found.kind == "video" else "a picture"
    lines = [f"{found.name}: {found.summary}" if found.summary else found.name]
    lines += _wrapped(f"makes {made}, usually in {found.duration:g} s; {found.active_limit} at a time", "  ")
    if price := specification.price_in_words(found.name):
        lines += _wrapped(f"costs {price}, by the list of {specification.price_list()}", "  ")
    for form in forms:
        lines += ["", *([form.title, ""] if form.title else []), *_lines(form)]
    data = {
        **_facts(found),
        "price": specification.price_in_words(found.name),
        "parameters": [_data(each) for each in specification.parameters(found.name).values()],
    }
    if len(forms) > 1:
        data["forms"] = {form.title: [_data(each) for each in form.parameters] for form in forms}
    screen.result("\n".join(lines), data)


def _lines(form: Form) -> Iterator[str]:
    from bfl_client.specification import overlay_bounds

    for parameter in sorted(form.parameters, key=lambda each: not each.required):
        yield f"{parameter.name}{_default(parameter)}"
        yield from _wrapped(f"{parameter.bounds} (@FILE)" if parameter.media else parameter.bounds, "    ")
        for text in (str(parameter.schema.get("description") or ""), *overlay_bounds(parameter.schema)):
            yield from _wrapped(text, "    ")


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "  (required)"
    default = parameter.default
    return "" if default in (None, "") else f"  (default {json.dumps(default, ensure_ascii=False)})"


def _data(parameter: Parameter) -> dict[str, Any]:
    names = ("name", "required", "media", "default", "schema")
    data = {name: getattr(parameter, name) for name in names}
    from bfl_client.specification import overlay_bounds

    described = {"accepts": parameter.bounds, "description": parameter.schema.get("description")}
    described["corrections"] = overlay_bounds(parameter.schema)
    return {**data, **described, "types": sorted(parameter.types)}


def _width() -> int:
    return max(shutil.get_terminal_size().columns, 20)


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(
        text, min(_width(), 100), initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False
    )
