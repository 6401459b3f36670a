"""A certificate authority that lives as long as the emulator listens; only its own certificate is written to a file."""

import os
import ssl
import tempfile
from collections.abc import Iterable

from .extras import missing

try:
    import trustme
except ModuleNotFoundError as error:
    raise missing(error) from error

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
# A wildcard stands for one label: the service has hosts such as api.bfl.ai and api.eu.bfl.ai.
_SERVICE = ("bfl.ai", "*.bfl.ai", "*.eu.bfl.ai", "*.us.bfl.ai")


class Authority:
    """An authority that nobody trusts yet, and what a server needs to prove that it is this machine.

    names: under which other machines reach it. bfl: whether it also stands for the service's hosts. file: path of the
    certificate that clients are to trust, until `forget`. context: for a server.
    """

    def __init__(self, names: Iterable[str], *, bfl: bool) -> None:
        authority = trustme.CA(organization_name="bfl_emulator")
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert(*_LOOPBACK, *names, *(_SERVICE if bfl else ())).configure_cert(self.context)
        handle, self.file = tempfile.mkstemp(prefix="bfl_emulator_", suffix=".pem")
        with os.fdopen(handle, "wb") as file:
            file.write(authority.cert_pem.bytes())

    def forget(self) -> None:
        """Delete the file."""
        if os.path.exists(self.file):
            os.remove(self.file)
