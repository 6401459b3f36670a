"""A client for one command: with the user's key, or with an emulator that lives as long as the command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

from bfl_client.errors import ConfigurationError

from . import keys
from .exits import Problem
from .screen import Screen

if TYPE_CHECKING:
    from bfl_client import Client

EMULATOR_SPEED = 4.0  # times as fast as the service: long enough to see the progress, short enough for a demonstration


@contextmanager
def client(screen: Screen, *, emulated: bool = False) -> Iterator[Client]:
    """A client, closed at the end.

    Raises:
        Problem: there is no key.
        ConfigurationError: there is one that cannot be used.
    """
    from bfl_client import Client

    if emulated:
        running = emulator_module().Emulator(speed=EMULATOR_SPEED)
        with running as emulator, Client(emulator.api_key, emulator.base_url) as client:
            yield client
        return
    key = known_key(screen)
    with Client(key.value) as client:
        yield client


def known_key(screen: Screen) -> keys.Key:
    """The user's key, which the screen then never shows.

    Raises:
        Problem: there is none.
    """
    key = keys.find()
    if key is None:
        raise Problem(
            "configuration", f"no API key: set {keys.VARIABLE}, or keep one with bfl auth login; --emulator needs none"
        )
    screen.secrets.append(key.value)
    return key


def emulator_module() -> ModuleType:
    """The emulator as a program.

    Raises:
        ConfigurationError: its extra is not installed.
    """
    try:
        from bfl_emulator import program
    except ModuleNotFoundError as error:
        raise ConfigurationError(f'the emulator needs {error.name}: pip install "bfl-client[emulator]"') from error
    return program
