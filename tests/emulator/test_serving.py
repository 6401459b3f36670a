"""The emulator's program in this process: what it announces, its defaults, and what it refuses to start with."""

import io
import json
import logging
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from bfl_emulator.__main__ import main

from tests.cli.shell import SIGNALS, await_true
from tests.needs import PICTURE

Look = Callable[[dict[str, Any]], None]


class _Output(io.StringIO):
    """Standard output of a program that is interrupted once somebody has looked at what it announces."""

    def __init__(self, look: Look) -> None:
        super().__init__()
        self._look = look

    def flush(self) -> None:
        self._look(json.loads(self.getvalue()))
        signal.raise_signal(signal.SIGTERM)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., dict[str, Any]]]:
    """Run the program until somebody has looked at it, and return what it announced."""
    before = {name: signal.getsignal(getattr(signal, name)) for name in SIGNALS}
    monkeypatch.delenv("BFL_API_KEY", raising=False)

    def run(*options: str, look: Look = lambda announced: None) -> dict[str, Any]:
        output = _Output(look)
        with monkeypatch.context() as patched:
            patched.setattr("sys.stdout", output)
            assert main(options) == 0
        announced: dict[str, Any] = json.loads(output.getvalue())
        return announced

    yield run
    for name, handler in before.items():
        signal.signal(getattr(signal, name), handler)


def _submit(announced: dict[str, Any], **body: Any) -> dict[str, Any]:
    key, url = {"x-key": announced["api_key"]}, f"{announced['base_url']}/v1/{PICTURE}"
    receipt: dict[str, Any] = httpx.post(url, json={"prompt": "a fox", **body}, headers=key).json()
    return receipt


def test_defaults(serve: Any) -> None:
    """Without options there are 10,000 credits, tasks take their time, and nothing else than URLs and key is named."""

    def look(announced: dict[str, Any]) -> None:
        assert "10,000 credits left" in httpx.get(announced["base_url"] + "/").text
        assert httpx.get(_submit(announced)["polling_url"]).json()["status"] == "Pending"

    assert serve(look=look).keys() == {"base_url", "api_key", "cluster_url", "delivery_url"}


def test_a_free_port(serve: Any) -> None:
    """Without options the program finds a port, also if the one that it had before is taken."""
    url = httpx.URL(serve()["base_url"])
    with socket.create_server((url.host, url.port or 80)):
        assert serve()["base_url"] != str(url)


def test_an_empty_key(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty BFL_API_KEY is none: the program makes up a key."""
    monkeypatch.setenv("BFL_API_KEY", "")
    assert len(serve()["api_key"]) > 20


def test_names_of_this_machine(serve: Any) -> None:
    """Each --allow-remote adds a name that requests may have; the first is in the URLs."""

    def look(announced: dict[str, Any]) -> None:
        local = httpx.URL(announced["base_url"]).copy_with(host="127.0.0.1", path="/openapi.json")
        for name, status in (("box", 200), ("crate", 200), ("barrel", 400)):
            assert httpx.get(local, headers={"host": name}).status_code == status

    assert serve("--allow-remote", "box", "--allow-remote", "crate", look=look)["base_url"].startswith("http://box:")


@pytest.mark.parametrize(("options", "words"), [((), "this machine only"), (("--allow-outbound",), "refused")])
def test_outbound(serve: Any, caplog: pytest.LogCaptureFixture, options: tuple[str, ...], words: str) -> None:
    """Webhooks leave for a host that is not written as a loopback name only with --allow-outbound."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # but does not listen

        def look(announced: dict[str, Any]) -> None:
            _submit(announced, webhook_url=f"http://127.1:{deaf.getsockname()[1]}/")
            await_true(lambda: caplog.records, "a warning")

        with caplog.at_level(logging.WARNING, "bfl_emulator.webhooks"):
            serve("--speed", "inf", *options, look=look)
    assert words in caplog.text


@pytest.mark.parametrize("options", [["--speed", "0"], ["--script", "{folder}/rules.yml"], ["--script", "{folder}"]])
def test_impossible_options(capsys: pytest.CaptureFixture[str], tmp_path: Path, serve: Any, options: list[str]) -> None:
    """A speed of 0, a file that is no script and one that cannot be read end the program with 1 and one line."""
    (tmp_path / "rules.yml").write_text("rules: {")
    assert main([option.replace("{folder}", str(tmp_path)) for option in options]) == 1
    output, error = capsys.readouterr()
    assert (output, error.count("\n")) == ("", 1)
    assert error.startswith("bfl_emulator: ")
