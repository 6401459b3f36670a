"""A published specification: fetching it, and whether it is what OpenAPI requires."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
from openapi_spec_validator import OpenAPIV31SpecValidator, OpenAPIV32SpecValidator

from .effective import with_named_bodies
from .reading import parsed
from .report import CodegenError, located
from .specification import Specification, unfit_version

MOST_BYTES = 20_000_000
MOST_SECONDS = 60.0


def published(source: str, *, transport: httpx.BaseTransport | None = None) -> Any:
    """Return the document of a file or an https URL.

    It is fetched without a key and without following redirects. Limits: 60 seconds, 20 MB.
    Raises CodegenError if it cannot be fetched, or is not JSON (or YAML, if its name says so).
    """
    if "://" not in source:
        path = Path(source)
        if not path.is_file():
            raise CodegenError(f"{source} is not a file")
        if path.stat().st_size > MOST_BYTES:
            raise CodegenError(f"{source} is larger than {MOST_BYTES} bytes")
        return parsed(path.read_bytes(), path.name)
    if not source.startswith("https://"):
        raise CodegenError(f"{source}: only https URLs are fetched")
    try:
        with httpx.Client(transport=transport, timeout=MOST_SECONDS / 2, follow_redirects=False) as client:
            return parsed(_content(client, source), source.partition("?")[0])
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise CodegenError(f"{source} cannot be fetched: {type(error).__name__}: {error}") from error


def _content(client: httpx.Client, source: str) -> bytes:
    deadline = time.monotonic() + MOST_SECONDS
    content = bytearray()
    with client.stream("GET", source, headers={"Accept": "application/json"}) as response:
        if response.status_code != 200:
            raise CodegenError(f"{source} answers {response.status_code}")
        for piece in response.iter_bytes():
            content += piece
            if len(content) > MOST_BYTES:
                raise CodegenError(f"{source} is larger than {MOST_BYTES} bytes")
            if time.monotonic() > deadline:
                raise CodegenError(f"{source} takes longer than {MOST_SECONDS:.0f} s")
    return bytes(content)


_VALIDATORS = {"3.1": OpenAPIV31SpecValidator, "3.2": OpenAPIV32SpecValidator}


def defects(document: Any) -> list[str]:
    """Return everything that is wrong with a document, each with its place. Nothing outside the document is fetched."""
    if unfit := unfit_version(document):
        return [unfit]
    validator = _VALIDATORS[document["openapi"][:3]]
    try:
        with located("the document"):
            _consistent(document)
    except CodegenError as error:  # the validator would follow a reference out of the document
        return [str(error)]
    found: list[str] = []
    try:
        found.extend(f"{_where(document, error)}: {_said(error)}" for error in validator(document).iter_errors())
    except Exception as error:  # given a badly broken document, the validator raises anything
        if not found:
            found.append(f"the document is malformed: {type(error).__name__}: {error}")
    return list(dict.fromkeys(found))


def _consistent(document: dict[str, Any]) -> None:
    """Raise CodegenError if a reference leads nowhere or two operations would get the same name."""
    specification = Specification(with_named_bodies(document))
    if not specification.operations:
        raise CodegenError("the document has no operations")


def _where(document: dict[str, Any], error: Any) -> str:
    """Return the place of an error. An invalid default comes without one, so it is looked up."""
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
