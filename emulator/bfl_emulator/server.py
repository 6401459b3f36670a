"""The emulator as a program sees it: a context manager around a server on a port of this machine."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from secrets import token_hex
from types import TracebackType
from typing import Any, Self

import anyio
from starlette.applications import Starlette

from .app import build_app
from .journal import ReceivedRequest
from .listener import HOST, Listener
from .service import Service
from .tasks import Task


class Emulator:
    """An emulated BFL API.

    Used as a context manager, synchronous or asynchronous, it listens on 127.0.0.1 in a thread of its own; `app` can be
    used in-process, without listening.

    port: port to listen on; 0 takes a free one.
    speed: how many times faster than usual a generation is; `float("inf")` makes every task ready at once.
    api_key: key that requests must carry; None makes one up.
    credits: what the credits operation tells. finetunes: ids of the finetunes that exist.
    specification: effective specification; None takes the one packaged in bfl_api.
    clock: monotonic seconds; with a clock of their own, tests let time pass without waiting.
    check: hold every answer to the specification; one that breaks it is an AssertionError in the server (500).
    Raises ValueError for a speed that is not above 0, an impossible key or a specification without a polling operation,
    and OSError, on entering, for a port that is taken.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        speed: float = 1.0,
        api_key: str | None = None,
        credits: float = 1000.0,
        finetunes: Iterable[str] = (),
        specification: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
        check: bool = False,
    ) -> None:
        self._port = port
        self._listener: Listener | None = None
        self._service = Service(
            _packaged() if specification is None else specification,
            api_key=f"bfl_emulator_{token_hex(16)}" if api_key is None else api_key,
            speed=speed,
            credits=credits,
            finetunes=finetunes,
            clock=clock,
            base_url=_url(port),
        )
        self._app = build_app(self._service, check)

    @property
    def base_url(self) -> str:
        """Where the emulator listens, without a slash at the end; until it does, a URL that only `app` answers."""
        return self._service.base_url

    @property
    def api_key(self) -> str:
        """The key that requests must carry."""
        return self._service.api_key

    @property
    def app(self) -> Starlette:
        """The ASGI application, for use within the process."""
        return self._app

    @property
    def requests(self) -> deque[ReceivedRequest]:
        """What arrived, oldest first; of very many the last ones. Take a copy to iterate while requests come in."""
        return self._service.requests

    @property
    def tasks(self) -> dict[str, Task]:
        """The tasks by id, oldest first. Take a copy to iterate while requests come in."""
        return self._service.tasks

    def start(self) -> None:
        """Listen; when this returns, requests are answered. Raises RuntimeError if it already listens."""
        if self._listener is not None:
            raise RuntimeError("this emulator already listens")
        self._listener = Listener(self._app, self._port)
        self._service.base_url = _url(self._listener.port)
        try:
            self._listener.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening and wait until the server's thread has ended; answers under way have a second to finish."""
        listener, self._listener = self._listener, None
        if listener is not None:
            listener.stop()
            self._service.base_url = _url(self._port)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        # Shielded: a cancellation in between would leave a server behind that nobody stops.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.stop)

    def __repr__(self) -> str:
        return f"<Emulator {'listening' if self._listener else 'not listening'} on {self.base_url}>"


def _packaged() -> Mapping[str, Any]:
    from bfl_api import specification

    return specification.load()


def _url(port: int) -> str:
    return f"http://{HOST}:{port}" if port else f"http://{HOST}"
