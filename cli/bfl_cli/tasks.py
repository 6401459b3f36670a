"""Submitted tasks: followed to their end, resumed with ``bfl task``, listed with ``bfl tasks``."""

from __future__ import annotations

import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from bfl_client import errors
from bfl_client.errors import in_line, shorten
from bfl_client.specification import credits_in_words

from . import options, progress, state
from .app import command
from .exits import Problem, problem_of
from .output import STDOUT, Destination, show
from .screen import Screen, mask
from .service import connected

if TYPE_CHECKING:
    from bfl_client.tasks import Result, Task


class Follower:
    """Follows one task to its end; whatever happens, the task is not lost.

    Args:
        kept: its handle on disk; None where there is none, as with an emulator of this run.
        destination: where the result goes; None if it is not wanted.
        otherwise: the command that resumes the task when its handle is not on disk.
        resumes: true if this is what resumes it, so doing the same again does not help.
    """

    def __init__(
        self,
        screen: Screen,
        task: Task,
        kept: state.Kept | None,
        destination: Destination | None,
        otherwise: str = "",
        *,
        resumes: bool = False,
    ) -> None:
        self.screen, self.task, self.kept, self.destination = screen, task, kept, destination
        self._otherwise, self._resumes, self._saving = otherwise, resumes, False

    @property
    def resume(self) -> str:
        """The command that resumes the task, or empty."""
        if self.kept is None:
            return self._otherwise
        return f"bfl task {shlex.quote(self.kept.name)}{self.destination.option if self.destination else ''}"

    def leave(self, *, hooked: bool = False) -> None:
        """Print the task, without waiting for it; `hooked` if a webhook gets its result."""
        lead = f"submitted  task {shorten(self.task.id, 80)}"
        data = {"id": self.task.id, "endpoint": self.task.endpoint, "status": "submitted", "cost": self.task.cost}
        if self.task.polling_url is None:
            without = "the service gave it no polling URL, so its result cannot be fetched"
            self.screen.result(f"{lead}  {'its result goes to the webhook' if hooked else without}", data)
        else:
            self.screen.result(f"{lead}  fetch it: {self.resume}", {**data, "resume": self.resume})

    def follow(self, timeout: float | None, shown: bool = False) -> None:
        """Wait, save, and print the result; raises a Problem that says how to resume."""
        try:
            with progress.of_task(self.task, self.screen) as on_update:
                result = self.task.wait(timeout, on_update)
                self._saving = True
                path = draft = None
                if self.destination is not None:
                    path = self.destination.save(result, self.task, self.screen)
                    draft = self.destination.save_draft(result, path)
        except KeyboardInterrupt as error:
            raise self.interrupted() from error
        except BrokenPipeError:  # nobody reads the output any more
            raise
        except Exception as error:  # ours, the system's, or a bug: the task is paid for in each case
            raise self._failed(error) from error
        if self.kept is not None and path is not None:
            self.kept.ended("saved", path, result.cost)
        if path != STDOUT:
            self.screen.result(self._text(result, path, draft), self._data(result, path, draft))
        if shown and path is not None:
            show(path, result.kind, self.screen)

    def _text(self, result: Result, path: Path | None, draft: Path | None) -> str:
        cost = credits_in_words(result.cost) + ("" if result.cost is None else " credits")
        place = in_line(path or "ready")
        return f"{place}  task {shorten(self.task.id, 80)}  cost {cost}{f'  draft {in_line(draft)}' if draft else ''}"

    def _data(self, result: Result, path: Path | None, draft: Path | None) -> dict[str, Any]:
        """What ``--json`` prints: no URLs, because they are signed."""
        said = {name: getattr(result, name) for name in ("kind", "cost", "seed", "prompt")}
        saved = {"file": path and str(path), "draft": draft and str(draft)}
        return {"id": self.task.id, "endpoint": self.task.endpoint, "status": "Ready", **said, **saved}

    def interrupted(self) -> Problem:
        """The problem to report after an interrupt."""
        shown = shorten(self.task.id, 80)
        if not self.resume and not self._resumes:
            return Problem("interrupted", f"interrupted; task {shown} ended with its emulator")
        doing = "while its result was being saved" if self._saving else "while waiting for it"
        return Problem(
            "interrupted",
            f"interrupted {doing}; task {shown} was submitted, and continues",
            self.resume,
            task_id=self.task.id,
            resume=self.resume or None,
        )

    def _failed(self, error: BaseException) -> Problem:
        """The problem, with the command that resumes the task unless it ended without a result."""
        problem = problem_of(error)
        problem.facts["task_id"] = self.task.id
        if isinstance(error, errors.TaskError) and not isinstance(error, errors.TaskTimeout | errors.TaskNotFound):
            if self.kept is not None:
                self.kept.ended(error.status or problem.kind, cost=error.cost)
        elif self.resume:
            problem.remedy = self._remedy(problem, error)
            problem.facts["resume"] = self.resume
        return problem

    def _remedy(self, problem: Problem, error: BaseException) -> str:
        """What to do about a failure after which the task is still there."""
        if isinstance(error, errors.UntrustedURLError | errors.ConfigurationError):  # to be corrected first
            return problem.remedy
        if self._resumes:
            return _OTHERWISE.get(problem.kind, problem.remedy)
        lasting = isinstance(error, errors.TransportError) and error.lasting
        return f"{problem.remedy}; then {self.resume}" if lasting and problem.remedy else self.resume


_OTHERWISE = {
    "timeout": "--timeout SECONDS waits longer",
    "output": "free some space, or save it to another place with -o",
}
"""Kind of a problem -> what to do when the command that resumes a task has met it."""

Reference = Annotated[
    str,
    typer.Argument(
        metavar="ID|last|HANDLE",
        help="Id of a task that bfl submitted, or its beginning, or last for the newest (see bfl tasks); or a handle: "
        "a file, JSON, or - (standard input).",
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

    The id, or its beginning, is enough on the machine that submitted it, where bfl keeps its handle. Elsewhere give the
    handle: what Task.to_dict() returned. --status looks once, --no-download only waits.
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
        kept = None
        with contextlib.suppress(OSError):  # its owner has the handle elsewhere
            kept = state.Kept(task.handle, state.ready(state.folder()))
        short = len(reference) < 200 and not reference.lstrip().startswith("{")  # JSON would be shown without its URL
        otherwise = f"bfl task {shlex.quote(reference)}" if short else ""
        Follower(screen, task, kept, destination if download else None, otherwise, resumes=True).follow(timeout, show)


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
    if (meant := state.meant(reference)) is not None:
        return meant
    shown = shorten(mask(reference) if len(reference) != 36 else reference, 60)  # ids are as long as keys
    raise errors.ConfigurationError(
        f"no task {shown!r} is kept in {state.folder()}: see bfl tasks, or give the task's handle as a file"
    )


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
