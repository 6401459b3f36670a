"""The BFL API on your own machine, for tests and experiments that cost nothing.

It does not imitate the models: its pictures and clips are drawn by code, and labelled as such. It does not moderate
prompts, except for a few words that ask for a refusal (see `bfl_emulator.tasks`). It knows one key and one project,
never refuses a poll for coming too soon, and charges documented prices, which the service may have changed. It does not
know rules that the specification leaves out, and it refuses a number in quotes, which the service may accept.

Routes, request validation and the shape of every answer come from the effective specification. The behaviour around
them (keys, hosts, credits, limits, the states of a task, webhooks, signed sample URLs that expire) follows what was
recorded or documented of the service. Faults happen by script. ::

    with Emulator() as emulator:
        client = SomeClient(base_url=emulator.base_url, api_key=emulator.api_key)

or, as a program: ``python -m bfl_emulator``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .requests import ReceivedRequest
    from .script import SentFault
    from .server import Emulator, serve
    from .tasks import TaskRecord
    from .webhooks import Delivery
else:
    _HOMES = {
        "Delivery": "webhooks",
        "Emulator": "server",
        "ReceivedRequest": "requests",
        "SentFault": "script",
        "TaskRecord": "tasks",
        "serve": "server",
    }

    def __getattr__(name: str) -> Any:
        """Import a public name on first use, so that importing the package is fast."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        try:
            return getattr(import_module(f".{_HOMES[name]}", __name__), name)
        except ModuleNotFoundError as error:
            from .extras import missing

            raise missing(error) from error


__all__ = ["Delivery", "Emulator", "ReceivedRequest", "SentFault", "TaskRecord", "serve"]
