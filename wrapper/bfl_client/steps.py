"""What a flow can ask for, and what it gets: the words between deciding code and the code that touches the world."""

from __future__ import annotations

from collections.abc import Generator, Mapping
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
    """Asks to wait."""

    seconds: float


class Call(NamedTuple):
    """Asks for one API request, with the key; the outcome is an `Answer`.

    A lost connection is thrown into the flow as a TransportError.
    """

    method: str
    url: str
    body: Streamed | None = None
    paid: bool = False
    """True if carrying it out costs credits: then a lost answer is not the same as a request not made."""
    deadline: float | None = None
    """Monotonic time at which to give up, seconds."""


class Fetch(NamedTuple):
    """Asks to stream a sample into a file, without the key; the outcome is `Fetched`."""

    url: str
    sink: BinaryIO
    limit: int
    """Bytes after which to give up."""
    deadline: float | None = None


class Answer(NamedTuple):
    """An HTTP answer, whatever its status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes
    whole: bool = True
    """False if the content was longer than anything an API answer needs, and was cut."""


class Fetched(NamedTuple):
    """How far a download came."""

    status: int
    headers: Mapping[str, str]
    size: int
    """Bytes in the sink, those of earlier attempts included."""
    error: str | None = None
    """What broke it off, or None."""


Step = Clock | Sleep | Call | Fetch
Flow = Generator[Step, Any, T]
"""A conversation: yields steps, is sent their outcomes, returns its result."""
