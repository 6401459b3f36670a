"""What is changed in the generator's output. Each rule must find its place, or the generator's template has changed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .report import CodegenError


@dataclass(frozen=True)
class Rule:
    """One textual change in one module, with the reason for it."""

    purpose: str
    module: str
    pattern: str
    replacement: str


CLIENT_RULES = (
    Rule("the token stays out of repr", "client.py", r"^    token: str$", r"    token: str = field(repr=False)"),
    Rule(
        "headers, cookies and httpx's arguments stay out of repr",
        "client.py",
        r"^(    _(?:headers|cookies|httpx_args): .* = field\(factory=dict, )",
        r"\1repr=False, ",
    ),
    Rule(
        "copying or unpickling a model gives back the one UNSET, which its to_dict() looks for",
        "types.py",
        r"^class Unset:$",
        'class Unset:\n    def __reduce__(self) -> str:\n        return "UNSET"\n\n    __repr__ = __reduce__\n',
    ),
)


def _secret(module: str, field: str) -> tuple[Rule, ...]:
    """Return the rules that hide one field of a model, of which exactly one applies: it is required or it is not."""
    purpose, file = f"{field} stays out of repr", f"models/{module}.py"
    return (
        Rule(purpose, file, rf"^(    {field}: [^=\n]+) = UNSET$", r"\1 = _attrs_field(default=UNSET, repr=False)"),
        Rule(purpose, file, rf"^(    {field}: [^=\n]+)$", r"\1 = _attrs_field(repr=False)"),
    )


def apply_rules(package: Path, secrets: Iterable[tuple[str, str]]) -> None:
    """Change the generated package in place; raises CodegenError where a rule finds nothing to change."""
    for rule in CLIENT_RULES:
        _apply(package, (rule,))
    for module, field in secrets:
        _apply(package, _secret(module, field))


def _apply(package: Path, alternatives: tuple[Rule, ...]) -> None:
    """Apply the first of the alternatives that matches."""
    path = package / alternatives[0].module
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    for rule in alternatives:
        changed, count = re.subn(rule.pattern, rule.replacement, text, flags=re.MULTILINE)
        if count:
            path.write_text(changed, encoding="utf-8", newline="\n")
            return
    purpose = alternatives[0].purpose
    raise CodegenError(f"the generator's template changed: nothing in {path.name} matches the rule: {purpose}")
