"""The README's session of a batch is played as a new user would, from an empty folder."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from bfl_emulator import Emulator

from .running import LIMIT, Batch

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
SECTION = README.partition("\n## Ten thousand pictures overnight\n")[2].partition("\n## ")[0]


def test_the_session_of_the_readme_prints_what_is_shown(batch: Batch, emulator: Emulator, tmp_path: Path) -> None:
    """Each command of the README's session, in order in one folder, prints exactly what is shown below it."""
    (session,) = re.findall(r"^```console\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)
    bin = tmp_path / "bin"
    bin.mkdir()
    (bin / "bfl").write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m bfl_cli "$@"\n')
    (bin / "bfl").chmod(0o755)
    env = batch.environment()
    env["PATH"] = f"{bin}:{env['PATH']}"
    steps = [step.partition("\n") for step in re.split(r"^\$ ", session, flags=re.MULTILINE)[1:]]
    assert steps[0][0] == "cat jobs.jsonl"
    batch.file.write_text(steps[0][2])
    for command, _, shown in steps:
        done = subprocess.run(
            command, shell=True, cwd=batch.here, env=env, stdout=-1, stderr=subprocess.STDOUT, text=True, timeout=LIMIT
        )
        assert done.stdout == shown, command
