"""A private PostgreSQL, from the system's package: started for a test, gone after it.

pytest-postgresql does not fit: it cannot start a server as root, listens on a port that it hopes to be free, and brings
three packages. BFL_REQUIRE_POSTGRES=1 turns the skip where there is none into a failure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PLACES = "/usr/lib/postgresql"  # where Debian keeps the binaries, a folder for each version


def programs() -> Path:
    """The folder of pg_ctl and initdb; skips the test if there is none."""
    if sys.platform == "win32":
        pytest.skip("the server is reached by a socket in a folder, which Windows has not")
    found = [path.parent for path in sorted(Path(PLACES).glob("*/bin/pg_ctl"), reverse=True)]
    on_path = shutil.which("pg_ctl")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    for folder in found:
        if (folder / "initdb").is_file():
            return folder
    reason = "there is no PostgreSQL; Debian's package is postgresql"
    if os.environ.get("BFL_REQUIRE_POSTGRES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


class Server:
    """A server that listens on a socket in a folder of its own.

    Attributes:
        url: of its database ``postgres``.
    """

    def __init__(self, bin: Path, folder: str) -> None:
        self._bin, self._folder, self._user = bin, folder, _somebody()
        if self._user:
            shutil.chown(folder, self._user)
        self.url = f"postgresql://bfl@/postgres?host={folder}"
        self._run("initdb", "-o", "-U bfl -A trust --no-sync")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-c listen_addresses= -c unix_socket_directories={self._folder} -c fsync=off"
        self._run("start", "-w", "-l", f"{self._folder}/log", "-o", options)

    def stop(self) -> None:
        """Stop it, and send its clients away."""
        self._run("stop", "-m", "fast")

    def _run(self, *arguments: str) -> None:
        command = [str(self._bin / "pg_ctl"), *arguments, "-D", f"{self._folder}/data"]
        runs: dict[str, Any] = {"user": self._user, "extra_groups": []} if self._user else {}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd="/", timeout=60, **runs)


def _somebody() -> str | None:
    """Who runs the server, if that cannot be root."""
    if sys.platform == "win32" or os.geteuid() != 0:
        return None
    import pwd

    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)


@contextmanager
def postgres() -> Iterator[Server]:
    """A server that has been started."""
    bin = programs()
    with tempfile.TemporaryDirectory(prefix="bfl-", dir="/tmp") as folder:  # short: a socket's path is limited
        server = Server(bin, folder)
        server.start()
        try:
            yield server
        finally:
            server.stop()
