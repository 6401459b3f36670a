"""The sessions and commands of the pages are played as they stand."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_emulator import Emulator

from tests.cli.shell import unix

from .playing import Shell
from .reading import PAGES, Block, blocks, name_of, play

SETTING_UP = {"docker", "git", "nox", "pip", "pipx", "python3", "schemathesis", "source", "uv"}
"""Programs that tests do not run: what they install or start is tested elsewhere."""
WITH_SESSIONS = [page for page in PAGES if blocks(page, "console", "sh")]


@pytest.fixture
def shell(tmp_path: Path, samples: Path, emulator: Emulator) -> Iterator[Shell]:
    shell = Shell(tmp_path, samples, emulator)
    yield shell
    shell.end()


def _to_run(block: Block) -> bool:
    programs = {words[0] for line in block.text.splitlines() if (words := shlex.split(line, comments=True))}
    return block.language == "console" or not programs & SETTING_UP


@unix
@pytest.mark.parametrize("page", WITH_SESSIONS, ids=name_of)
def test_the_sessions_of_a_page_are_what_happens(page: Path, shell: Shell) -> None:
    """The sessions of a page, in order in one folder, print what is shown, but for ids, ports and times."""

    def run(block: Block) -> None:
        if block.language == "console":
            shell.session(block.text)
        else:
            shell.commands(block.text)
        for file in re.findall(r" -o ([\w.-]+\.\w+)", block.text):
            assert (shell.here / file).exists() or re.search("--(dry-run|no-wait)", block.text), file

    play(filter(_to_run, blocks(page, "console", "sh")), run)
