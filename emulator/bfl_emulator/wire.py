"""What ASGI has no words for: breaking the connection that a request came on."""

import socket
import struct
from typing import Any

from starlette.types import Scope

CONNECTION = "bfl_emulator.connection"
_RESET = struct.pack("ii", 1, 0)  # linger for no time: the kernel sends a reset instead of an orderly end


class Wire:
    """The connection of one request. In-process there is none: what would break it raises ConnectionResetError."""

    def __init__(self, scope: Scope) -> None:
        self._protocol: Any = scope.get("state", {}).get(CONNECTION)

    @property
    def gone(self) -> bool:
        """Whether the other side can no longer be reached."""
        return self._protocol is not None and self._protocol.transport.is_closing()

    @property
    def answered(self) -> bool:
        """Whether an answer was handed over to its end."""
        return self._protocol is None or self._protocol.cycle.response_complete

    def reset(self) -> None:
        """Break the connection, which the other side learns as a reset."""
        if self._protocol is None:
            raise ConnectionResetError("the script of the emulator breaks this connection")
        connection = self._protocol.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._protocol.transport.abort()

    def hang_up(self) -> None:
        """End the connection in order, after what was written, however much of an answer is missing."""
        if self._protocol is None:
            raise ConnectionResetError("the script of the emulator cuts this answer off")
        self._protocol.transport.close()
