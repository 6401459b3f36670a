"""A request from the command line: a prompt, ``key=value`` pairs typed by the specification, a whole body as JSON."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bfl_client import constraints, files, specification
from bfl_client.errors import NOTHING, ConstraintError, Violation, shorten

from .exits import ACTIONS, Problem, worded
from .screen import mask

if TYPE_CHECKING:
    from bfl_client.specification import Endpoint, Parameter

_LARGEST = 512 * 1024**2  # bytes read from standard input


def known(name: str, otherwise: str = "") -> Endpoint:
    """The endpoint with that name; raises a Problem that names the nearest one, or what to do `otherwise`."""
    if found := specification.find(name):
        return found
    violation = specification.unknown_endpoint(name)
    near, value = violation.remedy.facts["nearest"], mask(violation.value)  # a key may have been typed here
    violations = [{**violation._asdict(), "value": value, "remedy": worded(violation.remedy)}]
    message = f"unknown endpoint {value!r}{f'; did you mean {near!r}?' if near else ''}"
    remedy = "; ".join(filter(None, ["bfl endpoints lists them all", otherwise]))
    raise Problem("constraint", message, remedy, violations=violations)


def read(endpoint: str, words: list[str], pairs: list[str], source: str | None, *, validate: bool) -> Request:
    """The request of a command line, checked; `words` is the prompt. Raises Problem or ConstraintError."""
    if validate:
        known(endpoint, ACTIONS["unchecked"])
    request = Request(endpoint)
    request.read(_prompt(endpoint, words), pairs, source)
    secret = os.environ.get("BFL_WEBHOOK_SECRET")
    if secret and request.body.get("webhook_url") and "webhook_secret" in specification.parameters(endpoint):
        request.body.setdefault("webhook_secret", secret)
    request.check(validate=validate)
    return request


def split(pair: str) -> tuple[str, str]:
    """The key and the value of ``-p``."""
    key, equals, text = pair.partition("=")
    if not equals or not key:
        raise Problem("usage", f"-p takes KEY=VALUE, not {shorten(key if equals else pair, 60)!r}")
    return key, text


def _prompt(endpoint: str, words: list[str]) -> str | None:
    """The one word that is the prompt; raises a Problem that shows what was probably meant by others."""
    names = specification.parameters(endpoint)
    for word in words:
        name, equals, _ = word.partition("=")
        if equals and (name in names or (name.isidentifier() and len(words) > 1)):
            raise Problem("usage", f"{shorten(word, 60)!r} is not the prompt", f"-p {shlex.quote(shorten(word, 60))}")
    prompt = " ".join(words)
    if len(words) > 1:
        raise Problem("usage", "the prompt has several words", f"put it in quotes: {json.dumps(shorten(prompt, 60))}")
    if Path(prompt).suffix and constraints.is_file(Path(prompt)):
        ways = f"--json {shlex.quote(prompt)} sends it as the body, @{prompt} as the prompt's text"
        media = next((name for name, each in names.items() if each.media), None)
        ways = f"-p {media}=@{prompt} sends it" if media and not prompt.endswith((".json", ".txt")) else ways
        raise Problem("usage", f"the prompt {shorten(prompt, 60)!r} is the name of a file", ways)
    return prompt if words else None


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
        given: dict[str, Any] = {} if prompt is None else {"prompt": self._text("prompt", prompt)}
        for pair in pairs:
            key, text = split(pair)
            value = self._value(key, text)
            if key in given:
                value = self._joined(key, given[key], value)
            given[key] = value
        self.body = {**whole, **given}

    def check(self, *, validate: bool = True) -> None:
        """Check the request against the specification; raises ConstraintError with every mistake in it."""
        found, remedy = list(self._violations), NOTHING
        missing = {violation.field for violation in found}
        try:
            if validate:
                constraints.check(self._endpoint, self.body)
                self.body = constraints.as_sent(self._endpoint, self.body)
        except ConstraintError as error:
            found += [each for each in error.violations if each.field not in missing]
            remedy = error.remedy
        if found:
            raise ConstraintError(self._endpoint, found, remedy)

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
        return self._with_files(body)

    def _value(self, key: str, text: str) -> Any:
        """The value of a pair: typed by the specification; what ``-`` and ``@FILE`` stand for."""
        parameter = self._known.get(key)
        if _takes_text(parameter):
            return self._text(key, text)
        if text in ("-", "@-") and (parameter is None or parameter.media):
            content = self._input()
            return content if parameter else _decoded(content) or content  # an unknown one takes what it gets
        if parameter is None and text.startswith("@") and constraints.is_file(Path(text[1:])):
            return _decoded(Path(text[1:]).read_bytes()) or Path(text[1:])
        return self._with_files({key: specification.typed(self._endpoint, key, text)})[key]

    def _text(self, key: str, text: str) -> str:
        """A text as it is; that of standard input for ``-``, that of a file for ``@FILE``."""
        path, found = Path(text[1:]), None
        if text in ("-", "@-"):
            found = _decoded(self._input())
        elif not text.startswith("@") or (any(map(str.isspace, text)) and not constraints.is_file(path)):
            return text
        elif not constraints.is_file(path):
            self._violations.append(Violation(key, "", constraints.no_file(path)))
            return text
        else:
            found = _decoded(path.read_bytes())
        name = "standard input" if text in ("-", "@-") else shorten(str(path), 80)
        if not found:
            problem = "is empty" if found == "" else "is not text"
            self._violations.append(Violation(key, "", f"takes text, but {name} {problem}"))
        elif key == "prompt" and self._is_body(found):
            raise Problem("usage", f"{name} contains a whole body, not a prompt", f"--json {text.lstrip('@')} sends it")
        return found or text

    def _is_body(self, text: str) -> bool:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            return False
        return isinstance(value, dict) and ("prompt" in value or bool(value and value.keys() <= self._known.keys()))

    def _with_files(self, values: dict[str, Any]) -> dict[str, Any]:
        """The values with files in place of ``"@…"``; what is wrong with them is noted."""
        values, violations = constraints.with_files(self._endpoint, values)
        self._violations += violations
        return values

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
        found = self._stdin = b"" if sys.stdin is None else files.first(sys.stdin.buffer, _LARGEST)
        return found


def _takes_text(parameter: Parameter | None) -> bool:
    return parameter is not None and not parameter.media and not parameter.choices and "string" in parameter.types


def _decoded(content: bytes) -> str | None:
    """The content as text, without the end of its last line; None if it is not text."""
    try:
        text = content.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text else text
