"""What follows by rules from a document and its overlay: servers, discriminators, and where the key has to go."""

from __future__ import annotations

from io import StringIO
from typing import Any

import pytest

from codegen.documents import read
from codegen.overlay import effective
from codegen.pipeline import completed
from codegen.report import CodegenError, Report

from .conftest import ROOT, Workshop, small_document

GLOBAL = "https://api.bfl.ai"
PREFIX = "#/components/schemas/"


def servers(published: list[dict[str, Any]] | None) -> list[str]:
    """Return the servers of a small document after the project's overlay."""
    document = small_document()
    document.pop("servers")
    if published is not None:
        document["servers"] = published
    found = completed(effective(document, read(ROOT / "openapi-overlay.yml"), Report(StringIO())))
    return [server["url"] for server in found["servers"]]


@pytest.mark.parametrize(
    ("published", "first"),
    [
        (None, GLOBAL),
        ([], GLOBAL),
        ([{"url": "https://api.us1.bfl.ai"}], GLOBAL),
        ([{"url": "https://api.bfl.ml/", "description": "BFL"}], GLOBAL),
        ([{"url": GLOBAL, "description": "BFL API"}], GLOBAL),
        ([{"url": "https://api.us1.bfl.ai"}, {"url": "https://new.bfl.ai"}], "https://new.bfl.ai"),
    ],
)
def test_the_first_server_lives(published: list[dict[str, Any]] | None, first: str) -> None:
    """Whatever servers a document names, none that is gone is left, none stands twice, and the first is of use."""
    found = servers(published)
    assert found[0] == first
    assert len(found) == len(set(found))
    assert GLOBAL in found
    assert not [url for url in found if "us1" in url or "bfl.ml" in url]


def union(workshop: Workshop, *branches: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Make the body of the workshop's endpoint a union and return it as the effective specification has it."""
    schemas = workshop.document["components"]["schemas"]
    schemas |= {f"Branch{number}": branch for number, branch in enumerate(branches)}
    schemas["PaintInputs"] = {"anyOf": [{"$ref": f"{PREFIX}Branch{number}"} for number in range(len(branches))], **more}
    found: dict[str, Any] = completed(workshop.document)["components"]["schemas"]["PaintInputs"]
    return found


def branch(value: Any, *required: str) -> dict[str, Any]:
    """Return the schema of an object whose `kind` is a constant."""
    return {"type": "object", "properties": {"kind": {"const": value}}, "required": [*required]}


def test_constants_tell_the_branches_of_a_union_apart(workshop: Workshop) -> None:
    """Branches that require a property with a constant of their own get a discriminator, and a method each."""
    found = union(workshop, branch("a", "kind"), branch("b", "kind"))
    mapping = {"a": f"{PREFIX}Branch0", "b": f"{PREFIX}Branch1"}
    assert found["discriminator"] == {"propertyName": "kind", "mapping": mapping}
    workshop.generate()
    assert "def paint_a(" in workshop.text("endpoints.py")


def test_a_discriminator_without_its_mapping_gets_it(workshop: Workshop) -> None:
    """A mapping that is left out is read from the constants, also where the property need not be given."""
    found = union(workshop, branch("a"), branch("b"), discriminator={"propertyName": "kind"})
    assert found["discriminator"]["mapping"] == {"a": f"{PREFIX}Branch0", "b": f"{PREFIX}Branch1"}


@pytest.mark.parametrize("branches", [(branch("a"), branch("b")), (branch("a", "kind"), branch("a", "kind"))])
def test_what_does_not_tell_apart_makes_no_discriminator(workshop: Workshop, branches: Any) -> None:
    """A constant that may be left out, or that two branches share, decides nothing."""
    assert "discriminator" not in union(workshop, *branches)


def test_a_key_in_another_header_is_refused(workshop: Workshop) -> None:
    """A specification that wants the key in a header that the client does not send stops the generation."""
    scheme = {"type": "apiKey", "in": "header", "name": "authorization"}
    workshop.document["components"]["securitySchemes"] = {"Key": scheme}
    with pytest.raises(CodegenError, match="'authorization'.*sends 'x-key'"):
        workshop.generate()
