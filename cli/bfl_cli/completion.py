"""What the shell offers: names of endpoints, of an endpoint's parameters and of their values, of kept tasks."""

from __future__ import annotations

from typing import Any


def endpoints(incomplete: str) -> list[tuple[str, str]]:
    """Endpoints whose names begin as typed."""
    from bfl_api.table import ENDPOINTS

    return [(each.name, each.summary) for each in ENDPOINTS.values() if each.name.startswith(incomplete)]


def pairs(ctx: Any, incomplete: str) -> list[tuple[str, str]]:
    """``key=`` for the parameters of the endpoint on the line; ``key=value`` where there is a list of values."""
    from . import schemas

    words = [ctx.params.get("endpoint"), *ctx.args]  # an option without its value leaves the arguments unread
    known = schemas.parameters(next((word for word in words if word), ""))
    key, equals, _ = incomplete.partition("=")
    if equals:
        choices = known[key].choices if key in known else []
        return [(f"{key}={value}", "") for value in choices]
    given = {pair.partition("=")[0] for pair in ctx.params.get("param") or ()}
    return [
        (f"{name}=", str(parameter.schema.get("title") or ""))
        for name, parameter in known.items()
        if name not in given and name.startswith(incomplete)
    ]


def tasks(incomplete: str) -> list[tuple[str, str]]:
    """Ids of kept tasks."""
    from . import state

    return [
        (str(each["id"]), str(each["endpoint"] or "")) for each in state.listed() if each["id"].startswith(incomplete)
    ]
