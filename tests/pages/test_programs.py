"""The Python of the pages is run as it stands."""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from bfl_api.table import ENDPOINTS
from bfl_client import Client
from bfl_emulator import Emulator

from .playing import same
from .reading import PAGES, Block, blocks, name_of, play

WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]


@pytest.fixture
def here(tmp_path: Path, samples: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder of a program, with what it sends; the environment leads to the emulator."""
    folder = tmp_path / "here"
    shutil.copytree(samples, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    emulator.use(monkeypatch)
    return folder


def _run(code: str, names: dict[str, Any]) -> None:
    """Run a program, or a cell of a notebook, which may await."""
    program = compile(code, "page", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    if program.co_flags & inspect.CO_COROUTINE:
        asyncio.run(eval(program, names))
    else:
        exec(program, names)


def _test(file: str) -> None:
    """Run a file of tests as a reader would."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", file]
    if not any(entry.name == "bfl_emulator.plugin" for entry in importlib.metadata.entry_points(group="pytest11")):
        command += ["-p", "bfl_emulator.plugin"]  # a checkout that is not installed
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def _shown(block: Block) -> str | None:
    """What the page says that a program prints: the next block, if it is text."""
    following = [each for each in blocks(block.page) if each.line > block.line][:1]
    return following[0].text if following and following[0].language == "text" else None


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_the_programs_of_a_page_run(page: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The programs of a page, in order and in one namespace, run without a warning, and save and print what it says."""
    names: dict[str, Any] = {"__name__": "__main__"}

    def run(block: Block) -> None:
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
        if block.file.startswith("test_"):
            _test(block.file)
            return
        _run(block.text, names)
        printed, shown = capsys.readouterr().out, _shown(block)
        assert shown is None or same(shown, printed), printed
        assert set(re.findall(r'save\("([^"]{2,})"\)', block.text)) <= {path.name for path in here.iterdir()}

    play(blocks(page, "python"), run)
    for client in names.values():
        if isinstance(client, Client):
            client.close()


def test_the_webhook_receiver_takes_what_verifies(here: Path) -> None:
    """The receiver answers 200 to a delivery with the secret and saves its picture, and 403 to one without."""
    (block,) = [block for page in PAGES for block in blocks(page, "python") if "webhooks.parse" in block.text]
    before = set(here.iterdir())
    names: dict[str, Any] = {"__name__": "receiver"}
    exec(block.text, names)
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
    assert [path.stem for path in set(here.iterdir()) - before] == ["task-1"]
