"""Carries out valid requests: submissions, polls, and the operations that create no task."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from .drawing.films import Film
from .drawing.sizes import MEGAPIXEL
from .ordering import Order, cost, order
from .requests import Refusal, Reply, ValidRequest
from .script import Occasion
from .service import Service
from .specification import Node, Operation, TaskEndpoint, minimal
from .tasks import Ending, TaskRecord, ending_asked_for

_QUEUED = 0.2  # share of a task's time that it spends in the queue; an estimate


def answer(service: Service, request: ValidRequest) -> Reply:
    """Carry out a request.

    The mark ``x-bfl-emulate`` says what an operation that creates no task does; without a known mark, it gives the
    smallest answer that its schema allows. Raises Refusal.
    """
    operation = request.operation
    if operation.task is not None:
        return submit(service, request, operation.task)
    if (handler := _HANDLERS.get(operation.emulate or "")) is not None:
        return handler(service, request)
    schema = operation.responses.get(operation.success)
    return Reply({} if schema is None else minimal(service.specification, schema), operation.success)


def submit(service: Service, request: ValidRequest, endpoint: TaskEndpoint) -> Reply:
    """Create a task and answer with its id and where to poll it.

    A task whose inputs turn out to be wrong is not charged. Raises Refusal: 400 for an input that is refused at once or
    an unknown finetune, 501 for what cannot be drawn here, 402 for too few credits and 429 for too many active tasks.
    """
    name = request.value("finetune_id")
    if name is not None and not service.knows_finetune(str(name)):
        raise Refusal(400, "Finetune not found or not ready")  # seen 2025-01; its HTTP status is a guess
    made = order(request, endpoint, service.specification, service.files.inputs)
    task = _task(service, request, endpoint, made)
    size = made.picture.width, made.picture.height
    sizes = {"inputs": _megapixels(made.inputs), "output": _megapixels([size])}
    price: Node | None = request.schema.get("x-bfl-price", endpoint.price)
    seconds = float(getattr(task.picture, "seconds", 0.0))
    charge = cost(price, request.value, inputs=made.inputs, output=size, seconds=seconds)
    task = _accept(service, endpoint, task, 0.0 if charge and made.failure else charge)
    figures = {"cost": None if task.settled else charge, "input_mp": sizes["inputs"], "output_mp": sizes["output"]}
    figures = figures if endpoint.receipt else dict.fromkeys(figures)
    webhook_url = request.value("webhook_url")
    if webhook_url:
        occasion, secret = Occasion("webhook", task.endpoint, task.cluster, task.id), request.value("webhook_secret")
        body = partial(_latest_state, service, task, request.origins)
        service.webhooks.expect(occasion, task.ready_at, webhook_url, secret, body)
    if webhook_url and _answers_webhook(service, request.operation):
        address = {"status": "Pending", "webhook_url": webhook_url}
    else:
        address = {"polling_url": _polling_url(service, task, request.origins)}
    return Reply({"id": task.id, **address, **figures}, request.operation.success)


def poll(service: Service, request: ValidRequest) -> Reply:
    """Report the state of a task, if the request came to the host that knows it.

    An unknown id gets both a 404 and a result body: production clients have seen the code (on the wrong host) and the
    status (at a URL they built themselves), and a client that reads only one of the two must notice either way.
    """
    asked = request.parameters[service.specification.polling_parameter]
    task = service.tasks.get(asked)
    if task is None or request.listener not in (None, task.cluster):
        return Reply(_envelope(asked, "Task not found"), 404)
    now = service.clock()
    code = task.ending.code if task.ending is not None and now >= task.ready_at else 200
    headers = service.polls.headers(service.epoch(now)) if code == 200 else {}
    return Reply(state(service, task, request.origins), code, headers)


def state(service: Service, task: TaskRecord, origins: Mapping[str, str]) -> dict[str, Any]:
    """Return the body that a poll of a task gets; a webhook carries the same (documented 2026-02).

    `origins` are the base URLs by listener, as the client that asks knows them.
    """
    now = service.clock()
    body = _envelope(task.id, task.status(now))
    if now < task.ready_at:
        return {**body, "progress": task.progress(now) if task.reports_progress else None}
    if task.ending is None:
        body |= {"result": _result(service, task, origins)}
    else:
        body |= {"details": task.ending.details}
        if task.ending.moderated:
            del body["preview"]  # as in the one answer of this kind that was captured
    return {**body, "cost": task.cost or 0.0} if task.settled else body


def conclude(service: Service, task: TaskRecord, ending: Ending) -> None:
    """Change how a task ends; a price that is settled at the end is refunded (announced 2026-08 for clips)."""
    if task.settled and task.ending is None and task.cost:
        service.account.refund(task.cost)
        task = replace(task, cost=0.0)
    service.tasks[task.id] = replace(task, ending=ending)


def _envelope(task_id: str, status: str) -> dict[str, Any]:
    return {"id": task_id, "status": status, **dict.fromkeys(("result", "progress", "details", "preview"))}


def _task(service: Service, request: ValidRequest, endpoint: TaskEndpoint, made: Order) -> TaskRecord:
    now, duration = service.clock(), endpoint.duration / service.speed
    # Picture endpoints without the parameter report no seed; FLUX 3 video does (measured by a third party, 2026).
    seeded = "seed" in request.schema.get("properties", ()) or isinstance(made.picture, Film)
    failed = None if made.failure is None else Ending("Error", {"error": made.failure}, made.code)
    return TaskRecord(
        id=str(uuid.uuid4()),
        endpoint=endpoint.name,
        submitted_at=now,
        started_at=now + _QUEUED * duration,
        ready_at=now + duration,
        url_lifetime=endpoint.url_lifetime,
        picture=made.picture,
        cluster=service.next_cluster(),
        keys=endpoint.result,
        seed=made.picture.seed if seeded else None,
        statuses=endpoint.statuses,
        ending=ending_asked_for(made.picture.prompt) or failed,
        settled=endpoint.kind != "image",
        reports_progress=endpoint.progress,
    )


def _accept(service: Service, endpoint: TaskEndpoint, task: TaskRecord, price: float | None) -> TaskRecord:
    """Count, charge and keep a task. Raises Refusal: 429 for too many active ones, 402 for too few credits."""
    ready = task.ready_at
    if task.ending is not None:
        price = 0.0 if task.settled and price else price
        ready = task.started_at if task.ending.early else ready
    task = replace(task, cost=price, ready_at=ready)
    with service.lock:
        service.active.admit(endpoint, task.submitted_at)
        service.account.charge(task.cost or 0.0)
        service.active.add(endpoint, task.ready_at)
        service.remember(task)
    return task


def _latest_state(service: Service, task: TaskRecord, origins: Mapping[str, str]) -> dict[str, Any]:
    return state(service, service.tasks.get(task.id, task), origins)


def _result(service: Service, task: TaskRecord, origins: Mapping[str, str]) -> dict[str, Any]:
    host = origins["delivery"]
    values = {
        "sample": host + _signed(service, task, task.sample_path),
        "prompt": task.picture.prompt,
        "seed": task.seed,
        "start_time": service.epoch(task.started_at),
        "end_time": service.epoch(task.ready_at),
        "duration": task.ready_at - task.started_at,
        "draft_cache": host + _signed(service, task, task.draft_path) if task.draft_path else None,
    }
    return {name: values[name] for name in (*task.keys, "draft_cache") if values.get(name) is not None}


def _signed(service: Service, task: TaskRecord, path: str) -> str:
    """Sign anew for each poll, as the service does (captured 2026-08): that is how to recover after expiry."""
    return service.signer.sign(path, service.epoch(service.clock() + task.url_lifetime))


def _polling_url(service: Service, task: TaskRecord, origins: Mapping[str, str]) -> str:
    specification = service.specification
    query = urlencode({specification.polling_parameter: task.id})
    return f"{origins[task.cluster]}{specification.polling_path}?{query}"


def _answers_webhook(service: Service, operation: Operation) -> bool:
    """Return whether the declared answer includes the one for requests with a webhook, which has no polling URL."""
    declared = operation.responses[operation.success] or {}
    return any("webhook_url" in part.get("properties", ()) for part in service.specification.variants(declared))


def _megapixels(sizes: list[tuple[int, int]]) -> float:
    return round(sum(width * height for width, height in sizes) / MEGAPIXEL, 2)


def _delete_finetune(service: Service, request: ValidRequest) -> Reply:
    name = _finetune(service, request)
    del service.finetunes[name]
    now = datetime.fromtimestamp(service.epoch(service.clock()), UTC).isoformat()
    return Reply(
        {"status": "success", "message": f"Finetune {name} was deleted", "deleted_finetune_id": name, "timestamp": now}
    )


def _finetune(service: Service, request: ValidRequest) -> str:
    """Return the finetune that query or body name. Raises Refusal (404) for one that does not exist."""
    arguments: dict[str, Any] = {**request.parameters, **request.body}
    name = str(arguments.get("finetune_id"))
    if name not in service.finetunes:
        raise Refusal(404, f"Finetune {name} not found")
    return name


_HANDLERS: Mapping[str, Callable[[Service, ValidRequest], Reply]] = {
    "get-result": poll,
    "credits": lambda service, request: Reply({"credits": service.account.credits}),
    "list-finetunes": lambda service, request: Reply({"finetunes": list(service.finetunes)}),
    "finetune-details": lambda service, request: Reply(
        {"finetune_details": service.finetunes[_finetune(service, request)]}
    ),
    "delete-finetune": _delete_finetune,
}
