"""On a terminal: progress, narrow and dumb ones, pictures."""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from bfl_cli import output
from bfl_cli import screen as screens
from PIL import Image

from tests.needs import PICTURE

from .shell import BFL, LIMIT, Shell, unix

pytestmark = unix

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_WAITS = f"import select; wait = select.select; select.select = lambda *files: wait(*files[:3], {LIMIT})"
PATIENT = [BFL[0], "-c", f"{_WAITS}; from bfl_cli import main; main()"]
"""bfl that waits longer for a terminal's answer than 0.1 seconds: whoever answers may be busy."""


def test_progress_moves_on_a_narrow_terminal(lonely_shell: Shell) -> None:
    """On a terminal of 40 columns one line of state and time moves, no longer than that, and goes at the end."""
    code, screen = lonely_shell.terminal("generate", PICTURE, "a fox", "--emulator", "-o", "f.jpg", columns=40)
    assert code == 0, screen
    assert "\x1b[" in screen
    assert len(set(re.findall(rf". {PICTURE}: \w+, \d s", screen))) > 3
    lines = [ESCAPE.sub("", line).rstrip("\r") for part in screen.split("\n") for line in part.split("\r")]
    assert all(len(line) <= 40 for line in lines if line.startswith(("|", "/", "-", "\\")))
    assert ESCAPE.sub("", screen.splitlines()[-1]).strip().startswith("f.jpg  task")


def test_ctrl_c_on_a_terminal_clears_the_line_and_says_how_to_resume(slow_shell: Shell) -> None:
    """Ctrl-C typed on a terminal ends the moving line, and what remains is how to resume."""
    code, screen = slow_shell.terminal("generate", PICTURE, "a fox", keys=((b"Pending", b"\x03"),))
    assert code == 130, screen
    assert screen.splitlines()[-1].endswith(f"bfl task {slow_shell.kept[0]}")


def test_a_dumb_terminal_gets_plain_lines(shell: Shell) -> None:
    """A dumb terminal, and a file, get a line for each status, and no escape sequence; so do help and errors."""
    for arguments in (["generate", PICTURE, "a fox"], ["--help"], ["generate", "--help"], ["nonsense"]):
        _, screen = shell.terminal(*arguments, columns=40, TERM="dumb")
        assert "\x1b" not in screen
    code, screen = shell.terminal("generate", PICTURE, "a fox", "--json", TERM="dumb")
    assert (code, f"{PICTURE}: Ready" in screen) == (0, True)
    code, screen = shell.terminal("generate", PICTURE, "a fox", "-o", "-")
    assert (code, "redirect" in screen) == (2, True)


@pytest.mark.parametrize(
    ("answers", "sent"),
    [
        (((b"\x1b[c", b"\x1b[?62;4c"),), "\x1bP"),
        (((b"\x1b[c", b"\x1b[?62c"), (b"\x1b_G", b"\x1b_Gi=1;OK\x1b\\")), "\x1b_G"),
        (((b"\x1b[c", b"\x1b[?62c"), (b"\x1b_G", b"\x1b_Gi=1;EINVAL\x1b\\")), "cannot show pictures"),
    ],
    ids=["sixel", "kitty", "neither"],
)
def test_a_picture_is_shown_where_the_terminal_can(
    shell: Shell, answers: tuple[tuple[bytes, bytes], ...], sent: str
) -> None:
    """--show asks the terminal what it can, and sends the picture in that form; the file is saved in any case."""
    pytest.importorskip("textual_image")
    code, screen = shell.terminal("generate", PICTURE, "a fox", "--show", "-o", "f.jpg", keys=answers, program=PATIENT)
    assert code == 0, screen
    _, _, after = screen.rpartition("cost not stated")
    assert after.count(sent) > (sent == "\x1b_G")  # one is the question
    with Image.open(shell.here / "f.jpg") as picture:
        picture.load()


def test_show_needs_a_terminal(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a terminal --show is reported to be in vain, and the file is saved."""
    pytest.importorskip("textual_image")
    done = shell.run("generate", PICTURE, "a fox", "--show", "-o", "f.jpg")
    assert (done.code, "--show needs a terminal" in done.err) == (0, True), done.err
    assert shell.files == ["f.jpg"]
    monkeypatch.setattr(sys, "stdin", None)  # closed by whoever started bfl
    output.show(shell.here / "f.jpg", "image", screens.Screen())
    assert "--show needs a terminal" in capsys.readouterr().err
    for path, kind, screen in (
        (shell.here / "f.jpg", "image", screens.Screen(as_json=True)),
        (shell.here / "f.mp4", "video", screens.Screen()),
        (output.STDOUT, "image", screens.Screen()),
    ):
        output.show(path, kind, screen)
        assert "shows pictures only, and not with --json" in capsys.readouterr().err


def test_a_signal_in_the_middle_of_a_line_is_printed_all_the_same(tmp_path: Path) -> None:
    """What a signal's handler prints while a line is being written arrives, instead of a RuntimeError."""

    class Busy(io.BufferedWriter):
        """A stream in the middle of a write: Python refuses another one from a signal's handler."""

        def write(self, content: Any) -> int:
            raise RuntimeError("reentrant call inside <_io.BufferedWriter name='<stderr>'>")

    path = tmp_path / "screen"
    with Busy(io.FileIO(path, "w")) as raw:
        stream = io.TextIOWrapper(raw, "utf-8")
        screens.write(stream, "interrupted: waiting\n")
        stream.detach()
    assert path.read_text() == "interrupted: waiting\n"
