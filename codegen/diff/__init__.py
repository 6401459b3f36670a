"""The semantic difference of two OpenAPI documents: what a caller or a reader of answers has to know.

A walker (`operations`, `schemas`) lays the two documents side by side and tells facts; a table (`rules`) says of each
fact what it does to the values that may pass; from that and the side follows the level. Order, spelling of numbers and
the way a schema is cut into `$ref`, `allOf` and `anyOf` make no difference.
"""

from .changes import Change, Level, Side
from .compare import differences

__all__ = ["Change", "Level", "Side", "differences"]
