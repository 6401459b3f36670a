"""Tasks: a submission makes one, time moves it from waiting to ready, a poll tells how far it is."""

import uuid
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from .answers import Answer
from .films import Film
from .ordering import order
from .outcomes import Outcome, foretold
from .pictures import Picture
from .prices import cost
from .samples import PREFIX
from .script import Occasion
from .service import Call, Service
from .sizes import MEGAPIXEL, value_of
from .specification import Node, Operation, TaskEndpoint

_QUEUED = 0.2  # share of a task's time that it waits before the work begins; an estimate


@dataclass(frozen=True)
class Task:
    """A task: times are readings of the service's clock, in seconds; `seed` is None where endpoints tell none.

    `statuses` are what a poll says one after the other until it is finished, `outcome` how it ends if not well, `cost`
    what was charged for it in credits, None where no price is known; `settled` tells whether the last poll says it,
    `tells_progress` whether the others say how far the work is.
    """

    id: str
    endpoint: str
    submitted_at: float
    started_at: float
    ready_at: float
    url_lifetime: float
    seed: int | None
    picture: Picture | Film
    statuses: tuple[str, ...] = ("Pending",)
    outcome: Outcome | None = None
    cost: float | None = None
    settled: bool = False
    tells_progress: bool = True

    @property
    def sample_path(self) -> str:
        """Path under which the finished file is served."""
        return f"{PREFIX}/{self.id}/sample.{self.picture.format}"

    @property
    def draft_path(self) -> str | None:
        """Path under which the data of a draft are served, if the task made one."""
        return f"{PREFIX}/{self.id}/draft.bin" if isinstance(self.picture, Film) and self.picture.draft else None

    def progress(self, now: float) -> float | None:
        """Share of the work that is done, 0 to 1; None while the task waits in the queue."""
        if now < self.started_at:
            return None
        return 1.0 if now >= self.ready_at else round((now - self.started_at) / (self.ready_at - self.started_at), 2)

    def status(self, now: float) -> str:
        """What a poll says: the first of the statuses in the queue, the others in equal shares of the work."""
        if now >= self.ready_at:
            return "Ready" if self.outcome is None else self.outcome.status
        share = self.progress(now)
        later = self.statuses[1:]
        return self.statuses[0] if share is None or not later else later[min(int(share * len(later)), len(later) - 1)]


def submit(service: Service, call: Call, endpoint: TaskEndpoint) -> Answer:
    """Create a task and answer with its id and where to poll it.

    Raises Refusal: 400 for an input that is refused at once, 501 for what cannot be drawn here, 402 for too few credits
    and 429 for too many active tasks.
    """
    made = order(call, endpoint, service.specification, service.files.inputs)
    # Picture endpoints without the parameter tell no seed either, FLUX 3 video does (measured by a third party, 2026).
    seeded = "seed" in call.schema.get("properties", ()) or isinstance(made.picture, Film)
    task = _task(service, endpoint, made.picture, seeded)
    if made.failure is not None:
        task = replace(task, outcome=Outcome("Error", {"error": made.failure}, made.code))
    sizes = {"inputs": _megapixels(made.inputs), "output": _megapixels([(made.picture.width, made.picture.height)])}
    task = _accept(service, call, endpoint, task, sizes)
    told = task.cost if (_price(call, endpoint) or {}).get("receipt", not task.settled) else None
    receipt: dict[str, Any] = {
        "id": task.id,
        "cost": told,
        "input_mp": sizes["inputs"],
        "output_mp": sizes["output"],
    }
    webhook_url = value_of(call.body, call.schema, "webhook_url")
    if webhook_url:
        _promise_webhook(service, task, webhook_url, value_of(call.body, call.schema, "webhook_secret"))
    if webhook_url and _answers_webhook(service, call.operation):
        return Answer({**receipt, "status": "Pending", "webhook_url": webhook_url}, call.operation.success)
    return Answer({**receipt, "polling_url": _polling_url(service, task)}, call.operation.success)


def poll(service: Service, call: Call) -> Answer:
    """Tell the state of a task, if the request came to the host that knows it.

    An unknown id is answered with 404 and a result body: production clients have seen both the code (on the wrong host)
    and the status (at a URL they built themselves), and whoever reads only one of the two learns it either way.
    """
    asked = call.parameters[service.specification.polling_parameter]
    task = service.tasks.get(asked) if call.polls_here else None
    if task is None:
        return Answer({**_envelope(asked), "status": "Task not found"}, 404)
    now = service.clock()
    code = task.outcome.code if task.outcome is not None and now >= task.ready_at else 200
    return Answer(state(service, task), code, service.polls.headers(service.epoch(now)) if code == 200 else {})


def state(service: Service, task: Task) -> dict[str, Any]:
    """Tell how far a task is: what a poll answers, and what a webhook carries (documented 2026-02)."""
    now = service.clock()
    body = {**_envelope(task.id), "status": task.status(now)}
    if now < task.ready_at:
        return {**body, "progress": task.progress(now) if task.tells_progress else None}
    if task.outcome is None:
        body |= {"result": _result(service, task)}
    else:
        body |= {"details": task.outcome.details}
    return {**body, "cost": task.cost or 0.0} if task.settled else body


def conclude(service: Service, task: Task, outcome: Outcome) -> None:
    """Let a task end otherwise; what is settled at the end is given back (announced 2026-08 for clips)."""
    if task.settled and task.outcome is None and task.cost:
        service.account.refund(task.cost)
        task = replace(task, cost=0.0)
    service.tasks[task.id] = replace(task, outcome=outcome)


def _envelope(task_id: str) -> dict[str, Any]:
    return {"id": task_id, **dict.fromkeys(("result", "progress", "details", "preview"))}


def _accept(service: Service, call: Call, endpoint: TaskEndpoint, task: Task, sizes: dict[str, float]) -> Task:
    """Count and charge a task, and keep it. Raises Refusal: 429 for too many active ones, 402 for too few credits."""
    seconds = float(getattr(task.picture, "seconds", 0.0))
    price = cost(_price(call, endpoint), call.body, call.schema, **sizes, seconds=seconds)
    outcome, ready = foretold(task.picture.prompt) or task.outcome, task.ready_at
    if outcome is not None:
        price = 0.0 if task.settled and price else price
        ready = task.started_at if outcome.early else ready
    task = replace(task, outcome=outcome, cost=price, ready_at=ready)
    with service.lock:
        service.active.admit(endpoint, task.submitted_at)
        service.account.charge(task.cost or 0.0)
        service.active.add(endpoint, task.ready_at)
        service.remember(task)
    return task


def _promise_webhook(service: Service, task: Task, url: str, secret: str | None) -> None:
    occasion = Occasion("webhook", task.endpoint, "cluster", task.id)
    tell = partial(_news, service, task)
    service.webhooks.expect(occasion, task.ready_at, url, secret, tell)


def _news(service: Service, task: Task) -> dict[str, Any]:
    return state(service, service.tasks.get(task.id, task))


def _price(call: Call, endpoint: TaskEndpoint) -> Node | None:
    mark: Node | None = call.schema.get("x-bfl-price", endpoint.price)
    return mark


def _task(service: Service, endpoint: TaskEndpoint, picture: Picture | Film, seeded: bool) -> Task:
    now, duration = service.clock(), endpoint.duration / service.speed
    started, ready = now + _QUEUED * duration, now + duration
    seed = picture.seed if seeded else None
    times, settled = (now, started, ready, endpoint.url_lifetime), endpoint.kind != "image"
    task = Task(str(uuid.uuid4()), endpoint.name, *times, seed, picture, settled=settled)
    return replace(task, statuses=endpoint.statuses, tells_progress=endpoint.progress)


def _result(service: Service, task: Task) -> dict[str, Any]:
    result = {
        "sample": _signed(service, task, task.sample_path),
        "prompt": task.picture.prompt,
        "seed": task.seed,
        "start_time": service.epoch(task.started_at),
        "end_time": service.epoch(task.ready_at),
        "duration": task.ready_at - task.started_at,
        "draft_cache": _signed(service, task, task.draft_path) if task.draft_path else None,
    }
    return {name: value for name, value in result.items() if value is not None}


def _signed(service: Service, task: Task, path: str) -> str:
    signed = service.signer.sign(path, service.epoch(task.ready_at + task.url_lifetime))
    return service.hosts.url("delivery") + signed


def _polling_url(service: Service, task: Task) -> str:
    specification = service.specification
    query = urlencode({specification.polling_parameter: task.id})
    return f"{service.hosts.url('cluster')}{specification.polling_path}?{query}"


def _answers_webhook(service: Service, operation: Operation) -> bool:
    """Tell whether the declared answer includes one for requests with a webhook (it has no polling URL)."""
    declared = operation.responses[operation.success] or {}
    return any("webhook_url" in part.get("properties", ()) for part in service.specification.variants(declared))


def _megapixels(sizes: list[tuple[int, int]]) -> float:
    return round(sum(width * height for width, height in sizes) / MEGAPIXEL, 2)
