"""On a terminal: progress, narrow and dumb ones, completion."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest
from bfl_api.table import ENDPOINTS
from PIL import Image

from .program import BFL, Shell

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_progress_moves_on_a_narrow_terminal(lonely_shell: Shell) -> None:
    """On a terminal of 40 columns one line of state and time moves, no longer than that, and goes at the end."""
    code, screen = lonely_shell.terminal("generate", "flux-dev", "a fox", "--emulator", "-o", "f.jpg", columns=40)
    assert code == 0, screen
    assert "\x1b[" in screen
    assert len(set(re.findall(r". flux-dev: \w+, \d s", screen))) > 3
    lines = [ESCAPE.sub("", line).rstrip("\r") for part in screen.split("\n") for line in part.split("\r")]
    assert all(len(line) <= 40 for line in lines if line.startswith(("|", "/", "-", "\\")))
    assert ESCAPE.sub("", screen.splitlines()[-1]).strip().startswith("f.jpg  task")


def test_ctrl_c_on_a_terminal_clears_the_line_and_tells_the_way_on(slow_shell: Shell) -> None:
    """Ctrl-C typed on a terminal ends the moving line, and what remains is the way on."""
    code, screen = slow_shell.terminal("generate", "flux-dev", "a fox", keys=((b"Pending", b"\x03"),))
    (handle,) = slow_shell.handles
    assert code == 130, screen
    assert screen.splitlines()[-1].endswith(f"bfl task {handle.stem}")


def test_a_dumb_terminal_gets_plain_lines(shell: Shell) -> None:
    """A dumb terminal, and a file, get a line for each status, and no escape sequence; so do help and errors."""
    for arguments in (["generate", "flux-dev", "a fox"], ["--help"], ["generate", "--help"], ["nonsense"]):
        _, screen = shell.terminal(*arguments, columns=40, TERM="dumb")
        assert "\x1b" not in screen
    code, screen = shell.terminal("generate", "flux-dev", "a fox", "--json", TERM="dumb")
    assert (code, "flux-dev: Ready" in screen) == (0, True)
    code, screen = shell.terminal("generate", "flux-dev", "a fox", "-o", "-")
    assert (code, "redirect" in screen) == (2, True)


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        (((b"\x1b[c", b"\x1b[?62;4c"),), "\x1bP"),
        (((b"\x1b[c", b"\x1b[?62c"), (b"\x1b_G", b"\x1b_Gi=1;OK\x1b\\")), "\x1b_G"),
        (((b"\x1b[c", b"\x1b[?62c"), (b"\x1b_G", b"\x1b_Gi=1;EINVAL\x1b\\")), "shows no pictures"),
    ],
    ids=["sixel", "kitty", "neither"],
)
def test_a_picture_is_shown_where_the_terminal_can(
    shell: Shell, answers: tuple[tuple[bytes, bytes], ...], sent: str
) -> None:
    """--show asks the terminal what it can, and sends the picture in that form; the file is saved in any case."""
    pytest.importorskip("textual_image")
    code, screen = shell.terminal("generate", "flux-dev", "a fox", "--show", "-o", "f.jpg", keys=answers)
    assert code == 0, screen
    _, _, after = screen.rpartition("cost not stated")
    assert after.count(sent) > (sent == "\x1b_G")  # one is the question
    with Image.open(shell.here / "f.jpg") as picture:
        picture.load()


def test_show_needs_a_terminal(shell: Shell) -> None:
    """Without a terminal --show is told to be in vain, and the file is saved."""
    pytest.importorskip("textual_image")
    done = shell.run("generate", "flux-dev", "a fox", "--show", "-o", "f.jpg")
    assert (done.code, "--show needs a terminal" in done.err) == (0, True), done.err
    assert shell.files == ["f.jpg"]


def complete(shell: Shell, line: str, word: int) -> list[str]:
    """What bash is offered for a word of a line."""
    env = shell.environment(_BFL_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(word))
    done = subprocess.run(BFL, cwd=shell.here, env=env, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout.split()


def test_names_are_completed(lonely_shell: Shell) -> None:
    """Commands, options, endpoints, the endpoint's parameters and their values are offered to the shell."""
    assert complete(lonely_shell, "bfl g", 1) == ["generate"]
    assert "--force" in complete(lonely_shell, "bfl generate flux-dev --f", 3)
    expected = [name for name in ENDPOINTS if name.startswith("flux-2")]
    assert complete(lonely_shell, "bfl generate flux-2", 2) == expected
    assert complete(lonely_shell, "bfl describe flux-2", 2) == expected
    assert complete(lonely_shell, "bfl generate flux-dev -p wi", 4) == ["width="]
    assert complete(lonely_shell, "bfl generate flux-dev -p width=512 -p output_format=p", 6) == ["output_format=png"]
    assert complete(lonely_shell, "bfl generate unknown -p wi", 4) == []
    assert complete(lonely_shell, "bfl task ", 2) == []


def test_bash_takes_the_completion(lonely_shell: Shell, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The script of --show-completion works in bash: a word is completed by the program itself."""
    folder = tmp_path_factory.mktemp("bin")
    program = folder / "bfl"
    program.write_text(f'#!/bin/sh\nexec {" ".join(BFL)} "$@"\n')
    program.chmod(0o755)
    env = {**lonely_shell.environment(), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    script = 'eval "$(bfl --show-completion bash)"; COMP_WORDS=(bfl describe flux-d); COMP_CWORD=2; '
    script += '$(complete -p bfl | sed "s/.*-F \\([^ ]*\\).*/\\1/") bfl; echo "${COMPREPLY[@]}"'
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run([bash, "-c", script], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "flux-dev", done.stderr
