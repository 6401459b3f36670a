"""The command ``bfl``. Needs the extra ``cli``; without it, one line says so."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from .app import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich", "platformdirs"):
            raise
        sys.stderr.write('bfl needs the extra "cli": pip install "bfl-client[cli]"\n')
        sys.exit(4)  # "configuration", as for any other missing extra
    except KeyboardInterrupt:
        sys.exit(130)
    run()
