"""``bfl batch``: many jobs from a file, none lost and none paid twice; ``bfl batch status``."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from bfl_client.constraints import is_file
from bfl_client.errors import in_line, shorten
from bfl_client.specification import credits_in_words
from typer.core import TyperGroup

from . import progress
from .app import command
from .auth import find
from .exits import Problem, problem_of
from .request import split
from .screen import Screen

if TYPE_CHECKING:
    from bfl_batch import Plan, Report

AGAIN = "run the same command again to resume"
SHOWN = 20  # the most missing files to list


class RunByDefault(TyperGroup):
    """A group whose default command is ``run``, so that a jobs file can follow ``bfl batch``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Turn ``JOBS …`` into ``run JOBS …``, then parse."""
        return super().parse_args(ctx, args if args[:1] in (["run"], ["status"]) else ["run", *args])


app = typer.Typer(cls=RunByDefault, add_completion=False, rich_markup_mode=None)

File = Annotated[
    Path,
    typer.Argument(
        metavar="JOBS|-", help="JSON lines, a JSON list, .csv, or a folder of pictures; - is standard input."
    ),
]
Out = Annotated[Path | None, typer.Option("--output", "-o", metavar="DIR", help="The batch's folder.")]
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The batch's folder.")]
Endpoint = Annotated[str | None, typer.Option(help="For jobs that do not name one.")]
Params = Annotated[
    list[str],
    typer.Option(
        "--param",
        "-p",
        metavar="KEY=VALUE",
        help="A parameter of all jobs that do not give it; @{file} sends each picture of a folder. Repeatable.",
    ),
]
Validate = Annotated[bool, typer.Option("--validate/--no-validate", help="Check the jobs before the first is sent.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Check the jobs, print price and files, and send nothing.")]
Concurrency = Annotated[int, typer.Option(min=1, help="Tasks active at one time, in all processes together.")]
Database = Annotated[
    str | None,
    typer.Option(
        envvar="BFL_DATABASE_URL",
        metavar="URL",
        help="postgresql://…, for several processes or machines that share one batch.",
        show_envvar=True,
    ),
]
Budget = Annotated[
    float | None,
    typer.Option(min=0, help="Credits that the batch may cost in all its runs; holds until another is given."),
]
Unpriced = Annotated[
    bool, typer.Option("--unpriced", help="With --budget, also send jobs of endpoints without a listed price.")
]
Uncertain = Annotated[
    Literal["report", "resubmit"], typer.Option(help="What to do with jobs whose submit was never answered.")
]
Retry = Annotated[
    bool, typer.Option("--retry-failed", help="Retry failed jobs; a task still alive is fetched, not paid for again.")
]
Lease = Annotated[
    float, typer.Option(min=0.1, help="Seconds without a sign of life after which a process counts as dead.")
]


@app.command("run")
@command
def run(
    screen: Screen,
    jobs: File,
    output: Out = None,
    endpoint: Endpoint = None,
    param: Params = [],  # noqa: B006  # typer copies it
    validate: Validate = True,
    dry_run: DryRun = False,
    concurrency: Concurrency = 24,
    database_url: Database = None,
    budget: Budget = None,
    unpriced: Unpriced = False,
    on_uncertain: Uncertain = "report",
    retry_failed: Retry = False,
    lease: Lease = 30.0,
) -> None:
    """Run many jobs from a file, losing none:  bfl batch JOBS -o DIR

    Pictures of a folder:  bfl batch DIR --endpoint NAME -p input_image=@{file} -p prompt="…" -o OUT

    A line of JOBS is {"endpoint": …, "name": …, …parameters}; a file to send is "@cat.png". All lines are checked
    before the first is sent. Run the same command again to resume a batch that ended early, for whatever reason. DIR
    gets the pictures, results.jsonl and index.html.  bfl batch status DIR  shows the progress.
    """
    import bfl_batch

    read: dict[str, Any] = {"endpoint": endpoint, "params": _params(param), "validate": validate}
    if dry_run:
        with _readable():
            _foretell(screen, bfl_batch.plan(jobs, **read), output, budget)
        return
    if output is None:
        raise Problem("usage", "the batch needs a folder", "-o DIR names it")
    key = find(screen)
    try:
        with _readable(), progress.of_batch(screen) as on_progress:
            report = bfl_batch.run(
                jobs,
                out=output,
                **read,
                concurrency=concurrency,
                database_url=database_url,
                budget=budget,
                unpriced=unpriced,
                on_uncertain=on_uncertain,
                retry_failed=retry_failed,
                lease=lease,
                on_progress=on_progress,
                api_key=key.value,
            )
    except KeyboardInterrupt:  # the second one
        screen.error(f"bfl: stopped at once; what was submitted is kept\n  try: {AGAIN}")
        os._exit(130)  # threads may be waiting for answers; the next run asks for them
    _print(screen, report, output, _problem(report, retried=retry_failed, resubmitted=on_uncertain == "resubmit"))


@contextlib.contextmanager
def _readable() -> Iterator[None]:
    """Turn mistakes in the jobs into a Problem."""
    import bfl_batch

    try:
        yield
    except bfl_batch.JobsError as error:
        problem = problem_of(error)
        mistakes = [{"line": mistake.number, "message": mistake.message} for mistake in error.mistakes]
        raise Problem("constraint", problem.message, problem.remedy, mistakes=mistakes) from error


def _params(pairs: list[str]) -> dict[str, str]:
    """The parameters of all jobs; a file is one of the current folder, unless it stands for each picture."""
    given: dict[str, str] = {}
    for pair in pairs:
        key, value = split(pair)
        if key in given:
            raise Problem("usage", f"{shorten(key, 60)} is given twice")
        path = Path(value[1:]) if value.startswith("@") else None
        given[key] = f"@{path.absolute()}" if path and is_file(path) else value
    return given


def _foretell(screen: Screen, plan: Plan, output: Path | None, budget: float | None) -> None:
    """Print what a batch would do."""
    lines = [f"{count:>8,}  {name}" for name, count in plan.endpoints.items()]
    lines += [progress.price_line(plan)]
    if budget is not None and plan.credits > budget:
        most = int(len(plan.files) * budget / plan.credits)
        lines += [f"the budget of {credits_in_words(budget)} credits covers about {most:,} of them"]
    folder = output or Path()
    lines += [in_line(folder / (name if Path(name).suffix else f"{name}.…")) for name in plan.files[:SHOWN]]
    lines += [f"… and {len(plan.files) - SHOWN:,} more files"] if len(plan.files) > SHOWN else []
    screen.result("\n".join(lines), {**plan._asdict(), "jobs": len(plan.files), "budget": budget})


def _print(screen: Screen, report: Report, output: Path, problem: Problem | None) -> None:
    """Print how the run ended, and what to do next."""
    for note in report.notes:
        screen.note(note)
    for trouble in report.troubles:
        screen.error(trouble.summary)
    if (hidden := report.failed + report.uncertain + report.missing - len(report.troubles)) > 0:
        screen.error(f"… and {hidden:,} more in {output / report.results.name}")
    names = ("done", "failed", "uncertain", "submitted", "waiting", "missing")
    figures = {name: getattr(report, name) for name in names}
    counted = ", ".join(f"{count:,} {name}" for name, count in figures.items() if count or name == "done")
    text = f"{counted}; {credits_in_words(report.credits)} credits\n{output / report.sheet.name}"
    data: dict[str, Any] = {"jobs": report.jobs, **figures, "credits": report.credits}
    data |= {"stopped": report.stopped.kind if report.stopped else None}
    data |= {"results": str(report.results), "sheet": str(report.sheet)}
    if problem is None or not screen.as_json:
        screen.result(text, data)
    if problem is not None:
        problem.facts |= data
        raise problem


def _problem(report: Report, *, retried: bool, resubmitted: bool) -> Problem | None:
    """Why the batch is not done, with a remedy that is never the command just given."""
    if report.stopped is not None and (not report.ok or report.stopped.kind in ("output", "database")):
        kinds = {"budget": "credits", "lease": "failed", "internal": "failed", "database": "network"}
        remedies = {
            "credits": f"add credits; then {AGAIN}",
            "budget": "run the same command with a larger --budget",
            "output": f"free some space, or make the folder writable; then {AGAIN}",
            "auth": f"correct the key; then {AGAIN}",
            "configuration": f"correct the setting; then {AGAIN}",
        }
        kind, message = report.stopped
        return Problem(kinds.get(kind, kind), message, remedies.get(kind, AGAIN))
    counts = {"failed": report.failed, "uncertain": report.uncertain, "missing": report.missing}
    if any(counts.values()):
        counted = ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)
        return Problem("failed", f"not every job is done: {counted}", _remedy(report, retried, resubmitted))
    return None if report.ok else Problem("timeout", "some tasks are not ready yet; they continue", AGAIN)


def _remedy(report: Report, retried: bool, resubmitted: bool) -> str:
    options = ["--retry-failed"] if report.failed and not retried else []
    options += ["--on-uncertain resubmit"] if report.uncertain and not resubmitted else []
    parts = [f"run the same command with {' '.join(options)}"] if options else []
    if report.failed and retried:
        parts.append("change the lines of the failed jobs, then run the same command")
    if report.uncertain and resubmitted:
        parts.append("check bfl credits before you send the uncertain jobs again: they may have been paid for")
    if report.missing and not parts:
        parts.append("the missing files cannot be fetched again: to pay for them once more, rename their lines")
    return "; ".join(parts)


@app.command("status")
@command
def status(screen: Screen, folder: Folder, database_url: Database = None) -> None:
    """Show the progress of a batch, while it runs or afterwards."""
    import bfl_batch

    found = bfl_batch.look(folder, database_url)
    if found is None:
        raise Problem("configuration", f"there is no batch in {folder}", "bfl batch JOBS -o DIR starts one")
    text = "".join(f"{count:>8,}  {name}\n" for name, count in found.states.items())
    text += "".join(f"missing: {in_line(path)}\n" for path in found.missing[:SHOWN])
    text += f"… and {len(found.missing) - SHOWN:,} more missing\n" if len(found.missing) > SHOWN else ""
    now = f"; {found.processes} at work now" if found.processes else ""
    screen.result(f"{text}{credits_in_words(found.credits)} credits{now}", found._asdict())
