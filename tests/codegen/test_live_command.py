"""The command of the live contract run, and the requests that are no probes, against a service that is made up."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from codegen.live.__main__ import main
from codegen.live.check import Findings, LiveCheck
from codegen.live.probes import GUARD, Prober
from codegen.report import CodegenError, Report
from codegen.specification import Specification

from .conftest import small_document

Service = Callable[[httpx.Request], httpx.Response]


def utilities(**items: Any) -> dict[str, Any]:
    """The small document, with these paths instead of its task endpoint."""
    return {**small_document(), "paths": {f"/v1/{name}": item for name, item in items.items()}}


def answering(schema: Any = True, **more: Any) -> dict[str, Any]:
    """An operation that answers with 200."""
    return {"responses": {"200": {"description": "", "content": {"application/json": {"schema": schema}}}}, **more}


def checked(document: dict[str, Any], service: Service, spend: float = 0.0) -> Findings:
    """Run a session against a service."""
    with httpx.Client(base_url="https://x", transport=httpx.MockTransport(service)) as client:
        return LiveCheck(Specification(document), client, Report(StringIO())).run(spend)


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Run the command for a document, without an address in the environment, against a service."""

    def run(document: dict[str, Any], service: Service, *options: str) -> int:
        (tmp_path / "spec.json").write_text(json.dumps(document), encoding="utf-8")
        client = partial(httpx.Client, transport=httpx.MockTransport(service))
        monkeypatch.setattr("codegen.live.__main__.httpx.Client", client)
        monkeypatch.setenv("BFL_API_KEY", "a-key")
        monkeypatch.delenv("BFL_BASE_URL", raising=False)
        return main(["--spec", str(tmp_path / "spec.json"), *options])

    return run


@pytest.mark.parametrize(
    ("codes", "left"),
    [((200, 200, 200), 0), ((200, 404, 200), 1), ((200, 200, 429), 3), ((404, 200, 429), 1), ((429, 200, 200), 3)],
)
def test_the_exit_code_tells_agreement_from_ignorance(
    command: Callable[..., int], codes: tuple[int, ...], left: int
) -> None:
    """A disagreement exits with 1, even if the run stops after it; a run that stops without one is no agreement."""
    document = utilities(one={"get": answering()}, two={"get": answering()}, three={"get": answering()})
    answers = iter(codes)
    assert command(document, lambda request: httpx.Response(next(answers), json={})) == left


def test_the_command_asks_the_server_of_the_document_with_the_key(command: Callable[..., int]) -> None:
    """Without an address in the environment the first server of the given document gets the request and the key."""
    seen: list[tuple[str, str | None]] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("x-key")))
        return httpx.Response(200, json={})

    assert command(utilities(one={"get": answering()}), service) == 0
    assert seen == [("https://api.example.com/v1/one", "a-key")]


def refused(request: httpx.Request) -> httpx.Response:
    """A service that lists wrong types and a parameter that it does not know."""
    body = json.loads(request.content)
    faults = [{"loc": ["body", name], "msg": "no"} for name, value in body.items() if value == GUARD or "such" in name]
    return httpx.Response(422, json={"detail": faults})


def demanding() -> dict[str, Any]:
    """The small document with three parameters, so that two guard each."""
    document = small_document()
    document["components"]["schemas"]["PaintInputs"]["properties"]["steps"] = {"type": "integer"}
    return document


@pytest.mark.parametrize(("options", "tried"), [((), False), (("--spend", "5"), True)])
def test_the_command_proposes_actions_and_spends_only_if_told_to(
    command: Callable[..., int], capsys: pytest.CaptureFixture[str], options: tuple[str, ...], tried: bool
) -> None:
    """The proposed actions follow the table as YAML, and the balance is asked for only with --spend."""
    assert command(demanding(), refused, *options) == 1
    said = capsys.readouterr().out
    assert "```yaml\nactions:\n" in said
    assert "additionalProperties: false" in said
    assert ("nothing is spent" in said) is tried


def test_only_what_reads_is_called_with_what_it_needs() -> None:
    """Of the other operations only GETs are called, with the required parameters of the query and no others."""
    seen: list[str] = []

    def service(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.raw_path.decode()}")
        return httpx.Response(200, json={})

    parameters = [
        {"name": "id", "in": "query", "required": True},
        {"name": "page", "in": "query"},
        {"name": "X-Trace", "in": "header", "required": True},
    ]
    checked(
        utilities(one={"get": answering(parameters=parameters), "delete": answering()}, two={"post": answering()}),
        service,
    )
    assert seen == ["GET /v1/one?id=no-such-id"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"credits": 1}, []),
        ({"credits": "1"}, ["answers with a value of credits that its schema forbids (type)"]),
        ([], ["answers with a value of the body that its schema forbids (type)"]),
        ({}, ["answers with a value of the body that its schema forbids (required)"]),
    ],
)
def test_an_answer_is_compared_with_its_schema(answer: Any, said: list[str]) -> None:
    """Each value of an answer that its schema forbids is a disagreement that names it, or the body as a whole."""
    schema = {"type": "object", "required": ["credits"], "properties": {"credits": {"type": "number"}}}
    document = utilities(one={"get": answering(schema)})
    assert [one.said for one in checked(document, lambda _: httpx.Response(200, json=answer)).disagreements] == said


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_service_that_cannot_be_reached_is_one_error(error: type[httpx.TransportError]) -> None:
    """A connection that fails, stalls or breaks ends the run with an error that names the request."""

    def service(request: httpx.Request) -> httpx.Response:
        raise error("no")

    with pytest.raises(CodegenError, match=f"^GET /v1/one: {error.__name__}$"):
        checked(utilities(one={"get": answering()}), service)


def spending(document: dict[str, Any], code: int) -> tuple[Findings, list[dict[str, Any]]]:
    """Run a session that may spend 5 credits; valid requests get this code. Return the valid bodies, too."""
    valid: list[dict[str, Any]] = []
    document["paths"]["/v1/balance"] = {"get": answering(**{"x-bfl-emulate": "credits"})}

    def service(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"credits": 9})
        if GUARD in json.loads(request.content).values():
            return refused(request)
        valid.append(json.loads(request.content))
        return httpx.Response(code, json={})

    return checked(document, service, 5), valid


@pytest.mark.parametrize(("code", "said"), [(200, []), (422, ["refuses a valid request with 422"])])
def test_a_valid_request_that_is_refused_is_a_disagreement(code: int, said: list[str]) -> None:
    """With a budget a small valid body is sent, and a service that refuses it contradicts the specification."""
    findings, valid = spending(demanding(), code)
    assert valid == [{"prompt": "x"}]
    assert [one.said for one in findings.disagreements if one.probe.keyword == "valid"] == said


def test_no_media_are_made_up() -> None:
    """An endpoint that needs a picture gets no valid request, and is listed as not tested."""
    document = demanding()
    picture = {"anyOf": [{"type": "string", "format": "bfl-media"}, {"type": "string", "maxLength": 9}]}
    document["components"]["schemas"]["PaintInputs"]["properties"]["prompt"] = picture
    findings, valid = spending(document, 200)
    assert (valid, findings.spent) == ([], 0)
    assert findings.untested == ["POST /v1/paint: a valid request needs media"]


def test_each_choice_a_wrong_one_and_leaving_out_are_tried() -> None:
    """A choice is tried with each of its values and another one, and left out once; an unknown parameter comes last."""
    document = demanding()
    document["components"]["schemas"]["PaintInputs"]["properties"]["mood"] = {
        "type": "string",
        "enum": ["calm", "wild"],
    }
    specification = Specification(document)
    (operation,) = specification.tasks
    probes = list(Prober(specification).probes(operation))
    found = [(one.keyword, one.body.get("mood"), one.expected) for one in probes if one.field == "mood"]
    assert found[:3] == [("required", None, True), ("enum", "calm", True), ("enum", "wild", True)]
    assert [(keyword, expected) for keyword, _, expected in found[3:]] == [("enum", False)]
    assert [
        ("mood" in one.body, one.expected) for one in probes if (one.field, one.keyword) == ("mood", "required")
    ] == [(False, True)]
    assert (probes[-1].keyword, probes[-1].expected) == ("additionalProperties", True)


def test_a_parameter_called_like_the_place_of_all_is_not_at_fault() -> None:
    """A parameter called `body` is refused only if a fault names it below the body."""
    document = demanding()
    document["components"]["schemas"]["PaintInputs"]["properties"]["body"] = {"type": "integer"}
    findings = checked(document, refused)
    assert not [one for one in findings.disagreements if one.probe.field == "body"]
    assert findings.asked > 5
