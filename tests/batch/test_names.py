"""File stems of jobs."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
from bfl_batch.names import slugs
from hypothesis import example, given
from hypothesis import strategies as st

ANY = st.text(st.characters(exclude_categories=()), max_size=200)
"""Lone surrogates and all."""
WORDS = st.sampled_from(
    ["a fox", "A Fox", "a-fox-2", "con", "CON", "é", "e\u0301", "ß", "ss", "ẞ", "", "-", "ſs", "İ", "i̇"]
)
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\..*)?", re.IGNORECASE)


@given(st.lists(ANY | WORDS, max_size=30))
@example(["\u202egnp.exe", "../../etc/passwd", "C:\\x", "-rf", ".hidden", "end. ", "nul", "COM¹", "狐" * 100])
def test_a_stem_is_safe_on_every_file_system(names: list[str]) -> None:
    """Any text gives a stem of 1 to 120 bytes, of letters, digits, `_` and `-` only, that no system reserves."""
    stems = list(slugs(names))
    assert len(stems) == len(names)
    for stem in stems:
        assert 1 <= len(stem.encode("utf-8")) <= 120
        assert all(unicodedata.category(c)[0] in "LMN" or c in "_-" for c in stem)
        assert stem[0] != "-" and stem[-1] != "-" and not unicodedata.category(stem[0]).startswith("M")
        assert not RESERVED.fullmatch(stem)


@given(st.lists(ANY | WORDS, max_size=30))
def test_no_two_stems_are_alike(names: list[str]) -> None:
    """There is a stem for each name, and no two become one by a change of case or of Unicode form, however combined."""
    stems = slugs(names)
    assert len(stems) == len(names)
    for change in (str.lower, str.upper, str.casefold):
        for form in ("NFC", "NFD", "NFKC", "NFKD"):
            assert len({unicodedata.normalize(form, change(unicodedata.normalize(form, s))) for s in stems}) == len(
                stems
            )


@given(st.lists(ANY | WORDS, max_size=20), st.lists(WORDS, max_size=5))
def test_later_names_do_not_change_earlier_stems(names: list[str], more: list[str]) -> None:
    """Lines appended to a batch leave the stems of its earlier lines as they were."""
    assert slugs(names + more)[: len(names)] == slugs(names)


@given(st.lists(ANY | WORDS, max_size=20))
def test_stems_are_their_own_stems(names: list[str]) -> None:
    """What `slugs` gave, it gives again, so that stems read back from a record stay what they are."""
    stems = slugs(names)
    assert slugs(stems) == stems
    assert slugs(stems[::-1]) == stems[::-1]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("a fox in the snow", "a-fox-in-the-snow"),
        ("Füchse am See!", "Füchse-am-See"),
        ("雪の狐", "雪の狐"),
        ("../../etc/passwd", "etc-passwd"),
        ("con", "con_"),
        ("", "job"),
        ("🦊", "job"),
        ("x" * 500, "x" * 120),
    ],
)
def test_a_stem_can_be_recognised(name: str, stem: str) -> None:
    """A plain name stays readable in its stem."""
    assert slugs([name]) == [stem]


def test_the_second_of_a_name_is_numbered() -> None:
    """Names that are alike are numbered from 2, past a number that is taken."""
    assert slugs(["fox", "Fox", "fox-3", "FOX"]) == ["fox", "Fox-2", "fox-3", "FOX-4"]


def test_ten_thousand_of_one_name_make_ten_thousand_files(tmp_path: Path) -> None:
    """Each stem of ten thousand equal long names is a file of its own, in a real folder."""
    for stem in slugs(["the same long name " * 20] * 10_000):
        (tmp_path / f"{stem}.png").touch(exist_ok=False)
    assert len(list(tmp_path.iterdir())) == 10_000
