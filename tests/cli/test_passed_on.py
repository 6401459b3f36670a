"""What the command line is given reaches the batch, the emulator and the server that it is meant for."""

from __future__ import annotations

import inspect
import stat
import sys
from pathlib import Path
from typing import Any

import bfl_batch
import bfl_emulator
import pytest
from bfl_batch import Report
from bfl_cli.screen import HIDDEN
from bfl_client import AsyncClient

from tests.needs import PICTURE

from .shell import Done, Shell, unix

REPORT = Report(1, 1, 0, 0, 0, 0, 0, 3.0, None, Path("results.jsonl"), Path("index.html"))
BATCH: list[tuple[list[str], dict[str, Any]]] = [
    ([], {"concurrency": 24, "budget": None, "unpriced": False, "on_uncertain": "report", "lease": 30.0}),
    ([], {"retry_failed": False, "validate": True, "endpoint": None, "params": {}, "database_url": None}),
    (["--concurrency", "3"], {"concurrency": 3}),
    (["--budget", "12.5"], {"budget": 12.5, "unpriced": False}),
    (["--budget", "0"], {"budget": 0.0}),
    (["--unpriced"], {"unpriced": True}),
    (["--on-uncertain", "resubmit"], {"on_uncertain": "resubmit", "retry_failed": False}),
    (["--retry-failed"], {"retry_failed": True, "on_uncertain": "report"}),
    (["--lease", "7"], {"lease": 7.0}),
    (["--no-validate"], {"validate": False}),
    (["--endpoint", PICTURE], {"endpoint": PICTURE}),
    (["-p", "width=512", "-p", "prompt=a=b"], {"params": {"width": "512", "prompt": "a=b"}}),
    (["--database-url", "postgresql://x"], {"database_url": "postgresql://x"}),
]


@pytest.mark.parametrize(("given", "reached"), BATCH, ids=[" ".join(each[0]) or f"{each[1]}" for each in BATCH])
def test_the_options_of_a_batch_reach_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, given: list[str], reached: dict[str, Any]
) -> None:
    """Each option of `bfl batch` has its effect under its own name, with the key of the user and the folder of -o."""
    calls = []

    def run(jobs: Path, **options: Any) -> Report:
        calls.append({"jobs": jobs, **options})
        return REPORT

    monkeypatch.setattr(bfl_batch, "run", run)
    done = shell.run("batch", "jobs.jsonl", "-o", "out", *given)
    assert done.code == 0, done.err
    assert shell.emulator is not None
    expected = {"jobs": Path("jobs.jsonl"), "out": Path("out"), "api_key": shell.emulator.api_key, **reached}
    (call,) = calls
    assert {name: call[name] for name in expected} == expected


def test_the_database_may_come_from_the_environment(shell: Shell) -> None:
    """BFL_DATABASE_URL names the database of a batch, and of its status, as --database-url does."""
    said = [
        shell.run("batch", *command, BFL_DATABASE_URL="nonsense").err
        for command in (["status", "out"], ["jobs.jsonl", "--endpoint", PICTURE, "-o", "out"])
    ]
    (shell.here / "jobs.jsonl").write_text('{"prompt": "a fox"}')
    said.append(shell.run("batch", "run", "jobs.jsonl", "--endpoint", PICTURE, "-o", "out", "--database-url", "x").err)
    said.append(shell.run("batch", "status", "out", "--database-url", "nonsense").err)
    assert ["there is no batch" in each for each in said] == [False] * 4
    assert shell.run("batch", "run", "jobs.jsonl", "--endpoint", PICTURE, "--dry-run").code == 0
    assert "there is no batch" in shell.run("batch", "status", "out").err


EMULATOR: list[tuple[list[str], dict[str, Any]]] = [
    ([], {"port": 0, "speed": 1.0, "script": (), "credits": 10_000.0}),
    ([], dict.fromkeys(("one_host", "bfl_hosts", "strict", "tls", "control", "allow_outbound"), False)),
    (["--port", "8123"], {"port": 8123}),
    (["--speed", "inf"], {"speed": float("inf")}),
    (["--script", "faults.yml"], {"script": Path("faults.yml")}),
    (["--credits", "5"], {"credits": 5.0}),
    *(([f"--{name.replace('_', '-')}"], {name: True}) for name in ("one_host", "bfl_hosts", "strict", "tls")),
    *(([f"--{name.replace('_', '-')}"], {name: True}) for name in ("control", "allow_outbound")),
]


@pytest.mark.parametrize(("given", "reached"), EMULATOR, ids=[" ".join(each[0]) or f"{each[1]}" for each in EMULATOR])
def test_the_options_of_the_emulator_reach_it(
    lonely_shell: Shell, monkeypatch: pytest.MonkeyPatch, given: list[str], reached: dict[str, Any]
) -> None:
    """Each option of `bfl emulator` has its effect under its own name, and the others keep what they are without it."""
    calls = []

    def serve(**options: Any) -> int:
        calls.append(options)
        return 0

    monkeypatch.setattr(bfl_emulator, "serve", serve)
    done = lonely_shell.run("emulator", *given)
    assert (done.code, done.out, done.err) == (0, "", "")
    (call,) = calls
    assert {name: call[name] for name in reached} == reached
    unset = inspect.signature(bfl_emulator.Emulator).parameters
    others = call.keys() - reached.keys() - {"port", "speed", "script"}
    assert others
    assert {name: call[name] for name in others} == {name: unset[name].default for name in others}


@pytest.mark.parametrize(("answer", "code"), [(0, 0), (1, 4)])
def test_an_emulator_that_cannot_start_is_a_wrong_setting(
    lonely_shell: Shell, monkeypatch: pytest.MonkeyPatch, answer: int, code: int
) -> None:
    """An emulator that has said why it cannot start ends `bfl emulator` with 4, not with the code of a bug."""
    monkeypatch.setattr(bfl_emulator, "serve", lambda **_: answer)
    assert lonely_shell.run("emulator") == (code, "", "")


def test_an_interrupt_before_the_emulator_serves_is_its_end(
    lonely_shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C ends `bfl emulator` with 0 and no word, also while it is still starting."""

    def serve(**_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(bfl_emulator, "serve", serve)
    assert lonely_shell.run("emulator") == (0, "", "")


class Served:
    """What `bfl mcp` has started a server with.

    Attributes:
        options: what the server got by name.
        studio: what the server would work with.
    """

    def __init__(self, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        pytest.importorskip("mcp")
        import bfl_mcp.server

        self.shell = shell
        monkeypatch.setattr(bfl_mcp.server, "serve", self._serve)

    def _serve(self, make: Any, connect: Any, **options: Any) -> None:
        self.options, self.client = options, connect()
        self.studio = make(self.client)
        self.left = self.studio.budget.summary().get("left")
        self.token = options["http"] and options["http"][1]
        self.address = options["http"] and options["http"][0].getsockname()
        if self.token:
            options["announce"]("http://127.0.0.1:1/mcp")
        assert self.shell.emulator is not None
        self.said = options["redact"](f"{self.shell.emulator.api_key}, {self.token}")

    def run(self, *options: str, **more: str) -> Done:
        """Start it; returns how it ended."""
        done = self.shell.run("mcp", "-o", "out", *options, env=more)
        assert done.code == 0, done.err
        return done


@pytest.fixture
def served(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Served:
    """A shell whose `bfl mcp` starts no server."""
    return Served(shell, monkeypatch)


def test_what_the_user_allows_reaches_the_server(served: Served) -> None:
    """Budget, limit of consent and folders of `bfl mcp` are the server's; what is not given is not allowed."""
    here = served.shell.here.resolve()
    for name in ("pictures", "films"):
        (here / name).mkdir()
    served.run("--budget", "12.5", "--confirm-above", "3", "--allow-read", "pictures", "--allow-read", "films")
    assert served.studio.settings == (here / "out", (here / "pictures", here / "films"), 12.5, 3.0, False, False)
    assert (served.left, served.token, served.address) == (12.5, None, None)
    assert isinstance(served.client, AsyncClient)
    served.run("--no-budget", "--allow-unpriced")
    assert served.studio.settings == (here / "out", (), None, None, True, False)
    assert served.left is None
    served.run("--emulator")
    assert (served.studio.settings.emulated, served.studio.settings.budget) == (True, None)
    assert served.shell.emulator is not None
    assert served.client.base_url != served.shell.emulator.base_url, "it has its own, and not the user's service"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--budget", "5", "--no-budget"], 2, "needs a budget"),
        (["--emulator", "--budget", "5", "--no-budget"], 2, "needs a budget"),
        ([], 2, "needs a budget"),
        (["--budget", "nan"], 2, "'--budget'"),
        (["--budget", "inf"], 2, "must be a number"),
        (["--budget", "5", "--confirm-above", "inf"], 2, "must be a number"),
        (["--no-budget", "--allow-read", "gone"], 11, "there is no folder gone"),
        (["--budget", "5", "--state", "broken.db"], 11, "broken.db cannot keep the budget"),
    ],
)
def test_a_server_that_would_not_keep_to_its_limits_is_not_started(
    served: Served, arguments: list[str], code: int, said: str
) -> None:
    """`bfl mcp` refuses limits that contradict each other or bound nothing, and folders and records it cannot use."""
    (served.shell.here / "broken.db").write_bytes(b"no database" * 1000)
    done = served.shell.run("mcp", "-o", "out", *arguments)
    assert (done.code, said in done.err) == (code, True), done.err
    assert not hasattr(served, "studio")


def test_the_record_of_the_budget_outlives_the_server(served: Served) -> None:
    """--state keeps what was spent for the next start, in a folder that is made for its owner alone."""
    served.run("--budget", "10", "--state", "deep/budget.db")
    assert (served.shell.here / "deep" / "budget.db").is_file()
    if sys.platform != "win32":
        assert stat.S_IMODE((served.shell.here / "deep").stat().st_mode) == 0o700


def test_the_token_of_a_start_is_shown_once(served: Served) -> None:
    """The token that `bfl mcp --http` makes is printed at its start, and from then on hidden, as the key is."""
    done = served.run("--no-budget", "--http", "0", "--json")
    assert done.json == {"url": "http://127.0.0.1:1/mcp", "authorization": f"Bearer {served.token}"}
    told = served.run("--no-budget", "--http", "0").out
    assert f"Bearer {served.token}" in told
    assert served.address[0] == "127.0.0.1"
    assert served.said == f"{HIDDEN}, {HIDDEN}"


def test_a_key_from_the_file_is_hidden_by_the_server(served: Served) -> None:
    """A key that looks like none, and is kept in the key file, is hidden in what the server says, too."""
    assert served.shell.emulator is not None
    served.shell.key_file.parent.mkdir(parents=True)
    served.shell.key_file.write_text("anolderkey")
    served.shell.key_file.chmod(0o600)
    served.run("--no-budget", BFL_API_KEY="")
    assert served.options["redact"]("of anolderkey") == f"of {HIDDEN}"


def test_the_users_token_is_the_one_that_is_asked_for(served: Served) -> None:
    """BFL_MCP_TOKEN is what HTTP requests must carry, is not printed, and does not matter without --http."""
    token = "a-token_of.the~user+/="
    done = served.run("--no-budget", "--http", "0", "--json", BFL_MCP_TOKEN=token)
    assert (served.token, done.json) == (token, {"url": "http://127.0.0.1:1/mcp"})
    served.run("--no-budget", BFL_MCP_TOKEN="weak")
    assert served.token is None
    for weak, code in (("fifteen-letters", 4), ("sixteen-letters-", 0)):
        done = served.shell.run("mcp", "-o", "out", "--no-budget", "--http", "0", BFL_MCP_TOKEN=weak)
        assert done.code == code, done.err


def test_a_server_keeps_what_it_paid_for_where_bfl_does(served: Served) -> None:
    """A task of the server is one of `bfl tasks`, open and ended, with its file and cost; an emulated one is not."""
    from bfl_client.tasks import Handle

    served.run("--no-budget")
    handle = Handle.from_dict({"id": "paid", "polling_url": "https://api.bfl.ai/x", "endpoint": PICTURE})
    shelf = served.studio.shelf
    with pytest.MonkeyPatch.context() as patch:
        for name, value in served.shell.environment().items():
            patch.setenv(name, value)
        shelf.ready()
        shelf.keep(handle)
        assert served.shell.kept == ["paid"]
        shelf.ended(handle, "saved", served.shell.here / "fox.jpg", 3.0)
    assert served.shell.kept == []
    (listed,) = served.shell.run("tasks", "--json").json
    assert (listed["id"], listed["status"], listed["cost"]) == ("paid", "saved", 3.0)
    assert listed["file"] == str(served.shell.here / "fox.jpg")
    served.run("--emulator")
    assert type(served.studio.shelf) is not type(shelf)


@unix
def test_a_server_pays_for_nothing_that_it_cannot_keep(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no place takes a handle any more, the server is told so before it pays; a recorded end is not needed."""
    from bfl_cli import state
    from bfl_client.tasks import Handle
    from bfl_mcp.refusals import Refused

    served.run("--no-budget")

    def full(*_: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(state, "ready", full)
    with pytest.raises(Refused) as caught:
        served.studio.shelf.ready()
    assert "nothing was submitted" in str(caught.value)
    served.studio.shelf.ended(Handle.from_dict({"id": "x", "polling_url": "https://api.bfl.ai/x"}), "saved", None, None)
