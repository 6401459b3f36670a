"""A PostgreSQL of one's own, from the system's package: started for a test, gone after it.

BFL_REQUIRE_POSTGRES=1 turns the skip where there is none into a failure.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PLACES = "/usr/lib/postgresql"  # where Debian keeps the binaries, a folder for each version


def programs() -> Path:
    """The folder of initdb and postgres; skips the test if there is none."""
    found = [path.parent for path in sorted(Path(PLACES).glob("*/bin/initdb"), reverse=True)]
    on_path = shutil.which("initdb")
    if on_path is not None:
        found.append(Path(on_path).resolve().parent)
    for folder in found:
        if (folder / "postgres").is_file():
            return folder
    reason = "there is no PostgreSQL; Debian's package is postgresql"
    if os.environ.get("BFL_REQUIRE_POSTGRES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def postgres() -> Iterator[str]:
    """The URL of a server that listens on a socket in a folder of its own, and is run by nobody special."""
    bin = programs()
    owner = next((name for name in ("postgres", "nobody") if _known(name)), None) if os.geteuid() == 0 else None
    runs: dict[str, Any] = {"user": owner, "extra_groups": []} if owner else {}
    with tempfile.TemporaryDirectory(prefix="bfl-", dir="/tmp") as name:  # short: the path of a socket is limited
        folder = Path(name)
        if owner:
            shutil.chown(folder, owner)
        folder.chmod(0o755)
        data = str(folder / "data")
        plain = {"stdout": subprocess.DEVNULL, "cwd": name, "timeout": 60, **runs}
        subprocess.run([bin / "initdb", "-D", data, "-U", "bfl", "-A", "trust", "--no-sync"], check=True, **plain)
        options = ["-c", "listen_addresses=", "-c", f"unix_socket_directories={name}", "-c", "fsync=off"]
        log = open(folder / "log", "wb")  # noqa: SIM115
        server: Any = subprocess.Popen(
            [bin / "postgres", "-D", data, *options], stdout=log, stderr=log, cwd=name, **runs
        )
        try:
            _await(server, folder / ".s.PGSQL.5432", folder / "log")
            yield f"postgresql://bfl@/postgres?host={name}"
        finally:
            server.send_signal(2)  # fast: clients are sent away
            server.wait(60)
            log.close()


def _known(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _await(server: Any, socket: Path, log: Path) -> None:
    import time

    import psycopg

    deadline = time.monotonic() + 60
    while True:
        assert server.poll() is None, log.read_text("utf-8")
        try:
            psycopg.connect(f"postgresql://bfl@/postgres?host={socket.parent}").close()
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, log.read_text("utf-8")
            time.sleep(0.05)
