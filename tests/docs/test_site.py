"""The site as it was built, by `nox -s docs`, in the folder BFL_SITE: links, foreign hosts, Markdown, a browser."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urldefrag, urlsplit

import bfl_batch
import bfl_client
import bfl_emulator
import pytest
from bfl_client.specification import ENDPOINTS

if "BFL_SITE" not in os.environ:
    pytest.skip("the session docs builds the site, and says where it is", allow_module_level=True)
SITE = Path(os.environ["BFL_SITE"]).resolve()
PAGES = sorted(SITE.rglob("*.html"))
WRITTEN = [page for page in PAGES if page.stem not in ("genindex", "py-modindex", "search")]
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
LOADED = {"script": "src", "img": "src", "source": "src", "iframe": "src", "link": "href"}
"""Elements whose address a browser fetches by itself."""
WITHOUT_A_FETCH = {"prev", "next", "index", "search", "canonical", "alternate"}


class Page(HTMLParser):
    """What a page has: ids, links, and what is loaded with it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.ids, self.links, self.loaded = set[str](), set[str](), set[str]()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value or "" for name, value in attrs}
        self.ids.add(has.get("id", ""))
        if tag == "a" and "href" in has:
            self.links.add(has["href"])
        if tag in LOADED and LOADED[tag] in has and has.get("rel") not in WITHOUT_A_FETCH:
            self.loaded.add(has[LOADED[tag]])


@cache
def read(path: Path) -> Page:
    return Page(path)


def _name(page: Path) -> str:
    return page.relative_to(SITE).with_suffix("").as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_each_link_within_the_site_leads_somewhere(page: Path) -> None:
    """What a page links to or loads, on this host, is there, and so is the place in it."""
    for link in read(page).links | read(page).loaded:
        if urlsplit(link).scheme or link == "#":
            continue
        address, place = urldefrag(link)
        target = (page.parent / unquote(urlsplit(address).path)).resolve() if address else page
        assert target.is_file(), f"{link}: there is no {target}"
        assert not place or unquote(place) in read(target).ids, f"{link}: no such place"


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_no_page_loads_anything_from_another_host(page: Path) -> None:
    """Scripts, styles and pictures of a page are files of the site."""
    assert not [each for each in read(page).loaded if urlsplit(each).scheme or each.startswith("//")]


def test_no_style_loads_anything_from_another_host() -> None:
    """No style sheet names an address outside the site."""
    for sheet in SITE.rglob("*.css"):
        named = re.findall(r"(?:url\(|@import)\s*['\"]?([^'\")\s;]+)", sheet.read_text(encoding="utf-8"))
        assert not [each for each in named if re.match(r"(?!data:)[a-z]+:|//", each)], sheet.name


def test_each_endpoint_has_its_page() -> None:
    """There is a page for each endpoint of the table, and no other below `endpoints`."""
    found = {_name(page).removeprefix("endpoints/") for page in (SITE / "endpoints").rglob("*.html")}
    assert found == {"index", *ENDPOINTS}


def test_each_page_is_there_as_markdown_and_listed() -> None:
    """`llms.txt` lists the Markdown of each page, which is there without directives, and `llms-full.txt` has it."""
    listed = re.findall(r"^- \[.+\]\((.+)\)", (SITE / "llms.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(f"{_name(page)}.md" for page in WRITTEN)
    whole = (SITE / "llms-full.txt").read_text(encoding="utf-8")
    for name in listed:
        text = (SITE / name).read_text(encoding="utf-8")
        assert text.strip()
        assert text in whole
        assert not re.search(r"^(:::|```\{)", text, re.MULTILINE), name


@pytest.mark.parametrize("page", WRITTEN, ids=_name)
def test_each_page_says_where_its_markdown_is(page: Path) -> None:
    """The head of a page names the Markdown beside it."""
    named = re.findall(r'<link rel="alternate" type="text/markdown" href="([^"]+)">', page.read_text(encoding="utf-8"))
    assert [(page.parent / address).resolve() for address in named] == [page.with_suffix(".md")]


def test_the_list_for_models_has_a_title_and_a_summary() -> None:
    """`llms.txt` begins as llmstxt.org has it: the name, and one sentence of what it is."""
    title, empty, summary = (SITE / "llms.txt").read_text(encoding="utf-8").splitlines()[:3]
    assert (title, empty) == ("# bfl-client", "")
    assert re.fullmatch(r"> [^.]+\.", summary)


@pytest.mark.parametrize("package", [bfl_client, bfl_batch, bfl_emulator], ids=lambda package: package.__name__)
def test_each_public_name_is_in_the_reference(package: Any) -> None:
    """The reference has each name that a package exports."""
    from sphinx.util.inventory import InventoryFile  # installed for the session docs only

    inventory = InventoryFile.loads((SITE / "objects.inv").read_bytes(), uri="")
    known = {name for kind in inventory.data.values() for name in kind}
    for name in package.__all__:
        home = getattr(getattr(package, name), "__module__", package.__name__)
        assert {f"{package.__name__}.{name}", f"{home}.{name}"} & known, name


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    required = os.environ.get("BFL_REQUIRE_CHROMIUM") == "1"
    if PROGRAM is None:
        assert not required, "BFL_REQUIRE_CHROMIUM=1, and there is no Chromium"
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with importlib.import_module("playwright.sync_api").sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, chromium_sandbox=False, args=["--disable-quic"])
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_each_page_fits_a_phone_and_a_desk(browser: Any, width: int, scheme: str) -> None:
    """Opened as a file, no page is wider than the window, complains, or asks for anything but files of the site."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    asked, complaints = list[str](), list[str]()
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    for path in PAGES:
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        dark = page.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
        assert dark == (scheme == "dark"), path
    page.close()
    assert not complaints
    assert not [url for url in asked if not url.startswith((SITE.as_uri(), "data:"))]


def test_the_search_finds_from_a_folder(browser: Any) -> None:
    """The search, opened as a file, finds the page of an endpoint by its name."""
    page = browser.new_page()
    name = next(reversed(ENDPOINTS))
    page.goto(f"{(SITE / 'search.html').as_uri()}?q={name}")
    page.wait_for_selector(f"#search-results a[href*='{name}.html']", timeout=20_000)
    page.close()
