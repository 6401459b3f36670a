"""What a broken connection is taken for: which failures last, and what is said to do about them."""

from __future__ import annotations

import socket
import ssl
from typing import Any

import httpx
import pytest
from bfl_client.failures import lost


def failed(cause: BaseException) -> httpx.ConnectError:
    """The error of the HTTP library for what the system says."""
    error = httpx.ConnectError("x")
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("cause", "lasting"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), True),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"), False),
        (ssl.SSLError(1, "wrong version number"), True),
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), True),
        (ConnectionRefusedError(111, "Connection refused"), False),
        (ExceptionGroup("several addresses", [ConnectionRefusedError(111, "Connection refused")]), False),
    ],
)
def test_which_failures_last(cause: Any, lasting: bool) -> None:
    """A name that does not exist and a failure of TLS last; a name server or a host that is away may come back."""
    cause.verify_message, cause.reason = "self-signed certificate", "WRONG_VERSION_NUMBER"
    found = lost(failed(cause), "https://api.bfl.ai/", False, False)
    assert found.lasting == lasting
    assert found.message.startswith("cannot connect to api.bfl.ai: ")


@pytest.mark.parametrize(
    ("status", "lasting"), [("407 Proxy Authentication Required", True), ("502 Bad Gateway", False)]
)
def test_a_proxy_that_refuses_lasts_and_one_that_fails_does_not(
    status: str, lasting: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that answers 4xx must be corrected first; one that answers 5xx may do better the next time."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8")
    found = lost(httpx.ProxyError(status), "https://api.bfl.ai/", False, True)
    assert f"it answered {status[:3]}" in found.message
    assert (found.lasting, found.remedy.action) == (lasting, "proxy")


@pytest.mark.parametrize("reason", ["not trusted", None])
def test_a_certificate_that_another_store_refuses_lasts(reason: str | None) -> None:
    """An error made by a store in Python, such as truststore's, has no number; its reason is told all the same."""
    cause: Any = ssl.SSLCertVerificationError("x")
    if reason:
        cause.verify_message = reason
    found = lost(failed(cause), "https://api.bfl.ai/", False, False)
    assert found.message == f"cannot connect to api.bfl.ai: certificate verify failed: {reason or 'no reason given'}"
    assert (found.lasting, found.remedy.action) == (True, "certificates")


def test_a_certificate_behind_a_proxy_has_its_own_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a certificate that does not verify the remedy is the certificate, also where a proxy is asked."""
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:8")
    cause: Any = ssl.SSLCertVerificationError(1, "x")
    cause.verify_message = "self-signed certificate in certificate chain"
    found = lost(failed(cause), "https://api.bfl.ai/", False, True)
    assert "through the proxy proxy.example:8" in found.message
    assert "self-signed certificate in certificate chain" in found.message
    assert found.remedy.action == "certificates"
