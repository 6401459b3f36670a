"""Without an extra, one line says what to install."""

from __future__ import annotations

import pytest

from tests.needs import PICTURE

from .shell import BFL, Shell

KEY = {"BFL_API_KEY": "bfl_some_key_of_an_emulator"}


@pytest.mark.parametrize(
    ("extra", "missing", "arguments"),
    [
        ("cli", "typer", ["--help"]),
        ("emulator", "starlette", ["emulator"]),
        ("emulator", "uvicorn", ["generate", PICTURE, "a fox", "--emulator"]),
        ("batch", "sqlalchemy", ["batch", "jobs.jsonl", "-o", "out"]),
        ("batch", "sqlalchemy", ["batch", "status", "out"]),
        ("mcp", "mcp", ["mcp", "--budget", "1", "-o", "out"]),
        ("mcp", "PIL", ["mcp", "--budget", "1", "-o", "out"]),
        ("keyring", "keyring", ["auth", "login", "--keyring"]),
        ("show", "textual_image", ["generate", PICTURE, "a fox", "--show"]),
    ],
)
def test_without_an_extra_one_line_says_what_to_install(
    lonely_shell: Shell, extra: str, missing: str, arguments: list[str]
) -> None:
    """Where a library of an extra is missing, the command ends with one line that names the extra."""
    (lonely_shell.here / "jobs.jsonl").write_text(f'{{"endpoint": "{PICTURE}", "prompt": "a fox"}}\n')
    code = f"import sys; sys.modules[{missing!r}] = None; from bfl_cli import main; main()"
    done = lonely_shell.process(*arguments, stdin=b"bfl_some_key\n", program=[BFL[0], "-c", code], env=KEY)
    assert done.code == 4, done.err
    assert done.err.count("\n") == 1, done.err
    assert done.err.endswith(f'pip install "bfl-client[{extra}]"\n')
    assert done.out == ""
