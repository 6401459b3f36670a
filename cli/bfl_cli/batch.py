"""``bfl batch``: many jobs from a file, none lost and none paid twice; ``bfl batch status``."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperGroup

from .commands import command, told
from .exits import Problem
from .screen import Screen

if TYPE_CHECKING:
    from bfl_batch.reports import Report


class Jobs(TyperGroup):
    """A group whose command is ``run`` where none is named: a jobs file stands right after ``bfl batch``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse, once ``JOBS …`` has become ``run JOBS …``."""
        return super().parse_args(ctx, args if args[:1] in (["run"], ["status"]) else ["run", *args])


app = typer.Typer(cls=Jobs, add_completion=False, rich_markup_mode=None)

File = Annotated[Path, typer.Argument(metavar="JOBS", help="A file of JSON lines, or .csv.", show_default=False)]
Out = Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="The batch's folder.", show_default=False)]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The batch's folder.", show_default=False)]
Endpoint = Annotated[str | None, typer.Option(help="For the jobs that name none.", show_default=False)]
Concurrency = Annotated[int, typer.Option(min=1, help="Tasks that are active at one time, over all processes.")]
Database = Annotated[
    str | None,
    typer.Option(
        envvar="BFL_DATABASE_URL",
        metavar="URL",
        help="postgresql://…, for several processes or machines that share one batch.",
        show_default=False,
        show_envvar=True,
    ),
]
Budget = Annotated[
    float | None, typer.Option(min=0, help="Credits that the batch may cost in all.", show_default=False)
]
Uncertain = Annotated[
    Literal["report", "resubmit"], typer.Option(help="What to do with jobs whose submit was never answered.")
]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Take up the jobs that have failed.")]
Lease = Annotated[float, typer.Option(min=0.1, help="Seconds without a sign of life after which a process is dead.")]


@app.command("run")
@command
def run(
    screen: Screen,
    jobs: File,
    output: Out,
    endpoint: Endpoint = None,
    concurrency: Concurrency = 24,
    database_url: Database = None,
    budget: Budget = None,
    on_uncertain: Uncertain = "report",
    retry_failed: Retry = False,
    lease: Lease = 30.0,
) -> None:
    """Run many jobs from a file, losing none:  bfl batch JOBS -o DIR

    A line of JOBS is {"endpoint": …, "name": …, …parameters}; a file to send is "@cat.png". All lines are checked
    before the first is sent. The same command again goes on where this one ended, however it ended. DIR gets the
    pictures, results.jsonl and index.html.  bfl batch status DIR  tells how far a batch is.
    """
    import bfl_batch
    from bfl_batch.jobs import JobsError

    from . import session
    from .batching import shown

    key = session.known_key(screen)
    try:
        with shown(screen) as on_progress:
            report = bfl_batch.run(
                jobs,
                out=output,
                endpoint=endpoint,
                concurrency=concurrency,
                database_url=database_url,
                budget=budget,
                on_uncertain=on_uncertain,
                retry_failed=retry_failed,
                lease=lease,
                on_progress=on_progress,
                api_key=key.value,
            )
    except JobsError as error:
        mistakes = [{"line": number, "message": message} for number, message in error.mistakes]
        raise Problem(
            "constraint", str(error), "correct the lines, and give the same command again", mistakes=mistakes
        ) from error
    except KeyboardInterrupt:  # the second one
        screen.error("bfl: interrupted at once; what was submitted is kept\n  try: the same command goes on with it")
        os._exit(130)  # threads may wait for answers: what they wait for is taken up the next time
    _tell(screen, report, output)


def _tell(screen: Screen, report: Report, output: Path) -> None:
    """How the run ended, and so what to do next."""
    for trouble in report.troubles:
        screen.error(f"line {trouble.number}, {trouble.name}: {trouble.state}: {trouble.error}")
    if (hidden := report.failed + report.uncertain - len(report.troubles)) > 0:
        screen.error(f"… and {hidden:,} more in {output / report.results.name}")
    states = {name: getattr(report, name) for name in ("done", "failed", "uncertain", "submitted", "waiting")}
    counted = ", ".join(f"{count:,} {name}" for name, count in states.items() if count or name == "done")
    text = f"{counted}; {told(report.credits)} credits\n{output / report.sheet.name}"
    data: dict[str, Any] = {"jobs": report.jobs, **states, "credits": report.credits}
    data |= {"stopped": report.stopped.kind if report.stopped else None}
    data |= {"results": str(report.results), "sheet": str(report.sheet)}
    problem = _problem(report)
    if problem is None or not screen.as_json:
        screen.result(text, data)
    if problem is not None:
        problem.facts |= data
        raise problem


def _problem(report: Report) -> Problem | None:
    again = "the same command goes on"
    if report.stopped is not None and (not report.ok or report.stopped.kind == "output"):
        kinds = {"budget": "credits", "lease": "failed", "internal": "failed"}
        remedies = {
            "credits": f"add credits; then {again}",
            "budget": f"with a larger --budget {again}",
            "output": f"make room, or the folder writable; then {again}",
        }
        kind, message = report.stopped
        return Problem(kinds.get(kind, kind), message, remedies.get(kind, again))
    if report.failed or report.uncertain:
        options = {"--retry-failed": report.failed, "--on-uncertain resubmit": report.uncertain}
        asked = " ".join(option for option, count in options.items() if count)
        message = f"not every job is done: {report.failed:,} failed, {report.uncertain:,} uncertain"
        return Problem("failed", message, f"the same command with {asked}")
    return None if report.ok else Problem("timeout", "some tasks are not ready yet; they go on", again)


@app.command("status")
@command
def status(screen: Screen, folder: Folder, database_url: Database = None) -> None:
    """Tell how far a batch is, while it runs or afterwards."""
    from bfl_batch.status import look

    found = look(folder, database_url)
    if found is None:
        raise Problem("configuration", f"there is no batch in {folder}", "bfl batch JOBS -o DIR begins one")
    text = "".join(f"{count:>8,}  {name}\n" for name, count in found.states.items())
    now = f"; {found.processes} at work now" if found.processes else ""
    screen.result(f"{text}{told(found.credits)} credits{now}", found._asdict())
