"""What every command has: ``--json``, ``--quiet``, ``--debug``, and an end with an exit code."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Concatenate, ParamSpec

import typer

from .exits import EXITS, problem_of
from .screen import Screen

P = ParamSpec("P")

Json = Annotated[bool, typer.Option("--json", help="Results and errors as JSON on standard output.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Nothing but errors on standard error.")]
Debug = Annotated[bool, typer.Option("--debug", help="With an error, all that is known of it, without secrets.")]


def command(function: Callable[Concatenate[Screen, P], None]) -> Callable[..., None]:
    """Make a command of a function of a screen: it gets the options of all commands, and ends with an exit code."""

    @functools.wraps(function)
    def run(*args: Any, as_json: bool, quiet: bool, debug: bool, **options: Any) -> None:
        screen = Screen(as_json=as_json, quiet=quiet, debug=debug)
        with reporting(screen):
            function(screen, *args, **options)

    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=kind)
        for name, kind in (("as_json", Json), ("quiet", Quiet), ("debug", Debug))
    ]
    _, *own = inspect.signature(function, eval_str=True).parameters.values()
    parameters = [*own, *shared]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # where typer looks
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return run


@contextmanager
def reporting(screen: Screen) -> Iterator[None]:
    """Tell every exception as a problem, and end with its exit code."""
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except BrokenPipeError:  # the reader of standard output has gone: nothing to be said
        raise typer.Exit(EXITS["pipe"].code) from None
    except Exception as error:
        problem = problem_of(error)
        screen.problem(problem, error)
        raise typer.Exit(problem.exit.code) from None
    except KeyboardInterrupt as error:
        problem = problem_of(error)
        screen.problem(problem, error)
        raise typer.Exit(problem.exit.code) from None


def told(value: Any) -> str:
    """Credits, or another number, as a person reads it."""
    return "not stated" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")
