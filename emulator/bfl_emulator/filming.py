"""Decides a clip from a request: its length, its frame size, and what it shows at which moment."""

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from . import clips, drafts
from .films import Film
from .inputs import Input, Inputs, Unfit, check_together
from .media import Size
from .service import Call
from .sizes import check_size, class_size, clip_size, value_of
from .specification import Node

_SECONDS = 5.0  # of a clip whose length is left to the service; an estimate, the least that can be asked for
_LONGEST = 20.0  # seconds (published)


def film(
    call: Call, about: tuple[str, str, int], marks: Mapping[str, Node], taken: Sequence[Input], inputs: Inputs
) -> Film:
    """Return the clip that a request orders. Raises Unfit or Oversize for what the service would not make."""
    effect, rules = marks["x-bfl-emulate"].get("effect"), marks["x-bfl-output"]
    check_together(taken, (0, 0), marks["x-bfl-input"])
    if effect == "enhance" and taken:
        made = _enhanced(call, about, rules, drafts.read(inputs.content(taken[0])), inputs)
    elif effect in ("edit-clip", "upscale") and taken:
        made = _reworked(call, about, rules, effect, taken[0])
    else:
        made = _fresh(call, about, rules, str(effect), taken, inputs)
    check_size((made.width, made.height), rules)
    return made


def _fresh(
    call: Call, about: tuple[str, str, int], rules: Node, effect: str, taken: Sequence[Input], inputs: Inputs
) -> Film:
    size = clip_size(call.body, call.schema, [item.size for item in taken], rules)
    asked = value_of(call.body, call.schema, "duration")
    seconds = float(asked) if isinstance(asked, int | float) else None
    draft = bool(value_of(call.body, call.schema, "draft"))
    only = rules.get("draft-only")
    if draft and only and value_of(call.body, call.schema, "resolution") != only:
        raise Unfit(f"draft: drafts are made in resolution {only} only")
    if effect == "continue" and taken:
        taken = [inputs.add(taken[0].parameter, _png(inputs.content(taken[0])), 0.0)]
    stills, seconds = _timed(taken, seconds)
    audio = bool(value_of(call.body, call.schema, "generate_audio"))
    return Film(*about, *size, seconds, effect, stills, None, audio, draft)


def _timed(taken: Sequence[Input], seconds: float | None) -> tuple[tuple[Input, ...], float]:
    """Give every still its moment: those without a time stand at the beginning, the end, and evenly between.

    Three or more of them need a duration (documented).
    """
    timed = [item.moment for item in taken if item.moment is not None]
    if seconds is None and not timed and len(taken) > 2:
        raise Unfit(f"{taken[0].parameter}: three or more pictures without a time need a duration")
    if seconds is None:
        seconds = max(_SECONDS, min(_LONGEST, math.ceil(max(timed, default=0))))
    if timed and not 0 <= min(timed) <= max(timed) <= seconds:
        raise Unfit(f"{taken[0].parameter}: a picture's time is not within the clip's {seconds:g} seconds")
    apart = seconds / max(1, len(taken) - 1)
    stills = [item if item.moment is not None else replace(item, moment=i * apart) for i, item in enumerate(taken)]
    return tuple(stills), seconds


def _enhanced(call: Call, about: tuple[str, str, int], rules: Node, draft: drafts.Draft, inputs: Inputs) -> Film:
    """Make a draft's clip again, larger: from the draft's own prompt and seed."""
    size = class_size(str(value_of(call.body, call.schema, "resolution")), draft.ratio, rules)
    stills = tuple(inputs.add("draft_cache", content, moment) for moment, content in draft.stills)
    return Film(about[0], draft.prompt, draft.seed, *size, draft.seconds, draft.effect, stills, None, draft.audio)


def _reworked(call: Call, about: tuple[str, str, int], rules: Node, effect: str, source: Input) -> Film:
    """Keep a clip's length; enlarge it by a factor, or reduce it to what the endpoint gives at most."""
    factor = float(value_of(call.body, call.schema, "upscale_factor") or 1)
    if "within" in rules:
        long, short = max(rules["within"]), min(rules["within"])
        factor = min(factor, long / max(source.size), short / min(source.size))
    return Film(*about, *_even(source.size, factor), round(source.seconds, 3), effect, source=source)


def _even(size: Size, factor: float) -> Size:
    width, height = (max(2, round(side * factor / 2) * 2) for side in size)
    return width, height


def _png(content: bytes) -> bytes:
    file = io.BytesIO()
    clips.last_frame(content).save(file, "PNG", compress_level=1)
    return file.getvalue()
