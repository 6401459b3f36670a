"""Getting a published specification, from a file or from its address."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx

from .documents import parsed
from .report import CodegenError

MOST_BYTES = 20_000_000
MOST_SECONDS = 60.0


def published(source: str, *, transport: httpx.BaseTransport | None = None) -> Any:
    """Return the document of a file or an https URL.

    It is fetched without a key, within 60 s and 20 MB, and redirects are not followed.
    Raises CodegenError if it cannot be had or is no JSON (or YAML, by the name of the file).
    """
    if "://" not in source:
        path = Path(source)
        if not path.is_file():
            raise CodegenError(f"{source} is no file")
        if path.stat().st_size > MOST_BYTES:
            raise CodegenError(f"{source} is larger than {MOST_BYTES} bytes")
        return parsed(path.read_bytes(), path.name)
    if not source.startswith("https://"):
        raise CodegenError(f"{source}: only https is fetched")
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
