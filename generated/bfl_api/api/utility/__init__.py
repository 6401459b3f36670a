# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""One module per operation."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from . import credits_, delete_finetune, finetune_details, get_result, my_finetunes

__all__ = [
    "credits_",
    "delete_finetune",
    "finetune_details",
    "get_result",
    "my_finetunes",
]

if not TYPE_CHECKING:
    from importlib import import_module

    _EXPORTS = {
        "credits_": ("credits_", ""),
        "delete_finetune": ("delete_finetune", ""),
        "finetune_details": ("finetune_details", ""),
        "get_result": ("get_result", ""),
        "my_finetunes": ("my_finetunes", ""),
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
