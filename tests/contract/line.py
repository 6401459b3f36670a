"""A client without a network: what it sends is recorded and answered with a receipt."""

from __future__ import annotations

import asyncio
import inspect
import itertools
import json
from collections.abc import Callable
from typing import Any

import httpx
from bfl_client import AsyncClient, Client

from .operations import POLLING

KEY = "bfl_contract_key_seen_by_the_api_alone"
BASE = "https://api.bfl.ai"


class Line:
    """Either client, on a line of its own; `answer` makes an answer from a request.

    Attributes:
        kind: "sync" or "async".
        requests: what arrived, bodies read.
    """

    def __init__(self, kind: str, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        self.kind = kind
        self.requests: list[httpx.Request] = []
        self._numbers = itertools.count(1)
        self._answer = answer or self._receipt
        self._runner = asyncio.Runner()
        self.client: Any
        if kind == "sync":
            http = httpx.Client(transport=httpx.MockTransport(self._arrived))
            self.client = Client(KEY, BASE, http_client=http)
        else:
            ahttp = httpx.AsyncClient(transport=httpx.MockTransport(self._aarrived))
            self.client = AsyncClient(KEY, BASE, http_client=ahttp)

    def _receipt(self, request: httpx.Request) -> httpx.Response:
        task_id = f"task-{next(self._numbers)}"
        return httpx.Response(200, json={"id": task_id, "polling_url": f"{BASE}{POLLING.path}?id={task_id}"})

    def _arrived(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return self._answer(request)

    async def _aarrived(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self.requests.append(request)
        return self._answer(request)

    def do(self, action: Callable[[Any], Any]) -> Any:
        """Carry out an action with the client; what is awaitable is awaited."""
        self.requests.clear()
        result = action(self.client)
        return self._runner.run(_awaited(result)) if inspect.isawaitable(result) else result

    def sent(self, action: Callable[[Any], Any]) -> Any:
        """JSON of the one request that an action sent."""
        self.do(action)
        (request,) = self.requests
        assert request.headers["content-length"] == str(len(request.content))
        return json.loads(request.content)

    def close(self) -> None:
        """End the event loop."""
        self._runner.close()


async def _awaited(result: Any) -> Any:
    return await result
