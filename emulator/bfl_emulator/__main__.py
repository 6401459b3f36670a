"""``python -m bfl_emulator``: serve until interrupted.

The key is made up, or taken from the environment variable BFL_API_KEY; there is no option for it, because other users
of a machine see options.
"""

import argparse
import json
import logging
import os
import signal
import sys
import threading
from collections.abc import Sequence

from .server import Emulator


def main(arguments: Sequence[str] | None = None) -> int:
    """Print base URL and key as one line of JSON, then serve until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m bfl_emulator", description="The BFL API on this machine: pictures that cost nothing."
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 to listen on (default: a free one)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how many times faster than usual a generation is; inf: ready at once"
    )
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.WARNING)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        emulator = Emulator(port=options.port, speed=options.speed, api_key=os.environ.get("BFL_API_KEY") or None)
        with emulator:
            sys.stdout.write(json.dumps({"base_url": emulator.base_url, "api_key": emulator.api_key}) + "\n")
            sys.stdout.flush()
            while not stop.wait(0.5):  # in pieces, because Windows interrupts no endless wait
                pass
    except (OSError, ValueError) as error:
        sys.stderr.write(f"bfl_emulator: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
