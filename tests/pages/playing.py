"""Sessions of a shell, played and compared with what a page shows."""

from __future__ import annotations

import itertools
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from bfl_emulator import Emulator

from tests.cli.shell import LIMIT, environment, without_remarks

CHANGING = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|(?<=127\.0\.0\.1:)[0-9]+")  # ids and ports
_DATE = re.compile(r"\d{4}\\-\d\d\\-\d\d\\ \d\d:\d\d")  # in an escaped text
_SECONDS = re.compile(r"\d+\\ s\b")


def same(shown: str, printed: str) -> bool:
    """Whether a text is what a page shows; there `…` stands for anything, and times and seconds may differ."""
    pattern = _DATE.sub(r"\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d", re.escape(shown).replace("…", ".*"))
    return re.fullmatch(_SECONDS.sub(r"\\d+ s", pattern), printed) is not None


class Shell:
    """Plays sessions one after the other, in one folder; what differs from run to run is learned as it is seen.

    Attributes:
        here: the folder, with the files of `samples`.
    """

    def __init__(self, folder: Path, samples: Path, emulator: Emulator) -> None:
        self.here = folder / "here"
        shutil.copytree(samples, self.here)
        self.env = environment(folder, emulator)
        self.env["PATH"] = f"{_programs(folder)}:{self.env['PATH']}"
        self.names: dict[str, str] = {}
        self.waiting: list[subprocess.Popen[str]] = []

    def session(self, text: str) -> None:
        """Play a session; an AssertionError shows the command that printed something else."""
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            file = self.here / command.removeprefix("cat ")
            if command.startswith("cat ") and not file.exists():
                file.write_text(expected, encoding="utf-8")
            self.compare(command, expected, self.printed(CHANGING.sub(self._real, command), expected.count("\n")))

    def commands(self, text: str) -> None:
        """Run commands, each of which must succeed."""
        done = subprocess.run(["bash", "-ec", text], cwd=self.here, env=self.env, capture_output=True, timeout=LIMIT)
        assert done.returncode == 0, done.stderr.decode()

    def printed(self, command: str, lines: int) -> str:
        """What a command prints; of one that goes on in the background, so many lines."""
        if command == "wait":
            return without_remarks(self.waiting.pop().communicate(timeout=LIMIT)[0])
        started = subprocess.Popen(
            ["bash", "-c", command.removesuffix(" &")],
            cwd=self.here,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if not command.endswith(" &"):
            return without_remarks(started.communicate(timeout=LIMIT)[0])
        self.waiting.append(started)
        assert started.stdout is not None
        return "".join(itertools.islice(filter(without_remarks, started.stdout), lines))

    def compare(self, command: str, expected: str, printed: str) -> None:
        """Compare line by line, learning which ids and ports stand for which."""
        told = f"$ {command}\n{printed}"
        wanted, seen = expected.splitlines(), printed.splitlines()
        assert len(wanted) == len(seen), told
        for shown, line in zip(wanted, seen, strict=True):
            for name, real in zip(CHANGING.findall(shown), CHANGING.findall(line), strict=False):
                self.names.setdefault(name, real)
            assert same(CHANGING.sub(self._real, shown), line), told

    def end(self) -> None:
        """End what still runs in the background."""
        for process in self.waiting:
            process.kill()
            process.communicate()

    def _real(self, found: re.Match[str]) -> str:
        return self.names.get(found[0], found[0])


def _programs(folder: Path) -> Path:
    """Make a folder with the program bfl, and python and python3, which are the Python that runs the tests."""
    programs = folder / "programs"
    programs.mkdir()
    python = shlex.quote(sys.executable)
    for name, command in {"bfl": f"{python} -m bfl_cli", "python": python, "python3": python}.items():
        (programs / name).write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        (programs / name).chmod(0o755)
    return programs
