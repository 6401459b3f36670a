"""The section on the command line of the README: its sessions are played, and its tables compared with the program."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from bfl_cli.app import COMMANDS
from bfl_cli.exits import EXITS
from bfl_emulator import Emulator

from .shell import environment, unix

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## The command line\n")[2].partition("\n## ")[0]
SESSIONS = re.findall(r"^```console\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
CHANGING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=127\.0\.0\.1:)[0-9]+")  # ids and ports


class Play:
    """Plays sessions one after the other, in one folder; what differs from run to run is learned as it is seen."""

    def __init__(self, folder: Path, emulator: Emulator) -> None:
        self.folder = folder / "here"
        self.folder.mkdir()
        program = folder / "bfl"
        program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bfl_cli "$@"\n')
        program.chmod(0o755)
        self.env = environment(folder, emulator)
        self.env["PATH"] = f"{folder}:{self.env['PATH']}"
        self.names: dict[str, str] = {}
        self.waiting: list[subprocess.Popen[str]] = []

    def session(self, text: str) -> None:
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            self.compare(command, expected, self.printed(CHANGING.sub(self._real, command), expected.count("\n")))

    def printed(self, command: str, lines: int) -> str:
        if command == "wait":
            return self.waiting.pop().communicate(timeout=60)[0]
        started = subprocess.Popen(
            ["bash", "-c", command.removesuffix(" &")],
            cwd=self.folder,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if not command.endswith(" &"):
            return started.communicate(timeout=60)[0]
        self.waiting.append(started)
        assert started.stdout is not None
        return "".join(started.stdout.readline() for _ in range(lines))

    def compare(self, command: str, expected: str, printed: str) -> None:
        shown = f"$ {command}\n{printed}"
        wanted, seen = expected.splitlines(), printed.splitlines()
        assert len(wanted) == len(seen), shown
        for pattern, line in zip(wanted, seen, strict=True):
            for name, real in zip(CHANGING.findall(pattern), CHANGING.findall(line), strict=False):
                self.names.setdefault(name, real)
            pattern = re.escape(CHANGING.sub(self._real, pattern)).replace("…", ".*")
            pattern = re.sub(r"\d{4}\\-\d\d\\-\d\d\\ \d\d:\d\d", r"\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d", pattern)
            assert re.fullmatch(re.sub(r"\d+\\ s\b", r"\\d+ s", pattern), line), shown

    def _real(self, found: re.Match[str]) -> str:
        return self.names.get(found[0], found[0])


@pytest.fixture
def play(tmp_path: Path) -> Iterator[Play]:
    with Emulator(speed=float("inf"), credits=1000, finetunes=["my-finetune"]) as emulator:
        play = Play(tmp_path, emulator)
        yield play
        for process in play.waiting:
            process.kill()
            process.communicate()


@unix
def test_the_sessions_are_what_happens(play: Play) -> None:
    """Every session of the README, played in order in one folder, prints what is shown, but for ids, ports, times."""
    for session in SESSIONS:
        play.session(session)


def test_every_command_has_a_session_and_a_line() -> None:
    """The table lists every command with the line of `bfl --help`; each is run in a session (batch: elsewhere)."""
    rows = re.findall(r"^\| `bfl (\w+)` \| (.*) \|$", SECTION, re.MULTILINE)
    assert rows == [(name, lazy.help) for name, lazy in COMMANDS.items()]
    played = "".join(SESSIONS)
    assert not [name for name in COMMANDS if name != "batch" and not re.search(rf"\bbfl {name}\b", played)]


def test_the_exit_codes_are_those_of_the_program() -> None:
    """The table of exit codes is the program's own."""
    rows = re.findall(r"^\| (\d+) \| (\w+) \| (.*) \|$", SECTION, re.MULTILINE)
    assert rows == [(str(each.code), name, each.meaning) for name, each in EXITS.items()]
