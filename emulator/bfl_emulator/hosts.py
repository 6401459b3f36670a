"""The service's hosts, each a listener of its own: where requests go, where tasks are polled, where files lie."""

from collections.abc import Iterable, Mapping

from starlette.types import Scope

HOST = "127.0.0.1"
LISTENERS = ("submit", "cluster", "delivery")
_IN_PROCESS: Mapping[str, int] = {"submit": 80, "cluster": 81, "delivery": 82}


class Hosts:
    """Tells the three listeners apart by their ports.

    A polling URL points to a cluster, not to the host that was posted to, and files lie on a third one (recorded
    2025-08). `ports`: the listeners' ports, or one for all; without them, ports that only the application in-process
    answers. `names`: what other machines call this one, if they may reach it at all.
    """

    def __init__(self, ports: Mapping[str, int] | None = None, *, one: bool = False, names: Iterable[str] = ()) -> None:
        self.one, self.names = one, tuple(name.lower() for name in names)
        # Loopback only, unless told otherwise in so many words.
        self.address = "0.0.0.0" if self.names else HOST  # noqa: S104
        self.ports: dict[str, int] = dict(_IN_PROCESS if ports is None else ports)
        if one:
            self.ports = dict.fromkeys(LISTENERS, self.ports["submit"])

    def url(self, listener: str) -> str:
        """Return where a listener is, without a slash at the end."""
        name, port = self.names[0] if self.names else HOST, self.ports[listener]
        return f"http://{name}" if port == 80 else f"http://{name}:{port}"

    def serves(self, scope: Scope, *listeners: str) -> bool:
        """Tell whether a request came to one of these listeners; where all are one, it always did."""
        return self.one or self.listener(scope) in listeners

    def listener(self, scope: Scope) -> str:
        """Return which listener a request came to; a port that none has counts as the first."""
        port = (scope.get("server") or (None, None))[1]
        return next((name for name, known in self.ports.items() if known == port), LISTENERS[0])
