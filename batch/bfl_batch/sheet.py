"""The contact sheet of a batch: one static HTML file beside the pictures.

Thumbnails are part of the file, so that it can be moved or mailed, and so that its policy can forbid every other
source: it loads nothing from a network or a disk, and runs its own script alone. What came from outside is shown as
text, with control and direction characters made visible.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import os
import re
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path, PurePosixPath
from typing import IO, Any
from urllib.parse import quote

from bfl_client.files import Whole
from bfl_client.specification import credits_in_words
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from .reports import RESULTS, STATES, Record, visible
from .thumbnails import Thumbnail, thumbnail

SHEET = "index.html"
LONGEST = 12_000
"""Characters of one text on the sheet; the results have all of it."""
_PAGE = Path(__file__).parent / "page"
_PIECE = 1 << 16  # characters of cards copied at a time


def write_sheet(folder: Path, records: Iterable[Record], *, title: str) -> Path:
    """Write `index.html` into the folder and return its path.

    Records are taken one at a time and the page is written as it grows: memory does not grow with them. Thumbnails
    that are not kept in `.thumbnails` are made, on several processors; a file without one is shown as a plain tile.
    On an OSError an earlier sheet is as it was.
    """
    with (
        tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8", newline="") as cards,
        Whole(folder / SHEET, private=True) as whole,
    ):
        totals = _write_cards(cards, folder, records)  # first, because the totals come above them
        cards.seek(0)
        pieces = map(Markup, iter(lambda: cards.read(_PIECE), ""))
        page = _environment().get_template("sheet.html.jinja")
        for part in page.generate(title=shown(title), totals=totals, cards=pieces, **_inline()):
            whole.file.write(part.encode())
    return whole.path


def _write_cards(file: IO[str], folder: Path, records: Iterable[Record]) -> dict[str, Any]:
    """Write the cards, and return the totals."""
    states, endpoints, costs = Counter[str](), set[str](), list[float]()
    submitted, template = 0, _environment().get_template("card.html.jinja")
    for record, preview in _previews(folder, records):
        states[record.state] += 1
        endpoints.add(shown(record.endpoint))
        submitted += record.task_id is not None
        if record.cost is not None and math.isfinite(record.cost):
            costs.append(record.cost)
        file.write(template.render(record=record, preview=preview) + "\n")
    told = {state: states[state] for state in STATES if states[state] or state in STATES[:3]}
    totals = {"jobs": states.total(), "states": told, "endpoints": sorted(endpoints)}
    return totals | {"submitted": submitted, "priced": len(costs), "credits": sum(costs)}


def _previews(folder: Path, records: Iterable[Record]) -> Iterator[tuple[Record, Thumbnail | None]]:
    """Each record with its thumbnail, in order. Threads make the next few meanwhile: Pillow releases the GIL."""
    workers = min(8, os.cpu_count() or 1)
    pending = deque[tuple[Record, Future[Thumbnail] | None]]()
    with ThreadPoolExecutor(workers, thread_name_prefix="thumbnail") as pool:
        for record in records:
            pending.append((record, pool.submit(thumbnail, folder, record.path) if record.path else None))
            while len(pending) > 4 * workers:
                done, preview = pending.popleft()
                yield done, preview.result() if preview else None
        for done, preview in pending:
            yield done, preview.result() if preview else None


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_PAGE)
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, auto_reload=False)
    environment.filters.update(
        amount=credits_in_words,
        base64=lambda content: base64.b64encode(content).decode(),
        digest=_digest,
        duration=_duration,
        json=lambda value: json.dumps(value, ensure_ascii=False, default=str),
        link=_link,
        moment=_moment,
        shown=shown,
    )
    return environment


def _inline() -> dict[str, Markup]:
    """The page's style and script: our own, and without anything that would close their elements."""
    files = {"style": "sheet.css", "script": "sheet.js"}
    return {name: Markup((_PAGE / file).read_text(encoding="utf-8").strip()) for name, file in files.items()}  # noqa: S704


def _digest(text: str) -> str:
    """The hash by which a Content-Security-Policy allows this very text and no other."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def shown(value: object) -> str:
    """A value as text, with control characters made visible, cut if it is very long."""
    text = str(value)
    short, rest = visible(text[:LONGEST]), len(text) - LONGEST
    return f"{short} … ({rest} more characters in {RESULTS})" if rest > 0 else short


def _link(path: str) -> str | None:
    """A link to a file beside the sheet; the leading `./` keeps any path from being read as a scheme or a host."""
    if PurePosixPath(path).is_absolute() or ".." in PurePosixPath(path).parts:
        return None
    return "./" + quote(path.encode(errors="surrogateescape"))


def _moment(iso: str | None) -> str | None:
    return iso and re.sub(r"\.\d+", "", iso.replace("T", " ", 1).replace("+00:00", " UTC"))


def _duration(seconds: float) -> str:
    if not 0 <= seconds < 1e9:
        return f"{seconds} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{seconds:.1f} s" if seconds < 59.95 else f"{minutes} min {rest} s"
