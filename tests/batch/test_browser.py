"""The contact sheet in a real browser. BFL_REQUIRE_CHROMIUM=1 turns the skip where there is none into a failure."""

from __future__ import annotations

import importlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from bfl_batch.sheet import write_sheet

from .sheets import HOSTILE, hostile, picture, record

pytestmark = pytest.mark.large

REQUIRED = os.environ.get("BFL_REQUIRE_CHROMIUM") == "1"
if REQUIRED:
    sync_api: Any = importlib.import_module("playwright.sync_api")
else:
    sync_api = pytest.importorskip("playwright.sync_api", reason="needs playwright (the dependency group browser)")
PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
TITLE = "jobs.jsonl"
NAMES = [
    "100%.png",
    "a#b.png",
    "what?.png",
    'it\'s "quoted".png',
    "Füchse 雪.png",
    "javascript:alert(1).png",
    "deep/a b.png",
]
COLOURS = ["teal", "orange", "purple", "navy", "olive", "crimson", "grey"]
DECODED = """Promise.all([...document.images].map(async image => {
    image.loading = "eager"; await image.decode(); return image.naturalWidth; }))"""
"""Widths of all pictures of a page, once each is decoded."""


class Opened:
    """A page of a browser that has no network, and what was reported since it was opened.

    Attributes:
        page: playwright's own.
        complaints: errors of scripts, and messages on the console: violations of the policy are among them.
    """

    def __init__(self, page: Any) -> None:
        self.page, self.complaints = page, list[str]()
        self._asked, self._stopped = list[str](), list[str]()
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self._asked.append(request.url))
        page.on(
            "requestfailed", lambda request: self._stopped.append(request.url) if request.failure == "csp" else None
        )

    def open(self, url: str) -> None:
        """Open another page, from nothing: a change of the fragment alone would load nothing."""
        self.page.goto("about:blank")
        for noted in (self.complaints, self._asked, self._stopped):
            noted.clear()
        self.page.goto(url)

    def evaluate(self, script: str, argument: Any = None) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        return self.page.evaluate(script, argument)

    def requests(self) -> set[str]:
        """URLs that were asked for, but for those that the policy stopped; of ``data:`` the scheme."""
        return {"data:" if url.startswith("data:") else url for url in {*self._asked} - {*self._stopped}}


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if PROGRAM is None:
        assert not REQUIRED, "BFL_REQUIRE_CHROMIUM=1, and there is no Chromium"
        pytest.skip("there is no Chromium on this machine (Debian: apt-get install chromium)")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAM, chromium_sandbox=False, args=["--disable-quic"])
        yield browser
        browser.close()


@pytest.fixture
def chromium(browser: Any, request: pytest.FixtureRequest) -> Iterator[Opened]:
    """A desktop's page; a test may ask for another kind of context."""
    options = {"offline": True, "viewport": {"width": 1400, "height": 900}, **getattr(request, "param", {})}
    with browser.new_context(**options) as context:
        yield Opened(context.new_page())


@pytest.fixture(scope="module")
def tame(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet of 40 jobs: 28 done with pictures, 6 failed, 4 uncertain, 2 waiting; half of them on each endpoint."""
    folder = tmp_path_factory.mktemp("tame")
    states = ["done"] * 28 + ["failed"] * 6 + ["uncertain"] * 4 + ["waiting"] * 2
    for name, colour in zip(NAMES, COLOURS, strict=True):
        picture(folder / name, colour)
    records = [
        record(
            number,
            state=state,
            endpoint=f"endpoint-{number % 2}",
            path=NAMES[number % len(NAMES)] if state == "done" else None,
            error=None if state in ("done", "waiting") else f"reason {number}",
            inputs={"prompt": f"{'a FÜCHSIN' if number % 5 == 0 else 'a hare'} in the snow, " + "very detailed, " * 40},
        )
        for number, state in enumerate(states)
    ]
    return write_sheet(folder, records, title=TITLE)


@pytest.fixture(scope="module")
def wild(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sheet whose every text is hostile; each text stands on a card with a picture and on one without."""
    folder = tmp_path_factory.mktemp("wild")
    picture(folder / "a.png")
    records = [
        hostile(2 * n + bare, text, None if bare else "a.png") for n, text in enumerate(HOSTILE) for bare in (0, 1)
    ]
    return write_sheet(folder, records, title="".join(HOSTILE[:6]))


def shown(chromium: Opened) -> int:
    return int(chromium.evaluate("[...document.querySelectorAll('.card')].filter(c => c.checkVisibility()).length"))


def test_hostile_texts_are_shown_and_nothing_else_happens(chromium: Opened, wild: Path) -> None:
    """No script of a hostile record runs, no policy is even violated, no element appears, and its text can be read."""
    chromium.open(wild.as_uri())
    assert not chromium.complaints
    assert chromium.evaluate("document.title").startswith("<script>document.title='owned'</script>")
    assert chromium.evaluate("document.querySelectorAll('.card').length") == 2 * len(HOSTILE)
    assert chromium.evaluate("document.querySelectorAll('script').length") == 1
    assert not chromium.evaluate(
        "document.querySelectorAll('main :is(script, style, iframe, svg, base, meta, link)').length"
    )
    attributes = (
        "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
    )
    assert chromium.evaluate(attributes) == []
    texts = chromium.evaluate("[...document.querySelectorAll('.prompt')].map(p => p.textContent)")
    for text in (t for t in HOSTILE if t.isascii() and t.isprintable()):
        assert text in texts
    assert chromium.evaluate("document.querySelector('.reason').innerText") == HOSTILE[0]


PHONE = {"viewport": {"width": 390, "height": 900}, "is_mobile": True}


@pytest.mark.parametrize(("chromium", "width"), [({}, 1400), (PHONE, 390)], indirect=["chromium"])
def test_hostile_texts_stay_in_their_cards(chromium: Opened, width: int, wild: Path) -> None:
    """Neither a long unbroken word nor a heap of accents widens the page or a card, on a desktop and on a phone."""
    chromium.open(wild.as_uri())
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width
    assert chromium.evaluate("[...document.querySelectorAll('.card')].every(c => c.scrollWidth <= c.clientWidth)")


def test_no_request_leaves(chromium: Opened, tame: Path, wild: Path) -> None:
    """The page asks for itself and for nothing else, not even from the disk; its thumbnails are data."""
    for page in (tame, wild):
        chromium.open(page.as_uri())
        chromium.evaluate(DECODED)
        assert chromium.requests() <= {page.as_uri(), "data:"}


def test_thumbnails_load(chromium: Opened, tame: Path) -> None:
    """Every thumbnail is a picture that the browser could decode, also those that are not in view."""
    chromium.open(tame.as_uri())
    widths = chromium.evaluate(DECODED)
    assert len(widths) == 28 and min(widths) > 0


def test_every_picture_opens_from_its_tile(chromium: Opened, tame: Path) -> None:
    """A tile's link opens the full file, whatever characters are in its name."""
    chromium.open(tame.as_uri())
    links = chromium.evaluate("[...document.querySelectorAll('a.picture')].slice(0, 7).map(a => a.href)")
    assert len(links) == 7
    for link in links:
        chromium.open(link)
        assert chromium.evaluate("document.images[0].naturalWidth") == 640


@pytest.mark.parametrize(
    ("fragment", "count"),
    [
        ("", 40),
        ("#q=f%C3%BCchsin", 8),
        ("#q=hare+snow", 32),
        ("#q=reason%2031", 1),
        ("#q=id-7", 1),
        ("#q=nothing+of+this+kind", 0),
        ("#state=failed", 6),
        ("#state=bogus", 40),
        ("#endpoint=endpoint-1", 20),
        ("#endpoint=bogus", 40),
        ("#q=hare&state=uncertain&endpoint=endpoint-0", 2),
        ("#q=%3Cimg%20src%3Dx%20onerror%3Ddocument.title%3D1%3E", 0),
        ("#job-3", 40),
    ],
)
def test_a_fragment_filters(fragment: str, count: int, chromium: Opened, tame: Path) -> None:
    """A link with a fragment shows exactly the jobs that match its words, state and endpoint, and says how many."""
    chromium.open(tame.as_uri() + fragment)
    assert shown(chromium) == count
    assert chromium.evaluate("document.querySelector('output').textContent") == (
        "" if count == 40 else f"{count} of 40 shown"
    )
    assert chromium.evaluate("document.querySelector('.empty').checkVisibility()") is (count == 0)
    assert chromium.evaluate("document.title") == TITLE and not chromium.complaints


def test_typing_and_choosing_filter(chromium: Opened, tame: Path) -> None:
    """Keys typed into the search, and a state chosen with the keyboard, filter the jobs and make a link of it."""
    chromium.open(tame.as_uri())
    chromium.page.locator("[name=q]").focus()
    chromium.page.keyboard.type("Hare")
    sync_api.expect(chromium.page.locator("output")).to_have_text("32 of 40 shown")
    assert shown(chromium) == 32
    chromium.page.locator("input[value=failed]").focus()
    chromium.page.keyboard.press("Space")
    chromium.page.wait_for_url(tame.as_uri() + "#state=failed&q=Hare")
    assert shown(chromium) == 5


@pytest.mark.parametrize("chromium", [{"java_script_enabled": False}], indirect=True)
def test_without_a_script_all_is_shown_and_states_filter(chromium: Opened, tame: Path) -> None:
    """With scripts off, every job is there, what needs the script is hidden, and the choice of a state works."""
    chromium.open(tame.as_uri())
    assert shown(chromium) == 40
    assert not chromium.evaluate("document.querySelector('input[type=search]').checkVisibility()")
    chromium.evaluate("document.querySelector('input[value=failed]').checked = true")
    assert shown(chromium) == 6


def test_a_long_prompt_opens_on_demand(chromium: Opened, tame: Path) -> None:
    """A long prompt takes three lines until its summary is activated; then all of it and the parameters are shown."""
    chromium.open(tame.as_uri())
    height = "document.querySelector('.prompt').getBoundingClientRect().height"
    clamped = chromium.evaluate(height)
    chromium.evaluate("document.querySelector('summary').click()")
    assert clamped < 70 < chromium.evaluate(height)
    assert chromium.evaluate("document.querySelector('dd').checkVisibility()")


@pytest.mark.parametrize(
    "injected",
    [
        "<script>document.title='owned'</script>",
        "<img src=x onerror=\"document.title='owned'\">",
        "<img src=http://evil.invalid/a.png>",
        "<link rel=stylesheet href=http://evil.invalid/a.css>",
        "<iframe src=http://evil.invalid/></iframe>",
        "<style>.card{display:none}</style>",
    ],
)
def test_the_policy_stops_what_escaping_would_miss(injected: str, chromium: Opened, tame: Path) -> None:
    """Markup put into the finished page by hand is blocked by the page's own policy, and the browser says so."""
    page = tame.with_name("injected.html")
    page.write_text(tame.read_text(encoding="utf-8").replace("<main>", f"<main>{injected}"), encoding="utf-8")
    with chromium.page.expect_console_message() as message:
        chromium.open(page.as_uri())
    assert "Content Security Policy" in message.value.text
    assert chromium.evaluate("document.title") == TITLE and shown(chromium) == 40
    assert chromium.requests() <= {page.as_uri(), "data:"}


@pytest.mark.parametrize("chromium", [{"color_scheme": scheme} for scheme in ("light", "dark")], indirect=True)
def test_texts_can_be_read(chromium: Opened, tame: Path) -> None:
    """In light and in dark, every kind of text has a contrast of at least 4.5 to what is behind it."""
    chromium.open(tame.as_uri())
    kinds = "h1 .totals small|.chip span|.chip b|h2|.prompt|.facts span|.endpoint|.reason|.badge|.why p|footer|footer a"
    script = """(kinds => kinds.flatMap(kind => [...document.querySelectorAll(kind)].map(element => {
        const text = getComputedStyle(element).color;
        let behind = element;
        while (behind && getComputedStyle(behind).backgroundColor === "rgba(0, 0, 0, 0)") behind = behind.parentElement;
        return [kind, text, getComputedStyle(behind ?? document.body).backgroundColor]; })))"""
    seen = {tuple(found) for found in chromium.evaluate(script, kinds.split("|"))}
    assert len({kind for kind, _, _ in seen}) >= 10
    for kind, text, behind in seen:
        assert contrast(text, behind) >= 4.5, (kind, text, behind)


def contrast(first: str, second: str) -> float:
    """WCAG's ratio of two colours given as `rgb(…)`."""
    dark, light = sorted(map(luminance, (first, second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_every_control_has_a_name(chromium: Opened, tame: Path) -> None:
    """Each control, link and picture has a name that a screen reader can say."""
    chromium.open(tame.as_uri())
    session = chromium.page.context.new_cdp_session(chromium.page)
    nodes = session.send("Accessibility.getFullAXTree")["nodes"]
    wanted = {"link", "radio", "searchbox", "combobox", "image", "heading", "DisclosureTriangle"}
    found = [
        (node["role"]["value"], node["name"]["value"].strip())
        for node in nodes
        if node.get("role", {}).get("value") in wanted
    ]
    assert {role for role, _ in found} >= {"link", "radio", "searchbox", "combobox", "heading"}
    assert all(name for _, name in found)
