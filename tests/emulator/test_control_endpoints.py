"""The control endpoints: off unless asked for, and closed to anybody without the token."""

from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator

from .conftest import connected

pytestmark = pytest.mark.anyio

_PATHS = ["/_emulator/requests", "/_emulator/faults", "/_emulator/script"]


def _connected(emulator: Emulator, token: str | None) -> httpx.AsyncClient:
    return connected(emulator, **{"x-key": emulator.api_key, "authorization": f"Bearer {token}"})


@pytest.mark.parametrize("path", _PATHS)
async def test_off(client: httpx.AsyncClient, path: str) -> None:
    """Without the option there are no control endpoints."""
    assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("token", ["None", "", "wrong", "é"])
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_token(small: dict[str, Any], token: str, method: str) -> None:
    """Without the token nothing is shown and nothing changes; the API key does not count as the token."""
    emulator = Emulator(specification=small, control=True, script=[{"fault": "html"}])
    async with _connected(emulator, emulator.api_key) as client:
        headers = {b"authorization": f"Bearer {token}".encode()}
        for extra in (headers, {}):
            answer = await client.request(
                method, "/_emulator/" + ("faults" if method == "GET" else "script"), headers=extra
            )
            assert answer.status_code == 403
        assert (await client.get("/v1/credits")).status_code == 502


async def test_leaks(small: dict[str, Any]) -> None:
    """With the token one can read which requests sent the key to the file host, and no others."""
    emulator = Emulator(specification=small, control=True)
    async with _connected(emulator, emulator.control_token) as client:
        for url in ("/v1/credits", f"{emulator.delivery_url}/delivery/task/sample.png"):
            await client.get(url)
        (leak,) = (await client.get("/_emulator/leaks")).json()
    assert leak["path"] == "/delivery/task/sample.png"
    assert emulator.api_key not in str(leak)


async def test_use(small: dict[str, Any]) -> None:
    """With the token one can add and remove a script and read the logs, which do not contain the key."""
    emulator = Emulator(specification=small, control=True)
    async with _connected(emulator, emulator.control_token) as client:
        rules = [{"fault": "html", "operation": "utility"}]
        assert (await client.post("/_emulator/script", json={"seed": 1, "rules": rules})).status_code == 204
        assert (await client.get("/v1/credits")).status_code == 502
        assert [fault["fault"] for fault in (await client.get("/_emulator/faults")).json()] == ["html"]
        requests = await client.get("/_emulator/requests")
        assert [request["path"] for request in requests.json()] == ["/v1/credits"]
        assert emulator.api_key not in requests.text
        assert (await client.delete("/_emulator/script")).status_code == 204
        assert (await client.get("/v1/credits")).status_code == 200


@pytest.mark.parametrize("body", [[{"fault": "earthquake"}], {"rules": 1}, 5])
async def test_impossible_script(small: dict[str, Any], body: Any) -> None:
    """An invalid script is refused with 422 and the reason."""
    emulator = Emulator(specification=small, control=True)
    async with _connected(emulator, emulator.control_token) as client:
        answer = await client.post("/_emulator/script", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]
