"""A request from the command line: a prompt, ``key=value`` pairs typed by the specification, a whole body as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from bfl_client.errors import Violation, shorten

from . import schemas
from .exits import Problem
from .schemas import Parameter

_PYTHON: dict[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "array": list,
    "object": dict,
    "null": type(None),
}
_LARGEST = 512 * 1024**2  # bytes read from standard input, or of a body
_PLACEHOLDER = b"?"  # stands for a file that is not there, so that what else is wrong is found as well


class Reader:
    """Reads one request; what is wrong with it is collected, to be told together with what the specification refuses.

    Args:
        endpoint: its name; one that is not known has parameters of any type.

    Attributes:
        violations: what is wrong so far.
    """

    def __init__(self, endpoint: str) -> None:
        self._known = schemas.parameters(endpoint)
        self.violations: list[Violation] = []
        self._stdin: bytes | None = None

    def body(self, prompt: str | None, pairs: list[str], source: str | None) -> dict[str, Any]:
        """The body of a request: `source` is a file of JSON or ``-``; a pair, and the prompt, go before it.

        Raises:
            Problem: a pair without ``=``, a key given twice, or a body that is no JSON object.
        """
        found = {} if source is None else self._whole(source)
        given: dict[str, Any] = {} if prompt is None else {"prompt": prompt}
        for pair in pairs:
            key, equals, text = pair.partition("=")
            if not equals or not key:
                raise Problem("usage", f"-p takes KEY=VALUE, not {shorten(key if equals else pair, 60)!r}")
            value = self._value(key, text)
            if key in given:
                value = self._joined(key, given[key], value)
            given[key] = value
        return {**found, **given}

    def _whole(self, source: str) -> dict[str, Any]:
        name = "standard input" if source == "-" else shorten(source, 80)
        try:
            body = json.loads(self._input() if source == "-" else Path(source).read_bytes())
        except FileNotFoundError:
            remedy = "--json FILE reads the body; to print JSON only, put --json last"
            raise Problem("usage", f"there is no file {name}", remedy) from None
        except (ValueError, RecursionError) as error:
            raise Problem("constraint", f"{name} is no JSON: {shorten(str(error), 80)}") from None
        if not isinstance(body, dict):
            raise Problem("constraint", f"{name} holds no JSON object")
        return {key: self._with_files(key, value) for key, value in body.items()}

    def _value(self, key: str, text: str) -> Any:
        """Media for ``@…`` and ``-``; JSON where the parameter takes something of that type; else the text itself."""
        parameter = self._known.get(key)
        media = parameter.media if parameter else not self._known
        if media and (text == "-" or text.startswith("@")):
            return self._media(key, text)
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return text
        types = parameter.types if parameter else set()
        fits = any(isinstance(value, _PYTHON[kind]) for kind in types if kind in _PYTHON)
        return self._with_files(key, value) if fits or not types else text

    def _media(self, key: str, text: str) -> Any:
        if text in ("-", "@-"):
            return self._input()
        path = Path(text[1:])
        if path.is_file():
            return path
        self.violations.append(Violation(key, "", f"there is no file {shorten(str(path), 80)}"))
        return _PLACEHOLDER

    def _with_files(self, key: str, value: Any) -> Any:
        """The value with files for ``"@…"`` in it, where the parameter takes media: no URL or base64 starts so."""
        parameter = self._known.get(key)
        if parameter is None or not parameter.media:
            return value
        if isinstance(value, str):
            return self._media(key, value) if value.startswith("@") else value
        return [self._with_files(key, each) for each in value] if isinstance(value, list) else value

    def _joined(self, key: str, first: Any, second: Any) -> list[Any]:
        """Both values as a list, where the parameter takes one."""
        parameter: Parameter | None = self._known.get(key)
        if parameter is None or "array" not in parameter.types:
            raise Problem("usage", f"{shorten(key, 60)} is given twice")
        return [*(first if isinstance(first, list) else [first]), *(second if isinstance(second, list) else [second])]

    def _input(self) -> bytes:
        """Standard input, which can be used once."""
        if self._stdin is not None:
            raise Problem("usage", "standard input (-) can be used once only")
        found = b"" if sys.stdin is None else sys.stdin.buffer.read(_LARGEST)
        self._stdin = found
        return found
