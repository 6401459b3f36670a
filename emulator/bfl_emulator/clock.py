"""The clock that the emulator runs by: that of the system, also where a test has frozen Python's."""

import asyncio
import sys
import time

if sys.platform == "win32":
    now = time.monotonic
else:

    def now() -> float:
        """Return monotonic seconds; libraries that freeze the time in tests replace `time.monotonic`, but not this."""
        return time.clock_gettime(time.CLOCK_MONOTONIC)


class Loop(asyncio.SelectorEventLoop):
    """An event loop whose timers a frozen clock does not stop."""

    def time(self) -> float:
        """Return the seconds of `now`."""
        return now()
