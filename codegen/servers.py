"""The servers of the effective specification: those of which it is known that they are gone are left out."""

from __future__ import annotations

from typing import Any

from .documents import copied
from .report import CodegenError

GONE = "x-bfl-gone-servers"


def with_living_servers(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document without the servers that its mark `x-bfl-gone-servers` lists.

    Raises CodegenError if no server is left: a client would have nowhere to send anything.
    """
    result: dict[str, Any] = copied(document)
    gone = {_plain(url) for url in result.get(GONE, ())}
    servers = [server for server in result.get("servers", ()) if _plain(server.get("url")) not in gone]
    if gone and not servers:
        raise CodegenError("the specification names no server that still exists")
    if servers:
        result["servers"] = servers
    return result


def _plain(url: object) -> str:
    return str(url).rstrip("/").lower()
