"""The packaged specification, read: endpoints, their parameters, bounds in words, media and prices.

The client, the command line and the batch all learn here what an endpoint accepts and costs. The emulator has its own
reader of `bfl_api.specification`, so neither hides the other's mistakes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from typing import Any, NamedTuple
from urllib.parse import unquote

from bfl_api import specification as packaged
from bfl_api.table import ENDPOINTS as ENDPOINTS  # front ends import it from here
from bfl_api.table import Endpoint as Endpoint

from . import media
from .errors import Remedy, Violation, shorten
from .pictures import Measured

Schema = Mapping[str, Any]
MEDIA = "bfl-media"
"""The format that marks pictures and videos in the specification."""
RATIO = "bfl-ratio"
"""The format that marks ratios of width to height."""
MEGAPIXEL = 1024 * 1024
"""Pixels that the service counts as one megapixel (recorded 2025-12)."""
LARGEST_PICTURE = 4.0
"""Megapixels: the most that a picture of unknown size can count as."""
_PYTHON = {"integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict, "null": type(None)}


# Endpoints and operations


def path_of(name: str) -> str:
    """The path of an endpoint, known or not: ``/v1/`` and its name, unless that begins with a version of its own."""
    plain = name.removeprefix("/")
    if plain in ENDPOINTS:
        return ENDPOINTS[plain].path
    return f"/{plain}" if re.match(r"v\d+/", plain) else f"/v1/{plain}"


def normalized(name: str) -> str:
    """An endpoint's name as the table has it: ``/v1/flux-dev`` is ``flux-dev``, but ``v2/flux-dev`` may be another."""
    found = find(name)
    return found.name if found else path_of(name).removeprefix("/").removeprefix("v1/")


def find(name: str) -> Endpoint | None:
    """The endpoint with this name or path, or None if this version does not know it."""
    path = path_of(name)
    return next((each for each in ENDPOINTS.values() if each.path == path), None)


def family(name: str) -> float:
    """The number of an endpoint's family, such as 3 for ``flux-3-image``; 0 if it has none. Higher ones are newer."""
    found = re.search(r"-(\d+(?:\.\d+)?)(?=-|$)", name)
    return float(found[1]) if found else 0.0


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None."""
    import difflib  # only for mistakes

    return next(iter(difflib.get_close_matches(word.lower(), known, n=1, cutoff=0.5)), None)


def unknown_endpoint(name: str) -> Violation:
    """The violation for an endpoint that this version does not know."""
    near = nearest(name.replace("_", "-"), ENDPOINTS)
    hint = f"did you mean {near!r}?" if near else "see bfl_client.specification.ENDPOINTS"
    return Violation("endpoint", shorten(name, 60), "unknown endpoint", Remedy(hint, "endpoints", nearest=near))


def document() -> Schema:
    """The effective specification."""
    return packaged.load()


def template(path: str) -> tuple[str, dict[str, str]] | None:
    """The path as the specification writes it, and the texts in place of its parameters; None for an unknown path."""
    paths = document()["paths"]
    for each in [path] if path in paths else paths:
        found = re.fullmatch(re.sub(r"\\{[^}]*\\}", "([^/]*)", re.escape(each)), path)
        if found:
            return each, dict(zip(re.findall(r"{([^}]*)}", each), map(unquote, found.groups()), strict=True))
    return None


def body_schema(path: str) -> Schema:
    """The schema of the body of a POST to a path."""
    found: Schema = document()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return found


def answer_schema(path: str, method: str) -> Schema:
    """The schema of the answer to a request; empty, which allows everything, where the specification has none."""
    found = template(path)
    responses = document()["paths"][found[0]].get(method, {}).get("responses", {}) if found else {}
    schema: Schema = responses.get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
    return schema


# Schemas


def resolved(schema: Schema) -> Schema:
    """The schema that a reference names, or the schema itself."""
    if "$ref" not in schema:
        return schema
    found: Schema = document()["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def titled(branch: Schema) -> str:
    """The name of a branch of a union: that of the schema it refers to, or its title, or its required keys."""
    name = str(branch.get("$ref", "")).rpartition("/")[2] or branch.get("title")
    return str(name or f"the form with {', '.join(branch.get('required', ())) or 'nothing required'}")


def branches(schema: Schema, depth: int = 10) -> Iterator[Schema]:
    """A schema and the branches of its unions, references followed, to a depth that no sound schema reaches."""
    schema = resolved(schema)
    yield schema
    if depth:
        for branch in [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]:
            yield from branches(branch, depth - 1)


def properties(schema: Schema) -> dict[str, Schema]:
    """The properties of an object's schema, in all its branches."""
    return {name: node for branch in branches(schema) for name, node in branch.get("properties", {}).items()}


def takes_more(schema: Schema) -> bool:
    """True if the schema says that there are parameters which it does not list: it is not known completely."""
    return any(branch.get("additionalProperties") is True for branch in branches(schema))


def types(schema: Schema) -> set[str]:
    """The JSON types that a schema allows; empty where it names none."""
    kinds = [branch.get("type", []) for branch in branches(schema)]
    return {each for kind in kinds for each in ([kind] if isinstance(kind, str) else kind)}


def takes_media(schema: Schema, path: tuple[str | int, ...] | None = None, depth: int = 6) -> bool:
    """True if a value of the schema may contain a picture or video: at `path`, or anywhere if `path` is None."""
    return any(True for _ in _media(schema, path, depth))


def media_kinds(schema: Schema, path: tuple[str | int, ...]) -> set[str]:
    """What may be sent at `path`: image, video, or file for anything (or if media are only a guess)."""
    found = ((each.get("x-bfl-media-kind"), each.get("format")) for each in _media(schema, path))
    return {kind or ("image" if each == MEDIA else "file") for kind, each in found}


def _media(schema: Schema, path: tuple[str | int, ...] | None, depth: int = 6) -> Iterator[Schema]:
    """The schemas of strings that are pictures or videos: at a path, or anywhere."""
    for branch in branches(schema):
        inside: list[Any]
        if path:
            inside = list(_inside(branch, path[0]))
        else:
            inside = [] if path == () else [*branch.get("prefixItems", ()), branch.get("items")]
            if branch.get("format") == MEDIA or branch.get("x-bfl-media") == "guess":
                yield branch
        for each in inside if depth else ():
            if each:
                yield from _media(each, path[1:] if path else path, depth - 1)


def _inside(schema: Schema, part: str | int) -> list[Schema]:
    """The schemas of the value at a key or an index."""
    if isinstance(part, str):
        return [schema["properties"][part]] if part in schema.get("properties", {}) else []
    return [*schema.get("prefixItems", ())[part : part + 1]] or [each for each in [schema.get("items")] if each]


def selected(schema: Schema, body: Mapping[str, Any]) -> tuple[Schema, Violation | None]:
    """The branch that a union's discriminator selects, so that other branches do not complain as well."""
    discriminator = resolved(schema).get("discriminator")
    if not discriminator:
        return schema, None
    field, mapping = discriminator["propertyName"], discriminator["mapping"]
    given = body.get(field)
    if isinstance(given, str) and given in mapping:
        return {"$ref": mapping[given]}, None
    shown, lead = (shorten(given, 60), "must be") if field in body else ("", "is required:")
    return schema, Violation(field, shown, f"{lead} one of {', '.join(mapping)}")


# Parameters


class Parameter(NamedTuple):
    """One parameter of an endpoint.

    Attributes:
        media: true if it takes pictures or videos, by themselves or in a list.
        types: the JSON types that it may have.
        choices: the strings that it accepts, if they are listed.
        default: what the service uses if it is left out; None if that is not stated.
        bounds: what it accepts, in words.
    """

    name: str
    required: bool
    schema: Schema
    media: bool
    types: set[str]
    choices: list[str]
    default: Any
    bounds: str


class Form(NamedTuple):
    """One shape of an endpoint's body: most endpoints have one, some have one for each value of a parameter.

    Attributes:
        title: empty, or the values that select it, such as ``mode=t2v``.
    """

    title: str
    parameters: tuple[Parameter, ...]


@lru_cache(maxsize=256)
def forms(name: str) -> tuple[Form, ...]:
    """The shapes of an endpoint's body; empty for an unknown endpoint."""
    endpoint = find(name)
    if endpoint is None or not endpoint.schema:
        return ()
    whole = resolved({"$ref": endpoint.schema})
    union = whole.get("discriminator", {})
    titles: dict[str, list[str]] = {}
    for value, reference in union.get("mapping", {}).items():  # several values may select one shape
        titles.setdefault(reference, []).append(f"{union['propertyName']}={value}")
    shapes = [(" or ".join(values), resolved({"$ref": each})) for each, values in titles.items()] or [("", whole)]
    return tuple(Form(title, tuple(_parameters(shape))) for title, shape in shapes)


def _parameters(schema: Schema) -> Iterator[Parameter]:
    for name, node in properties(schema).items():
        required, bounds = name in schema.get("required", ()), in_words(node) or "anything"
        media, choices = takes_media(node), list(dict.fromkeys(_choices(node)))
        yield Parameter(name, required, node, media, types(node), choices, node.get("default"), bounds)


def _choices(schema: Schema) -> Iterator[str]:
    for branch in branches(schema):
        values = branch.get("enum", [branch["const"]] if "const" in branch else [])
        yield from (str(value) for value in values if value is not None)
        yield from ("true", "false") if branch.get("type") == "boolean" else ()


@lru_cache(maxsize=256)
def parameters(name: str) -> Mapping[str, Parameter]:
    """Every parameter of an endpoint, in all shapes of its body; empty for an unknown endpoint."""
    return {parameter.name: parameter for form in forms(name) for parameter in form.parameters}


def media_parameters(name: str) -> frozenset[str]:
    """The parameters of an endpoint that take pictures or videos."""
    return frozenset(each.name for each in parameters(name).values() if each.media)


@lru_cache(maxsize=256)
def marked_media(name: str) -> frozenset[str]:
    """The parameters that are marked as taking pictures or videos, not just guessed to."""
    known = parameters(name).values()
    return frozenset(
        each.name for each in known if each.media and all(m.get("format") == MEDIA for m in _media(each.schema, None))
    )


def typed(name: str, key: str, text: str) -> Any:
    """The JSON value of a text if the parameter `key` accepts that type; else the text itself."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return text
    known = parameters(name).get(key)
    allowed = known.types if known else set[str]()
    if isinstance(value, float) and value.is_integer() and "integer" in allowed:
        value = int(value)  # as spreadsheets write it
    fits = any(isinstance(value, _PYTHON[kind]) for kind in allowed & _PYTHON.keys())  # type: ignore[arg-type]
    return value if fits or not allowed else text


# What is made

_PICTURES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif", ".heic")
MEDIA_SUFFIXES = frozenset((*_PICTURES, ".mp4", ".m4v", ".mov", ".webm"))
"""Suffixes of files that are certainly meant as pictures or videos."""
FORMAT = "output_format"
"""The parameter that asks for a format."""
_FORMATS = {".jpg": "jpeg", ".jpe": "jpeg", ".m4v": "mp4", ".tif": "tiff"}


def file_format(suffix: str) -> str:
    """The format that files with a suffix have, in the words of the specification: ``"jpeg"`` for ``".jpg"``."""
    return _FORMATS.get(suffix.lower(), suffix.lower().removeprefix("."))


def formats(name: str) -> tuple[str, ...]:
    """The formats that an endpoint can make, its default first; empty if the specification does not name them."""
    known, asked = find(name), parameters(name).get(FORMAT)
    if known is None or known.kind == "video":
        return ("mp4",) if known else ()
    return tuple(sorted(asked.choices, key=lambda each: each != asked.default)) if asked else ()


def suffix(name: str, body: Mapping[str, Any]) -> str:
    """The suffix of the file that a request makes, such as ``.jpg``; empty if it is not known in advance."""
    asked = parameters(name).get(FORMAT)
    made = str(body.get(FORMAT) or asked.default or "") if asked else "".join(formats(name))
    return next((short for short, each in _FORMATS.items() if each == made == "jpeg"), f".{made}" if made else "")


# Bounds in words

_NOUNS = {"integer": "an integer", "number": "a number", "string": "a string", "boolean": "true or false"}
_NOUNS |= {"array": "a list", "object": "an object"}
_PHRASES = {"exclusiveMinimum": " above ", "exclusiveMaximum": " below ", "multipleOf": ", a multiple of "}
_TIGHTER = dict.fromkeys(("minimum", "exclusiveMinimum", "minLength", "minItems", "multipleOf"), max)
_TIGHTER |= dict.fromkeys(("maximum", "exclusiveMaximum", "maxLength", "maxItems"), min)


def in_words(schema: Schema, depth: int = 8) -> str:
    """What a schema accepts, in a phrase that follows "must be"; empty if it accepts anything."""
    schema = _bounded(schema)
    if depth == 0:  # a schema may contain itself
        return ""
    union = schema.get("anyOf") or schema.get("oneOf")
    if union:
        phrases = [in_words(branch, depth - 1) for branch in union]
        return " or ".join(dict.fromkeys(phrase for phrase in phrases if phrase and phrase != "null"))
    if "enum" in schema:
        return "one of " + ", ".join(str(value) for value in schema["enum"])
    if "const" in schema:
        return repr(schema["const"])
    if schema.get("format") == MEDIA:
        return "a picture or video: a URL, base64 or a file"
    if schema.get("format") == RATIO:
        return "a ratio from 9:21 to 21:9, such as 16:9"
    if schema.get("x-bfl-media") == "guess":
        return "a string; probably also a picture or video: a URL, base64 or a file"
    kinds = schema.get("type") or []
    noun = " or ".join(_NOUNS.get(each, each) for each in ([kinds] if isinstance(kinds, str) else kinds))
    return noun and noun + "".join(_bounds(schema, depth - 1))


def _bounded(schema: Schema) -> Schema:
    """The schema that a reference names, with the bounds that stand beside the reference; the tighter one counts."""
    found = dict(resolved(schema))
    for key, tighter in _TIGHTER.items():
        if key in schema:
            found[key] = tighter(schema[key], found.get(key, schema[key]))
    return found


def _bounds(schema: Schema, depth: int) -> Iterator[str]:
    yield _range(schema, "minimum", "maximum", " from", "")
    yield _range(schema, "minLength", "maxLength", " of", " characters")
    yield _range(schema, "minItems", "maxItems", " of", " items")
    yield from (f"{phrase}{_number(schema[key])}" for key, phrase in _PHRASES.items() if key in schema)
    if "pattern" in schema:
        yield f" that matches {schema['pattern']}"
    if schema.get("format") == "uri":
        yield " that is a URL"
    if isinstance(schema.get("items"), Mapping) and schema["items"]:
        yield f", each {in_words(schema['items'], depth)}"
    if "prefixItems" in schema:
        yield f" of {', '.join(in_words(item, depth) for item in schema['prefixItems'])}"


def overlay_bounds(schema: Schema) -> list[str]:
    """The bounds of a schema that the project has corrected: each with what was published, and how it is known."""
    said = []
    for branch in branches(schema):
        for key, mark in branch.get("x-bfl-bounds", {}).items():
            published = "none" if mark["published"] is None else _number(mark["published"])
            said.append(f"{key} {_number(branch[key])} is a correction (published: {published}). {mark['because']}")
    return said


def _range(schema: Schema, least: str, most: str, lead: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if unit and low is not None and low == high:
        return f"{lead} {_number(low)}{unit}"
    if low is not None and high is not None:
        return f"{lead} {_number(low)} to {_number(high)}{unit}"
    if low is not None:
        return f" of at least {_number(low)}{unit}"
    return "" if high is None else f" of at most {_number(high)}{unit}"


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)


# Prices


def credits_in_words(amount: float | None) -> str:
    """Credits (0.01 USD each) for people to read: at most two decimals, with thousands separators."""
    return "not stated" if amount is None else f"{amount:,.2f}".rstrip("0").rstrip(".")


def price_list() -> str:
    """The month of the list that the prices are from, such as ``2026-09``; empty if it is not stated."""
    return str(document().get("x-bfl-price-list", ""))


def price_in_words(name: str, body: Mapping[str, Any] | None = None) -> str:
    """What an endpoint, or the shape that a body selects, costs, in a phrase; empty if it has no price."""
    phrases = dict.fromkeys(_mark_in_words(each.mark) for each in _prices(name, body or {}))
    return "; or ".join(each for each in phrases if not any(other.startswith(f"{each};") for other in phrases))


def rates_in_words(name: str, body: Mapping[str, Any] | None = None) -> str:
    """The lowest and highest rate of what `price_in_words` says, such as ``6 to 95 a second``; empty without one."""
    marks = [each.mark for each in _prices(name, body or {})]
    rates = [rate for mark in marks for rate in (mark["credits"], mark.get("draft")) if rate]
    every = {each for rate in rates for each in (rate.values() if isinstance(rate, Mapping) else [rate])}
    if not every:
        return ""
    span = " to ".join(map(credits_in_words, sorted({min(every), max(every)})))
    units = {"megapixel": "from {}", "second": "{} a second", "megapixel-second": "{} a MP and second"}
    return units.get(marks[0]["per"], "{}").format(span)


_UNITS = {"picture": "", "megapixel": " for the first megapixel", "second": " a second"}
_UNITS["megapixel-second"] = " for each megapixel and second"


def _mark_in_words(mark: Schema) -> str:
    rates, unit = mark["credits"], _UNITS[mark["per"]]
    each = rates.items() if isinstance(rates, Mapping) else [("", rates)]
    amounts = ", ".join(f"{credits_in_words(rate)}{value and f' ({value})'}" for value, rate in each)
    further = (
        f", {credits_in_words(mark['further'])} for each further one, including those of pictures sent"
        if "further" in mark
        else ""
    )
    by = f", by {mark['by']}" if "by" in mark else ""
    draft = f"; a draft {credits_in_words(mark['draft'])}" if "draft" in mark else ""
    return f"{amounts} credits{unit}{by}{further}{draft}"


def price(name: str, body: Mapping[str, Any]) -> float | None:
    """Credits that a request costs by the specification's prices; None if there are none, or not known in advance."""
    return prices(name, body)[0]


def highest_price(name: str, body: Mapping[str, Any]) -> float | None:
    """The most that a request can cost, in credits; None for an endpoint without a price.

    What the request leaves open counts as the most that the specification allows: the longest duration, the most
    expensive resolution, the largest picture.
    """
    return prices(name, body)[1]


def prices(name: str, body: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """`price` and `highest_price` of a request; the pictures and videos in it are measured once."""
    shapes = _prices(name, body)
    certain, most = ([each.credits(highest=highest) for each in shapes] for highest in (False, True))
    highest = None if None in most else max((each for each in most if each is not None), default=None)
    return certain[0] if len(shapes) == 1 else None, highest


def _prices(name: str, body: Mapping[str, Any]) -> list[_Price]:
    """The price of a request by each shape that its body may have: one, unless its discriminator is missing."""
    known = find(name)
    if known is None or not known.schema:
        return []
    branch, undecided = selected({"$ref": known.schema}, body)
    shapes = resolved(branch)["oneOf"] if undecided else [branch]
    called = document()["paths"][known.path]["post"]
    wholes = [{**called, **resolved(shape)} for shape in shapes]  # prices are on the operation or on the schema
    return [_Price(known.name, body, each["x-bfl-price"], each) for each in wholes if "x-bfl-price" in each]


class _Price:
    """The price of one request, from the marks ``x-bfl-price``, ``x-bfl-input`` and ``x-bfl-output`` (see the overlay).

    Attributes:
        mark: it has `per` (picture, megapixel, second, megapixel-second), `credits` (a number, or one for each value of
            the parameter `by`), `further` (credits for each megapixel after the first) and `draft` (for a draft, if the
            shape can make one).
        shape: the schema of the body, with the marks of its operation.
    """

    def __init__(self, name: str, body: Mapping[str, Any], mark: Schema, shape: Schema) -> None:
        drafts = "draft" in shape.get("properties", {})
        self.mark = {key: value for key, value in mark.items() if drafts or key != "draft"}
        self.name, self.body, self.shape = name, body, shape

    def credits(self, *, highest: bool) -> float | None:
        """Credits that are certain in advance, or (`highest`) the most that it can cost."""
        rates = self.mark["draft" if "draft" in self.mark and self._value("draft") is True else "credits"]
        if isinstance(rates, Mapping):
            by = {str(value): float(rate) for value, rate in rates.items()}
            given = self._value(self.mark["by"])
            chosen = str(given) if isinstance(given, str | int | float) else ""
            rates = by.get(chosen, max(by.values()) if highest else None)
        amount = self._amount(highest)
        if rates is None or amount is None:
            return None
        further = float(self.mark.get("further", 0.0))
        found = round(rates + further * (amount - 1) if self.mark["per"] == "megapixel" else rates * amount, 2)
        return float(math.ceil(found)) if self.mark.get("whole") else found

    def _amount(self, highest: bool) -> float | None:
        """How many of its units a request has; None if that is not known in advance."""
        if self.mark["per"] == "picture":
            return 1.0
        if self.mark["per"] == "megapixel":
            return self._megapixels(highest)
        return self._seconds(highest) if self.mark["per"] == "second" else self._volume(highest)

    @cached_property
    def _sent(self) -> list[Measured | None]:
        """The pictures and videos in the request, as far as they can be measured."""
        given = [self.body[name] for name in media_parameters(self.name) if self.body.get(name) is not None]
        each = [item for value in given for item in (value if isinstance(value, list | tuple) else [value])]
        return [media.measured(item) for item in each]

    @property
    def _film(self) -> Measured | None:
        """The video in the request, if it can be measured."""
        return next((each for each in self._sent if each and each.seconds), None)

    def _megapixels(self, highest: bool) -> float | None:
        """Megapixels of the picture and of those sent along, each rounded up."""
        sent = self._sent
        if None in sent and not highest:
            return None
        width, height = self._value("width"), self._value("height")
        sides = [each for each in (width, height) if isinstance(each, int | float) and each]
        size: tuple[float, ...] | None = (1024.0, 1024.0)
        if len(sides) == 2:
            size = sides[0], sides[1]
        elif sides:
            size = None  # the service chooses the other side
        elif sent:
            size = sent[0]
        if size is None and not highest:
            return None
        return self._counted(size) + sum(map(self._counted, sent))

    def _counted(self, size: tuple[float, ...] | None) -> float:
        """Whole megapixels of a picture; the most that there can be for one of unknown size."""
        step = self.shape.get("x-bfl-output", {}).get("step", 1)
        area = math.prod(side // step * step for side in size[:2]) if size else math.inf
        return min(max(math.ceil(area / MEGAPIXEL) if area < math.inf else LARGEST_PICTURE, 1), LARGEST_PICTURE)

    def _seconds(self, highest: bool) -> float | None:
        given = self._value("duration")
        if isinstance(given, int | float) and not isinstance(given, bool):
            return float(given)
        own = self.shape.get("properties", {}).get("duration")
        if own is None and self._film:
            return self._film.seconds
        every = [each.schema for form in forms(self.name) for each in form.parameters if each.name == "duration"]
        lengths = [branch.get("maximum") for node in ([own] if own else every) for branch in branches(node)]
        limits = [each for each in [self.shape.get("x-bfl-input", {}).get("max-seconds"), *lengths] if each]
        return max(map(float, limits), default=None) if highest else None

    def _volume(self, highest: bool) -> float | None:
        """Megapixels times seconds of the video that is made, of at most the size that the endpoint makes."""
        film, factor = self._film, self._value("upscale_factor")
        if film and isinstance(factor, int | float):
            return float(film.width * film.height * factor**2 / MEGAPIXEL * film.seconds)
        size, seconds = self.shape.get("x-bfl-output", {}).get("max-mp"), self._seconds(highest)
        return float(size) * seconds if highest and size and seconds else None

    def _value(self, name: str) -> Any:
        given = self.body.get(name)
        if isinstance(given, int | float) and not abs(given) < 1e12:  # refused anyway, and too large to reckon with
            given = None
        return self.shape.get("properties", {}).get(name, {}).get("default") if given is None else given
