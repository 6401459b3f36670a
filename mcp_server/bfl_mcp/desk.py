"""The calls of tools: each is checked, carried out, and answered; whatever goes wrong is an error of the tool."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import anyio.to_thread
from bfl_client import specification
from bfl_client.answers import Update
from bfl_client.errors import shorten
from bfl_client.tasks import AsyncTask
from mcp import types
from mcp.server.context import ServerRequestContext

from . import catalogue, consent, previews, refusals, resources, tools
from .shelf import shown
from .studio import Studio

Answered = types.CallToolResult | types.InputRequiredResult


class Desk:
    """Answers calls.

    Args:
        studio: does the paid work.
        redact: takes secrets and signed URLs out of a text.
        note: writes a line for the user, not for the model.
    """

    def __init__(self, studio: Studio, redact: Callable[[str], str], note: Callable[[str], object]) -> None:
        self._studio, self._redact, self._note = studio, redact, note

    async def call(self, context: ServerRequestContext, params: types.CallToolRequestParams) -> Answered:
        """Answer a call. Only a cancellation leaves as an exception."""
        call = ToolCall(self._studio, context, params, self._note)
        try:
            arguments = tools.checked(params.name, params.arguments or {})
            answer = await call.run(arguments)
        except consent.Asked as asked:
            return asked.result
        except Exception as error:
            return self._failure(error)
        return answer

    def _failure(self, error: Exception) -> types.CallToolResult:
        facts = refusals.facts_of(error)
        if facts["kind"] == "internal":
            self._note(self._redact(f"bfl mcp: a bug: {error!r}"))
        told = {name: self._without_secrets(value) for name, value in facts.items()}
        text = types.TextContent(text=refusals.in_lines(facts, self._redact))
        return types.CallToolResult(content=[text], structured_content={"error": told}, is_error=True)

    def _without_secrets(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._without_secrets(each) for each in value]
        return self._redact(value) if isinstance(value, str) else value


class ToolCall:
    """One call of a tool. A method for each tool."""

    def __init__(
        self,
        studio: Studio,
        context: ServerRequestContext,
        params: types.CallToolRequestParams,
        note: Callable[[str], object],
    ) -> None:
        self._studio, self._context, self._params, self._note = studio, context, params, note
        self._told = 0

    async def run(self, arguments: Mapping[str, Any]) -> types.CallToolResult:
        """Carry out the call with checked arguments."""
        methods: dict[str, Callable[..., Awaitable[types.CallToolResult]]] = {
            name: getattr(self, name) for name in tools.definitions()
        }
        return await methods[self._params.name](**arguments)

    async def list_endpoints(self) -> types.CallToolResult:
        """The endpoints."""
        return _answer({"endpoints": catalogue.endpoints()})

    async def describe_endpoint(self, endpoint: str) -> types.CallToolResult:
        """The parameters of one."""
        return _answer(catalogue.described(endpoint))

    async def price(self, endpoint: str, parameters: Mapping[str, Any]) -> types.CallToolResult:
        """What a request costs."""
        with self._studio.checked(endpoint, parameters) as body:
            estimate = self._studio.estimate(catalogue.known(endpoint).name, body)
        return _answer({**estimate, "budget": self._studio.budget.summary()})

    async def submit(self, endpoint: str, parameters: Mapping[str, Any]) -> types.CallToolResult:
        """Submit a request."""
        task = await self._submitted(endpoint, parameters)
        return _answer({"id": task.id, "endpoint": task.endpoint, "status": "submitted", "cost": task.cost})

    async def generate(
        self, endpoint: str, parameters: Mapping[str, Any], timeout: float | None = None
    ) -> types.CallToolResult:
        """Submit, wait, save."""
        task = await self._submitted(endpoint, parameters)
        return await self._fetched(task, timeout)

    async def task(self, id: str, action: str = tools.ACTIONS[0], timeout: float | None = None) -> types.CallToolResult:
        """Look at a task, wait for it, or fetch its result."""
        task, record = self._studio.resumed(id)
        if (path := self._studio.file_of(record)) is not None:
            return await _finished(shown(record), path)
        if action == "status":
            return _answer(_state(task, await task.status()))
        if action == "fetch":
            return await self._fetched(task, timeout)
        result = await self._studio.wait(task, self._tell, timeout)
        return _answer({"id": task.id, "endpoint": task.endpoint, "status": "Ready", "cost": result.cost})

    async def tasks(self) -> types.CallToolResult:
        """The tasks that are known here."""
        return _answer({"tasks": [shown(record) for record in self._studio.shelf.listed()]})

    async def credits(self) -> types.CallToolResult:
        """The credits of the account and the budget."""
        budget = self._studio.budget.summary()
        return _answer({"credits": await self._studio.client.credits(), "budget": budget})

    async def _submitted(self, endpoint: str, parameters: Mapping[str, Any]) -> AsyncTask:
        name = catalogue.known(endpoint).name
        with self._studio.checked(name, parameters) as body:
            estimate = self._studio.estimate(name, body)
            self._studio.admit(estimate)
            if self._studio.needs_consent(estimate["at_most"]):
                await consent.ask(self._context, self._params, estimate, parameters.get("prompt"))
            try:
                task = await self._studio.submit(estimate, body)
            except BaseException as error:
                handle = getattr(error, "handle", None)
                if handle is not None:  # a client that cancelled hears no answer, so the user is told
                    self._note(f"task {shorten(handle.id, 80)} was submitted, and its call ended early; it is kept")
                raise
        await self._say(f"submitted: task {shorten(task.id, 80)}")
        return task

    async def _fetched(self, task: AsyncTask, timeout: float | None) -> types.CallToolResult:
        result = await self._studio.wait(task, self._tell, timeout)
        facts = await self._studio.save(task, result)
        return await _finished(facts, Path(facts["file"]))

    async def _tell(self, update: Update) -> None:
        share = "" if update.progress is None else f" {update.progress:.0%}"
        await self._say(f"{shorten(update.status, 60)}{share}")

    async def _say(self, message: str) -> None:
        self._told += 1  # what is reported must grow, and the service's progress may not
        await self._context.session.report_progress(float(self._told), None, message)


def _state(task: AsyncTask, update: Update) -> dict[str, Any]:
    facts = {"status": update.status, "progress": update.progress, "ended": update.ended, "cost": update.cost}
    details = None if update.details is None else shorten(update.details)
    return {"id": task.id, "endpoint": task.endpoint, **facts, "details": details}


def _answer(data: dict[str, Any]) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(text=json.dumps(data))], structured_content=data)


async def _finished(facts: dict[str, Any], path: Path) -> types.CallToolResult:
    """A finished task: its facts, a small picture, and a link to the file."""
    answer = _answer(facts)
    known = specification.find(str(facts["endpoint"] or ""))
    small = None
    if known is None or known.kind == "image":
        small = await anyio.to_thread.run_sync(previews.thumbnail, path)
    if small is not None:
        answer.content.append(types.ImageContent(data=small, mime_type="image/jpeg"))
    answer.content.append(resources.link(path))
    return answer
