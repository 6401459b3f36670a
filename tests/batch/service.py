"""A service within the test, which counts every POST and answers what the test wants."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import bfl_batch
import httpx
from bfl_batch import Report
from bfl_client.policy import Poll, Retry

from tests.needs import PICTURE

ENDPOINT = PICTURE
FREE = "http://127.0.0.1:9"  # nobody listens there: all requests are answered here
CONTENT = b"\x89PNG\r\n\x1a\n" + bytes(64)
Answer = httpx.Response | None


def line(name: str, **parameters: Any) -> dict[str, Any]:
    """A job whose prompt is its name."""
    return {"endpoint": ENDPOINT, "prompt": name, "name": name, **parameters}


class Service:
    """A service whose tasks are ready at once, costing 3 credits, unless the test says otherwise.

    Attributes:
        base: where its tasks are polled.
        posts: how often each prompt was submitted.
        polls: how often each task was polled; a task's id is its prompt and the number of its submission.
        on_post: called with the prompt; what it returns or raises is the answer.
        on_poll: called with the task's id and the number of the poll, from 1; likewise.
    """

    def __init__(self) -> None:
        self.posts, self.polls = Counter[str](), Counter[str]()
        self.base = FREE
        self.on_post: Callable[[str], Answer] = lambda prompt: None
        self.on_poll: Callable[[str, int], Answer] = lambda made, number: None
        self._lock = threading.Lock()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            prompt = json.loads(request.read())["prompt"]
            with self._lock:
                self.posts[prompt] += 1
                made = f"{prompt}-{self.posts[prompt]}"
            return self.on_post(prompt) or self.created(made)
        if request.url.path == "/v1/get_result":
            made = request.url.params["id"]
            with self._lock:
                self.polls[made] += 1
            return self.on_poll(made, self.polls[made]) or self.ready(made)
        return httpx.Response(200, content=CONTENT + request.url.path.encode(), headers={"content-type": "image/png"})

    def created(self, made: str, cost: float | None = 3.0) -> httpx.Response:
        """The answer to a submit."""
        return httpx.Response(
            200, json={"id": made, "polling_url": f"{self.base}/v1/get_result?id={made}", "cost": cost}
        )

    def ready(self, made: str, **more: Any) -> httpx.Response:
        """The answer to the last poll."""
        result = {"sample": f"{self.base}/{made}.png", "seed": 1}
        return httpx.Response(200, json={"id": made, "status": "Ready", "result": result, **more})

    @staticmethod
    def status(made: str, status: str) -> httpx.Response:
        """The answer to another poll."""
        return httpx.Response(200, json={"id": made, "status": status, "result": None})

    def run(self, jobs: str | Path | Iterable[Mapping[str, Any]], out: Path, **options: Any) -> Report:
        """Run a batch against this service."""
        with httpx.Client(transport=httpx.MockTransport(options.pop("transport", self))) as http:
            quick: dict[str, Any] = {"poll": Poll(floor=0.01), "retry": Retry(initial=0.01, ceiling=0.05)}
            keyed: dict[str, Any] = {"api_key": "bfl_key_of_nobody", "base_url": FREE, "http_client": http}
            return bfl_batch.run(jobs, out=out, **{**quick, **keyed, **options})
