"""Which blocks of a page are left out, once a newer specification has been adopted."""

from __future__ import annotations

import pytest

from .reading import README, Block, absent, changed, play


@pytest.mark.parametrize(
    ("text", "thing"),
    [
        ('client.submit("no-such", prompt="a fox")', "endpoint no-such"),
        ('client.generate.no_such(prompt="a fox")', "endpoint no_such"),
        ('client.generate.flux_dev("a fox", no_such=1, timeout=5)', "parameter no_such"),
        ("$ bfl generate flux-dev fox -p no_such=1 -p width=512", "parameter no_such"),
        ('{"endpoint": "flux-dev", "name": "fox", "prompt": "a fox", "no_such": 1}', "parameter no_such"),
        ("$ bfl describe no-such", "endpoint no-such"),
        ("curl https://api.bfl.ai/v1/flux-no-such", "endpoint flux-no-such"),
        ("from bfl_api.models import FluxDevInputs, NoSuch", "model NoSuch"),
    ],
)
@pytest.mark.about("flux-dev")
def test_what_the_specification_does_not_have_is_noticed(text: str, thing: str) -> None:
    """A block that names an unknown endpoint, parameter or model is skipped, and the reason names just that."""
    assert list(absent(text)) == [thing]


def test_an_adopted_change_concerns_what_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """A change in the changelog concerns blocks about its endpoint; one whose list is cut short, every block."""
    item = "request: `POST /v1/flux-dev`: `width` maximum 1440 → 1024"
    monkeypatch.setattr(f"{changed.__module__}.adopted", lambda: [item])
    assert changed("bfl describe flux-dev") == item
    assert changed("bfl describe flux-2-pro") == ""
    monkeypatch.setattr(f"{changed.__module__}.adopted", lambda: [item.replace("`:", "` and 4 more:", 1)])
    assert "4 more" in changed("bfl describe flux-2-pro")


def _blocks(*texts: str) -> list[Block]:
    return [Block(README, number, "python", text) for number, text in enumerate(texts, 1)]


def _fail(block: Block) -> None:
    raise ValueError(block.text)


def test_a_block_about_what_is_gone_is_skipped_with_the_reason() -> None:
    """A block that names an unknown endpoint is not run; the others are, and the reason names place and endpoint."""
    run = list[Block]()
    with pytest.raises(pytest.skip.Exception, match="README.md:1: the specification has no endpoint no-such"):
        play(_blocks('client.submit("no-such")', "pass"), run.append)
    assert [block.line for block in run] == [2]


def test_a_block_that_fails_is_a_failure() -> None:
    """A block that fails raises its error, with its place, where no adopted change concerns it."""
    with pytest.raises(ValueError, match="pass") as failure:
        play(_blocks("pass"), _fail)
    assert failure.value.__notes__ == ["in the block at README.md:1"]


@pytest.mark.about("flux-dev")
def test_a_block_that_fails_after_a_change_is_skipped_with_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """A block that fails is skipped where the changelog says that its endpoint has changed; the reason says how."""
    monkeypatch.setattr(f"{changed.__module__}.adopted", lambda: ["request: `POST /v1/flux-dev`: `width` is gone"])
    with pytest.raises(pytest.skip.Exception, match="README.md:1 fails .*`width` is gone"):
        play(_blocks('client.submit("flux-dev")'), _fail)
