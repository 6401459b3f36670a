"""The command ``bfl``. Needs the extra ``cli``; without it, one line says so."""

import sys


def main() -> None:
    """Run the command line."""
    try:
        from .app import main as run
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in ("typer", "rich", "platformdirs"):
            raise
        sys.exit('bfl needs the extra "cli": pip install "bfl-client[cli]"')
    except KeyboardInterrupt:
        sys.exit(130)
    run()
