"""A client for the Black Forest Labs (FLUX) API, regenerated from its specification.

    from bfl_client import Client

    client = Client()                                   # the key from BFL_API_KEY
    client.generate.flux_dev(prompt="a fox").save("fox.jpg")

Names are imported on first use, so importing the package is fast.
"""

from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from . import webhooks
    from .answers import Update
    from .client import AsyncClient, Client
    from .errors import (
        APIError,
        AuthenticationError,
        BFLError,
        ConfigurationError,
        ConstraintError,
        ContentModerated,
        DownloadError,
        GenerationFailed,
        InsufficientCreditsError,
        InvalidRequestError,
        NotFoundError,
        RateLimitError,
        Remedy,
        RequestModerated,
        ServerError,
        TaskError,
        TaskNotFound,
        TaskTimeout,
        TransportError,
        UntrustedURLError,
        Violation,
        WebhookError,
    )  # fmt: skip
    from .policy import Poll, Retry
    from .tasks import AsyncResult, AsyncTask, Result, Task

__all__ = [
    "APIError", "AsyncClient", "AsyncResult", "AsyncTask", "AuthenticationError", "BFLError", "Client",
    "ConfigurationError", "ConstraintError", "ContentModerated", "DownloadError", "GenerationFailed",
    "InsufficientCreditsError", "InvalidRequestError", "NotFoundError", "Poll", "RateLimitError", "Remedy",
    "RequestModerated", "Result", "Retry", "ServerError", "Task", "TaskError", "TaskNotFound", "TaskTimeout",
    "TransportError", "UntrustedURLError", "Update", "Violation", "WebhookError", "__version__", "webhooks",
]  # fmt: skip

if not TYPE_CHECKING:  # else type checkers would accept any name
    _HOME = {
        "Update": "answers",
        **dict.fromkeys(("AsyncClient", "Client"), "client"),
        **dict.fromkeys(("Poll", "Retry"), "policy"),
        **dict.fromkeys(("AsyncResult", "AsyncTask", "Result", "Task"), "tasks"),
    }

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        if name == "webhooks":
            return import_module(".webhooks", __name__)
        value = getattr(import_module(f".{_HOME.get(name, 'errors')}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
