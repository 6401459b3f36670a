"""The service's three hosts, each on its own port here, and the names that mean this machine."""

import ipaddress
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from starlette.types import Scope

HOST = "127.0.0.1"
LISTENERS = ("submit", "cluster", "delivery")
_IN_PROCESS: Mapping[str, int] = {"submit": 80, "cluster": 81, "delivery": 82}
_NAMES = frozenset({"localhost", "ip6-localhost"})
_HOST_HEADERS = frozenset({"localhost", HOST, "[::1]"})


class Addresses:
    """Where the three listeners are; their ports tell them apart.

    As in the service, tasks are polled on another host than they are submitted to, and files are on a third (recorded
    2025-08). ports: the port of each listener; without them, ports that only the application in-process answers. one:
    one port for all. names: what other machines may call this one; with any, it listens on all addresses.
    """

    def __init__(self, ports: Mapping[str, int] | None = None, *, one: bool = False, names: Iterable[str] = ()) -> None:
        self.one, self.names = one, tuple(name.lower() for name in names)
        self.address = "0.0.0.0" if self.names else HOST  # noqa: S104  (only when asked for)
        self.ports: dict[str, int] = dict(_IN_PROCESS if ports is None else ports)
        if one:
            self.ports = dict.fromkeys(LISTENERS, self.ports["submit"])

    def url(self, listener: str) -> str:
        """Return the base URL of a listener, without a slash at the end."""
        name, port = self.names[0] if self.names else HOST, self.ports[listener]
        return f"http://{name}" if port == 80 else f"http://{name}:{port}"

    def serves(self, scope: Scope, *listeners: str) -> bool:
        """Return whether a request came to one of these listeners; with one port for all, it always did."""
        return self.one or self.listener(scope) in listeners

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
