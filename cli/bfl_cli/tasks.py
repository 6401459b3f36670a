"""``bfl task`` resumes a task that was submitted earlier; ``bfl tasks`` lists those that are kept."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bfl_client.errors import ConfigurationError, shorten
from bfl_client.specification import credits_in_words

from . import options, state
from .account import connected
from .app import command
from .following import Follower
from .output import Destination
from .screen import Screen, mask

if TYPE_CHECKING:
    from bfl_client.tasks import Task

Reference = Annotated[
    str,
    typer.Argument(
        metavar="ID|HANDLE",
        help="Id of a task that bfl submitted (see bfl tasks), or its handle: a file, JSON, or - (standard input).",
        autocompletion=options.task_names,
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
    """Resume a task: look, wait, download.

    The id alone is enough on the machine that submitted it, where bfl keeps its handle. Elsewhere give the handle: what
    Task.to_dict() returned. --status looks once, --no-download only waits.
    """
    from bfl_client.tasks import Task

    handle = _handle(reference)
    destination = Destination(output, force)
    if download and not status:
        destination.check(screen)
    with connected(screen) as client:
        task = Task.from_dict(handle, client)
        if status:
            _look(screen, task)
            return
        otherwise = f"bfl task {shlex.quote(reference)}" if len(reference) < 200 else ""
        follower = Follower(screen, task, _kept(task), destination if download else None, otherwise)
        follower.follow(timeout, show)


def _handle(reference: str) -> dict[str, Any]:
    if reference == "-":
        return state.parse(sys.stdin.read(), "standard input")
    if reference.lstrip().startswith("{"):
        return state.parse(reference, "the argument")
    found = state.find(reference)
    if found is not None:
        return found
    try:
        if (path := Path(reference)).is_file():
            return state.read(path)
    except (OSError, ValueError):  # not a possible file name
        pass
    shown = shorten(mask(reference) if len(reference) != 36 else reference, 60)  # ids are as long as keys
    raise ConfigurationError(
        f"no task {shown!r} is kept in {state.folder()}: see bfl tasks, or give the task's handle as a file"
    )


def _kept(task: Task) -> state.Kept | None:
    """The task's handle, kept here too; None where that is not possible: its owner has it elsewhere."""
    try:
        state.ready(state.folder())
        return state.Kept(task.handle, state.folder())
    except OSError:
        return None


def _look(screen: Screen, task: Task) -> None:
    update = task.status()
    share = "" if update.progress is None else f"  {update.progress:.0%}"
    text = f"{shorten(update.status, 60)}{share}  task {shorten(task.id, 80)}"
    data = {"id": task.id, "endpoint": task.endpoint, "status": update.status, "progress": update.progress}
    screen.result(text, {**data, "ended": update.ended, "details": update.details, "cost": update.cost})


@command
def tasks(screen: Screen) -> None:
    """List recent tasks, the newest first.

    Unfinished ones are kept for 30 days, ended ones for 7. "submitted" means that bfl has not seen the end yet.
    """
    records = state.listed()
    lines = [_line(record) for record in records]
    names = ("id", "endpoint", "status", "submitted_at", "cost", "file")  # not the polling URL, which is a capability
    data = [{name: record.get(name) for name in names} for record in records]
    screen.result("\n".join(lines) if lines else "no tasks", data)


def _line(record: dict[str, Any]) -> str:
    cost = record.get("cost")
    parts = [
        state.name_of(record["id"]),
        record.get("endpoint"),
        record["status"],
        str(record.get("submitted_at"))[:16].replace("T", " "),
        "" if cost is None else f"{credits_in_words(cost)} credits",
    ]
    shown = [shorten(str(part), 80) for part in parts if part]
    return "  ".join([*shown, *filter(None, [record["file"]])])
