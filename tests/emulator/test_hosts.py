"""The service's hosts: what each of them answers, and the names under which they are reached."""

from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator

from .conftest import connected

pytestmark = pytest.mark.anyio


async def test_other_hosts(client: httpx.AsyncClient, anonymous: httpx.AsyncClient, emulator: Emulator) -> None:
    """Tasks are found on the cluster only, and nothing but files on the delivery host."""
    receipt = (await client.post("/v1/strict", json={"prompt": "x"})).json()
    wrong = await client.get(f"{emulator.base_url}/v1/poll", params={"id": receipt["id"]})
    assert (wrong.status_code, wrong.json()["status"]) == (404, "Task not found")
    assert (await client.get(receipt["polling_url"])).json()["status"] == "Pending"
    assert (await anonymous.get(f"{emulator.delivery_url}/v1/credits")).status_code == 404
    assert len({emulator.base_url, emulator.cluster_url, emulator.delivery_url}) == 3


async def test_clusters(small: dict[str, Any], clock: Any) -> None:
    """Of several clusters each knows its own tasks only, and a script can have one of them deny all tasks."""
    emulator = Emulator(specification=small, clock=clock, clusters=2, check=True)
    async with connected(emulator) as client:
        urls = [(await client.post("/v1/strict", json={"prompt": "x"})).json()["polling_url"] for _ in range(4)]
        hosts = [httpx.URL(url).port for url in urls]
        assert hosts == [hosts[0], hosts[1]] * 2
        assert hosts[0] != hosts[1]
        assert [(await client.get(url)).status_code for url in urls] == [200] * 4
        swapped = [str(httpx.URL(url).copy_with(port=port)) for url, port in zip(urls, reversed(hosts), strict=True)]
        assert {(await client.get(url)).json()["status"] for url in swapped} == {"Task not found"}
        emulator.script({"fault": "status", "status": "Task not found", "code": 404, "listener": "cluster-2"})
        assert [(await client.get(url)).status_code for url in urls] == [200, 404] * 2
    with pytest.raises(ValueError, match="clusters"):
        Emulator(specification=small, clusters=0)


async def test_files_on_one_host(
    client: httpx.AsyncClient, anonymous: httpx.AsyncClient, emulator: Any, clock: Any
) -> None:
    """A signed URL does not work on another host."""
    receipt = (await client.post("/v1/strict", json={"prompt": "x"})).json()
    clock.now += 10
    sample = (await client.get(receipt["polling_url"])).json()["result"]["sample"]
    assert sample.startswith(emulator.delivery_url + "/")
    moved = sample.replace(emulator.delivery_url, emulator.cluster_url)
    assert (await anonymous.get(moved)).status_code == 404


async def test_one_host(small: dict[str, Any], clock: Any) -> None:
    """With one host, a client that builds its own polling URL finds its task."""
    emulator = Emulator(specification=small, clock=clock, one_host=True)
    async with connected(emulator) as client:
        receipt = (await client.post("/v1/paint", json={"prompt": "x"})).json()
        assert receipt["polling_url"].startswith(emulator.base_url + "/")
        assert (await client.get("/v1/poll", params={"id": receipt["id"]})).json()["status"] == "Pending"


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "169.254.0.1:80", "", "localhost.", "[::2]"]
)
async def test_foreign_host(client: httpx.AsyncClient, host: str) -> None:
    """A request under any name but a loopback name is refused with 400."""
    assert (await client.get("/v1/credits", headers={"host": host})).status_code == 400


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:1", "[::1]:9"])
async def test_loopback_host(client: httpx.AsyncClient, host: str) -> None:
    """A request under any loopback name is answered, whatever its port."""
    assert (await client.get("/v1/credits", headers={"host": host})).status_code == 200


@pytest.mark.parametrize("url", ["http://localhost:8080", "https://127.0.0.1", "http://[::1]:9"])
async def test_one_host_answers_in_the_clients_words(small: dict[str, Any], clock: Any, url: str) -> None:
    """With one host, polling and sample URLs begin with the very address that the client used."""
    emulator = Emulator(specification=small, clock=clock, one_host=True)
    async with connected(emulator) as client:
        receipt = (await client.post(f"{url}/v1/paint", json={"prompt": "x"})).json()
        clock.now += 10
        result = (await client.get(receipt["polling_url"])).json()["result"]
    assert receipt["polling_url"].startswith(f"{url}/v1/poll?")
    assert result["sample"].startswith(f"{url}/delivery/")


async def test_three_hosts_keep_their_names(small: dict[str, Any]) -> None:
    """Without one host, polling URLs name the cluster's own address, whatever name the client used."""
    emulator = Emulator(specification=small)
    async with connected(emulator) as client:
        receipt = (await client.post("http://localhost/v1/paint", json={"prompt": "x"})).json()
    assert receipt["polling_url"].startswith(emulator.cluster_url + "/")


_SERVICE = ["api.bfl.ai", "bfl.ai:443", "API.EU.BFL.AI:8443"]


@pytest.mark.parametrize("host", _SERVICE)
async def test_the_services_names(client: httpx.AsyncClient, small: dict[str, Any], host: str) -> None:
    """A program that maps the service's names to this machine is answered under them when asked for, and only then."""
    assert (await client.get("/v1/credits", headers={"host": host})).status_code == 400
    async with connected(Emulator(specification=small, bfl_hosts=True)) as mapped:
        assert (await mapped.get("/v1/credits", headers={"host": host})).status_code == 200


@pytest.mark.parametrize(
    "host", ["bfl.ai.evil.example", "evilbfl.ai", ".bfl.ai", "a..bfl.ai", "x@api.bfl.ai", "api.bfl.ai."]
)
async def test_only_the_services_names(small: dict[str, Any], host: str) -> None:
    """A name that only looks like one of the service's is refused, also when those are answered."""
    async with connected(Emulator(specification=small, bfl_hosts=True)) as client:
        assert (await client.get("/v1/credits", headers={"host": host})).status_code == 400


async def test_the_services_names_are_for_this_machine(small: dict[str, Any]) -> None:
    """Another machine that calls this one by the service's name is refused."""
    emulator = Emulator(specification=small, bfl_hosts=True, allow_remote=["box"])
    transport = httpx.ASGITransport(emulator.app, client=("192.0.2.7", 4))
    async with httpx.AsyncClient(transport=transport, headers={"x-key": emulator.api_key}) as client:
        answers = [await client.get(f"http://{name}/v1/credits") for name in ("box", "api.bfl.ai")]
    assert [answer.status_code for answer in answers] == [200, 400]
