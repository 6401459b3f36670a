"""The command line words errors by their facts: with every message of the client changed, it says and does the same."""

from __future__ import annotations

import ast
import io
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import bfl_client
import pytest
from bfl_cli import exits, output
from bfl_cli.screen import HIDDEN, moves, redact, strict_json, write
from bfl_client.errors import BFLError, Remedy, Violation
from hypothesis import given
from hypothesis import strategies as st

from tests.needs import PICTURE

from .shell import Done, Shell
from .test_exit_codes import FAILURES

NONSENSE = "zzz"
REFUSED = ["-p", "widht=1", "-p", "steps=99", "-p", "image_prompt=cat.png", "-p", "colour=red"]
COMMANDS: list[tuple[list[str], dict[str, str]]] = [
    (["generate", PICTURE, "a fox", *REFUSED], {}),
    (["validate", PICTURE, "--body", "body.json"], {}),
    (["generate", "nothing-like-it", "a fox", "--no-validate"], {}),
    (["generate", PICTURE, "a fox", "-o", "taken.jpg"], {}),
    (["task", "task.json"], {}),
    (["task", "nonsense.json"], {}),
    (["auth", "status"], {"BFL_API_KEY": "bfl_some_other_key_1234"}),
    (["credits"], {"BFL_API_KEY": "two words"}),
    (["credits"], {"BFL_BASE_URL": "ftp://somewhere"}),
    (["batch", "broken.jsonl", "-o", "out"], {}),
    (["batch", "jobs.jsonl", "-o", "."], {}),
    (["batch", "jobs.jsonl", "-o", "out", "--database-url", "nonsense"], {}),
]


@pytest.fixture
def reworded(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Changes every message and every remedy's words; actions and facts stay."""

    def change() -> None:
        plain = BFLError.__init__

        def scrambled(self: BFLError, *arguments: Any, **attributes: Any) -> None:
            plain(self, *arguments, **attributes)
            self.args = (NONSENSE,)
            self.remedy = Remedy(self.remedy and NONSENSE, self.remedy.action, **self.remedy.facts)

        monkeypatch.setattr(BFLError, "__init__", scrambled)
        monkeypatch.setattr(Violation, "message", property(lambda _: NONSENSE))

    return change


def facts(done: Done) -> Any:
    """What may not change: the code, the JSON without its messages, and the remedies; ids differ from run to run."""
    error = done.json["error"]
    error.pop("message")
    for each in [*error.get("violations", []), *error.get("mistakes", [])]:
        each.pop("message")
    lines = [line for line in done.err.splitlines() if line.startswith("  try: ")]
    text = json.dumps([done.code, error, lines])
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)


def prepared(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert shell.emulator is not None
    (shell.here / "taken.jpg").write_bytes(b"precious")
    job = {"name": "taken", "endpoint": PICTURE, "prompt": "a fox"}
    (shell.here / "jobs.jsonl").write_text(json.dumps(job))
    (shell.here / "broken.jsonl").write_text(json.dumps({**job, "width": 1, "widht": 2}))
    (shell.here / "body.json").write_text(json.dumps({"prompt": 1, "seed": "x", "widht": 2}))
    handle = {"id": "1", "polling_url": f"{shell.emulator.base_url}/v1/get_result?id=1", "endpoint": PICTURE}
    (shell.here / "task.json").write_text(json.dumps({**handle, "polling_url": "https://elsewhere.example/"}))
    (shell.here / "nonsense.json").write_text(json.dumps({**handle, "submitted_at": "yesterday"}))
    monkeypatch.setattr(output.Destination, "check", lambda *_: None)  # so that the client meets the taken name


@pytest.mark.parametrize(("arguments", "env"), COMMANDS, ids=[" ".join(each[0][:3]) for each in COMMANDS])
def test_no_message_of_the_client_matters(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, reworded: Any, arguments: list[str], env: dict[str, str]
) -> None:
    """Codes, JSON fields, remedies and violations of refused commands are the same with every message changed."""
    prepared(shell, monkeypatch)
    before = shell.run(*arguments, "--json", env=env)
    reworded()
    after = shell.run(*arguments, "--json", env=env)
    assert before.code != 0
    assert facts(after) == facts(before)
    assert NONSENSE not in facts(after)


@pytest.mark.parametrize(("kind", "prompt", "rules"), FAILURES)
def test_no_message_about_an_answer_matters(
    shell: Shell, reworded: Any, kind: str, prompt: str, rules: list[dict[str, Any]]
) -> None:
    """Codes, JSON fields, remedies and the command to resume are the same with every message changed."""
    assert shell.emulator is not None
    shell.emulator.script(*rules)
    before = shell.run("generate", PICTURE, prompt, "--json", "-q")
    reworded()
    after = shell.run("generate", PICTURE, prompt, "--json", "-q")
    assert NONSENSE in after.json["error"]["message"]
    assert facts(after) == facts(before)
    assert before.json["error"]["kind"] == kind


def test_a_timeout_is_worded_by_its_facts(slow_shell: Shell, reworded: Any) -> None:
    """A task that is not ready in time has the same code and command to resume with every message changed."""
    before = slow_shell.run("generate", PICTURE, "a fox", "--timeout", "0.3", "--json")
    reworded()
    after = slow_shell.run("generate", PICTURE, "a fox", "--timeout", "0.3", "--json")
    assert before.code == 9
    assert facts(after) == facts(before)


def test_every_action_of_the_client_is_worded() -> None:
    """For each action that a remedy of the client or of the batch may have there are words of the command line."""
    import bfl_batch

    folders = [Path(str(package.__file__)).parent for package in (bfl_client, bfl_batch)]
    calls = [
        node
        for folder in folders
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Remedy") and len(node.args) > 1
    ]
    actions = {node.args[1].value for node in calls if isinstance(node.args[1], ast.Constant)}
    assert {"check-credits", "wait-again", "set-key", "pass-file"} <= actions
    assert actions - {"submit"} <= set(exits.ACTIONS)  # the command line has no generate that waits for a webhook


SECRET = "bfl_secret_0123456789abcdef"
TEXTS = [SECRET, f'he said "{SECRET}"', '"https://delivery.bfl.ai/a.png?sig=x"', "\ud800", "\x1b[31m"]


values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(TEXTS),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(values)
def test_json_is_strict_and_holds_no_key(value: Any) -> None:
    """Whatever a result or error contains, --json prints what a strict parser reads, without key or signed URL."""

    def refuse(text: str) -> Any:
        raise AssertionError(f"{text} is no JSON")

    printed = strict_json({"error": value}, partial(redact, secrets=[SECRET]))
    json.loads(printed, parse_constant=refuse)
    assert SECRET not in printed
    assert "sig=" not in printed
    printed.encode("ascii")


def test_a_secret_of_four_characters_is_hidden() -> None:
    """A secret that is not too short to be a word is taken out of texts, wherever it stands."""
    assert redact("he said s3crs3cr", ["s3cr"]) == f"he said {HIDDEN}{HIDDEN}"
    assert redact("he said so", ["so"]) == "he said so"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("at https://api.bfl.ai/v1/get_result?id=1 now", f"at https://api.bfl.ai/{HIDDEN} now"),
        ("at http://me:pass@proxy.example:8080/x now", f"at http://proxy.example:8080/{HIDDEN} now"),
        (
            "'https://a.example/x', \"https://b.example/y\"",
            f"'https://a.example/{HIDDEN}', \"https://b.example/{HIDDEN}\"",
        ),
        ("at https://api.bfl.ai now", "at https://api.bfl.ai now"),
        (f"the key {SECRET}.", f"the key {HIDDEN}."),
        ("the file bfl_fox and x_bfl_0123456789abcdef", "the file bfl_fox and x_bfl_0123456789abcdef"),
    ],
)
def test_a_url_is_cut_off_after_its_host(text: str, shown: str) -> None:
    """Errors show the host of a URL, and neither its path, nor a password in it, nor what looks like a key."""
    assert redact(text) == shown


def test_collections_are_lists_in_json() -> None:
    """Sets and tuples are printed as lists, keys that are no text as text, and paths as text."""
    data = {"set": {1}, "frozen": frozenset({"a"}), "pair": (True, None), 5: Path("fox.jpg")}
    assert json.loads(strict_json(data)) == {"set": [1], "frozen": ["a"], "pair": [True, None], "5": "fox.jpg"}


def test_a_stream_that_is_closed_takes_nothing() -> None:
    """A standard stream that whoever started bfl has closed takes no text, and is no terminal."""
    write(None, "a fox")
    assert not moves(None)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_character_that_a_terminal_lacks_is_escaped(encoding: str) -> None:
    """What the terminal's encoding does not have is printed escaped, and the rest as it is."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding)
    write(stream, "a fox \N{SNOWFLAKE}\n")
    stream.buffer.seek(0)
    assert stream.buffer.read() == b"a fox \\u2744\n"
