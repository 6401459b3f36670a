"""What the shell offers for a word that is begun: commands, endpoints, parameters, values, kept tasks."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess

import pytest
from bfl_api.table import ENDPOINTS

from tests.needs import PICTURE

from .shell import BFL, Shell, unix


def complete(shell: Shell, line: str, word: int) -> list[str]:
    """What bash is offered for a word of a line."""
    env = shell.environment(_BFL_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(word))
    done = shell.run(env=env)
    assert done.err == ""
    return done.out.split()


def test_names_are_completed(lonely_shell: Shell) -> None:
    """Commands, options, endpoints, the endpoint's parameters and their values are offered to the shell."""
    assert complete(lonely_shell, "bfl g", 1) == ["generate"]
    assert "--force" in complete(lonely_shell, f"bfl generate {PICTURE} --f", 3)
    expected = [name for name in ENDPOINTS if name.startswith("flux-2")]
    assert complete(lonely_shell, "bfl generate flux-2", 2) == expected
    assert complete(lonely_shell, "bfl describe flux-2", 2) == expected
    assert complete(lonely_shell, f"bfl generate {PICTURE} -p wi", 4) == ["width="]
    assert complete(lonely_shell, f"bfl generate {PICTURE} -p width=512 -p output_format=p", 6) == ["output_format=png"]
    assert complete(lonely_shell, f"bfl generate {PICTURE} -p width=512 -p wi", 6) == []  # it is given
    assert complete(lonely_shell, "bfl generate unknown -p wi", 4) == []
    assert complete(lonely_shell, f"bfl generate {PICTURE} -p nothing=x", 4) == []
    assert complete(lonely_shell, f"bfl generate {PICTURE} -p width=5", 4) == []
    assert complete(lonely_shell, "bfl describe lux-2", 2) == []
    assert complete(lonely_shell, "bfl task ", 2) == []


@unix
def test_bash_takes_the_completion(lonely_shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The script of --show-completion works in bash: a word is completed by the program itself."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "bfl"
    program.write_text(f'#!/bin/sh\nexec {shlex.join(BFL)} "$@"\n')
    program.chmod(0o755)
    env = {**lonely_shell.environment(), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    script = 'eval "$(bfl --show-completion bash)"; COMP_WORDS=(bfl describe flux-); COMP_CWORD=2; '
    script += '$(complete -p bfl | sed "s/.*-F \\([^ ]*\\).*/\\1/") bfl; echo "${COMPREPLY[@]}"'
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, "-c", script], env=env, capture_output=True, text=True, timeout=60)
    assert PICTURE in done.stdout.split(), done.stderr
