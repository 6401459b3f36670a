"""A headless Chromium, spoken to over a pair of pipes in its DevTools protocol: nothing listens on a port."""

from __future__ import annotations

import base64
import itertools
import json
import os
import select
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_OPTIONS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
_OPTIONS += ["--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"]
_OPTIONS += ["--disable-extensions", "--remote-debugging-pipe"]
_PATIENCE = 30.0  # seconds for any one answer


class Chromium:
    """One browser with one page. `events` holds everything that the page reported since it was last opened."""

    def __init__(self, profile: Path) -> None:
        to_browser, self._commands = os.pipe()
        self._answers, from_browser = os.pipe()
        # The protocol is spoken on descriptors 3 and 4; a shell puts them there.
        script = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        command = ["bash", "-c", script, "-", str(PROGRAM), *_OPTIONS, f"--user-data-dir={profile}", "about:blank"]
        environment = {
            **os.environ,
            "HOME": str(profile),
            "XDG_CONFIG_HOME": str(profile),
            "XDG_CACHE_HOME": str(profile),
        }
        with (profile / "stderr").open("wb") as errors:
            self._process = subprocess.Popen(
                command, pass_fds=(to_browser, from_browser), stdout=errors, stderr=errors, env=environment
            )
        os.close(to_browser)
        os.close(from_browser)
        self._numbers, self._buffer = itertools.count(1), b""
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        try:
            self._attach()
        except BaseException:
            self.close()
            raise

    def _attach(self) -> None:
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "Audits"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def close(self) -> None:
        """End the browser, by force if it does not end by itself."""
        self._session = None
        try:
            self.call("Browser.close")
            self._process.wait(10)
        except (OSError, TimeoutError, subprocess.TimeoutExpired):
            self._process.kill()
        finally:
            self._process.wait()
            os.close(self._commands)
            os.close(self._answers)

    def call(self, method: str, **parameters: Any) -> Any:
        """The result of a command of the protocol; what the page reports meanwhile goes to `events`."""
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self.events.append(answer)

    def _message(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._answers], [], [], max(0.0, until - time.monotonic()))
            received = os.read(self._answers, 1 << 20) if ready else b""
            if not received:
                raise TimeoutError("the browser said nothing, or ended")
            self._buffer += received
        line, _, self._buffer = self._buffer.partition(b"\0")
        return dict(json.loads(line))

    def open(self, url: str) -> None:
        """Load a page anew, also where only the fragment differs, until its load event has passed."""
        self._load("about:blank")
        self.events.clear()
        self._load(url)

    def _load(self, url: str) -> None:
        loader = self.call("Page.navigate", url=url)["loaderId"]
        while not any(
            event.get("method") == "Page.lifecycleEvent"
            and event["params"]["loaderId"] == loader
            and event["params"]["name"] == "load"
            for event in self.events
        ):
            self.events.append(self._message())

    def evaluate(self, expression: str) -> Any:
        """The value of an expression in the page; a promise is awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until an expression is true in the page."""
        self.evaluate(f"""new Promise((done, failed) => {{
            const begun = performance.now();
            const look = () => {condition} ? done(true)
                : performance.now() - begun > 20000 ? failed(new Error("still not so"))
                : requestAnimationFrame(look);
            look(); }})""")

    def complaint(self) -> str:
        """The first complaint since the page was opened; waits for it."""
        while not self.complaints():
            self.events.append(self._message())
        return self.complaints()[0]

    def show(self, width: int, height: int, *, dark: bool = False, phone: bool = False) -> None:
        """Give the page a size in CSS pixels and a colour scheme."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=0, mobile=phone)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])

    def screenshot(self, path: Path) -> Path:
        """Save what is in view as a PNG."""
        path.write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
        return path

    def requests(self) -> list[str]:
        """URLs that the page asked for and its policy let pass since it was opened, data URLs without their data."""
        events = [(event["params"], event["method"]) for event in self.events if "requestId" in event.get("params", {})]
        stopped = {params["requestId"] for params, _ in events if params.get("blockedReason") == "csp"}
        asked = [params for params, method in events if method == "Network.requestWillBeSent"]
        urls = [params["request"]["url"] for params in asked if params["requestId"] not in stopped]
        return ["data:" if url.startswith("data:") else url for url in urls]

    def complaints(self) -> list[str]:
        """Errors of scripts, messages on the console and violations of the page's policy since it was opened."""
        kinds = ("Runtime.exceptionThrown", "Runtime.consoleAPICalled", "Log.entryAdded", "Audits.issueAdded")
        return [json.dumps(event) for event in self.events if event.get("method") in kinds]
