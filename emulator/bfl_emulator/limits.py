"""What the service counts."""

import math

POLLS_A_SECOND = 1200  # recorded in X-Ratelimit-Limit (2025-08, 2025-12)


class PollWindow:
    """Counts polls in windows of one second.

    The emulator reports the count and refuses nothing: what the service does beyond it is not recorded.
    """

    def __init__(self) -> None:
        self._window, self._used = -1, 0

    def headers(self, now: float) -> dict[str, str]:
        """Count one poll at `now` (seconds since 1970) and return the headers recorded on every answered one."""
        window = math.floor(now)
        self._used = self._used + 1 if window == self._window else 1
        self._window = window
        return {
            "Retry-After": "1",
            "X-Ratelimit-Limit": str(POLLS_A_SECOND),
            "X-Ratelimit-Remaining": str(max(0, POLLS_A_SECOND - self._used)),
            "X-Ratelimit-Reset": f"{window + 1:.1f}",
        }
