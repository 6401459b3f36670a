"""A submitted task followed to its end, by whichever command: nothing that happens now may lose it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bfl_client.errors import ConfigurationError, TaskError, TaskNotFound, TaskTimeout, UntrustedURLError, shorten

from . import progress, state
from .commands import told
from .exits import Problem, problem_of
from .output import STDOUT, Destination
from .screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

    from bfl_client.tasks import Result, Task


class Follower:
    """Follows one task.

    Args:
        task: the task.
        kept: its handle on disk, or None where it cannot be taken up again, as with an emulator of this run.
        destination: where the result goes; None if it is not wanted.

    Attributes:
        otherwise: the command that takes the task up again when there is no handle of it on disk.
    """

    def __init__(self, screen: Screen, task: Task, kept: state.Kept | None, destination: Destination | None) -> None:
        self.screen, self.task, self.kept, self.destination = screen, task, kept, destination
        self._saving = False
        self.otherwise = ""

    @property
    def way_on(self) -> str:
        """The command that takes the task up again, or empty."""
        import shlex

        if self.kept is None:
            return self.otherwise
        return f"bfl task {shlex.quote(self.kept.name)}{self.destination.option if self.destination else ''}"

    def follow(self, timeout: float | None, show: bool = False) -> None:
        """Wait, save, and tell the result.

        Raises:
            Problem: it came otherwise; the way on is told.
        """
        try:
            with progress.shown(self.task, self.screen) as on_update:
                result = self.task.wait(timeout, on_update)
                self._saving = True
                path, draft = self._save(result)
        except KeyboardInterrupt as error:
            raise self.interrupted() from error
        except BrokenPipeError:  # the reader has gone, and wants to hear nothing
            raise
        except Exception as error:  # ours, the system's, or a mistake: the task is paid in each case
            raise self._failed(error) from error
        if self.kept is not None and path is not None:
            self.kept.ended("saved", path, result.cost)
        if path != STDOUT:
            told = {**facts(result, self.task, path), "draft": draft and str(draft)}
            self.screen.result(self._text(result, path, draft), told)
        if show and path is not None:
            from .show import show as put

            put(path, result.kind, self.screen)

    def _save(self, result: Result) -> tuple[Path | None, Path | None]:
        """The file, and the draft's cache beside it, where there is one."""
        if self.destination is None:
            return None, None
        path = self.destination.save(result, self.task, self.screen)
        return path, self.destination.save_draft(result, path)

    def _text(self, result: Result, path: Path | None, draft: Path | None) -> str:
        cost = "cost not stated" if result.cost is None else f"cost {told(result.cost)} credits"
        lead = "ready" if path is None else f"{path}"
        return f"{lead}  task {shorten(self.task.id, 80)}  {cost}{f'  draft {draft}' if draft else ''}"

    def interrupted(self) -> Problem:
        """What Ctrl-C means for the task."""
        while_what = "while its result was being saved" if self._saving else "while it was waited for"
        if not self.way_on:
            return Problem("interrupted", f"interrupted; task {shorten(self.task.id, 80)} ended with its emulator")
        return Problem(
            "interrupted",
            f"interrupted {while_what}; task {shorten(self.task.id, 80)} was submitted, and goes on",
            f"take it up again: {self.way_on}",
            task_id=self.task.id,
            resume=self.way_on,
        )

    def _failed(self, error: BaseException) -> Problem:
        """The problem with the way on; a task that has ended without a result has none."""
        problem = problem_of(error)
        problem.facts["task_id"] = self.task.id
        if isinstance(error, TaskError) and not isinstance(error, TaskTimeout | TaskNotFound):
            if self.kept is not None:
                self.kept.ended(error.status or problem.kind, cost=error.cost)
        elif self.way_on:
            if not isinstance(error, UntrustedURLError | ConfigurationError):  # those have to be cured first
                problem.remedy = f"take it up again: {self.way_on}"
            problem.facts["resume"] = self.way_on
        return problem


def facts(result: Result, task: Task, path: Path | None) -> dict[str, Any]:
    """What ``--json`` tells of a result; no URL of it, for they are signed."""
    return {
        "id": task.id,
        "endpoint": task.endpoint,
        "status": "Ready",
        "kind": result.kind,
        "file": None if path is None else str(path),
        "cost": result.cost,
        "seed": result.seed,
        "prompt": result.prompt,
    }
