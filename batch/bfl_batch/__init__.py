"""Durable batches: many jobs from a file, each submitted once, followed to its end and saved.

    import bfl_batch

    report = bfl_batch.run("jobs.jsonl", out="pictures")
    print(report.done, report.failed, report.uncertain)

Needs the extra ``batch``. Make the same call again to resume, however the earlier one ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, Literal

import anyio
import anyio.to_thread
from bfl_client import Client
from bfl_client.errors import ConfigurationError, Remedy

from .jobs import Jobs, JobsError, Plan, Source, path_of
from .reports import OnProgress, Progress, Record, Report, Status
from .sources import Mistake
from .stopping import Reason

if TYPE_CHECKING:
    from .runner import Run

__all__ = [
    "JobsError",
    "Mistake",
    "Plan",
    "Progress",
    "Reason",
    "Record",
    "Report",
    "Status",
    "look",
    "plan",
    "run",
    "run_async",
]

_EXTRA = ("sqlalchemy", "psycopg", "jinja2", "markupsafe", "PIL")
_INSTALL = Remedy('pip install "bfl-client[batch]"', "install", extra="batch")


def run(
    jobs: Source,
    *,
    out: str | PathLike[str],
    endpoint: str | None = None,
    params: Mapping[str, Any] | None = None,
    validate: bool = True,
    concurrency: int = 24,
    database_url: str | None = None,
    budget: float | None = None,
    unpriced: bool = False,
    on_uncertain: Literal["report", "resubmit"] = "report",
    retry_failed: bool = False,
    on_progress: OnProgress | None = None,
    lease: float = 30.0,
    **client: Any,
) -> Report:
    """Run a batch: submit every job once, save every result, and resume where an earlier run ended.

    Args:
        jobs: a file or pipe of JSON lines, a JSON list, or a table (``.csv``), ``"-"`` for standard input, or mappings:
            ``{"endpoint": …, "name": …, …parameters}``. Files are given as ``"@cat.png"`` (from the folder of the jobs
            file) or as `Path`. Of a folder, each picture is a job, and ``params={"input_image": "@{file}"}`` sends it.
        out: the folder for pictures, ``results.jsonl``, ``index.html`` and, without `database_url`, the batch's record.
        endpoint: for the jobs that name none.
        params: parameters for all jobs that do not give them; see `jobs` about a folder.
        validate: False sends jobs unchecked, also to endpoints that this version does not know; a line does the same
            for itself with ``"validate": false``.
        concurrency: tasks that are active at one time, over all processes; the specification's limits hold as well.
        database_url: ``postgresql://…``, for several processes or machines that share one batch.
        budget: credits that the batch may cost in all its runs; it stops before they are exceeded. It applies
            to later runs, too, until you give another.
        unpriced: with a budget, also send to endpoints without a price; they count once their cost is stated.
        on_uncertain: what to do with jobs whose submit was never answered: report them, or submit them again, once in
            a run, when everything else has ended.
        retry_failed: retry failed jobs: the old task is checked first, and the job is submitted again only if that has
            ended without a result.
        on_progress: called with a `Progress` several times a second.
        lease: seconds without a sign of life after which other processes take over this one's work.
        client: arguments of `Client`: ``api_key``, ``base_url``, ``region``, ``timeout``, ``poll``, ``retry``, ….

    Raises:
        JobsError: the jobs contain mistakes, all listed in `mistakes`; nothing was submitted.
        ConfigurationError: a setting cannot be used, another process works in `out`, or `out` contains files with
            names that the batch would use.
        OSError: `out` cannot be written.
        KeyboardInterrupt: interrupted twice; after the first interrupt it finishes what is under way and returns.
    """
    prepared = _prepared(jobs, locals(), client)
    with prepared.client:
        return prepared(on_progress)


async def run_async(
    jobs: Source,
    *,
    out: str | PathLike[str],
    endpoint: str | None = None,
    params: Mapping[str, Any] | None = None,
    validate: bool = True,
    concurrency: int = 24,
    database_url: str | None = None,
    budget: float | None = None,
    unpriced: bool = False,
    on_uncertain: Literal["report", "resubmit"] = "report",
    retry_failed: bool = False,
    on_progress: OnProgress | None = None,
    lease: float = 30.0,
    **client: Any,
) -> Report:
    """Run a batch from an event loop, asyncio or trio; see `run`.

    When cancelled, it starts no new work, finishes what is under way, and then raises the cancellation.
    `on_progress` is called in another thread.
    """
    prepared = _prepared(jobs, locals(), client)
    ended = anyio.Event()
    outcome: list[Report | Exception] = []

    async def work() -> None:
        try:
            with anyio.CancelScope(shield=True):
                outcome.append(await anyio.to_thread.run_sync(prepared, on_progress))
        except Exception as error:
            outcome.append(error)  # raised below as it is, not in a group
        ended.set()

    with prepared.client:
        async with anyio.create_task_group() as group:
            group.start_soon(work)
            try:
                await ended.wait()
            except BaseException:
                prepared.stop.no_more("interrupted", "cancelled")
                raise
    (found,) = outcome
    if isinstance(found, Exception):
        raise found
    return found


def plan(
    jobs: Source, *, endpoint: str | None = None, params: Mapping[str, Any] | None = None, validate: bool = True
) -> Plan:
    """What `run` would do with these jobs: they are read and checked, and nothing is sent. Needs no key.

    Raises:
        JobsError: the jobs contain mistakes, all listed in `mistakes`.
        ConfigurationError: they cannot be read.
    """
    with Jobs(jobs, endpoint, params, validate=validate) as read:
        read.check()
        return read.plan._replace(files=tuple(read.files()))


def look(folder: str | PathLike[str], database_url: str | None = None) -> Status | None:
    """The progress of the batch in a folder, or in a database, while it runs or afterwards; None if there is none.

    Raises:
        ConfigurationError, OSError: its record cannot be read.
    """
    found: Status | None = _runner().look(path_of(folder, "folder"), database_url)
    return found


def _prepared(jobs: Source, options: dict[str, Any], client: dict[str, Any]) -> Run:
    runner = _runner()
    out = path_of(options["out"], "out")
    chosen = {name: options[name] for name in runner.Options._fields if name != "out"}
    made: Run = runner.Run(jobs, runner.Options(out, **chosen), Client(**client))
    return made


def _runner() -> Any:
    """The module that needs the extra."""
    try:
        from . import runner
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise ConfigurationError('a batch needs the extra "batch"', _INSTALL) from error
    return runner
