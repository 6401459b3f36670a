"""The command bfl as a process, against an emulator whose time the test holds in its hand."""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bfl_client import Client
from bfl_emulator import Emulator
from PIL import Image

BFL = [sys.executable, "-m", "bfl_client.cli"]


@pytest.fixture
def clock() -> list[float]:
    """The emulator's time, seconds; add to it to let time pass."""
    return [0.0]


@pytest.fixture
def emulator(clock: list[float]) -> Iterator[Emulator]:
    with Emulator(clock=lambda: clock[0]) as emulator:
        yield emulator


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """An empty folder to work in."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


def environment(here: Path, emulator: Emulator | None = None) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("BFL_", "XDG_"))}
    ours = {"BFL_BASE_URL": emulator.base_url, "BFL_API_KEY": emulator.api_key} if emulator else {}
    return {**kept, **ours, "HOME": str(here.parent), "XDG_STATE_HOME": str(here.parent / "state"), "COLUMNS": "120"}


def bfl(here: Path, *arguments: str, emulator: Emulator | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*BFL, *arguments], cwd=here, env=environment(here, emulator), capture_output=True, text=True, timeout=60
    )


def test_the_main_job_makes_a_picture(here: Path) -> None:
    """One command makes a picture of the asked size in an empty folder, and says its path, task and cost."""
    size = ["-p", "width=320", "-p", "height=256", "-p", "output_format=png"]
    done = bfl(here, "generate", "flux-dev", "a fox", *size, "-o", "fox.png", "--emulator")
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"fox\.png  task [0-9a-f-]{36}  cost .*\n", done.stdout)
    assert "Pending" in done.stderr
    with Image.open(here / "fox.png") as picture:
        assert (picture.format, picture.size) == ("PNG", (320, 256))
    assert [path.name for path in here.iterdir()] == ["fox.png"]


def test_without_a_key_one_line_says_what_to_set(here: Path) -> None:
    """Without a key and without --emulator there is one line, which names BFL_API_KEY, and no file."""
    done = bfl(here, "generate", "flux-dev", "a fox", "-o", "fox.png")
    assert done.returncode == 1
    assert done.stdout == ""
    assert re.fullmatch(r"bfl: .*BFL_API_KEY.*\n", done.stderr)
    assert not list(here.iterdir())


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-p", "width=1"], "width: must be an integer from 256 to 1440, a multiple of 32 (got 1)"),
        (["-p", "widht=512"], "did you mean 'width'"),
        (["-p", "image_prompt=cat.png"], "Path('cat.png')"),
        (["-p", "image_prompt=@cat.png"], "there is no file cat.png"),
        (["-p", "width"], "KEY=VALUE"),
        (["-p", "seed=1", "-p", "seed=2"], "given twice"),
        (["-o", "missing/fox.png"], "there is no folder missing"),
        (["-o", "exists.png"], "--force"),
    ],
)
def test_what_is_refused_is_refused_before_it_is_sent(
    here: Path, emulator: Emulator, arguments: list[str], told: str
) -> None:
    """A mistake on the command line is named with its remedy, and nothing reaches the service."""
    (here / "exists.png").write_bytes(b"precious")
    done = bfl(here, "generate", "flux-dev", "a fox", *arguments, emulator=emulator)
    assert done.returncode == 1
    assert told in done.stderr
    assert not emulator.requests
    assert (here / "exists.png").read_bytes() == b"precious"


def test_parameters_are_typed_by_the_specification(here: Path, emulator: Emulator, clock: list[float]) -> None:
    """Numbers, booleans and files arrive as such, and a number stays a text where the parameter is one."""
    Image.new("RGB", (64, 64)).save(here / "cat.png")
    given = ["-p", "width=512", "-p", "prompt_upsampling=true", "-p", "guidance=2.5", "-p", "user=1234"]
    with Popen(here, emulator, "generate", "flux-dev", "42", *given, "-p", "image_prompt=@cat.png") as process:
        process.await_line("Pending")
        clock[0] += 100
        assert process.wait() == 0
    (submit,) = [request for request in list(emulator.requests) if request.method == "POST"]
    body: Any = submit.body
    assert (body["prompt"], body["width"], body["prompt_upsampling"], body["guidance"]) == ("42", 512, True, 2.5)
    assert body["user"] == "1234"
    assert body["image_prompt"].startswith("iVBOR")


class Popen:
    """A running bfl, with its stderr read line by line."""

    def __init__(self, here: Path, emulator: Emulator, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [*BFL, *arguments],
            cwd=here,
            env=environment(here, emulator),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.seen = ""

    def __enter__(self) -> Popen:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def await_line(self, word: str) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.seen += line
            if word in line:
                return
        raise AssertionError(f"bfl ended before it said {word}: {self.seen}")

    def wait(self) -> int:
        out, err = self.process.communicate(timeout=60)
        self.seen += out + err
        return self.process.returncode


def handles(here: Path) -> list[Path]:
    return list((here.parent / "state").rglob("*.json"))


def test_an_interrupted_task_is_taken_up_again(here: Path, emulator: Emulator, clock: list[float]) -> None:
    """Ctrl-C prints the id and the command to resume, that command fetches the picture, and the handle is then gone."""
    with Popen(here, emulator, "generate", "flux-dev", "a fox", "-o", "fox.jpg") as process:
        process.await_line("Pending")
        process.process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    (task_id,) = emulator.tasks
    assert f"bfl task {task_id} -o fox.jpg" in process.seen
    assert "Traceback" not in process.seen
    assert emulator.api_key not in process.seen
    assert not list(here.iterdir())
    (handle,) = handles(here)
    assert stat.S_IMODE(handle.stat().st_mode) == 0o600
    assert stat.S_IMODE(handle.parent.stat().st_mode) == 0o700
    assert emulator.api_key not in handle.read_text()
    clock[0] += 100
    done = bfl(here, "task", task_id, "-o", "fox.jpg", emulator=emulator)
    assert done.returncode == 0, done.stderr
    with Image.open(here / "fox.jpg") as picture:
        assert picture.format == "JPEG"
    assert not handles(here)


def test_a_killed_bfl_leaves_its_handle(here: Path, emulator: Emulator) -> None:
    """After kill -9 while waiting, the handle is there and holds what resuming needs."""
    with Popen(here, emulator, "generate", "flux-dev", "a fox") as process:
        process.await_line("Pending")
        process.process.kill()
        process.wait()
    (handle,) = handles(here)
    assert json.loads(handle.read_text())["id"] in emulator.tasks


def test_an_unknown_task_is_an_error(here: Path, emulator: Emulator) -> None:
    """A task that was never kept is one line, not a traceback; a hostile id stays in its folder."""
    for name in ("nonsense", "../../../etc/passwd"):
        done = bfl(here, "task", name, emulator=emulator)
        assert done.returncode == 1
        assert re.fullmatch(r"bfl: no unfinished task.*\n", done.stderr)


def test_a_stopped_service_is_one_line(here: Path) -> None:
    """Without a service behind the base URL there is one line that says so."""
    with Emulator() as gone:
        pass
    env = {**environment(here), "BFL_API_KEY": "bfl_some_key_of_an_emulator", "BFL_BASE_URL": "http://127.0.0.1:9"}
    assert gone.base_url
    done = subprocess.run(
        [*BFL, "generate", "flux-dev", "x"], cwd=here, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1
    assert re.fullmatch(r"bfl: no answer \(ConnectError\)\n", done.stderr)


def test_without_the_extra_one_line_says_what_to_install(here: Path) -> None:
    """Where typer is missing, bfl says which extra to install."""
    code = "import sys; sys.modules['typer'] = None; from bfl_client.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", code], cwd=here, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr == 'bfl needs the extra "cli": pip install "bfl-client[cli]"\n'


def test_the_emulator_serves_until_interrupted(here: Path) -> None:
    """`bfl emulator` prints one line of JSON, serves a client, and ends cleanly on Ctrl-C."""
    process = subprocess.Popen(
        [*BFL, "emulator", "--speed", "inf"],
        cwd=here,
        env=environment(here),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        with Client(told["api_key"], told["base_url"]) as client:
            client.submit("flux-dev", prompt="a fox").save(here / "fox.jpg")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, out, err) == (0, "", "")
    assert (here / "fox.jpg").stat().st_size > 1000
