"""Whether a document is what OpenAPI says a document has to be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from openapi_spec_validator import OpenAPIV30SpecValidator, OpenAPIV31SpecValidator, OpenAPIV32SpecValidator

from .bodies import with_named_bodies
from .document import Specification
from .report import CodegenError, located

_VALIDATORS = {"3.0": OpenAPIV30SpecValidator, "3.1": OpenAPIV31SpecValidator, "3.2": OpenAPIV32SpecValidator}


def defects(document: Any) -> list[str]:
    """Return everything that is wrong with a document, each with its place; nothing outside of it is fetched."""
    version = str(document.get("openapi", "")) if isinstance(document, dict) else ""
    validator = _VALIDATORS.get(".".join(version.split(".")[:2]))
    if validator is None:
        return [f"this is no OpenAPI document of version {', '.join(_VALIDATORS)}"]
    try:
        with located("the document"):
            _consistent(document)
    except CodegenError as error:  # the validator would follow a reference that leads out of the document
        return [str(error)]
    found: list[str] = []
    try:
        found.extend(f"{_where(document, error)}: {_said(error)}" for error in validator(document).iter_errors())
    except Exception as error:  # on documents that are far from right the validator raises whatever comes up
        if not found:
            found.append(f"the document is malformed: {type(error).__name__}: {error}")
    return list(dict.fromkeys(found))


def _consistent(document: dict[str, Any]) -> None:
    """Raise CodegenError where references lead nowhere or two operations would get one name."""
    specification = Specification(with_named_bodies(document))
    if not specification.operations:
        raise CodegenError("the document has no operation")


def _where(document: dict[str, Any], error: Any) -> str:
    """Return the place of an error; for a default that breaks its schema, which comes without one, look it up."""
    path = list(error.absolute_path) or next(_places(document, error.schema, ()), [])
    return "#/" + "/".join(str(part).replace("~", "~0").replace("/", "~1") for part in path)


def _places(node: Any, wanted: Any, path: tuple[Any, ...]) -> Iterator[list[Any]]:
    if isinstance(node, dict):
        if "default" in node and node == wanted:
            yield list(path)
        for key, value in node.items():
            yield from _places(value, wanted, (*path, key))
    elif isinstance(node, list):
        for position, value in enumerate(node):
            yield from _places(value, wanted, (*path, position))


def _said(error: Any) -> str:
    return " ".join(str(error.message).partition("\n\nFailed validating")[0].split())[:300]
