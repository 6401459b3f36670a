"""One table of texts that might be media or ratios: what the service takes, and what the client makes of the rest."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from bfl_api.table import ENDPOINTS
from bfl_client import ConstraintError, constraints, media, specification
from bfl_emulator.inputs import is_media
from bfl_emulator.validation import FORMATS
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from . import oracle
from .pictures import ENCODED, PICTURES, clip

PICTURE = ENCODED[0]
URL_SAFE = base64.urlsafe_b64encode(b"\x80\xfb\xff\xfe").decode()
TEXTS: list[tuple[str, bool, str | None]] = [
    # the text, whether the service takes it, and what the client sends (None: it refuses)
    (PICTURE, True, PICTURE),
    ("AAAA", True, "AAAA"),
    ("AA==", True, "AA=="),
    ("AA\nAA", False, "AAAA"),
    ("AAAA\n", False, "AAAA"),
    (" AAAA", False, "AAAA"),
    ("AA\r\nA=\r\n", False, "AAA="),
    ("some text", False, None),
    ("AA AA", False, None),
    ("-_-_", False, "+/+/"),
    (URL_SAFE, False, "gPv//g=="),
    ("AAA", False, None),
    ("A", False, None),
    ("AA=", False, "AA=="),
    ("AAAA====", False, "AAAA"),
    (PICTURE.rstrip("="), not PICTURE.endswith("="), PICTURE),
    (f"data:image/png;base64,{PICTURE}", True, f"data:image/png;base64,{PICTURE}"),
    (f"DATA:image/png;BASE64,{PICTURE}", True, f"DATA:image/png;BASE64,{PICTURE}"),
    ("data:image/png;base64,AA\nAA", False, "data:image/png;base64,AAAA"),
    ("data:image/png;base64,-_-_", False, "data:image/png;base64,+/+/"),
    ("data:image/png;base64,", False, None),
    ("data:image/png,AAAA", False, None),
    ("data:,AAAA", False, None),
    ("data:AAAA", False, None),
    ("https://example.com/a.png", True, "https://example.com/a.png"),
    ("HTTPS://example.com/a.png", True, "HTTPS://example.com/a.png"),
    ("Http://example.com", True, "Http://example.com"),
    ("https://", False, None),
    ("https:///a.png", False, None),
    ("https://exa mple.com/", False, None),
    ("https://example.com/a fox.png", False, None),
    ("ftp://example.com/a.png", False, None),
    ("file:///a.png", False, None),
    ("cat.png", False, None),
    ("/tmp/cat", True, "/tmp/cat"),  # eight letters of base64, by bad luck
    ("fox", False, None),
    ("", False, None),
    ("\n", False, None),
    ("ÄÖÜß", False, None),
]
MEDIA = next(
    (name, parameter)
    for name in ENDPOINTS
    for parameter in sorted(specification.marked_media(name))
    if len(specification.forms(name)) == 1  # else a parameter is judged only once the form is chosen
    and "x-bfl-media-kind" not in str(specification.parameters(name)[parameter].schema)
)
"""An endpoint, and a parameter of it that takes pictures."""


def sent(text: str) -> str | None:
    """What the client would send of a text, or None if it refuses it."""
    endpoint, parameter = MEDIA
    schema = specification.parameters(endpoint)[parameter].schema
    value: Any = text if "string" in specification.types(schema) else [text]
    try:
        found = constraints.check(endpoint, {parameter: value}).plain[parameter]
    except ConstraintError as error:
        mine = [each for each in error.violations if each.field.startswith(parameter)]
        if mine:
            return None
        found = constraints.as_sent(endpoint, {parameter: value})[parameter]
    return found if isinstance(found, str) else found[0]


@pytest.mark.parametrize(("text", "taken", "wanted"), TEXTS, ids=lambda value: str(value)[:24])
def test_texts_have_one_verdict(text: str, taken: bool, wanted: str | None) -> None:
    """Emulator and oracle take exactly the texts of the table, and the client sends what the table says."""
    assert (is_media(text), oracle.is_media(text)) == (taken, taken)
    assert media.is_media(text) == taken
    assert sent(text) == wanted


@given(st.text() | st.text("AZaz09+/-_= \n:,;") | st.sampled_from([text for text, _, _ in TEXTS]).flatmap(st.text))
def test_what_the_client_sends_is_taken(text: str) -> None:
    """Whatever text is given, client, emulator and oracle agree on it, and what the client sends of it is taken."""
    assert is_media(text) == oracle.is_media(text) == media.is_media(text)
    found = sent(text)
    assert found is None or oracle.is_media(found)


FORMS = {
    "in lines": lambda content: base64.encodebytes(content).decode(),
    "in lines of Windows": lambda content: base64.encodebytes(content).decode().replace("\n", "\r\n"),
    "URL-safe": lambda content: base64.urlsafe_b64encode(content).decode(),
    "unpadded": lambda content: base64.b64encode(content).decode().rstrip("="),
    "URL-safe and unpadded": lambda content: base64.urlsafe_b64encode(content).decode().rstrip("="),
    "plain": lambda content: base64.b64encode(content).decode(),
}


@pytest.mark.parametrize("header", ["", "data:image/png;base64,"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("content", PICTURES, ids=range(len(PICTURES)))
def test_every_form_of_base64_arrives_as_the_same(content: bytes, form: str, header: str) -> None:
    """However the base64 of a picture is written, the service gets it in one line, padded, in the usual alphabet."""
    assert sent(header + FORMS[form](content)) == header + base64.b64encode(content).decode()


def test_base64_of_something_else_is_refused() -> None:
    """Base64 of a web page, of JSON, of a video or of half a picture is refused where a picture is taken."""
    film = [clip()] if clip() else []
    other = [b"<!doctype html><html></html>", b'{"a": 1}', b"just a text", PICTURES[0][:200]]
    for text in [*film, *(base64.b64encode(content).decode() for content in other)]:
        assert text and sent(text) is None
        assert sent(f"data:image/png;base64,{text}") is None


RATIOS = {
    "16:9": True, "9:16": True, "1:1": True, "21:9": True, "9:21": True, "3:7": True, "7:3": True, "1920:1080": True,
    "016:09": True, "22:9": False, "9:22": False, "9:30": False, "0:0": False, "0:1": False, "1:0": False, "": False,
    "16/9": False, "1.78": False, "16:9 ": False, "16:9\n": False, "-16:-9": False, "16:9:4": False, "None": False,
    "٣:٢": False, ":": False,
}  # fmt: skip


@pytest.mark.parametrize(("text", "taken"), RATIOS.items())
def test_ratios_have_one_verdict(text: str, taken: bool) -> None:
    """Client, emulator and oracle take the same ratios."""
    emulator = Draft202012Validator({"format": "bfl-ratio"}, formats=FORMATS, validate_formats=True)
    assert (constraints.is_ratio(text), emulator.is_valid(text), oracle.is_ratio(text)) == (taken, taken, taken)


RATIO = next(
    (
        (name, key)
        for name in ENDPOINTS
        for key, each in specification.parameters(name).items()
        if len(specification.forms(name)) == 1 and specification.RATIO in str(each.schema)
    ),
    None,
)


@pytest.mark.skipif(RATIO is None, reason="the specification has no parameter for a free ratio")
@pytest.mark.parametrize(
    ("given", "nearest"),
    [("16/9", "16:9"), ("1.78", "16:9"), (1.78, "16:9"), ("1920x1080", "16:9"), ("9:30", "9:21"), ("4 : 3", "4:3"),
     ("100:1", "21:9"), ("", None), ("None", None), ("wide", None), (0, None)],
)  # fmt: skip
def test_a_wrong_ratio_names_the_nearest(given: object, nearest: str | None) -> None:
    """A ratio in another form, or out of range, is refused with the nearest one that is taken, if there is one."""
    assert RATIO
    with pytest.raises(ConstraintError) as caught:
        constraints.check(RATIO[0], {RATIO[1]: given})
    (found,) = [each for each in caught.value.violations if each.field == RATIO[1]]
    assert found.remedy.facts["nearest"] == nearest
    assert "from 9:21 to 21:9" in found.message
    assert repr(nearest) in str(found) if nearest else "leave it out" in str(found)
    assert nearest is None or oracle.is_ratio(nearest)
