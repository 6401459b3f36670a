"""What is written about the server and the skill is true: configurations, commands, codes, and the words of errors."""

from __future__ import annotations

import ast
import json
import re
import sys
from pathlib import Path
from typing import Any

import anyio
import bfl_client
import pytest
from bfl_cli import app, skill
from bfl_cli.exits import EXITS
from bfl_mcp import refusals, tools
from mcp import Client, StdioServerParameters, stdio_client

from tests.cli.shell import Shell, environment

from .conftest import Bench

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "guides" / "models.md").read_text(encoding="utf-8")
SKILL = (ROOT / "skills" / "bfl" / "SKILL.md").read_text(encoding="utf-8")
CONFIGURATIONS = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", GUIDE, re.DOTALL)]
STARTED = [each for each in CONFIGURATIONS if "command" in (each.get("mcpServers") or each["servers"])["bfl"]]
"""Those of clients that start the server themselves."""


def _options(name: str) -> dict[str, Any]:
    command: Any = app.load(name)
    each = [command, *getattr(command, "commands", {}).values()]
    return {option: one for inner in each for one in inner.params for option in (*one.opts, *one.secondary_opts)}


def test_there_is_a_configuration_for_three_clients() -> None:
    """The guide has configurations that are JSON, one for HTTP; each has a server, and none contains a key."""
    assert (len(STARTED), len(CONFIGURATIONS) - len(STARTED)) == (3, 1)
    for each in CONFIGURATIONS:
        assert list(each.get("mcpServers") or each["servers"]) == ["bfl"]
        assert not re.search(r"bfl_\w{8}", json.dumps(each))


@pytest.mark.parametrize("configuration", STARTED, ids=["claude", "cursor", "vscode"])
def test_every_configuration_starts_a_server(configuration: dict[str, Any], bench: Bench) -> None:
    """Each configuration, with a folder of the user's, starts a server with all tools and a budget or an emulator."""
    server = (configuration.get("mcpServers") or configuration["servers"])["bfl"]
    assert server["command"] == "bfl"
    assert {"--budget", "--emulator"} & set(server["args"])
    assert set(server.get("env", {})) <= {"BFL_API_KEY"}
    (bench.root / "pictures").mkdir()
    arguments = [each.replace("/path/to", str(bench.root)) for each in server["args"]]
    environ = environment(bench.home, bench.emulator)
    command = StdioServerParameters(command=sys.executable, args=["-m", "bfl_cli", *arguments], env=environ)

    async def names() -> list[str]:
        with bench.log.open("a") as log:
            async with Client(stdio_client(command, errlog=log)) as client:
                return [tool.name for tool in (await client.list_tools()).tools]

    assert anyio.run(names) == list(tools.definitions())


def test_the_guide_names_every_tool() -> None:
    """The guide names each tool, and no other."""
    sentence = re.search(r"The tools are (.*?);", GUIDE, re.DOTALL)
    assert sentence is not None
    assert re.findall(r"`(\w+)`", sentence[1]) == list(tools.definitions())


def test_the_skill_is_printed(lonely_shell: Shell) -> None:
    """`bfl skill` prints the file of the repository; it begins as skills do, and is short."""
    assert lonely_shell.run("skill").out == SKILL
    head = re.match(r"---\nname: bfl\ndescription: (.{50,1024})\n---\n", SKILL)
    assert head is not None
    assert len(SKILL.splitlines()) < 80
    assert skill.__doc__


@pytest.fixture
def lonely_shell(tmp_path: Path) -> Shell:
    """A shell without a key and without a service."""
    return Shell(tmp_path)


def test_the_skill_names_commands_and_options_that_exist() -> None:
    """Each `bfl …` of the skill is a command with options that it has."""
    commands = [each for each in re.findall(r"`bfl ([^`]+)`", SKILL) if each.split()[0] in app.COMMANDS]
    assert {"endpoints", "describe", "generate", "batch", "task", "tasks"} <= {each.split()[0] for each in commands}
    assert len(commands) == len(re.findall(r"`bfl [a-z]", SKILL))
    for each in commands:
        name, *words = each.split()
        unknown = {word for word in words if re.fullmatch(r"--?[a-z-]+", word)} - set(_options(name))
        assert not unknown, each


def test_the_skill_has_every_exit_code() -> None:
    """The table of the skill has the codes and kinds of the program."""
    rows = re.findall(r"^\| (\d+) \| (\w+) \|", SKILL, re.MULTILINE)
    assert rows == [(str(each.code), name) for name, each in EXITS.items()]


def test_the_skill_is_right_about_a_dry_run(lonely_shell: Shell) -> None:
    """The dry run that the skill recommends tells a price, and needs no key."""
    from .conftest import PAINT, PRICE

    done = lonely_shell.run("generate", PAINT, "a fox", "-o", "fox.jpg", "--dry-run", "--json")
    assert done.json["price"] == PRICE


def test_every_action_of_the_client_is_worded_for_models() -> None:
    """For each action that a remedy of the client may have there are words of the tools."""
    calls = [
        node
        for path in Path(str(bfl_client.__file__)).parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Remedy") and len(node.args) > 1
    ]
    actions = {node.args[1].value for node in calls if isinstance(node.args[1], ast.Constant)}
    assert {"check-credits", "wait-again", "set-key"} <= actions
    assert actions <= set(refusals.ACTIONS)
