"""The two drivers that carry out the steps of a flow: the only code that sleeps, looks at a clock or uses the network.

`Driver` serves synchronous callers, `AsyncDriver` asynchronous ones on asyncio and trio. Both send API requests with
the key and downloads without it, follow no redirect, ask for uncompressed answers, and read them in pieces under a cap.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, aclosing
from typing import Any, TypeVar, cast

import anyio
import httpx

from .errors import BFLError
from .steps import Answer, Call, Clock, Fetch, Fetched, Flow, Sleep, Step
from .wire import Incoming, Saving, Wire, lost, ours

T = TypeVar("T")


class Driver(Wire):
    """Carries out flows for synchronous callers.

    A deadline bounds each single read, and the whole of an answer's body; only an answer whose headers are dripped byte
    by byte can outlast it.
    """

    def __init__(
        self,
        http: Callable[[], httpx.Client],
        auth: httpx.Auth | None,
        timeout: httpx.Timeout,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] = time.sleep,
        own: bool = False,
    ) -> None:
        super().__init__(auth, timeout, own)
        self._http, self._clock, self._sleep = http, clock, sleep

    def run(self, flow: Flow[T]) -> T:
        """Drive a flow to its end and return its result; what it raises leaves as it is."""
        token = ours.set(True)
        try:
            step = next(flow)
            while True:
                try:
                    outcome = self._perform(step)
                except BFLError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # a generator's result has no static type here
        finally:
            flow.close()
            ours.reset(token)

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Clock):
            return self._clock()
        if isinstance(step, Sleep):
            return self._sleep(step.seconds)
        try:
            return self._call(step) if isinstance(step, Call) else self._fetch(step)
        except BFLError:
            raise
        except Exception as error:  # whatever httpx, the system or a hostile answer raises
            raise lost(error, isinstance(step, Call) and step.paid) from error

    def _send(self, step: Call | Fetch, method: str, auth: httpx.Auth | None) -> httpx.Response:
        http = self._http()
        body = iter(step.body) if isinstance(step, Call) and step.body is not None else None
        request = self.request(http, step, method, body, self._clock())
        return http.send(request, auth=auth, stream=True, follow_redirects=False)

    def _call(self, step: Call) -> Answer:
        response = self._send(step, step.method, self.auth)
        try:
            incoming = Incoming(response)
            for piece in _pieces(response):
                if not incoming.take(piece):
                    break
                if step.deadline is not None and self._clock() >= step.deadline:
                    raise httpx.ReadTimeout("the answer outlasted the deadline")
        finally:
            response.close()
        return incoming.answer()

    def _fetch(self, step: Fetch) -> Fetched:
        start = step.sink.tell()
        response = self._send(step, "GET", None)
        try:
            saving = Saving(step, response, start, self._clock)
            for piece in _pieces(response) if saving.wanted else ():
                if not saving.take(piece):
                    break
        finally:
            response.close()
        return saving.outcome()


class AsyncDriver(Wire):
    """Carries out flows for asynchronous callers; a deadline ends a request wherever it stands."""

    def __init__(
        self,
        http: Callable[[], httpx.AsyncClient],
        auth: httpx.Auth | None,
        timeout: httpx.Timeout,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = anyio.sleep,
        own: bool = False,
    ) -> None:
        super().__init__(auth, timeout, own)
        self._http, self._clock, self._sleep = http, clock, sleep

    async def run(self, flow: Flow[T], *, shield: bool = False) -> T:
        """Drive a flow to its end and return its result; what it raises leaves as it is.

        Args:
            shield: a cancellation waits for a paid request under way: its answer is the only handle of its task.
        """
        token = ours.set(True)
        try:
            step = next(flow)
            while True:
                try:
                    outcome = await self._perform(step, shield)
                except BFLError as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(outcome)
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]  # a generator's result has no static type here
        finally:
            flow.close()
            ours.reset(token)

    async def _perform(self, step: Step, shield: bool) -> Any:
        if isinstance(step, Clock):
            return self._clock()
        if isinstance(step, Sleep):
            return await self._sleep(step.seconds)
        try:
            left = None if step.deadline is None else max(step.deadline - self._clock(), 0.001)
            with anyio.fail_after(left, shield=shield and isinstance(step, Call) and step.paid):
                return await (self._call(step) if isinstance(step, Call) else self._fetch(step))
        except BFLError:
            raise
        except Exception as error:  # whatever httpx, the system or a hostile answer raises
            raise lost(error, isinstance(step, Call) and step.paid) from error

    async def _send(self, step: Call | Fetch, method: str, auth: httpx.Auth | None) -> httpx.Response:
        http = self._http()
        now = self._clock()
        async with AsyncExitStack() as stack:  # a body that is left early, on cancellation, closes its files
            body = None
            if isinstance(step, Call) and step.body is not None:
                body = await stack.enter_async_context(aclosing(step.body.stream()))
            request = self.request(http, step, method, body, now)
            return await http.send(request, auth=auth, stream=True, follow_redirects=False)

    async def _call(self, step: Call) -> Answer:
        response = await self._send(step, step.method, self.auth)
        try:
            incoming = Incoming(response)
            async with aclosing(_apieces(response)) as pieces:  # trio insists on closing what is left early
                async for piece in pieces:
                    if not incoming.take(piece):
                        break
        finally:
            await response.aclose()
        return incoming.answer()

    async def _fetch(self, step: Fetch) -> Fetched:
        start = step.sink.tell()
        response = await self._send(step, "GET", None)
        try:
            saving = Saving(step, response, start, self._clock)
            if saving.wanted:
                async with aclosing(_apieces(response)) as pieces:
                    async for piece in pieces:
                        if not saving.take(piece):
                            break
        finally:
            await response.aclose()
        return saving.outcome()


def _pieces(response: httpx.Response) -> Iterator[bytes]:
    return iter((response.content,)) if response.is_stream_consumed else response.iter_raw()


def _apieces(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    # aiter_raw is an asynchronous generator, though httpx declares less
    return (
        _content(response) if response.is_stream_consumed else cast(AsyncGenerator[bytes, None], response.aiter_raw())
    )


async def _content(response: httpx.Response) -> AsyncGenerator[bytes, None]:
    yield response.content
