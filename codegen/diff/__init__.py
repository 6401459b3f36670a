"""The semantic difference of two OpenAPI documents: what senders of requests and readers of answers have to know.

`operations` and `schemas` walk through both documents and yield facts. The table in `rules` says what each fact does to
the values that are permitted; with the side (request or response), this gives the level. Order, the spelling of
numbers, and how a schema is divided into `$ref`, `allOf` and `anyOf` make no difference.
"""

from .changes import Change, Level, Side
from .compare import differences

__all__ = ["Change", "Level", "Side", "differences"]
