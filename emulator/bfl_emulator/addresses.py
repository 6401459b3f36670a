"""The service's three hosts, each on its own port here, and the names under which this machine is reached."""

import ipaddress
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import Scope

HOST = "127.0.0.1"
LISTENERS = ("submit", "cluster", "delivery")  # further clusters are cluster-2, cluster-3, ...
_IN_PROCESS = 80  # the first port that only the application in-process answers
_NAMES = frozenset({"localhost", "ip6-localhost"})
_HOST_HEADERS = frozenset({"localhost", HOST, "[::1]"})
_SERVICE = "bfl.ai"  # the domain of the service's hosts
_USUAL = {"http": 80, "https": 443}  # ports that a URL need not name


class Addresses:
    """Where the three listeners are; their ports tell them apart.

    As in the service, tasks are polled on another host than they are submitted to, and files are on a third (recorded
    2025-08). ports: the port of each listener. one: one port for all. names: what other machines may call this one;
    with any, it listens on all addresses. bfl: whether programs on this machine may call it by the service's own names.
    scheme: http or https.
    """

    def __init__(
        self,
        ports: Mapping[str, int],
        *,
        one: bool = False,
        names: Iterable[str] = (),
        bfl: bool = False,
        scheme: str = "http",
    ) -> None:
        self.one, self.names, self.bfl, self.scheme = one, tuple(name.lower() for name in names), bfl, scheme
        self.address = "0.0.0.0" if self.names else HOST  # noqa: S104  (only when asked for)
        self.ports: dict[str, int] = dict.fromkeys(LISTENERS, ports["submit"]) if one else dict(ports)
        self.clusters: Sequence[str] = [name for name in self.ports if name.startswith("cluster")]

    @classmethod
    def at_rest(cls, port: int, clusters: int, **settings: Any) -> "Addresses":
        """Return addresses that only the application in-process answers; `port`, if not 0, is the first one's."""
        listeners = (*LISTENERS, *(f"cluster-{number}" for number in range(2, clusters + 1)))
        ports = {name: _IN_PROCESS + index for index, name in enumerate(listeners)}
        return cls({**ports, "submit": port or _IN_PROCESS}, **settings)

    def listening(self, ports: Mapping[str, int]) -> "Addresses":
        """Return the same with the ports that were really bound."""
        return Addresses(ports, one=self.one, names=self.names, bfl=self.bfl, scheme=self.scheme)

    def url(self, listener: str) -> str:
        """Return the base URL of a listener, without a slash at the end."""
        name, port = self.names[0] if self.names else HOST, self.ports[listener]
        return f"{self.scheme}://{name}" if port == _USUAL[self.scheme] else f"{self.scheme}://{name}:{port}"

    def origin(self, scope: Scope, listener: str) -> str:
        """Return the base URL of a listener for the client that sent this request.

        With one port for all, that is the address which the client itself used: many clients send their key, or
        download, only from there.
        """
        host = Headers(scope=scope).get("host", "")
        return f"{scope['scheme']}://{host}" if self.one and host else self.url(listener)

    def reached(self, scope: Scope) -> str | None:
        """Return which listener a request came to, or None with one port for all."""
        return None if self.one else self.listener(scope)

    def listener(self, scope: Scope) -> str:
        """Return which listener a request came to; an unknown port counts as the first."""
        port = (scope.get("server") or (None, None))[1]
        return next((name for name, known in self.ports.items() if known == port), LISTENERS[0])

    def accepts(self, scope: Scope) -> bool:
        """Return whether the Host header of a request is a loopback name, or a name that was allowed."""
        host = Headers(scope=scope).get("host", "")
        name, colon, port = host.rpartition(":")
        name = (name if colon and port.isdecimal() else host).lower()
        return name in _HOST_HEADERS or name in self.names or (self.bfl and _is_service(name) and _is_near(scope))


def _is_service(name: str) -> bool:
    """Return whether a host name is one of the service's, by its domain."""
    return name == _SERVICE or re.fullmatch(rf"([a-z0-9-]+\.)+{re.escape(_SERVICE)}", name) is not None


def _is_near(scope: Scope) -> bool:
    """Return whether a request comes from this machine."""
    client = scope.get("client")
    return client is not None and ipaddress.ip_address(client[0]).is_loopback


def is_loopback(url: str) -> bool:
    """Return whether the host of a URL is written as a loopback name or address; nothing is looked up."""
    try:
        host = (urlsplit(url).hostname or "").lower()
        return host in _NAMES or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
