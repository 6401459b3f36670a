"""The programs in `examples` do what they say, against the emulator."""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from bfl_client import Client
from bfl_emulator import Emulator

EXAMPLES = Path(__file__).parents[1] / "examples"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def emulator() -> Iterator[Emulator]:
    """An emulator whose tasks are ready at once."""
    with Emulator(speed=float("inf")) as emulator:
        yield emulator
    emulator.assert_no_leaks()


@pytest.fixture
def run(emulator: Emulator, tmp_path: Path) -> Run:
    """Runs an example in an empty folder, warnings being errors."""

    def run(name: str, *arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "BFL_BASE_URL": emulator.base_url, "BFL_API_KEY": emulator.api_key, **more}
        command = [sys.executable, "-W", "error", str(EXAMPLES / name), *arguments]
        return subprocess.run(command, cwd=tmp_path, env=env, input=stdin, capture_output=True, text=True, timeout=60)

    return run


def test_one_picture(run: Run, emulator: Emulator, tmp_path: Path) -> None:
    """The synchronous example saves a picture of the prompt given; where it cannot, one line says why."""
    done = run("one_picture.py", "a", "hare")
    assert (done.returncode, "3.0 credits" in done.stdout) == (0, True), done.stderr
    assert (tmp_path / "picture.jpg").stat().st_size > 1000
    failed = run("one_picture.py", "#error")
    assert (failed.returncode, failed.stderr.count("\n")) == (1, 1)


def test_three_at_once(run: Run, tmp_path: Path) -> None:
    """The asynchronous example saves three pictures."""
    done = run("three_at_once.py")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fox.jpg", "hare.jpg", "owl.jpg"]


def test_resume(run: Run, emulator: Emulator, tmp_path: Path) -> None:
    """The resuming example pays once: a run that cannot wait leaves a private handle, and the next run the picture."""
    emulator.script({"fault": "status", "status": "Pending", "times": 3})
    first = run("resume.py", PATIENCE="0.3")
    assert "run this again" in first.stdout, first.stderr
    assert (tmp_path / "task.json").stat().st_mode & 0o777 == 0o600 or sys.platform == "win32"
    emulator.clear_script()
    second = run("resume.py")
    assert second.stdout == "lighthouse.jpg\n", second.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["lighthouse.jpg"]
    assert len(emulator.tasks) == 1


def test_webhook_receiver(emulator: Emulator, tmp_path: Path) -> None:
    """The receiver saves what the service delivers, once, and answers 403 to anyone who does not know the secret."""
    command = [sys.executable, "-m", "uvicorn", "--app-dir", str(EXAMPLES), "--port", "0", "webhook_receiver:app"]
    service = {"BFL_API_KEY": emulator.api_key, "BFL_BASE_URL": emulator.base_url}
    env = {**os.environ, **service, "HOOK_SECRET": "s3cret", "PYTHONUNBUFFERED": "1"}
    receiver = subprocess.Popen(
        command, cwd=tmp_path, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        assert receiver.stdout is not None
        url = (
            next(line for line in receiver.stdout if "running on" in line).split("running on ")[1].split()[0] + "/hook"
        )
        assert httpx.post(url, json={"id": "x", "status": "Ready"}).status_code == 403
        with Client(emulator.api_key, emulator.base_url) as client:
            task = client.submit.flux_2_pro(prompt="a fox", webhook_url=url, webhook_secret="s3cret")
        assert next(line for line in receiver.stdout if task.id in line) == f"{task.id}.jpg\n"
    finally:
        receiver.terminate()  # uvicorn lets what runs in the background finish
        receiver.communicate(timeout=30)
    assert (tmp_path / f"{task.id}.jpg").stat().st_size > 1000


def test_many_pictures(run: Run, tmp_path: Path) -> None:
    """The example with `map` saves what can be made, names what cannot, and says so by its exit code."""
    done = run("many_pictures.py", stdin="a fox\n#error\nan owl\n")
    assert done.stdout == "0000.jpg\n0002.jpg\n"
    assert (done.returncode, done.stderr.startswith("#error: ")) == (1, True), done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0000.jpg", "0002.jpg"]


def test_testing_with_the_emulator(tmp_path: Path) -> None:
    """The tests in the example pass as they stand, run by pytest in an empty folder."""
    example = "test_with_the_emulator.py"
    (tmp_path / example).write_text((EXAMPLES / example).read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", example]
    if not any(entry.name == "bfl_emulator.plugin" for entry in importlib.metadata.entry_points(group="pytest11")):
        command += ["-p", "bfl_emulator.plugin"]  # a checkout that is not installed
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "2 passed" in done.stdout, done.stdout + done.stderr
