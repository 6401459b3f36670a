"""``python -m bfl_emulator``: serve until interrupted."""

import argparse
import sys
from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options and serve; the environment variable BFL_API_KEY may set the key."""
    parser = argparse.ArgumentParser(
        prog="python -m bfl_emulator", description="The BFL API on this machine: pictures that cost nothing."
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 to listen on (default: a free one)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how many times faster than the service a task is; inf: ready at once"
    )
    parser.add_argument("--script", metavar="FILE", default=(), help="YAML file with faults to play")
    parser.add_argument("--one-host", action="store_true", help="one port and host for everything")
    parser.add_argument(
        "--allow-outbound", action="store_true", help="let webhooks and picture URLs lead to other machines"
    )
    parser.add_argument("--credits", type=float, default=10_000.0, help="credits to start with (default: 10000)")
    parser.add_argument(
        "--allow-remote",
        metavar="NAME",
        action="append",
        default=[],
        help="listen on all addresses, and let other machines reach this one under this name",
    )
    parser.add_argument("--strict", action="store_true", help="refuse downloads that carry the key, rather than warn")
    parser.add_argument(
        "--control", action="store_true", help="add endpoints that show the logs and take scripts, behind a token"
    )
    parser.add_argument("--tls", action="store_true", help="https, with a certificate made now; prints its CA's file")
    parser.add_argument(
        "--bfl-hosts", action="store_true", help="answer programs on this machine that map names of *.bfl.ai to it"
    )
    options = vars(parser.parse_args(arguments))
    try:
        from bfl_emulator import serve
    except ModuleNotFoundError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return serve(**options)


if __name__ == "__main__":
    sys.exit(main())
