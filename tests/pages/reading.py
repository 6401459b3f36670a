"""The pages that people write: README and guides, their blocks of code, and what of the specification these name."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import bfl_api.models
import pytest
from bfl_api.table import ENDPOINTS
from bfl_api.utility import Utility
from bfl_client import specification

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
GUIDES = ROOT / "docs" / "guides"
PAGES = [README, *sorted(GUIDES.glob("*.md"))]

OWN = {
    "concurrency", "endpoint", "extra", "name", "on_update", "return_on_error", "timeout", "validate",
}  # fmt: skip
"""Keywords of the client, and keys of a job, that are no parameters of an endpoint."""
MISTAKES = {"flux-9", "widht"}
"""Endpoints and parameters that pages name although there are none, to show what happens."""

_METHOD = re.compile(r"\.(?:submit|generate)\.(\w+)\(")
_ENDPOINT = re.compile(
    r"""\.(?:submit|generate|map|price)\(\s*"([^"]+)"|"endpoint": "([^"]+)"|--endpoint ([\w./-]+)"""
    r"""|\bbfl (?:generate|describe|validate) ([\w./-]+)|/v\d/(flux[\w./-]+)"""
)
_MODEL = re.compile(r"^from bfl_api\.models import (.+)$", re.MULTILINE)
_CREDITS = re.compile(r"\.credits\(\)|\bbfl credits\b")
_OPTION = re.compile(r"""-p '?(\w+)[=+]""")


class Block(NamedTuple):
    """A fenced block of a page.

    Attributes:
        line: the line after its fence, counted from 1.
    """

    page: Path
    line: int
    language: str
    text: str

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def file(self) -> str:
        """The name of the file that the block is, if its first line says so in a comment."""
        found = re.match(r"# ([\w.-]+\.\w+)\n", self.text)
        return found[1] if found else ""


def name_of(page: Path) -> str:
    """How a page is called: its path from the project's folder."""
    return page.relative_to(ROOT).as_posix()


def blocks(page: Path, *languages: str) -> list[Block]:
    """The blocks of a page in their order, of some languages or of all."""
    text = page.read_text(encoding="utf-8")
    found = re.finditer(r"^```([^`\n]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    every = [Block(page, text.count("\n", 0, each.start(2)) + 1, each[1], each[2]) for each in found]
    return [each for each in every if not languages or each.language in languages]


def endpoints(text: str) -> set[str]:
    """The endpoints that a block names, by themselves or by a method; a method without an endpoint as it is written."""
    named = {str(name) for found in _ENDPOINT.findall(text) for name in found if name}
    called: list[str] = _METHOD.findall(text)
    methods = {method: name for name, endpoint in ENDPOINTS.items() for method in endpoint.method_names}
    return named | {methods.get(method, method) for method in called}


def absent(text: str) -> Iterator[str]:
    """What a block names and the specification does not have: endpoints, their parameters, models, the credits."""
    named = endpoints(text)
    yield from (f"endpoint {name}" for name in sorted(named - set(ENDPOINTS) - MISTAKES))
    known = {key for name in named & set(ENDPOINTS) for key in specification.parameters(name)}
    if known:
        yield from (f"parameter {key}" for key in sorted(_parameters(text) - known - OWN - MISTAKES))
    models = {each.strip() for found in _MODEL.findall(text) for each in found.split(",")}
    yield from (f"model {each}" for each in sorted(models) if not hasattr(bfl_api.models, each))
    if _CREDITS.search(text) and not hasattr(Utility, "credits"):
        yield "operation that reports the credits"


def _parameters(text: str) -> set[str]:
    return {*_OPTION.findall(text), *_keywords(text), *_keys(text)}


def _keywords(text: str) -> Iterator[str]:
    """The keywords of each call of a method of `generate` or `submit`."""
    with suppress(SyntaxError):  # a session
        for node in ast.walk(compile(text, "page", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)):
            if isinstance(node, ast.Call) and re.search(r"\.(generate|submit)\b", ast.unparse(node.func)):
                yield from (each.arg for each in node.keywords if each.arg)


def _keys(text: str) -> Iterator[str]:
    """The keys of each line that is a JSON object with a prompt, as the lines of a jobs file are."""
    for line in re.findall(r"^(?:\$ echo ')?(\{.*\})", text, re.MULTILINE):
        with suppress(json.JSONDecodeError):
            job = json.loads(line)
            yield from job if "prompt" in job else ()


def adopted() -> list[str]:
    """What the changelog says, under Unreleased, of specifications that were adopted since the last release."""
    log = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    unreleased = log.partition("\n## [Unreleased]\n")[2].partition("\n## ")[0]
    return re.findall(r"^- (?:\*\*Breaking:\*\* )?((?:request|response|document): .*)$", unreleased, re.MULTILINE)


def changed(text: str) -> str:
    """The first adopted change that concerns an endpoint which a block names; empty if there is none."""
    named = endpoints(text)
    for item in adopted():
        places = item.partition(" more: ")[0]
        if places != item or any(re.search(rf"/{re.escape(name)}`", item) for name in named):
            return item
    return ""


def play(found: Iterable[Block], run: Callable[[Block], None]) -> None:
    """Run blocks in their order; those about what the specification does not have, or not any more, are left out.

    A refresh may adopt any specification, and its report lists the lines of the pages that must be changed then. So a
    block that fails is left out, too, if a change was adopted that concerns it or one before it, whose results it may
    use, or if it follows one that was left out. The test is then skipped, with the reasons.
    """
    left_out, so_far = list[str](), ""
    for block in found:
        so_far += block.text
        if missing := list(absent(block.text)):
            left_out.append(f"{block.place}: the specification has no {', no '.join(missing)}")
            continue
        try:
            run(block)
        except Exception as error:
            reason = changed(so_far) or (left_out and f"it follows {left_out[0]}")
            if not reason:
                error.add_note(f"in the block at {block.place}")
                raise
            left_out.append(f"{block.place} fails ({type(error).__name__}), and {reason}")
    if left_out:
        pytest.skip("; ".join(left_out))
