"""How often to poll, how often to repeat, how long to wait."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
from bfl_client import Client, ConfigurationError, Poll, Retry
from hypothesis import given
from hypothesis import strategies as st

from .conftest import KEY


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf"), "1", None, True])
def test_policies_refuse_nonsense(value: Any) -> None:
    """A policy value that is not a positive finite number is a ConfigurationError that names the field."""
    policies: list[dict[str, Any]] = [
        {"poll": Poll(floor=value)},
        {"retry": Retry(initial=value)},
        {"retry": Retry(attempts=value)},
        {"retry": Retry(factor=value)},
        {"retry": Retry(ceiling=value)},
    ]
    if value is not None:
        policies.append({"poll": Poll(deadline=value)})
    for policy in policies:
        with pytest.raises(ConfigurationError, match="floor|initial|attempts|factor|ceiling|deadline"):
            Client(KEY, **policy)


@pytest.mark.parametrize("retry", [Retry(factor=0.99), Retry(attempts=0)])
def test_a_retry_waits_no_shorter_each_time(retry: Retry) -> None:
    """A factor below 1 would ask a busy service ever faster, and less than one attempt sends nothing."""
    with pytest.raises(ConfigurationError, match="must be a number from 1 to"):
        retry.checked()


@given(st.floats(0, 1e9), st.floats(0, 1))
def test_a_pause_stays_between_floor_and_ceiling(age: float, jitter: float) -> None:
    """Whatever the age, the pause is within a tenth of the bounds."""
    assert 0.45 <= Poll().pause(age, jitter) <= 11


@given(st.floats(5, 100), st.floats(0, 1))
def test_a_pause_is_spread_around_a_tenth_of_the_age(age: float, jitter: float) -> None:
    """The jitter moves the pause of a task from nine to eleven hundredths of its age, evenly."""
    assert Poll().pause(age, jitter) == pytest.approx(age * (0.09 + 0.02 * jitter))


@pytest.mark.parametrize("kind", ["video", "", "hologram"])
def test_what_is_not_known_is_waited_for_as_long_as_a_film(kind: str) -> None:
    """By default pictures are waited for ten minutes, films and what is not known to be either for 45."""
    assert (Poll().timeout("image"), Poll().timeout(kind)) == (600, 2700)
    assert Poll(deadline=5).timeout(kind) == 5


def test_a_pause_has_its_ceiling_after_any_number_of_failures() -> None:
    """However often a request has failed, and however steep the factor, the pause is the ceiling at most."""
    assert Retry(factor=1e9, ceiling=7).pause(10_000) == 7
    assert Retry(initial=1, factor=2, ceiling=100).pause(5) == 16


def test_a_client_says_how_it_polls_and_repeats() -> None:
    """client.poll and client.retry are what it was made with, or the defaults."""
    client = Client(KEY, poll=Poll(floor=2), retry=Retry(attempts=7))
    assert (client.poll, client.retry) == (Poll(floor=2), Retry(attempts=7))
    assert (Client(KEY).poll, Client(KEY).retry) == (Poll(), Retry())


def test_policies_travel() -> None:
    """Policies can be copied and pickled, and keep what they carry."""
    for policy in (Poll(floor=1), Retry(attempts=2)):
        assert pickle.loads(pickle.dumps(policy)) == copy.deepcopy(policy) == policy
