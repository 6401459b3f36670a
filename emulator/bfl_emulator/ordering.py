"""Turns a request into what it orders: a picture or clip, or the fault in its inputs that the service would find.

What an endpoint does with its inputs is said by marks of its operation, or of the schema that its body obeys:

``x-bfl-emulate``: a word of `editing.EFFECTS` or of `CLIP_EFFECTS`; or ``{effect: word, role: parameter, ...}`` where
the parameters that play a role (`image`, `mask`, `left`, ...) are not named as usual. Without it no input is looked at,
but for the size of the first picture.
``x-bfl-input``: `min-side` and `max-size` (pixels), `max-mp`, `max-total-mp` (megapixels, of inputs and output),
`max-bytes`, `max-count`, `max-seconds`, `min-frames`; `status` with which a picture above `max-mp` is refused at once,
`failed-code` with which polls tell of any other fault.
``x-bfl-output``: `mp` (megapixels without a size in the request), `max-mp`, `max-ratio`, `step` (pixels, of each side),
`within` (width and height that clips are reduced to), `draft-only` (the one resolution that drafts have).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from . import clips
from .editing import EFFECTS
from .filming import film
from .films import Film
from .inputs import Input, Inputs, Unfit, check_together
from .media import Size, references
from .pictures import CONTENT_TYPES, Edit, Picture
from .refusals import Refusal
from .service import Call
from .sizes import Oversize, check_size, picture_size, value_of
from .specification import Node, Specification, TaskEndpoint

CLIP_EFFECTS = {"animate": "picture", "continue": "clip", "edit-clip": "clip", "upscale": "clip", "enhance": "draft"}


@dataclass(frozen=True)
class Order:
    """What a request orders; `inputs` are the sizes of its pictures, `failure` why the task will end in Error.

    `code` is the HTTP status of the polls that tell of a failure.
    """

    picture: Picture | Film
    inputs: list[Size]
    failure: str | None = None
    code: int = 200


def order(call: Call, endpoint: TaskEndpoint, specification: Specification, inputs: Inputs) -> Order:
    """Read the inputs of a request and decide what is to be drawn.

    Raises Refusal: 501 for what is not emulated or lacks an installed extra, and what the marks say for single inputs.
    """
    format = _format(call, endpoint)
    marks = {name: _mark(call, name) for name in ("x-bfl-emulate", "x-bfl-input", "x-bfl-output")}
    prompt, seed = (value_of(call.body, call.schema, name) for name in ("prompt", "seed"))
    # 5.0 is an integer in JSON.
    about = endpoint.name, prompt or "", secrets.randbelow(2**32) if seed is None else int(seed)
    sizes: list[Size] = []
    try:
        taken = _take(call, specification, inputs, marks)
        sizes = [item.size for item in taken]
        if format == "mp4":
            return Order(film(call, about, marks, taken, inputs), sizes)
        return Order(_picture(call, about, format, marks, taken), sizes)
    except (Unfit, Oversize) as error:
        blank = Picture(*about, 1, 1, format)
        return Order(blank, sizes, str(error), marks["x-bfl-input"].get("failed-code", 200))


def _format(call: Call, endpoint: TaskEndpoint) -> str:
    if endpoint.kind == "video":
        if not clips.available():
            raise Refusal(501, "Clips need the extra 'video' of the emulator: pip install 'bfl-client[video]'")
        return "mp4"
    # Endpoints without the parameter give PNG (measured by a third party, 2026-10).
    format = str(value_of(call.body, call.schema, "output_format") or "png").lower()
    if endpoint.kind != "image":
        raise Refusal(501, f"output of kind {endpoint.kind!r} is not emulated")
    # A format that only a newer specification knows: the task ends all the same, with a file that says what it is.
    return format if format in CONTENT_TYPES else "png"


def _mark(call: Call, name: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for mark in (call.operation.marks.get(name), call.schema.get(name)):
        found |= mark if isinstance(mark, Mapping) else {"effect": mark} if mark else {}
    return found


def _take(call: Call, specification: Specification, inputs: Inputs, marks: Mapping[str, Node]) -> list[Input]:
    """Take in every input; for an endpoint without a mark those that can be read, for the size of the first."""
    kind, taken = CLIP_EFFECTS.get(marks["x-bfl-emulate"].get("effect", ""), "picture"), list[Input]()
    marked = "effect" in marks["x-bfl-emulate"]
    for reference in references(specification, call.body, call.schema):
        try:
            taken.append(inputs.take(reference, marks["x-bfl-input"], kind, fetched=marked))
        except Unfit:
            if marked:
                raise
    return taken


def _picture(
    call: Call, about: tuple[str, str, int], format: str, marks: Mapping[str, Node], taken: list[Input]
) -> Picture:
    mark, rules = marks["x-bfl-emulate"], marks["x-bfl-output"]
    name, size = mark.get("effect"), None
    effect, edit = EFFECTS.get(str(name)), None
    if effect is not None:
        parameters = {mark.get(role, role): role for role in effect.roles}
        roles = {parameters[item.parameter]: item for item in taken if item.parameter in parameters}
        _check_roles(effect.roles, roles)
        values = {role: value_of(call.body, call.schema, mark.get(role, name)) for role, name in effect.values.items()}
        edit = Edit(str(name), roles, tuple(item for item in taken if item.parameter not in parameters), values)
        size = effect.size(values, {role: item.size for role, item in roles.items()})
    size = size or picture_size(call.body, call.schema, [item.size for item in taken], rules)
    check_size(size, rules)
    check_together(taken, size, marks["x-bfl-input"])
    return Picture(*about, *size, format, edit)


def _check_roles(wanted: Any, roles: Mapping[str, Input]) -> None:
    if missing := [role for role in wanted if role not in roles and role != "mask"]:
        raise Unfit(f"{missing[0]}: the picture is missing")
    image, mask = roles.get("image"), roles.get("mask")
    if image and mask and image.size != mask.size:
        have, wants = ("x".join(map(str, item.size)) for item in (mask, image))
        raise Unfit(f"{mask.parameter}: the mask has {have} pixels, its picture {wants}")
