"""The log of the requests that arrived."""

import httpx
import pytest
from bfl_emulator import Emulator

pytestmark = pytest.mark.anyio


async def test_record(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """The log has method, path, query, the body with long strings cut, and the headers without the key."""
    await client.post("/v1/paint?a=1", json={"prompt": "x" * 1000, "images": ["y" * 999]})
    arrived = emulator.requests[-1]
    assert (arrived.method, arrived.path, arrived.query) == ("POST", "/v1/paint", {"a": "1"})
    assert arrived.body == {
        "prompt": "x" * 200 + "... (1000 characters)",
        "images": ["y" * 200 + "... (999 characters)"],
    }
    assert arrived.headers["content-type"] == "application/json"
    assert emulator.api_key not in repr(arrived)


async def test_record_is_bounded(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """Only the beginning of a body with very many values, and of long headers, is kept."""
    body = {"prompt": "x", "many": [[{"a": "b"}] * 300] * 300}
    await client.post("/v1/paint?q=" + "y" * 5000, json=body, headers={"x-long": "z" * 5000})
    assert len(repr(emulator.requests[-1])) < 10_000


async def test_secrets_of_other_headers(client: httpx.AsyncClient, emulator: Emulator) -> None:
    """Headers that may hold somebody's secret, a cookie or a password, are in the log without their values."""
    secret = {"cookie": "session=s3cret", "authorization": "Basic s3cret", "proxy-authorization": "Basic s3cret"}
    await client.get("/v1/credits", headers=secret)
    assert secret.keys() <= emulator.requests[-1].headers.keys()
    assert "s3cret" not in repr(emulator.requests[-1])


async def test_key_stays_out_of_sight(emulator: Emulator) -> None:
    """The repr of an emulator does not contain the key."""
    assert emulator.api_key not in repr(emulator)
