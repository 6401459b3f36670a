"""Secrets kept out of what is shown: keys, and what follows the host in a URL (it may be a capability, or signed)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_URL = re.compile(r"(https?://)(?:[^/\s@'\"]*@)?([^/\s?#'\"]+)/[^\s'\"]*")
_KEY = re.compile(r"\bbfl_[A-Za-z0-9_-]{12,}")
_LONG = re.compile(r"[A-Za-z0-9_-]{20,}")
_OPTION = re.compile(r"--?(?:bfl[-_])?(?:x|api)?[-_]?(?:key|token|secret)(?:=.*)?", re.IGNORECASE | re.DOTALL)
HIDDEN = "…"


def redact(text: str, secrets: Iterable[str] = ()) -> str:
    """The text without the given secrets, without what looks like a key, and with URLs cut off after their host."""
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, HIDDEN)
    return _KEY.sub(HIDDEN, _URL.sub(rf"\1\2/{HIDDEN}", text))


def key_given(arguments: Sequence[str], secrets: Iterable[str] = ()) -> bool:
    """True if a key stands among the arguments of a command line, or an option that wants to take one."""
    known = set(secrets)
    for argument in arguments:
        if argument == "--":
            return any(_is_key(rest, known) for rest in arguments)
        if _OPTION.fullmatch(argument) or _is_key(argument, known):
            return True
    return False


def _is_key(argument: str, known: set[str]) -> bool:
    return argument in known or _KEY.fullmatch(argument) is not None


def mask(text: str) -> str:
    """What a person typed by mistake, without long words that hold a digit: one of them may be a key."""
    return _LONG.sub(lambda found: HIDDEN if re.search(r"[0-9]", found[0]) else found[0], text)
