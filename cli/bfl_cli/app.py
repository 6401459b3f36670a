"""The program ``bfl``: a table of commands, each imported when it is used."""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module
from itertools import takewhile
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from .exits import Problem
from .redaction import key_given, mask
from .screen import Screen


class Lazy(NamedTuple):
    """A command that is imported when it is used."""

    module: str
    """Module of this package."""
    name: str
    """A function in it, or a `typer.Typer` with commands of its own."""
    help: str
    """One line for ``bfl --help``."""


COMMANDS: dict[str, Lazy] = {
    "generate": Lazy("generating", "app", "Make a picture or film, and save it."),
    "task": Lazy("tasks", "task", "Take up a task: look, wait, download."),
    "tasks": Lazy("tasks", "tasks", "List recent tasks."),
    "batch": Lazy("batch", "app", "Run many jobs from a file, losing none."),
    "endpoints": Lazy("describing", "endpoints", "List the endpoints."),
    "describe": Lazy("describing", "describe", "Show the parameters of an endpoint."),
    "validate": Lazy("describing", "validate", "Check a request without sending it."),
    "credits": Lazy("account", "credits", "Show the credits left."),
    "finetunes": Lazy("account", "finetunes", "List, show and delete finetunes."),
    "auth": Lazy("auth", "app", "See, store and forget the API key."),
    "emulator": Lazy("local", "emulator", "Serve the API on this machine."),
    "webhook": Lazy("hooks", "app", "Receive webhooks and print them."),
}


class Commands(TyperGroup):
    """The group of all commands; listing them imports none."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """What stands for the command in lists: its name and its one line."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name].help) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that is run, now imported."""
        self.commands = {name: self.get_command(ctx, name) for name in COMMANDS}  # for "did you mean"
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and load(str(name)), rest


def load(name: str) -> Any:
    """The command of a name of the table, imported.

    Raises:
        typer.Exit: it needs an extra that is not installed; one line has said so.
    """
    lazy = COMMANDS[name]
    found = getattr(import_module(f".{lazy.module}", __package__), lazy.name)
    if not isinstance(found, typer.Typer):
        function, found = found, typer.Typer(add_completion=False, rich_markup_mode=None)
        found.command(name)(function)
    built = typer.main.get_command(found)
    built.name = name
    return built


app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=True, pretty_exceptions_enable=False, rich_markup_mode=None
)


def _version(asked: bool) -> None:
    if asked:
        from bfl_client import __version__

        typer.echo(f"bfl {__version__}")
        raise typer.Exit


@app.callback()
def bfl(
    version: bool = typer.Option(False, "--version", is_eager=True, callback=_version, help="Show the version."),
) -> None:
    """Make pictures and films with the Black Forest Labs (FLUX) API.

    The key comes from BFL_API_KEY; try it without one:  bfl generate ENDPOINT "a fox" --emulator
    """


_UsageError: Any = typer.BadParameter.__base__  # typer has click inside it, or beside it, by its version


def _options_last(arguments: list[str]) -> list[str]:
    """``bfl --json credits`` is ``bfl credits --json``: what all commands take may stand before the command."""
    leading = list(takewhile({"--json", "--quiet", "-q", "--debug"}.__contains__, arguments))
    rest = arguments[len(leading) :]
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *leading, *rest[end:]] if rest else leading


def run(arguments: list[str]) -> int:
    """Carry out a command line; returns the exit code."""
    arguments = _options_last(arguments)
    screen = Screen(as_json="--json" in arguments)
    if "_BFL_COMPLETE" not in os.environ and key_given(arguments, screen.secrets):
        where = "set BFL_API_KEY, or keep it with bfl auth login; others may have seen this one: replace it"
        return _refuse(screen, Problem("usage", "a key never goes on the command line", where))
    try:
        code = app(arguments, prog_name="bfl", standalone_mode=False)
    except OSError as error:
        return _refuse(screen, Problem("output", f"standard output: {error.strerror or error}"))
    except (typer.Abort, KeyboardInterrupt):
        return _refuse(screen, Problem("interrupted", "interrupted"))
    except _UsageError as error:
        return _usage(screen, error)
    except ModuleNotFoundError as error:
        if (error.name or "bfl_").startswith("bfl_"):
            raise
        remedy = 'pip install "bfl-client[all]"'
        return _refuse(screen, Problem("configuration", f"this command needs {error.name}", remedy))
    return code if isinstance(code, int) else 0


def _usage(screen: Screen, error: Any) -> int:
    context: Any = error.ctx
    if type(error).__name__ == "NoArgsIsHelpError":
        screen.error(context.get_help())
        return 2
    message = mask(error.format_message()).rstrip(".")
    remedy = f"{context.command_path if context else 'bfl'} --help"
    return _refuse(screen, Problem("usage", message[:1].lower() + message[1:], remedy))


def _refuse(screen: Screen, problem: Problem) -> int:
    with contextlib.suppress(OSError):  # nobody to tell
        screen.problem(problem, problem)
    return problem.exit.code


def main() -> None:
    """Run ``bfl``."""
    from .interrupts import terminate_as_interrupt

    terminate_as_interrupt()
    sys.exit(run(sys.argv[1:]))
