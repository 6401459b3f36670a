"""The Python of the pages is run as it stands."""

from __future__ import annotations

import ast
import asyncio
import builtins
import dis
import importlib.metadata
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import CodeType
from typing import Any

import pytest
from bfl_api.table import ENDPOINTS
from bfl_client import Client
from bfl_emulator import Emulator
from fastapi.testclient import TestClient
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from PIL.Image import Image

from .playing import same
from .reading import PAGES, Block, blocks, name_of, play

Visit = Callable[[str, Callable[[TestClient], None]], None]
WITH_PYTHON = [page for page in PAGES if blocks(page, "python")]


@pytest.fixture
def here(tmp_path: Path, samples: Path, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder of a program, with what it sends; the environment leads to the emulator."""
    folder = tmp_path / "here"
    shutil.copytree(samples, folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOOK_SECRET", "s3cret")
    emulator.use(monkeypatch)
    yield folder
    instrumentor = HTTPXClientInstrumentor()
    if instrumentor.is_instrumented_by_opentelemetry:
        instrumentor.uninstrument()


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
    done = subprocess.run(command, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr


def _shown(block: Block) -> str | None:
    """What the page says that a program prints: the next block, if it is text."""
    following = [each for each in blocks(block.page) if each.line > block.line][:1]
    return following[0].text if following and following[0].language == "text" else None


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_the_programs_of_a_page_run(page: Path, here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The programs of a page, in order and in one namespace, run without a warning, and save and print what it says."""
    names: dict[str, Any] = {"__name__": "__main__"}
    opened = list[Client | Image]()

    def run(block: Block) -> None:
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
        if block.file.startswith("test_"):
            _test(block.file)
            return
        try:
            _run(block.text, names)
        finally:
            opened.extend(each for each in names.values() if isinstance(each, Client | Image))
        printed, shown = capsys.readouterr().out, _shown(block)
        assert shown is None or same(shown, printed), printed
        assert set(re.findall(r'save\("([^"]{2,})"\)', block.text)) <= {path.name for path in here.iterdir()}

    try:
        play(blocks(page, "python"), run)
    finally:
        for each in opened:
            each.close()


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_each_program_imports_what_it_uses(page: Path) -> None:
    """A program that is pasted without those before it lacks no import; what it may lack is a client or a task."""
    for block in blocks(page, "python"):
        assert _lacking(compile(block.text, "page", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)) <= {"client", "task"}, (
            block.place
        )


def _lacking(code: CodeType) -> set[str]:
    """The names that a program uses and does not bind, outside functions at least."""
    steps = [step for each in _codes(code) for step in dis.get_instructions(each)]
    used = {step.argval for step in steps if step.opname in ("LOAD_NAME", "LOAD_GLOBAL")}
    bound = {step.argval for step in steps if step.opname in ("STORE_NAME", "STORE_GLOBAL")}
    return used - bound - {*dir(builtins), "__annotations__"}


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


@pytest.fixture
def visit(here: Path) -> Visit:
    """Starts an application of a page, by the name of its file, and hands it to a visitor."""

    def visit(file: str, visitor: Callable[[TestClient], None]) -> None:
        def start(block: Block) -> None:
            names: dict[str, Any] = {"__name__": "application"}
            exec(block.text, names)
            with TestClient(names["app"]) as browser:
                visitor(browser)

        (block,) = [block for page in PAGES for block in blocks(page, "python") if block.file == file]
        play([block], start)

    return visit


def test_the_application_makes_pictures(visit: Visit, emulator: Emulator) -> None:
    """The web application accepts an order, delivers the picture, and says what went wrong in a status of its own."""

    def visitor(browser: TestClient) -> None:
        ordered = browser.post("/pictures", params={"prompt": "a fox"})
        assert ordered.status_code == 202
        assert browser.get(f"/pictures/{ordered.json()['id']}").content.startswith(b"\xff\xd8")
        refused = browser.post("/pictures", params={"prompt": "#content-moderated"}).json()["id"]
        answer = browser.get(f"/pictures/{refused}")
        assert (answer.status_code, answer.json()) == (410, {"status": "Content Moderated"})
        assert browser.get("/pictures/none").status_code == 404
        emulator.script({"fault": "answer", "operation": "submit", "status": 402, "body": {"detail": "no credits"}})
        assert browser.post("/pictures", params={"prompt": "a fox"}).status_code == 502

    visit("app.py", visitor)


def test_the_application_says_that_a_picture_is_not_ready(visit: Visit, emulator: Emulator) -> None:
    """A picture that is not ready in two seconds is answered with 202."""
    emulator.script({"fault": "status", "status": "Pending"})

    def visitor(browser: TestClient) -> None:
        ordered = browser.post("/pictures", params={"prompt": "a fox"}).json()["id"]
        assert browser.get(f"/pictures/{ordered}").status_code == 202

    visit("app.py", visitor)


def test_the_webhook_receiver_takes_what_verifies(visit: Visit, here: Path) -> None:
    """The receiver takes a delivery with the secret and saves its picture once, and answers 403 to one without."""
    before = set(here.iterdir())

    def visitor(browser: TestClient) -> None:
        with Client() as client:
            made = client.generate(next(iter(ENDPOINTS)), prompt="a fox")
        body = {"id": "task-1", "status": "Ready", "result": made.raw["result"]}
        for secret, status in (("s3cret", 200), ("s3cret", 200), ("no", 403)):
            assert browser.post("/hook", json=body, headers={"X-Webhook-Secret": secret}).status_code == status

    visit("hook.py", visitor)
    assert [path.name for path in set(here.iterdir()) - before] == ["task-1.jpg"]
