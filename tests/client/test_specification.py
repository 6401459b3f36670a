"""The packaged specification, read: bounds in words, texts with types, prices."""

from __future__ import annotations

import math
from typing import Any

import pytest
from bfl_api.table import ENDPOINTS
from bfl_client import media, specification
from bfl_client.pictures import Measured
from PIL import Image

from .conftest import NAME

SCHEMAS: list[Any] = [
    (
        {"type": "integer", "minimum": 256.0, "maximum": 1440, "multipleOf": 32},
        "an integer from 256 to 1440, a multiple of 32",
    ),
    (
        {"anyOf": [{"type": "integer", "minimum": 5}, {"const": "auto"}, {"type": "null"}]},
        "an integer of at least 5 or 'auto'",
    ),
    (
        {"type": "array", "items": {"enum": [1, 2]}, "minItems": 1},
        "a list of at least 1 items, each one of 1, 2",
    ),
    (
        {"type": "array", "prefixItems": [{"type": "number"}, {"type": "string"}], "minItems": 2, "maxItems": 2},
        "a list of 2 items of a number, a string",
    ),
    ({"type": "string", "maxLength": 9}, "a string of at most 9 characters"),
    ({"type": ["string", "null"]}, "a string or null"),
    ({"type": "number", "exclusiveMinimum": 0.5}, "a number above 0.5"),
    ({}, ""),
]


@pytest.mark.parametrize(("schema", "phrase"), SCHEMAS)
def test_schemas_in_words(schema: Any, phrase: str) -> None:
    """A schema's bounds are put in words."""
    assert specification.in_words(schema) == phrase


# Endpoints and parameters


def test_a_version_belongs_to_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name stands for /v1/ unless it begins with a version; a path is the endpoint that has exactly this path."""
    first = next(each for each in ENDPOINTS.values() if each.path == f"/v1/{each.name}")
    second = first._replace(name=f"v2/{first.name}", path=f"/v2/{first.name}")
    monkeypatch.setattr(specification, "ENDPOINTS", {**ENDPOINTS, second.name: second})
    for name in (first.name, f"v1/{first.name}", first.path):
        assert specification.find(name) == first
    for name in (second.name, second.path):
        assert (specification.find(name), specification.normalized(name)) == (second, second.name)
    assert specification.find(f"v3/{first.name}") is None
    assert [specification.path_of(name) for name in ("new", "v1/new", "/v3/new")] == ["/v1/new", "/v1/new", "/v3/new"]
    assert [specification.normalized(name) for name in ("new", "/v1/new", "v3/new")] == ["new", "new", "v3/new"]


@pytest.mark.parametrize("name", [NAME, f"v1/{NAME}", f"/v1/{NAME}"])
def test_an_endpoint_is_found_with_and_without_its_version(name: str) -> None:
    """An endpoint's name is its path after /v1/, which may stand before it."""
    assert specification.normalized(name) == NAME
    assert specification.find(name) is ENDPOINTS[NAME]


def test_an_unknown_endpoint_gets_the_nearest_name() -> None:
    """A misspelt endpoint gets the nearest name as a fact; one that resembles none gets None."""
    near, far = (specification.unknown_endpoint(name) for name in (f"{NAME}z", "Ω"))
    assert specification.find(f"{NAME}z") is specification.find("Ω") is None
    assert (near.field, near.remedy.action, near.remedy.facts) == ("endpoint", "endpoints", {"nearest": NAME})
    assert (far.field, far.remedy.action, far.remedy.facts) == ("endpoint", "endpoints", {"nearest": None})


@pytest.mark.parametrize(
    ("word", "nearest"), [("widht", "width"), ("WIDTH", "width"), ("promt", "prompt"), ("zzzzzz", None), ("", None)]
)
def test_the_nearest_word_is_what_was_meant(word: str, nearest: str | None) -> None:
    """Misspelt words are near, whatever their case; unlike words are near nothing."""
    assert specification.nearest(word, ["width", "height", "prompt"]) == nearest


@pytest.mark.parametrize("name", ENDPOINTS)
def test_every_parameter_is_described(name: str) -> None:
    """Each endpoint has its forms, each form its parameters, and each parameter's bounds are in words."""
    assert specification.forms(name)
    for form in specification.forms(name):
        assert {each.name for each in form.parameters} <= specification.parameters(name).keys()
    for parameter in specification.parameters(name).values():
        assert parameter.bounds
        assert parameter.types or parameter.choices or parameter.schema == {}
    assert specification.media_parameters(name) == {
        each.name for each in specification.parameters(name).values() if each.media
    }


def test_what_is_not_known_has_no_parameters() -> None:
    """An endpoint that this version does not know has no forms, no parameters and no media."""
    assert specification.forms("flux-9-hyper") == ()
    assert specification.parameters("flux-9-hyper") == {}
    assert specification.media_parameters("flux-9-hyper") == frozenset()


@pytest.mark.about("flux-dev", "flux-3-video")
def test_a_parameter_says_what_it_takes() -> None:
    """Choices, default, types and bounds are those of the specification; a union has a form for each mode."""
    known = specification.parameters("flux-dev")
    assert known["width"].types == {"integer"}
    node = known["width"].schema
    assert known["width"].default == node["default"]
    bounds = f"an integer from {node['minimum']} to {node['maximum']}, a multiple of {node['multipleOf']}"
    assert known["width"].bounds == bounds
    assert {"jpeg", "png"} <= set(known["output_format"].choices)
    assert known["prompt_upsampling"].choices == ["true", "false"]
    assert specification.media_parameters("flux-dev") == {"image_prompt"}
    titles = [form.title.split(" or ") for form in specification.forms("flux-3-video")]
    assert all(any(f"mode={mode}" in title for title in titles) for mode in ("t2v", "i2v", "v2v", "draft_enhance"))


@pytest.mark.about("flux-dev")
@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("width", "1024", 1024),
        ("width", "1024.0", 1024),  # as spreadsheets write it
        ("width", "1024.5", "1024.5"),
        ("guidance", "2.5", 2.5),
        ("prompt", "1024", "1024"),
        ("prompt", '"quoted"', '"quoted"'),
        ("prompt", "a fox", "a fox"),
        pytest.param("seed", "1.5", "1.5", marks=pytest.mark.about("flux-dev:seed")),
        pytest.param("seed", "null", None, marks=pytest.mark.about("flux-dev:seed")),
        ("prompt_upsampling", "true", True),
        ("output_format", "png", "png"),
        ("novelty", "[1, 2]", [1, 2]),
        ("novelty", "[" * 100_000, "[" * 100_000),
    ],
)
def test_a_text_gets_the_type_of_its_parameter(key: str, text: str, value: object) -> None:
    """A text is read as JSON where its parameter takes what that gives, or is unknown; else it stays a text."""
    typed = specification.typed("flux-dev", key, text)
    assert (typed, type(typed)) == (value, type(value))


# Prices


@pytest.mark.parametrize(
    ("endpoint", "body", "price", "highest"),
    [
        ("flux-kontext-max", {}, 8, 8),
        ("flux-2-klein-4b", {}, 1.4, 1.4),
        ("flux-2-klein-4b", {"width": 1024, "height": 1024}, 1.4, 1.4),
        ("flux-2-klein-4b", {"width": 1040, "height": 1024}, 1.5, 1.5),  # each begun megapixel counts
        ("flux-2-klein-4b", {"width": 1039, "height": 1024}, 1.4, 1.4),  # made 1024 wide: in steps of 16
        ("flux-2-klein-4b", {"width": 2048, "height": 2048}, 1.7, 1.7),
        ("flux-2-pro", {"width": 1440, "height": 1440}, 4.5, 4.5),  # a receipt of 1.98 megapixels
        ("flux-2-pro", {"input_image": "https://a.b/c.png"}, None, 3 + 1.5 * (3 + 4)),
        ("flux-2-pro", {"input_image": None}, 3, 3),
        (
            "flux-2-pro",
            {"input_image": "AAAA", "input_image_2": "AAAA", "width": 1024, "height": 1024},
            None,
            3 + 1.5 * 2 * 4,
        ),
        ("flux-3-video", {"mode": "t2v", "duration": 5, "resolution": "hd"}, 5 * 17, 5 * 17),
        ("flux-3-video", {"mode": "t2v", "duration": 5, "resolution": "uhd"}, 5 * 80, 5 * 80),
        ("flux-3-video", {"duration": 5, "resolution": "hd"}, None, 5 * 41),
        ("flux-3-video", {"mode": "t2v", "duration": 5, "draft": True}, 5 * 6, 5 * 6),
        ("flux-3-video", {"mode": "v2v", "duration": 5, "draft": True}, 5 * 12, 5 * 12),
        ("flux-3-video", {"mode": "t2v", "duration": "auto", "resolution": "hd"}, None, 20 * 17),
        ("flux-3-video", {"mode": "v2v", "duration": "auto", "resolution": "hd"}, None, 15 * 41),
        ("flux-3-video", {"mode": "t2v", "duration": 5, "resolution": "not known yet"}, None, 5 * 80),
        ("flux-tools/video-edit-v1", {}, None, 15 * 3),
    ],
)
def test_a_price_is_known_or_bounded(
    endpoint: str, body: dict[str, object], price: float | None, highest: float | None
) -> None:
    """price() is what the list says where that is certain beforehand; highest_price() is the most it can be."""
    if endpoint not in ENDPOINTS:
        pytest.skip(f"the specification does not have {endpoint}")
    assert specification.price(endpoint, body) == pytest.approx(price)
    assert specification.highest_price(endpoint, body) == pytest.approx(highest)


@pytest.mark.about("flux-3-video")
@pytest.mark.parametrize("body", [{}, {"mode": "t2v"}, {"mode": "v2v"}, {"mode": "draft_enhance"}, {"mode": "none"}])
def test_what_a_film_leaves_open_counts_with_the_most(body: dict[str, object]) -> None:
    """A video of unknown length or mode has no price, and a highest one that no certain price of its kind exceeds."""
    assert specification.price("flux-3-video", body) is None
    highest = specification.highest_price("flux-3-video", body)
    certain = specification.price("flux-3-video", {"mode": "t2v", **body, "duration": 15, "resolution": "hd"})
    assert highest is not None
    assert highest >= (certain or 0)


@pytest.mark.about("flux-tools/video-upscale-v1")
def test_a_film_that_is_made_larger_is_priced_by_its_volume() -> None:
    """Megapixels times seconds are not known beforehand, but have a most; more creativity costs no less."""
    endpoint = "flux-tools/video-upscale-v1"
    assert specification.price(endpoint, {"creativity": 0}) is None
    low, high = (specification.highest_price(endpoint, {"creativity": each}) for each in (0, 1))
    assert low is not None
    assert high is not None
    assert 0 < low < high


@pytest.mark.about("flux-2-klein-4b")
@pytest.mark.parametrize("side", ["width", "height"])
def test_the_side_that_is_left_out_counts_too(side: str) -> None:
    """A picture of which one side is given does not cost less at the most than with the usual other side."""
    other = {"width": "height", "height": "width"}[side]
    alone = specification.highest_price("flux-2-klein-4b", {side: 2048})
    both = specification.price("flux-2-klein-4b", {side: 2048, other: 1024})
    assert alone is not None
    assert both is not None
    assert alone >= both


@pytest.mark.parametrize("body", [{}, {"prompt": "x", "width": "wide", "mode": ["t2v"], "duration": {}}])
@pytest.mark.parametrize("name", ["flux-9-hyper", *ENDPOINTS])
def test_every_endpoint_has_a_price_at_most_or_none_at_all(name: str, body: dict[str, object]) -> None:
    """Whatever a body holds, a price is a number that the highest one reaches; without a highest there is none."""
    price, highest = specification.price(name, body), specification.highest_price(name, body)
    assert price is None or (highest is not None and 0 < price <= highest)
    assert highest is None or highest > 0


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (None, "not stated"),
        (0.0, "0"),
        (3.0, "3"),
        (12.5, "12.5"),
        (1234.0, "1,234"),
        (0.126, "0.13"),
        (100.0, "100"),
    ],
)
def test_credits_in_words(amount: float | None, words: str) -> None:
    """Credits have two decimals at most, and thousands set apart."""
    assert specification.credits_in_words(amount) == words


def test_the_price_of_a_shape_is_part_of_the_endpoints_price() -> None:
    """With what selects a shape of the body the price is that of the shape, without it that of every shape."""
    for name in ENDPOINTS:
        for form in specification.forms(name):
            selector, _, value = form.title.partition(" or ")[0].partition("=")
            price = specification.price_in_words(name, {selector: value} if selector else {})
            assert price in specification.price_in_words(name)
            assert "; or " not in price


def test_only_a_shape_that_makes_drafts_has_a_price_for_one() -> None:
    """The price of a shape without the parameter `draft`, such as the one that finishes a draft, names no draft."""
    for name in ENDPOINTS:
        for form in specification.forms(name):
            selector, _, value = form.title.partition(" or ")[0].partition("=")
            if "draft" in specification.price_in_words(name, {selector: value} if selector else {}):
                assert "draft" in {each.name for each in form.parameters}


def test_only_a_word_that_is_half_alike_is_meant() -> None:
    """The nearest known word is the most similar one, or none if less than half of it is alike."""
    assert specification.nearest("FLUX-DEF", ["flux-dev", "flux-pro"]) == "flux-dev"
    assert specification.nearest("zzz", ["flux-dev", "flux-pro"]) is None


def test_a_union_says_whether_its_choice_is_missing_or_wrong() -> None:
    """Without the discriminator it is required; with a value that no branch has, the value is shown."""
    union = {"discriminator": {"propertyName": "mode", "mapping": {"a": "#/A", "b": "#/B"}}}
    _, missing = specification.selected(union, {})
    _, wrong = specification.selected(union, {"mode": "c"})
    assert (missing and missing.message, missing and missing.value) == ("is required: one of a, b", "")
    assert (wrong and wrong.message, wrong and wrong.value) == ("must be one of a, b", "c")
    assert specification.selected(union, {"mode": "b"}) == ({"$ref": "#/B"}, None)


def test_the_first_format_is_the_default() -> None:
    """The formats of an endpoint begin with the one that is made if none is asked for; a film is always an MP4."""
    asked = {name: specification.parameters(name).get("output_format") for name in ENDPOINTS}
    chosen = {name: each for name, each in asked.items() if each and each.choices and each.default}
    assert chosen
    for name, each in chosen.items():
        if ENDPOINTS[name].kind == "video":
            assert specification.formats(name) == ("mp4",)
        else:
            assert specification.formats(name)[0] == each.default
            assert sorted(specification.formats(name)) == sorted(each.choices)
    assert specification.formats("no-such-endpoint") == ()
    films = [name for name in ENDPOINTS if ENDPOINTS[name].kind == "video"]
    assert {name: specification.formats(name) for name in films} == dict.fromkeys(films, ("mp4",))


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan"), 1e300])
@pytest.mark.parametrize("name", ENDPOINTS)
def test_a_number_beyond_all_bounds_has_a_price_or_none(name: str, value: float) -> None:
    """The price of a request that would be refused for its numbers is no error."""
    body: dict[str, Any] = dict.fromkeys(("width", "height", "duration", "steps"), value)
    for price in specification.prices(name, body):
        assert price is None or price >= 0


@pytest.mark.parametrize(
    ("name", "family"),
    [("flux-pro-1.1-ultra", 1.1), ("flux-3-image", 3), ("flux-2", 2), ("flux-dev", 0), ("vto-v2", 0), ("klein-4b", 0)],
)
def test_the_family_of_an_endpoint_is_the_number_in_its_name(name: str, family: float) -> None:
    """The family is the number that stands alone between dashes, with its decimals; 0 without one."""
    assert specification.family(name) == family


def test_a_path_has_the_texts_of_its_parameters(monkeypatch: pytest.MonkeyPatch) -> None:
    """A path matches the template that the specification has, and its parameters are what was escaped in it."""
    paths: dict[str, Any] = {"/v1/tunes/{tune}/files/{file}": {}, "/v1/tunes": {}}
    monkeypatch.setattr(specification, "document", lambda: {"paths": paths})
    texts = {"tune": "a fox", "file": "b/c"}
    assert specification.template("/v1/tunes/a%20fox/files/b%2Fc") == ("/v1/tunes/{tune}/files/{file}", texts)
    assert specification.template("/v1/tunes") == ("/v1/tunes", {})
    assert specification.template("/v1/tunes/a/files") is None


def test_what_a_schema_is_made_of_counts() -> None:
    """The types, the properties and the openness of a schema are those of all schemas that it is made of."""
    closed = {"type": "object", "properties": {"a": {}}, "additionalProperties": {"type": "string"}}
    whole = {"allOf": [closed, {"oneOf": [{"type": "null"}, {"properties": {"b": {}}}]}]}
    assert specification.types(whole) == {"object", "null"}
    assert set(specification.properties(whole)) == {"a", "b"}
    assert not specification.takes_more(whole)
    assert specification.takes_more({"anyOf": [whole, {"additionalProperties": True}]})


def test_the_tighter_of_two_bounds_is_in_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the bounds in a schema and beside the reference to it, those count that allow less."""
    side = {"type": "integer", "minimum": 64, "maximum": 512}
    monkeypatch.setattr(specification, "document", lambda: {"components": {"schemas": {"Side": side}}})
    reference = {"$ref": "#/components/schemas/Side", "minimum": 300, "maximum": 9999}
    assert specification.in_words(reference) == "an integer from 300 to 512"


def test_a_bound_that_was_corrected_says_what_was_published() -> None:
    """A correction names the bound, what was published, be it 0 or nothing, and how it is known."""
    mark = {"minimum": {"published": 0, "because": "Measured."}, "maximum": {"published": None, "because": "Told."}}
    schema = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9, "x-bfl-bounds": mark}]}
    assert specification.overlay_bounds(schema) == [
        "minimum 1 is a correction (published: 0). Measured.",
        "maximum 9 is a correction (published: none). Told.",
    ]


@pytest.mark.about("flux-3-video")
def test_a_price_in_words_names_each_rate_once() -> None:
    """Modes that cost the same are named once, also if only one makes drafts; the rates go from draft to largest."""
    said = specification.price_in_words("flux-3-video")
    assert [said.count(rate) for rate in ("17 (hd)", "41 (hd)", "a draft 6", "a draft 12")] == [1, 1, 1, 1]
    rates = [specification.rates_in_words("flux-3-video", {"mode": each}) for each in ("t2v", "draft_enhance")]
    assert rates == ["6 to 80 a second", "17 to 80 a second"]


@pytest.mark.about("flux-3-video")
def test_a_bound_on_the_price_holds_for_every_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """If one shape of a body has no highest price, the request has none either."""
    bounded, open_ended = (
        specification._Price("flux-3-video", {"mode": "t2v"}, {"per": "second", "credits": 1}, {"properties": each})
        for each in ({"duration": {"maximum": 9}}, {"duration": {"type": "number"}})
    )
    monkeypatch.setattr(specification, "_prices", lambda name, body: [bounded, open_ended])
    assert specification.highest_price("flux-3-video", {}) is None
    monkeypatch.setattr(specification, "_prices", lambda name, body: [bounded, bounded])
    assert specification.highest_price("flux-3-video", {}) == 9


def test_begun_credits_are_whole_where_the_list_says_so() -> None:
    """A price in whole credits is rounded up; any other has two decimals."""
    mark = {"per": "second", "credits": 1.104}
    for more, price in (({}, 3.31), ({"whole": True}, 4)):
        found = specification._Price(NAME, {"duration": 3}, {**mark, **more}, {})
        assert found.credits(highest=False) == price


@pytest.mark.about("flux-2-pro", "flux-2-klein-4b")
def test_pictures_count_from_one_to_four_megapixels() -> None:
    """A picture that is sent counts as one megapixel however small it is, and as four however large."""
    made = {"width": 1024, "height": 1024}
    for side, counted in ((8, 1), (2048, 4), (4096, 4)):
        body = {**made, "input_image": Image.new("1", (side, side))}
        assert specification.price("flux-2-pro", body) == 3 + 1.5 * counted
    assert specification.price("flux-2-klein-4b", {"width": 512}) is None  # the service chooses the height
    assert specification.highest_price("flux-2-klein-4b", {"width": 512}) == pytest.approx(1.4 + 0.1 * 3)


@pytest.mark.about("flux-3-video", "flux-tools/video-edit-v1", "flux-tools/video-upscale-v1")
def test_the_film_that_is_sent_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit costs by the length of the film sent, an upscale by its volume, a continuation by what is made of it."""
    monkeypatch.setattr(media, "measured", lambda value: Measured(1024, 512, 2.5))
    assert specification.price("flux-tools/video-edit-v1", {"video": "film"}) == 2.5 * 3
    film = {"input_video": "film", "creativity": 0}
    small, large = (
        specification.price("flux-tools/video-upscale-v1", {**film, "upscale_factor": each}) for each in (2, 4)
    )
    assert (small, large) == (math.ceil(7.5 * 2 * 2.5), 7.5 * 8 * 2.5)
    body = {"mode": "v2v", "start_video": "film", "duration": 5, "resolution": "hd"}
    assert specification.price("flux-3-video", body) == 5 * 41
    assert specification.price("flux-3-video", {**body, "duration": True}) is None


def test_media_are_found_in_lists_and_pairs_and_guesses() -> None:
    """A picture may stand by itself, in a list, in a pair, and where media are only guessed: there any file may."""
    picture, guess = {"type": "string", "format": "bfl-media"}, {"type": "string", "x-bfl-media": "guess"}
    film = {**picture, "x-bfl-media-kind": "video"}
    pair = {"type": "array", "prefixItems": [{"type": "number"}, film]}
    schema = {"anyOf": [picture, {"type": "array", "items": pair}]}
    assert specification.media_kinds(schema, ()) == {"image"}
    assert specification.media_kinds(schema, (0, 1)) == {"video"}
    assert [specification.media_kinds(schema, path) for path in ((0,), (0, 0), (0, 2), ("a",))] == [set()] * 4
    assert specification.media_kinds({"properties": {"a": guess}}, ("a",)) == {"file"}
    assert [specification.takes_media(each) for each in (picture, film, pair, guess)] == [True] * 4
    assert not specification.takes_media({"type": "array", "items": {"type": "string"}})


def test_the_parameters_of_a_shape_are_read_from_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value that selects a shape is in its title; choices are those of all branches, without null."""
    mode = {"enum": ["b", "bb"], "default": "b"}
    size = {"anyOf": [{"const": "auto"}, {"enum": ["small", None]}, {"type": "boolean"}]}
    guess = {"type": "string", "x-bfl-media": "guess"}
    schemas = {
        "A": {"properties": {"mode": {"const": "a"}, "image": {"type": "string", "format": "bfl-media"}}},
        "B": {"properties": {"mode": mode, "size": size, "guess": guess}, "required": ["mode"]},
    }
    mapping = {"a": "#/components/schemas/A", "b": "#/components/schemas/B", "bb": "#/components/schemas/B"}
    union = {"oneOf": [], "discriminator": {"propertyName": "mode", "mapping": mapping}}
    whole = {"components": {"schemas": {**schemas, "Drawing": union}}}
    monkeypatch.setattr(specification, "document", lambda: whole)
    made = next(iter(ENDPOINTS.values()))._replace(name="draw-9", path="/v1/draw-9", schema="Drawing")
    monkeypatch.setattr(specification, "ENDPOINTS", {made.name: made})
    first, second = specification.forms("draw-9")
    assert (first.title, second.title) == ("mode=a", "mode=b or mode=bb")
    known = {each.name: each for each in second.parameters}
    assert (known["mode"].choices, known["mode"].default, known["mode"].required) == (["b", "bb"], "b", True)
    assert (known["size"].choices, known["size"].required) == (["auto", "small", "true", "false"], False)
    assert specification.media_parameters("draw-9") == {"image", "guess"}
    assert specification.marked_media("draw-9") == {"image"}


@pytest.mark.about("flux-dev", "flux-3-video")
@pytest.mark.parametrize(
    ("name", "body", "suffix"),
    [
        ("flux-dev", {}, ".jpg"),
        ("flux-dev", {"output_format": None}, ".jpg"),
        ("flux-dev", {"output_format": "png"}, ".png"),
        ("flux-3-video", {}, ".mp4"),
        ("flux-9-hyper", {"output_format": "png"}, ""),
    ],
)
def test_the_suffix_of_what_a_request_makes_is_known(name: str, body: dict[str, Any], suffix: str) -> None:
    """A request makes a file of the format that it asks for, else of the default; a film is always an MP4."""
    assert specification.suffix(name, body) == suffix


@pytest.mark.parametrize(
    ("suffix", "made"),
    [(".JPG", "jpeg"), (".jpe", "jpeg"), (".jpeg", "jpeg"), (".tif", "tiff"), (".m4v", "mp4"), (".PNG", "png")],
)
def test_the_format_of_a_suffix_is_in_the_words_of_the_specification(suffix: str, made: str) -> None:
    """Suffixes in any case and spelling stand for the format that the specification names."""
    assert specification.file_format(suffix) == made
