"""Why a request failed: the host and the cause in words, from the exceptions of the HTTP library and the system."""

from __future__ import annotations

import os
import re
import socket
import ssl
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies, proxy_bypass

from .errors import Remedy, TransportError, shorten

LOCAL = ("localhost", "127.0.0.1", "[::1]")
"""Hosts that are never requested through a proxy of the environment: none could reach them."""
_CERTIFICATES = Remedy("set SSL_CERT_FILE to the certificates of your network, or pass http_client=", "certificates")
_PROXY = Remedy("correct {variable}, or exempt the host in NO_PROXY", "proxy")
_WORDS = {
    "ConnectTimeout": "cannot connect to {host} in time",
    "PoolTimeout": "all connections to {host} are in use",
    "WriteTimeout": "{host} did not accept the request in time",
    "ReadTimeout": "no answer from {host} in time",
    "TimeoutError": "no answer from {host} in time",
    "ConnectError": "cannot connect to {host}",
    "ProxyError": "cannot connect to {host}",
    "RemoteProtocolError": "{host} closed the connection, or sent something that is not HTTP",
    "ReadError": "the connection to {host} was lost",
    "WriteError": "the connection to {host} was lost",
}
"""Class of an error -> what it means. The texts of these errors are not shown: they may repeat what a server sent."""


def lost(error: BaseException, url: str, maybe_submitted: bool, own: bool) -> TransportError:
    """The error for a request without an answer; `own` if its HTTP client uses the proxies of the environment."""
    name = next((each.__name__ for each in type(error).__mro__ if each.__name__ in _WORDS), "")
    parts, cause = _split(url), _cause(error)
    host = shorten(parts.netloc.rpartition("@")[2] or "the service", 100)
    proxy = _proxy(parts) if own else None
    message = _WORDS.get(name, f"no answer from {{host}} ({type(error).__name__})").format(host=host)
    remedy = _CERTIFICATES if isinstance(cause, ssl.SSLCertVerificationError) else Remedy()
    reason = _reason(cause) if cause else ""
    if proxy and name in ("ConnectError", "ConnectTimeout", "ProxyError"):
        address, variable = proxy
        # the HTTP libraries say a proxy's status in the message only
        answered = re.match(r"[0-9]{3}\b", str(error)) if name == "ProxyError" else None
        message += f" through the proxy {address} (from {variable})"
        reason = f"it answered {answered[0]}" if answered else reason
        remedy = remedy or Remedy(_PROXY.format(variable=variable), _PROXY.action, variable=variable)
    refused = reason.startswith("it answered 4")
    text = f"{message}: {reason}" if reason else message
    return TransportError(text, remedy, maybe_submitted=maybe_submitted, lasting=refused or _lasts(cause))


def _cause(error: BaseException | None) -> OSError | None:
    """The system's own error behind an exception.

    Contexts are followed within httpcore alone, which drops causes; another's may have nothing to do with the request.
    """
    for _ in range(10):
        if isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        elif error is None or isinstance(error, ssl.SSLError) or (isinstance(error, OSError) and error.errno):
            return error
        else:
            dropped = type(error).__module__.startswith("httpcore")
            error = error.__cause__ or (error.__context__ if dropped else None)
    return None


def _lasts(cause: OSError | None) -> bool:
    """True if repeating the request cannot help."""
    return isinstance(cause, ssl.SSLError) or (isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME)


def _reason(cause: OSError) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        # truststore, which asks the system's own store, makes these errors itself
        return f"certificate verify failed: {getattr(cause, 'verify_message', 'no reason given')}"
    if isinstance(cause, ssl.SSLError):
        return f"TLS failed ({(cause.reason or 'no reason given').lower().replace('_', ' ')})"
    known = isinstance(cause, socket.gaierror) and cause.strerror  # its numbers are not those of other errors
    return shorten(known or os.strerror(cause.errno or 0), 100).lower()


def _split(url: str) -> SplitResult:
    try:
        return urlsplit(url)
    except ValueError:
        return urlsplit("")


def _proxy(parts: SplitResult) -> tuple[str, str] | None:
    """Host and port of the proxy that the environment sets for a URL, and the variable that does."""
    proxies = getproxies()
    scheme = parts.scheme if parts.scheme in proxies else "all"
    host = parts.hostname or ""
    if scheme not in proxies or {host, f"[{host}]"} & {*LOCAL} or proxy_bypass(host):
        return None
    variable = f"{scheme}_proxy"
    return _address(proxies[scheme]), variable if variable in os.environ else variable.upper()


def _address(proxy: str) -> str:
    """Host and port of a proxy, without a password; httpx takes more for a URL than there is a host in."""
    try:
        parts = urlsplit(proxy if "://" in proxy else f"http://{proxy}")  # as httpx reads it
        found = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        found = None
    return shorten(found or "without a valid address", 100)
