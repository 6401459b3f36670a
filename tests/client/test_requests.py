"""What is accepted, what is refused before sending, and what stands on the wire."""

from __future__ import annotations

import base64
import io
import json
import os
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from bfl_api import models, specification
from bfl_api.table import ENDPOINTS
from bfl_client import Client, ConstraintError
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from .conftest import KEY, World, submitted

pytestmark = pytest.mark.about("flux-dev")


@pytest.fixture
def client() -> Client:
    return Client(KEY)


def refuse(client: Client, endpoint: str = "flux-dev", **parameters: Any) -> dict[str, str]:
    """Field and message of each violation."""
    with pytest.raises(ConstraintError) as caught:
        client.request(endpoint, parameters)
    return {violation.field: violation.message for violation in caught.value.violations}


def wire(client: Client, endpoint: str, body: Any, **more: Any) -> Any:
    """The JSON that would arrive, after checking that it is as long as announced."""
    request = client.request(endpoint, body, **more)
    content = b"".join(request.body)
    assert len(content) == request.body.length
    assert b"".join(request.body) == content, "a body can be sent again"
    return json.loads(content)


def known() -> dict[str, Any]:
    """The parameters of the endpoint that most tests here are about."""
    schema = specification.load()["components"]["schemas"][ENDPOINTS["flux-dev"].schema]
    found: dict[str, Any] = schema["properties"]
    return found


@pytest.mark.parametrize("name", ["width", "height", "steps", "guidance", "safety_tolerance"])
def test_flux_dev_accepts_its_bounds_and_refuses_just_outside(client: Client, name: str) -> None:
    """Both bounds of each number pass; one step beyond either is refused with the field and the bounds named."""
    node = next(each for each in known()[name].get("anyOf", [known()[name]]) if each.get("type") != "null")
    low, high = node["minimum"], node["maximum"]
    step = node.get("multipleOf", 1 if node["type"] == "integer" else 0.1)
    for value in (low, high):
        assert wire(client, "flux-dev", {name: value}) == {name: value}
    for value in (low - step, high + step):
        parameters: dict[str, Any] = {name: value}
        violations = refuse(client, **parameters)
        assert list(violations) == [name]
        assert f"{low:g} to {high:g}" in violations[name]


def test_flux_dev_accepts_everything_documented(client: Client) -> None:
    """A request with every documented parameter of the endpoint goes out as given."""
    body = {
        "prompt": "a fox", "image_prompt": "https://example.com/a.png", "width": 256, "height": 1440, "steps": 28,
        "prompt_upsampling": True, "seed": 42, "guidance": 3, "safety_tolerance": 2, "output_format": "png",
        "webhook_url": "https://example.com/hook", "webhook_secret": "s",
    }  # fmt: skip
    body = {name: value for name, value in body.items() if name in known()}
    assert wire(client, "flux-dev", body) == body
    assert wire(client, "flux-dev", {"output_format": "jpeg"}) == {"output_format": "jpeg"}


@pytest.mark.parametrize(
    ("parameters", "field", "hint"),
    [
        ({"width": 257}, "width", "multiple of 32"),
        ({"width": "wide"}, "width", "an integer"),
        ({"seed": 1.5}, "seed", "an integer"),
        ({"output_format": "gif"}, "output_format", "jpeg, png"),
        ({"webhook_url": "not a url"}, "webhook_url", "uri"),
        ({"user": ""}, "user", "characters"),
        ({"widht": 512}, "widht", "'width'"),
        ({"prompt": None}, "prompt", "a string"),
        ({"prompt": float("nan")}, "", "JSON"),
        ({"prompt": object()}, "prompt", "object"),
        ({"prompt": {1: 2}}, "prompt", "key"),
    ],
)
def test_each_violation_names_field_and_remedy(client: Client, parameters: Any, field: str, hint: str) -> None:
    """A refused request names the field and what would be accepted."""
    if field == "user" and field not in known():
        pytest.skip("the specification does not know end users")
    violations = refuse(client, **parameters)
    assert list(violations) == [field]
    assert hint in violations[field]


def test_all_violations_are_reported_at_once(client: Client) -> None:
    """Three mistakes give three violations in one error, which says that nothing was sent."""
    with pytest.raises(ConstraintError, match="nothing was sent") as caught:
        client.request("flux-dev", {"width": 1, "steps": 99, "colour": "red"})
    assert {violation.field for violation in caught.value.violations} == {"width", "steps", "colour"}


@pytest.mark.about("flux-2-pro")
def test_a_required_parameter_is_named(client: Client) -> None:
    """A missing required parameter is a violation of its own field."""
    assert refuse(client, "flux-2-pro") == {"prompt": "is required"}


@pytest.mark.about("flux-3-video")
def test_a_union_is_judged_by_its_discriminator(client: Client) -> None:
    """A wrong parameter of one mode gives one violation, not one per mode; a missing mode names the modes."""
    assert list(refuse(client, "flux-3-video", mode="t2v", prompt="x", duration=99)) == ["duration"]
    assert "t2v" in refuse(client, "flux-3-video", prompt="x")["mode"]
    assert "t2v" in refuse(client, "flux-3-video", prompt="x", mode="nonsense")["mode"]
    assert "t2v" in refuse(client, "flux-3-video", prompt="x", mode=["t2v"])["mode"]


@pytest.mark.about("flux-3-image")
def test_a_nested_violation_names_its_path(client: Client) -> None:
    """A wrong element of a list is named by its index."""
    violations = refuse(client, "flux-3-image", prompt="x", images=["https://a.b/c.png", "cat.png"])
    assert [field for field in violations if field.startswith("images")]


@pytest.mark.parametrize(
    "endpoint", [pytest.param(name, marks=pytest.mark.about(name)) for name in ("flux-2-pro", "flux-3-image")]
)
def test_unknown_parameters_pass_by_extra_only(client: Client, endpoint: str) -> None:
    """A parameter that the schema does not know is refused in open and closed schemas, and passes through extra."""
    assert "extra" in refuse(client, endpoint, prompt="x", novelty=1)["novelty"]
    assert wire(client, endpoint, {"prompt": "x"}, extra={"novelty": 1}) == {"prompt": "x", "novelty": 1}


def test_extra_does_not_switch_checking_off(client: Client) -> None:
    """A known parameter in extra is still held to its bounds."""
    with pytest.raises(ConstraintError):
        client.request("flux-dev", {}, extra={"width": 1})


def test_validate_false_sends_anything(client: Client) -> None:
    """With validate=False an invalid request goes out as it is."""
    assert wire(client, "flux-dev", {"width": 1, "oh": None}, validate=False) == {"width": 1, "oh": None}


def test_a_null_in_a_mapping_is_sent(client: Client) -> None:
    """An explicit null in a mapping reaches the wire where the schema allows it."""
    assert wire(client, "flux-dev", {"seed": None}) == {"seed": None}


def test_a_model_sends_what_was_set(world: World) -> None:
    """A generated model sends exactly the fields that were set."""
    world.script = [submitted()]
    world.do(lambda client: client.submit("flux-dev", models.FluxDevInputs(prompt="a fox", steps=3)))
    assert json.loads(world.requests[0].content) == {"prompt": "a fox", "steps": 3}


class TestMedia:
    DATA = bytes(range(256)) * 1000

    @pytest.fixture
    def path(self, tmp_path: Path) -> Path:
        path = tmp_path / "cat.png"
        path.write_bytes(self.DATA)
        return path

    def test_every_form_of_media_arrives_as_the_same_base64(self, client: Client, path: Path) -> None:
        """bytes, bytearray, memoryview, Path, an open file and a stream all arrive as base64 of the bytes."""
        expected = base64.b64encode(self.DATA).decode()
        with path.open("rb") as file:
            for value in (self.DATA, bytearray(self.DATA), memoryview(self.DATA), path, file, io.BytesIO(self.DATA)):
                assert wire(client, "flux-dev", {"image_prompt": value}) == {"image_prompt": expected}

    def test_an_open_file_is_sent_from_where_it_stands(self, client: Client, path: Path) -> None:
        """A file read half way is sent from there, at every sending."""
        with path.open("rb") as file:
            file.seek(1000)
            body = wire(client, "flux-dev", {"image_prompt": file})
        assert base64.b64decode(body["image_prompt"]) == self.DATA[1000:]

    def test_a_pil_image_is_sent_without_loss(self, client: Client) -> None:
        """A PIL image arrives as a PNG of the same pixels."""
        image = Image.effect_noise((33, 21), 50)
        body = wire(client, "flux-dev", {"image_prompt": image})
        arrived = Image.open(io.BytesIO(base64.b64decode(body["image_prompt"])))
        assert arrived.format == "PNG"
        assert arrived.tobytes() == image.tobytes()

    @pytest.mark.about("flux-3-video")
    def test_media_are_found_wherever_they_stand(self, client: Client, path: Path) -> None:
        """Media in lists and in pairs are encoded in place."""
        expected = base64.b64encode(self.DATA).decode()
        body = {"prompt": "x", "mode": "i2v", "keyframes": [(0, path), (2.5, self.DATA)]}
        assert wire(client, "flux-3-video", body)["keyframes"] == [[0, expected], [2.5, expected]]

    @pytest.mark.parametrize("text", ["cat.png", "/etc/passwd", "./a.jpg", "C:\\cat.png", "~/x.png", "", "file:///x"])
    def test_a_string_is_never_a_path(self, client: Client, text: str) -> None:
        """A string that is neither URL, data URI nor base64 is refused, with the Path to pass instead."""
        message = refuse(client, image_prompt=text)["image_prompt"]
        assert f"Path({text!r})" in message

    @pytest.mark.parametrize(
        "text", ["https://a.b/c.png", "http://a.b/c", "data:image/png;base64,AAAA", "AAAA", "iVBORw0KGgo=", "AA\nAA"]
    )
    def test_urls_data_uris_and_base64_pass(self, client: Client, text: str) -> None:
        """What the service takes as text is sent as it is."""
        assert wire(client, "flux-dev", {"image_prompt": text}) == {"image_prompt": text}

    def test_what_cannot_be_read_is_refused_by_name(self, client: Client, tmp_path: Path) -> None:
        """A missing file, a folder, an empty file, a pipe and a text file are violations of their field."""
        empty = tmp_path / "empty"
        empty.touch()
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        for value in (tmp_path / "missing.png", tmp_path, empty, pipe, io.StringIO("x"), b""):
            assert list(refuse(client, image_prompt=value)) == ["image_prompt"]

    def test_a_file_that_shrinks_while_it_is_sent_is_an_error_of_ours(self, client: Client, path: Path) -> None:
        """A file cut after it was measured raises ConstraintError instead of sending a wrong length."""
        request = client.request("flux-dev", {"image_prompt": path})
        path.write_bytes(b"short")
        with pytest.raises(ConstraintError):
            b"".join(request.body)

    def test_large_media_do_not_fill_memory(self, client: Client, tmp_path: Path) -> None:
        """Sending sixty-four megabytes from a file takes less than two of memory."""
        path = tmp_path / "large.bin"
        with path.open("wb") as file:
            file.truncate(64 * 1024**2)
        request = client.request("flux-dev", {"image_prompt": path})
        tracemalloc.start()
        sent = sum(len(piece) for piece in request.body)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert sent == request.body.length
        assert peak < 2 * 1024**2

    def test_a_secret_is_not_shown(self, client: Client) -> None:
        """A refused webhook secret is not in the error."""
        with pytest.raises(ConstraintError) as caught:
            client.request("flux-dev", {"webhook_secret": 12345678})
        assert "12345678" not in str(caught.value) + repr(caught.value.violations)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.characters(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(st.dictionaries(st.text() | st.sampled_from(["prompt", "width", "image_prompt", "seed"]), json_values))
def test_any_body_is_sent_or_refused(body: dict[str, Any]) -> None:
    """Whatever stands in a body, it becomes valid JSON of the announced length, or a ConstraintError."""
    client = Client(KEY)
    for validate in (True, False):
        try:
            wire(client, "flux-dev", body, validate=validate)
        except ConstraintError as error:
            assert error.violations
            assert len(str(error)) < 400 * (1 + len(error.violations))
