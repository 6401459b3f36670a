"""Durable batches: many jobs from a file, each submitted once, followed to its end and saved.

    import bfl_batch

    report = bfl_batch.run("jobs.jsonl", out="pictures")
    print(report.done, report.failed, report.uncertain)

Needs the extra ``batch``. The same call again goes on where an earlier one ended, however that ended.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bfl_client.errors import ConfigurationError

if TYPE_CHECKING:
    from .reports import Progress, Report
    from .runner import Run, Source

__all__ = ["run", "run_async"]

OnProgress = Callable[["Progress"], object]
_EXTRA = ("dbos", "sqlalchemy", "psycopg", "jinja2", "markupsafe", "PIL")


def run(
    jobs: Source,
    *,
    out: str | PathLike[str],
    endpoint: str | None = None,
    concurrency: int = 24,
    database_url: str | None = None,
    budget: float | None = None,
    on_uncertain: Literal["report", "resubmit"] = "report",
    retry_failed: bool = False,
    on_progress: OnProgress | None = None,
    lease: float = 30.0,
    **client: Any,
) -> Report:
    """Carry out a batch: submit every job once, save every result, and go on where an earlier run ended.

    Args:
        jobs: a file of JSON lines or CSV, or mappings: ``{"endpoint": …, "name": …, …parameters}``. Files are given as
            ``"@cat.png"`` (from the folder of the jobs file) or as `Path`.
        out: the folder for pictures, ``results.jsonl``, ``index.html`` and, without `database_url`, the batch's record.
        endpoint: for the jobs that name none.
        concurrency: tasks that are active at one time, over all processes; the specification's limits hold as well.
        database_url: ``postgresql://…``, for several processes or machines that share one batch.
        budget: credits that the batch may cost in all its runs; it stops before they are passed.
        on_uncertain: what to do with jobs whose submit was never answered: report them, or submit them again.
        retry_failed: take up the jobs that have failed.
        on_progress: called with a `Progress` several times a second.
        lease: seconds without a sign of life after which other processes take over this one's work.
        client: what `Client` takes: ``api_key``, ``base_url``, ``region``, ``timeout``, ``poll``, ``retry``, ….

    Raises:
        JobsError: a job cannot be taken; `mistakes` has all of them, and nothing was submitted.
        ConfigurationError: a setting cannot be used, or another process works in `out`.
        OSError: `out` cannot be written.
        KeyboardInterrupt: interrupted twice; after the first one it ends what is under way and returns.
    """
    import asyncio
    from concurrent.futures import ThreadPoolExecutor

    prepared = _prepared(jobs, locals(), client)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        with prepared.client:
            return prepared(on_progress)
    with prepared.client, ThreadPoolExecutor(1) as pool:  # the engine refuses a thread with an event loop
        return pool.submit(prepared, on_progress).result()


async def run_async(
    jobs: Source,
    *,
    out: str | PathLike[str],
    endpoint: str | None = None,
    concurrency: int = 24,
    database_url: str | None = None,
    budget: float | None = None,
    on_uncertain: Literal["report", "resubmit"] = "report",
    retry_failed: bool = False,
    on_progress: OnProgress | None = None,
    lease: float = 30.0,
    **client: Any,
) -> Report:
    """Carry out a batch beside an event loop, of asyncio or trio; see `run`.

    When it is cancelled, it begins no new work, ends what is under way, and lets the cancellation go on.
    `on_progress` is called in another thread.
    """
    import anyio
    import anyio.to_thread

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


def _prepared(jobs: Source, options: dict[str, Any], client: dict[str, Any]) -> Run:
    try:
        if find_spec("dbos") is None:  # looked for, not imported: that takes seconds, and may not be needed
            raise ModuleNotFoundError(name="dbos")
        from .runner import Options, Run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        raise ConfigurationError('a batch needs the extra "batch": pip install "bfl-client[batch]"') from error
    from bfl_client import Client

    chosen = {name: options[name] for name in Options._fields if name != "out"}
    return Run(jobs, Options(Path(fspath(options["out"])), **chosen), Client(**client))
