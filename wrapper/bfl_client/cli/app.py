"""The commands of ``bfl``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated

import typer

from . import parameters, state
from .screen import Screen

if TYPE_CHECKING:
    from bfl_client import Client, Task

INTERRUPTED = 130
EMULATOR_SPEED = 4.0  # times as fast as the service: long enough to see the progress, short enough for a demonstration

app = typer.Typer(add_completion=True, no_args_is_help=True, pretty_exceptions_enable=False)

Parameter = Annotated[
    list[str], typer.Option("--param", "-p", metavar="KEY=VALUE", help="A parameter; @FILE sends a file. Repeatable.")
]
Output = Annotated[
    Path, typer.Option("--output", "-o", help="File to write, or a folder in which it is named after the task.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace the output file if it exists.")]
Emulated = Annotated[bool, typer.Option("--emulator", help="Use an emulator started for this run: no key, no cost.")]
EndpointArgument = Annotated[str, typer.Argument(help="Name of the endpoint: its path after /v1/.", show_default=False)]
PromptArgument = Annotated[str | None, typer.Argument(help="The prompt, where the endpoint takes one.")]


@app.callback()
def bfl() -> None:
    """Make pictures and films with the Black Forest Labs (FLUX) API."""


@app.command()
def generate(
    endpoint: EndpointArgument,
    prompt: PromptArgument = None,
    param: Parameter = [],  # noqa: B006  # typer copies it
    output: Output = Path(),
    force: Force = False,
    emulator: Emulated = False,
) -> None:
    """Submit a request, wait for it, and write the result to a file."""
    screen = Screen()
    with _reporting(screen), _client(emulator) as client:
        body = parameters.parse(endpoint, prompt, param)
        _refuse_existing(output, force)
        task = client.submit(endpoint, body)
        with state.kept(task, resumable=not emulator):
            _finish(task, output, screen, resumable=not emulator)


@app.command()
def task(
    task_id: Annotated[str, typer.Argument(metavar="ID", help="Id of a task that an earlier bfl submitted.")],
    output: Output = Path(),
    force: Force = False,
) -> None:
    """Wait for a task submitted earlier, and write its result to a file."""
    screen = Screen()
    with _reporting(screen), _client(False) as client:
        _refuse_existing(output, force)
        task = state.load(task_id, client)
        with state.kept(task, resumable=True):
            _finish(task, output, screen, resumable=True)


@app.command()
def emulator(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1; 0 takes a free one.")] = 0,
    speed: Annotated[float, typer.Option(help="How many times faster than the service; inf: ready at once.")] = 1.0,
    script: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML file with faults that shall happen.")
    ] = None,
    one_host: Annotated[bool, typer.Option("--one-host", help="One port for submits, polls and files.")] = False,
    allow_outbound: Annotated[
        bool, typer.Option("--allow-outbound", help="Let webhooks and picture URLs lead to other machines.")
    ] = False,
    credits: Annotated[float, typer.Option(help="Credits there are to spend.")] = 10_000.0,
) -> None:
    """Serve the API on this machine until interrupted; prints its address and key as one line of JSON."""
    screen = Screen()
    with _reporting(screen):
        serve = _emulator_module().serve
        options = {"one_host": one_host, "allow_outbound": allow_outbound, "credits": credits}
        raise typer.Exit(serve(port=port, speed=speed, script=str(script) if script else None, **options))


def _finish(task: Task, output: Path, screen: Screen, *, resumable: bool) -> None:
    try:
        with screen.progress(task) as on_update:
            result = task.wait(on_update=on_update)
            path = result.save(output)
    except KeyboardInterrupt:
        way_on = f"take it up again: bfl task {task.id} -o {output}" if resumable else "it ended with the emulator"
        screen.error(f"interrupted; task {task.id} was submitted; {way_on}")
        raise typer.Exit(INTERRUPTED) from None
    cost = "cost not stated" if result.cost is None else f"cost {result.cost:g} credits"
    typer.echo(f"{path}  task {task.id}  {cost}")


def _refuse_existing(output: Path, force: bool) -> None:
    from bfl_client.errors import ConfigurationError

    if output.is_file() and not force:
        raise ConfigurationError(f"{output} exists; --force replaces it")
    if not output.is_dir() and not output.parent.is_dir():
        raise ConfigurationError(f"there is no folder {output.parent}; make it first")


@contextmanager
def _client(emulated: bool) -> Iterator[Client]:
    from bfl_client import Client

    if not emulated:
        with Client() as client:
            yield client
        return
    with _emulator() as (base_url, api_key), Client(api_key, base_url) as client:
        yield client


@contextmanager
def _emulator() -> Iterator[tuple[str, str]]:
    with _emulator_module().Emulator(speed=EMULATOR_SPEED) as emulator:
        yield emulator.base_url, emulator.api_key


def _emulator_module() -> ModuleType:
    from bfl_client.errors import ConfigurationError

    try:
        from bfl_emulator import program
    except ModuleNotFoundError as error:
        raise ConfigurationError(f'the emulator needs {error.name}: pip install "bfl-client[emulator]"') from error
    return program


@contextmanager
def _reporting(screen: Screen) -> Iterator[None]:
    """Every error as one message with what to do next; a paid task is never lost to it."""
    from bfl_client.errors import BFLError

    try:
        yield
    except OSError as error:
        screen.error(f"{error.filename or 'a file'}: {error.strerror or error}")
        raise typer.Exit(1) from None
    except BFLError as error:
        screen.error(str(error))
        if error.task_id and error.polling_url and state.exists(error.task_id):
            screen.error(f"the task goes on; take it up again: bfl task {error.task_id}")
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        screen.error("interrupted")
        raise typer.Exit(INTERRUPTED) from None
