# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""Generated from the specification of the API."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import api, models
    from .client import AuthenticatedClient, Client

__all__ = [
    "AuthenticatedClient",
    "Client",
    "api",
    "models",
]

if not TYPE_CHECKING:
    from importlib import import_module

    _EXPORTS = {
        "AuthenticatedClient": ("client", "AuthenticatedClient"),
        "Client": ("client", "Client"),
        "api": ("api", ""),
        "models": ("models", ""),
    }

    def __getattr__(name):
        """Import what is asked for, and nothing else."""
        if name not in _EXPORTS:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        module, attribute = _EXPORTS[name]
        found = import_module(f".{module}", __name__)
        globals()[name] = getattr(found, attribute) if attribute else found
        return globals()[name]

    def __dir__():
        return sorted({*globals(), *__all__})
