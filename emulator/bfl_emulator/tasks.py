"""Tasks: a submission makes one, time moves it from waiting to ready, a poll tells how far it is."""

import secrets
import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from .answers import Answer
from .media import picture_sizes
from .pictures import CONTENT_TYPES, Picture
from .refusals import Refusal
from .samples import PREFIX
from .service import Call, Service
from .sizes import MEGAPIXEL, picture_size, value_of
from .specification import Operation, TaskEndpoint

_QUEUED = 0.2  # share of a task's time that it waits before the work begins; an estimate


@dataclass(frozen=True)
class Task:
    """A task: times are readings of the service's clock, in seconds; `seed` is None where endpoints tell none."""

    id: str
    endpoint: str
    submitted_at: float
    started_at: float
    ready_at: float
    url_lifetime: float
    seed: int | None
    picture: Picture

    @property
    def sample_path(self) -> str:
        """Path under which the finished file is served."""
        return f"{PREFIX}/{self.id}/sample.{self.picture.format}"

    def progress(self, now: float) -> float | None:
        """Share of the work that is done, 0 to 1; None while the task waits in the queue."""
        if now < self.started_at:
            return None
        return 1.0 if now >= self.ready_at else round((now - self.started_at) / (self.ready_at - self.started_at), 2)


def submit(service: Service, call: Call, endpoint: TaskEndpoint) -> Answer:
    """Create a task and answer with its id and where to poll it. Raises Refusal: 501 for video, 422 for its size."""
    if endpoint.kind != "image":
        raise Refusal(501, f"{endpoint.kind} is not emulated in this version")
    inputs = list(picture_sizes(call.body))
    picture = _picture(call, endpoint, picture_size(call.body, call.schema, inputs))
    # Endpoints without the parameter tell no seed either (measured by a third party, 2026-10).
    task = _task(service, endpoint, picture, seeded="seed" in call.schema.get("properties", ()))
    service.remember(task)
    receipt: dict[str, Any] = {
        "id": task.id,
        "cost": None,  # recorded as null for some endpoints; prices are not in the specification
        "input_mp": _megapixels(inputs),
        "output_mp": _megapixels([(picture.width, picture.height)]),
    }
    webhook_url = value_of(call.body, call.schema, "webhook_url")
    if webhook_url and _answers_webhook(service, call.operation):
        return Answer({**receipt, "status": "Pending", "webhook_url": webhook_url})
    return Answer({**receipt, "polling_url": _polling_url(service, task)})


def poll(service: Service, call: Call) -> Answer:
    """Tell the state of a task.

    An unknown id is answered with 404 and a result body: production clients have seen both the code (on the wrong host)
    and the status (at a URL they built themselves), and whoever reads only one of the two learns it either way.
    """
    asked = call.parameters[service.specification.polling_parameter]
    task, now = service.tasks.get(asked), service.clock()
    body = {"id": asked, "status": "Pending", **dict.fromkeys(("result", "progress", "details", "preview"))}
    if task is None:
        return Answer({**body, "status": "Task not found"}, 404)
    if now >= task.ready_at:
        body |= {"status": "Ready", "result": _result(service, task)}
    else:
        body |= {"progress": task.progress(now)}
    return Answer(body, headers=service.polls.headers(service.epoch(now)))


def _picture(call: Call, endpoint: TaskEndpoint, size: tuple[int, int]) -> Picture:
    prompt, seed, name = (value_of(call.body, call.schema, part) for part in ("prompt", "seed", "output_format"))
    name = name or "png"  # endpoints without the parameter give PNG (measured by a third party, 2026-10)
    if name not in CONTENT_TYPES:
        raise Refusal(501, f"output_format {name!r} is not emulated")
    seed = secrets.randbelow(2**32) if seed is None else int(seed)  # 5.0 is an integer in JSON
    return Picture(endpoint.name, prompt or "", seed, *size, name)


def _task(service: Service, endpoint: TaskEndpoint, picture: Picture, seeded: bool) -> Task:
    now, duration = service.clock(), endpoint.duration / service.speed
    started, ready = now + _QUEUED * duration, now + duration
    seed = picture.seed if seeded else None
    return Task(str(uuid.uuid4()), endpoint.name, now, started, ready, endpoint.url_lifetime, seed, picture)


def _result(service: Service, task: Task) -> dict[str, Any]:
    signed = service.signer.sign(task.sample_path, service.epoch(task.ready_at + task.url_lifetime))
    result = {
        "sample": service.base_url + signed,
        "prompt": task.picture.prompt,
        "seed": task.seed,
        "start_time": service.epoch(task.started_at),
        "end_time": service.epoch(task.ready_at),
        "duration": task.ready_at - task.started_at,
    }
    return {name: value for name, value in result.items() if value is not None}


def _polling_url(service: Service, task: Task) -> str:
    specification = service.specification
    return f"{service.base_url}{specification.polling_path}?{urlencode({specification.polling_parameter: task.id})}"


def _answers_webhook(service: Service, operation: Operation) -> bool:
    """Tell whether the declared answer includes one for requests with a webhook (it has no polling URL)."""
    declared = operation.responses[200] or {}
    return any("webhook_url" in part.get("properties", ()) for part in service.specification.variants(declared))


def _megapixels(sizes: list[tuple[int, int]]) -> float:
    return round(sum(width * height for width, height in sizes) / MEGAPIXEL, 2)
