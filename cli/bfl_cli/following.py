"""A submitted task followed to its end, by whichever command: nothing that happens now may lose it."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from bfl_client.errors import ConfigurationError, TaskError, TaskNotFound, TaskTimeout, UntrustedURLError, shorten
from bfl_client.specification import credits_in_words

from . import progress
from .exits import Problem, problem_of
from .output import STDOUT, Destination, show
from .screen import Screen

if TYPE_CHECKING:
    from pathlib import Path

    from bfl_client.tasks import Result, Task

    from .state import Kept


class Follower:
    """Follows one task.

    Args:
        task: the task.
        kept: its handle on disk, or None where it cannot be resumed from there, as with an emulator of this run.
        destination: where the result goes; None if it is not wanted.
        otherwise: the command that resumes the task when there is no handle of it on disk.
    """

    def __init__(
        self, screen: Screen, task: Task, kept: Kept | None, destination: Destination | None, otherwise: str = ""
    ) -> None:
        self.screen, self.task, self.kept, self.destination = screen, task, kept, destination
        self._otherwise, self._saving = otherwise, False

    @property
    def resume(self) -> str:
        """The command that resumes the task, or empty."""
        if self.kept is None:
            return self._otherwise
        return f"bfl task {shlex.quote(self.kept.name)}{self.destination.option if self.destination else ''}"

    def follow(self, timeout: float | None, shown: bool = False) -> None:
        """Wait, save, and print the result.

        Raises:
            Problem: it failed; the remedy says how to resume.
        """
        try:
            with progress.of_task(self.task, self.screen) as on_update:
                result = self.task.wait(timeout, on_update)
                self._saving = True
                path, draft = self._save(result)
        except KeyboardInterrupt as error:
            raise self.interrupted() from error
        except BrokenPipeError:  # nobody reads any more
            raise
        except Exception as error:  # ours, the system's, or a bug: the task is paid in each case
            raise self._failed(error) from error
        if self.kept is not None and path is not None:
            self.kept.ended("saved", path, result.cost)
        if path != STDOUT:
            self.screen.result(self._text(result, path, draft), self._data(result, path, draft))
        if shown and path is not None:
            show(path, result.kind, self.screen)

    def _save(self, result: Result) -> tuple[Path | None, Path | None]:
        """The file, and the draft's cache beside it, where there is one."""
        if self.destination is None:
            return None, None
        path = self.destination.save(result, self.task, self.screen)
        return path, self.destination.save_draft(result, path)

    def _text(self, result: Result, path: Path | None, draft: Path | None) -> str:
        cost = credits_in_words(result.cost) + ("" if result.cost is None else " credits")
        lead = "ready" if path is None else f"{path}"
        return f"{lead}  task {shorten(self.task.id, 80)}  cost {cost}{f'  draft {draft}' if draft else ''}"

    def _data(self, result: Result, path: Path | None, draft: Path | None) -> dict[str, Any]:
        """What ``--json`` says; none of the URLs, because they are signed."""
        said = {name: getattr(result, name) for name in ("kind", "cost", "seed", "prompt")}
        saved = {"file": path and str(path), "draft": draft and str(draft)}
        return {"id": self.task.id, "endpoint": self.task.endpoint, "status": "Ready", **said, **saved}

    def interrupted(self) -> Problem:
        """What an interrupt means for the task."""
        shown = shorten(self.task.id, 80)
        if not self.resume:
            return Problem("interrupted", f"interrupted; task {shown} ended with its emulator")
        doing = "while its result was being saved" if self._saving else "while waiting for it"
        return Problem(
            "interrupted",
            f"interrupted {doing}; task {shown} was submitted, and continues",
            f"resume it: {self.resume}",
            task_id=self.task.id,
            resume=self.resume,
        )

    def _failed(self, error: BaseException) -> Problem:
        """The problem, with the command that resumes the task unless it ended without a result."""
        problem = problem_of(error)
        problem.facts["task_id"] = self.task.id
        if isinstance(error, TaskError) and not isinstance(error, TaskTimeout | TaskNotFound):
            if self.kept is not None:
                self.kept.ended(error.status or problem.kind, cost=error.cost)
        elif self.resume:
            if not isinstance(error, UntrustedURLError | ConfigurationError):  # those have to be corrected first
                problem.remedy = f"resume it: {self.resume}"
            problem.facts["resume"] = self.resume
        return problem
