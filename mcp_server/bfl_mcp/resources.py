"""The resources: the finished files and the handles, by names that come from the record and from nowhere else."""

from __future__ import annotations

import base64
import json
import mimetypes
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from mcp import types
from mcp.shared.exceptions import MCPError

from .shelf import Shelf, shown
from .studio import Studio

FILES, TASKS = "bfl://files/", "bfl://tasks/"
LARGEST = 24 * 1024**2
"""Bytes of a file that is handed over; a larger one is named by its path."""
_LISTED = 200  # the newest tasks
_NOT_FOUND = -32602


def link(path: Path) -> types.ResourceLink:
    """A link to a finished file, for the answer of a tool."""
    return types.ResourceLink(
        uri=FILES + quote(path.name, safe=""), name=path.name, mime_type=_type(path), size=path.stat().st_size
    )


def listed(studio: Studio) -> list[types.Resource]:
    """The finished files and the handles, the newest first."""
    found = []
    for record in studio.shelf.listed()[:_LISTED]:
        uri, name = TASKS + quote(record["id"], safe=""), f"task {record['id']}"
        found.append(types.Resource(uri=uri, name=name, mime_type="application/json", description=record["status"]))
        if (path := studio.file_of(record)) is not None:
            link_to = link(path)
            found.append(
                types.Resource(uri=link_to.uri, name=link_to.name, mime_type=link_to.mime_type, size=link_to.size)
            )
    return found


def read(studio: Studio, uri: str) -> types.ReadResourceResult:
    """A finished file or a handle. Raises MCPError for anything else."""
    if uri.startswith(TASKS):
        record = _record(studio.shelf, unquote(uri.removeprefix(TASKS)))
        text = json.dumps(shown(record))
        return _result(types.TextResourceContents(uri=uri, mime_type="application/json", text=text))
    name = unquote(uri.removeprefix(FILES)) if uri.startswith(FILES) else ""
    path = next((each for each in map(studio.file_of, studio.shelf.listed()) if each and each.name == name), None)
    if path is None:
        raise MCPError(_NOT_FOUND, "there is no such resource; resources/list names them all")
    if path.stat().st_size > LARGEST:
        raise MCPError(_NOT_FOUND, f"it is larger than {LARGEST // 1024**2} MiB; the file is {path}")
    blob = base64.b64encode(path.read_bytes()).decode()
    return _result(types.BlobResourceContents(uri=uri, mime_type=_type(path), blob=blob))


def _record(shelf: Shelf, task_id: str) -> dict[str, Any]:
    record = next((each for each in shelf.listed() if each["id"] == task_id), None)
    if record is None:
        raise MCPError(_NOT_FOUND, "there is no such task; resources/list names them all")
    return record


def _result(content: types.TextResourceContents | types.BlobResourceContents) -> types.ReadResourceResult:
    return types.ReadResourceResult(contents=[content])


def _type(path: Path) -> str:
    return mimetypes.guess_type(path.name)[0] or "application/octet-stream"
