"""What the tools answer, and what the user is told beside it; the server is in this process."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import anyio
import pytest
from bfl_client import __version__, specification
from bfl_mcp.refusals import Refused
from bfl_mcp.shelf import Memory
from mcp import Client, types
from mcp.shared.exceptions import MCPError

from .conftest import FOX, MODES, PAINT, PRICE, Bench, Mode, error, facts, film, until, within

SOON = 0.05
"""Seconds that a wait may take in these tests."""
PROMPT = "a fox " * 100
STATED = {"endpoint": "flux-2-pro", "parameters": {"prompt": "a fox"}}
"""A request whose cost the service states when it is submitted."""


@pytest.mark.parametrize("action", ["generate", "wait", "fetch"])
def test_a_wait_is_as_long_as_it_may_be(slow_bench: Bench, action: str) -> None:
    """Generating, waiting and fetching end after the timeout of the call, and say with which task it goes on."""

    async def use(client: Client) -> None:
        with anyio.fail_after(20):
            if action == "generate":
                result = await client.call_tool("generate", {**FOX, "timeout": SOON})
            else:
                task = facts(await client.call_tool("submit", FOX))["id"]
                result = await client.call_tool("task", {"id": task, "action": action, "timeout": SOON})
        found = error(result)
        assert (found["kind"], [found["task_id"]]) == ("TaskTimeout", [each["id"] for each in await _tasks(client)])
        assert found["task_id"] in _text(result)
        assert "task with this id and the action wait" in found["remedy"]

    anyio.run(lambda: within(slow_bench, use))


async def _tasks(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = facts(await client.call_tool("tasks"))["tasks"]
    return found


def _text(result: types.CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    return content.text


@pytest.mark.about("flux-2-pro")
def test_a_look_at_a_task_does_not_wait(slow_bench: Bench) -> None:
    """Without an action, the tool task says at once where a task that is under way stands."""

    async def use(client: Client) -> None:
        made = facts(await client.call_tool("submit", STATED))
        assert (made["endpoint"], made["status"]) == ("flux-2-pro", "submitted")
        assert made["cost"] > 0
        with anyio.fail_after(20):
            looked = facts(await client.call_tool("task", {"id": made["id"]}))
        assert (looked["id"], looked["endpoint"], looked["ended"]) == (made["id"], "flux-2-pro", False)
        (listed,) = await _tasks(client)
        assert (listed["status"], listed["cost"], listed["file"]) == ("submitted", made["cost"], None)
        assert listed["submitted_at"]

    anyio.run(lambda: within(slow_bench, use))


@pytest.mark.parametrize(("status", "ended"), [("Generating", False), ("Content Moderated", True)])
def test_a_look_at_a_task_says_what_the_service_says(bench: Bench, status: str, ended: bool) -> None:
    """Status, progress and cost are the service's; its details are told in short, without a signed URL."""
    assert bench.emulator is not None
    details = {"why": "because", "at": "https://host.example/a?sig=1", "more": "x" * 5000}

    async def use(client: Client) -> None:
        assert bench.emulator is not None
        task = facts(await client.call_tool("submit", FOX))["id"]
        body = {"id": task, "status": status, "progress": 0.25, "cost": 2.5, "details": details}
        bench.emulator.script({"fault": "answer", "operation": "poll", "status": 200, "body": body})
        looked = facts(await client.call_tool("task", {"id": task, "action": "status"}))
        assert (looked["status"], looked["ended"], looked["progress"], looked["cost"]) == (status, ended, 0.25, 2.5)
        assert "because" in looked["details"]
        assert "sig" not in looked["details"]
        assert len(looked["details"]) < 500

    anyio.run(lambda: within(bench, use))


@pytest.mark.about("flux-2-pro:seed")
def test_a_saved_task_is_answered_without_the_service(bench: Bench) -> None:
    """Whatever is asked about a saved task, its file is the answer; the service, which forgets tasks, is not asked."""

    async def use(client: Client) -> None:
        assert bench.emulator is not None
        made = facts(await client.call_tool("generate", STATED))
        assert (made["status"], made["kind"]) == ("Ready", "image")
        assert made["cost"] > 0
        assert isinstance(made["seed"], int)
        asked = len(bench.emulator.requests)
        for action in ("status", "wait", "fetch"):
            again = await client.call_tool("task", {"id": made["id"], "action": action})
            assert facts(again)["file"] == made["file"]
            assert facts(again)["cost"] == made["cost"]
            assert "polling_url" not in again.model_dump_json()
            assert [each.type for each in again.content] == ["text", "image", "resource_link"]
        assert len(bench.emulator.requests) == asked
        assert "polling_url" not in (await client.call_tool("tasks")).model_dump_json()

    anyio.run(lambda: within(bench, use))


@pytest.mark.about("flux-2-pro", "flux-tools/deblur-v1")
def test_each_result_has_a_file_of_its_own(bench: Bench) -> None:
    """A file has the names of its endpoint and task, also where the endpoint's has a slash; none replaces another."""
    bench.picture()
    sharp = {"endpoint": "flux-tools/deblur-v1", "parameters": {"image": "cat.png"}}

    async def use(client: Client) -> None:
        made = [facts(await client.call_tool("generate", each)) for each in (STATED, STATED, sharp)]
        paths = [Path(each["file"]) for each in made]
        assert {*paths} == {*bench.output.iterdir()}
        ends = ("flux-2-pro", "flux-2-pro", "flux-tools-deblur-v1")
        names = [f"{end}-{each['id']}" for end, each in zip(ends, made, strict=True)]
        assert [path.stem for path in paths] == names

    anyio.run(lambda: within(bench, use))
    assert len(list(bench.output.iterdir())) == 3


@pytest.mark.parametrize("gone", ["deleted", "a folder"])
def test_a_file_that_is_gone_is_fetched_again(bench: Bench, gone: str) -> None:
    """If the user has moved a result away, it is still listed as a task, not as a file, and can be fetched again."""

    async def use(client: Client) -> None:
        made = facts(await client.call_tool("generate", FOX))
        path = Path(made["file"])
        path.unlink()
        if gone == "a folder":
            path.mkdir()
        assert [each.name for each in (await client.list_resources()).resources] == [f"task {made['id']}"]
        if gone == "a folder":
            path.rmdir()
        assert facts(await client.call_tool("task", {"id": made["id"], "action": "fetch"}))["file"] == str(path)
        assert path.is_file()

    anyio.run(lambda: within(bench, use))


def test_a_price_is_told_with_the_budget(bench: Bench) -> None:
    """A price comes with what is left of the budget once what is under way is counted; asking is not spending."""

    async def use(client: Client) -> None:
        before = facts(await client.call_tool("price", FOX))
        assert (before["endpoint"], before["credits"], before["at_most"]) == (PAINT, PRICE, PRICE)
        assert before["list"] == specification.price_list()
        assert before["budget"] == {"limit": 100.0, "settled": 0.0, "reserved": 0.0, "left": 100.0}
        facts(await client.call_tool("submit", FOX))
        after = facts(await client.call_tool("price", FOX))
        assert after["budget"]["left"] == 100.0 - PRICE

    anyio.run(lambda: within(bench, use, budget=100.0))
    assert bench.submits == 1


def test_a_price_may_be_open(bench: Bench) -> None:
    """A video whose cost is not known in advance has no certain price, only the most that it may cost."""
    request = film()
    certain, most = specification.prices(request["endpoint"], request["parameters"])
    if certain is not None or most is None:
        pytest.skip("the specification has no video at an open price")

    async def use(client: Client) -> None:
        found = facts(await client.call_tool("price", request))
        assert (found["credits"], found["at_most"]) == (None, most)

    anyio.run(lambda: within(bench, use))


def test_the_credits_of_the_account_are_not_the_budget(bench: Bench) -> None:
    """The tool credits tells what the account has, and, without a budget, no limit and nothing left of one."""

    async def use(client: Client) -> None:
        assert bench.emulator is not None
        found = facts(await client.call_tool("credits"))
        assert found["credits"] > 1000
        assert found["budget"] == {"limit": None, "settled": 0.0, "reserved": 0.0, "left": None}

    anyio.run(lambda: within(bench, use))


def test_progress_tells_the_task_and_how_far_it_is(bench: Bench) -> None:
    """A client that asks for progress hears the task's id once it is paid for, and then its status and share."""
    told: list[tuple[float, str | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, message))

    async def use(client: Client) -> None:
        assert bench.emulator is not None
        task = facts(await client.call_tool("submit", FOX, progress_callback=tell))["id"]
        assert [message for _, message in told] == [f"submitted: task {task}"]
        told.clear()
        for poll, share in enumerate((0.25, 0.0), 1):
            body = {"id": task, "status": "Generating", "progress": share}
            bench.emulator.script({"fault": "answer", "operation": "poll", "status": 200, "body": body, "nth": [poll]})
        await client.call_tool("task", {"id": task, "action": "wait"}, progress_callback=tell)
        assert [message for _, message in told] == ["Generating 25%", "Generating 0%", "Ready"]

    anyio.run(lambda: within(bench, use))
    assert [progress for progress, _ in told] == sorted({progress for progress, _ in told})


@pytest.mark.parametrize("known", [True, False])
def test_the_question_says_what_is_bought(bench: Bench, known: bool) -> None:
    """The user is asked about an endpoint, a price, or that there is none, and the beginning of the prompt."""
    assert bench.emulator is not None
    asked: list[str] = []
    free = [each for each in specification.ENDPOINTS if specification.highest_price(each, {"prompt": PROMPT}) is None]
    able = [each for each in free if _prompts(each)]
    if not (known or able):
        pytest.skip("every endpoint of the specification has a price")
    endpoint = PAINT if known else able[0]

    async def elicit(context: Any, params: Any) -> types.ElicitResult:
        asked.append(params.message)
        assert set(params.requested_schema["properties"]) == {"confirm"}
        return types.ElicitResult(action="accept")

    async def use(client: Client) -> None:
        result = await client.call_tool("submit", {"endpoint": endpoint, "parameters": {"prompt": PROMPT}})
        assert error(result)["kind"] == "confirmation"  # the form was not filled in

    anyio.run(lambda: within(bench, use, elicit=elicit, confirm_above=0))
    (question,) = asked
    assert endpoint in question
    assert ("not listed" in question, f"at most {PRICE:g} credits" in question) == (not known, known)
    assert PROMPT[:100] in question
    assert len(question) < 400
    assert bench.submits == 0


def _prompts(name: str) -> bool:
    known = specification.parameters(name)
    return "prompt" in known and {each for each, one in known.items() if one.required} <= {"prompt"}


def test_a_client_that_fails_to_ask_buys_nothing(bench: Bench) -> None:
    """If the client answers the question with an error, the call is refused, and nothing is sent."""

    async def elicit(context: Any, params: Any) -> Any:
        return types.ErrorData(code=-32603, message="no window")

    async def use(client: Client) -> None:
        assert error(await client.call_tool("submit", FOX))["kind"] == "confirmation"

    anyio.run(lambda: within(bench, use, "legacy", elicit, confirm_above=0))
    assert bench.submits == 0


def test_declining_a_filled_form_is_declining(bench: Bench) -> None:
    """A user who declines has declined, whatever the form says."""

    async def elicit(context: Any, params: Any) -> types.ElicitResult:
        return types.ElicitResult(action="decline", content={"confirm": True})

    async def use(client: Client) -> None:
        assert error(await client.call_tool("submit", FOX))["kind"] == "confirmation"

    anyio.run(lambda: within(bench, use, elicit=elicit, confirm_above=0))
    assert bench.submits == 0


def test_the_limit_of_the_questions_is_not_above_it(bench: Bench) -> None:
    """A request that costs just what is allowed without a question is sent without one."""

    async def use(client: Client) -> None:
        facts(await client.call_tool("submit", FOX))

    anyio.run(lambda: within(bench, use, confirm_above=PRICE))
    assert bench.submits == 1


def test_an_answer_to_another_question_does_not_count(bench: Bench) -> None:
    """With the newest protocol an answer comes with the call: one that belongs to another request is asked anew."""
    given = types.ElicitResult(action="accept", content={"confirm": True})

    async def use(client: Client) -> None:
        answers: Any = {"confirm-0123456789abcdef01234567": given}
        result = await client.session.call_tool("submit", FOX, input_responses=answers, allow_input_required=True)
        assert isinstance(result, types.InputRequiredResult)
        (key,) = result.input_requests or {}
        assert key not in answers

    async def elicit(context: Any, params: Any) -> types.ElicitResult:
        raise AssertionError("the client is not asked by itself")

    anyio.run(lambda: within(bench, use, elicit=elicit, confirm_above=0))
    assert bench.submits == 0


def test_a_cancelled_call_is_told_to_the_user(slow_bench: Bench, clock: list[float]) -> None:
    """A call that is cancelled while it is paid for leaves a line for the user, with its task, and the task counts."""
    bench, notes = slow_bench, list[str]()
    assert bench.emulator is not None
    bench.emulator.script({"fault": "slow", "operation": "submit", "seconds": 30.0, "times": 1})

    async def use(client: Client) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(client.call_tool, "generate", FOX)
            await until(lambda: bench.submits)
            group.cancel_scope.cancel()
            clock[0] += 31
        (task,) = await _tasks(client)
        (note,) = notes
        assert task["id"] in note
        assert facts(await client.call_tool("credits"))["budget"]["left"] == 100.0 - PRICE

    anyio.run(lambda: within(bench, use, note=lambda text: notes.append(str(text)), budget=100.0))


class _Broken(Memory):
    """A shelf with a bug."""

    def listed(self) -> list[dict[str, Any]]:
        raise LookupError("bfl_0123456789abcdef at https://host.example/a?sig=1")


def test_a_bug_is_told_to_the_user_alone(bench: Bench) -> None:
    """A mistake of this server is an error that names its kind; its text goes to the user, without keys and URLs."""
    notes: list[str] = []

    async def use(client: Client) -> None:
        result = await client.call_tool("tasks")
        found = error(result)
        assert (found["kind"], found["message"]) == ("internal", "LookupError")
        assert "host.example" not in result.model_dump_json()
        (note,) = notes
        assert "LookupError" in note
        assert "0123456789" not in note
        assert "sig" not in note
        assert error(await client.call_tool("task", {"id": "x"}))["kind"] == "unknown-task"
        assert len(notes) == 1

    anyio.run(lambda: within(bench, use, shelf=_Broken(), note=lambda text: notes.append(str(text))))


class _Full(Memory):
    """A shelf without room."""

    def ready(self) -> None:
        raise Refused("handles", "there is no room", "make some")


def test_without_room_for_a_handle_nothing_is_spent(bench: Bench) -> None:
    """A request whose handle could not be kept is not sent, and does not count."""

    async def use(client: Client) -> None:
        assert error(await client.call_tool("submit", FOX))["kind"] == "handles"
        assert facts(await client.call_tool("credits"))["budget"]["left"] == 100.0

    anyio.run(lambda: within(bench, use, shelf=_Full(), budget=100.0))
    assert bench.submits == 0


def test_a_task_that_cannot_be_followed_is_kept(bench: Bench) -> None:
    """A task whose polling URL is not trusted was paid for: it is kept with its endpoint, and its price counts."""
    assert bench.emulator is not None
    bench.emulator.script({"fault": "polling-url", "operation": "submit"})

    async def use(client: Client) -> None:
        result = await client.call_tool("generate", FOX)
        found = error(result)
        (task,) = await _tasks(client)
        assert (task["id"], task["endpoint"]) == (found["task_id"], PAINT)
        assert found["task_id"] in _text(result)
        assert facts(await client.call_tool("credits"))["budget"]["left"] == 100.0 - PRICE

    anyio.run(lambda: within(bench, use, budget=100.0))


@pytest.mark.parametrize(("word", "kind"), [("content-moderated", "ContentModerated"), ("error", "GenerationFailed")])
def test_a_task_that_failed_is_over(bench: Bench, word: str, kind: str) -> None:
    """After a refusal or a failure nothing of the budget is reserved any more, and the list has the task's status."""

    async def use(client: Client) -> None:
        body = {"endpoint": PAINT, "parameters": {"prompt": f"a fox #{word}"}}
        assert error(await client.call_tool("generate", body))["kind"] == kind
        (task,) = await _tasks(client)
        assert task["status"] == word.replace("-", " ").title()
        assert facts(await client.call_tool("credits"))["budget"]["reserved"] == 0.0

    anyio.run(lambda: within(bench, use, budget=100.0))


@pytest.mark.about("flux-2-pro")
def test_the_cost_of_a_picture_is_known_when_it_is_submitted(slow_bench: Bench) -> None:
    """What the answer to a submit says that a picture costs is its cost, and no longer reserved."""

    async def use(client: Client) -> None:
        cost = facts(await client.call_tool("submit", STATED))["cost"]
        budget = facts(await client.call_tool("credits"))["budget"]
        assert (budget["settled"], budget["reserved"], budget["left"]) == (cost, 0.0, 100.0 - cost)

    anyio.run(lambda: within(slow_bench, use, budget=100.0))


def test_a_request_is_checked_before_it_is_paid(bench: Bench) -> None:
    """What the specification refuses is refused here, in the words of the tools; nothing is sent or reserved."""

    async def use(client: Client) -> None:
        for tool in ("price", "submit", "generate"):
            result = await client.call_tool(tool, {"endpoint": PAINT, "parameters": {"prompt": "a fox", "promt": 1}})
            (violation,) = error(result)["violations"]
            assert "did you mean 'prompt'?" in violation
            assert "describe_endpoint" in violation
            assert violation in _text(result)
        assert facts(await client.call_tool("credits"))["budget"]["reserved"] == 0.0

    anyio.run(lambda: within(bench, use, budget=100.0))
    assert bench.submits == 0


@pytest.mark.parametrize("mode", MODES)
def test_a_model_is_told_how_to_begin(bench: Bench, mode: Mode) -> None:
    """The server gives its own version, and instructions that name the tools to begin with."""

    async def use(client: Client) -> None:
        assert client.server_info is not None
        assert client.server_info.version == __version__
        assert {"list_endpoints", "describe_endpoint"} <= {*re.findall(r"\w+", client.instructions or "")}

    anyio.run(lambda: within(bench, use, mode))


def test_resources_that_do_not_exist(bench: Bench) -> None:
    """Reading an unknown file or task is a mistake of the client by the protocol, and says where the names are."""

    async def use(client: Client) -> None:
        for uri in ("bfl://files/none.png", "bfl://tasks/none", "bfl://else/x"):
            with pytest.raises(MCPError, match="resources/list") as caught:
                await client.read_resource(uri)
            assert caught.value.error.code == types.INVALID_PARAMS

    anyio.run(lambda: within(bench, use))
