"""The jobs that are measured, each once with the client and once with plain httpx, each in a process of its own.

``python -m benchmarks.jobs JOB ours|plain|sync|async BASE_URL FOLDER`` prints what it measured as JSON: ``cpu`` and
``wall`` in seconds per unit of work, ``peak`` resident memory of the process in bytes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

KEY = "bfl_benchmark"
BODY = {"prompt": "a fox in the snow", "width": 1024, "height": 768, "seed": 42}
ENDPOINT = "flux-dev"
EDITING = "flux-2-pro"
PAIRS = 300
TASKS = 1000
FAULTY_TASKS = 3000


def measured(work: Callable[[], object], units: int = 1) -> dict[str, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"cpu": cpu / units, "wall": wall / units, "peak": peak}


async def measured_async(work: Callable[[int], Awaitable[object]], count: int) -> dict[str, float]:
    """What a task costs, once everything is imported and connected: that is measured as the first request."""
    await work(1)
    cpu, wall = time.process_time(), time.perf_counter()
    await work(count)
    return {"cpu": (time.process_time() - cpu) / count, "wall": (time.perf_counter() - wall) / count}


def first_ours(url: str, folder: Path) -> Any:
    from bfl_client import Client

    Client(KEY, url).submit(ENDPOINT, BODY)
    return {}


def first_plain(url: str, folder: Path) -> Any:
    import httpx

    httpx.Client(headers={"x-key": KEY}).post(f"{url}/v1/{ENDPOINT}", json=BODY).json()
    return {}


def pair_ours(url: str, folder: Path) -> Any:
    from bfl_client import Client

    with Client(KEY, url) as client:
        client.submit(ENDPOINT, BODY).wait()
        return measured(lambda: [client.submit(ENDPOINT, BODY).wait() for _ in range(PAIRS)], PAIRS)


def pair_plain(url: str, folder: Path) -> Any:
    import httpx

    with httpx.Client(headers={"x-key": KEY}) as client:

        def pair() -> Any:
            task = client.post(f"{url}/v1/{ENDPOINT}", json=BODY).json()
            return client.get(task["polling_url"]).json()["result"]["sample"]

        pair()
        return measured(lambda: [pair() for _ in range(PAIRS)], PAIRS)


def _many_ours(url: str, at_once: int) -> Any:
    from bfl_client import AsyncClient

    async def run() -> Any:
        async with AsyncClient(KEY, url) as client:

            async def work(count: int) -> None:
                async with client.map(ENDPOINT, [BODY] * count, concurrency=at_once) as outcomes:
                    async for outcome in outcomes:
                        assert not isinstance(outcome, Exception), outcome

            return await measured_async(work, TASKS)

    return asyncio.run(run())


def _many_plain(url: str, at_once: int) -> Any:
    import httpx

    async def run() -> Any:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=at_once)
        async with httpx.AsyncClient(headers={"x-key": KEY}, limits=limits) as client:
            slots = asyncio.Semaphore(at_once)

            async def one() -> Any:
                async with slots:
                    task = (await client.post(f"{url}/v1/{ENDPOINT}", json=BODY)).json()
                    return (await client.get(task["polling_url"])).json()["result"]["sample"]

            async def work(count: int) -> None:
                await asyncio.gather(*(one() for _ in range(count)))

            return await measured_async(work, TASKS)

    return asyncio.run(run())


def many24_ours(url: str, folder: Path) -> Any:
    return _many_ours(url, 24)


def many24_plain(url: str, folder: Path) -> Any:
    return _many_plain(url, 24)


def many100_ours(url: str, folder: Path) -> Any:
    return _many_ours(url, 100)


def many100_plain(url: str, folder: Path) -> Any:
    return _many_plain(url, 100)


def _patient() -> dict[str, Any]:
    from bfl_client import Poll, Retry

    return {"poll": Poll(floor=0.001, ceiling=0.001), "retry": Retry(attempts=9, initial=0.001, ceiling=0.001)}


def faulty_async(url: str, folder: Path) -> Any:
    from bfl_client import AsyncClient

    async def run() -> Any:
        async with AsyncClient(KEY, f"{url}/faulty", **_patient()) as client:

            async def work(count: int) -> None:
                async with client.map(ENDPOINT, [BODY] * count, concurrency=24) as outcomes:
                    assert not [each async for each in outcomes if isinstance(each, Exception)]

            return await measured_async(work, FAULTY_TASKS)

    return asyncio.run(run())


def faulty_sync(url: str, folder: Path) -> Any:
    from bfl_client import Client

    with Client(KEY, f"{url}/faulty", **_patient()) as client:

        def work(count: int) -> None:
            with client.map(ENDPOINT, [BODY] * count, concurrency=24) as outcomes:
                assert not [each for each in outcomes if isinstance(each, Exception)]

        work(1)
        return measured(lambda: work(FAULTY_TASKS), FAULTY_TASKS)


def _names(count: int) -> list[str]:
    return ["input_image", *(f"input_image_{n}" for n in range(2, 9))][:count]


def _pictures_ours(url: str, folder: Path, count: int) -> Any:
    from bfl_client import Client

    with Client(KEY, url) as client:
        body = {"prompt": "x", **dict.fromkeys(_names(count), folder / "picture.bin")}
        return measured(lambda: client.submit(EDITING, body))


def _pictures_plain(url: str, folder: Path, count: int) -> Any:
    import httpx

    with httpx.Client(headers={"x-key": KEY}) as client:

        def send() -> None:
            files = {name: base64.b64encode((folder / "picture.bin").read_bytes()).decode() for name in _names(count)}
            client.post(f"{url}/v1/{EDITING}", json={"prompt": "x", **files}).json()

        return measured(send)


def none_ours(url: str, folder: Path) -> Any:
    return _pictures_ours(url, folder, 0)


def none_plain(url: str, folder: Path) -> Any:
    return _pictures_plain(url, folder, 0)


def four_ours(url: str, folder: Path) -> Any:
    return _pictures_ours(url, folder, 4)


def four_plain(url: str, folder: Path) -> Any:
    return _pictures_plain(url, folder, 4)


def eight_ours(url: str, folder: Path) -> Any:
    return _pictures_ours(url, folder, 8)


def eight_plain(url: str, folder: Path) -> Any:
    return _pictures_plain(url, folder, 8)


def film_ours(url: str, folder: Path) -> Any:
    from bfl_client import Client

    with Client(KEY, url) as client:
        return measured(lambda: client.task("t", f"{url}/v1/get_result?id=t").save(folder / "film.mp4"))


def film_plain(url: str, folder: Path) -> Any:
    import httpx

    with httpx.Client(headers={"x-key": KEY}) as client:

        def save() -> None:
            sample = client.get(f"{url}/v1/get_result?id=t").json()["result"]["sample"]
            (folder / "film.mp4").write_bytes(httpx.get(sample).content)

        return measured(save)


if __name__ == "__main__":
    job, side, address, place = sys.argv[1:]
    print(json.dumps(globals()[f"{job}_{side}"](address, Path(place))))
