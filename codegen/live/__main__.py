"""The command line: `python -m codegen.live`, with the key in BFL_API_KEY and the address in BFL_BASE_URL."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from codegen.reading import read
from codegen.report import CodegenError, Report
from codegen.specification import Specification

from .actions import as_yaml, overlay, table
from .check import LiveCheck


def main(arguments: Sequence[str] | None = None) -> int:
    """Run and return the exit code: 0 if service and specification agree, 1 if not, 3 if neither is known."""
    options = _parser().parse_args(arguments)
    try:
        key, base_url = (os.environ.get(name, "") for name in ("BFL_API_KEY", "BFL_BASE_URL"))
        if not key:
            raise CodegenError("BFL_API_KEY is not set")
        specification = Specification(read(options.spec) if options.spec else _packaged())
        address = base_url or str(specification.document["servers"][0]["url"])
        if not address.startswith(("https://", "http://127.0.0.1", "http://localhost")):
            raise CodegenError(f"the key is not sent to {address}: it is neither https nor local")
        with httpx.Client(base_url=address, headers={"x-key": key}, timeout=60, follow_redirects=False) as client:
            findings = LiveCheck(specification, client, Report(sys.stderr)).run(options.spend)
    except CodegenError as error:
        sys.stderr.write(f"codegen: error: {error}\n")
        return 3
    sys.stdout.write(table(findings))
    actions = as_yaml(overlay(findings.disagreements, specification))
    sys.stdout.write(f"\n```yaml\n{actions}```\n" if actions else "")
    return 1 if findings.disagreements else 3 if findings.stopped else 0


def _packaged() -> dict[str, Any]:
    from bfl_api import specification  # only here: the rest of codegen must not need what it generates

    return specification.load()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m codegen.live", description=__doc__)
    parser.add_argument("--spec", type=Path, help="the effective specification (default: that of bfl_api)")
    parser.add_argument(
        "--spend",
        type=float,
        default=0.0,
        metavar="CREDITS",
        help="also send valid requests, one by one, until this many credits are spent (the last may exceed it)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
