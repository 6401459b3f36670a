"""Webhooks: verify a delivery by its secret, and read the update that it contains.

How a delivery proves its origin is not settled. The vendor's parameter tables say that ``webhook_secret`` is sent back
as it is in the header ``X-Webhook-Secret``; other material of the vendor's speaks of an HMAC-SHA256 of the body in
``X-BFL-Signature: sha256=<hex>``; no delivery was recorded. So the plain form is the default; the other must be
asked for.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Literal

from . import answers
from .answers import Update
from .errors import WebhookError

PLAIN = "x-webhook-secret"
SIGNED = "x-bfl-signature"
BODY_LIMIT = 8 * 1024**2
"""Bytes of a delivery that are read; a real one has a few hundred."""


def parse(
    body: bytes,
    headers: Mapping[str, str],
    secret: str | None,
    *,
    form: Literal["secret", "hmac", "unverified"] = "secret",
) -> Update:
    """Verify that a delivery comes from someone who knows the secret, and return the update that it contains.

    A delivery may come twice, late or out of order: remember which tasks you have seen ended. The secret is compared
    in constant time.

    Args:
        body: the raw bytes of the request, before any parsing.
        headers: its headers, in any case.
        secret: what was sent as ``webhook_secret``; None and the empty string never verify.
        form: ``"secret"``: the secret itself in ``X-Webhook-Secret``; ``"hmac"``: a signature in ``X-BFL-Signature``;
            ``"unverified"``: anything that is an update, from anybody.

    Raises:
        WebhookError: it does not verify, or is not an update.
    """
    if not isinstance(body, (bytes, bytearray, memoryview)) or len(body) > BODY_LIMIT:
        raise WebhookError("the delivery is not bytes, or is too long")
    if not isinstance(form, str) or form not in ("secret", "hmac", "unverified"):
        raise WebhookError('form must be "secret", "hmac" or "unverified"')
    if form != "unverified":
        _verify(bytes(body), headers, secret, form)
    try:
        update = answers.update_of(answers.decoded(bytes(body)))
    except (ValueError, RecursionError) as error:
        raise WebhookError("the delivery is not JSON") from error
    if update is None:
        raise WebhookError("the delivery contains no status")
    return update


def admit(headers: Mapping[str, str], secret: str | None, form: str) -> None:
    """Refuse a delivery by its headers alone, before its body is read. Raises WebhookError.

    With ``"secret"`` they say everything; with ``"hmac"`` only whether there is a signature.
    """
    if form == "secret":
        _verify(b"", headers, secret, form)
    elif form == "hmac" and _header(headers, SIGNED) is None:
        raise WebhookError(f"the delivery has no header {SIGNED}")


def _verify(body: bytes, headers: Mapping[str, str], secret: str | None, form: str) -> None:
    name = PLAIN if form == "secret" else SIGNED
    if not isinstance(secret, str) or not secret:
        raise WebhookError('no webhook secret was given; form="unverified" accepts deliveries from anybody')
    key = secret.encode("utf-8", "surrogatepass")
    expected = key if form == "secret" else b"sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest().encode()
    given = _header(headers, name)
    if given is None:
        raise WebhookError(f"the delivery has no header {name}")
    # Servers pass a header's bytes on as Latin-1 (ASGI, WSGI), or as the UTF-8 that the secret was sent in.
    forms = (given.encode("utf-8", "surrogatepass"), given.encode("latin-1", "replace"))
    if not any(hmac.compare_digest(form, expected) for form in forms):
        raise WebhookError(f"the delivery's {name} does not match the secret")


def _header(headers: Mapping[str, str], name: str) -> str | None:
    try:  # not every framework's headers are a Mapping: those of http.server only look like one
        found: Any = next((value for key, value in headers.items() if str(key).lower() == name), None)
    except Exception as error:
        raise WebhookError("the headers are not a mapping") from error
    return found if isinstance(found, str) else None
