"""``bfl task`` takes up a task that was submitted earlier; ``bfl tasks`` lists those that are kept."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import completion, options
from .commands import command, told
from .screen import Screen

if TYPE_CHECKING:
    from bfl_client.tasks import Task

Reference = Annotated[
    str,
    typer.Argument(
        metavar="ID|HANDLE",
        help="Id of a task that bfl submitted (see bfl tasks), or its handle: a file, JSON, or - (standard input).",
        autocompletion=completion.tasks,
        show_default=False,
    ),
]
Look = Annotated[bool, typer.Option("--status", help="Only look once: neither wait nor download.")]
Download = Annotated[bool, typer.Option("--download/--no-download", help="Save the result, or only wait for it.")]


@command
def task(
    screen: Screen,
    reference: Reference,
    status: Look = False,
    download: Download = True,
    output: options.Output = None,
    force: options.Force = False,
    timeout: options.Timeout = None,
    show: options.Show = False,
) -> None:
    """Take up a task: look, wait, download.

    The id alone is enough on the machine that submitted it, where bfl keeps its handle. Elsewhere give the handle, what
    Task.to_dict() wrote. With --status look once, with --no-download wait only.
    """
    from bfl_client.tasks import Task

    from . import session, state
    from .following import Follower
    from .output import Destination

    handle = _handle(reference)
    destination = Destination(output, force)
    if download and not status:
        destination.check(screen)
    with session.client(screen) as client:
        task = Task.from_dict(handle, client)
        if status:
            _look(screen, task)
            return
        kept = _kept(task, state.folder())
        follower = Follower(screen, task, kept, destination if download else None)
        follower.otherwise = f"bfl task {reference}" if kept is None and len(reference) < 200 else ""
        follower.follow(timeout, show)


def _handle(reference: str) -> dict[str, Any]:
    from bfl_client.errors import ConfigurationError, shorten

    from . import state
    from .redaction import mask

    if reference == "-":
        return state.parse(sys.stdin.read(), "standard input")
    if reference.lstrip().startswith("{"):
        return state.parse(reference, "the argument")
    found = state.find(reference)
    if found is not None:
        return found
    path = Path(reference)
    try:
        if path.is_file():
            return state.read(path)
    except (OSError, ValueError):  # no name that a file can have
        pass
    shown = shorten(mask(reference) if len(reference) != 36 else reference, 60)  # ids are long as keys are
    raise ConfigurationError(
        f"no unfinished task {shown!r} is kept in {state.folder()}: see bfl tasks, or give the task's handle as a file"
    )


def _kept(task: Task, folder: Path) -> Any:
    """The task's handle, kept here too; None where that cannot be done: its owner has it elsewhere."""
    from . import state

    try:
        state.ready(folder)
        return state.Kept(task, folder)
    except OSError:
        return None


def _look(screen: Screen, task: Task) -> None:
    from bfl_client.errors import shorten

    update = task.status()
    share = "" if update.progress is None else f"  {update.progress:.0%}"
    text = f"{shorten(update.status, 60)}{share}  task {shorten(task.id, 80)}"
    data = {"id": task.id, "endpoint": task.endpoint, "status": update.status, "progress": update.progress}
    screen.result(text, {**data, "ended": update.ended, "details": update.details, "cost": update.cost})


@command
def tasks(screen: Screen) -> None:
    """List recent tasks, the newest first.

    Unfinished ones are kept for 30 days, ended ones for 7. "submitted" means that their end was not seen here.
    """
    from . import state

    records = [_public(record) for record in state.listed()]
    lines = [_line(record) for record in records]
    screen.result("\n".join(lines) if lines else "no tasks", records)


def _public(record: dict[str, Any]) -> dict[str, Any]:
    """A record without its polling URL, which is a capability."""
    names = ("id", "endpoint", "status", "submitted_at", "cost", "file")
    return {name: record.get(name) for name in names}


def _line(record: dict[str, Any]) -> str:
    from bfl_client.errors import shorten

    cost = "" if record["cost"] is None else f"{told(record['cost'])} credits"
    when = str(record["submitted_at"])[:16].replace("T", " ")
    parts = [record["id"], record["endpoint"], record["status"], when, cost]
    shown = [shorten(str(part), 80) for part in parts if part]  # a service chose the ids
    return "  ".join([*shown, *filter(None, [record["file"]])])
