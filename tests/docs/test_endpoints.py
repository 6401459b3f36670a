"""The pages of the endpoints: each example is run as it stands, and each page says what the specification says."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import bfl_batch
import pytest
from bfl_api import specification as packaged
from bfl_api.specification import SERVER
from bfl_client import Client, constraints, specification
from bfl_client.specification import ENDPOINTS
from bfl_emulator import Emulator

from docs import models, pages, pictures
from docs.requests import Request, asynchronous, command_line, curl, job, python, requests
from docs.sources import FACTS, reasons
from tests.cli.shell import Shell, unix

REQUESTS = [request for endpoint in ENDPOINTS.values() for request in requests(endpoint)]
PROGRAMS = [shutil.which(name) for name in ("bash", "curl", "base64", "tr")]
every_request = pytest.mark.parametrize("request_", REQUESTS, ids=lambda request: request.name)
every_endpoint = pytest.mark.parametrize("name", ENDPOINTS)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the files that the examples send."""
    folder = tmp_path_factory.mktemp("inputs")
    pictures.write_inputs(folder)
    return folder


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=float("inf"), credits=1e6, check=True) as emulator:
        yield emulator
    emulator.assert_no_leaks()


@pytest.fixture
def here(inputs: Path, emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request_: Request) -> Path:
    """The current folder, with what the example sends, for a program that is to reach the emulator."""
    _copy(request_, inputs, tmp_path)
    monkeypatch.chdir(tmp_path)
    emulator.use(monkeypatch)
    return tmp_path


def _copy(request: Request, inputs: Path, folder: Path) -> None:
    for value in request.body.values():
        if isinstance(value, Path):
            shutil.copy(inputs / value, folder)


def _is_made(request: Request, file: Path) -> bool:
    head = file.read_bytes()[:12]
    return (
        (b"ftyp" in head) if request.endpoint.kind == "video" else head.startswith((b"\x89PNG", b"\xff\xd8", b"RIFF"))
    )


@every_request
@pytest.mark.parametrize("write", [python, asynchronous], ids=["python", "async"])
def test_the_program_saves_what_it_says(
    write: Callable[[Request], str], request_: Request, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The program of the page, run as it stands, makes the file whose name it prints."""
    exec(compile(write(request_), "page", "exec"), {"__name__": "__main__"})
    made = here / capsys.readouterr().out.strip()
    assert made.name.startswith(request_.file)
    assert _is_made(request_, made)


@every_request
def test_the_command_saves_what_it_says(request_: Request, inputs: Path, emulator: Emulator, tmp_path: Path) -> None:
    """The command of the page, run as it stands, makes its file."""
    shell = Shell(tmp_path, emulator)
    _copy(request_, inputs, shell.here)
    done = shell.run(*shlex.split(command_line(request_).replace("\\\n", ""))[1:])
    assert done.code == 0, done.err
    (made,) = [shell.here / name for name in shell.files if name.startswith(request_.file)]
    assert _is_made(request_, made)


def test_the_lines_are_jobs(inputs: Path, emulator: Emulator, tmp_path: Path) -> None:
    """Each line of a page is a job that a batch carries out; only their names are changed, which must differ."""
    shutil.copytree(inputs, tmp_path, dirs_exist_ok=True)
    lines = [json.loads(job(request)) | {"name": request.name.replace("/", " ")} for request in REQUESTS]
    (tmp_path / "jobs.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    out = tmp_path / "pictures"
    bfl_batch.run(tmp_path / "jobs.jsonl", out=out, base_url=emulator.base_url, api_key=emulator.api_key)
    records = list(map(json.loads, (out / "results.jsonl").read_text(encoding="utf-8").splitlines()))
    assert len(records) == len(REQUESTS)
    assert not [record for record in records if record["state"] != "done"]


@unix
@every_request
@pytest.mark.skipif(not all(PROGRAMS), reason="needs bash, curl, base64 and tr")
def test_curl_submits(request_: Request, here: Path, emulator: Emulator) -> None:
    """The command for curl, of which only the host is changed, submits a task that becomes ready."""
    command = curl(request_).replace(SERVER, emulator.base_url)
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    receipt = json.loads(done.stdout)
    with Client(emulator.api_key, emulator.base_url) as client:
        assert client.task(receipt["id"], receipt["polling_url"]).status().status == "Ready"


@every_request
def test_the_picture_to_send_along_is_taken(request_: Request, inputs: Path) -> None:
    """The parameter that a page offers for a picture takes the file that it names."""
    offered = pages.optional_media(request_)
    if offered is not None:
        constraints.check(request_.endpoint.name, request_.placed(inputs) | {offered[0]: inputs / offered[1]})


@every_endpoint
def test_the_page_says_what_the_specification_says(name: str, inputs: Path) -> None:
    """A page has each parameter of its endpoint, its bounds, its price and each example."""
    found = requests(ENDPOINTS[name])
    page = pages.endpoint_page(ENDPOINTS[name], found, inputs)
    plain = page.replace("\\", "")
    for parameter in specification.parameters(name).values():
        assert f"| `{parameter.name}`" in page
        assert parameter.media or " ".join(parameter.bounds.split()).replace("\\", "") in plain
    assert all(specification.price_in_words(name, request.body) in plain for request in found)
    assert all(write(request) in page for request in found for write in (python, asynchronous, command_line, job, curl))


def test_each_endpoint_has_a_page_and_is_found_by_purpose(inputs: Path) -> None:
    """The index has each endpoint under what one wants to do, and its list of pages is the table of endpoints."""
    every = {name: requests(endpoint) for name, endpoint in ENDPOINTS.items()}
    index = pages.index_page(every, inputs)
    purposes, _, listed = index.partition("## All pages")
    assert all(f"[{name}]({name}.md)" in purposes for name in ENDPOINTS)
    assert set(listed.split()) - {"```{toctree}", "```"} == set(ENDPOINTS)


def test_a_new_endpoint_gets_its_page(monkeypatch: pytest.MonkeyPatch, inputs: Path) -> None:
    """An endpoint that the specification gains is on the index and has a page, without a change by hand."""
    known, document = next(iter(ENDPOINTS.values())), packaged.load()
    new = known._replace(name="new-in-docs", path="/v1/new-in-docs")
    paths = {**document["paths"], new.path: document["paths"][known.path]}
    monkeypatch.setattr(packaged, "load", lambda: {**document, "paths": paths})
    monkeypatch.setitem(ENDPOINTS, new.name, new)
    every = {name: requests(endpoint) for name, endpoint in ENDPOINTS.items()}
    assert "[new-in-docs](new-in-docs.md)" in pages.index_page(every, inputs)
    page = pages.endpoint_page(new, every[new.name], inputs)
    assert page.startswith("# new-in-docs\n")
    assert f"{SERVER}/v1/new-in-docs" in page


def test_an_endpoint_without_a_body_has_a_page(monkeypatch: pytest.MonkeyPatch, inputs: Path) -> None:
    """An endpoint whose specification has no body gets a page with a request that sends nothing."""
    known = next(iter(ENDPOINTS.values()))
    bare = known._replace(name="bare-in-docs", schema="")
    monkeypatch.setitem(ENDPOINTS, bare.name, bare)
    monkeypatch.setattr(specification, "find", lambda name: ENDPOINTS.get(name))
    (request,) = requests(bare)
    assert request.body == {}
    assert "### Parameters" in pages.endpoint_page(bare, [request], inputs)


def test_an_endpoint_without_marks_has_a_purpose() -> None:
    """An endpoint that the overlay says nothing about is listed by whether it needs a picture."""
    plain = next(request for request in REQUESTS if not request.form.parameters[0].media)._replace(marks={})
    assert pages.purposes(plain) == [pages.PURPOSES["make"]]
    needs = next(each for each in REQUESTS if any(p.media and p.required for p in each.form.parameters))
    assert pages.purposes(needs._replace(marks={})) == [pages.PURPOSES[""]]


@every_endpoint
def test_each_mark_has_its_reason(name: str) -> None:
    """For each fact that is a mark, a page, or the index for all endpoints, says how it is known."""
    said = {fact for reason in [*reasons()[name], *reasons()[""]] for fact in reason.facts}
    marks = {mark for request in requests(ENDPOINTS[name]) for mark in request.marks}
    assert marks <= FACTS.keys()
    assert {FACTS[mark] for mark in marks} <= said
    assert all(reason.because for reason in reasons()[name])


def test_each_parameter_that_the_overlay_corrects_has_its_reason() -> None:
    """Each bound that `bfl describe` calls a correction is on the page with the same reason."""
    for name in ENDPOINTS:
        for parameter in specification.parameters(name).values():
            for said in specification.overlay_bounds(parameter.schema):
                assert any(
                    reason.because in said and f"`{parameter.name}`" in reason.facts for reason in reasons()[name]
                )


def test_the_models_are_all_there() -> None:
    """The page of the models has each name that `bfl_api.models` exports."""
    from bfl_api import models as generated

    page = models.page()
    assert all(f"`{name}`" in page or f"### {name}\n" in page for name in generated.__all__)
