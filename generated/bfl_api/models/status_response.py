# Written by `python -m codegen generate` from openapi.json and openapi-overlay.yml. Do not edit.

from typing import Literal

StatusResponse = Literal[
    "Content Moderated", "Error", "Generating", "Pending", "Ready", "Reasoning", "Request Moderated", "Task not found"
]

STATUS_RESPONSE_VALUES: set[StatusResponse] = {
    "Content Moderated",
    "Error",
    "Generating",
    "Pending",
    "Ready",
    "Reasoning",
    "Request Moderated",
    "Task not found",
}


def check_status_response(value: str) -> StatusResponse:
    if value in STATUS_RESPONSE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {STATUS_RESPONSE_VALUES!r}")
