"""A page for each endpoint, made from the effective specification, and an index of them by what one wants to do.

The first page of the site is made, too, because it links to them: in the repository such a link would lead nowhere.
"""

from __future__ import annotations

import itertools
import json
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bfl_client import specification
from bfl_client.specification import ENDPOINTS, Endpoint, Parameter

from . import models, pictures
from .requests import WAYS, Request, effect, file_name, requests
from .sources import reasons
from .templates import rendered

KINDS = {"image": "a picture", "video": "a video", "file": "the data of a draft"}
PURPOSES = {
    "make": "Make a picture",
    "edit": "Edit a picture, or refer to some",
    "remix": "Make a picture guided by another",
    "inpaint": "Fill a part of a picture",
    "expand": "Expand a picture",
    "outpaint": "Expand a picture",
    "erase": "Remove something from a picture",
    "deblur": "Sharpen a picture",
    "try-on": "Try clothes on",
    "film": "Make a video",
    "animate": "Make a video from pictures",
    "continue": "Continue a video",
    "enhance": "Finish the draft of a video",
    "edit-clip": "Edit a video",
    "upscale": "Upscale a video",
    "": "Other",
}
"""The mark ``x-bfl-emulate`` -> what one wants to do; `make` and `film` for what needs no picture."""
SENT = {
    "min-side": "at least {} pixels a side",
    "max-size": "at most {} pixels",
    "max-mp": "at most {} megapixels each",
    "max-total-mp": "at most {} megapixels together with the result",
    "max-bytes": "at most {} bytes",
    "max-count": "at most {} pictures",
    "max-seconds": "at most {} seconds",
    "min-frames": "at least {} frames",
}
MADE = {
    "mp": "about {} megapixels",
    "max-mp": "at most {} megapixels",
    "max-ratio": "one side at most {} times the other",
    "step": "sides are multiples of {} pixels",
    "within": "at most {} pixels",
    "draft-only": "drafts in {} only",
}
"""Keys of the marks ``x-bfl-input`` and ``x-bfl-output`` -> the limit in words; other keys are no limits."""


def write(root: Path) -> None:
    """Write the first page, the pages of the endpoints, with a picture each, and that of the models anew."""
    (root / "index.md").write_text(rendered("index.md.jinja"), encoding="utf-8")
    (root / "reference" / "models.md").write_text(models.page(), encoding="utf-8")
    folder = root / "endpoints"
    shutil.rmtree(folder, ignore_errors=True)
    inputs = folder / "inputs"
    inputs.mkdir(parents=True)
    pictures.write_inputs(inputs)
    every = {name: requests(each) for name, each in ENDPOINTS.items()}
    pictures.write_pictures((request for each in every.values() for request in each), inputs, folder)
    for name, found in every.items():
        page = folder / f"{name}.md"
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(endpoint_page(ENDPOINTS[name], found, inputs), encoding="utf-8")
    (folder / "index.md").write_text(index_page(every, inputs), encoding="utf-8")
    shown = [request for each in newest() for request in every[each.name] if each.kind == "image"]
    pictures.write_strip([folder / f"{request.name}.jpg" for request in shown[:4]], folder / "strip.jpg")


def newest() -> list[Endpoint]:
    """The endpoints, the newest family first, as `bfl endpoints` lists them."""
    return sorted(ENDPOINTS.values(), key=lambda each: -specification.family(each.name))


def endpoint_page(endpoint: Endpoint, found: list[Request], inputs: Path) -> str:
    """The page of an endpoint, in Markdown."""
    operation = specification.document()["paths"][endpoint.path]["post"]
    return rendered(
        "endpoint.md.jinja",
        endpoint=endpoint,
        description=operation.get("description", ""),
        facts=list(_facts(endpoint, found)),
        requests=[(request, _price(request, inputs)) for request in found],
        ways=WAYS,
        parameters=_parameters,
        optional=optional_media(found[0]),
        reasons=reasons().get(endpoint.name, []),
    )


def index_page(every: Mapping[str, list[Request]], inputs: Path) -> str:
    """The index, in Markdown: a table for each purpose."""
    rows: dict[str, list[Row]] = {heading: [] for heading in PURPOSES.values()}
    for endpoint in newest():
        for request in every[endpoint.name]:
            for heading in purposes(request):
                rates = specification.rates_in_words(endpoint.name, request.body)
                rows[heading].append(Row(request, rates, _price(request, inputs)))
    shown = {heading: found for heading, found in rows.items() if found}
    general = reasons().get("", [])
    month = specification.price_list()
    return rendered("endpoints.md.jinja", rows=shown, reasons=general, price_list=month, endpoints=newest())


class Row(NamedTuple):
    """An endpoint in a table of the index."""

    request: Request
    rates: str
    price: str


def purposes(request: Request) -> list[str]:
    """What one can want to do with a request: the headings of the index that it is under."""
    needs = any(each.media and each.required for each in request.form.parameters)
    plain = [] if needs else ["make" if request.endpoint.kind == "image" else "film"]
    found = effect(request.marks)
    special = [found] if found and found in PURPOSES else []
    return [PURPOSES[each] for each in plain + special or [""]]


def _price(request: Request, inputs: Path) -> str:
    """What a request costs in credits, or can cost at most if that is not known in advance; empty without a price."""
    name, body = request.endpoint.name, request.placed(inputs)
    exact, most = specification.prices(name, body)
    if most is None:
        return ""
    return specification.credits_in_words(exact) if exact else f"at most {specification.credits_in_words(most)}"


def _facts(endpoint: Endpoint, found: list[Request]) -> Iterator[tuple[str, str]]:
    formats = specification.formats(endpoint.name)
    suffixes = f": {', '.join(formats)}" if formats else ""
    yield "Makes", KINDS[endpoint.kind] + suffixes + (" (the first by default)" if len(formats) > 1 else "")
    yield from _prices(found)
    yield "Usually takes", _time(endpoint.duration)
    yield "At one time", f"{endpoint.active_limit} tasks"
    yield "The result's URL lasts", _time(endpoint.url_lifetime)
    yield "Pictures and videos", ", ".join(_taken(found)) or "takes none"
    for label, words in (("Limits of what is sent", SENT), ("Limits of the result", MADE)):
        mark = "x-bfl-input" if words is SENT else "x-bfl-output"
        limits = {limit: None for request in found for limit in _limits(request.marks.get(mark, {}), words)}
        if limits:
            yield label, "; ".join(limits)
    hooked = any(each.name == "webhook_url" for request in found for each in request.form.parameters)
    yield "Webhooks", "yes, with `webhook_url`" if hooked else "no: poll for the result"
    methods = ", ".join(f"`{name}`" for name in endpoint.method_names)
    yield "Methods", f"{methods} of `client.generate` and `client.submit`"


def _prices(found: list[Request]) -> Iterator[tuple[str, str]]:
    """The price of each shape."""
    for request in found:
        price = specification.price_in_words(request.endpoint.name, request.body)
        which = f" ({request.selector}={request.body[request.selector]})" if request.selector else ""
        listed = f"{price}, by the list of {specification.price_list()}" if price else "not in the list of prices"
        yield f"Price{which}", listed


def _taken(found: list[Request]) -> Iterator[str]:
    """The parameters that take pictures or videos; those that differ by a number only are together."""
    taken = {each.name: each for request in found for each in request.form.parameters if each.media}
    for _, same in itertools.groupby(taken.values(), lambda each: re.sub(r"_\d+$", "", each.name)):
        first, *more = same
        yield f"`{first.name}`" + (f" to `{more[-1].name}` ({_kind(first)} each)" if more else f" ({_kind(first)})")


def _limits(mark: Mapping[str, Any], words: Mapping[str, str]) -> Iterator[str]:
    for key, phrase in words.items():
        if key in mark:
            value = mark[key]
            number = f"{value:,}" if isinstance(value, int | float) else str(value)
            yield phrase.format(" x ".join(map(str, value)) if isinstance(value, list) else number)


def _time(seconds: float) -> str:
    for unit, length in (("hour", 3600), ("minute", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {unit}{'s' * (seconds != length)}"
    return f"{seconds:g} seconds"


def _kind(parameter: Parameter) -> str:
    kinds = specification.media_kinds({"properties": {parameter.name: parameter.schema}}, (parameter.name,))
    kinds = kinds or {"image"}
    found = " or ".join(KINDS[kind] for kind in sorted(kinds))
    return f"{found}, or several" if "array" in parameter.types else found


def optional_media(request: Request) -> tuple[str, str] | None:
    """The first picture that a request may have and its example has not: the parameter, and a file for it."""
    marked = specification.marked_media(request.endpoint.name)
    left = [each for each in request.form.parameters if each.name in marked and each.name not in request.body]
    return (left[0].name, file_name(left[0])) if left else None


def _parameters(request: Request) -> Iterator[tuple[str, str, str, str]]:
    """The parameters of a shape, those first that are required: name, what it accepts, its default, its meaning."""
    for each in sorted(request.form.parameters, key=lambda each: (not each.required, each.name != "prompt")):
        yield f"`{each.name}`{' (required)' if each.required else ''}", _accepts(each), _default(each), _meaning(each)


def _accepts(parameter: Parameter) -> str:
    kind = _kind(parameter).removesuffix(", or several") if parameter.media else ""
    return parameter.bounds.replace("a picture or video: a URL, base64 or a file", kind)


def _default(parameter: Parameter) -> str:
    shown = parameter.default not in (None, "")
    return f"`{json.dumps(parameter.default, ensure_ascii=False)}`" if shown else ""


def _meaning(parameter: Parameter) -> str:
    texts = [str(parameter.schema.get("description") or ""), *specification.overlay_bounds(parameter.schema)]
    return " ".join(filter(None, texts))
