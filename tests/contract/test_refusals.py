"""What the specification does not allow is refused before it is sent, and the error names the parameter."""

from __future__ import annotations

import inspect
from functools import partial
from typing import Any

import pytest
from bfl_client import ConstraintError, constraints

from . import oracle, tally
from .generation import NEITHER, Case, cases
from .line import Line
from .operations import TASKS, Operation
from .pictures import NO_MEDIA
from .promises import hold, named
from .typed import typed

pytestmark = pytest.mark.parametrize("operation", TASKS, ids=repr)


def invalid(operation: Operation) -> list[Case]:
    """The cases whose body is an object that is not allowed, even with its base64 written as the service takes it."""
    found = [case for case in cases(operation) if not case.valid and isinstance(case.body, dict)]
    sent = [case._replace(body=constraints.as_sent(str(operation), case.body)) for case in found]
    return [case for case in sent if not oracle.is_valid(operation, case.body)]


def test_what_is_not_allowed_is_refused_by_name(operation: Operation, line: Line) -> None:
    """An invalid body is refused before anything is sent, and the violations name exactly the wrong parameters."""

    def promise(case: Case) -> None:
        with pytest.raises(ConstraintError) as caught:
            line.do(lambda client: client.submit(str(operation), case.body))
        assert not line.requests
        selector, mapping = operation.discriminator
        wrong = oracle.faults(operation, case.body)
        assert wrong, "the oracle knows no reason"
        if not (mapping and wrong == {selector}) and not operation.takes_more(case.body):
            wrong |= operation.split(case.body)[1].keys()
        named(caught.value, wrong)

    tally.count("invalid bodies refused with their parameters named", hold(invalid(operation), promise))


def test_typed_methods_refuse_what_is_not_allowed(operation: Operation, line: Line) -> None:
    """What a typed method makes of an invalid body is sent only if that is valid; a missing argument is a TypeError."""

    def promise(case: Case) -> None:
        call = typed(operation, operation.split(case.body)[0])
        method = getattr(line.client.submit, call.method)
        if oracle.is_valid(operation, call.meant):
            assert line.sent(lambda client: method(**call.arguments)) == call.meant
            return
        needed = {
            name
            for name, each in inspect.signature(method).parameters.items()
            if each.default is inspect.Parameter.empty
        }
        missing = bool(needed - call.arguments.keys())
        with pytest.raises(TypeError if missing else ConstraintError) as caught:
            line.do(lambda client: method(**call.arguments))
        assert not line.requests
        if isinstance(caught.value, ConstraintError):
            named(caught.value, oracle.faults(operation, call.meant))

    selector, mapping = operation.discriminator
    passable = [case for case in invalid(operation) if not mapping or str(case.body.get(selector)) in mapping]
    tally.count("invalid bodies held against their typed method", hold(passable, promise))


def test_anything_but_an_object_is_refused(operation: Operation, line: Line) -> None:
    """A body that is not an object is refused, and nothing is sent."""

    def promise(case: Case) -> None:
        with pytest.raises((ConstraintError, TypeError)):
            line.do(lambda client: client.submit(str(operation), case.body))
        assert not line.requests

    odd = [case for case in cases(operation) if case.body is not None and not isinstance(case.body, dict)]
    tally.count("bodies that are not an object, refused", hold(odd, promise))


def test_media_parameters_refuse_paths(operation: Operation, line: Line) -> None:
    """A path or other non-media, in place of a string of a valid body, passes only where any string is valid."""

    def promise(case: Case) -> None:
        known, _ = operation.split(case.body)
        for key, changed in _variants(known, [*NO_MEDIA, NEITHER]):
            send = partial(_submit, operation, changed)
            if oracle.is_valid(operation, changed):
                assert line.sent(send) == changed
                continue
            with pytest.raises(ConstraintError) as caught:
                line.do(send)
            assert not line.requests
            named(caught.value, {key} | (oracle.faults(operation, changed) - {key}))

    def weight(case: Case) -> int:
        return -len(case.body)

    fullest = sorted((case for case in cases(operation) if case.valid), key=weight)[:3]
    tally.count("fullest bodies, each string replaced by non-media", hold(fullest, promise))


def _submit(operation: Operation, body: dict[str, Any], client: Any) -> Any:
    return client.submit(str(operation), body)


def _variants(body: dict[str, Any], texts: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """The body with one of its strings, at any depth, replaced by each text; with the top-level key that changed."""
    found = []
    for key, value in body.items():
        for text in texts:
            if (other := _replaced(value, text)) != value:
                found.append((key, {**body, key: other}))
    return found


def _replaced(value: Any, text: str) -> Any:
    if isinstance(value, list):
        return [_replaced(each, text) for each in value]
    return text if isinstance(value, str) else value
