"""A user's shell: the program bfl in an empty folder, with a home of its own."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import pytest
from bfl_cli import app, auth, state
from bfl_emulator import Emulator

BFL = [sys.executable, "-m", "bfl_cli"]
LIMIT = 100  # seconds for one process, which may take forty on a busy machine
SIGNALS = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

unix = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no signals to other processes, terminals, modes, fifos or limits"
)
linux = pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, /dev/full, or file names that are not UTF-8")


class Done(NamedTuple):
    """How bfl ended. Bytes that are not UTF-8 are kept as Python keeps them in file names."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What is on standard output, which must be one line of JSON."""
        assert self.out.endswith("\n")
        assert self.out.count("\n") == 1, self.out
        return json.loads(self.out)


def environment(home: Path, emulator: Emulator | None = None, **more: str) -> dict[str, str]:
    """The environment of bfl: nothing of the user who runs the tests, or of the container that they run in."""
    ours = ("BFL_", "XDG_", "_BFL", "COMP", "LC_", "LANG", "WIN_PD", "PYTHONUNBUFFERED")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    reached = {"BFL_BASE_URL": emulator.base_url, "BFL_API_KEY": emulator.api_key} if emulator else {}
    homes = {"HOME": str(home), "USERPROFILE": str(home), "WIN_PD_OVERRIDE_LOCAL_APPDATA": str(home)}
    plain = {"COLUMNS": "120", "TERM": "xterm", "PYTHONWARNINGS": "error", "PYTHONUTF8": "1"}
    return {**kept, **homes, **plain, **reached, **more}


class Shell:
    """Runs bfl.

    Attributes:
        here: the current folder, empty at first.
        home: the user's home.
        emulator: what bfl talks to; None for nothing.
    """

    def __init__(self, root: Path, emulator: Emulator | None = None) -> None:
        self.here, self.home, self.emulator = root / "here", root / "home", emulator
        self.here.mkdir()
        self.home.mkdir()

    def environment(self, **more: str) -> dict[str, str]:
        """The environment that bfl gets."""
        return environment(self.home, self.emulator, **more)

    def run(self, *arguments: str, stdin: bytes = b"", env: dict[str, str] | None = None, **more: str) -> Done:
        """Run bfl to its end, within this process: starting one takes most of the time. `env`, `more`: environment."""
        streams = [io.TextIOWrapper(io.BytesIO(data), "utf-8", "surrogateescape", "\n") for data in (stdin, b"", b"")]
        before = Path.cwd()
        os.chdir(self.here)
        try:
            with (
                mock.patch.dict(os.environ, {**self.environment(), **(env or {}), **more}, clear=True),
                mock.patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
                _quiet_loggers(),
            ):
                code = _code(arguments)
        finally:
            os.chdir(before)
        return Done(code, *(_text(stream.buffer.getvalue()) for stream in streams[1:]))

    def process(
        self,
        *arguments: str | bytes,
        stdin: bytes = b"",
        size: int | None = None,
        program: list[str] = BFL,
        env: dict[str, str] | None = None,
        **more: str,
    ) -> Done:
        """Run bfl to its end, as a process; `size` limits, in bytes, the files that it may write."""

        def limited() -> None:
            if sys.platform != "win32" and size is not None:
                import resource

                resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

        done = subprocess.run(
            [*program, *arguments],
            cwd=self.here,
            env={**self.environment(), **(env or {}), **more},
            input=stdin,
            capture_output=True,
            timeout=LIMIT,
            preexec_fn=limited if size is not None else None,
        )
        return _checked(Done(done.returncode, _text(done.stdout), _text(done.stderr)))

    @contextmanager
    def start(
        self, *arguments: str, env: dict[str, str] | None = None, program: list[str] = BFL, **more: str
    ) -> Iterator[Running]:
        """A bfl that runs, as a process, while the test does something."""
        running = Running(self, [*program, *arguments], {**(env or {}), **more})
        try:
            yield running
        finally:
            running.process.kill()
            running.process.communicate()

    def terminal(
        self,
        *arguments: str,
        columns: int = 80,
        keys: tuple[tuple[bytes, bytes], ...] = (),
        program: list[str] = BFL,
        **more: str,
    ) -> tuple[int, str]:
        """Run bfl on a terminal of its own; returns the exit code and everything that it showed.

        `keys` are pairs: once the first is shown, the second is typed, or answered by the terminal.
        """
        if sys.platform == "win32":
            raise NotImplementedError
        import fcntl
        import pty
        import struct
        import termios

        main, side = pty.openpty()
        fcntl.ioctl(side, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, columns * 10, 480))
        env = self.environment(**more)
        env.pop("COLUMNS")
        process = subprocess.Popen(
            [*program, *arguments],
            cwd=self.here,
            env=env,
            stdin=side,
            stdout=side,
            stderr=side,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # or /dev/tty would be that of the tests
        )
        os.close(side)
        try:
            code, shown = _watch(process, main, keys)
            _checked(Done(code, shown, ""))
            return code, shown
        finally:
            process.kill()
            process.wait()
            os.close(main)

    @property
    def files(self) -> list[str]:
        """Names in the current folder, hidden ones too."""
        return sorted(path.name for path in self.here.iterdir())

    @property
    def tasks(self) -> Path:
        """The folder of the handles."""
        with mock.patch.dict(os.environ, self.environment(), clear=True):
            return state.folder()

    @property
    def key_file(self) -> Path:
        """Where the key is kept."""
        with mock.patch.dict(os.environ, self.environment(), clear=True):
            return auth.key_file()

    @property
    def handles(self) -> list[Path]:
        """The handles of unfinished tasks."""
        return sorted(self.tasks.glob("*.json"))

    @property
    def kept(self) -> list[str]:
        """The ids of unfinished tasks."""
        return [json.loads(path.read_text())["id"] for path in self.handles]


class Running:
    """A process, read line by line on standard error."""

    def __init__(self, shell: Shell, command: list[str], more: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=shell.here,
            env=shell.environment(**more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.seen = ""

    def await_line(self, word: str) -> str:
        """Read standard error up to the line with a word."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.seen += line
            if word in line:
                return line
        raise AssertionError(f"bfl ended before it said {word}: {self.seen}")

    def interrupt(self, name: str = "SIGINT") -> None:
        """Press Ctrl-C, or send another signal."""
        self.process.send_signal(getattr(signal, name))

    def end(self) -> Done:
        """Wait until it has ended."""
        out, err = self.process.communicate(timeout=LIMIT)
        return _checked(Done(self.process.returncode, out, without_remarks(self.seen + err)))


def _checked(done: Done) -> Done:
    """The same; fails if bfl left something open, which Python only reports. An interrupt may come while one opens."""
    assert "Exception ignored" not in done.out + done.err or done.code == 130, done
    return done


def await_true(condition: Any, what: str) -> None:
    """Wait until something in this process has come true."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        select.select([], [], [], 0.01)


def _code(arguments: tuple[str, ...]) -> int:
    try:
        return app.run([*arguments])
    except SystemExit as end:  # what completion does
        assert isinstance(end.code, int)
        return end.code


@contextmanager
def _quiet_loggers() -> Iterator[None]:
    """Undo what --debug does to the loggers, which belong to the whole process."""
    loggers = [logging.getLogger(name) for name in ("bfl_client", "httpx")]
    before = [(each, each.level, [*each.handlers]) for each in loggers]
    try:
        yield
    finally:
        for logger, level, handlers in before:
            logger.level, logger.handlers = level, handlers
            logger.setLevel(level)


def _watch(process: subprocess.Popen[bytes], main: int, keys: tuple[tuple[bytes, bytes], ...]) -> tuple[int, str]:
    shown, deadline = b"", time.monotonic() + LIMIT
    waiting = list(keys)
    while time.monotonic() < deadline:
        ready, _, _ = select.select([main], [], [], 0.1)
        try:
            piece = os.read(main, 65536) if ready else b""
        except OSError:  # how Linux reports that the other side is closed
            break
        if not piece and process.poll() is not None:
            break
        shown += piece
        asked = sorted((pair for pair in waiting if pair[0] in shown), key=lambda pair: shown.index(pair[0]))
        for pair in asked:  # in the order of the questions, as a terminal does
            os.write(main, pair[1])
            waiting.remove(pair)
    return process.wait(timeout=LIMIT), _text(shown)


def without_remarks(text: str) -> str:
    """What a program wrote itself: in development mode, asyncio reports each step that took 0.1 seconds or longer."""
    return re.sub(r"^(WARNING:asyncio:)?Executing <.* took [0-9.]+ seconds\r?\n", "", text, flags=re.MULTILINE)


def _text(data: bytes) -> str:
    return without_remarks(data.decode("utf-8", "surrogateescape").replace(os.linesep, "\n"))
