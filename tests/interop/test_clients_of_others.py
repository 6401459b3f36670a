"""Clients that others wrote, unchanged, against the emulator: generate, edit, moderated, failed, key refused.

Each is a small program in `clients/` that prints what it got as JSON, run with the exact version named here. What a
client does wrong itself is asserted, too, so that it is noticed when it is mended.
"""

from __future__ import annotations

import base64
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from bfl_emulator import Emulator
from PIL import Image

from .conftest import Proxy

CLIENTS = Path(__file__).with_name("clients")
NODE = {"bfl-api": "1.7.1", "@ai-sdk/black-forest-labs": "1.0.33", "ai": "6.0.326"}
LITELLM, CELESTE = "litellm==1.110.2", "celeste-ai==1.0.0"
WRONG = "bfl_wrong_0123456789abcdef0123456789abcdef"


def run(command: list[str], folder: Path, timeout: float = 300, **more: str) -> str:
    """The output of a command; fails with what it wrote."""
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **more}, capture_output=True, text=True, timeout=timeout
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the clients for Node.js."""
    assert shutil.which("npm"), "the clients for Node.js need Node.js with npm"
    folder = tmp_path_factory.mktemp("node")
    (folder / "package.json").write_text(json.dumps({"private": True, "type": "module", "dependencies": NODE}))
    run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"], folder)
    for program in CLIENTS.glob("*.mjs"):
        shutil.copy(program, folder)
    return folder


def installed(folder: Path, requirement: str) -> str:
    """A Python in an environment of its own with one client."""
    run([sys.executable, "-m", "virtualenv", "-q", str(folder)], folder.parent)
    python = str(next(each for each in (folder / "bin" / "python", folder / "Scripts" / "python.exe") if each.exists()))
    run([python, "-m", "pip", "install", "-q", "--only-binary", ":all:", requirement], folder.parent, 600)
    return python


def picture() -> str:
    file = io.BytesIO()
    Image.new("RGB", (256, 256), "red").save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def said(command: list[str], folder: Path, emulator: Emulator, **more: str) -> dict[str, Any]:
    """What a client printed: for each thing that it tried what it got, or what it raised after "error: "."""
    given = {"KEY": emulator.api_key, "WRONG": WRONG, "BASE": emulator.base_url, "PICTURE": picture()}
    output = run(command, folder, 120, **given, BFL_API_KEY=emulator.api_key, **more)
    found: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return found


def behind(proxy: Proxy, emulator: Emulator) -> dict[str, str]:
    """The variables that lead a client for api.bfl.ai to the emulator, over https."""
    assert emulator.ca_file
    return {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": emulator.ca_file}


def arrived(emulator: Emulator) -> list[int | None]:
    """The status of each submit that arrived."""
    return [request.status for request in emulator.requests if request.method == "POST"]


def check_made(found: dict[str, Any], emulator: Emulator) -> None:
    """Fail unless a client behind the proxy generated and edited, sent five submits, and told no other host its key."""
    for name in ("generate", "edit"):
        assert found[name].startswith("https://api.bfl.ai/delivery/")
    assert arrived(emulator) == [200, 200, 200, 200, 403]
    emulator.assert_no_leaks()


def test_bfl_api(node: Path, secure: Emulator) -> None:
    """bfl-api (npm) insists on https, generates, edits, and names a moderated and a failed task and a refused key."""
    assert secure.ca_file
    found = said(["node", "bfl_api.mjs"], node, secure, NODE_EXTRA_CA_CERTS=secure.ca_file, BFL_POLL_INTERVAL="1")
    assert (found["generate"], found["edit"]) == ("Ready", "Ready")
    assert "moderated" in found["moderated"]
    assert found["failed"].startswith("error: Generation failed")
    assert "403" in found["refused"]
    assert arrived(secure) == [200, 200, 200, 200, 403]
    secure.assert_no_leaks()


def test_the_ai_sdk(node: Path, plain: Emulator) -> None:
    """The AI SDK's provider generates and edits; it sends its key to the file host and takes moderation for no JSON."""
    found = said(["node", "ai_sdk.mjs"], node, plain)
    assert found["generate"] > 1000
    assert found["edit"] > 1000
    assert found["moderated"] == "error: Invalid JSON response"
    assert "failed" in found["failed"]
    assert "Not authenticated" in found["refused"]
    assert arrived(plain) == [200, 200, 200, 200, 403]
    assert [leak.path.rpartition("/")[2] for leak in plain.leaks] == ["sample.jpeg", "sample.png"]


def test_litellm(tmp_path: Path, secure: Emulator, proxy: Proxy) -> None:
    """LiteLLM, which accepts polling URLs of the service's domain only, generates and edits under that domain."""
    python = installed(tmp_path / "litellm", LITELLM)
    more = {**behind(proxy, secure), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    found = said([python, str(CLIENTS / "litellm_client.py")], tmp_path, secure, **more)
    check_made(found, secure)
    assert "Content Moderated" in found["moderated"]
    assert "failed: Error" in found["failed"]
    assert "403" in found["refused"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="celeste-ai needs Python 3.12")
def test_celeste(tmp_path: Path, secure: Emulator, proxy: Proxy) -> None:
    """celeste-ai generates and edits, and names what moderation and the service say."""
    python = installed(tmp_path / "celeste", CELESTE)
    found = said([python, str(CLIENTS / "celeste_client.py")], tmp_path, secure, **behind(proxy, secure))
    check_made(found, secure)
    assert "Safety Filter" in found["moderated"]
    assert "(Error)" in found["failed"]
    assert "Not authenticated" in found["refused"]
