"""``python -m tests.ordinary``: tests as an ordinary person runs them, on a copy of what git knows.

Everything that this person has is here at once: a folder with a space in its name, no rights of root, 1,024 files at
most, a home that cannot be written, the system's own Python, a proxy for everything, a shell that started it in the
background, and Python's development mode.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
NOBODY = 65534  # the user and group without rights, on most systems
FILES = 1024
SYSTEM = "/usr/bin/python3"
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["bfl-client"]
ELSEWHERE = [f"--ignore={path}" for path in SETTINGS["tests-of-other-sessions"]]
"""Options that leave out what is not of the fast suite."""


SENSITIVE = [f"tests/{name}" for name in ("batch", "cli", "client", "emulator", "mcp_server", "pages")]
"""Where programs, signals, sockets and files are; the other tests read documents and compare."""


def environment(home: Path, bin: Path) -> dict[str, str]:
    """The variables of the suite: those that are needed, and those that get in the way."""
    path = os.pathsep.join([str(bin), os.environ.get("PATH", "/usr/bin:/bin")])
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")
    rest = {"HOME": str(home), "TMPDIR": str(home.parent / "tmp dir"), "PYTHONDEVMODE": "1", "LANG": "C.UTF-8"}
    return {"PATH": path, **proxies, **rest}


def copied(folder: Path) -> Path:
    """A copy of every file that git knows, in a folder with a space in its name."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    there = folder / "my copy"
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (there / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, there / name)
    return there


def prepared(folder: Path) -> tuple[Path, Path]:
    """The copy, and a virtual environment of the system's Python with everything that the tests need."""
    there, venv = copied(folder), folder / "venv"
    system = SYSTEM if Path(SYSTEM).exists() else sys.executable
    subprocess.run([sys.executable, "-m", "virtualenv", "-q", "-p", system, str(venv)], check=True)
    python = str(venv / "bin" / "python")
    install = [python, "-m", "pip", "install", "-q", "-e", ".[all]", "--group", "test"]
    subprocess.run(install, cwd=there, check=True)
    subprocess.run([python, "-m", "codegen", "drift"], cwd=there, check=True)
    for name in ("home", "tmp dir"):
        (folder / name).mkdir()
    if sys.platform != "win32" and os.geteuid() == 0:
        subprocess.run(["chown", "-R", f"{NOBODY}:{NOBODY}", str(folder)], check=True)
    (folder / "home").chmod(0o555)
    return there, venv


def limited() -> None:
    """What the process that runs the tests gives up before it starts."""
    if sys.platform == "win32":
        return
    import resource
    import signal

    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a shell does for what it starts in the background
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)


def main(chosen: Sequence[str]) -> int:
    """Run the tests that depend on where they run, or those that are named; return pytest's exit code."""
    with tempfile.TemporaryDirectory(prefix="ordinary ") as name:
        folder = Path(name)
        folder.chmod(0o755)
        there, venv = prepared(folder)
        wanted = chosen or ["-n", "auto", *SENSITIVE, *ELSEWHERE]
        command = [str(venv / "bin" / "python"), "-m", "pytest", "-p", "no:cacheprovider", *wanted]
        variables = environment(folder / "home", venv / "bin")
        return subprocess.run(command, cwd=there, env=variables, preexec_fn=limited).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
