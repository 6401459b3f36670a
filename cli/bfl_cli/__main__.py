"""``python -m bfl_cli`` is ``bfl``."""

from . import main

main()
