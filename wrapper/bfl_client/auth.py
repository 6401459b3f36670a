"""Which hosts may receive the key, and which polling and sample URLs may be requested.

The rules (hosts as seen in recordings and production clients): a polling URL is https on ``bfl.ai`` or
one of its subdomains, or has the configured base URL's own origin, or both are loopback. Delivery hosts end in
``bfl.ai`` too, and must never see the key. Delivery hosts vary and are not pinned; they need https.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING, Any, Self

from .errors import ConfigurationError, Remedy, UntrustedURLError
from .library import httpx, url_of

if TYPE_CHECKING:
    from typing import Literal

REGIONS = ("eu", "us")
_OTHER_REGION = Remedy("resume it with a client without region=, if that is acceptable", "other-region")
_BASE_URL = Remedy("", "correct-base-url")
_INSECURE = Remedy("insecure=True allows it elsewhere", "insecure-base-url")
_PORTS = {"http": 80, "https": 443}
_SET_KEY = Remedy("set the environment variable BFL_API_KEY, or pass api_key=", "set-key")
_QUOTES = "\"'`\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}"


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The address that a host is, in any spelling that the system understands; None for a name."""
    host = host.strip("[]").rstrip(".")
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))  # 127.1, 0x7f000001, 2130706433
    except (OSError, UnicodeError, ValueError):
        return None


def is_loopback(host: str) -> bool:
    """True for localhost, 127.0.0.0/8 and ::1."""
    address = _address(host)
    return host.rstrip(".") == "localhost" if address is None else address.is_loopback


def is_public(host: str) -> bool:
    """False for this machine and for private, link-local and other addresses that are not global; True for a name."""
    address = _address(host)
    if address is None:
        return not f".{host.rstrip('.')}".endswith(".localhost")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return mapped.is_global and not mapped.is_multicast


def parse(url: str | httpx.URL, library: Any = httpx) -> httpx.URL:
    """The URL, parsed by the library that will request it, so that check and request cannot differ.

    Raises UntrustedURLError if it is not an absolute http or https URL.
    """
    try:
        parsed = url_of(str(url), library)
        host, _ = parsed.host, parsed.raw_host  # an invalid host raises only here, an IDNAError
    except (library.InvalidURL, ValueError, TypeError) as error:
        raise UntrustedURLError("an answer contains an invalid URL; it was not requested") from error
    if parsed.scheme not in _PORTS or not host or parsed.userinfo:
        raise UntrustedURLError("an answer contains a URL that is not plain http or https; it was not requested")
    return parsed


def _origin(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.host, url.port or _PORTS[url.scheme]


class Hosts:
    """The hosts that one client may talk to.

    Args:
        base_url: where requests are submitted; http only on loopback, unless `insecure`.
        region: ``"eu"`` or ``"us"``: the regional host, and no polling outside that region.
        insecure: allow http to hosts other than loopback (a container network, say); the key is then sent in clear.
        library: the HTTP library that requests the URLs.

    Raises:
        ConfigurationError: a base URL or region that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        region: Literal["eu", "us"] | None = None,
        insecure: bool = False,
        library: Any = httpx,
    ) -> None:
        self._library = library
        try:
            # the version is a part of every path, and of the addresses that people copy
            self.base = parse(re.sub(r"(/v[0-9]+)?/*$", "", cleaned(base_url)), library)
        except (UntrustedURLError, AttributeError, TypeError) as error:
            raise ConfigurationError("base_url must be an https URL such as https://api.bfl.ai", _BASE_URL) from error
        if self.base.query or self.base.fragment:
            raise ConfigurationError("base_url must have neither query nor fragment", _BASE_URL)
        self._passed: set[str] = set()  # the last ones: most are checked several times in a row
        self.local = is_loopback(self.base.host)
        if self.base.scheme == "http" and not (self.local or insecure):
            raise ConfigurationError("base_url must use https; http is allowed on loopback only", _INSECURE)
        if region is not None and region not in REGIONS:
            raise ConfigurationError(f"region must be one of {', '.join(REGIONS)}, or None for the global host")
        self._region = re.compile(rf"api\.{region}\d*\.bfl\.ai") if region else None
        if self._region is not None and self._is_bfl(self.base) and not self._region.fullmatch(self.base.host):
            raise ConfigurationError(f"base_url lies outside region {region!r}; leave one of the two out")

    def endpoint(self, path: str) -> str:
        """The URL of an API path, such as ``/v1/credits``."""
        return f"{str(self.base).rstrip('/')}{path}"

    def check_api(self, url: str | httpx.URL) -> None:
        """Raise UntrustedURLError unless the URL may get the key: a polling URL, or one of our own."""
        text = str(url)
        if text in self._passed:
            return
        parsed = parse(url, self._library)
        own = _origin(parsed) == _origin(self.base) or (self.local and is_loopback(parsed.host))
        allowed = self._is_bfl(parsed)
        reason, remedy = "it is neither https on bfl.ai nor the base_url's own origin", Remedy("", "base-url")
        if allowed and self._region is not None:
            allowed = self._region.fullmatch(parsed.host) is not None
            reason, remedy = "it is outside the region", _OTHER_REGION
        if not (own or allowed):
            raise UntrustedURLError(f"the polling URL was not requested: {reason}", remedy)
        if len(self._passed) >= 64:
            self._passed.clear()
        self._passed.add(text)

    def check_sample(self, url: str) -> None:
        """Raise UntrustedURLError unless a result may be fetched from the URL: https on a public host, or base_url's.

        From a base_url that is itself on this machine or in a private network, such addresses are allowed. What a name
        resolves to is not checked.
        """
        parsed = parse(url, self._library)
        own = (parsed.scheme, parsed.host) == (self.base.scheme, self.base.host)
        public = is_public(parsed.host) or not is_public(self.base.host)
        if not own and not (public and (parsed.scheme == "https" or (self.local and is_loopback(parsed.host)))):
            raise UntrustedURLError("the sample URL was not requested: it must be https on a public host")

    @staticmethod
    def _is_bfl(url: httpx.URL) -> bool:
        name = url.host
        belongs = name == "bfl.ai" or name.endswith(".bfl.ai")
        delivers = any(label.startswith("delivery") for label in name.split("."))
        return url.scheme == "https" and url.port is None and belongs and not delivers


def cleaned(text: str) -> str:
    """A key or URL without what copying adds: blanks and quotes around it, a ``Bearer`` before it."""
    text = text.strip()
    while len(text) > 1 and text[0] in _QUOTES and text[-1] in _QUOTES:
        text = text[1:-1].strip()
    return re.sub(r"^(x-key\s*:|bearer\s)\s*", "", text, flags=re.IGNORECASE)


class APIKey:
    """The API key, hidden from every repr and from tracebacks that show variables."""

    def __init__(self, given: object) -> None:
        self.text = cleaned(given) if isinstance(given, str) else ""
        self._kind = type(given)

    def checked(self) -> Self:
        """Return it; raises ConfigurationError if it is missing, or cannot be a key."""
        if not issubclass(self._kind, str):
            raise ConfigurationError(f"api_key must be a string, not {self._kind.__name__}")
        if not self.text:
            raise ConfigurationError("no API key", _SET_KEY)
        if not self.text.isascii() or not self.text.isprintable() or " " in self.text:
            raise ConfigurationError("the API key contains invalid characters; check BFL_API_KEY")
        return self

    def __repr__(self) -> str:
        return "APIKey(…)"


class KeyAuth:
    """Adds the API key to requests to API hosts; refuses to send any other request. Both libraries take it as auth.

    The header is ``x-key`` (published scheme ``APIKeyHeader``).
    """

    def __init__(self, key: str | APIKey, hosts: Hosts) -> None:
        self._key = (key if isinstance(key, APIKey) else APIKey(key)).checked()
        self._hosts = hosts

    def __call__(self, request: httpx.Request) -> httpx.Request:
        """Check that the host is an API host, then add the header."""
        self._hosts.check_api(request.url)
        request.headers["x-key"] = self._key.text
        return request

    def __repr__(self) -> str:
        return "KeyAuth(…)"
