"""``python -m bfl_client.cli`` is ``bfl``."""

from . import main

main()
