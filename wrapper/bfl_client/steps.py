"""The steps that a flow yields, and their outcomes: all that passes between `flows` and the drivers of `transport`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Iterator

T = TypeVar("T")


class Streamed(Protocol):
    """A request body of known length that can be sent more than once."""

    length: int

    def __iter__(self) -> Iterator[bytes]: ...

    def stream(self) -> AsyncGenerator[bytes, None]: ...


class Clock(NamedTuple):
    """Asks for the monotonic time; the outcome is a float, seconds."""


class Sleep(NamedTuple):
    """Asks to wait for a number of seconds."""

    seconds: float


class Tell(NamedTuple):
    """Asks to call the caller's function with an update; an asynchronous driver awaits what it returns."""

    function: Callable[[Any], object]
    update: Any

    def told(self) -> object:
        """Call it. Raises what it raises; RuntimeError for StopIteration, which would end the flow instead."""
        try:
            return self.function(self.update)
        except StopIteration as error:
            raise RuntimeError("on_update raised StopIteration") from error


class Receives(Protocol):
    """Keeps the answer to a paid request, so that no exception, wherever it strikes, loses the task."""

    answer: Answer | None

    def write_on(self, error: BaseException) -> None:
        """Attach the created task to an exception that leaves."""


class Call(NamedTuple):
    """Asks for one API request, with the key; the outcome is an `Answer`, a lost connection a TransportError.

    Attributes:
        body: of a paid request; others have none.
        paid: it costs credits, so a lost answer must not be treated like a request that was never made.
        deadline: monotonic time at which to give up, seconds.
        receipt: keeps the answer to a request that creates a task.
    """

    method: str
    url: str
    body: Streamed | None = None
    paid: bool = False
    deadline: float | None = None
    receipt: Receives | None = None


class Fetch(NamedTuple):
    """Asks to stream a sample into a file, without the key, up to `limit` bytes; the outcome is `Fetched`.

    Attributes:
        sink: what it contains already is kept, and only the rest is asked for.
        validator: the ETag or date of the file that the rest must belong to.
    """

    url: str
    sink: BinaryIO
    limit: int
    deadline: float | None = None
    validator: str = ""


class Answer(NamedTuple):
    """An HTTP answer, whatever its status; header names in lower case; `whole` is false if the content was cut."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    whole: bool = True


class Fetched(NamedTuple):
    """How far a download got: bytes in the sink, earlier attempts included, and what broke it off."""

    status: int
    headers: Mapping[str, str]
    size: int
    error: str | None = None


Step = Clock | Sleep | Tell | Call | Fetch
Flow = Generator[Step, Any, T]
"""A flow: a generator that yields steps, is sent their outcomes, and returns its result."""
