"""Operations that do not create a task: their parameters arrive where the specification puts them, or are refused."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from bfl_api.utility import Utility
from bfl_client import ConstraintError, NotFoundError

from . import oracle, tally
from .generation import Case, canonical, cases
from .line import BASE, KEY, Line
from .operations import UTILITIES, Operation, slug
from .promises import hold, named

pytestmark = pytest.mark.parametrize("operation", UTILITIES, ids=repr)
ODD = ["", " ", "a b&c=d/ü?#%00+", "0", 0, 1.5, True, [], ["x"], {}, -1, 10**30]
"""Values for a parameter beside the generated ones; the oracle says which of them it may have."""


@pytest.fixture(scope="module", params=["sync", "async"])
def refused(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Each client, on a line where everything is answered with 404."""
    line = Line(request.param, lambda _: httpx.Response(404, json={"detail": "Not Found"}))
    yield line
    line.close()


def method(operation: Operation) -> str:
    """The typed method of an operation: its path after the version, in the way of the endpoints' methods."""
    name = slug(operation.path.removeprefix("/v1/").replace("{", "").replace("}", ""))
    assert hasattr(Utility, name), f"{operation.path} has no method {name}"
    return name


def variants(operation: Operation) -> list[Case]:
    """The cases of an operation, and its parameters with every odd value."""
    found = list(cases(operation))
    for parameter in operation.parameters:
        query = {each["name"]: "x" for each in operation.parameters}
        found += [Case(operation, None, {**query, parameter["name"]: value}, True) for value in ODD]
    return found


def text(value: Any) -> str:
    """A value as text in a URL: booleans as JSON writes them."""
    return json.dumps(value) if isinstance(value, bool) else str(value)


def may_be(schema: dict[str, Any], place: str, value: Any) -> bool:
    """Whether a parameter may have a value; in a path everything is text, and some texts would lead to another path."""
    valid: Callable[[Any], bool] = oracle.validator(schema).is_valid
    if place == "query":
        return valid(value)
    return str(value) not in ("", ".", "..") and (valid(str(value)) or valid(value))


def send(line: Line, operation: Operation, arguments: dict[str, Any]) -> httpx.Request:
    """The request that a call of the typed method sends; it is answered with 404."""
    with pytest.raises(NotFoundError):
        line.do(lambda client: getattr(client.utility, method(operation))(**arguments))
    (request,) = line.requests
    assert (request.method, request.url.host) == (operation.method.upper(), httpx.URL(BASE).host)
    assert request.headers["x-key"] == KEY
    return request


def test_parameters_arrive_or_are_refused(operation: Operation, refused: Line) -> None:
    """Parameters that the specification allows arrive in path and query as passed; others are refused by name."""

    def promise(case: Case) -> None:
        given = {name: value for name, value in case.query.items() if value is not None}
        schemas = {each["name"]: each.get("schema", {}) for each in operation.parameters}
        required = {each["name"] for each in operation.parameters if each.get("required")}
        if not required <= given.keys() or not given.keys() <= schemas.keys():
            with pytest.raises(TypeError):
                refused.do(lambda client: getattr(client.utility, method(operation))(**given))
            assert not refused.requests
            return
        places = {each["name"]: each["in"] for each in operation.parameters}
        wrong = {name for name, value in given.items() if not may_be(schemas[name], places[name], value)}
        if wrong:
            with pytest.raises(ConstraintError) as caught:
                refused.do(lambda client: getattr(client.utility, method(operation))(**given))
            assert not refused.requests
            named(caught.value, wrong)
            return
        request = send(refused, operation, given)
        path = operation.path
        for each in operation.parameters:
            if each["in"] == "path":
                path = path.replace(f"{{{each['name']}}}", quote(str(given.pop(each["name"])), safe=""))
        assert request.url.raw_path.decode().partition("?")[0] == path
        assert dict(request.url.params.multi_items()) == {name: text(value) for name, value in given.items()}

    if operation.body is not None:
        pytest.skip("it takes a body, which the next test passes")
    tally.count("calls of utility operations, parameters arrived or refused", hold(variants(operation), promise))


def test_bodies_arrive_or_are_refused(operation: Operation, refused: Line) -> None:
    """A body that the specification allows arrives unchanged; another is refused by name before it is sent."""

    def promise(case: Case) -> None:
        known = {name: value for name, value in operation.split(case.body)[0].items() if value is not None}
        call = getattr(refused.client.utility, method(operation))
        needed = [
            n for n, each in inspect.signature(call).parameters.items() if each.default is inspect.Parameter.empty
        ]
        if oracle.is_valid(operation, known):
            request = send(refused, operation, known)
            assert canonical(json.loads(request.content)) == canonical(known)
            return
        missing = bool(set(needed) - known.keys())
        with pytest.raises(TypeError if missing else ConstraintError) as caught:
            refused.do(lambda client: call(**known))
        assert not refused.requests
        if isinstance(caught.value, ConstraintError):
            named(caught.value, oracle.faults(operation, known))

    if operation.body is None:
        pytest.skip("it takes no body")
    objects = [case for case in cases(operation) if isinstance(case.body, dict)]
    tally.count("bodies of utility operations, arrived or refused", hold(objects, promise))
