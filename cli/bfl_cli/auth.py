"""The API key: where it comes from (the environment, a key file, the system keyring), and ``bfl auth``.

The key is never an option, because other users of a machine can see options, and it is never printed.
"""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import platformdirs
import typer
from bfl_client import files
from bfl_client.auth import cleaned
from bfl_client.errors import BFLError, ConfigurationError, in_line
from bfl_client.specification import credits_in_words

from .app import command, group
from .exits import Problem, extra, problem_of
from .screen import Screen

VARIABLE = "BFL_API_KEY"
LOGIN = "bfl auth login"
KEYRING = "keyring"  # the content of a key file when the key itself is in the system keyring
_SERVICE, _USER = "bfl-client", "api-key"
_LONGEST = 4096  # bytes of a key file; a key has about forty


class Key(NamedTuple):
    """A key and where it was found: `source` is "environment", "file" or "keyring", `place` says where to a person."""

    value: str
    source: str
    place: str

    def __repr__(self) -> str:
        return f"Key(source={self.source!r})"


def key_file() -> Path:
    """Path of the key file, such as ``~/.config/bfl/key``. It must be the user's own, with mode 0600."""
    return Path(platformdirs.user_config_dir("bfl", appauthor=False)) / "key"


def find(screen: Screen) -> Key:
    """The key from BFL_API_KEY, the key file or the keyring, in this order; the screen hides it from then on."""
    if value := cleaned(os.environ.get(VARIABLE, "")):
        key = Key(value, "environment", VARIABLE)
    else:
        path = key_file()
        text = _read(path) if path.is_absolute() else None  # else there is no home folder
        if text is None:
            message = f"no API key: set {VARIABLE}, or store one with bfl auth login; --emulator needs none"
            raise Problem("configuration", message)
        key = _from_keyring(path) if text == KEYRING else Key(text, "file", str(path))
    screen.secrets.append(key.value)
    return key


def _read(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe must not make us wait
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(f"the key file {in_line(path)} cannot be read: {error.strerror}") from error
    try:
        reason = _unsafe(os.fstat(descriptor))
        text = "" if reason else os.read(descriptor, _LONGEST).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    if not reason and not _possible(text):
        reason = f"does not contain a key; write one with {LOGIN}"
    if reason:
        raise ConfigurationError(f"the key file {in_line(path)} {reason}")
    return text


def _unsafe(found: os.stat_result) -> str:
    """Why a key file is refused: others could have written it, or can read it; empty for a safe one."""
    if not stat.S_ISREG(found.st_mode):
        return f"is not a regular file; write one with {LOGIN}"
    if sys.platform == "win32":  # has no such permissions; a user's folders are private
        return ""
    if found.st_uid != os.geteuid():
        return f"belongs to another user; write your own with {LOGIN}"
    mode = stat.S_IMODE(found.st_mode)
    return f"can be read by others (mode {mode:04o}): chmod 600 it" if mode & 0o077 else ""


def _possible(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text and len(text) <= 1000


@contextlib.contextmanager
def _keyring(failure: str) -> Iterator[Any]:
    """The library for the system keyring; its errors are raised as a ConfigurationError."""
    with extra("keyring"):
        import keyring
        import keyring.errors
    try:
        yield keyring
    except (keyring.errors.KeyringError, RuntimeError) as error:
        raise ConfigurationError(f"the system keyring {failure} ({type(error).__name__})") from error


def _from_keyring(path: Path) -> Key:
    with _keyring("cannot be read") as ring:
        value = ring.get_password(_SERVICE, _USER)
    if not value:
        raise ConfigurationError(f"{in_line(path)} refers to the system keyring, which has no key: {LOGIN} --keyring")
    return Key(value.strip(), "keyring", "the system keyring")


app = group("Show, store and forget the API key.")
Keyring = Annotated[bool, typer.Option("--keyring", help='Store it in the system keyring (extra "keyring").')]


@app.command()
@command
def status(screen: Screen) -> None:
    """Show where the key comes from, and whether the service accepts it.

    The first of these is used: the environment variable BFL_API_KEY; the key file, which must belong to you and have
    mode 0600; the system keyring, if the key file refers to it (bfl auth login --keyring).
    """
    from bfl_client import Client

    key = find(screen)
    named = {"environment": "the environment variable ", "file": "the key file "}.get(key.source, "") + key.place
    with Client(key.value) as client:
        host = client.base_url
        try:
            left = client.credits()
        except BFLError as error:
            problem = problem_of(error)
            problem.message = f"the key from {named} does not work at {host}: {problem.message}"
            raise problem from error
    text = f"the key from {named} works at {host}: {credits_in_words(left)} credits left"
    screen.result(text, {"source": key.source, "place": key.place, "base_url": host, "works": True, "credits": left})


@app.command()
@command
def login(screen: Screen, in_keyring: Keyring = False) -> None:
    """Store a key, typed without echo or piped in.

    It goes to the key file, or with --keyring to the system keyring.
    """
    value = _typed()
    if not _possible(value):
        raise Problem("configuration", "that is not an API key; nothing was stored", f"{LOGIN} < FILE, or type it")
    screen.secrets.append(value)
    if in_keyring:
        with _keyring("did not accept the key") as ring:
            ring.set_password(_SERVICE, _USER, value)
    path = key_file()
    files.private_folder(path.parent)
    files.write(path, f"{KEYRING if in_keyring else value}\n".encode("ascii"), private=True)
    place = "the system keyring" if in_keyring else str(path)
    shadowed = f"; {VARIABLE} is set, and takes precedence" if screen.secrets[0] != value else ""
    screen.result(f"stored in {place}{shadowed}", {"source": "keyring" if in_keyring else "file", "place": place})


def _typed() -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        import getpass

        return cleaned(getpass.getpass("API key (not shown): "))
    return "" if sys.stdin is None else cleaned(sys.stdin.readline(4096))


@app.command()
@command
def logout(screen: Screen) -> None:
    """Forget the key that bfl auth login stored."""
    path, removed = key_file(), []
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        in_keyring = path.read_bytes()[:_LONGEST].strip() == KEYRING.encode()
        path.unlink()
        removed.append(str(path))
        if in_keyring:
            with contextlib.suppress(ConfigurationError), _keyring("cannot be written") as ring:
                ring.delete_password(_SERVICE, _USER)
                removed.append("the key in the system keyring")
    screen.result(f"removed {' and '.join(removed)}" if removed else "there is no stored key", {"removed": removed})
