# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""The operations as functions, by tag."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import models, utility

__all__ = [
    "models",
    "utility",
]

if not TYPE_CHECKING:
    from importlib import import_module

    _EXPORTS = {
        "models": ("models", ""),
        "utility": ("utility", ""),
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
