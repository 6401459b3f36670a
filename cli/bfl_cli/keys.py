"""Where the API key comes from: the environment, a key file, or the system keyring; never the command line."""

from __future__ import annotations

import os
import secrets
import stat
import sys
from pathlib import Path
from types import ModuleType
from typing import NamedTuple

import platformdirs
from bfl_client.errors import ConfigurationError

VARIABLE = "BFL_API_KEY"
KEYRING = "keyring"
"""What a key file says when the key itself is in the system keyring."""
_SERVICE, _USER = "bfl-client", "api-key"
_LONGEST = 4096  # bytes of a key file; a key has about forty


class Key(NamedTuple):
    """A key and where it was found."""

    value: str
    source: str
    """``"environment"``, ``"file"`` or ``"keyring"``."""
    place: str
    """The variable, the path or the keyring, as a person knows it."""

    def __repr__(self) -> str:
        return f"Key(source={self.source!r})"


def key_file() -> Path:
    """Path of the key file, such as ``~/.config/bfl/key``. It must be the user's own, with mode 0600."""
    return Path(platformdirs.user_config_dir("bfl", appauthor=False)) / "key"


def find() -> Key | None:
    """The key: from BFL_API_KEY, else from the key file, which may point to the system keyring; None if there is none.

    Raises:
        ConfigurationError: there is a key file, but it cannot be used; the message says what to do.
    """
    value = os.environ.get(VARIABLE, "").strip()
    if value:
        return Key(value, "environment", VARIABLE)
    path = key_file()
    text = _read(path) if path.is_absolute() else None  # or there is no home folder
    if text is None:
        return None
    if text == KEYRING:
        return _from_keyring(path)
    return Key(text, "file", str(path))


def _read(path: Path) -> str | None:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))  # a pipe must not make us wait
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigurationError(f"the key file {path} cannot be read: {error.strerror}") from error
    try:
        _check(path, os.fstat(descriptor))
        text = os.read(descriptor, _LONGEST).decode("ascii", "replace").strip()
    finally:
        os.close(descriptor)
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise ConfigurationError(f"the key file {path} holds no key; write one with bfl auth login")
    return text


def _check(path: Path, found: os.stat_result) -> None:
    """Refuse a key file that others could have written, or can read."""
    if not stat.S_ISREG(found.st_mode):
        raise ConfigurationError(f"the key file {path} is no regular file; write one with bfl auth login")
    if sys.platform == "win32":  # has no such permissions; the user's folders are private there
        return
    if found.st_uid != os.geteuid():
        raise ConfigurationError(f"the key file {path} belongs to another user; write your own with bfl auth login")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise ConfigurationError(
            f"the key file {path} can be read by others (mode {stat.S_IMODE(found.st_mode):04o}): chmod 600 it"
        )


def store(value: str) -> Path:
    """Write the key file, readable by its owner only; the text `KEYRING` makes it point to the keyring.

    Raises:
        OSError: it cannot be written.
    """
    path = key_file()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f".key.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{value}\n")
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return path


def forget() -> list[str]:
    """Remove the key file, and the key in the keyring if the file points to it; returns what was removed."""
    path = key_file()
    try:
        text = path.read_bytes()[:_LONGEST].strip()
    except (FileNotFoundError, NotADirectoryError):
        return []
    path.unlink()
    if text != KEYRING.encode():
        return [str(path)]
    ring = keyring()
    try:
        ring.delete_password(_SERVICE, _USER)
    except ring.errors.KeyringError:
        return [str(path)]
    return [str(path), "the key in the system keyring"]


def keyring() -> ModuleType:
    """The library that speaks to the system keyring, imported only here.

    Raises:
        ConfigurationError: it is not installed.
    """
    try:
        import keyring as ring
        import keyring.errors
    except ModuleNotFoundError as error:
        raise ConfigurationError('the system keyring needs an extra: pip install "bfl-client[keyring]"') from error
    return ring


def store_in_keyring(value: str) -> Path:
    """Put the key into the system keyring, and a word into the key file that says so.

    Raises:
        ConfigurationError: there is no keyring that can be used.
    """
    ring = keyring()
    try:
        ring.set_password(_SERVICE, _USER, value)
    except (ring.errors.KeyringError, RuntimeError) as error:
        raise ConfigurationError(f"the system keyring took no key ({type(error).__name__})") from error
    return store(KEYRING)


def _from_keyring(path: Path) -> Key:
    ring = keyring()
    try:
        value = ring.get_password(_SERVICE, _USER)
    except (ring.errors.KeyringError, RuntimeError) as error:
        raise ConfigurationError(f"the system keyring cannot be read ({type(error).__name__})") from error
    if not value:
        raise ConfigurationError(f"{path} points to the system keyring, which has no key: bfl auth login --keyring")
    return Key(value.strip(), "keyring", "the system keyring")
