"""What the specification allows is sent, by every way, as it was meant."""

from __future__ import annotations

from typing import Any

import attrs
import bfl_api.models
import pytest
from bfl_client import ConstraintError

from . import oracle, tally
from .generation import Case, canonical, cases
from .line import BASE, KEY, Line
from .operations import TASKS, Operation
from .promises import hold, named
from .typed import typed

pytestmark = pytest.mark.parametrize("operation", TASKS, ids=repr)


def valid(operation: Operation) -> list[Case]:
    """The cases whose body the specification allows."""
    return [case for case in cases(operation) if case.valid]


def model(operation: Operation, body: dict[str, Any]) -> Any:
    """The generated model for a body."""
    return getattr(bfl_api.models, operation.model_name(body))


def same(arrived: Any, meant: Any) -> None:
    """Fail unless both are the same JSON, types included."""
    assert canonical(arrived) == canonical(meant), f"{canonical(arrived)} arrived, {canonical(meant)} was meant"


def test_every_allowed_body_arrives_as_it_was_meant(operation: Operation, line: Line) -> None:
    """A valid body, sent by name, arrives unchanged and valid, at the endpoint's path, with the key, in one POST."""

    def promise(case: Case) -> None:
        known, rest = operation.split(case.body)
        arrived = line.sent(lambda client: client.submit(str(operation), known, extra=rest))
        same(arrived, case.body)
        assert oracle.is_valid(operation, arrived)
        (request,) = line.requests
        assert (request.method, str(request.url)) == ("POST", BASE + operation.path)
        assert request.headers["x-key"] == KEY

    tally.count("valid bodies sent by name, arrived unchanged", hold(valid(operation), promise))


def test_keys_that_the_schema_does_not_know_go_through_extra_only(operation: Operation, line: Line) -> None:
    """A body with unknown keys is refused, naming exactly those, unless the schema says that there are more."""

    def promise(case: Case) -> None:
        if operation.takes_more(case.body):
            assert line.sent(lambda client: client.submit(str(operation), case.body)) == case.body
            return
        with pytest.raises(ConstraintError) as caught:
            line.do(lambda client: client.submit(str(operation), case.body))
        assert not line.requests
        named(caught.value, set(operation.split(case.body)[1]))

    own = [case._replace(body={**case.body, "no_such_parameter": 1}) for case in valid(operation)[:3]]
    open_bodies = [case for case in (*own, *valid(operation)) if operation.split(case.body)[1]]
    tally.count("bodies with unknown keys, held against the schema without extra", hold(open_bodies, promise))


def test_every_allowed_body_survives_its_model(operation: Operation, line: Line) -> None:
    """A valid body read into the generated model and sent from it arrives unchanged."""

    def promise(case: Case) -> None:
        known, rest = operation.split(case.body)
        kind = model(operation, case.body)
        same(kind.from_dict(case.body).to_dict(), case.body)
        filled = kind.from_dict(known)
        same(line.sent(lambda client: client.submit(str(operation), filled, extra=rest)), case.body)

    tally.count("valid bodies sent from their model, arrived unchanged", hold(valid(operation), promise))


def test_a_model_of_required_arguments_sends_nothing_else(operation: Operation, line: Line) -> None:
    """A model built from its required arguments alone sends those, and no default."""

    def promise(case: Case) -> None:
        kind = model(operation, case.body)
        read = kind.from_dict(case.body)
        required = [field for field in attrs.fields(kind) if field.default is attrs.NOTHING]
        built = kind(**{field.alias: getattr(read, field.name) for field in required})
        meant = {name: case.body[name] for name in operation.branch(case.body).get("required", [])}
        same(line.sent(lambda client: client.submit(str(operation), built)), meant)
        assert oracle.is_valid(operation, meant)

    tally.count("models built from required arguments, arrived without defaults", hold(valid(operation), promise))


def test_typed_methods_send_what_was_passed(operation: Operation, line: Line) -> None:
    """A valid body passed to its typed method arrives unchanged, except for nulls, which mean "not given" there."""

    def promise(case: Case) -> None:
        call = typed(operation, operation.split(case.body)[0])
        if oracle.is_valid(operation, call.meant):
            arrived = line.sent(lambda client: getattr(client.submit, call.method)(**call.arguments))
            same(arrived, call.meant)

    tally.count("valid bodies sent by typed method, arrived unchanged", hold(valid(operation), promise))
