"""The command line of codegen."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from .pipeline import Sources, drift, generate
from .report import CodegenError, Report

ROOT = Path(__file__).parent.parent


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `generate` or `drift`; return the exit code: 0, 1 for a failure or a difference, 130 when interrupted."""
    options = _parser().parse_args(arguments)
    sources = Sources(options.spec, options.overlay, options.config)
    report = Report(sys.stderr)
    try:
        if options.command == "generate":
            generate(sources, options.output, report)
            return 0
        found = drift(sources, options.output, report)
    except CodegenError as error:
        sys.stderr.write(f"codegen: error: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("codegen: interrupted; nothing was changed\n")
        return 130
    sys.stdout.write("\n".join(found or [f"{options.output.name} is what codegen generates"]) + "\n")
    return 1 if found else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, purpose in {
        "generate": "write the generated package",
        "drift": "regenerate elsewhere and compare; exit 1 on any difference",
    }.items():
        command = commands.add_parser(name, help=purpose, description=purpose)
        command.add_argument("--spec", type=Path, default=ROOT / "openapi.json", help="the published specification")
        command.add_argument("--overlay", type=Path, default=ROOT / "openapi-overlay.yml", help="the OpenAPI Overlay")
        command.add_argument("--output", type=Path, default=ROOT / "generated/bfl_api", help="the generated package")
        command.add_argument(
            "--config", type=Path, default=ROOT / "generator-config.yml", help="the generator's settings"
        )
    return parser


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)  # so that the temporary folder goes in this case too
    sys.exit(main())
