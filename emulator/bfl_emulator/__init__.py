"""The BFL API on one's own machine, for tests and experiments that cost nothing.

It does not imitate the models: its pictures and clips are made by plain code and say so, and no moderation reads a
prompt, but for the words that ask for a refusal (see `outcomes`). It knows one key and one project, refuses no poll for
coming too often, and charges by documented prices, which the service may have changed; it does not know rules that the
specification leaves out, and a number in quotes, which the service may take for a number, is refused.

Routes, the validation of requests and the shape of every answer come from the effective specification; the behaviour
around them (keys, hosts, credits, limits, the states of a task, webhooks, signed sample URLs that expire) follows what
was recorded or documented of the service. Faults happen by script. ::

    with Emulator() as emulator:
        client = SomeClient(base_url=emulator.base_url, api_key=emulator.api_key)

or, as a program: ``python -m bfl_emulator``.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .journal import ReceivedRequest
    from .script import SentFault
    from .server import Emulator
    from .tasks import Task
    from .webhooks import Delivery
else:
    _HOMES = {
        "Delivery": "webhooks",
        "Emulator": "server",
        "ReceivedRequest": "journal",
        "SentFault": "script",
        "Task": "tasks",
    }

    def __getattr__(name: str) -> Any:
        """Import a public name when it is first used: importing the package itself costs next to nothing."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f".{_HOMES[name]}", __name__), name)


__all__ = ["Delivery", "Emulator", "ReceivedRequest", "SentFault", "Task"]
