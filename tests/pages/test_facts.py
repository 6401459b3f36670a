"""What the pages say of commands, sessions and codes is what the program has."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_cli.app import COMMANDS
from bfl_cli.exits import EXITS
from bfl_client import errors

from .reading import PAGES, README, ROOT, absent, adopted, blocks, name_of

EVERY = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
NOXFILE = (ROOT / "noxfile.py").read_text(encoding="utf-8")
SESSIONS = {*re.findall(r"^def (\w+)\(session", NOXFILE, re.MULTILINE), *re.findall(r'name="([\w-]+)"', NOXFILE)}


def test_no_page_is_about_what_the_specification_does_not_have() -> None:
    """Each endpoint, parameter and model that a page names is there, unless a newer specification has been adopted."""
    if items := adopted():
        pytest.skip(f"the specification has changed since the last release, first: {items[0]}")
    missing = {block.place: thing for page in PAGES for block in blocks(page) for thing in absent(block.text)}
    assert not missing


def test_the_first_program_has_eight_lines() -> None:
    """The first program of the README has eight lines, blank ones aside."""
    assert len([line for line in blocks(README, "python")[0].text.splitlines() if line.strip()]) == 8


def test_the_two_commands_are_what_ci_runs() -> None:
    """Both commands of the first screen name sessions that exist, and CI runs them word for word from here."""
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in (block.text.strip() for block in blocks(README, "sh")[:2]):
        assert command.split()[-1] in SESSIONS
        pattern = re.search(rf"grep -m1 -o '(.*-s {command.split()[-1]})\$'", script)
        assert pattern is not None
        assert pattern[1] == command


def test_every_session_that_a_page_names_exists() -> None:
    """Each `nox -s` of the pages names a session of the noxfile."""
    named = set(re.findall(r"nox -s\s+([\w-]+)", EVERY))
    assert {"refresh", "changes", "mutants", "contract-live"} <= named <= SESSIONS


@pytest.mark.parametrize("command", re.findall(r"^\S*python3? -m (codegen .*)$", EVERY, re.MULTILINE))
def test_the_commands_of_codegen_exit_with_zero_for_the_same_specification(command: str, tmp_path: Path) -> None:
    """Each codegen command of the pages runs as it stands, and finds no change in a copy of the specification."""
    shutil.copy(ROOT / "openapi.json", tmp_path / "new.json")
    arguments = [str(tmp_path / word) if word in ("new.json", "report.md") else word for word in shlex.split(command)]
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr


def test_every_command_has_a_session_and_a_line() -> None:
    """The table lists every command with the line of `bfl --help`, and each is run in a session."""
    rows = re.findall(r"^\| `bfl (\w+)` \| (.*) \|$", EVERY, re.MULTILINE)
    assert rows == [(name, lazy.help) for name, lazy in COMMANDS.items()]
    played = "".join(block.text for page in PAGES for block in blocks(page, "console"))
    assert not [name for name in COMMANDS if not re.search(rf"\bbfl {name}\b", played)]


def test_the_exit_codes_are_those_of_the_program() -> None:
    """The table of exit codes is the program's own."""
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.*) \|$", EVERY, re.MULTILINE)
    assert rows == [(str(each.code), name, each.meaning) for name, each in EXITS.items()]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_installs_can_be_installed(page: Path) -> None:
    """Each extra that a page names with the package is one of the package."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = set(re.findall(r"^(\w+) = \[", text.partition("[project.optional-dependencies]")[2], re.MULTILINE)) | {
        "all"
    }
    named = re.findall(r"bfl-client\[([\w,]+)\]", page.read_text(encoding="utf-8"))
    assert {extra for each in named for extra in each.split(",")} <= extras


def test_the_list_of_errors_is_the_tree() -> None:
    """The list of errors has each error of the client in its place in the tree, as its docstring says, and a remedy."""
    listed = re.findall(r"^( *)- `([A-Z]\w+)`: (.+)\n\1  → .+$", EVERY, re.MULTILINE)
    assert listed == [(depth * "  ", error.__name__, _summary(error)) for depth, error in _tree(errors.BFLError)]


def _tree(root: type[BaseException], depth: int = 0) -> Iterator[tuple[int, type[BaseException]]]:
    yield depth, root
    for each in root.__subclasses__():
        if each.__module__ == errors.__name__:
            yield from _tree(each, depth + 1)


def _summary(error: type[BaseException]) -> str:
    return " ".join((error.__doc__ or "").partition("\n\n")[0].split())
