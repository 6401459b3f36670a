"""The emulator as its users see it: a context manager around a server on this machine, and a program."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from secrets import token_hex
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import anyio
from bfl_api import specification as packaged

from .addresses import Addresses
from .clock import now
from .listener import Listener
from .routes import build_app
from .script import load
from .service import Service
from .tasks import TaskRecord

if TYPE_CHECKING:
    from .certificates import Authority


class Environment(Protocol):
    """Anything that sets environment variables for a while, such as pytest's monkeypatch."""

    def setenv(self, name: str, value: str) -> None: ...


class Emulator:
    """An emulated BFL API.

    As a context manager, synchronous or asynchronous, it listens on 127.0.0.1 in a thread of its own; `app` can be used
    in-process, without listening.

    Args:
        port: port to listen on; 0 takes a free one.
        speed: how many times faster than the service a task is; with `float("inf")` every task is ready at once.
        api_key: the key that requests must carry; None makes one up.
        credits: what there is to spend, at 0.01 USD each.
        finetunes: ids of the finetunes that exist; without any, requests may name any.
        specification: an effective specification; None takes the one packaged in bfl_api.
        clock: returns monotonic seconds; with a clock of their own, tests let time pass without waiting.
        script: rules of faults, or the path of a YAML file with some; `script` adds more.
        seed: for the probabilities of those rules.
        one_host: one host for everything, under the name that the client itself used, for clients that build their own
            polling URL or accept no other host; otherwise submissions, polls and files have a port each, just as the
            service has hosts for them.
        clusters: how many polling hosts there are; each knows only its own tasks.
        limits: whether too many active tasks are refused.
        webhook_hmac: sign webhooks rather than send the secret.
        allow_outbound: let webhooks and picture URLs lead to other machines.
        allow_remote: names under which other machines may reach it; it then listens on all addresses.
        bfl_hosts: answer programs on this machine that reach it under the service's own names, `*.bfl.ai`.
        tls: serve https, with a certificate whose authority is in `ca_file`; both are made at each start.
        strict: let the file host refuse requests that carry the key, with 400; the service's serves them.
        control: add control endpoints, behind `control_token`; see `bfl_emulator.routes`.
        check: check every reply against the specification; a wrong one is an AssertionError in the server (500).

    Attributes:
        api_key: what requests must carry.
        control_token: what requests to the control endpoints must carry.
        app: the ASGI application.
        tasks: by id, oldest first.
        requests: what arrived. This and the next three have the latest few thousand, oldest first; copy them to iterate
            while requests come in.
        leaks: those of them that sent the key to the file host.
        faults: the faults that were really sent.
        webhooks: the attempts to deliver webhooks.

    Raises ValueError for a speed or a number of clusters that is not above 0, an impossible key or script, or a
    specification without a polling operation, and OSError for a script that cannot be read and, on entering, for a port
    that is taken.
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
        clock: Callable[[], float] = now,
        script: str | Path | Iterable[Mapping[str, Any]] = (),
        seed: int | None = None,
        one_host: bool = False,
        clusters: int = 1,
        limits: bool = True,
        webhook_hmac: bool = False,
        allow_outbound: bool = False,
        allow_remote: Iterable[str] = (),
        strict: bool = False,
        bfl_hosts: bool = False,
        tls: bool = False,
        control: bool = False,
        check: bool = False,
    ) -> None:
        if clusters < 1:
            raise ValueError(f"clusters must be above 0, not {clusters!r}")
        self._listener: Listener | None = None
        scheme = "https" if tls else "http"
        self._at_rest = Addresses.at_rest(
            port, clusters, one=one_host, names=allow_remote, bfl=bfl_hosts, scheme=scheme
        )
        self._authority: Authority | None = None
        self._ports = {"submit": port} if one_host else {**dict.fromkeys(self._at_rest.ports, 0), "submit": port}
        self._service = Service(
            packaged.load() if specification is None else specification,
            api_key=f"bfl_emulator_{token_hex(16)}" if api_key is None else api_key,
            speed=speed,
            credits=credits,
            finetunes=finetunes,
            clock=clock,
            addresses=self._at_rest,
            limits=limits,
            outbound=allow_outbound,
            signed=webhook_hmac,
            strict=strict,
        )
        rules, written = load(script) if isinstance(script, str | Path) else (script, None)
        self._service.script.add(rules, written if seed is None else seed)
        self.api_key = self._service.api_key
        self.control_token = token_hex(16) if control else None
        self.app = build_app(self._service, check, self.control_token)
        self.requests, self.leaks = self._service.requests, self._service.leaks
        self.tasks: dict[str, TaskRecord] = self._service.tasks
        self.faults = self._service.script.sent
        self.webhooks = self._service.webhooks.deliveries

    @property
    def base_url(self) -> str:
        """The base URL, without a slash at the end; until the emulator listens, a URL that only `app` answers."""
        return self._service.addresses.url("submit")

    @property
    def cluster_url(self) -> str:
        """The beginning of every polling URL; of several clusters, the first one's."""
        return self._service.addresses.url("cluster")

    @property
    def delivery_url(self) -> str:
        """The beginning of every sample URL."""
        return self._service.addresses.url("delivery")

    @property
    def ca_file(self) -> str | None:
        """The path of the certificates to trust, in PEM; None without `tls`, and unless the emulator listens."""
        return None if self._authority is None else self._authority.file

    @property
    def credits(self) -> float:
        """The credits that are left."""
        return self._service.account.credits

    def script(self, *rules: Mapping[str, Any], seed: int | None = None) -> None:
        """Add rules of faults, which count from now on; `bfl_emulator.script.Rule` explains their keys.

        A `seed` restarts the chances. Raises ValueError for an impossible rule, and then adds none.
        """
        self._service.script.add(rules, seed)

    def clear_script(self) -> None:
        """Remove all rules; the log of what was sent stays."""
        self._service.script.rules = []

    def assert_no_leaks(self) -> None:
        """Raise AssertionError if a request sent the API key to the file host."""
        if self.leaks:
            first = f"{self.leaks[0].method} {self.leaks[0].path}"
            raise AssertionError(
                f"{len(self.leaks)} of the requests to the file host carried the API key, the first being {first}"
            )

    def deliver_webhooks(self) -> int:
        """Deliver, in this thread, the webhooks that are due by the clock, and return the number of attempts.

        Only needed in-process: an emulator that listens delivers by itself.
        """
        return self._service.webhooks.deliver_due()

    def use(self, monkeypatch: Environment) -> Self:
        """Set BFL_BASE_URL and BFL_API_KEY for a test, with pytest's monkeypatch; with `tls` also SSL_CERT_FILE."""
        monkeypatch.setenv("BFL_BASE_URL", self.base_url)
        monkeypatch.setenv("BFL_API_KEY", self.api_key)
        if self.ca_file is not None:
            monkeypatch.setenv("SSL_CERT_FILE", self.ca_file)
        return self

    def start(self) -> None:
        """Listen; once this returns, requests are answered. Raises RuntimeError if it listens already."""
        if self._listener is not None:
            raise RuntimeError("this emulator already listens")
        rest = self._at_rest
        if rest.scheme == "https":
            from .certificates import Authority  # it needs a moment to load

            self._authority = Authority(rest.names, bfl=rest.bfl)
        try:
            secure = None if self._authority is None else self._authority.context
            self._listener = Listener(self.app, rest.address, self._ports, self._service.script, secure)
            self._service.addresses = rest.listening(self._listener.ports)
            self._listener.start()
            self._service.webhooks.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop listening and wait until the server's thread has ended; requests being answered have a second."""
        listener, self._listener = self._listener, None
        if listener is not None:
            self._service.webhooks.stop()
            listener.stop()
            self._service.addresses = self._at_rest
        if self._authority is not None:
            self._authority.forget()
            self._authority = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    async def __aenter__(self) -> Self:
        # A cancellation that comes while the thread starts the server takes effect later: somebody must stop it.
        await anyio.to_thread.run_sync(self.start)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self.stop)

    def __repr__(self) -> str:
        return f"<Emulator {'listening' if self._listener else 'not listening'} on {self.base_url}>"


def serve(**options: Any) -> int:
    """Print the URLs and the key as one line of JSON, then serve until SIGINT, SIGTERM or SIGHUP.

    The options are those of `Emulator`, except for the key: it is made up, or taken from the environment variable
    BFL_API_KEY, because other users of a machine can see options. Returns the exit status: 0, or 1 after one line on
    standard error. Call it in the main thread, where signals arrive.
    """
    logging.basicConfig(level=logging.WARNING)
    stop = threading.Event()
    for number in (getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)):
        if signal.getsignal(number) is not signal.SIG_IGN:  # what the parent process had ignored (nohup) stays ignored
            signal.signal(number, lambda *_: stop.set())
    try:
        with Emulator(**options, api_key=os.environ.get("BFL_API_KEY") or None) as emulator:
            names = ("base_url", "api_key", "cluster_url", "delivery_url", "ca_file", "control_token")
            announced = {name: value for name in names if (value := getattr(emulator, name)) is not None}
            sys.stdout.write(json.dumps(announced) + "\n")
            sys.stdout.flush()
            while not stop.wait(0.5):  # in pieces, because Windows does not interrupt an endless wait
                pass
    except (OSError, ValueError, OverflowError, ModuleNotFoundError) as error:  # the last one: a port above 65535
        sys.stderr.write(f"bfl_emulator: {error}\n")
        return 1
    return 0
