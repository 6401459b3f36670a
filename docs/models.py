"""The page that lists the generated models."""

from __future__ import annotations

import re
import textwrap
import typing

from bfl_api import models
from bfl_client import specification
from bfl_client.specification import ENDPOINTS

from codegen.names import class_name

from .templates import rendered

_FIELD = re.compile(r"^(\w+) \((.*?)\): (.*(?:\n +.*)*)", re.MULTILINE)


def page() -> str:
    """The page, in Markdown."""
    used = _endpoints()
    every = {name: getattr(models, name) for name in models.__all__}
    classes = {name: _read(found) for name, found in every.items() if isinstance(found, type)}
    return rendered(
        "models.md.jinja",
        requests=[(name, used[name]) for name in classes if name in used],
        answers=[(name, text, fields) for name, (text, fields) in classes.items() if name not in used],
        values=[(name, typing.get_args(found)) for name, found in every.items() if not isinstance(found, type)],
    )


def _endpoints() -> dict[str, list[str]]:
    """The endpoints that take each model."""
    found: dict[str, list[str]] = {}
    for name, endpoint in ENDPOINTS.items():
        whole = specification.resolved({"$ref": endpoint.schema})
        shapes = [each["$ref"].rpartition("/")[2] for each in whole.get("oneOf", ()) if "$ref" in each]
        for schema in shapes or [endpoint.schema]:
            found.setdefault(class_name(schema), []).append(name)
    return found


def _read(model: type) -> tuple[str, list[tuple[str, str, str]]]:
    """What a model's docstring says: its text, and name, type and meaning of each field."""
    text, _, attributes = (model.__doc__ or "").partition("Attributes:\n")
    fields = _FIELD.findall(textwrap.dedent(attributes))
    return " ".join(text.split()), [(name, kind, " ".join(said.split())) for name, kind, said in fields]
