"""The data of a draft clip (``draft_cache``): what has to be known to make the same clip again in full quality."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

_HEAD = b"BFL-EMULATOR-DRAFT-1\n"


class DraftError(Exception):
    """Data that this emulator did not write."""


@dataclass(frozen=True)
class Draft:
    """A draft: its prompt, seed, ratio (width to height), length in seconds, and its stills as moment and JPEG file."""

    prompt: str
    seed: int
    effect: str
    ratio: float
    seconds: float
    audio: bool
    stills: tuple[tuple[float, bytes], ...]


def write(draft: Draft) -> bytes:
    """Return the data of a draft, with a checksum in front."""
    stills = [(moment, base64.b64encode(content).decode()) for moment, content in draft.stills]
    body = json.dumps({**vars(draft), "stills": stills}).encode()
    return _HEAD + hashlib.sha256(body).digest() + body


def read(content: bytes) -> Draft:
    """Return the draft that the data stand for. Raises DraftError for data that `write` did not return."""
    head, digest, body = content[: len(_HEAD)], content[len(_HEAD) : len(_HEAD) + 32], content[len(_HEAD) + 32 :]
    try:
        if head == _HEAD and hashlib.sha256(body).digest() == digest:
            return _draft(json.loads(body))
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise DraftError("the file is not the draft data of a clip")


def _draft(value: dict[str, Any]) -> Draft:
    stills = tuple((float(moment), binascii.a2b_base64(text)) for moment, text in value["stills"])
    effect, ratio, seconds = str(value["effect"]), float(value["ratio"]), float(value["seconds"])
    if not (0.1 <= ratio <= 10 and 0 < seconds <= 60):
        raise ValueError("a checksum is no protection against who writes one")
    return Draft(str(value["prompt"]), int(value["seed"]), effect, ratio, seconds, bool(value["audio"]), stills)
