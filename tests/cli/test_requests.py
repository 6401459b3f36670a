"""What stands on the command line is what is sent: texts and files, and what a new user types by mistake."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from bfl_cli.request import Request
from bfl_client import specification
from PIL import Image

from tests.needs import PICTURE

from .shell import Shell


def last_body(shell: Shell) -> Any:
    assert shell.emulator is not None
    return [request for request in list(shell.emulator.requests) if request.method == "POST"][-1].body


@pytest.mark.parametrize(
    "way", [["-"], ["@-"], ["@prompt.txt"], ["-p", "prompt=-"], ["-p", "prompt=@-"], ["-p", "prompt=@prompt.txt"]]
)
def test_a_text_comes_from_standard_input_or_a_file(shell: Shell, way: list[str]) -> None:
    """`-` and `@FILE` for the prompt send the text of standard input or of the file, never these characters."""
    (shell.here / "prompt.txt").write_text("ein Fuchs im Schnee – ganz früh\n", encoding="utf-8-sig")
    done = shell.run("generate", PICTURE, *way, "-o", "a.jpg", stdin=(shell.here / "prompt.txt").read_bytes())
    assert done.code == 0, done.err
    assert last_body(shell)["prompt"] == "ein Fuchs im Schnee – ganz früh"


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        (["@fox.png"], "fox.png is not text"),
        (["@gone.txt"], "there is no file gone.txt"),
        (["-"], "standard input is empty"),
        (["@empty.txt"], "empty.txt is empty"),
        (["@nul.txt"], "nul.txt is not text"),
        (["a fox", "-p", "output_format=@style.txt"], "output_format: "),
        (["@style.txt", "-p", "seed=-"], "seed: must be an integer"),
        (["a fox", "-p", "width=@fox.png"], "width: does not accept a file"),
        (["--body", "body.json"], "prompt: does not accept a file"),
        (["@other.json"], "--json other.json"),
        (["@sized.json"], "--json sized.json"),
        (["a fox", "-p", "width=-"], "width: must be an integer"),
    ],
)
@pytest.mark.parametrize("command", ["generate", "validate"])
def test_what_names_a_file_is_never_sent_as_it_is(shell: Shell, command: str, arguments: list[str], shown: str) -> None:
    """A text that names a file which the parameter cannot take is refused with the reason, by both commands."""
    Image.new("RGB", (64, 64)).save(shell.here / "fox.png")
    (shell.here / "body.json").write_text('{"prompt": "@fox.png"}')
    (shell.here / "empty.txt").write_text("\n")
    (shell.here / "nul.txt").write_bytes(b"a\0b")
    (shell.here / "style.txt").write_text("png")
    (shell.here / "other.json").write_text('{"prompt": "a fox"}')
    (shell.here / "sized.json").write_text('{"width": 512}')
    done = shell.run(command, PICTURE, *arguments)
    assert done.code in (2, 3), done.err
    assert shown in done.err


@pytest.mark.parametrize("prompt", ['{"scene": "a fox"}', '{"width": 512, "scene": "a fox"}', "{}"])
def test_a_prompt_may_be_json(shell: Shell, prompt: str) -> None:
    """JSON in a file is sent as the prompt, unless it is the body of a request."""
    (shell.here / "scene.json").write_text(prompt)
    assert shell.run("generate", PICTURE, "@scene.json", "-o", "a.jpg").code == 0
    assert last_body(shell)["prompt"] == prompt


def test_a_prompt_may_begin_with_at(shell: Shell) -> None:
    """A prompt of several words that begins with @ and names no file is sent as it is."""
    assert shell.run("generate", PICTURE, "@home with a fox", "-o", "a.jpg").code == 0
    assert last_body(shell)["prompt"] == "@home with a fox"


def test_an_unknown_endpoint_takes_what_it_gets(shell: Shell) -> None:
    """With --no-validate an endpoint or a parameter that this version does not know gets texts and files alike."""
    Image.new("RGB", (64, 64)).save(shell.here / "fox.png")
    (shell.here / "style.txt").write_text("woodcut")
    given = ["-p", "reference_images=@fox.png", "-p", "style=@style.txt", "-p", "width=512", "--no-validate"]
    assert shell.run("validate", "flux-9-pro", "a fox", *given).code == 0
    assert shell.run("generate", "flux-9-pro", "a fox", *given).code == 8  # the emulator has none, either
    assert shell.run("generate", PICTURE, "a fox", *given, "-p", "mood=-", stdin=b"calm\n").code == 0
    body = last_body(shell)
    assert (body["prompt"], body["style"], body["mood"], body["width"]) == ("a fox", "woodcut", "calm", 512)
    assert body["reference_images"].startswith("iVBOR")


LISTS = [
    (endpoint, name)
    for endpoint in specification.ENDPOINTS
    for name, parameter in specification.parameters(endpoint).items()
    if {"array", "string"} <= parameter.types and parameter.media
]


@pytest.mark.parametrize(("endpoint", "parameter"), LISTS)
@pytest.mark.parametrize(
    "texts", [["a", "b"], ["a", "b", "c"], ['["a", "b"]', "c"], ["a", '["b", "c"]'], ['["a"]', '["b", "c"]']]
)
def test_values_of_a_list_are_sent_in_the_order_given(endpoint: str, parameter: str, texts: list[str]) -> None:
    """A parameter that takes a list gets the values of all its pairs, and each value of a list among them."""
    request = Request(endpoint)
    request.read("a fox", [f"{parameter}={text}" for text in texts], None)
    assert request.body[parameter] == ["a", "b", "c"][: len(request.body[parameter])]
    assert len(request.body[parameter]) == sum(text.count('"') // 2 or 1 for text in texts)


def test_every_refusal_names_the_way_around_it(shell: Shell) -> None:
    """What our own check refuses ends with the option that sends it unchecked."""
    for arguments in ([PICTURE, "a fox", "-p", "width=9999"], ["flux-9-pro", "a fox"], [PICTURE, "-p", "q=1"]):
        done = shell.run("generate", *arguments)
        assert done.code == 3
        assert "--no-validate sends it unchecked" in done.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "remedy"),
    [
        (["a", "fox", "in", "snow"], 'put it in quotes: "a fox in snow"'),
        (["a fox", "width=512"], "-p width=512"),
        (["width=512"], "-p width=512"),
        (["a fox", "--width", "512"], "-p width=512"),
        (["a fox", "--width=512"], "-p width=512"),
        (["a fox", "--no-such-option"], "bfl generate --help"),
        (["fox.png"], "-p image_prompt=@fox.png"),
        (["body.json"], "--json body.json"),
    ],
)
def test_a_mistyped_parameter_is_shown_as_it_should_be(shell: Shell, arguments: list[str], remedy: str) -> None:
    """Unquoted prompts, parameters as options and bare file names are answered with what to type instead."""
    for name in ("fox.png", "body.json"):
        (shell.here / name).write_bytes(b"{}")
    done = shell.run("generate", PICTURE, *arguments)
    assert done.code == 2, done.err
    assert remedy in done.err.splitlines()[-1]


def test_base64_in_lines_is_sent_in_one(shell: Shell) -> None:
    """Base64 as `base64 fox.png` prints it arrives in one line; a ratio in another form names the one that is meant."""
    Image.new("RGB", (64, 64)).save(shell.here / "fox.png")
    content = (shell.here / "fox.png").read_bytes()
    pair = f"image_prompt={base64.encodebytes(content).decode()}"
    assert shell.run("generate", PICTURE, "a fox", "-p", pair, "-o", "a.jpg").code == 0
    assert last_body(shell)["image_prompt"] == base64.b64encode(content).decode()
    done = shell.run("validate", "flux-kontext-pro", "a fox", "-p", "aspect_ratio=1.78")
    assert "did you mean '16:9'?" in done.err
    assert done.err.count("did you mean") == 1


@pytest.mark.parametrize("unchecked", [[], ["--no-validate"]])
def test_a_body_without_end_is_refused(shell: Shell, unchecked: list[str]) -> None:
    """A file of JSON that is nested too deep is refused, checked or not."""
    body = '{"prompt": "a fox", "image_prompt": ' + "[" * 900 + "]" * 900 + "}"
    (shell.here / "body.json").write_text(body)
    assert shell.emulator is not None
    before = len(shell.emulator.requests)
    done = shell.run("generate", PICTURE, "--json", "body.json", *unchecked)
    assert done.code == 3, done.err
    assert "nested more than 64 levels deep" in done.err
    assert len(shell.emulator.requests) == before


def test_a_picture_comes_from_standard_input_by_both_names(shell: Shell) -> None:
    """`-p NAME=@-` sends a picture from standard input, as `-p NAME=-` does."""
    Image.new("RGB", (64, 64)).save(shell.here / "fox.png")
    content = (shell.here / "fox.png").read_bytes()
    for name in ("-", "@-"):
        done = shell.run("generate", PICTURE, "a fox", "-p", f"image_prompt={name}", "-o", "-", stdin=content)
        assert done.code == 0, done.err
        assert last_body(shell)["image_prompt"] == base64.b64encode(content).decode()


def test_a_mistake_is_named_once(shell: Shell) -> None:
    """A text whose file is missing is one mistake, and is not named again for what stands in its place."""
    done = shell.run("validate", PICTURE, "@gone.txt", "-p", "width=1", "-p", "image_prompt=@gone.png", "--json")
    fields = [each["field"] for each in done.json["error"]["violations"]]
    assert sorted(fields) == ["image_prompt", "prompt", "width"]


@pytest.mark.parametrize("prompt", ["x=3", "a=b c=d", "", "fox", "fox.jpg and owl.jpg", "a.fox"])
def test_a_prompt_is_sent_as_it_is(shell: Shell, prompt: str) -> None:
    """A prompt with an equals sign, an empty one, and the name of a file without suffix are prompts as any other."""
    (shell.here / "fox").write_text("")
    done = shell.run("generate", PICTURE, prompt, "--dry-run", "--json", "--no-validate")
    assert (done.code, done.json["body"]) == (0, {"prompt": prompt}), done.err


def test_only_the_end_of_the_last_line_is_cut_off(shell: Shell) -> None:
    """The text of a file keeps its spaces and its lines; the ends of the last line alone are not part of it."""
    (shell.here / "prompt.txt").write_bytes(b"  a fox\r\nin snow  \r\n\n")
    assert shell.run("generate", PICTURE, "@prompt.txt", "-o", "a.jpg").code == 0
    assert last_body(shell)["prompt"] == "  a fox\r\nin snow  "
