"""A client that was used before a fork: no process reads another one's answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from .conftest import KEY, NAME
from .loopback import Loopback

pytestmark = pytest.mark.skipif(
    sys.platform in ("win32", "darwin"), reason="there is no fork on Windows, and it is unsafe on macOS"
)

BEGIN = """
import anyio, httpx, json, multiprocessing, sys
from bfl_client import AsyncClient, Client, ConfigurationError, Poll

name, key, url = sys.argv[1:]
context = multiprocessing.get_context("fork")

def in_children(work, *arguments):
    with context.Pool(len(arguments)) as pool:
        return pool.map(work, arguments, chunksize=1)
"""

SYNC = """
client = Client(key, url)

def submit(prompt):
    return client.submit(name, prompt=prompt).id
"""

ASYNC = """
client = AsyncClient(key, url)

def submit(prompt):
    async def run():
        return (await client.submit(name, prompt=prompt)).id
    return anyio.run(run)
"""


def run(loopback: Loopback, program: str) -> Any:
    """What a program, in a process of its own that may fork, prints as JSON."""
    command = [sys.executable, "-W", "error", "-c", BEGIN + program, NAME, KEY, loopback.url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def ports(loopback: Loopback, *beginnings: str) -> set[int]:
    """The connections on which the requests with these prompts came."""
    return {post.port for post in loopback.posts if post.prompt.startswith(beginnings)}


@pytest.mark.parametrize("client", [SYNC, ASYNC], ids=["sync", "async"])
def test_each_process_gets_its_own_answers(client: str, loopback: Loopback) -> None:
    """Four children of a process that has submitted get their own tasks, on connections of their own."""
    program = """
def several(letter):
    return [submit(f"{letter}{number}") for number in range(5)]

ids = [submit("parent-1")]
for each in in_children(several, *"abcd"):
    ids += each
print(json.dumps([*ids, submit("parent-2")]))
"""
    ids = run(loopback, client + program)
    prompts = ["parent-1", *(f"{letter}{number}" for letter in "abcd" for number in range(5)), "parent-2"]
    assert ids == [f"task-{prompt}" for prompt in prompts]
    assert sorted(post.prompt for post in loopback.posts) == sorted(prompts)
    assert not ports(loopback, "parent") & ports(loopback, *"abcd")


def test_a_map_in_a_child_has_connections_of_its_own(loopback: Loopback) -> None:
    """A map in a child gives each request its own result; closing the client there ends no connection of the parent."""
    program = """
def mapped(letter):
    with client, client.map(name, [{"prompt": f"{letter}{number}"} for number in range(5)], concurrency=3) as outcomes:
        return [outcome.task.id for outcome in outcomes]

print(json.dumps([submit("parent-1"), *in_children(mapped, *"ab"), submit("parent-2")]))
"""
    first, *children, last = run(loopback, SYNC + program)
    assert (first, last) == ("task-parent-1", "task-parent-2")
    assert children == [[f"task-{letter}{number}" for number in range(5)] for letter in "ab"]
    assert not ports(loopback, "parent") & ports(loopback, *"ab")
    assert len(ports(loopback, "parent")) == 1


@pytest.mark.parametrize("kind", ["", "Async"])
def test_an_http_client_used_before_the_fork_is_refused(kind: str, loopback: Loopback) -> None:
    """A child sends nothing through a given http_client that was used before the fork, but takes an unused one."""
    program = """
def refused(prompt):
    try:
        return submit(prompt)
    except ConfigurationError as error:
        return f"refused: {error}"

unused = in_children(submit, *"ab")
print(json.dumps([unused, submit("parent"), *in_children(refused, "child")]))
"""
    given = f"client = {kind}Client(key, url, http_client=httpx.{kind}Client())\n"
    unused, parent, child = run(loopback, given + (ASYNC if kind else SYNC).partition("\n\n")[2] + program)
    assert unused == ["task-a", "task-b"]
    assert parent == "task-parent"
    assert child.startswith("refused: ")
    assert "fork" in child
    assert sorted(post.prompt for post in loopback.posts) == ["a", "b", "parent"]
