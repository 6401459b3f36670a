"""The public API as type checkers see it; mypy and pyright read this file, nobody runs it.

A line with an ignore must be an error, or the ignore itself is one.
"""

from collections.abc import Coroutine
from io import BytesIO
from pathlib import Path
from typing import Any, Literal, assert_type

from bfl_api.models import FluxDevInputs, MyFinetunesResponse
from bfl_client import (
    APIError,
    AsyncClient,
    AsyncResult,
    AsyncTask,
    BFLError,
    Client,
    ConstraintError,
    DownloadError,
    Poll,
    Result,
    Retry,
    Task,
    TaskError,
    TransportError,
    Update,
    Violation,
)
from bfl_client.errors import Remedy
from bfl_client.tasks import Handle
from PIL.Image import Image


def synchronous(client: Client) -> None:
    task = client.submit.flux_dev(prompt="a fox", width=1024, output_format="png", image_prompt=Path("cat.png"))
    assert_type(task, Task)
    assert_type(client.submit("flux-dev", prompt="a fox"), Task)
    assert_type(client.submit("flux-dev", FluxDevInputs(prompt="a fox")), Task)
    assert_type(client.submit("unknown", {"prompt": "a fox"}, validate=False, extra={"new": 1}), Task)
    assert_type(client.generate.flux_3_video_t2v(prompt="a fox", duration="auto"), Result)
    assert_type(client.generate.flux_3_video_i2v(prompt="x", keyframes=[b"", (2.5, Path("a"))]), Result)
    assert_type(task.status(), Update)
    result = task.wait(timeout=5, on_update=lambda update: print(update.progress))
    assert_type(result, Result)
    assert_type(result.kind, Literal["image", "video"])
    assert_type(result.seed, int | None)
    assert_type(result.cost, float | None)
    assert_type(result.read(), bytes)
    assert_type(result.image(), Image)
    with open("fox.jpg", "wb") as file:
        result.save(file)
    assert_type(client.result(task.status()), Result)
    assert_type(client.generate("flux-dev", prompt="a fox", timeout=300, on_update=print), Result)
    assert_type(result.save("fox.png"), Path)
    assert_type(result.save(Path("out"), overwrite=False, stem="fox", private=True), Path)
    assert_type(result.save_draft("draft.bin", overwrite=False), Path)
    assert_type(result.task, Task)
    assert_type(task.save("fox.png"), Path)
    assert_type(task.cost, float | None)
    assert_type(task.input_mp, float | None)
    assert_type(task.output_mp, float | None)
    assert_type(task.polling_url, str | None)
    assert_type(task.handle, Handle)
    assert_type(Handle.from_dict(task.handle.to_dict()), Handle)
    assert_type(Task.from_dict(task.to_dict(), client), Task)
    assert_type(client.task("id", "https://api.bfl.ai/v1/get_result?id=id"), Task)
    assert_type(client.credits(), float)
    assert_type(client.price("flux-2-pro", width=1024, height=1024), float | None)
    assert_type(client.paused_by(lambda seconds: None, patience=200), Client)
    assert_type(client.utility.my_finetunes(), MyFinetunesResponse)
    with client.map("flux-2-pro", [{"prompt": "a"}], concurrency=24) as outcomes:
        for outcome in outcomes:
            assert_type(outcome, Result | BFLError)


async def asynchronous(client: AsyncClient) -> None:
    coroutine = client.submit.flux_dev(prompt="a fox")
    await assert_type(coroutine, Coroutine[Any, Any, AsyncTask])
    task = await client.submit.flux_dev(prompt="a fox")
    assert_type(task, AsyncTask)
    assert_type(await client.generate("flux-dev", prompt="a fox"), AsyncResult)
    assert_type(await task.wait(), AsyncResult)
    assert_type(await task.save("fox.png"), Path)
    assert_type(await (await task.wait()).save("out", overwrite=False, stem="fox", private=True), Path)
    assert_type(await (await task.wait()).read(), bytes)
    assert_type(await (await task.wait()).image(), Image)
    await (await task.wait()).save(BytesIO())
    assert_type(client.result(await task.status()), AsyncResult)
    assert_type(await client.generate("flux-dev", prompt="a fox", timeout=300, on_update=print), AsyncResult)
    assert_type(await task.status(), Update)
    assert_type(task.handle, Handle)
    assert_type(client.price("flux-2-pro", width=1024, height=1024), float | None)
    assert_type(await client.credits(), float)
    async with client.map("flux-2-pro", [{"prompt": "a"}]) as outcomes:
        async for outcome in outcomes:
            assert_type(outcome, AsyncResult | BFLError)


def settings() -> Client:
    return Client("key", "https://api.bfl.ai", region="eu", timeout=30, poll=Poll(floor=1), retry=Retry(attempts=2))


def failures(error: BFLError) -> None:
    assert_type(error.message, str)
    assert_type(error.remedy, Remedy)
    assert_type(error.remedy.action, str)
    assert_type(error.remedy.facts, dict[str, Any])
    assert_type(error.task_id, str | None)
    assert_type(error.polling_url, str | None)
    if isinstance(error, ConstraintError):
        assert_type(error.violations, tuple[Violation, ...])
        assert_type(error.violations[0].text("in other words"), str)
    if isinstance(error, APIError):
        assert_type(error.status_code, int)
        assert_type(error.retry_after, float | None)
    if isinstance(error, TransportError | APIError):
        assert_type(error.maybe_submitted, bool)
    if isinstance(error, TaskError):
        assert_type(error.cost, float | None)
    if isinstance(error, DownloadError):
        assert_type(error.expired, bool)
        assert_type(error.unwritable, bool)


async def mistakes(client: Client, aclient: AsyncClient) -> None:
    client.submit.flux_dev(promt="a fox")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.submit.flux_dev(width="1024")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.submit.flux_dev(output_format="gif")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.submit.flux_2_pro()  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.submit.flux_dve()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    Client("key", region="mars")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.generate.flux_dev(prompt="x").save("fox.png", overwrites=False)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    aclient.paused_by(print)  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
    aclient.submit.flux_dev(prompt="x").wait()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue]
