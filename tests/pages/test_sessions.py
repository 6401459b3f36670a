"""The sessions and commands of the pages are played as they stand."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_api.table import ENDPOINTS
from bfl_client import Client
from bfl_emulator import Emulator

from tests.cli.shell import unix

from .playing import Shell
from .reading import PAGES, Block, blocks, name_of, play

SETTING_UP = {"curl", "git", "gunicorn", "nox", "pip", "pipx", "python", "python3", "schemathesis", "uv", "uvicorn"}
"""Programs that are not run with their page: what they install, start or ask is tested elsewhere."""
WITH_SESSIONS = [page for page in PAGES if blocks(page, "console", "sh")]


@pytest.fixture
def shell(tmp_path: Path, samples: Path, emulator: Emulator) -> Iterator[Shell]:
    shell = Shell(tmp_path, samples, emulator)
    yield shell
    shell.end()


def _to_run(block: Block) -> bool:
    lines = block.text.replace("\\\n", " ").splitlines() if block.language == "sh" else ()
    commands = [re.sub(r"^(\w+=\S+ )+", "", line) for line in lines]
    programs = {Path(words[0]).name for line in commands if (words := shlex.split(line, comments=True))}
    return not programs & SETTING_UP


@unix
@pytest.mark.timeout(600)  # dozens of processes, on a machine that may be busy
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


@unix
@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_the_control_endpoints_answer(shell: Shell) -> None:
    """The commands of the guide add a rule to an emulator, and read its requests."""
    (block,) = [block for page in PAGES for block in blocks(page, "sh") if "/_emulator/" in block.text]
    with Emulator(control=True, speed=float("inf")) as emulator:
        place = emulator.base_url.removeprefix("http://")
        text = block.text.replace("127.0.0.1:PORT", place).replace("TOKEN", str(emulator.control_token))
        shell.commands(text)
        with Client(emulator.api_key, emulator.base_url) as client:
            client.generate(next(iter(ENDPOINTS)), prompt="a fox")
        assert [fault.fault for fault in emulator.faults] == ["html"]
