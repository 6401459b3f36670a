# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

"""The effective specification: the published document with the project's corrections and additions."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

SERVER: str = "https://api.bfl.ai"
"""Base URL of the first server that the specification names."""


@cache
def load() -> dict[str, Any]:
    """Return the effective specification. It is read once and shared: do not change it."""
    document: dict[str, Any] = json.loads(files(__package__).joinpath("openapi.json").read_bytes())
    return document
