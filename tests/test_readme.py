"""The README is run: its programs, its commands, and what it says they print."""

from __future__ import annotations

import importlib.metadata
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from bfl_api.table import ENDPOINTS
from bfl_api.utility import Utility
from bfl_client import Client
from bfl_emulator import Emulator

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def needs(text: str) -> None:
    """Skip what names an endpoint that the specification does not have; a refresh may bring an older one."""
    methods = {method for endpoint in ENDPOINTS.values() for method in endpoint.method_names}
    called = re.findall(r"\.(?:submit|generate)\.(\w+)\(", text)
    named = re.findall(r'\.(?:submit|generate|map)\(\s*"([^"]+)"|^bfl generate (\S+)', text, re.MULTILINE)
    absent = [name for name in called if name not in methods]
    absent += [name for pair in named for name in pair if name and name not in ENDPOINTS]
    if absent:
        pytest.skip(f"the specification has no {absent[0]}")
    if ".credits()" in text and not hasattr(Utility, "credits"):
        pytest.skip("the specification has no operation that reports the credits")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def run(code: str, folder: Path, emulator: Emulator) -> str:
    env = {**os.environ, "BFL_BASE_URL": emulator.base_url, "BFL_API_KEY": emulator.api_key}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=folder, env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("code", blocks("python"), ids=lambda code: code.splitlines()[-1].strip()[:40])
def test_every_program_runs(code: str, tmp_path: Path) -> None:
    """Each Python program of the README runs without a warning, and saves what it says it saves."""
    needs(code)
    with Emulator(speed=1000) as emulator:
        printed = run(code, tmp_path, emulator)
    emulator.assert_no_leaks()
    saved = set(re.findall(r'save\("([^"]{2,})"\)', code))
    assert saved <= {path.name for path in tmp_path.iterdir()}
    assert "Error" not in printed


def test_the_fixture_example_passes(tmp_path: Path) -> None:
    """The README's test of an application passes as it stands, run by pytest in an empty folder."""
    (code,) = [block for block in blocks("python") if block.startswith("# test_shop.py")]
    needs(code)
    (tmp_path / "test_shop.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_shop.py"]
    if not any(entry.name == "bfl_emulator.plugin" for entry in importlib.metadata.entry_points(group="pytest11")):
        command += ["-p", "bfl_emulator.plugin"]  # a checkout that is not installed
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert "1 passed" in done.stdout, done.stdout + done.stderr


def test_the_webhook_receiver_takes_what_verifies(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, bfl_emulator: Emulator
) -> None:
    """The README's receiver answers 200 to a delivery with the secret and saves its picture, and 403 to one without."""
    (code,) = [block for block in blocks("python") if "webhooks.parse" in block]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    bfl_emulator.use(monkeypatch)
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(code, names)
    with Client() as client:
        made = client.generate(next(iter(ENDPOINTS)), prompt="a fox")

    async def deliver() -> list[int]:
        transport = httpx.ASGITransport(app=names["app"])
        async with httpx.AsyncClient(transport=transport, base_url="http://receiver") as client:
            body = {"id": "task-1", "status": "Ready", "result": made.raw["result"]}
            answers = [await client.post("/hook", json=body, headers={"X-Webhook-Secret": s}) for s in ("s3cret", "no")]
            await names["client"].close()
            return [answer.status_code for answer in answers]

    assert anyio.run(deliver) == [200, 403]
    assert [path.stem for path in tmp_path.iterdir()] == ["task-1"]


def test_the_refusal_prints_what_the_readme_shows(tmp_path: Path) -> None:
    """The text shown after the refused request is what the program prints."""
    (code,) = [block for block in blocks("python") if "ConstraintError" in block]
    needs(code)
    with Emulator(speed=1000) as emulator:
        assert run(code, tmp_path, emulator) == blocks("text")[0]


def test_the_first_program_has_eight_lines() -> None:
    """The first program of the README has eight lines, blank ones aside."""
    assert len([line for line in blocks("python")[0].splitlines() if line.strip()]) == 8


def test_the_command_line_makes_the_picture(tmp_path: Path) -> None:
    """The README's bfl command, run in an empty folder, makes the file that it names."""
    (command,) = [block for block in blocks("sh") if block.startswith("bfl generate ")]
    needs(command)
    arguments = shlex.split(command)
    done = subprocess.run(
        [sys.executable, "-m", "bfl_cli", *arguments[1:]],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "fox.png").stat().st_size > 1000


def test_the_two_commands_are_what_ci_runs() -> None:
    """Both commands of the first screen name sessions that exist, and CI runs them word for word from here."""
    first, second = (block.strip() for block in blocks("sh")[:2])
    sessions = set(re.findall(r"^def (\w+)\(session", (ROOT / "noxfile.py").read_text(encoding="utf-8"), re.MULTILINE))
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in (first, second):
        assert command.split()[-1] in sessions
        pattern = re.search(rf"grep -m1 -o '(.*-s {command.split()[-1]})\$'", script)
        assert pattern is not None
        assert pattern[1] == command


def test_every_session_that_the_readme_names_exists() -> None:
    """Each `nox -s` of the README names a session of the noxfile."""
    text = (ROOT / "noxfile.py").read_text(encoding="utf-8")
    sessions = set(re.findall(r"^def (\w+)\(session", text, re.MULTILINE)) | set(re.findall(r'name="([\w-]+)"', text))
    named = re.findall(r"nox -s\s+([\w-]+)", README)
    assert {"refresh", "changes", "mutants", "contract-live"} <= set(named) <= sessions


@pytest.mark.parametrize("command", re.findall(r"^python3 -m (codegen .*)$", README, re.MULTILINE))
def test_the_commands_of_codegen_exit_with_zero_for_the_same_specification(command: str, tmp_path: Path) -> None:
    """Each codegen command of the README runs as it stands, and finds no change in a copy of the specification."""
    shutil.copy(ROOT / "openapi.json", tmp_path / "new.json")
    arguments = [str(tmp_path / word) if word in ("new.json", "report.md") else word for word in shlex.split(command)]
    done = subprocess.run([sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
