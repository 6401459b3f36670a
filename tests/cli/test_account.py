"""Keys, credits, finetunes: what belongs to the user, and is never shown."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

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
