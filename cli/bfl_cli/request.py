"""A request from the command line: a prompt, ``key=value`` pairs typed by the specification, a whole body as JSON."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bfl_client import constraints, specification
from bfl_client.errors import ConstraintError, Violation, shorten

from .exits import Problem, worded
from .screen import mask

if TYPE_CHECKING:
    from bfl_client.specification import Endpoint

_LARGEST = 512 * 1024**2  # bytes read from standard input
_PLACEHOLDER = b"?"  # replaces a missing file, so that the other mistakes are reported too


def known(name: str) -> Endpoint:
    """The endpoint with that name; raises a Problem that names the nearest one if there is none."""
    if found := specification.find(name):
        return found
    violation = specification.unknown_endpoint(name)
    near, value = violation.remedy.facts["nearest"], mask(violation.value)  # a key may have been typed here
    violations = [{**violation._asdict(), "value": value, "remedy": worded(violation.remedy)}]
    message = f"unknown endpoint {value!r}{f'; did you mean {near!r}?' if near else ''}"
    raise Problem("constraint", message, "bfl endpoints", violations=violations)


class Request:
    """One request as it is read; mistakes are collected, and reported together with what the specification refuses."""

    def __init__(self, endpoint: str) -> None:
        self._endpoint, self._known = endpoint, specification.parameters(endpoint)
        self._violations: list[Violation] = []
        self._stdin: bytes | None = None
        self.body: dict[str, Any] = {}

    def read(self, prompt: str | None, pairs: list[str], source: str | None) -> None:
        """Read the body: `source` is a file of JSON or ``-``; the prompt and the pairs take precedence over it."""
        whole = {} if source is None else self._whole(source)
        given: dict[str, Any] = {} if prompt is None else {"prompt": prompt}
        for pair in pairs:
            key, equals, text = pair.partition("=")
            if not equals or not key:
                raise Problem("usage", f"-p takes KEY=VALUE, not {shorten(key if equals else pair, 60)!r}")
            value = self._value(key, text)
            if key in given:
                value = self._joined(key, given[key], value)
            given[key] = value
        self.body = {**whole, **given}

    def check(self, *, validate: bool = True) -> None:
        """Check the request against the specification; raises ConstraintError with every mistake in it."""
        found = list(self._violations)
        missing = {violation.field for violation in found}
        try:
            if validate:
                constraints.check(self._endpoint, self.body)
        except ConstraintError as error:
            found += [each for each in error.violations if each.field not in missing]
        if found:
            raise ConstraintError(self._endpoint, found)

    def _whole(self, source: str) -> dict[str, Any]:
        name = "standard input" if source == "-" else shorten(source, 80)
        try:
            body = json.loads(self._input() if source == "-" else Path(source).read_bytes())
        except FileNotFoundError:
            remedy = "--json FILE reads the body; to print JSON only, put --json last"
            raise Problem("usage", f"there is no file {name}", remedy) from None
        except (ValueError, RecursionError) as error:
            raise Problem("constraint", f"{name} is not JSON: {shorten(str(error), 80)}") from None
        if not isinstance(body, dict):
            raise Problem("constraint", f"{name} does not contain a JSON object")
        return {key: self._with_files(key, value) for key, value in body.items()}

    def _value(self, key: str, text: str) -> Any:
        """A file for ``@…`` and ``-`` in media; else the text, typed by the specification."""
        parameter = self._known.get(key)
        media = parameter.media if parameter else not self._known
        if media and (text == "-" or text.startswith("@")):
            return self._media(key, text)
        return self._with_files(key, specification.typed(self._endpoint, key, text))

    def _media(self, key: str, text: str) -> Any:
        if text in ("-", "@-"):
            return self._input()
        path = Path(text[1:])
        if path.is_file():
            return path
        self._violations.append(Violation(key, "", f"there is no file {shorten(str(path), 80)}"))
        return _PLACEHOLDER

    def _with_files(self, key: str, value: Any) -> Any:
        """The value with files in place of ``"@…"``, if the parameter takes media: no URL or base64 starts with @."""
        parameter = self._known.get(key)
        if parameter is None or not parameter.media:
            return value
        if isinstance(value, str):
            return self._media(key, value) if value.startswith("@") else value
        return [self._with_files(key, each) for each in value] if isinstance(value, list) else value

    def _joined(self, key: str, first: Any, second: Any) -> list[Any]:
        """Both values as a list, if the parameter takes one."""
        parameter = self._known.get(key)
        if parameter is None or "array" not in parameter.types:
            raise Problem("usage", f"{shorten(key, 60)} is given twice")
        return [*(first if isinstance(first, list) else [first]), *(second if isinstance(second, list) else [second])]

    def _input(self) -> bytes:
        """Standard input, which can be read only once."""
        if self._stdin is not None:
            raise Problem("usage", "standard input (-) can be used once only")
        found = self._stdin = b"" if sys.stdin is None else sys.stdin.buffer.read(_LARGEST)
        return found
