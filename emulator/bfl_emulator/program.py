"""The emulator as a program: it prints one line of JSON and serves until it is interrupted."""

import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterable

from .server import Emulator


def serve(
    *,
    port: int = 0,
    speed: float = 1.0,
    script: str | None = None,
    one_host: bool = False,
    allow_outbound: bool = False,
    credits: float = 10_000.0,
    control: bool = False,
    allow_remote: Iterable[str] = (),
) -> int:
    """Print where it listens and the key as one line of JSON, then serve until SIGINT or SIGTERM.

    The key is made up, or taken from the environment variable BFL_API_KEY; there is no option for it, because other
    users of a machine see options. Returns the exit status: 0, or 1 after one line on standard error. To be called in
    the main thread, where signals arrive.
    """
    logging.basicConfig(level=logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        emulator = Emulator(
            port=port,
            speed=speed,
            api_key=os.environ.get("BFL_API_KEY") or None,
            script=script or (),
            one_host=one_host,
            allow_outbound=allow_outbound,
            credits=credits,
            control=control,
            allow_remote=allow_remote,
        )
        with emulator:
            sys.stdout.write(json.dumps(_told(emulator)) + "\n")
            sys.stdout.flush()
            while not stop.wait(0.5):  # in pieces, because Windows interrupts no endless wait
                pass
    except (OSError, ValueError, OverflowError) as error:  # the last: a port above 65535
        sys.stderr.write(f"bfl_emulator: {error}\n")
        return 1
    return 0


def _told(emulator: Emulator) -> dict[str, str]:
    told = {
        "base_url": emulator.base_url,
        "api_key": emulator.api_key,
        "cluster_url": emulator.cluster_url,
        "delivery_url": emulator.delivery_url,
    }
    return told if emulator.control_token is None else {**told, "control_token": emulator.control_token}
