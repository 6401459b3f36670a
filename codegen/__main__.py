"""The command line of codegen."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import metadata
from importlib.metadata import PackageNotFoundError
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

from .advice import advice
from .diff import Change, differences
from .diff.changes import level_of
from .diff.report import Sections, as_json, markdown
from .overlay import effective
from .pipeline import Sources, drift, generate
from .reading import read
from .report import CodegenError, Report

ROOT = Path(__file__).parent.parent
PUBLISHED = "https://api.bfl.ai/openapi.json"
REFUSED = 3
_FORMATS: dict[str, Callable[[Sequence[Change], Sections], str]] = {"markdown": markdown, "json": as_json}
_PURPOSES = {
    "generate": "write the generated package",
    "drift": "regenerate elsewhere and compare; exit with 1 if anything differs",
    "diff": "compare two specifications; exit with 0 (no change or texts), 1 (compatible), 2 (breaking), 3 (error)",
    "refresh": "adopt a new specification, all or nothing; exit codes as for diff",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code.

    `generate` and `drift`: 0, or 1 for a failure or a difference. `diff` and `refresh`: the level of the change (0 for
    nothing or only texts, 1 compatible, 2 breaking), or 3 if they refuse. 130 if interrupted.
    """
    options = _parser().parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace, Report], int] = options.run
        return run(options, Report(sys.stderr))
    except CodegenError as error:
        sys.stderr.write(f"codegen: error: {error}\n")
        return REFUSED if options.command in ("diff", "refresh") else 1
    except KeyboardInterrupt:
        sys.stderr.write("codegen: interrupted; nothing was changed\n")
        return 130


def _generate(options: argparse.Namespace, report: Report) -> int:
    generate(_sources(options), options.output, report)
    return 0


def _drift(options: argparse.Namespace, report: Report) -> int:
    found = drift(_sources(options), options.output, report)
    sys.stdout.write("\n".join(found or [f"{options.output.name} is what codegen generates"]) + "\n")
    return 1 if found else 0


def _diff(options: argparse.Namespace, report: Report) -> int:
    old, new = read(options.old), read(options.new)
    changes = differences(old, new)
    sys.stdout.write(_FORMATS[options.format](changes, _sections(old, new, changes, options)))
    return level_of(changes)


def _sections(
    old: Any, new: Any, changes: Sequence[Change], options: argparse.Namespace
) -> list[tuple[str, list[str]]]:
    overlay = read(options.overlay)
    before, after = (effective(each, overlay, Report(StringIO())) for each in (old, new))
    root = getattr(options, "changelog", ROOT / "CHANGELOG.md").parent
    version = ""
    with suppress(PackageNotFoundError):  # a checkout that is not installed
        version = metadata.version("bfl-client")
    return advice(before, after, changes, version, root)


def _refresh(options: argparse.Namespace, report: Report) -> int:
    from .published import published  # these two need more packages than the other commands
    from .refresh import Project, refresh

    contract = shlex.split(options.contract) if options.contract is not None else _contract_tests()
    project = Project(_sources(options), options.output, options.changelog, contract, ROOT)
    before, document = read(options.spec), published(options.source)
    changes = refresh(document, project, report)
    sections = _sections(before, document, changes, options)
    if options.report is not None:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(markdown(changes, sections), encoding="utf-8", newline="\n")
    sys.stdout.write(_FORMATS[options.format](changes, sections))
    return level_of(changes)


def _sources(options: argparse.Namespace) -> Sources:
    return Sources(options.spec, options.overlay, options.config)


def _contract_tests() -> list[str]:
    tests = ROOT / "tests" / "contract"
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tests)]
    return command if tests.is_dir() else []


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Exit with 3: argparse's own 2 would mean a breaking change."""
        self.exit(REFUSED, f"{self.format_usage()}{self.prog}: error: {message}\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m codegen", description="From the specification to the generated package.")
    commands = parser.add_subparsers(dest="command", required=True)
    made = {name: commands.add_parser(name, help=text, description=text) for name, text in _PURPOSES.items()}
    for name, run in {"generate": _generate, "drift": _drift, "diff": _diff, "refresh": _refresh}.items():
        made[name].set_defaults(run=run)
    for name in ("generate", "drift", "refresh"):
        _add_project(made[name])
    for name in ("diff", "refresh"):
        made[name].add_argument("--format", choices=list(_FORMATS), default="markdown", help="of the report on stdout")
    _add_overlay(made["diff"])
    made["diff"].add_argument("old", type=Path, metavar="OLD", help="a specification, JSON or YAML")
    made["diff"].add_argument("new", type=Path, metavar="NEW", help="the specification to compare it with")
    _add_refresh(made["refresh"])
    return parser


def _add_project(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--spec", type=Path, default=ROOT / "openapi.json", help="the published specification")
    _add_overlay(command)
    add("--output", type=Path, default=ROOT / "generated/bfl_api", help="the generated package")
    add("--config", type=Path, default=ROOT / "generator-config.yml", help="the generator's settings")


def _add_overlay(command: argparse.ArgumentParser) -> None:
    command.add_argument("--overlay", type=Path, default=ROOT / "openapi-overlay.yml", help="the OpenAPI Overlay")


def _add_refresh(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("source", nargs="?", default=PUBLISHED, metavar="FILE|URL", help=f"the new specification ({PUBLISHED})")
    add(
        "--changelog",
        type=Path,
        default=ROOT / "CHANGELOG.md",
        help="gets an entry under Unreleased",
    )
    add("--report", type=Path, help="also write the report to this file, in Markdown")
    add(
        "--contract",
        metavar="COMMAND",
        help="tests the new package (pytest on tests/contract); empty for none",
    )


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _interrupt)  # so that the temporary folder is removed in this case too
    sys.exit(main())
