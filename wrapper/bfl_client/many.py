"""Many requests at once, their outcomes in order: results, and errors as values."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

import anyio

from .errors import BFLError, ConfigurationError
from .policy import check_concurrency

T = TypeVar("T")
R = TypeVar("R")
Submitted = Callable[[T], None]
PATIENCE = 200
"""How many 429 in a row a request of a map waits out: another program may hold the account's task slots for hours."""
_AHEAD = 4  # requests begun for each slot, so that a slow first one does not leave the others idle


class _Begun(Generic[T]):
    """The tasks that were submitted and whose outcomes the caller does not have yet."""

    def __init__(self, bodies: Iterable[Any], concurrency: int) -> None:
        check_concurrency(concurrency)
        if not isinstance(bodies, Iterable):
            raise ConfigurationError("bodies must be a list of mappings or models")
        self._bodies, self._concurrency = enumerate(bodies), concurrency
        self._begun: dict[int, T] = {}

    @property
    def unfinished(self) -> list[T]:
        """Tasks that were submitted, and paid for, but whose outcomes the caller does not have; you can resume them."""
        return list(self._begun.values())

    def _note(self, index: int) -> Submitted[T]:
        def note(task: T) -> None:
            self._begun[index] = task

        return note


class Outcomes(_Begun[T], Generic[T, R]):
    """A map in progress: iterate over it, inside its ``with``, for a result or an error per request, in order.

    Leaving the ``with`` early waits only for the answers to requests under way, so no paid task is lost;
    `unfinished` then lists the tasks that continue at the service.
    """

    def __init__(
        self, work: Callable[[Any, Submitted[T], Callable[[float], object]], R], bodies: Iterable[Any], concurrency: int
    ) -> None:
        super().__init__(bodies, concurrency)
        self._work = work
        self._waiting: deque[tuple[int, Future[R | BFLError]]] = deque()
        self._stop = threading.Event()
        self._pool: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="bfl-map")
        return self

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> R | BFLError:
        if self._pool is None or self._stop.is_set():
            raise ConfigurationError("iterate over a map inside its with statement")
        for index, body in self._bodies:
            self._waiting.append((index, self._pool.submit(self._outcome, index, body)))
            if len(self._waiting) >= _AHEAD * self._concurrency:
                break
        if not self._waiting:
            raise StopIteration
        index, future = self._waiting.popleft()
        try:
            outcome = future.result()
        except BaseException:  # whoever continues after Ctrl-C gets each outcome, in its place
            self._waiting.appendleft((index, future))
            raise
        self._begun.pop(index, None)
        return outcome

    def _outcome(self, index: int, body: Any) -> R | BFLError:
        try:
            return self._work(body, self._note(index), self._sleep)
        except BFLError as error:
            return error

    def _sleep(self, seconds: float) -> None:
        if self._stop.wait(seconds):
            raise BFLError("the map was left before this request ended")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)


class AsyncOutcomes(_Begun[T], Generic[T, R]):
    """A map in progress: ``async with`` it, and ``async for`` over it; see `Outcomes`."""

    def __init__(
        self, work: Callable[[Any, Submitted[T]], Awaitable[R]], bodies: Iterable[Any], concurrency: int
    ) -> None:
        super().__init__(bodies, concurrency)
        self._work = work
        self._waiting: deque[tuple[int, _Promise[R]]] = deque()
        self._group = anyio.create_task_group()
        self._slots = anyio.Semaphore(concurrency)

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    def __aiter__(self) -> Self:  # not an async generator, which cannot be closed properly when left early
        return self

    async def __anext__(self) -> R | BFLError:
        for index, body in self._bodies:
            promise = _Promise[R]()
            self._waiting.append((index, promise))
            self._group.start_soon(self._fulfil, promise, index, body)
            if len(self._waiting) >= _AHEAD * self._concurrency:
                break
        if not self._waiting:
            raise StopAsyncIteration
        index, promise = self._waiting.popleft()
        try:
            await promise.kept.wait()
        except BaseException:  # whoever continues after a timeout gets each outcome, in its place
            self._waiting.appendleft((index, promise))
            raise
        self._begun.pop(index, None)
        return promise.outcome

    async def _fulfil(self, promise: _Promise[R], index: int, body: Any) -> None:
        async with self._slots:
            try:
                promise.outcome = await self._work(body, self._note(index))
            except BFLError as error:
                promise.outcome = error
        promise.kept.set()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._group.cancel_scope.cancel()
        if isinstance(error, anyio.get_cancelled_exc_class()):
            await self._group.__aexit__(kind, error, trace)  # a cancellation from outside: the group must see it
        else:
            await self._group.__aexit__(None, None, None)  # anything else leaves as it is, not in an exception group


class _Promise(Generic[R]):
    """An outcome that is not known yet."""

    def __init__(self) -> None:
        self.kept = anyio.Event()
        self.outcome: R | BFLError
