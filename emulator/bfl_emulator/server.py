"""The emulator as a program sees it: a context manager around a server on a port of this machine."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import Any, Protocol, Self

import anyio
from starlette.applications import Starlette

from .app import build_app
from .hosts import LISTENERS, Hosts
from .journal import ReceivedRequest
from .listener import Listener
from .script import SentFault, load
from .service import Service
from .tasks import Task
from .webhooks import Delivery


class Environment(Protocol):
    """What sets environment variables for a while, such as pytest's monkeypatch."""

    def setenv(self, name: str, value: str) -> None:
        """Set a variable."""
        ...


class Emulator:
    """An emulated BFL API.

    Used as a context manager, synchronous or asynchronous, it listens on 127.0.0.1 in a thread of its own; `app` can be
    used in-process, without listening.

    port: port to listen on; 0 takes a free one.
    speed: how many times faster than usual a generation is; `float("inf")` makes every task ready at once.
    api_key: key that requests must carry; None makes one up.
    credits: what there is to spend, at 0.01 USD each. finetunes: ids of the finetunes that exist.
    specification: effective specification; None takes the one packaged in bfl_api.
    clock: monotonic seconds; with a clock of their own, tests let time pass without waiting.
    script: rules of faults, or the path of a YAML file with them; `script` adds more. seed: starts their chances.
    one_host: one host for everything, for clients that build their own polling URL; otherwise submissions, polls and
    files have a listener each, as the service has it.
    limits: refuse what goes beyond the limits on active tasks. webhook_hmac: sign webhooks, not show the secret.
    allow_outbound: let webhooks and pictures named by URL lead to other machines.
    allow_remote: names under which other machines may reach it; then it listens on all addresses, not on loopback only.
    control: add endpoints that tell the logs and take scripts, behind `control_token`; see `bfl_emulator.control`.
    check: hold every answer to the specification; one that breaks it is an AssertionError in the server (500).
    Raises ValueError for a speed that is not above 0, an impossible key or script, or a specification without a polling
    operation, and OSError for a script that cannot be read and, on entering, for a port that is taken.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        speed: float = 1.0,
        api_key: str | None = None,
        credits: float = 10_000.0,
        finetunes: Iterable[str] = (),
        specification: Mapping[str, Any] | None = None,
        clock: Callable[[], float] = time.monotonic,
        script: str | Path | Iterable[Mapping[str, Any]] = (),
        seed: int | None = None,
        one_host: bool = False,
        limits: bool = True,
        webhook_hmac: bool = False,
        allow_outbound: bool = False,
        allow_remote: Iterable[str] = (),
        control: bool = False,
        check: bool = False,
    ) -> None:
        self._listener: Listener | None = None
        ports = {"submit": port, "cluster": 81, "delivery": 82} if port else None
        self._at_rest = Hosts(ports, one=one_host, names=allow_remote)
        self._ports = {"submit": port} if one_host else {**dict.fromkeys(LISTENERS, 0), "submit": port}
        self._service = Service(
            _packaged() if specification is None else specification,
            api_key=f"bfl_emulator_{token_hex(16)}" if api_key is None else api_key,
            speed=speed,
            credits=credits,
            finetunes=finetunes,
            clock=clock,
            hosts=self._at_rest,
            limits=limits,
            outbound=allow_outbound,
            signed=webhook_hmac,
        )
        rules, written = load(script) if isinstance(script, str | Path) else (script, None)
        self._service.script.add(rules, written if seed is None else seed)
        self._control_token = token_hex(16) if control else None
        self._app = build_app(self._service, check, self._control_token)

    @property
    def base_url(self) -> str:
        """Where the emulator listens, without a slash at the end; until it does, a URL that only `app` answers."""
        return self._service.hosts.url("submit")

    @property
    def cluster_url(self) -> str:
        """Where tasks are polled: the beginning of every polling URL."""
        return self._service.hosts.url("cluster")

    @property
    def delivery_url(self) -> str:
        """Where files lie: the beginning of every sample URL."""
        return self._service.hosts.url("delivery")

    @property
    def api_key(self) -> str:
        """The key that requests must carry."""
        return self._service.api_key

    @property
    def control_token(self) -> str | None:
        """The token for the control endpoints, or None if there are none."""
        return self._control_token

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

    @property
    def credits(self) -> float:
        """The credits that are left."""
        return self._service.account.credits

    @property
    def faults(self) -> deque[SentFault]:
        """The faults that were really sent, oldest first."""
        return self._service.script.sent

    @property
    def webhooks(self) -> deque[Delivery]:
        """The attempts to deliver webhooks, oldest first."""
        return self._service.webhooks.deliveries

    def script(self, *rules: Mapping[str, Any], seed: int | None = None) -> None:
        """Add rules of faults, which count from now on; see `Rule` for their keys.

        A `seed` starts the chances anew. Raises ValueError for a rule that is not possible, and then adds none.
        """
        self._service.script.add(rules, seed)

    def clear_script(self) -> None:
        """Take all rules away; what was sent stays in the log."""
        self._service.script.rules = []

    def deliver_webhooks(self) -> int:
        """Deliver, in this thread, what webhooks are due by the clock, and return how many attempts were made.

        Only needed in-process: an emulator that listens delivers by itself.
        """
        return self._service.webhooks.deliver_due()

    def use(self, monkeypatch: "Environment") -> Self:
        """Set BFL_BASE_URL and BFL_API_KEY for a test, with pytest's monkeypatch."""
        monkeypatch.setenv("BFL_BASE_URL", self.base_url)
        monkeypatch.setenv("BFL_API_KEY", self.api_key)
        return self

    def start(self) -> None:
        """Listen; when this returns, requests are answered. Raises RuntimeError if it already listens."""
        if self._listener is not None:
            raise RuntimeError("this emulator already listens")
        rest = self._at_rest
        self._listener = Listener(self._app, rest.address, self._ports, self._service.script)
        self._service.hosts = Hosts(self._listener.ports, one=rest.one, names=rest.names)
        try:
            self._listener.start()
            self._service.webhooks.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening and wait until the server's thread has ended; answers under way have a second to finish."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._service.webhooks.stop()
            listener.stop()
            self._service.hosts = self._at_rest

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
