"""``bfl webhook listen``: a small HTTP server that receives webhooks, and prints those that verify."""

from __future__ import annotations

import contextlib
import functools
import os
import queue
import sys
import threading
from collections.abc import Callable, Generator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from bfl_client import webhooks
from bfl_client.errors import WebhookError, shorten
from bfl_client.specification import credits_in_words

from .app import command, group
from .exits import Problem
from .screen import Screen, write

if TYPE_CHECKING:
    from bfl_client.answers import Update

SECRET = "BFL_WEBHOOK_SECRET"  # noqa: S105  # the name of a variable
app = group("Receive webhooks and print them.")


class Receiver(ThreadingHTTPServer):
    """A threaded server; `parse` turns body and headers into an update, or raises WebhookError."""

    daemon_threads = True

    def __init__(self, host: str, port: int, parse: Callable[[bytes, dict[str, str]], Update], screen: Screen) -> None:
        super().__init__((host, port), _Handler)
        self.parse, self.screen = parse, screen
        self.arrived: queue.SimpleQueue[Update] = queue.SimpleQueue()
        self.url = "http://{!s}:{}/".format(*self.server_address)

    def updates(self) -> Generator[Update, None, None]:
        """Every update that verified, in the order of arrival; waits for the next, forever."""
        threading.Thread(target=self.serve_forever, args=(0.1,), daemon=True).start()
        try:
            while True:
                with contextlib.suppress(queue.Empty):
                    yield self.arrived.get(timeout=0.5)  # Windows cannot interrupt an endless wait
        finally:
            self.shutdown()


class _Handler(BaseHTTPRequestHandler):
    timeout = 10.0  # seconds that a sender may be silent
    server_version, sys_version = "bfl", ""

    def do_POST(self) -> None:
        receiver: Any = self.server
        length = self.headers.get("content-length", "")
        if not length.isdecimal() or int(length[:20]) > webhooks.BODY_LIMIT:
            self._answer(413 if length else 411)
            return
        try:
            update = receiver.parse(self.rfile.read(int(length)), dict(self.headers))
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
) -> None:
    """Print every verified webhook as it arrives, with --json in full.

    The secret, the webhook_secret of the request, comes from the environment variable BFL_WEBHOOK_SECRET. A delivery
    that does not verify is answered with 403 and reported on standard error. Use the printed address as webhook_url.
    """
    secret = os.environ.get(SECRET, "")
    if not secret and form != "unverified":
        raise Problem("configuration", f"no secret: set {SECRET}, or accept any delivery with --form unverified")
    screen.secrets.append(secret)
    try:
        receiver = Receiver(host, port, functools.partial(webhooks.parse, secret=secret or None, form=form), screen)
    except OSError as error:
        raise Problem("configuration", f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    with receiver, contextlib.closing(receiver.updates()) as updates:
        if not screen.quiet:
            write(sys.stderr, f"listening on {receiver.url}\n")  # not redacted: the address is no secret
        for number, update in enumerate(updates, 1):
            cost = "" if update.cost is None else f"  cost {credits_in_words(update.cost)} credits"
            shown = f"{shorten(update.status, 60)}  task {shorten(str(update.raw.get('id')), 80)}{cost}"
            screen.result(shown, update.raw)
            if number == count:
                return
