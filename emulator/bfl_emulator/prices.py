"""What a task costs, from the ``x-bfl-price`` mark of its operation or of the schema that its body obeys.

The mark holds `per` (picture, megapixel, second or megapixel-second), `credits` (a number, or numbers by the value of
the property named in `by`), for megapixels `further` (credits for each after the first, of the output and of the
inputs), for clips `draft` (credits instead where a draft is asked for), and ``receipt: false`` where receipts were
recorded without a cost. One credit is 0.01 USD. Prices are documented or measured; their sources stand at the marks.
"""

from collections.abc import Mapping
from typing import Any

from .refusals import Refusal
from .sizes import value_of
from .specification import Node


class Account:
    """The credits of the one project that the emulator knows."""

    def __init__(self, credits: float) -> None:
        self.credits = credits

    def charge(self, cost: float) -> None:
        """Take off what a task costs. Raises Refusal (402, documented) at zero, or if there is not enough for it.

        The words are the emulator's: how the service puts it is not established.
        """
        if self.credits <= 0 or cost > self.credits:
            raise Refusal(402, "Insufficient credits")
        self.credits = round(self.credits - cost, 4)

    def refund(self, cost: float) -> None:
        """Give back what a refused task was charged."""
        self.credits = round(self.credits + cost, 4)


def cost(mark: Node | None, body: Node, schema: Node, *, inputs: float, output: float, seconds: float) -> float | None:
    """Return the cost in credits, None where no price is known; `inputs` and `output` in megapixels.

    FLUX.2: a first megapixel, each further one, and the inputs at the price of further ones (vendor's material 2026-01;
    a picture below one megapixel costs the first whole: recorded 2025-12).
    """
    if mark is None:
        return None
    rate = _rate(mark, body, schema)
    further = mark.get("further", 0.0)
    amounts: Mapping[str, float] = {
        "picture": rate,
        "megapixel": rate + max(0.0, output - 1) * further + inputs * further,
        "second": rate * seconds,
        "megapixel-second": rate * output * seconds,
    }
    return round(amounts[mark["per"]], 2)


def _rate(mark: Node, body: Node, schema: Node) -> float:
    if "draft" in mark and value_of(body, schema, "draft"):
        return float(mark["draft"])
    rates: Any = mark["credits"]
    if not isinstance(rates, Mapping):
        return float(rates)
    by = {str(name): float(rate) for name, rate in rates.items()}
    # A value that the mark does not list (a new resolution) costs as much as the dearest that it does.
    return by.get(str(value_of(body, schema, mark["by"])), max(by.values()))
