"""The two clients. What they share is in `base`, what happens to a task in `tasks` and `flows`."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine, Iterable, Mapping
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

import httpx
from anyio.lowlevel import current_token

from .base import Base, amount
from .policy import seconds
from .steps import Flow
from .tasks import AsyncResult, AsyncTask, Result, Task
from .transport import AsyncDriver, Driver
from .wire import http_options

if TYPE_CHECKING:
    from bfl_api.client import Client as GeneratedClient
    from bfl_api.endpoints import EndpointName, Endpoints, SupportsToDict
    from bfl_api.utility import AsyncUtility, Utility

    from .mapping import AsyncOutcomes, Outcomes, Submitted

    Bodies = Iterable[Mapping[str, Any] | SupportsToDict]

T = TypeVar("T")
R = TypeVar("R")


class Client(Base[httpx.Client]):
    """The synchronous client; threads may share it. Close it, or use it in a ``with``."""

    _HTTP = httpx.Client

    @cached_property
    def driver(self) -> Driver:
        """What carries out the flows of this client."""
        return self._driver(time.sleep)

    def _driver(self, sleep: Callable[[float], object]) -> Driver:
        def build() -> httpx.Client:
            return httpx.Client(**http_options(self.timeout))

        return Driver(lambda: self._http(build), self.auth, self.timeout, sleep=sleep, own=self._given is None)

    def run(self, flow: Flow[T]) -> T:
        """Carry out a flow."""
        return self.driver.run(flow)

    @cached_property
    def submit(self) -> Endpoints[Task]:
        """Submits: ``client.submit.<endpoint>(prompt=…)`` or ``client.submit("<endpoint>", …)`` gives a `Task`."""
        from bfl_api.endpoints import Endpoints

        return Endpoints(self._submit)

    @cached_property
    def generate(self) -> Endpoints[Result]:
        """Submits and waits: the same methods and the same call as `submit`, giving a `Result`."""
        from bfl_api.endpoints import Endpoints

        return Endpoints(self._generate)

    @cached_property
    def utility(self) -> Utility:
        """The operations that make no task: credits, finetunes and what else the specification has, a method each."""
        from bfl_api.utility import Utility

        return Utility(self._call)

    def _submit(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> Task:
        request = self.request(endpoint, body, validate=validate, extra=extra)
        return Task(self, **self.run(self.submit_flow(request)))

    def _generate(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> Result:
        return self._submit(endpoint, body, validate=validate, extra=extra).wait()

    def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        parse: Callable[[Any], R],
    ) -> R:
        return self.run(self.utility_flow(method, path, query, body, parse))

    def task(self, id: str, polling_url: str, endpoint: str | None = None) -> Task:
        """A task taken up again from its id and polling URL (an id alone is not enough: hosts differ)."""
        return Task(self, id=id, polling_url=polling_url, endpoint=endpoint)

    def map(
        self,
        endpoint: EndpointName | str,
        bodies: Bodies,
        *,
        concurrency: int = 24,
        timeout: float | None = None,
        validate: bool = True,
    ) -> Outcomes[Task, Result]:
        """Generate many: ``with client.map(…) as outcomes:`` iterate for a `Result` or a `BFLError` each, in order.

        Args:
            endpoint: name of the endpoint for all of them.
            bodies: a mapping or model per request; read as slots become free.
            concurrency: active tasks at most (the service allows 24 on most endpoints).
            timeout: seconds for each task, from its submit; None means the default of its kind.
            validate: check each request before it is sent; a refused one is a ConstraintError in its place.
        """
        from .mapping import PATIENCE, Outcomes

        if timeout is not None:
            seconds("timeout", timeout)

        def work(body: Any, submitted: Submitted[Task], sleep: Callable[[float], object]) -> Result:
            driver = self._driver(sleep)
            request = self.made(endpoint, body, validate)
            task = Task(self, **driver.run(self.submit_flow(request, PATIENCE)))
            submitted(task)
            return Result(self, task, driver.run(task.wait_flow(timeout, None)).raw)

        return Outcomes(work, bodies, concurrency)

    def credits(self) -> float:
        """The credits left (1 credit is 0.01 USD)."""
        return amount(self.utility.credits().credits_)

    @cached_property
    def api(self) -> GeneratedClient:
        """A client for the generated functions of ``bfl_api.api``, the escape hatch; errors are raised as ours."""
        from bfl_api.client import Client as GeneratedClient

        from .hatch import HatchClient

        base = str(self.hosts.base)
        return GeneratedClient(base_url=base).set_httpx_client(HatchClient(self.driver, base))

    def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._closed = True
        if self._built is not None:
            self._built.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient(Base[httpx.AsyncClient]):
    """The asynchronous client, on asyncio and trio. Close it, or use it in an ``async with``."""

    _HTTP = httpx.AsyncClient
    _loop: object = None

    @cached_property
    def driver(self) -> AsyncDriver:
        """What carries out the flows of this client."""

        def build() -> httpx.AsyncClient:
            return httpx.AsyncClient(**http_options(self.timeout))

        def http() -> httpx.AsyncClient:
            if (loop := current_token()) != self._loop:  # connections belong to the event loop that made them
                self._loop, self._built = loop, None
            return self._http(build)

        return AsyncDriver(http, self.auth, self.timeout, own=self._given is None)

    async def run(self, flow: Flow[T]) -> T:
        """Carry out a flow."""
        return await self.driver.run(flow)

    @cached_property
    def submit(self) -> Endpoints[Coroutine[Any, Any, AsyncTask]]:
        """Submits: ``await client.submit.<endpoint>(prompt=…)`` gives an `AsyncTask`; see `Client.submit`."""
        from bfl_api.endpoints import Endpoints

        return Endpoints(self._submit)

    @cached_property
    def generate(self) -> Endpoints[Coroutine[Any, Any, AsyncResult]]:
        """Submits and waits: the same methods and the same call as `submit`, giving an `AsyncResult`."""
        from bfl_api.endpoints import Endpoints

        return Endpoints(self._generate)

    @cached_property
    def utility(self) -> AsyncUtility:
        """The operations that make no task: credits, finetunes and what else the specification has, a method each."""
        from bfl_api.utility import AsyncUtility

        return AsyncUtility(self._call)

    async def _submit(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> AsyncTask:
        request = self.request(endpoint, body, validate=validate, extra=extra)
        return AsyncTask(self, **await self.run(self.submit_flow(request)))

    async def _generate(
        self, endpoint: str, body: Mapping[str, Any], *, validate: bool = True, extra: Mapping[str, Any] | None = None
    ) -> AsyncResult:
        return await (await self._submit(endpoint, body, validate=validate, extra=extra)).wait()

    async def _call(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any],
        body: Mapping[str, Any] | None,
        parse: Callable[[Any], R],
    ) -> R:
        return await self.run(self.utility_flow(method, path, query, body, parse))

    def task(self, id: str, polling_url: str, endpoint: str | None = None) -> AsyncTask:
        """A task taken up again from its id and polling URL; see `Client.task`."""
        return AsyncTask(self, id=id, polling_url=polling_url, endpoint=endpoint)

    def map(
        self,
        endpoint: EndpointName | str,
        bodies: Bodies,
        *,
        concurrency: int = 24,
        timeout: float | None = None,
        validate: bool = True,
    ) -> AsyncOutcomes[AsyncTask, AsyncResult]:
        """Generate many: ``async with client.map(…) as outcomes:`` and ``async for`` over it; see `Client.map`."""
        from .mapping import PATIENCE, AsyncOutcomes

        if timeout is not None:
            seconds("timeout", timeout)

        async def work(body: Any, submitted: Submitted[AsyncTask]) -> AsyncResult:
            request = self.made(endpoint, body, validate)
            submit = self.submit_flow(request, PATIENCE)
            task = AsyncTask(self, **await self.driver.run(submit, shield=True))
            submitted(task)
            return await task.wait(timeout)

        return AsyncOutcomes(work, bodies, concurrency)

    async def credits(self) -> float:
        """The credits left (1 credit is 0.01 USD)."""
        return amount((await self.utility.credits()).credits_)

    @cached_property
    def api(self) -> GeneratedClient:
        """A client for the generated ``asyncio`` functions of ``bfl_api.api``; see `Client.api`."""
        from bfl_api.client import Client as GeneratedClient

        from .hatch import AsyncHatchClient

        base = str(self.hosts.base)
        return GeneratedClient(base_url=base).set_async_httpx_client(AsyncHatchClient(self.driver, base))

    async def close(self) -> None:
        """Close the connections; the client cannot be used any more."""
        self._closed = True
        if self._built is not None and current_token() == self._loop:  # those of another loop ended with it
            await self._built.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
