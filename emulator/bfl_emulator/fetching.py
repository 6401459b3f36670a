"""Fetches what a request names by URL: from this machine only, unless more is allowed in so many words."""

import ipaddress
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    import httpx

_SECONDS = 10.0  # for the whole of a download; how long the service waits is not known
_NAMES = frozenset({"localhost", "ip6-localhost"})


class FetchError(Exception):
    """A URL that gave no file; the message says why."""


def fetch(url: str, limit: int, allow_outbound: bool) -> bytes:
    """Download at most `limit` bytes within ten seconds.

    Without `allow_outbound` the host must be written as a loopback name or address, and a redirect is an error: either
    could lead elsewhere. No proxy is used and nothing is decompressed. Raises FetchError.
    """
    if not (allow_outbound or is_loopback(url)):
        raise FetchError("the emulator fetches from this machine only, unless allow_outbound is set")
    import httpx  # here, because most requests bring their pictures along

    try:
        with httpx.Client(trust_env=False, follow_redirects=allow_outbound, timeout=_SECONDS) as client:
            return _download(client, url, limit)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
        raise FetchError(f"the URL could not be fetched ({type(error).__name__})") from None


def is_loopback(url: str) -> bool:
    """Tell whether a URL names a loopback host, by name or address; nothing is looked up."""
    try:
        host = (urlsplit(url).hostname or "").lower()
        return host in _NAMES or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _download(client: "httpx.Client", url: str, limit: int) -> bytes:
    end, content = time.monotonic() + _SECONDS, bytearray()
    with client.stream("GET", url, headers={"Accept-Encoding": "identity"}) as answer:
        if answer.status_code != 200:
            raise FetchError(f"the URL was answered with status {answer.status_code}")
        if answer.headers.get("content-encoding", "identity") != "identity":
            raise FetchError("the file came compressed")
        for piece in answer.iter_raw():
            content += piece
            if len(content) > limit:
                raise FetchError(f"the file is larger than {limit} bytes")
            if time.monotonic() > end:
                raise FetchError(f"the file did not come within {_SECONDS:.0f} seconds")
    return bytes(content)
