"""How a task ends other than well: said by words in its prompt, by a script, or by what was sent."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_WORD = re.compile(
    r"#(request-moderated|content-moderated|error|failed)(?:-(422|503))?(?:=([\w-]+(?:,[\w-]+)*))?(?![\w-])"
)
_STATUSES = {
    "request-moderated": "Request Moderated",
    "content-moderated": "Content Moderated",
    "error": "Error",
    "failed": "Failed",
}
_REASON = "Safety"  # given where the prompt's word names none


@dataclass(frozen=True)
class Outcome:
    """The end of a task: its `status`, the `details` of the poll, and the HTTP status (`code`) that carries them.

    The code is 200, or 503 (measured by a third party) or 422 (documented for video editing): a failed task may come as
    either, with an ordinary result body.
    """

    status: str
    details: Mapping[str, Any] | str | None = None
    code: int = 200

    @property
    def early(self) -> bool:
        """Whether it is known when the task leaves the queue: an input is judged before any work is done."""
        return self.status == _STATUSES["request-moderated"]


def foretold(prompt: str) -> Outcome | None:
    """Return how a task with this prompt ends, if a word in it says so.

    The words are ``#request-moderated``, ``#content-moderated``, ``#error`` and ``#failed``. Reasons follow an equals
    sign: ``#content-moderated=violence,hate``; an HTTP status follows a hyphen: ``#error-503``. Statuses and the list
    under "Moderation Reasons" are published or documented (2026-06-15); the words are the emulator's own.
    """
    match = _WORD.search(prompt)
    if match is None:
        return None
    status, code = _STATUSES[match[1]], int(match[2] or 200)
    reasons = match[3].split(",") if match[3] else [_REASON]
    if status.endswith("Moderated"):
        return Outcome(status, {"Moderation Reasons": reasons}, code)
    return Outcome(status, {"error": f"The prompt asked for it ({match[0]})"}, code)
