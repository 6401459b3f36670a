"""What a new user types by mistake, and the message that leads to the right command at the first try."""

from __future__ import annotations

import json
import shlex

import pytest
from PIL import Image

from tests.needs import PICTURE

from .shell import Shell

MISTAKES = [
    # what is typed, exit code, what the message says
    ("generate flux-2-pro a fox", 2, 'put it in quotes: "a fox"'),
    ("generate flux-2-pro fox --width 512", 2, "-p width=512"),
    ("generate flux-2-pro fox width=512", 2, "-p width=512"),
    ("generate flux2-pro fox", 3, "did you mean 'flux-2-pro'?"),
    ("flux-2-pro fox", 2, "bfl generate flux-2-pro fox"),
    ("generate flux-dev fox -p image_prompt=fox.png", 3, "for a file write @fox.png"),
    ("generate flux-dev fox -p image_prompt=@fox.pgn", 3, "there is no file fox.pgn"),
    ("generate flux-dev fox -p image_prompt=@photos", 3, "photos is a folder"),
    ("generate flux-dev fox.png", 2, "-p image_prompt=@fox.png sends it"),
    ("generate flux-dev fox -p width=full", 3, "an integer from 256 to "),
    ("generate flux-dev fox -p widht=512", 3, "did you mean 'width'?"),
    ("generate flux-kontext-pro fox -p aspect_ratio=16/9", 3, "did you mean '16:9'?"),
    ("generate flux-dev fox -o fox.gif", 3, "-o with the suffix .jpg"),
    ("generate flux-dev fox -o fox.MP4", 3, "-o with the suffix .jpg"),
    ("generate flux-dev fox -p output_format=png -o fox.jpg", 3, "-o with the suffix .png"),
    ("generate flux-dev fox -o out/fox.jpg", 11, "there is no folder out; make it first"),
    ("task 12345", 4, "see bfl tasks"),
    ("batch photos -o out", 3, "--endpoint NAME -p input_image=@{file} sends each picture"),
    ("batch photos --endpoint flux-kontext-pro -o out", 3, "--endpoint flux-kontext-pro -p input_image=@{file}"),
    ("batch --width 5 jobs.jsonl -o out", 2, "-p width=5"),
    ("batch jobs.jsonl", 2, "-o DIR names it"),
    ("batch jobs.jsonl -o fox.png/out", 11, "cannot be made"),
    ("batch status out", 4, "bfl batch JOBS -o DIR starts one"),
    ("describe flux-dve", 3, "did you mean 'flux-dev'?"),
    ("credits --key bfl_0123456789abcdef", 2, "set BFL_API_KEY"),
]


_NAMED = ("flux-dev", "flux-2-pro", "flux-kontext-pro")


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        pytest.param(*case, id=case[0], marks=[pytest.mark.about(name) for name in _NAMED if name in f"{case}"])
        for case in MISTAKES
    ],
)
def test_a_mistake_is_answered_with_the_right_command(shell: Shell, typed: str, code: int, said: str) -> None:
    """An ordinary mistake has its exit code, costs nothing, and its message contains what to type instead."""
    (shell.here / "photos").mkdir()
    (shell.here / "jobs.jsonl").write_text(json.dumps({"endpoint": PICTURE, "prompt": "a fox"}))
    for place in ("fox.png", "photos/owl.png"):
        Image.new("RGB", (64, 64)).save(shell.here / place)
    done = shell.run(*shlex.split(typed))
    assert done.code == code, done.err
    assert said in done.err
    assert f"try: bfl {typed}\n" not in done.err
    assert shell.emulator is not None
    assert not shell.emulator.tasks


def test_options_may_precede_a_command_whose_prompt_begins_with_a_dash(lonely_shell: Shell) -> None:
    """What follows -- is text, also where an option for all commands was given before the command."""
    done = lonely_shell.run("--json", "validate", PICTURE, "--", "--a fox")
    assert (done.code, done.json) == (0, lonely_shell.run("validate", PICTURE, "a fox", "--json").json), done.err


@pytest.mark.parametrize("option", ["--json", "--quiet", "-q", "--debug"])
def test_an_option_for_all_commands_may_precede_the_command(lonely_shell: Shell, option: str) -> None:
    """The options that every command has are understood before it as they are behind it."""
    before, behind = lonely_shell.run(option, "tasks"), lonely_shell.run("tasks", option)
    assert before == behind
    assert before.code == 0


def test_an_option_that_is_no_parameter_is_not_proposed_as_one(lonely_shell: Shell) -> None:
    """Only what the endpoint on the line takes is proposed as a parameter; without an endpoint, what any takes."""
    assert "-p width=" not in lonely_shell.run("generate", PICTURE, "a fox", "--widths", "5").err
    assert "try: -p width=5" in lonely_shell.run("batch", "jobs.jsonl", "--width=5").err
    assert "try: -p webhook_url=x" in lonely_shell.run("generate", PICTURE, "a fox", "--webhook-url", "x").err
    done = lonely_shell.run("credits", PICTURE)
    assert (done.code, "bfl generate" in done.err) == (2, False), "the command was not forgotten"
    done = lonely_shell.run("batch", "jobs.jsonl", "--nothing")
    assert done.err.endswith("try: bfl batch --help\n")


@pytest.mark.parametrize("group", ["auth", "finetunes"])
def test_a_group_alone_lists_its_commands(lonely_shell: Shell, group: str) -> None:
    """A group without a command is answered with its help on standard error, and the code of a misunderstanding."""
    done = lonely_shell.run(group)
    assert (done.code, done.out, "Commands:" in done.err, "bfl: " in done.err) == (2, "", True, False)
