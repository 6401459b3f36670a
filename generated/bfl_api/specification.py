# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""The effective specification: the published document with the project's corrections and additions."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

SERVER: str = "https://api.bfl.ai"
"""Base URL of the first server that the specification names."""


@cache
def load() -> dict[str, Any]:
    """Return the effective specification. It is read once and shared: do not change it."""
    from importlib.resources import files

    package = files(__name__.rpartition(".")[0])
    document: dict[str, Any] = json.loads(package.joinpath("openapi.json").read_bytes())
    return document
