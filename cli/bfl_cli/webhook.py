"""``bfl webhook listen``: a small HTTP server that receives webhooks, and prints those that verify."""

from __future__ import annotations

import contextlib
import functools
import ipaddress
import os
import queue
import socket
import sys
import threading
import time
from collections.abc import Callable, Generator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from bfl_client import webhooks
from bfl_client.errors import BFLError, WebhookError, in_line, shorten
from bfl_client.specification import credits_in_words

from .app import command, group
from .exits import Problem
from .screen import Screen, write
from .service import connected

if TYPE_CHECKING:
    from bfl_client.answers import Update

SECRET = "BFL_WEBHOOK_SECRET"  # noqa: S105  # the name of a variable
AT_ONCE = 32
"""Deliveries that are received at one time; others wait to be accepted."""
app = group("Receive webhooks and print them.")


class Receiver(ThreadingHTTPServer):
    """A threaded server of at most `AT_ONCE` deliveries at a time.

    Args:
        admit: raises WebhookError for headers whose body need not be read.
        parse: turns body and headers into an update, or raises WebhookError.
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(
        self,
        host: str,
        port: int,
        admit: Callable[[Mapping[str, str]], None],
        parse: Callable[[bytes, Mapping[str, str]], Update],
        screen: Screen,
    ) -> None:
        super().__init__((host, port), _Handler)
        self.admit, self.parse, self.screen = admit, parse, screen
        self.arrived: queue.SimpleQueue[Update] = queue.SimpleQueue()
        self.url = "http://{!s}:{}/".format(*self.server_address)
        self.places = threading.BoundedSemaphore(AT_ONCE)

    def get_request(self) -> tuple[Any, Any]:
        """The next connection, once there is a place for it; a system without free files is given time to find some."""
        if not self.places.acquire(timeout=0.5):
            raise OSError("every place is taken")  # asked again at once, unless the listener is to end
        try:
            return super().get_request()
        except OSError:
            self.places.release()
            time.sleep(0.1)  # or this would be tried again at once, as fast as the processor can
            raise

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, and give its place to another."""
        super().shutdown_request(request)
        self.places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore lost connections; anything else is a bug."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def updates(self) -> Generator[Update, None, None]:
        """Every update that verified, in the order of arrival; waits for the next, forever."""
        threading.Thread(target=self._serve, daemon=True).start()
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    yield self.arrived.get(timeout=0.5)  # Windows cannot interrupt an endless wait
        finally:
            self.shutdown()

    def _serve(self) -> None:
        with contextlib.suppress(OSError, ValueError):  # closed by a signal that came while this thread began
            self.serve_forever(0.1)


class _Handler(BaseHTTPRequestHandler):
    timeout = 10.0  # seconds that a sender may be silent
    longest = 60.0  # seconds that a delivery may take in all
    server_version, sys_version = "bfl", ""

    def setup(self) -> None:
        super().setup()
        self._end = threading.Timer(self.longest, self._cut)
        self._end.daemon = True
        self._end.start()

    def finish(self) -> None:
        self._end.cancel()
        super().finish()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):  # it has ended by itself
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_POST(self) -> None:
        receiver: Any = self.server
        length = self.headers.get("content-length", "")
        digits = length.isascii() and length.isdecimal() and len(length) <= 20
        if not digits or int(length) > webhooks.BODY_LIMIT:
            self._answer(413 if length else 411)
            return
        try:
            headers = dict(self.headers)
            receiver.admit(headers)
            update = receiver.parse(self.rfile.read(int(length)), headers)
        except WebhookError as error:
            receiver.screen.note(f"refused: {error.message}")
            self._answer(403)
            return
        self._answer(200)
        receiver.arrived.put(update)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing; what matters is printed elsewhere."""


@app.callback()
def webhook() -> None:
    """Receive webhooks and print them."""


@app.command()
@command
def listen(
    screen: Screen,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    form: Annotated[
        Literal["secret", "hmac", "unverified"], typer.Option(help="How deliveries prove where they come from.")
    ] = "secret",
    count: Annotated[int, typer.Option(metavar="N", help="End after this many updates; 0: until interrupted.")] = 0,
    save: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Save each result in this folder.")] = None,
) -> None:
    """Print every verified webhook as it arrives, with --json in full; with --save, fetch its result too.

    The secret, the webhook_secret of the request, comes from the environment variable BFL_WEBHOOK_SECRET. A delivery
    that does not verify is answered with 403 and reported on standard error. The service must be able to reach the
    address: behind a router, use a tunnel or a reverse proxy that leads to this port, and its address as webhook_url.
    """
    secret = os.environ.get(SECRET, "")
    if not secret and form != "unverified":
        raise Problem("configuration", f"no secret: set {SECRET}, or accept any delivery with --form unverified")
    if save is not None and not save.is_dir():
        raise Problem("output", f"there is no folder {in_line(save)}; make it first")
    screen.secrets.append(secret)
    try:
        given: Any = {"secret": secret or None, "form": form}
        admit, parse = functools.partial(webhooks.admit, **given), functools.partial(webhooks.parse, **given)
        receiver = Receiver(host, port, admit, parse, screen)
    except OSError as error:
        raise Problem("configuration", f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    with receiver, contextlib.closing(receiver.updates()) as updates:
        if not screen.quiet:
            write(sys.stderr, f"listening on {receiver.url}\n")  # not redacted: the address is no secret
        if ipaddress.ip_address(str(receiver.server_address[0])).is_loopback:
            screen.note(
                "the service cannot reach this address: point a tunnel or a reverse proxy with a public name at it"
            )
        for number, update in enumerate(updates, 1):
            cost = "" if update.cost is None else f"  cost {credits_in_words(update.cost)} credits"
            shown = f"{shorten(update.status, 60)}  task {shorten(str(update.raw.get('id')), 80)}{cost}"
            screen.result(shown, update.raw)
            if save is not None:
                _save(screen, update, save)
            if number == count:
                return


def _save(screen: Screen, update: Update, folder: Path) -> None:
    """Fetch the result of a delivery; a failure is reported, and the next delivery waited for."""
    try:
        with connected(screen) as client:
            path = client.result(update).save(folder)
    except (BFLError, Problem, OSError) as error:
        screen.error(f"not saved: {error}")
    else:
        screen.note(f"saved {in_line(path)}")
