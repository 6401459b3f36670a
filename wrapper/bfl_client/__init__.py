"""A client for the Black Forest Labs (FLUX) API, regenerated from its specification.

    from bfl_client import Client

    client = Client()                                   # the key from BFL_API_KEY
    client.generate.flux_dev(prompt="a fox").save("fox.jpg")

Names are imported when they are first used: importing the package costs nearly nothing.
"""

from typing import TYPE_CHECKING

from .version import __version__

if TYPE_CHECKING:
    from .answers import Update as Update
    from .client import AsyncClient as AsyncClient
    from .client import Client as Client
    from .errors import APIError as APIError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BFLError as BFLError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ConstraintError as ConstraintError
    from .errors import ContentModerated as ContentModerated
    from .errors import DownloadError as DownloadError
    from .errors import GenerationFailed as GenerationFailed
    from .errors import InsufficientCreditsError as InsufficientCreditsError
    from .errors import InvalidRequestError as InvalidRequestError
    from .errors import NotFoundError as NotFoundError
    from .errors import RateLimitError as RateLimitError
    from .errors import RequestModerated as RequestModerated
    from .errors import ServerError as ServerError
    from .errors import TaskError as TaskError
    from .errors import TaskNotFound as TaskNotFound
    from .errors import TaskTimeout as TaskTimeout
    from .errors import TransportError as TransportError
    from .errors import UntrustedURLError as UntrustedURLError
    from .errors import Violation as Violation
    from .errors import WebhookError as WebhookError
    from .policy import Poll as Poll
    from .policy import Retry as Retry
    from .tasks import AsyncResult as AsyncResult
    from .tasks import AsyncTask as AsyncTask
    from .tasks import Result as Result
    from .tasks import Task as Task
else:
    _HOME = {
        "Update": "answers",
        **dict.fromkeys(("AsyncClient", "Client"), "client"),
        **dict.fromkeys(("Poll", "Retry"), "policy"),
        **dict.fromkeys(("AsyncResult", "AsyncTask", "Result", "Task"), "tasks"),
        **dict.fromkeys(
            ["APIError", "AuthenticationError", "BFLError", "ConfigurationError", "ConstraintError", "ContentModerated", "DownloadError", "GenerationFailed", "InsufficientCreditsError", "InvalidRequestError", "NotFoundError", "RateLimitError", "RequestModerated", "ServerError", "TaskError", "TaskNotFound", "TaskTimeout", "TransportError", "UntrustedURLError", "Violation", "WebhookError"],
            "errors",
        ),
    }
    __all__ = ["__version__", *_HOME]

    def __getattr__(name: str) -> object:
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module

        value = getattr(import_module(f".{_HOME[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
