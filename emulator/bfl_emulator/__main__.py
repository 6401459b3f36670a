"""``python -m bfl_emulator``: serve until interrupted."""

import argparse
import sys
from collections.abc import Sequence

from .program import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the options and serve; the key may be given in the environment variable BFL_API_KEY."""
    parser = argparse.ArgumentParser(
        prog="python -m bfl_emulator", description="The BFL API on this machine: pictures that cost nothing."
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 to listen on (default: a free one)")
    parser.add_argument(
        "--speed", type=float, default=1.0, help="how many times faster than usual a generation is; inf: ready at once"
    )
    parser.add_argument("--script", metavar="FILE", help="YAML file with the faults that shall happen")
    parser.add_argument("--one-host", action="store_true", help="one port for submissions, polls and files")
    parser.add_argument(
        "--allow-outbound", action="store_true", help="let webhooks and pictures named by URL lead to other machines"
    )
    parser.add_argument("--credits", type=float, default=10_000.0, help="credits there are to spend (default: 10000)")
    parser.add_argument(
        "--allow-remote",
        metavar="NAME",
        action="append",
        default=[],
        help="listen on all addresses, and let other machines reach this one by that name",
    )
    parser.add_argument(
        "--control", action="store_true", help="add endpoints that tell the logs and take scripts, behind a token"
    )
    return serve(**vars(parser.parse_args(arguments)))


if __name__ == "__main__":
    sys.exit(main())
