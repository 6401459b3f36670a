"""The key: the client sends it in one header, and a specification that wants it elsewhere is refused."""

from __future__ import annotations

from typing import Any

from .report import CodegenError

HEADER = "x-key"


def check_key(document: dict[str, Any]) -> None:
    """Raise CodegenError if an API key of the specification belongs into another header than the client's."""
    for name, scheme in document.get("components", {}).get("securitySchemes", {}).items():
        kind = [str(scheme.get(key)).lower() for key in ("type", "in")] if isinstance(scheme, dict) else []
        if kind == ["apikey", "header"] and str(scheme.get("name")).lower() != HEADER:
            raise CodegenError(
                f"security scheme {name}: the key belongs into the header {scheme.get('name')!r}, and bfl_client "
                f"sends {HEADER!r}: bfl_client/auth.py has to change first"
            )
