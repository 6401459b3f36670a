"""The program ``bfl``: a table of commands, each imported when it is used, and what all commands share."""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import takewhile
from typing import Annotated, Any, NamedTuple

import typer
from bfl_client.errors import shorten
from typer.core import TyperCommand, TyperGroup

from .exits import EXITS, Problem, problem_of
from .screen import Screen, discard, key_given, mask


class Lazy(NamedTuple):
    """A command that is imported when it is used: a function or a `typer.Typer` in a module of this package."""

    module: str
    name: str
    help: str
    """One line for ``bfl --help``."""


COMMANDS: dict[str, Lazy] = {
    "generate": Lazy("generate", "app", "Make a picture or video, and save it."),
    "task": Lazy("tasks", "task", "Resume a task: look, wait, download."),
    "tasks": Lazy("tasks", "tasks", "List recent tasks."),
    "batch": Lazy("batch", "app", "Run many jobs from a file, losing none."),
    "endpoints": Lazy("endpoints", "endpoints", "List the endpoints."),
    "describe": Lazy("endpoints", "describe", "Show the parameters of an endpoint."),
    "validate": Lazy("generate", "validating", "Check a request without sending it."),
    "credits": Lazy("service", "credits", "Show the credits left."),
    "finetunes": Lazy("service", "finetunes", "List, show and delete finetunes."),
    "auth": Lazy("auth", "app", "Show, store and forget the API key."),
    "emulator": Lazy("service", "emulator", "Serve the API on this machine."),
    "webhook": Lazy("webhook", "app", "Receive webhooks and print them."),
    "mcp": Lazy("mcp", "mcp", "Let models make pictures and videos (MCP)."),
    "skill": Lazy("skill", "skill", "Print the skill for agents that use bfl."),
}


class Commands(TyperGroup):
    """The group of all commands; listing them imports none."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A placeholder for lists of commands: the name and its one line."""
        return TyperCommand(cmd_name, help=COMMANDS[cmd_name].help) if cmd_name in COMMANDS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Import and return the command to run."""
        self.commands = {name: self.get_command(ctx, name) for name in COMMANDS}  # for "did you mean"
        name, found, rest = super().resolve_command(ctx, args)
        return name, found and load(str(name)), rest


def load(name: str) -> Any:
    """Import and return the command with that name in the table."""
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
    """Make pictures and videos with the Black Forest Labs (FLUX) API.

    The key comes from BFL_API_KEY. To try it without one:  bfl generate ENDPOINT "a fox" --emulator
    """


Json = Annotated[bool, typer.Option("--json", help="Print results and errors as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors on standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="Print everything known about an error, without secrets.")]


def command(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command from a function that takes a screen: add the common options, and end with an exit code."""

    @functools.wraps(function)
    def run(*args: Any, as_json: bool, quiet: bool, debug: bool, **options: Any) -> None:
        screen = Screen(as_json=as_json, quiet=quiet, debug=debug)
        with _reporting(screen):
            function(screen, *args, **options)

    _, *parameters = inspect.signature(function, eval_str=True).parameters.values()
    for name, kind in (("as_json", Json), ("quiet", Quiet), ("debug", Debug)):
        shared = inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        parameters.append(shared)
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # where typer looks
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


def group(help: str) -> typer.Typer:
    """A command that has subcommands."""
    return typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None, help=help)


@contextlib.contextmanager
def _reporting(screen: Screen) -> Iterator[None]:
    """Print an exception as a problem, and end with its exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:  # the reader of standard output has gone: print nothing
        raise typer.Exit(EXITS["pipe"].code) from None
    except (Exception, KeyboardInterrupt) as error:
        raise typer.Exit(screen.problem(problem_of(error), error)) from None


_UsageError: Any = typer.BadParameter.__base__  # some versions of typer contain click, others import it


def _options_last(arguments: list[str]) -> list[str]:
    """``bfl --json credits`` is ``bfl credits --json``: the common options may precede the command."""
    leading = list(takewhile({"--json", "--quiet", "-q", "--debug"}.__contains__, arguments))
    rest = arguments[len(leading) :]
    end = rest.index("--") if "--" in rest else len(rest)
    return [*rest[:end], *leading, *rest[end:]] if rest else leading


def run(arguments: list[str]) -> int:
    """Run a command line, and return the exit code."""
    arguments = _options_last(arguments)
    screen = Screen(as_json="--json" in arguments)
    if "_BFL_COMPLETE" not in os.environ and key_given(arguments, screen.secrets):
        remedy = "set BFL_API_KEY, or store it with bfl auth login; others may have seen this one: replace it"
        return _refuse(screen, Problem("usage", "a key must not be on the command line", remedy))
    try:
        code = app(arguments, prog_name="bfl", standalone_mode=False)
    except OSError as error:  # help, or the version
        discard(sys.stdout)
        return _refuse(screen, Problem("output", f"standard output: {error.strerror or error}"))
    except (typer.Abort, KeyboardInterrupt):
        return _refuse(screen, Problem("interrupted", "interrupted"))
    except _UsageError as error:
        return _usage(screen, error, arguments)
    return code if isinstance(code, int) else 0


def _usage(screen: Screen, error: Any, arguments: list[str]) -> int:
    context: Any = error.ctx
    if type(error).__name__ == "NoArgsIsHelpError":
        screen.error(context.get_help())
        return 2
    message = shorten(mask(error.format_message()), 400).rstrip(".")
    remedy = _as_pair(str(getattr(error, "option_name", "")), arguments) or _as_endpoint(context, arguments)
    remedy = remedy or f"{context.command_path.removesuffix(' run') if context else 'bfl'} --help"
    return _refuse(screen, Problem("usage", message[:1].lower() + message[1:], remedy))


def _as_pair(option: str, arguments: list[str]) -> str:
    """``-p width=512`` for ``--width 512``, if the endpoint on the line has that parameter, or any if none is named."""
    from bfl_client import specification

    name = option.lstrip("-").replace("-", "_")
    named = [each for each in arguments if each in specification.ENDPOINTS] or specification.ENDPOINTS
    if not any(name in specification.parameters(each) for each in named):
        return ""
    after = next((number for number, each in enumerate(arguments) if each.partition("=")[0] == option), 0)
    _, equals, value = arguments[after].partition("=")
    value = value if equals else next(iter(arguments[after + 1 :]), "")
    return f"-p {shlex.quote(f'{name}={shorten(value, 60)}')}"


def _as_endpoint(context: Any, arguments: list[str]) -> str:
    """``bfl generate flux-dev …`` for ``bfl flux-dev …``; else empty."""
    from bfl_client import specification

    forgotten = context is not None and context.parent is None and arguments[0] in specification.ENDPOINTS
    return f"bfl generate {shlex.join(arguments)}" if forgotten else ""


def _refuse(screen: Screen, problem: Problem) -> int:
    with contextlib.suppress(OSError):  # standard error is closed, too
        screen.problem(problem, problem)
    return EXITS[problem.kind].code


def main() -> None:
    """Run ``bfl``."""
    from .interrupts import end_alike

    end_alike()
    code = run(sys.argv[1:])
    if code == EXITS["interrupted"].code:
        os._exit(code)  # a thread may be in the middle of a request, and would crash an interpreter that ends
    sys.exit(code)
