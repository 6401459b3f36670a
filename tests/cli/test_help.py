"""bfl --help, --version, and what starting the program imports."""

from __future__ import annotations

import subprocess
import sys

import pytest
from bfl_cli import app
from bfl_cli.exits import EXITS

from .shell import BFL, Shell


def test_help_lists_every_command_and_imports_none(lonely_shell: Shell) -> None:
    """`bfl --help` lists every command with one whole line, and imports no command, no httpx and no rich."""
    done = lonely_shell.run("--help", COLUMNS="80")
    assert done.code == 0
    for name, lazy in app.COMMANDS.items():
        assert f"  {name:<10} {lazy.help}\n" in done.out
    code = "import sys; from bfl_cli.app import run; run(['--help']); print(*sys.modules)"
    seen = subprocess.run([sys.executable, "-c", code], env=lonely_shell.environment(), capture_output=True, text=True)
    loaded = set(seen.stdout.rsplit("\n", 2)[-2].split())
    heavy = {
        "httpx",
        "rich",
        "rich.console",
        "attrs",
        "jsonschema_rs",
        "anyio",
        "platformdirs",
        "bfl_emulator",
        "keyring",
        "mcp",
        "bfl_mcp",
    }
    assert not loaded & heavy
    assert not loaded & {f"bfl_cli.{lazy.module}" for lazy in app.COMMANDS.values()}


@pytest.mark.parametrize("name", app.COMMANDS)
def test_every_command_has_the_same_options(name: str) -> None:
    """Every command, of a group too, has --json, --quiet and --debug, and begins its help as in the list."""
    command = app.load(name)
    inner = getattr(command, "commands", None)
    for each in inner.values() if inner else [command]:
        options = {option for parameter in each.params for option in parameter.opts}
        assert {"--json", "--quiet", "--debug"} <= options, each.name
        assert each.help
    if not inner:
        assert command.help.splitlines()[0].rstrip(".").startswith(app.COMMANDS[name].help.rstrip("."))


def test_exit_codes_are_distinct() -> None:
    """No two kinds of end share a code."""
    assert len({each.code for each in EXITS.values()}) == len(EXITS)


def test_the_version_is_printed(lonely_shell: Shell) -> None:
    """`bfl --version` prints the package's version; bfl alone lists the commands."""
    from bfl_client import __version__

    assert lonely_shell.run("--version") == (0, f"bfl {__version__}\n", "")
    done = lonely_shell.run()
    assert (done.code, "Commands:" in done.err) == (2, True)


def test_the_installed_program_is_the_same(lonely_shell: Shell) -> None:
    """`python -m bfl_cli` is what the script bfl runs."""
    code = "from bfl_cli import main; import sys; sys.argv = ['bfl', '--version']; main()"
    done = subprocess.run([BFL[0], "-c", code], env=lonely_shell.environment(), capture_output=True, text=True)
    assert done.stdout == lonely_shell.run("--version").out


def test_the_skill_is_printed(lonely_shell: Shell) -> None:
    """`bfl skill` prints the whole text for an agent, in words and as JSON."""
    text = lonely_shell.run("skill").out
    assert text.startswith("---\nname: ")
    assert "bfl generate" in text
    assert lonely_shell.run("skill", "--json").json["skill"].rstrip("\n") == text.rstrip("\n")
