"""``bfl skill``: instructions for programs that use the command line on a person's behalf."""

from __future__ import annotations

from pathlib import Path

from .app import command
from .exits import Problem
from .screen import Screen

_HERE = Path(__file__).parent
_PLACES = (_HERE / "SKILL.md", _HERE.parents[1] / "skills" / "bfl" / "SKILL.md")
"""In the wheel, and in the repository."""


@command
def skill(screen: Screen) -> None:
    """Print the skill for agents that use bfl.

    Save it where your agent looks for skills, such as .claude/skills/bfl/SKILL.md.
    """
    found = next((each for each in _PLACES if each.is_file()), None)
    if found is None:
        raise Problem("internal", "the skill is missing from this installation")
    text = found.read_text(encoding="utf-8")
    screen.result(text.rstrip("\n"), {"skill": text})
