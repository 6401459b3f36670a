"""Turns a request into what it orders: a picture or clip, its price, or the fault that the service would find in it.

Marks of the operation, or of the schema that the body obeys, say what an endpoint does; the schema's come first.

``x-bfl-emulate``: a word of `editing.EFFECTS` or of `CLIP_EFFECTS`; or ``{effect: word, role: parameter, ...}`` where a
parameter that plays a role (`image`, `mask`, `left`, ...) does not have its usual name. Without this mark inputs are
ignored, except for the size of the first picture.
``x-bfl-input``: `min-side` and `max-size` (pixels), `max-mp`, `max-total-mp` (megapixels, of inputs and output),
`max-bytes`, `max-count`, `max-seconds`, `min-frames`; `status`, with which a picture above `max-mp` is refused at once;
`failed-code`, the HTTP status of the polls that report any other fault.
``x-bfl-output``: `mp` (megapixels of a picture whose request gives no size), `max-mp`, `max-ratio`, `step` (pixels, of
each side), `within` (width and height that clips are reduced to), `draft-only` (the one resolution of drafts).
``x-bfl-price``: `per` (picture, megapixel, second or megapixel-second); `credits`, a number, or numbers by the value of
the property named in `by`; per megapixel, `further`: credits for each after the first, and for those of the inputs; for
clips, `draft`: credits for drafts; `whole`: true where only whole credits are charged. One credit is 0.01 USD. Prices
are documented or measured; the sources are in the overlay.
"""

import io
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from .drawing import clips
from .drawing.editing import EFFECTS
from .drawing.films import Draft, Film
from .drawing.pictures import CONTENT_TYPES, Edit, Input, Picture
from .drawing.sizes import MEGAPIXEL, Size, SizeError, check_size, clip_size, picture_size, resolution_size
from .inputs import InputError, Inputs, check_together, media_in
from .requests import Refusal, ValidRequest
from .specification import Node, Specification, TaskEndpoint

CLIP_EFFECTS = {"animate": "picture", "continue": "clip", "edit-clip": "clip", "upscale": "clip", "enhance": "draft"}
_SECONDS = 5.0  # of a clip whose length is left to the service: an estimate, the shortest that can be asked for
_LONGEST = 20.0  # seconds of a clip (published)


@dataclass(frozen=True)
class Order:
    """What a request orders; `inputs` are the sizes of its pictures."""

    picture: Picture | Film
    inputs: list[Size]
    failure: str | None = None  # why the task will end in Error
    code: int = 200  # HTTP status of the polls that report a failure


@dataclass(frozen=True)
class _Given:
    """What an order is made from."""

    request: ValidRequest
    about: tuple[str, str, int]  # endpoint, prompt and seed
    marks: Mapping[str, Node]  # by name, without x-bfl-
    taken: Sequence[Input]

    @property
    def sizes(self) -> list[Size]:
        return [item.size for item in self.taken]


def order(request: ValidRequest, endpoint: TaskEndpoint, specification: Specification, inputs: Inputs) -> Order:
    """Read the inputs of a request and decide what is to be drawn.

    Raises Refusal: 501 for what is not emulated or needs an extra, and the status that the marks name for an input.
    """
    format = _format(request, endpoint)
    marks = {name: _mark(request, f"x-bfl-{name}") for name in ("emulate", "input", "output")}
    prompt, seed = request.value("prompt"), request.value("seed")
    # 5.0 is an integer in JSON.
    about = endpoint.name, prompt or "", secrets.randbelow(2**32) if seed is None else int(seed)
    sizes: list[Size] = []
    try:
        given = _Given(request, about, marks, _take(request, specification, inputs, marks))
        sizes = given.sizes
        return Order(_film(given, inputs) if format == "mp4" else _picture(given, format, inputs), sizes)
    except (InputError, SizeError) as error:
        blank = Picture(*about, 1, 1, format)
        return Order(blank, sizes, str(error), marks["input"].get("failed-code", 200))


def cost(
    mark: Node | None, value: Callable[[str], Any], *, inputs: Sequence[Size], output: Size, seconds: float
) -> float | None:
    """Return the cost in credits by a price mark, or None without one.

    `value` returns a parameter of the request. FLUX.2: a first megapixel, each further one, and the inputs at the price
    of further ones (vendor's material 2026-01); each count is rounded up (a receipt of 1.98 megapixels, 2026).
    """
    if mark is None:
        return None
    rate = _rate(mark, value)
    further = mark.get("further", 0.0)
    whole = [math.ceil(math.prod(size) / MEGAPIXEL) for size in (output, *inputs)]
    amounts: Mapping[str, float] = {
        "picture": rate,
        "megapixel": rate + (sum(whole) - 1) * further,
        "second": rate * seconds,
        "megapixel-second": rate * math.prod(output) / MEGAPIXEL * seconds,
    }
    amount = round(amounts[mark["per"]], 2)
    return float(math.ceil(amount)) if mark.get("whole") else amount


def _rate(mark: Node, value: Callable[[str], Any]) -> float:
    if "draft" in mark and value("draft"):
        return float(mark["draft"])
    rates: Any = mark["credits"]
    if not isinstance(rates, Mapping):
        return float(rates)
    by = {str(name): float(rate) for name, rate in rates.items()}
    # A value that is not listed, such as a new resolution, costs as much as the most expensive one.
    return by.get(str(value(mark["by"])), max(by.values()))


def _format(request: ValidRequest, endpoint: TaskEndpoint) -> str:
    if endpoint.kind == "video":
        if not clips.available():
            raise Refusal(501, "Videos need the extra 'video': pip install 'bfl-client[video]'")
        return "mp4"
    # Endpoints without the parameter give PNG (measured by a third party, 2026-10).
    format = str(request.value("output_format") or "png").lower()
    if endpoint.kind != "image":
        raise Refusal(501, f"output of kind {endpoint.kind!r} is not emulated")
    # A format that only a newer specification knows: the task gives a PNG all the same.
    return format if format in CONTENT_TYPES else "png"


def _mark(request: ValidRequest, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for mark in (request.operation.marks.get(name), request.schema.get(name)):
        found |= mark if isinstance(mark, Mapping) else {"effect": mark} if mark else {}
    return found


def _take(
    request: ValidRequest, specification: Specification, inputs: Inputs, marks: Mapping[str, Node]
) -> list[Input]:
    """Take every input; for an endpoint without a mark only readable ones, because only the first one's size counts."""
    kind, taken = CLIP_EFFECTS.get(marks["emulate"].get("effect", ""), "picture"), list[Input]()
    marked = "effect" in marks["emulate"]
    for medium in media_in(specification, request.body, request.schema):
        try:
            taken.append(inputs.take(medium, marks["input"], kind, fetched=marked))
        except InputError:
            if marked:
                raise
    return taken


def _picture(given: _Given, format: str, inputs: Inputs) -> Picture:
    mark, rules, value = given.marks["emulate"], given.marks["output"], given.request.value
    name, size = mark.get("effect"), None
    effect, edit = EFFECTS.get(str(name)), None
    if effect is not None:
        parameters = {mark.get(role, role): role for role in effect.roles}
        roles = {parameters[item.parameter]: item for item in given.taken if item.parameter in parameters}
        _check_roles(effect.roles, roles)
        if "mask" in effect.roles and not inputs.has_hole(roles):
            raise InputError(
                f"{mark.get('mask', 'mask')}: nothing is masked, and nothing in the picture is transparent"
            )
        values = {role: value(mark.get(role, name)) for role, name in effect.values.items()}
        others = tuple(item for item in given.taken if item.parameter not in parameters)
        edit = Edit(str(name), roles, others, values)
        size = effect.size(values, {role: item.size for role, item in roles.items()})
    size = size or picture_size(value, given.sizes, rules)
    check_size(size, rules)
    check_together(given.taken, size, given.marks["input"])
    return Picture(*given.about, *size, format, edit)


def _check_roles(wanted: Sequence[str], roles: Mapping[str, Input]) -> None:
    if missing := [role for role in wanted if role not in roles and role != "mask"]:
        raise InputError(f"{missing[0]}: the picture is missing")
    image, mask = roles.get("image"), roles.get("mask")
    if image and mask and image.size != mask.size:
        have, wants = ("x".join(map(str, item.size)) for item in (mask, image))
        raise InputError(f"{mask.parameter}: the mask has {have} pixels, its picture {wants}")


def _film(given: _Given, inputs: Inputs) -> Film:
    effect = str(given.marks["emulate"].get("effect"))
    check_together(given.taken, (0, 0), given.marks["input"])
    if effect == "enhance" and given.taken:
        film = _enhanced(given, inputs)
    elif effect in ("edit-clip", "upscale") and given.taken:
        film = _reworked(given, effect)
    else:
        film = _fresh(given, effect, inputs)
    check_size((film.width, film.height), given.marks["output"])
    return film


def _fresh(given: _Given, effect: str, inputs: Inputs) -> Film:
    value, rules, taken = given.request.value, given.marks["output"], given.taken
    size, asked, draft = clip_size(value, given.sizes, rules), value("duration"), bool(value("draft"))
    only = rules.get("draft-only")
    if draft and only and value("resolution") != only:
        raise InputError(f"draft: drafts are made in resolution {only} only")
    if effect == "continue" and taken:
        taken = [inputs.add(taken[0].parameter, _last_frame(inputs.content(taken[0])), 0.0)]
    stills, seconds = _timed(taken, float(asked) if isinstance(asked, int | float) else None)
    return Film(*given.about, *size, seconds, effect, stills, None, bool(value("generate_audio")), draft)


def _timed(taken: Sequence[Input], seconds: float | None) -> tuple[tuple[Input, ...], float]:
    """Give every still its moment: those without one are spread evenly from beginning to end.

    Three or more without a moment need a duration (documented).
    """
    timed = [item.moment for item in taken if item.moment is not None]
    if seconds is None and not timed and len(taken) > 2:
        raise InputError(f"{taken[0].parameter}: three or more pictures without a time need a duration")
    if seconds is None:
        seconds = max(_SECONDS, min(_LONGEST, math.ceil(max(timed, default=0))))
    if timed and not 0 <= min(timed) <= max(timed) <= seconds:
        raise InputError(f"{taken[0].parameter}: a picture's time is not within the clip's {seconds:g} seconds")
    apart = seconds / max(1, len(taken) - 1)
    stills = [item if item.moment is not None else replace(item, moment=i * apart) for i, item in enumerate(taken)]
    return tuple(stills), seconds


def _enhanced(given: _Given, inputs: Inputs) -> Film:
    """Make the clip of a draft again, larger, from the draft's own prompt and seed."""
    draft = Draft.from_bytes(inputs.content(given.taken[0]))
    size = resolution_size(str(given.request.value("resolution")), draft.ratio, given.marks["output"])
    stills = tuple(inputs.add("draft_cache", content, moment) for moment, content in draft.stills)
    about = given.about[0], draft.prompt, draft.seed
    return Film(*about, *size, draft.seconds, draft.effect, stills, None, draft.audio)


def _reworked(given: _Given, effect: str) -> Film:
    """Keep the length of a clip; enlarge it by the factor asked for, or reduce it to the endpoint's largest size."""
    source, rules = given.taken[0], given.marks["output"]
    factor = float(given.request.value("upscale_factor") or 1)
    if "within" in rules:
        long, short = max(rules["within"]), min(rules["within"])
        factor = min(factor, long / max(source.size), short / min(source.size))
    width, height = (max(2, round(side * factor / 2) * 2) for side in source.size)  # the encoder wants even sides
    return Film(*given.about, width, height, round(source.seconds, 3), effect, source=source)


def _last_frame(content: bytes) -> bytes:
    file = io.BytesIO()
    clips.last_frame(content).save(file, "PNG", compress_level=1)
    return file.getvalue()
