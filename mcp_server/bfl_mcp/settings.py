"""What the user allows the model: how much may be spent, and which folders are read and written."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Settings(NamedTuple):
    """What the user of the server decided when it was started; no argument of a tool changes it.

    Attributes:
        output: the folder for results, the only one that is written to.
        readable: the folders whose pictures and videos may be sent; none by default.
        budget: credits that may be spent in all; None for no limit.
        confirm_above: a request that may cost more is confirmed by the user; None to ask for none.
        unpriced: whether endpoints without a price may be used although there is a budget.
        emulated: whether an emulator stands in for the service; URLs are then refused, because it would fetch them.
    """

    output: Path
    readable: tuple[Path, ...] = ()
    budget: float | None = None
    confirm_above: float | None = None
    unpriced: bool = False
    emulated: bool = False
