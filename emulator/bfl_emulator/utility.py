"""The operations that make no task: by their ``x-bfl-emulate`` marks they answer from the service's state."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from .answers import Answer
from .instances import minimal
from .refusals import Refusal
from .service import Call, Service
from .tasks import poll


def answer(service: Service, call: Call) -> Answer:
    """Answer an operation by its mark; without one that is known here, with the smallest answer its schema allows."""
    handler = _HANDLERS.get(call.operation.emulate or "")
    if handler is not None:
        return handler(service, call)
    schema = call.operation.responses.get(call.operation.success)
    return Answer({} if schema is None else minimal(service.specification, schema), call.operation.success)


def _credits(service: Service, call: Call) -> Answer:
    return Answer({"credits": service.account.credits})


def _list_finetunes(service: Service, call: Call) -> Answer:
    return Answer({"finetunes": list(service.finetunes)})


def _finetune_details(service: Service, call: Call) -> Answer:
    return Answer({"finetune_details": service.finetunes[_finetune(service, call)]})


def _delete_finetune(service: Service, call: Call) -> Answer:
    name = _finetune(service, call)
    del service.finetunes[name]
    now = datetime.fromtimestamp(service.epoch(service.clock()), UTC).isoformat()
    return Answer(
        {"status": "success", "message": f"Finetune {name} was deleted", "deleted_finetune_id": name, "timestamp": now}
    )


def _finetune(service: Service, call: Call) -> str:
    """Find which finetune is meant, in the query or the body. Raises Refusal (404) for one that is not there."""
    arguments: dict[str, Any] = {**call.parameters, **call.body}
    name = str(arguments.get("finetune_id"))
    if name not in service.finetunes:
        raise Refusal(404, f"Finetune {name} not found")
    return name


_HANDLERS: Mapping[str, Callable[[Service, Call], Answer]] = {
    "get-result": poll,
    "credits": _credits,
    "list-finetunes": _list_finetunes,
    "finetune-details": _finetune_details,
    "delete-finetune": _delete_finetune,
}
