"""The tools: what each is for, and its arguments. The endpoints in them come from the specification."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import jsonschema_rs
from bfl_client import specification
from bfl_client.errors import shorten
from mcp import types

from .refusals import Refused

ACTIONS = ("status", "wait", "fetch")
"""What the tool `task` can do."""
_ID = {"type": "string", "minLength": 1, "maxLength": 500, "description": "Id of the task, from submit or tasks."}
_SECONDS = {
    "type": "number",
    "exclusiveMinimum": 0,
    "maximum": 86_400,
    "description": "Seconds to wait at most; the task continues afterwards, and can be waited for again.",
}
_PARAMETERS = {
    "type": "object",
    "description": "The request, as describe_endpoint says. A picture or video is given as a path in an allowed "
    "folder, as a URL (the service fetches it) or as base64.",
}


class Definition(NamedTuple):
    """One tool: what it does, its arguments, the required ones, and whether it spends credits or writes a file."""

    description: str
    arguments: dict[str, Any]
    required: tuple[str, ...] = ()
    spends: bool = False
    writes: bool = False


def _endpoint() -> dict[str, Any]:
    return {"type": "string", "enum": list(specification.ENDPOINTS), "description": "Name of the endpoint."}


def definitions() -> dict[str, Definition]:
    """Every tool, by its name."""
    request = {"endpoint": _endpoint(), "parameters": _PARAMETERS}
    task = {"id": _ID, "action": {"enum": list(ACTIONS), "default": ACTIONS[0]}, "timeout": _SECONDS}
    both = ("endpoint", "parameters")
    return {
        "list_endpoints": Definition("List the endpoints: what each makes and costs. Free.", {}),
        "describe_endpoint": Definition(
            "Describe the parameters of an endpoint: bounds, defaults, meaning. Free.",
            {"endpoint": _endpoint()},
            ("endpoint",),
        ),
        "price": Definition(
            "Check a request and return its cost, in credits of 0.01 USD, without sending it. Free.", request, both
        ),
        "generate": Definition(
            "Make a picture or video: submit, wait, save. COSTS CREDITS. Returns the file's path, and a small version "
            "of a picture. If it ends early, the task's id is in the error: use task, never a second generate.",
            {**request, "timeout": _SECONDS},
            both,
            spends=True,
            writes=True,
        ),
        "submit": Definition(
            "Submit a request and return the id of its task at once, for videos and for several requests at a time. "
            "COSTS CREDITS. The tool task waits for it and fetches the result.",
            request,
            both,
            spends=True,
        ),
        "task": Definition(
            "Look at a task (status), wait for its end (wait), or also save its result (fetch). Free.",
            task,
            ("id",),
            writes=True,
        ),
        "tasks": Definition("List the tasks that were submitted, with their files and costs. Free.", {}),
        "credits": Definition("Show the credits of the account, and what is left of this server's budget. Free.", {}),
    }


def schema(definition: Definition) -> dict[str, Any]:
    """The JSON schema of a tool's arguments."""
    found: dict[str, Any] = {"type": "object", "properties": definition.arguments, "additionalProperties": False}
    return {**found, "required": list(definition.required)} if definition.required else found


def as_listed() -> list[types.Tool]:
    """The tools as the protocol lists them."""
    return [
        types.Tool(
            name=name,
            description=each.description,
            input_schema=schema(each),
            annotations=types.ToolAnnotations(
                read_only_hint=not (each.spends or each.writes),
                destructive_hint=False,
                idempotent_hint=not each.spends,
                open_world_hint=True,
            ),
        )
        for name, each in definitions().items()
    ]


def checked(name: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a call. Raises Refused, with every mistake, if the tool does not take them."""
    definition = definitions().get(name)
    if definition is None:
        near = specification.nearest(name, definitions())
        hint = f"did you mean {near}?" if near else f"there are {', '.join(definitions())}"
        raise Refused("arguments", f"there is no tool {shorten(name, 40)!r}", hint)
    loose = {**schema(definition)}
    if "endpoint" in definition.arguments:  # an unknown endpoint is refused with the nearest name
        loose["properties"] = {**definition.arguments, "endpoint": {"type": "string", "maxLength": 200}}
    if mistakes := _mistakes(loose, arguments):
        raise Refused("arguments", f"{name} does not take this: {'; '.join(mistakes)}", _takes(definition))
    return arguments


def _mistakes(against: dict[str, Any], arguments: dict[str, Any]) -> list[str]:
    try:
        found = jsonschema_rs.validator_for(json.dumps(against)).iter_errors(arguments)
        return [shorten(f"{'.'.join(map(str, each.instance_path))}: {each.message}".lstrip(": ")) for each in found]
    except ValueError as error:  # nested too deeply
        return [shorten(str(error))]


def _takes(definition: Definition) -> str:
    names = [each if each in definition.required else f"{each} (optional)" for each in definition.arguments]
    return f"it takes {', '.join(names)}" if names else "it takes no arguments"
