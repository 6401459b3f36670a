"""Asking the client's user, by elicitation, before much is spent; a client that cannot ask is refused."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from bfl_client.specification import credits_in_words
from mcp import types
from mcp.server.context import ServerRequestContext
from mcp.shared.exceptions import MCPError
from mcp_types.version import is_version_at_least

from .refusals import Refused
from .studio import Estimate

_IN_ANSWERS = "2026-07-28"
"""The first version of the protocol in which a question is part of an answer, and the call is made again."""
_FORM = {
    "type": "object",
    "properties": {"confirm": {"type": "boolean", "title": "Spend it", "description": "True to send the request."}},
    "required": ["confirm"],
}


class Asked(Exception):
    """The call ends with a question to the user; the client makes it again with the answer."""

    def __init__(self, result: types.InputRequiredResult) -> None:
        super().__init__("asked")
        self.result = result


async def ask(
    context: ServerRequestContext, params: types.CallToolRequestParams, estimate: Estimate, prompt: object
) -> None:
    """Return if the user agrees. Raises Refused if not, Asked if the answer comes with another call."""
    most = estimate["at_most"]
    cost = "a price that is not listed" if most is None else f"at most {credits_in_words(most)} credits"
    about = f": {str(prompt)[:200]}" if prompt else ""
    message = f"Send a request to {estimate['endpoint']} for {cost}{about}?"
    if not _can_ask(context.session.client_capabilities):
        why = f"the user wants to be asked before {cost} are spent, and this client cannot ask; nothing was sent"
        remedy = "ask for less (price shows the cost), or let the user start the server with a higher --confirm-above"
        raise Refused("confirmation", why, remedy)
    answer = await _answer(context, params, message, _key(params, estimate))
    if answer.action != "accept" or not answer.content or answer.content.get("confirm") is not True:
        raise Refused("confirmation", "the user did not agree; nothing was sent", "do not repeat it unless asked to")


def _can_ask(capabilities: types.ClientCapabilities | None) -> bool:
    found = capabilities.elicitation if capabilities else None
    return found is not None and (found.form is not None or found.url is None)


def _key(params: types.CallToolRequestParams, estimate: Estimate) -> str:
    """A name for this question alone: an answer to another request, or another price, does not count."""
    text = json.dumps([params.name, params.arguments, estimate], sort_keys=True, default=str)
    return f"confirm-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


async def _answer(
    context: ServerRequestContext, params: types.CallToolRequestParams, message: str, key: str
) -> types.ElicitResult:
    if not is_version_at_least(context.protocol_version, _IN_ANSWERS):
        try:
            return await context.session.elicit_form(message, _FORM, context.request_id)
        except MCPError as error:
            raise Refused("confirmation", "the user could not be asked; nothing was sent") from error
    given: Any = (params.input_responses or {}).get(key)
    if isinstance(given, types.ElicitResult):
        return given
    question = types.ElicitRequest(params=types.ElicitRequestFormParams(message=message, requested_schema=_FORM))
    raise Asked(types.InputRequiredResult(input_requests={key: question}))
