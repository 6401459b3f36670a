"""What is accepted, what is refused before sending, and what stands on the wire."""

from __future__ import annotations

import base64
import enum
import io
import json
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from bfl_api import models, specification
from bfl_api.table import ENDPOINTS
from bfl_client import Client, ConstraintError, Violation, constraints, media
from bfl_client import specification as reading
from hypothesis import given
from hypothesis import strategies as st

from .conftest import KEY, NAME, World, refuse, submitted, wire
from .test_downloads import WHOLE

pytestmark = pytest.mark.about("flux-dev")


def known() -> dict[str, Any]:
    """The parameters of the endpoint that most tests here are about."""
    schema = specification.load()["components"]["schemas"][ENDPOINTS["flux-dev"].schema]
    found: dict[str, Any] = schema["properties"]
    return found


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.about(f"flux-dev:{name}"))
        for name in ("width", "height", "steps", "guidance", "safety_tolerance")
    ],
)
def test_flux_dev_accepts_its_bounds_and_refuses_just_outside(name: str) -> None:
    """Both bounds of each number pass; one step beyond either is refused with the field and the bounds named."""
    node = next(each for each in known()[name].get("anyOf", [known()[name]]) if each.get("type") != "null")
    low, high = node["minimum"], node["maximum"]
    step = node.get("multipleOf", 1 if node["type"] == "integer" else 0.1)
    for value in (low, high):
        assert wire("flux-dev", {name: value}) == {name: value}
    for value in (low - step, high + step):
        violations = refuse("flux-dev", {name: value})
        assert list(violations) == [name]
        assert f"{low:g} to {high:g}" in violations[name].message


def test_flux_dev_accepts_everything_documented() -> None:
    """A request with every documented parameter of the endpoint goes out as given."""
    body = {
        "prompt": "a fox", "image_prompt": "https://example.com/a.png", "width": 256, "height": 1440, "steps": 28,
        "prompt_upsampling": True, "seed": 42, "guidance": 3, "safety_tolerance": 2, "output_format": "png",
        "webhook_url": "https://example.com/hook", "webhook_secret": "s",
    }  # fmt: skip
    body = {name: value for name, value in body.items() if name in known()}
    assert wire("flux-dev", body) == body
    assert wire("flux-dev", {"output_format": "jpeg"}) == {"output_format": "jpeg"}


@pytest.mark.parametrize(
    ("parameters", "field", "hint"),
    [
        ({"width": 257}, "width", "multiple of 32"),
        ({"width": "wide"}, "width", "an integer"),
        pytest.param({"seed": 1.5}, "seed", "an integer", marks=pytest.mark.about("flux-dev:seed")),
        ({"output_format": "gif"}, "output_format", "jpeg, png"),
        ({"webhook_url": "not a url"}, "webhook_url", "a URL"),
        ({"user": ""}, "user", "characters"),
        ({"widht": 512}, "widht", "is not a parameter of this endpoint"),
        ({"prompt": None}, "prompt", "a string"),
        ({"prompt": float("nan")}, "prompt", "not a number"),
        ({"prompt": object()}, "prompt", "object"),
        ({"prompt": {1: 2}}, "prompt", "key"),
    ],
)
def test_each_violation_names_field_and_bound(parameters: Any, field: str, hint: str) -> None:
    """A refused request names the field and what would be accepted."""
    if field == "user" and field not in known():
        pytest.skip("the specification does not know end users")
    violations = refuse("flux-dev", parameters)
    assert list(violations) == [field]
    assert hint in violations[field].message


@pytest.mark.parametrize(("key", "nearest"), [("widht", "width"), ("Prompt", "prompt"), ("zzzzzz", None)])
def test_an_unknown_parameter_gets_the_nearest_name(key: str, nearest: str | None) -> None:
    """The remedy for an unknown parameter has the nearest name, or None, as a fact, and names extra=."""
    remedy = refuse("flux-dev", {key: 512})[key].remedy
    assert (remedy.action, remedy.facts) == ("unknown-parameter", {"nearest": nearest})
    assert "extra=" in remedy
    assert nearest is None or repr(nearest) in remedy


def test_all_violations_are_reported_at_once() -> None:
    """Three mistakes give three violations in one error, which says that nothing was sent."""
    with pytest.raises(ConstraintError, match="nothing was sent") as caught:
        constraints.check("flux-dev", {"width": 1, "steps": 99, "colour": "red"})
    assert {violation.field for violation in caught.value.violations} == {"width", "steps", "colour"}
    assert all(str(violation) in str(caught.value) for violation in caught.value.violations)


@pytest.mark.about("flux-2-pro")
def test_a_required_parameter_is_named() -> None:
    """A missing required parameter is a violation of its own field."""
    assert refuse("flux-2-pro", {}) == {"prompt": Violation("prompt", "", "is required")}


@pytest.mark.about("flux-3-video")
def test_a_union_is_judged_by_its_discriminator() -> None:
    """A wrong parameter of one mode gives one violation, not one per mode; a missing mode names the modes."""
    assert list(refuse("flux-3-video", {"mode": "t2v", "prompt": "x", "duration": 99})) == ["duration"]
    for mode in ({}, {"mode": "nonsense"}, {"mode": ["t2v"]}):
        assert "t2v" in refuse("flux-3-video", {"prompt": "x", **mode})["mode"].message


@pytest.mark.about("flux-3-image")
def test_a_nested_violation_names_its_path() -> None:
    """A wrong element of a list is named by its index."""
    violations = refuse("flux-3-image", {"prompt": "x", "images": ["https://a.b/c.png", "cat.png"]})
    assert [field for field in violations if field.startswith("images")]


@pytest.mark.parametrize(
    "endpoint", [pytest.param(name, marks=pytest.mark.about(name)) for name in ("flux-2-pro", "flux-3-image")]
)
def test_unknown_parameters_pass_by_extra_only(endpoint: str) -> None:
    """A parameter that the schema does not know is refused in open and closed schemas, and passes through extra."""
    assert refuse(endpoint, {"prompt": "x", "novelty": 1})["novelty"].remedy.action == "unknown-parameter"
    assert wire(endpoint, {"prompt": "x"}, extra={"novelty": 1}) == {"prompt": "x", "novelty": 1}


def test_extra_does_not_switch_checking_off() -> None:
    """A known parameter in extra is still held to its bounds."""
    assert list(refuse("flux-dev", {"width": 1}, extra=["width"])) == ["width"]
    with pytest.raises(ConstraintError):
        wire("flux-dev", {}, extra={"width": 1})


def test_extra_wins_over_the_body() -> None:
    """A parameter that is given twice is sent as extra has it."""
    assert wire("flux-dev", {"width": 512, "height": 256}, extra={"width": 1024}) == {"width": 1024, "height": 256}


def test_validate_false_sends_anything() -> None:
    """With validate=False an invalid request goes out as it is."""
    assert wire("flux-dev", {"width": 1, "oh": None}, validate=False) == {"width": 1, "oh": None}


@pytest.mark.about("flux-dev:seed")
def test_a_null_in_a_mapping_is_sent() -> None:
    """An explicit null in a mapping reaches the wire where the schema allows it."""
    assert wire("flux-dev", {"seed": None}) == {"seed": None}


def test_a_model_sends_what_was_set(world: World) -> None:
    """A generated model sends exactly the fields that were set."""
    world.script = [submitted()]
    world.do(lambda client: client.submit("flux-dev", models.FluxDevInputs(prompt="a fox", width=512)))
    assert json.loads(world.requests[0].content) == {"prompt": "a fox", "width": 512}


@pytest.mark.parametrize("name", ["prompt", "user", "webhook_secret"])
def test_bytes_where_no_picture_belongs_are_refused(name: str, tmp_path: Path) -> None:
    """bytes, a Path and a file for a parameter that takes no media are violations of that parameter."""
    path = tmp_path / "x"
    path.write_bytes(b"x")
    for value in (b"a fox", path, io.BytesIO(b"x")):
        assert list(refuse(NAME, {name: value})) == [name]


class Colour(str, enum.Enum):  # noqa: UP042  # the older form is the one that trips serialisers
    PNG = "png"


class Number(float):
    """As numerical libraries have them."""


@pytest.mark.about("flux-dev:seed")
def test_subclasses_are_sent_as_what_they_are() -> None:
    """Members of string enumerations and float subclasses pass validation and arrive as plain values."""
    body = {"output_format": Colour.PNG, "guidance": Number(2.5)}
    assert wire(NAME, body) == {"output_format": "png", "guidance": 2.5}


@pytest.mark.about("flux-3-video")
@pytest.mark.parametrize("keyframes", [["cat.png"], [[0, "cat.png"]], "cat.png"])
def test_a_wrong_keyframe_is_named_with_the_remedy(keyframes: Any) -> None:
    """A path given as a string deep in a union is named where it stands, with the Path to pass instead."""
    (violation,) = refuse("flux-3-video", {"mode": "i2v", "prompt": "x", "keyframes": keyframes}).values()
    assert violation.field.startswith("keyframes")
    assert "Path('cat.png')" in violation.remedy
    assert (violation.remedy.action, violation.remedy.facts["path"]) == ("pass-file", "cat.png")


@pytest.mark.about("flux-3-video")
def test_a_union_names_all_that_it_takes() -> None:
    """The message for a value that fits no branch names every branch."""
    violations = refuse("flux-3-video", {"mode": "t2v", "prompt": "x", "duration": "x"})
    assert "an integer from 5 to 20 or 'auto'" in violations["duration"].message


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.characters(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=8,
)


@given(st.dictionaries(st.text() | st.sampled_from(["prompt", "width", "image_prompt", "seed"]), json_values))
def test_any_body_is_sent_or_refused(body: dict[str, Any]) -> None:
    """Whatever stands in a body, it becomes valid JSON of the announced length, or a ConstraintError."""
    for prepare in (constraints.check, media.prepare):  # the second is all there is with validate=False
        try:
            prepared = prepare("flux-dev", body)
        except ConstraintError as error:
            assert error.violations
            assert len(str(error)) < 400 * (1 + len(error.violations))
        else:
            content = b"".join(prepared)
            assert len(content) == prepared.length
            assert isinstance(json.loads(content), dict)
            assert b"".join(prepared) == content, "a body can be sent again"


def test_a_request_is_checked_without_client_and_key() -> None:
    """constraints.check takes a mapping or a model, with or without /v1/, and returns the body that would be sent."""
    for body in ({"prompt": "a fox"}, models.FluxDevInputs(prompt="a fox")):
        for name in ("flux-dev", "/v1/flux-dev"):
            assert b"".join(constraints.check(name, body)) == b'{"prompt":"a fox"}'
    assert list(refuse("/v1/flux-dev", {"novelty": 1})) == ["novelty"]
    assert constraints.check("flux-dev", {"novelty": 1}, extra=["novelty"]).plain == {"novelty": 1}


def test_of_an_unknown_endpoint_only_what_cannot_be_sent_is_refused() -> None:
    """A body for an endpoint that this version does not know passes as it is, unless it is not JSON."""
    assert constraints.check("flux-9-hyper", {"width": 1, "novelty": True}).plain == {"width": 1, "novelty": True}
    assert list(refuse("flux-9-hyper", {"prompt": object()})) == ["prompt"]


NEW = "#/components/schemas/"
UNKNOWN: dict[str, Any] = {
    "Side": {"type": "integer", "minimum": 64, "maximum": 4096},
    "Sketch": {"type": "object", "required": ["lines"], "properties": {"lines": {"type": "integer"}}},
    "Photo": {
        "type": "object",
        "required": ["lens", "width"],
        "properties": {"lens": {"enum": ["wide", "long"]}, "width": {"$ref": f"{NEW}Side", "maximum": 512}},
    },
}


@pytest.mark.parametrize("union", ["anyOf", "oneOf"])
def test_of_a_union_without_discriminator_the_nearest_branch_is_named(
    union: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the nearest branch refuses is named with that branch, and a bound beside a reference is in the words."""
    body = {union: [{"$ref": f"{NEW}Sketch"}, {"$ref": f"{NEW}Photo"}]}
    post = {"requestBody": {"content": {"application/json": {"schema": body}}}}
    document = {"paths": {"/v1/draw": {"post": post}}, "components": {"schemas": UNKNOWN}}
    monkeypatch.setattr(reading, "document", lambda: document)
    with pytest.raises(ConstraintError) as caught:
        constraints.check_body("draw", "/v1/draw", media.prepare("draw", {"lens": "wide", "width": 600}))
    (violation,) = caught.value.violations
    assert violation.field == "width"
    assert violation.message == "must be an integer from 64 to 512 by Photo, which fits best"


def test_a_schema_may_contain_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a schema refers to is found once, however often it refers to itself."""
    node = {"items": {"$ref": "#/components/schemas/Node"}}
    monkeypatch.setattr(reading, "resolved", lambda schema: node)
    assert constraints._reachable({"$ref": "#/components/schemas/Node"}) == {"Node": node}


def test_a_place_for_pictures_and_videos_takes_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a picture or a video may stand, each is taken, and what is neither is refused."""
    monkeypatch.setattr(reading, "media_kinds", lambda schema, path: {"image", "video"})
    found = {}
    for name, content in {**WHOLE, "text": b"a fox"}.items():
        body = media.prepare(NAME, {"image_prompt": content})
        found[name] = [each for one in body.media.values() for each in constraints._media({}, one)]
    assert [name for name, violations in found.items() if violations] == ["text"]


def test_parameters_of_a_path_hold_for_its_operations(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a path states for all its operations is checked like what one of them states."""
    identifier = {"name": "id", "in": "query", "required": True, "schema": {"type": "string", "maxLength": 3}}
    document = {"paths": {"/v1/thing": {"parameters": [identifier], "get": {}}}, "components": {"schemas": {}}}
    monkeypatch.setattr(reading, "document", lambda: document)
    constraints.check_query("/v1/thing", "get", {"id": "abc"})
    for wrong in ({}, {"id": "abcd"}):
        with pytest.raises(ConstraintError, match="id"):
            constraints.check_query("/v1/thing", "get", wrong)


class _Raises(Mapping[str, Any]):
    """A mapping that cannot be read."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __iter__(self) -> Any:
        raise self.error

    def __len__(self) -> int:
        return 1

    def __getitem__(self, key: str) -> Any:
        raise self.error


class _Model:
    """A model with a text where it has an enumeration, as attrs allows."""

    def to_dict(self) -> Any:
        raise AttributeError("'str' object has no attribute 'value'")


@pytest.mark.parametrize("body", [_Raises(KeyError("x")), _Model()])
def test_a_body_that_cannot_be_read_is_refused(world: World, body: Any) -> None:
    """A mapping or model that raises while it is read is a ConstraintError everywhere, and nothing is sent."""
    world.script = [submitted()]
    calls = (
        lambda client: constraints.check(NAME, body),
        lambda client: client.submit(NAME, body),
        lambda client: client.generate(NAME, body),
        lambda client: client.submit(NAME, {"prompt": "a"}, extra=body),
    )
    for found in world.each(*calls):
        assert isinstance(found, ConstraintError)
    assert not world.requests


@pytest.mark.parametrize("name", [None, 5, b"flux-dev", ["flux-dev"]])
def test_a_name_that_is_no_text_is_refused(name: Any) -> None:
    """What is not text is refused as the name of an endpoint, where a price is asked for, too."""
    with pytest.raises(ConstraintError):
        constraints.check(name, {"prompt": "a fox"})
    with pytest.raises(ConstraintError):
        Client(KEY).price(name, prompt="a fox")


@pytest.mark.parametrize("extra", [None, 5, b"abc", object()])
def test_extra_of_a_check_is_a_collection_of_keys(extra: Any) -> None:
    """Bytes let no key pass unchecked, and what has no keys is itself refused."""
    assert set(refuse("flux-dev", {"prompt": "a fox", "foo": 1}, extra)) in ({"extra"}, {"foo"})


@pytest.mark.parametrize("resolution", [pytest.param(10**6000, id="huge"), [[1]], float("nan"), {}])
def test_the_price_of_nonsense_is_not_known(resolution: Any) -> None:
    """A value that no rate is named after has no price, whatever its type and size."""
    for name in ENDPOINTS:
        amount = Client(KEY).price(name, resolution=resolution, mode=resolution, duration=resolution)
        assert amount is None or amount >= 0


@pytest.mark.parametrize(("endpoint", "name"), [("flux-9-hyper", "image"), ("flux-dev", "novelty")])
def test_a_parameter_that_is_not_known_may_take_a_file(tmp_path: Path, endpoint: str, name: str) -> None:
    """`@name` for a parameter or endpoint that is not known is the file if there is one, else a text."""
    (tmp_path / "fox.png").touch()
    found, wrong = constraints.with_files(endpoint, {name: ["@fox.png", "@owl.png"]}, tmp_path)
    assert (found, wrong) == ({name: [tmp_path / "fox.png", "@owl.png"]}, [])


@pytest.mark.parametrize("text", ["21:9", "9:21", "1:1", "16:9", "1920:1080"])
def test_a_ratio_lies_between_the_published_bounds(text: str) -> None:
    """Ratios of whole numbers pass from 9:21 to 21:9, both included; one beyond, or of zeros, does not."""
    assert constraints.is_ratio(text)
    width, _, height = text.partition(":")
    for wrong in (f"{width}0:{height[:1]}", f"0:{height}", f"{width}:0", "0:0", f"{width}/{height}", f" {text}"):
        assert not constraints.is_ratio(wrong)


@pytest.mark.about("flux-kontext-pro:aspect_ratio")
@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("16/9", "16:9"),
        ("1.78", "16:9"),
        ("1.5", "3:2"),
        ("1920x1080", "16:9"),
        ("1080×1920", "9:16"),
        ("9:30", "9:21"),
        ("30:9", "21:9"),
        ("0:5", None),
        ("tall", None),
    ],
)
def test_the_ratio_that_was_meant_is_named(given: Any, meant: str | None) -> None:
    """A ratio in another form, or beyond the bounds, gets the nearest that is accepted, if there is any."""
    found = refuse("flux-kontext-pro", {"prompt": "x", "aspect_ratio": given})["aspect_ratio"]
    assert (found.remedy.action, found.remedy.facts) == ("ratio", {"nearest": meant})


def test_a_file_that_is_missing_or_not_wanted_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`@name` must be a file where a picture belongs, and must not name one where none does."""
    (tmp_path / "fox.png").touch()
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)  # a long path would be shortened
    given = {"image_prompt": "@owl.png", "prompt": "@fox.png"}
    found, wrong = constraints.with_files("flux-dev", given)
    assert [(each.field, each.message) for each in wrong] == [
        ("image_prompt", "there is no file owl.png"),
        ("prompt", "does not accept a file, but this names one"),
    ]
    assert media.is_media(found["image_prompt"]), "it is reported once"
    (_, (folder,)) = constraints.with_files("flux-dev", {"image_prompt": "@folder"})
    assert folder.message == "folder is a folder"
    (_, (long,)) = constraints.with_files("flux-dev", {"image_prompt": "@" + "x" * 5000}, tmp_path)
    assert long.message.startswith("there is no file")


def test_parameters_of_a_path_are_what_they_stand_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A text in a path is a number where the specification says so, and never a step to another path."""
    identifier = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer", "maximum": 9}}
    name = {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    paths = {
        "/v1/thing/{id}": {"get": {"parameters": [identifier]}},
        "/v1/word/{name}": {"get": {"parameters": [name]}},
    }
    monkeypatch.setattr(reading, "document", lambda: {"paths": paths, "components": {"schemas": {}}})
    constraints.check_query("/v1/thing/7", "get", {})
    constraints.check_query("/v1/word/7", "get", {})
    for wrong in ("/v1/thing/10", "/v1/thing/x", "/v1/word/..", "/v1/word/%2E%2E", "/v1/word/"):
        with pytest.raises(ConstraintError):
            constraints.check_query(wrong, "get", {})


@pytest.mark.about("delete_finetune")
def test_what_cannot_be_sent_unchecked_has_no_remedy_that_says_so(world: World) -> None:
    """`validate=False` is the remedy of a refused request to an endpoint alone: other operations do not take it."""
    with pytest.raises(ConstraintError) as refused:
        constraints.check("flux-dev", {"width": 1})
    assert refused.value.remedy.action == "unchecked"
    with pytest.raises(ConstraintError) as other:
        world.do(lambda client: client.utility.delete_finetune(7))
    assert not other.value.remedy.action


@pytest.mark.parametrize("more", [True, False, {"type": "integer"}])
def test_an_open_schema_takes_what_it_does_not_list(more: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where the specification says outright that there are more parameters, one that it does not list is sent."""
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}, "additionalProperties": more}
    post = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    document = {"paths": {"/v1/draw": {"post": post}}, "components": {"schemas": {}}}
    monkeypatch.setattr(reading, "document", lambda: document)
    body = media.prepare("draw", {"a": 1, "novelty": 1})
    with nullcontext() if more is True else pytest.raises(ConstraintError, match="novelty"):
        constraints.check_body("draw", "/v1/draw", body)


@pytest.mark.about("flux-3-image:images")
def test_files_stand_where_they_may() -> None:
    """A file goes through extra as it is; in a wrong place it is shown by its size; a document in a list is refused."""
    assert wire("flux-dev", {}, extra={"novelty": b"fox"}) == {"novelty": "Zm94"}
    assert refuse("flux-dev", {"width": b"fox"})["width"].value == "<3 bytes>"
    document = base64.b64encode(b"%PDF-1.7 " * 99).decode()
    found = refuse("flux-3-image", {"prompt": "x", "images": [document]})
    assert found["images[0]"].message == "is a PDF document, not a picture"


def test_what_is_nested_too_deep_names_no_file(tmp_path: Path) -> None:
    """A list that contains itself is left to be refused when the request is checked."""
    circle: list[Any] = ["a fox"]
    circle.append(circle)
    found, wrong = constraints.with_files("flux-dev", {"image_prompt": circle, "prompt": "a fox"}, tmp_path)
    assert found["image_prompt"] is circle
    assert not wrong


def test_a_name_has_at_most_200_characters() -> None:
    """A name that is longer than any endpoint's will be is refused before it becomes a path; 200 characters pass."""
    assert constraints.check("x" * 200, {}).plain == {}
    with pytest.raises(ConstraintError, match="is not an endpoint name"):
        constraints.check("x" * 201, {})


def test_the_branch_with_the_fewest_mistakes_is_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two branches of which a body breaks both, the one that it breaks in fewer places is named."""
    most = [{"type": "integer", "maximum": number} for number in (1, 5)]
    union = [
        {"title": "Strict", "properties": {"a": most[0], "b": most[0]}},
        {"title": "Loose", "properties": {"a": most[1], "b": {}}},
    ]
    post = {"requestBody": {"content": {"application/json": {"schema": {"anyOf": union}}}}}
    document = {"paths": {"/v1/draw": {"post": post}}, "components": {"schemas": {}}}
    monkeypatch.setattr(reading, "document", lambda: document)
    with pytest.raises(ConstraintError) as caught:
        constraints.check_body("draw", "/v1/draw", media.prepare("draw", {"a": 6, "b": 6}))
    (violation,) = caught.value.violations
    assert (violation.field, violation.message) == ("a", "must be an integer of at most 5 by Loose, which fits best")
