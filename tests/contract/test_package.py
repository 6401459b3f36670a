"""The generated package is complete: by a rule of this file's own, not by the generator's."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import bfl_api.models
import pytest
from bfl_api.endpoints import Endpoints
from bfl_api.table import ENDPOINTS
from bfl_client.specification import media_parameters

from .operations import JSON, OPERATIONS, TASKS, Operation, Schema, resolve, slug


def variants(schema: Schema) -> Iterator[Schema]:
    """The object schemas that a schema consists of or chooses between."""
    schema = resolve(schema)
    yield schema
    for keyword in ("anyOf", "oneOf", "allOf"):
        for part in schema.get(keyword, ()):
            yield from variants(part)


def gives_task(operation: Operation) -> bool:
    """The rule: a POST whose success answer can have an id and a polling URL creates a task."""
    good = min((code for code in operation.node.get("responses", {}) if code.startswith("2")), default="200")
    answer: Any = resolve(operation.node.get("responses", {}).get(good, {})).get("content", {}).get(JSON, {})
    found = variants(answer.get("schema", {}))
    return operation.method == "post" and any(
        {"id", "polling_url"} <= set(each.get("properties", ())) for each in found
    )


def test_the_table_has_every_task_endpoint_and_no_other() -> None:
    """The endpoint table has exactly the operations that create a task."""
    assert {each.path for each in ENDPOINTS.values()} == {each.path for each in OPERATIONS if gives_task(each)}


@pytest.mark.parametrize("operation", TASKS, ids=repr)
def test_every_task_endpoint_has_methods_and_models(operation: Operation) -> None:
    """Each task endpoint has its typed methods, and each schema its body may have is a model."""
    assert operation.endpoint is not None
    assert operation.endpoint.method_names
    assert all(hasattr(Endpoints, name) for name in operation.endpoint.method_names)
    name, mapping = operation.discriminator
    for body in [{name: value} for value in mapping] or [{}]:
        assert hasattr(bfl_api.models, operation.model_name(body))


@pytest.mark.parametrize("operation", TASKS, ids=repr)
def test_what_is_typed_as_media_is_media_for_the_client(operation: Operation) -> None:
    """A parameter has the type Media if, and only if, the client takes a file for it, marked or by a guess."""
    assert operation.endpoint is not None
    methods = [getattr(Endpoints, name) for name in operation.endpoint.method_names]
    found = [each for method in methods for each in inspect.signature(method).parameters.values()]
    keywords = {each.name for each in found if "Media" in str(each.annotation)}
    assert keywords == {slug(name) for name in media_parameters(str(operation))}
