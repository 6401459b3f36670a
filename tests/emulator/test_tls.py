"""The emulator over https, with a certificate made at start."""

import ssl
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_emulator import Emulator

from tests.cli.shell import await_true


def _client(emulator: Emulator) -> httpx.Client:
    """Return a client that trusts the emulator's authority and nobody else."""
    context = ssl.create_default_context(cafile=emulator.ca_file)
    return httpx.Client(verify=context, headers={"x-key": emulator.api_key}, trust_env=False)


def test_https(small: dict[str, Any]) -> None:
    """With tls, every address is https, and whoever trusts the file of certificates gets from submission to sample."""
    with Emulator(specification=small, tls=True, speed=float("inf")) as emulator, _client(emulator) as client:
        urls = (emulator.base_url, emulator.cluster_url, emulator.delivery_url)
        assert all(url.startswith("https://127.0.0.1:") for url in urls)
        receipt = client.post(f"{emulator.base_url}/v1/paint", json={"prompt": "x", "width": 64, "height": 64}).json()
        sample = client.get(receipt["polling_url"]).json()["result"]["sample"]
        del client.headers["x-key"]
        assert client.get(sample).headers["content-type"].startswith("image/")
        localhost = emulator.base_url.replace("127.0.0.1", "localhost")
        assert client.get(f"{localhost}/openapi.json").status_code == 200


def test_nobody_trusts_it_unasked(small: dict[str, Any]) -> None:
    """A client that does not trust the file of certificates refuses the emulator."""
    with Emulator(specification=small, tls=True) as emulator, pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
        httpx.get(f"{emulator.base_url}/openapi.json", trust_env=False)


@pytest.mark.parametrize("mapped", [True, False])
def test_the_services_names(small: dict[str, Any], mapped: bool) -> None:
    """The certificate stands for the service's names only if those are asked for."""
    with (
        Emulator(specification=small, tls=True, one_host=True, bfl_hosts=mapped) as emulator,
        _client(emulator) as client,
    ):
        hello: Any = {"headers": {"host": "api.bfl.ai"}, "extensions": {"sni_hostname": "api.bfl.ai"}}
        if mapped:
            answer = client.post(f"{emulator.base_url}/v1/paint", json={"prompt": "x"}, **hello)
            assert answer.json()["polling_url"].startswith("https://api.bfl.ai/v1/poll?")
        else:
            with pytest.raises(httpx.ConnectError, match="CERTIFICATE"):
                client.post(f"{emulator.base_url}/v1/paint", json={"prompt": "x"}, **hello)


def test_names_of_this_machine(small: dict[str, Any]) -> None:
    """Whoever reaches the emulator by a name that it was told, from another machine, can verify its certificate."""
    with (
        Emulator(specification=small, tls=True, allow_remote=["box.example"]) as emulator,
        _client(emulator) as client,
    ):
        assert httpx.URL(emulator.base_url).host == "box.example"
        url = httpx.URL(emulator.base_url).copy_with(host="127.0.0.1", path="/openapi.json")
        hello: Any = {"headers": {"host": "box.example"}, "extensions": {"sni_hostname": "box.example"}}
        assert client.get(url, **hello).status_code == 200


def test_a_port_that_was_closed_speaks_https_again(small: dict[str, Any]) -> None:
    """A listener that a script has let refuse connections answers over https once the script has ended."""
    with Emulator(specification=small, tls=True) as emulator, _client(emulator) as client:
        url = f"{emulator.base_url}/v1/credits"

        def status() -> int | None:
            try:
                return client.get(url).status_code
            except httpx.TransportError:
                return None

        emulator.script({"fault": "refuse", "listener": "submit"})
        await_true(lambda: emulator.faults and status() is None, "the refusal")
        emulator.clear_script()
        await_true(lambda: status() == 200, "the open port")


def test_the_file_goes_with_the_server(small: dict[str, Any]) -> None:
    """The file of certificates exists while the emulator listens, and each start makes another authority."""
    emulator = Emulator(specification=small, tls=True)
    seen = []
    for _ in range(2):
        with emulator:
            assert emulator.ca_file is not None
            path = Path(emulator.ca_file)
            seen.append(path.read_text())
            assert "PRIVATE" not in seen[-1]
        assert not path.exists()
    assert not emulator.ca_file
    assert seen[0] != seen[1]


def test_faults_over_https(small: dict[str, Any]) -> None:
    """A script breaks connections over https, too, and the next request is answered."""
    with Emulator(specification=small, tls=True, one_host=True) as emulator, _client(emulator) as client:
        url = f"{emulator.base_url}/v1/credits"
        emulator.script({"fault": "reset", "nth": 1}, {"fault": "truncate", "nth": 2})
        for _ in range(2):
            with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
                client.get(url)
        assert client.get(url).status_code == 200
    assert [fault.fault for fault in emulator.faults] == ["reset", "truncate"]


def test_use(small: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """After `use`, a client that reads the environment trusts the emulator."""
    with Emulator(specification=small, tls=True) as emulator:
        emulator.use(monkeypatch)
        assert httpx.get(f"{emulator.base_url}/openapi.json").status_code == 200


def test_loading() -> None:
    """What makes certificates is loaded only for https."""
    code = "import sys; from bfl_emulator import Emulator; Emulator().start(); print('trustme' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
