"""Tells what a request is an occasion of, before anything of its body is read."""

from collections.abc import Mapping

from starlette.datastructures import QueryParams
from starlette.types import Scope

from .script import Occasion
from .service import Service
from .specification import Operation

_HOMES = {"submit": "submit", "utility": "submit", "poll": "cluster", "download": "delivery"}


def occasion(service: Service, methods: Mapping[str, Operation] | None, scope: Scope) -> Occasion:
    """Return the occasion of a routed request; `methods` are its path's operations, None for the path of files."""
    if methods is None:
        return _of_task(service, "download", scope.get("path_params", {}).get("task_id"), scope)
    operation = methods[scope["method"]]
    if operation.emulate == "get-result":
        asked = QueryParams(scope["query_string"]).get(service.specification.polling_parameter)
        return _of_task(service, "poll", asked, scope)
    kind, endpoint = ("utility", None) if operation.task is None else ("submit", operation.task.name)
    return Occasion(kind, endpoint, _listener(service, kind, scope))


def _of_task(service: Service, kind: str, task_id: str | None, scope: Scope) -> Occasion:
    task, listener = service.tasks.get(task_id or ""), _listener(service, kind, scope)
    return Occasion(kind, None, listener) if task is None else Occasion(kind, task.endpoint, listener, task.id)


def _listener(service: Service, kind: str, scope: Scope) -> str:
    return _HOMES[kind] if service.hosts.one else service.hosts.listener(scope)
