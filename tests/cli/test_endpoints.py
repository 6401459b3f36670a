"""bfl endpoints, describe and validate: what the specification says, without a key or a network."""

from __future__ import annotations

import json
import re

import pytest
from bfl_api import specification
from bfl_api.table import ENDPOINTS
from bfl_client import specification as client

from tests.needs import PICTURE

from .shell import Shell


def test_every_endpoint_is_listed_and_described(lonely_shell: Shell) -> None:
    """`bfl endpoints` names every endpoint; `bfl describe` each parameter with bounds; neither needs a key."""
    listed = lonely_shell.run("endpoints")
    names = [line.split()[0] for line in listed.out.splitlines()[1:]]
    assert sorted(names) == sorted(ENDPOINTS)
    assert [each["name"] for each in lonely_shell.run("endpoints", "--json").json] == names
    shown = lonely_shell.run("describe", PICTURE)
    schema = specification.load()["components"]["schemas"][ENDPOINTS[PICTURE].schema]["properties"]
    for name in schema:
        assert f"\n{name}" in shown.out
    assert re.search(r"width  \(default \d+\)\n    an integer from \d+ to \d+, a multiple of \d+\n", shown.out)
    for name, each in ENDPOINTS.items():
        made = "a video" if each.kind == "video" else "a picture"
        assert f"\n  makes {made}, usually in {each.duration:g} s; " in lonely_shell.run("describe", name).out
    for name in filter(client.price_in_words, ENDPOINTS):
        costs = f"costs {client.price_in_words(name)}, by the list of {client.price_list()}"
        assert costs in " ".join(lonely_shell.run("describe", name).out.split())
    data = lonely_shell.run("describe", PICTURE, "--json").json
    assert {each["name"]: each["default"] for each in data["parameters"]}["width"] == schema["width"]["default"]


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_endpoints_are_listed_by_family_with_their_prices(lonely_shell: Shell, columns: int) -> None:
    """The newest family comes first, each line has duration and rates, in columns from 80 on, and none is broken."""
    lines = lonely_shell.run("endpoints", COLUMNS=str(columns)).out.splitlines()
    assert max(map(len, lines)) <= columns
    text = " ".join(" ".join(lines).split())
    for name, endpoint in ENDPOINTS.items():
        assert f"{name} {endpoint.kind} {endpoint.duration:g} s {client.rates_in_words(name) or '-'}" in text
        if columns == 200:
            assert endpoint.summary in text
    if columns >= 80:
        place = lines[0].index("MAKES")
        kinds = {line[place - 1 : place + 6].strip() for line in lines[1:]}
        assert kinds == {endpoint.kind for endpoint in ENDPOINTS.values()}
    families = [client.family(line.split()[0]) for line in lines[1:] if line[0] != " "]
    assert families == sorted(families, reverse=True)


def test_a_description_says_which_bounds_are_corrections(lonely_shell: Shell) -> None:
    """`bfl describe` gives each bound that differs from the published one with both numbers and the reason."""
    corrected = 0
    for name, endpoint in ENDPOINTS.items():
        node = specification.load()["components"]["schemas"][endpoint.schema] if endpoint.schema else {}
        marks = [mark for each in node.get("properties", {}).values() for mark in each.get("x-bfl-bounds", {}).items()]
        if marks:
            said = " ".join(lonely_shell.run("describe", name).out.split())
            for key, mark in marks:
                assert re.search(rf"{key} \d+ is a correction \(published: {mark['published']}\)", said)
                assert mark["because"] in said
                corrected += 1
    assert corrected == json.dumps(specification.load()).count('"published": ')


@pytest.mark.about("flux-3-video")
def test_every_description_fits_a_narrow_terminal(lonely_shell: Shell) -> None:
    """In 40 columns no line of a description is longer, for an endpoint with several forms too."""
    for name in (PICTURE, "flux-3-video"):
        done = lonely_shell.run("describe", name, COLUMNS="40")
        assert done.code == 0, done.err
        assert max(len(line) for line in done.out.splitlines()) <= 40, done.out
    assert "mode=t2v" in done.out


def test_a_request_is_checked_without_being_sent(shell: Shell) -> None:
    """`bfl validate` names every violation of a file or of standard input, and sends nothing; it needs no key."""
    assert shell.emulator is not None
    before = len(shell.emulator.requests)
    (shell.here / "good.json").write_text(json.dumps({"prompt": "a fox", "width": 512}))
    done = shell.run("validate", PICTURE, "--body", "good.json", BFL_API_KEY="")
    assert (done.code, done.out) == (0, f"{PICTURE} accepts this request\n")
    done = shell.run("validate", PICTURE, "--json", "-", stdin=b'{"prompt": 1, "width": 511, "colour": "red"}')
    assert done.code == 3
    assert [each["field"] for each in done.json["error"]["violations"]] == ["colour", "prompt", "width"]
    for body in (b"[]", b"nonsense", b"\xff", b"[" * 100_000):
        assert shell.run("validate", PICTURE, "--body", "-", stdin=body).code == 3
    assert shell.run("validate", PICTURE, "--body", "gone.json").code == 2
    assert shell.run("validate", "flux-none", "good.json").code == 3
    assert shell.run("validate", "flux-none", "a fox", "--no-validate").code == 0
    done = shell.run("validate", PICTURE, "a fox", "-p", "width=512", "--json")
    assert done.json == {"endpoint": PICTURE, "valid": True}
    assert len(shell.emulator.requests) == before


FORMS = [name for name in ENDPOINTS if len(client.forms(name)) > 1]


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_an_endpoint_is_described(lonely_shell: Shell, name: str) -> None:
    """`bfl describe --json` has the parameters of all forms together, and those of each under its title."""
    data = lonely_shell.run("describe", name, "--json").json
    forms = {form.title: [each.name for each in form.parameters] for form in client.forms(name)}
    assert {title: [each["name"] for each in found] for title, found in data["forms"].items()} == forms
    assert {each["name"] for each in data["parameters"]} == {each for names in forms.values() for each in names}
    shown = lonely_shell.run("describe", name).out
    assert all(f"\n{title}\n" in shown for title in forms)


def test_a_description_as_json_has_what_the_specification_says(lonely_shell: Shell) -> None:
    """`bfl describe --json` has the facts of an endpoint, and of each parameter what is accepted, and what it means."""
    for name, endpoint in ENDPOINTS.items():
        data = lonely_shell.run("describe", name, "--json").json
        assert (data["name"], data["kind"], data["price"]) == (name, endpoint.kind, client.price_in_words(name))
        for fact in ("path", "duration", "active_limit", "unpublished"):
            assert data[fact] == getattr(client.ENDPOINTS[name], fact)
        assert ("forms" in data) == (name in FORMS)
        described = {each["name"]: each for each in data["parameters"]}
        assert described.keys() == client.parameters(name).keys()
        for key, parameter in client.parameters(name).items():
            facts = described[key]
            assert (facts["required"], facts["media"]) == (parameter.required, parameter.media)
            assert (facts["accepts"], facts["types"]) == (parameter.bounds, sorted(parameter.types))
            assert facts["corrections"] == list(client.overlay_bounds(parameter.schema))


def test_what_must_be_given_comes_first(lonely_shell: Shell) -> None:
    """A description begins with the required parameters, marks them and what takes a file, and tells false defaults."""
    marked = files = falses = 0
    for name in ENDPOINTS:
        if name in FORMS:
            continue
        lines = lonely_shell.run("describe", name, COLUMNS="120").out.splitlines()
        heads = [line.split("  ")[0] for line in lines[1:] if line and not line.startswith(" ")]
        known = client.parameters(name)
        assert sorted(heads) == sorted(known)
        required = [each for each in heads if known[each].required]
        assert heads[: len(required)] == required
        for head in heads:
            (number,) = (number for number, line in enumerate(lines) if line.split("  ")[0] == head and number)
            assert lines[number].endswith("(required)") == known[head].required
            marked += known[head].required
            if known[head].default is False:
                assert lines[number].endswith("(default false)")
                falses += 1
            if known[head].media:
                assert "(@FILE)" in " ".join(lines[number + 1 : number + 3])
                files += 1
    assert marked and files and falses


def test_an_unpublished_endpoint_is_marked(lonely_shell: Shell) -> None:
    """`bfl endpoints` says of an endpoint that is not published that it is not, and of no other."""
    lines = lonely_shell.run("endpoints", COLUMNS="250").out.splitlines()[1:]
    marked = {line.split()[0] for line in lines if line.endswith("(unpublished)")}
    assert marked == {name for name in ENDPOINTS if client.ENDPOINTS[name].unpublished}
    facts = {each["name"]: each for each in lonely_shell.run("endpoints", "--json").json}
    assert {name for name, each in facts.items() if each["unpublished"]} == marked
    assert {each["rates"] for each in facts.values()} == {client.rates_in_words(name) for name in ENDPOINTS}


def test_a_terminal_without_a_width_is_described_to(lonely_shell: Shell) -> None:
    """A terminal that is too narrow for anything gets the text all the same."""
    for columns in ("1", "7"):
        assert lonely_shell.run("describe", PICTURE, COLUMNS=columns).code == 0
        assert lonely_shell.run("endpoints", COLUMNS=columns).code == 0
