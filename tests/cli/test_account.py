"""Keys, credits, finetunes: what belongs to the user, and is never shown."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

import platformdirs
import pytest
from bfl_cli.auth import Key

from tests.needs import PICTURE

from .shell import Shell, linux, unix

KEY = "bfl_emulator_of_somebody_1234"


def test_a_key_is_kept_used_and_forgotten(shell: Shell) -> None:
    """A key from standard input is kept for its owner only, used, named by its place but never shown, and forgotten."""
    assert shell.emulator is not None
    key = shell.emulator.api_key
    none = {"BFL_API_KEY": ""}
    kept = shell.run("auth", "login", stdin=f"{key}\n".encode(), env=none)
    assert (kept.code, "takes precedence" in kept.out) == (0, False), kept.err
    again = shell.run("auth", "login", stdin=KEY.encode())
    assert "BFL_API_KEY is set, and takes precedence" in again.out
    kept = shell.run("auth", "login", stdin=f"{key}\n".encode(), env=none)
    path = shell.key_file
    assert path.read_text() == f"{key}\n"
    assert path.stat().st_mode & 0o777 == 0o600 or sys.platform == "win32"
    shown = shell.run("auth", "status", env=none)
    assert (shown.code, str(path) in shown.out, "works" in shown.out) == (0, True, True), shown.err
    listed = shell.run("auth", "status", "--json", "--debug", env=none)
    assert (listed.json["source"], listed.json["works"]) == ("file", True)
    first = shell.run("auth", "status", "--json")
    assert first.json["source"] == "environment"
    gone = shell.run("auth", "logout", env=none)
    assert (gone.code, gone.out, path.exists()) == (0, f"removed {path}\n", False)
    assert shell.run("auth", "logout", "--json", env=none).json == {"removed": []}
    assert shell.run("auth", "status", env=none).code == 4
    assert not any(key in done.out + done.err for done in (kept, shown, listed, first, gone))


@unix
@pytest.mark.parametrize("trouble", ["readable", "of a group", "folder", "pipe", "empty"])
def test_a_key_file_that_is_not_private_is_refused(shell: Shell, trouble: str) -> None:
    """A key file that others can read, or that is not a file with a key, is refused with the remedy, the key unseen."""
    path = shell.key_file
    path.parent.mkdir(parents=True)
    if trouble == "folder":
        path.mkdir()
    elif sys.platform != "win32" and trouble == "pipe":
        os.mkfifo(path, 0o600)
    else:
        path.write_text("\n" if trouble == "empty" else KEY)
        path.chmod({"readable": 0o644, "of a group": 0o640, "empty": 0o600}[trouble])
    done = shell.run("credits", BFL_API_KEY="")
    assert (done.code, done.err.count("\n"), KEY in done.err) == (4, 1, False)
    assert ("chmod 600" if trouble in ("readable", "of a group") else "bfl auth login") in done.err


@pytest.mark.parametrize(("length", "code"), [(1000, 0), (1001, 4)])
def test_what_is_too_long_for_a_key_is_not_stored(shell: Shell, length: int, code: int) -> None:
    """Of what is piped in as a key, 1,000 characters are stored, and one more is refused."""
    done = shell.run("auth", "login", stdin=b"k" * length)
    assert (done.code, shell.key_file.exists()) == (code, code == 0), done.err


def test_a_key_that_does_not_work_is_code_5(shell: Shell) -> None:
    """A key that the service refuses is exit code 5; the answer says where it came from, and does not show it."""
    done = shell.run("auth", "status", "--json", "--debug", BFL_API_KEY=KEY)
    assert done.code == 5, done.err
    assert "environment variable BFL_API_KEY" in done.json["error"]["message"]
    assert shell.emulator is not None
    assert f"does not work at {shell.emulator.base_url}" in done.err, "or the wrong one of two would be replaced"
    assert KEY not in done.out + done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--api-key", KEY, "credits"],
        ["credits", KEY],
        ["task", KEY],
        ["generate", PICTURE, "a fox", "--token", "0f9d2c4e-5f1e-4c7b-9a55-0123456789ab"],
        ["credits", "0f9d2c4e-5f1e-4c7b-9a55-0123456789ab"],
        ["0f9d2c4e-5f1e-4c7b-9a55-0123456789ab", "--json"],
        ["auth", "login", "0f9d2c4e-5f1e-4c7b-9a55-0123456789ab", "--debug"],
        ["generate", PICTURE, "a fox", "-p", "api_key=0f9d2c4e-5f1e-4c7b-9a55-0123456789ab"],
    ],
)
def test_a_key_on_the_command_line_is_not_echoed(shell: Shell, arguments: list[str]) -> None:
    """A key given as an argument by mistake is refused, and stands in nothing that is printed."""
    done = shell.run(*arguments)
    assert done.code in (2, 3)
    assert KEY not in done.out + done.err
    assert "0123456789ab" not in done.out + done.err


@pytest.mark.parametrize("place", [["describe"], ["generate", PICTURE, "--"]])
def test_the_users_own_key_is_refused_in_any_form(shell: Shell, place: list[str]) -> None:
    """What is in BFL_API_KEY is refused as an argument, whatever it looks like, also as text after --."""
    key = "0f9d2c4e-5f1e-4c7b-9a55-0123456789ab"
    done = shell.run(*place, key, BFL_API_KEY=key)
    assert (done.code, "must not be on the command line" in done.err) == (2, True), done.err
    assert key not in done.out + done.err


def test_a_prompt_may_be_the_name_of_an_option(lonely_shell: Shell) -> None:
    """After -- an option for keys is a text; an argument that only looks a little like a key is one as well."""
    assert lonely_shell.run("validate", PICTURE, "--", "--token").code == 0
    assert lonely_shell.run("validate", PICTURE, "bfl_fox and a token").code == 0


def test_a_mistyped_key_is_hidden(lonely_shell: Shell) -> None:
    """Long words with a digit, of which one may be a key, are not repeated; a long word without one is."""
    for typed in ("x0f9d2c4e5f1e4c7b9a550123456789ab", "--x0f9d2c4e5f1e4c7b9a550123456789ab"):
        done = lonely_shell.run(typed)
        assert (done.code, "0123456789" in done.err) == (2, False), done.err
    done = lonely_shell.run("describe", "x0f9d2c4e5f1e4c7b9a550123456789ab", "--json")
    assert (done.code, "0123456789" in done.out + done.err) == (3, False), done.err
    assert len(done.json["error"]["violations"]) == 1
    assert "the-endpoint-of-my-dreams" in lonely_shell.run("describe", "the-endpoint-of-my-dreams").err


def test_a_key_is_used_as_it_is_meant(shell: Shell) -> None:
    """Space around the key, in the variable as in the file, is not part of it; an empty variable is none."""
    assert shell.emulator is not None
    key = shell.emulator.api_key
    assert shell.run("credits", BFL_API_KEY=f" {key}\n").code == 0
    path = shell.key_file
    path.parent.mkdir(parents=True)
    path.write_text(f"  {key} \n\n")
    path.chmod(0o600)
    assert shell.run("auth", "status", "--json", BFL_API_KEY="  ").json["source"] == "file"


@unix
@pytest.mark.parametrize("command", [["auth", "status"], ["auth", "logout"]])
def test_a_file_in_place_of_the_folder_is_no_key(shell: Shell, command: list[str]) -> None:
    """Where a file stands in the place of a folder of the key file, there is no key: a setting, not a broken disk."""
    shell.key_file.parent.parent.mkdir(parents=True, exist_ok=True)
    shell.key_file.parent.write_text("not a folder")
    done = shell.run(*command, BFL_API_KEY="")
    if command == ["auth", "logout"]:
        assert (done.code, done.out) == (0, "there is no stored key\n")
    else:
        assert (done.code, "no API key: set BFL_API_KEY" in done.err) == (4, True), done.err


@unix
@pytest.mark.parametrize(("content", "mode"), [("no key at all\n", 0o600), (f"{KEY}\n", 0o644), ("", 0o600)])
def test_logout_removes_what_cannot_be_used(shell: Shell, content: str, mode: int) -> None:
    """A key file that others can read, or that holds no key, is refused as a key, and is gone after logout."""
    path = shell.key_file
    path.parent.mkdir(parents=True)
    path.write_text(content)
    path.chmod(mode)
    assert shell.run("auth", "status", BFL_API_KEY="").code == 4
    done = shell.run("auth", "logout", BFL_API_KEY="")
    assert (done.code, done.out, path.exists()) == (0, f"removed {path}\n", False), done.err


@unix
def test_a_key_of_another_user_is_refused(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key file that another user owns is refused, though nobody else can read it: who knows whose key it is."""
    path = shell.key_file
    path.parent.mkdir(parents=True)
    path.write_text(KEY)
    path.chmod(0o600)
    monkeypatch.setattr(os, "geteuid", lambda: path.stat().st_uid + 1)
    done = shell.run("credits", BFL_API_KEY="")
    assert (done.code, "belongs to another user" in done.err) == (4, True), done.err


@pytest.mark.parametrize("content", ["two words", "schl\u00fcssel", "tab\tbed", "x" * 1001])
def test_what_cannot_be_a_key_is_none(shell: Shell, content: str) -> None:
    """A key file that holds something that cannot be sent as a key is refused before anything is sent; so is input."""
    shell.key_file.parent.mkdir(parents=True)
    shell.key_file.write_text(content, encoding="utf-8")
    shell.key_file.chmod(0o600)
    done = shell.run("credits", BFL_API_KEY="")
    assert (done.code, "does not contain a key" in done.err) == (4, True), done.err
    typed = shell.run("auth", "login", stdin=f"{content}\n".encode(), BFL_API_KEY="")
    assert (typed.code, shell.key_file.read_text(encoding="utf-8")) == (4, content)


def test_a_key_of_the_file_is_hidden_too(shell: Shell) -> None:
    """A key from the key file is taken out of the results that are printed, whatever the key looks like."""
    assert shell.emulator is not None
    shell.key_file.parent.mkdir(parents=True)
    shell.key_file.write_text("anolderkey")
    shell.key_file.chmod(0o600)
    body = {"finetunes": ["of anolderkey"]}
    shell.emulator.script({"fault": "answer", "operation": "utility", "status": 200, "body": body})
    for form in ([], ["--json"]):
        done = shell.run("finetunes", "list", *form, BFL_API_KEY="")
        assert (done.code, "of " in done.out, "anolderkey" in done.out) == (0, True, False), done


class Ring:
    """A system keyring, in place of the user's."""

    def __init__(self, value: str | None = None, error: type[Exception] | None = None) -> None:
        self.value, self.error = value, error

    def _ask(self) -> None:
        if self.error is not None:
            raise self.error

    def get_password(self, service: str, name: str) -> str | None:
        self._ask()
        return self.value

    def set_password(self, service: str, name: str, value: str) -> None:
        self._ask()
        self.value = value

    def delete_password(self, service: str, name: str) -> None:
        self._ask()
        self.value = None


def ring(monkeypatch: pytest.MonkeyPatch, value: str | None = None, error: type[Exception] | None = None) -> Ring:
    """The keyring that bfl finds from now on."""
    keyring, made = pytest.importorskip("keyring"), Ring(value, error)
    for name in ("get_password", "set_password", "delete_password"):
        monkeypatch.setattr(keyring, name, getattr(made, name))
    return made


def test_the_keyring_holds_the_key_and_the_file_a_word(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --keyring the key is in the keyring alone, is used from there, and is gone from there after logout."""
    assert shell.emulator is not None
    key, none, made = shell.emulator.api_key, {"BFL_API_KEY": ""}, ring(monkeypatch)
    done = shell.run("auth", "login", "--keyring", "--json", stdin=f"{key}\n".encode(), env=none)
    assert done.json == {"source": "keyring", "place": "the system keyring"}
    assert (made.value, key in shell.key_file.read_text()) == (key, False)
    made.value = f"{key}\n"
    assert shell.run("auth", "status", "--json", env=none).json["source"] == "keyring"
    assert len(shell.run("auth", "logout", "--json", env=none).json["removed"]) == 2
    assert (made.value is None, shell.key_file.exists()) == (True, False)
    made.value = "of another program"
    assert shell.run("auth", "login", stdin=f"{key}\n".encode(), env=none).code == 0
    assert len(shell.run("auth", "logout", "--json", env=none).json["removed"]) == 1
    assert made.value == "of another program"


@pytest.mark.parametrize("value", [None, ""])
def test_a_keyring_without_the_key_is_a_setting(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    """A key file that refers to a keyring without a key leads to the command that stores one there."""
    ring(monkeypatch, value)
    shell.key_file.parent.mkdir(parents=True)
    shell.key_file.write_text("keyring\n")
    shell.key_file.chmod(0o600)
    done = shell.run("credits", BFL_API_KEY="")
    assert (done.code, "bfl auth login --keyring" in done.err) == (4, True), done.err


@pytest.mark.parametrize("error", ["KeyringError", "RuntimeError"])
def test_a_keyring_that_fails_is_a_setting(shell: Shell, monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    """A keyring that fails stores nothing, shows nothing of its words, and hinders no logout."""
    errors = pytest.importorskip("keyring.errors")
    made = ring(monkeypatch, None, getattr(errors, error, RuntimeError))
    done = shell.run("auth", "login", "--keyring", stdin=KEY.encode(), BFL_API_KEY="")
    assert (done.code, shell.key_file.exists()) == (4, False), done.err
    shell.key_file.parent.mkdir(parents=True)
    shell.key_file.write_text("keyring\n")
    shell.key_file.chmod(0o600)
    assert shell.run("credits", BFL_API_KEY="").code == 4
    done = shell.run("auth", "logout", "--json", BFL_API_KEY="")
    assert (done.code, done.json) == (0, {"removed": [str(shell.key_file)]}), done.err
    assert made.value is None


RING = """
import pathlib
import keyring.backend
RING = pathlib.Path("ring")
class Ring(keyring.backend.KeyringBackend):
    priority = 1
    def get_password(self, service, name): return RING.read_text() if RING.exists() else None
    def set_password(self, service, name, value): RING.write_text(value)
    def delete_password(self, service, name): RING.unlink()
"""


def test_the_system_keyring_is_used_when_asked_for(shell: Shell) -> None:
    """`bfl auth login --keyring` puts the key into the keyring and only a word into the key file; bfl then uses it."""
    pytest.importorskip("keyring")
    assert shell.emulator is not None
    (shell.here / "ring_for_tests.py").write_text(RING)
    paths = os.pathsep.join([str(shell.here), *filter(None, [os.environ.get("PYTHONPATH")])])
    ring = {"BFL_API_KEY": "", "PYTHON_KEYRING_BACKEND": "ring_for_tests.Ring", "PYTHONPATH": paths}
    kept = shell.process("auth", "login", "--keyring", stdin=shell.emulator.api_key.encode(), env=ring)
    assert kept.code == 0, kept.err
    assert shell.key_file.read_text() == "keyring\n"
    shown = shell.process("auth", "status", "--json", env=ring)
    assert (shown.code, shown.json["source"]) == (0, "keyring"), shown.err
    assert shell.process("auth", "logout", env=ring).code == 0
    assert not (shell.here / "ring").exists()
    shell.key_file.write_text("keyring\n")
    shell.key_file.chmod(0o600)
    assert shell.process("credits", env={**ring, "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}).code == 4


def test_credits_and_finetunes(shell: Shell) -> None:
    """Credits and finetunes are printed in words and as JSON; nothing is deleted unless it is meant."""
    done = shell.run("credits")
    assert (done.code, done.out.endswith(" credits\n"), done.err) == (0, True, "")
    assert shell.run("--json", "credits").json["credits"] > 0
    assert shell.run("finetunes", "list").out == "my-finetune\n"
    assert shell.run("finetunes", "list", "--json").json == ["my-finetune"]
    details = shell.run("finetunes", "show", "my-finetune", "--json").json["finetune_details"]
    shown = shell.run("finetunes", "show", "my-finetune").out
    assert [line.partition(": ")[0] for line in shown.splitlines()] == list(details)
    assert shell.run("finetunes", "delete", "my-finetune").code == 2
    assert shell.emulator is not None
    for found, said in ((["a", {"id": "b"}], 'a\n{"id": "b"}\n'), ([], "no finetunes\n")):
        shell.emulator.script(
            {"fault": "answer", "operation": "utility", "status": 200, "body": {"finetunes": found}, "times": 1}
        )
        assert shell.run("finetunes", "list").out == said
    if sys.platform != "win32":
        code, screen = shell.terminal("finetunes", "delete", "my-finetune", keys=((b"[y/N]", b"n\n"),))
        assert (code, "for good" in screen) == (130, True)
    assert shell.run("finetunes", "delete", "my-finetune", "--yes").out == "deleted finetune my-finetune\n"
    gone = shell.run("finetunes", "show", "my-finetune")
    assert (gone.code, "404" in gone.err, "later" in gone.err) == (8, True, False)


@linux
def test_a_key_file_is_closed(shell: Shell) -> None:
    """Reading the key file again and again leaves none of it open."""
    assert shell.emulator is not None
    assert shell.run("auth", "login", stdin=shell.emulator.api_key.encode(), BFL_API_KEY="").code == 0
    for _ in range(3):
        assert shell.run("auth", "status", BFL_API_KEY="").code == 0
    opened = (Path(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd"))
    assert shell.key_file.resolve() not in [each.resolve() for each in opened]


@unix
def test_a_key_is_typed_unseen(shell: Shell) -> None:
    """On a terminal `bfl auth login` asks for the key, and what is typed does not show."""
    code, screen = shell.terminal("auth", "login", keys=((b"API key", f"{KEY}\n".encode()),), BFL_API_KEY="")
    assert code == 0, screen
    assert "API key" in screen
    assert KEY not in screen
    assert shell.key_file.read_text() == f"{KEY}\n"


def test_debug_shows_the_requests_without_the_key(shell: Shell) -> None:
    """--debug tells each request, without its path, and never the key, nor does what describes a key."""
    assert shell.emulator is not None
    done = shell.run("credits", "--debug")
    assert re.search(r" httpx2?: .*GET http://127\.0\.0\.1", done.err), done.err
    assert not [each for each in (shell.emulator.api_key, "/v1/credits") if each in done.out + done.err]
    assert KEY not in repr(Key(KEY, "file", "a file"))


def test_a_key_in_the_current_folder_is_not_taken(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the user has no home, no key file is read: one in the current folder may be anybody's."""
    assert shell.emulator is not None
    monkeypatch.setattr(platformdirs, "user_config_dir", lambda *_, **__: "config")
    (shell.here / "config").mkdir()
    (shell.here / "config" / "key").write_text(shell.emulator.api_key)
    (shell.here / "config" / "key").chmod(0o600)
    done = shell.run("credits", BFL_API_KEY="")
    assert (done.code, "no API key" in done.err) == (4, True), done
