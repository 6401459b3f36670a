"""The service's three hosts, each on its own port here, and the names that mean this machine."""

import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlsplit

from starlette.types import Scope

HOST = "127.0.0.1"
LISTENERS = ("submit", "cluster", "delivery")  # further clusters are cluster-2, cluster-3, ...
_IN_PROCESS = 80  # the first port that only the application in-process answers
_NAMES = frozenset({"localhost", "ip6-localhost"})
_HOST_HEADERS = frozenset({"localhost", HOST, "[::1]"})


class Addresses:
    """Where the three listeners are; their ports tell them apart.

    As in the service, tasks are polled on another host than they are submitted to, and files are on a third (recorded
    2025-08). ports: the port of each listener. one: one port for all. names: what other machines may call this one;
    with any, it listens on all addresses.
    """

    def __init__(self, ports: Mapping[str, int], *, one: bool = False, names: Iterable[str] = ()) -> None:
        self.one, self.names = one, tuple(name.lower() for name in names)
        self.address = "0.0.0.0" if self.names else HOST  # noqa: S104  (only when asked for)
        self.ports: dict[str, int] = dict.fromkeys(LISTENERS, ports["submit"]) if one else dict(ports)
        self.clusters: Sequence[str] = [name for name in self.ports if name.startswith("cluster")]

    @classmethod
    def at_rest(cls, port: int, clusters: int, *, one: bool, names: Iterable[str]) -> "Addresses":
        """Return addresses that only the application in-process answers; `port`, if not 0, is the first one's."""
        listeners = (*LISTENERS, *(f"cluster-{number}" for number in range(2, clusters + 1)))
        ports = {name: _IN_PROCESS + index for index, name in enumerate(listeners)}
        return cls({**ports, "submit": port or _IN_PROCESS}, one=one, names=names)

    def url(self, listener: str) -> str:
        """Return the base URL of a listener, without a slash at the end."""
        name, port = self.names[0] if self.names else HOST, self.ports[listener]
        return f"http://{name}" if port == 80 else f"http://{name}:{port}"

    def reached(self, scope: Scope) -> str | None:
        """Return which listener a request came to, or None with one port for all."""
        return None if self.one else self.listener(scope)

    def listener(self, scope: Scope) -> str:
        """Return which listener a request came to; an unknown port counts as the first."""
        port = (scope.get("server") or (None, None))[1]
        return next((name for name, known in self.ports.items() if known == port), LISTENERS[0])

    def accepts(self, host: str) -> bool:
        """Return whether a Host header is a loopback name or one of the allowed names."""
        name, colon, port = host.rpartition(":")
        name = (name if colon and port.isdecimal() else host).lower()
        return name in _HOST_HEADERS or name in self.names


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is written as a loopback name or address; nothing is looked up."""
    try:
        host = (urlsplit(url).hostname or "").lower()
        return host in _NAMES or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
