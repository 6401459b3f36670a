"""The packaged specification, read: bounds in words, texts with types, prices."""

from __future__ import annotations

from typing import Any

import pytest
from bfl_client import specification

SCHEMAS: list[Any] = [
    (
        {"type": "integer", "minimum": 256.0, "maximum": 1440, "multipleOf": 32},
        "an integer from 256 to 1440, a multiple of 32",
    ),
    (
        {"anyOf": [{"type": "integer", "minimum": 5}, {"const": "auto"}, {"type": "null"}]},
        "an integer of at least 5 or 'auto'",
    ),
    (
        {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1},
        "a list of at least 1 items of which each is one of 1, 2",
    ),
    ({"type": "string", "maxLength": 9}, "a string of at most 9 characters"),
    ({"type": ["string", "null"]}, "a string or null"),
    ({"type": "number", "exclusiveMinimum": 0.5}, "a number above 0.5"),
    ({}, ""),
]


@pytest.mark.parametrize(("schema", "phrase"), SCHEMAS)
def test_schemas_in_words(schema: Any, phrase: str) -> None:
    """A schema's bounds are put in words."""
    assert specification.in_words(schema) == phrase
