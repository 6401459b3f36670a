"""What may be spent: the budget, over requests at once and restarts, and the user's consent."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import anyio
import pytest
from bfl_cli.screen import redact
from bfl_client import policy, specification
from bfl_client.errors import ConstraintError, Violation
from bfl_emulator import Emulator
from bfl_mcp import consent, tools
from bfl_mcp.budget import Budget
from bfl_mcp.desk import Desk
from bfl_mcp.refusals import Refused
from bfl_mcp.server import Running
from bfl_mcp.studio import Estimate
from mcp import Client
from mcp.types import CallToolRequestParams, ClientCapabilities, ElicitResult

from .conftest import FOX, MODES, PAINT, PRICE, Bench, Mode, error, facts, film, within


def test_the_budget_holds_over_a_restart(bench: Bench) -> None:
    """With a state file, what was spent before a restart counts: then nothing more is sent than the budget allows."""
    options = ("--budget", str(2 * PRICE), "--state", str(bench.root / "budget.sqlite"))

    async def run() -> None:
        async with bench.connected(*options) as client:
            facts(await client.call_tool("submit", FOX))
        async with bench.connected(*options) as client:
            facts(await client.call_tool("submit", FOX))
            found = error(await client.call_tool("submit", FOX))
            assert found["kind"] == "budget"
            assert facts(await client.call_tool("credits"))["budget"]["left"] == 0.0

    anyio.run(run)
    assert bench.submits == 2


def test_requests_at_once_do_not_spend_the_same_credits(tmp_path: Path) -> None:
    """Of forty requests at once for one credit each, through four connections, as many get through as there are."""
    path = tmp_path / "budget.sqlite"
    Budget(7.0, path).close()

    def reserve(count: int) -> int:
        budget, got = Budget(7.0, path), 0
        for _ in range(count):
            try:
                budget.reserve("an endpoint", 1.0)
                got += 1
            except Refused:
                pass
        budget.close()
        return got

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(reserve, [10] * 4)) == 7


def test_what_is_not_known_goes_on_counting(tmp_path: Path) -> None:
    """An entry counts in full unless its cost is known; a cost is never negative; a released one counts no more."""
    budget = Budget(10.0)
    first = budget.reserve("an endpoint", 6.0)
    budget.submitted(first, "task")
    assert budget.summary()["reserved"] == 6.0
    budget.settle("task", None)
    assert budget.summary()["settled"] == 6.0
    with pytest.raises(Refused):
        budget.reserve("an endpoint", 5.0)
    budget.settle("task", -100.0)
    assert budget.summary()["left"] == 10.0
    budget.release(budget.reserve("an endpoint", 10.0))
    assert budget.summary()["left"] == 10.0
    budget.release(first)  # it was submitted: it stays
    budget.settle("task", 2.5)
    assert budget.summary() == {"limit": 10.0, "settled": 2.5, "reserved": 0.0, "left": 7.5}
    budget.close()


def test_a_budget_can_be_spent_to_the_last_credit() -> None:
    """Amounts with decimals that sum up to the budget fit into it, however the machine rounds them; no more does."""
    budget = Budget(0.3)
    for _ in range(3):
        budget.reserve("an endpoint", 0.1)
    with pytest.raises(Refused):
        budget.reserve("an endpoint", 0.01)
    budget.close()


def test_a_refusal_tells_what_is_asked_and_left() -> None:
    """What the budget refuses is told with the most that it may cost, what is left, and the budget."""
    budget = Budget(10.0)
    budget.reserve("an endpoint", 6.5)
    with pytest.raises(Refused, match=r"may cost 5 credits, but only 3\.5 of the budget of 10 are left") as caught:
        budget.check(5.0)
    assert "--budget" in caught.value.remedy
    budget.check(3.5)
    budget.close()


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), None])
def test_a_cost_that_is_no_number_is_unknown(cost: float | None) -> None:
    """If the service states a cost that is no number, what was reserved counts as the cost."""
    budget = Budget(10.0)
    budget.submitted(budget.reserve("an endpoint", 6.0), "task")
    budget.settle("task", cost)
    assert budget.summary() == {"limit": 10.0, "settled": 6.0, "reserved": 0.0, "left": 4.0}
    budget.close()


def test_each_entry_has_its_own_task() -> None:
    """Of several requests under way each is settled, submitted or released by itself."""
    budget = Budget(None)
    first, second, third = (budget.reserve("an endpoint", most) for most in (1.0, 10.0, 100.0))
    budget.submitted(first, "first")
    budget.submitted(second, "second")
    budget.settle("second", 5.0)
    assert budget.summary() == {"limit": None, "settled": 5.0, "reserved": 101.0, "left": None}
    budget.settle("second", 7.0)  # known better at the end
    budget.release(third)
    budget.settle("unknown", 1000.0)
    assert budget.summary() == {"limit": None, "settled": 7.0, "reserved": 1.0, "left": None}
    budget.close()


def test_a_budget_may_be_lowered(tmp_path: Path) -> None:
    """Started again with a smaller budget than was spent, a server has nothing left, not less than nothing."""
    before = Budget(10.0, tmp_path / "budget.sqlite")
    before.reserve("an endpoint", 8.0)
    before.close()
    after = Budget(5.0, tmp_path / "budget.sqlite")
    assert after.summary() == {"limit": 5.0, "settled": 0.0, "reserved": 8.0, "left": 0.0}
    with pytest.raises(Refused, match="only 0 of the budget of 5 are left"):
        after.check(1.0)
    after.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("answer", ["accept", "unticked", "decline", "cannot ask"])
def test_the_user_is_asked_before_much_is_spent(bench: Bench, mode: Mode, answer: str) -> None:
    """Above --confirm-above nothing is sent unless the user agrees; a client that cannot ask is refused."""
    asked: list[str] = []

    async def elicit(context: Any, params: Any) -> ElicitResult:
        asked.append(params.message)
        agrees = answer == "accept"
        if answer == "decline":
            return ElicitResult(action="decline")
        return ElicitResult(action="accept", content={"confirm": agrees})

    async def use(client: Client) -> None:
        result = await client.call_tool("submit", FOX)
        if answer == "accept":
            assert facts(result)["id"]
        else:
            assert error(result)["kind"] == "confirmation"

    callback = None if answer == "cannot ask" else elicit
    anyio.run(lambda: within(bench, use, mode, callback, confirm_above=PRICE - 0.5))
    assert bench.submits == (answer == "accept")
    assert len(asked) == (answer != "cannot ask")
    asked.clear()
    anyio.run(lambda: within(bench, lambda client: client.call_tool("submit", FOX), mode, callback, confirm_above=99))
    assert not asked


def test_nobody_is_asked_for_what_the_budget_refuses(bench: Bench) -> None:
    """A request above the budget is refused without a question."""

    async def elicit(context: Any, params: Any) -> ElicitResult:
        raise AssertionError("asked")

    async def use(client: Client) -> None:
        assert error(await client.call_tool("submit", FOX))["kind"] == "budget"

    anyio.run(lambda: within(bench, use, elicit=elicit, confirm_above=0, budget=PRICE / 2))
    assert bench.submits == 0


def test_what_has_no_price_needs_permission(bench: Bench) -> None:
    """Under a budget, an endpoint without a price is used only if the user has allowed it."""
    free = [
        each.name
        for each in specification.ENDPOINTS.values()
        if specification.highest_price(each.name, {}) is None
        and {name for name, one in specification.parameters(each.name).items() if one.required} <= {"prompt"}
        and "prompt" in specification.parameters(each.name)
    ]
    if not free:
        pytest.skip("every endpoint of the specification has a price")
    request = {"endpoint": free[0], "parameters": {"prompt": "a fox"}}

    async def refused(client: Client) -> None:
        assert error(await client.call_tool("submit", request))["kind"] == "budget"

    async def allowed(client: Client) -> None:
        facts(await client.call_tool("submit", request))

    anyio.run(lambda: within(bench, refused, budget=1000.0))
    assert bench.submits == 0
    anyio.run(lambda: within(bench, allowed, budget=1000.0, unpriced=True))

    async def asked(client: Client) -> None:
        assert error(await client.call_tool("submit", request))["kind"] == "confirmation"  # nobody can be asked

    anyio.run(lambda: within(bench, asked, unpriced=True, confirm_above=1e6))


def test_an_answer_counts_for_one_question() -> None:
    """Each tool, request and price is a question of its own."""
    asked = [
        (CallToolRequestParams(name=name, arguments=arguments), Estimate(endpoint=PAINT, at_most=most))
        for name in ("submit", "generate")
        for arguments in ({"prompt": "a fox"}, {"prompt": "an owl"})
        for most in (3.0, 300.0)
    ]
    assert len({consent._key(params, estimate) for params, estimate in asked}) == len(asked)


@pytest.mark.parametrize(
    ("forms", "can"),
    [(None, False), ({}, True), ({"form": {}}, True), ({"form": {}, "url": {}}, True), ({"url": {}}, False)],
)
def test_a_client_can_be_asked_if_it_has_forms(forms: Any, can: bool) -> None:
    """A client that names no kind of question has forms, by the protocol; one that names URLs alone has none."""
    assert consent._can_ask(ClientCapabilities.model_validate({"elicitation": forms})) is can


def test_the_cost_of_a_video_is_known_at_its_end(bench: Bench) -> None:
    """What an answer to a submit says a video costs is not its cost: the most that it may cost stays reserved."""
    assert bench.emulator is not None
    request = film()
    most = specification.highest_price(request["endpoint"], request["parameters"])
    url = f"{bench.emulator.base_url}/v1/get_result?id=1"
    made = {"id": "1", "polling_url": url, "cost": 0.5}
    bench.emulator.script({"fault": "answer", "operation": "submit", "status": 200, "body": made})

    async def use(client: Client) -> None:
        assert facts(await client.call_tool("submit", request))["cost"] == 0.5
        found = facts(await client.call_tool("credits"))["budget"]
        assert (found["settled"], found["reserved"]) == (0.0, most or 0.0)
        assert bench.emulator is not None
        ready = {"id": "1", "status": "Ready", "result": {"sample": f"{url}.mp4"}, "cost": 7.5}
        bench.emulator.script({"fault": "answer", "operation": "poll", "status": 200, "body": ready})
        assert facts(await client.call_tool("task", {"id": "1", "action": "wait"}))["cost"] == 7.5
        found = facts(await client.call_tool("credits"))["budget"]
        assert (found["settled"], found["reserved"]) == (7.5, 0.0)

    anyio.run(lambda: within(bench, use, budget=1e6, unpriced=True))


@pytest.mark.about("flux-3-video")
def test_the_data_of_a_draft_is_saved_beside_it(bench: Bench) -> None:
    """What finishes a draft is written beside the video, as it cannot be fetched later."""
    pytest.importorskip("av")
    draft = {"mode": "t2v", "prompt": "a fox", "draft": True, "duration": 5}

    async def use(client: Client) -> None:
        made = facts(await client.call_tool("generate", {"endpoint": "flux-3-video", "parameters": draft}))
        assert Path(made["draft"]) == Path(made["file"]).with_suffix(".draft")
        assert Path(made["draft"]).stat().st_size

    anyio.run(lambda: within(bench, use))


def test_a_task_that_is_not_found_stays(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that was paid for, and is answered with 404 until that is believed, can be fetched once it is found."""
    assert bench.emulator is not None
    emulator = bench.emulator
    monkeypatch.setattr(policy, "DOUBTED_POLLS", 1)
    monkeypatch.setattr(policy, "DOUBTED_SECONDS", 0.0)
    emulator.script({"fault": "answer", "operation": "poll", "status": 404, "body": {"detail": "Not Found"}})

    async def use(client: Client) -> None:
        error(await client.call_tool("generate", FOX))
        (found,) = facts(await client.call_tool("tasks"))["tasks"]
        assert found["status"] == "submitted"
        emulator.clear_script()
        fetched = facts(await client.call_tool("task", {"id": found["id"], "action": "fetch"}))
        assert Path(fetched["file"]).parent == bench.output

    anyio.run(lambda: within(bench, use, budget=100.0))


def test_every_tool_says_what_it_does() -> None:
    """By the hints of the protocol, what spends may not be repeated, and what spends or writes does not only read."""
    hints = {tool.name: tool.annotations for tool in tools.as_listed() if tool.annotations}
    assert len(hints) == len(tools.definitions())
    assert {name for name, each in hints.items() if not each.idempotent_hint} == {"generate", "submit"}
    assert {name for name, each in hints.items() if not each.read_only_hint} == {"generate", "submit", "task"}


def test_the_end_waits_for_every_paid_request() -> None:
    """A server that is being ended waits until the last of the answers to paid requests has arrived."""
    ended: list[str] = []

    async def run() -> None:
        answers: dict[Any, anyio.Event] = {"first": anyio.Event(), "second": anyio.Event()}

        async def call(context: Any, params: Any) -> None:
            with anyio.CancelScope(shield=True):
                await answers[params].wait()
            ended.append(params)

        async def end() -> None:
            await running.end()
            ended.append("server")

        running = Running(mock.Mock(call=call))
        async with anyio.create_task_group() as group:
            for name in answers:
                group.start_soon(running.call, mock.Mock(), name)
            await anyio.wait_all_tasks_blocked()
            group.start_soon(end)
            for event in answers.values():
                await anyio.wait_all_tasks_blocked()
                event.set()

    anyio.run(run)
    assert ended == ["first", "second", "server"]


def test_a_refused_request_is_not_counted(tmp_path: Path) -> None:
    """When the service turns a request down, its reservation is given back; after a lost answer it is kept."""

    async def use(client: Client) -> None:
        found = await client.call_tool("submit", FOX)
        assert error(found)["kind"] == "InsufficientCreditsError"
        assert facts(await client.call_tool("credits"))["budget"]["reserved"] == 0.0
        emulator.script({"fault": "reset", "operation": "submit", "when": "after-reading", "times": 1})
        assert "credits" in error(await client.call_tool("submit", FOX))["remedy"]
        assert facts(await client.call_tool("credits"))["budget"]["reserved"] == PRICE

    with Emulator(credits=0) as emulator:
        anyio.run(lambda: within(Bench(tmp_path, emulator), use, budget=100.0))


SECRET = 'see "https://host/a?sig=1\\" and bfl_0123456789abcdef'


@pytest.mark.parametrize(
    "mistake",
    [
        Refused("x", SECRET, "go to https://host/b?sig=2", "1"),
        ConstraintError("x", [Violation("a", "", "is right"), Violation("b", "", SECRET)]),
    ],
    ids=["refused", "violations"],
)
def test_an_error_tells_no_secret(mistake: Exception) -> None:
    """Signed URLs and keys are taken out of every part of an error, whatever stands around them."""

    def redacted(text: str) -> str:
        return redact(text, [])

    desk = Desk(mock.Mock(), redacted, print)
    with mock.patch("bfl_mcp.tools.checked", side_effect=mistake):
        result = anyio.run(lambda: desk.call(mock.Mock(), CallToolRequestParams(name="tasks")))
    assert "sig" not in result.model_dump_json()
    assert "0123456789" not in result.model_dump_json()


@pytest.mark.parametrize("amount", ["nan", "inf"])
def test_a_budget_is_a_number(bench: Bench, amount: str) -> None:
    """A budget that would limit nothing is refused on the command line."""
    from tests.cli.shell import Shell

    place = bench.root / "shell"
    place.mkdir()
    done = Shell(place).run("mcp", "--budget", amount, "-o", "out")
    assert (done.code, done.out) == (2, "")
