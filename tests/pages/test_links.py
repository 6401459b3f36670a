"""The links of the pages lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .reading import PAGES, ROOT, name_of

DOCS = ROOT / "docs"
MADE = [DOCS / "index.md", DOCS / "endpoints", DOCS / "reference" / "models.md"]
"""What is made when the site is built, and is not there for who reads the pages in the repository."""


def _outside_code(page: Path) -> str:
    return re.sub(r"^```.*?^```$|`[^`\n]+`", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)


def _places(page: Path) -> set[str]:
    """The anchors of a page: its headings, as GitHub and MyST write them."""
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_each_link_leads_somewhere(page: Path) -> None:
    """Each link to a file or a heading leads to one that is in the repository, also while no site has been built."""
    for link in re.findall(r"\]\(([^)\s]+)\)", _outside_code(page)):
        if re.match(r"[a-z]+:", link):
            continue
        address, _, place = link.partition("#")
        target = (page.parent / address).resolve() if address else page
        made = any(target.is_relative_to(each) for each in MADE)
        assert target.exists() and not made, f"{link}: the repository has no {target}"
        assert not place or place in _places(target), f"{link}: no such heading"


@pytest.mark.parametrize("page", [page for page in PAGES if page.parent != ROOT], ids=name_of)
def test_a_guide_stays_within_the_site(page: Path) -> None:
    """A guide links to pages of the site only: other files of the repository are not there."""
    links = re.findall(r"\]\(([^)\s#]+)[^)\s]*\)", _outside_code(page))
    inside = [(page.parent / link).resolve() for link in links if not re.match(r"[a-z]+:", link)]
    assert not [path for path in inside if not path.is_relative_to(DOCS)]
